// AS_PATH in octets (RFC 4271 §4.3 b), and the merge of RFC 6793.
#pragma once

#include "wire/attributes.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire::codec {

// RFC 6793 §4.2.3: the path as it was before a 2-octet speaker saw it; `as_path` alone if `as4_path` cannot belong to
// it.
[[nodiscard]] AsPath merge_as4_path(const AsPath& as_path, const AsPath& as4_path);

// The canonical form of a path: segments as they are, with counts of two octets, so that any path has one.
void write_canonical(const AsPath& path, Writer& writer);
[[nodiscard]] AsPath read_canonical(Reader reader);

}  // namespace podbgp::wire::codec

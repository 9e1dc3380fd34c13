// The capabilities of RFC 5492, one row each: how a value is read into Capabilities and written from it.
#pragma once

#include "wire/open.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {

// One capabilities parameter: a list of (code, length, value). False: a length that does not fit, or the value of a
// capability we know is malformed. Capabilities we do not know are kept as they are.
[[nodiscard]] bool decode_capabilities(Reader parameter, Capabilities& capabilities);

// All capabilities as such a list, in order of their codes; what would exceed the writer's limit is left out whole.
void encode_capabilities(const Capabilities& capabilities, Writer& writer);

}  // namespace podbgp::wire

// Just enough UTF-8 (RFC 3629) to cut a text at a character boundary and to make a peer's text fit for a log line.
#pragma once

#include <string>
#include <string_view>

namespace podbgp::wire {

// The longest prefix of at most `max_octets` that does not end inside a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_octets);

// Control characters (C0, DEL, C1, line and paragraph separators, text direction marks) become '?', what is not UTF-8
// U+FFFD.
[[nodiscard]] std::string utf8_printable(std::string_view text);

}  // namespace podbgp::wire

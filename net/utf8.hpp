// Just enough UTF-8 (RFC 3629) to cut a text at a character boundary and to make a peer's text fit for a log line.
#pragma once

#include <string>
#include <string_view>

namespace podbgp::net {

// How many octets at the start are UTF-8: text.size() if all are.
[[nodiscard]] std::size_t utf8_valid(std::string_view text);

// The longest prefix of at most `max_octets` that does not end inside a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_octets);

// What is not UTF-8 becomes U+FFFD; all else stays, line feeds too.
[[nodiscard]] std::string utf8_repaired(std::string_view text);

// Control characters (C0, DEL, C1, line and paragraph separators, text direction marks) become '?', what is not UTF-8
// U+FFFD.
[[nodiscard]] std::string utf8_printable(std::string_view text);

}  // namespace podbgp::net

#include "net/utf8.hpp"

#include <cstdint>

namespace podbgp::net {
namespace {

struct Character {
  char32_t value = 0;
  std::size_t size = 0;  // octets; 0: not UTF-8
};

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  static constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // shorter forms exist below: overlong
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t value = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if ((octet & 0xc0) != 0x80) return {};
    value = (value << 6) | (octet & 0x3f);
  }
  if (value < kLeast[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, size};
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::size_t utf8_valid(std::string_view text) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    const auto size = first_character(text.substr(valid)).size;
    if (size == 0) break;
    valid += size;
  }
  return valid;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_octets) {
  if (text.size() <= max_octets) return text;
  std::size_t end = max_octets;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

namespace {
template <class Shown>
std::string rewritten(std::string_view text, Shown shown) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = first_character(text);
    if (c.size == 0)
      out += "\xEF\xBF\xBD";
    else
      out += shown(c.value) ? text.substr(0, c.size) : "?";
    text.remove_prefix(c.size == 0 ? 1 : c.size);
  }
  return out;
}
}  // namespace

std::string utf8_repaired(std::string_view text) {
  if (utf8_valid(text) == text.size()) return std::string(text);
  return rewritten(text, [](char32_t) { return true; });
}

std::string utf8_printable(std::string_view text) {
  return rewritten(text, [](char32_t c) { return !is_control(c); });
}

}  // namespace podbgp::net

// The little JSON that this folder writes.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace podbgp::config {

// A JSON string literal (RFC 8259 §7). Octets that are no UTF-8 must not come in: the parser refuses such files.
[[nodiscard]] inline std::string json_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace podbgp::config

#include "config/report.hpp"

#include <algorithm>
#include <tuple>

namespace podbgp::config {

void Report::add(Severity severity, Place place, std::string path, std::string message, std::string hint) {
  if (severity == Severity::Error) errors_ = true;
  const bool known = std::ranges::any_of(found_, [&](const Diagnostic& d) {
    return d.line == place.line && d.column == place.column && d.message == message;
  });
  if (known) return;
  found_.push_back({severity, {}, place.line, place.column, std::move(path), std::move(message), std::move(hint)});
}

std::vector<Diagnostic> Report::finish(std::string_view text, std::string_view file_name) {
  std::ranges::stable_sort(found_, [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::size_t line_start = 0;
  unsigned line = 1;
  for (auto& d : found_) {
    d.file = file_name;
    for (; line < d.line; ++line) {
      const auto end = text.find('\n', line_start);
      if (end == std::string_view::npos) break;
      line_start = end + 1;
    }
    if (line != d.line || d.column == 0) continue;
    const auto before = text.substr(line_start, d.column - 1);
    d.column -= static_cast<unsigned>(
        std::ranges::count_if(before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }));
  }
  return std::move(found_);
}

}  // namespace podbgp::config

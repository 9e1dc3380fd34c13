#include "cli/table.hpp"

#include <algorithm>

#include "net/utf8.hpp"

namespace podbgp::cli {

namespace {
// In characters of UTF-8.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}
}  // namespace

std::string printable(std::string_view text) { return net::utf8_printable(text); }

std::string coloured(std::string_view text, Colour colour, bool use_colour) {
  if (!use_colour || colour == Colour::None) return std::string(text);
  const char* code = colour == Colour::Good ? "\033[32m" : colour == Colour::Bad ? "\033[31m" : "\033[2m";
  return std::string(code).append(text).append("\033[0m");
}

void Table::add(std::vector<Cell> row) {
  for (auto& cell : row) cell.text = cell.text.empty() ? "-" : printable(cell.text);
  row.resize(columns_.size(), Cell("-"));
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, bool headers, bool use_colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = headers ? width(columns_[i].header) : 0;
    for (const auto& row : rows_) widest = std::max(widest, width(row[i].text));
    widths.push_back(widest);
  }
  const auto line = [&](auto text_of, auto colour_of) {
    std::string whole;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string text = text_of(i);
      const std::string space(widths[i] - width(text), ' ');
      const bool last = i + 1 == columns_.size();
      if (columns_[i].right) whole += space;
      whole += coloured(text, colour_of(i), use_colour);
      if (!columns_[i].right && !last) whole += space;
      if (!last) whole += "  ";
    }
    while (whole.ends_with(' ')) whole.pop_back();
    out << whole << '\n';
  };
  if (headers) line([&](std::size_t i) { return columns_[i].header; }, [](std::size_t) { return Colour::None; });
  for (const auto& row : rows_)
    line([&](std::size_t i) { return row[i].text; }, [&](std::size_t i) { return row[i].colour; });
}

}  // namespace podbgp::cli

// Tables for people: columns as wide as their widest cell, two spaces between, nothing behind the last.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace podbgp::cli {

enum class Colour : std::uint8_t { None, Good, Bad, Faint };

// What came over the network must not steer a terminal: control characters become '?', what is not UTF-8 U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);
[[nodiscard]] std::string coloured(std::string_view text, Colour colour, bool use_colour);

class Table {
 public:
  struct Column {
    std::string header;
    bool right = false;
  };
  struct Cell {
    std::string text;
    Colour colour = Colour::None;
    Cell(std::string t, Colour c = Colour::None) : text(std::move(t)), colour(c) {}
    Cell(const char* t) : text(t) {}
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);
  void print(std::ostream& out, bool headers, bool use_colour) const;
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace podbgp::cli

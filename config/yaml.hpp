// YAML text → a tree with places. The only file of the project that knows yaml-cpp, and the only place where its
// exceptions are caught. Duplicate keys are kept (check.cpp reports them), numbers stay text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"

namespace podbgp::config {

struct Place {
  unsigned line = 1, column = 1;  // column in octets, from 1
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Node {
  // Broken: what we refuse to look into (an alias, a tag); it was reported already.
  enum class Kind : std::uint8_t { Null, Scalar, List, Map, Broken } kind = Kind::Null;
  Place place;
  bool quoted = false;      // a quoted or block scalar: always text
  std::string text;         // Scalar
  std::vector<Node> keys;   // Map: keys[i] belongs to items[i]
  std::vector<Node> items;  // List, Map
  // Filled by check():
  std::string path;  // "peers[0].timers"
  Value value;       // Scalar: what it means; monostate = wrong, and reported

  [[nodiscard]] bool is_text() const;     // a scalar that YAML 1.2 reads as text
  [[nodiscard]] bool is_integer() const;  // plain, decimal digits with an optional sign
  // The first item with that key (the others are reported as duplicates); nullptr: none.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

class Report;

// nullopt: not YAML, or not one document; reported.
[[nodiscard]] std::optional<Node> read_yaml(std::string_view text, Report& report);

}  // namespace podbgp::config

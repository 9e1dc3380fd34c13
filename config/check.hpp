// Holds a tree against a shape: names, types, ranges, duplicates. What is right gets its value, what is wrong is
// reported.
#pragma once

#include "config/report.hpp"
#include "config/shape.hpp"
#include "config/yaml.hpp"

namespace podbgp::config {

void check(Node& node, const Shape& shape, Report& report);

// A missing key that a misspelt one was meant to be, or that a peer of some later kind does not need, is no second
// error.
[[nodiscard]] bool excused(std::string_view missing, const Shape& shape, const Node& map);

}  // namespace podbgp::config

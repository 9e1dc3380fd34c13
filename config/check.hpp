// Holds a tree against a shape: names, types, ranges, duplicates. What is right gets its value, what is wrong is
// reported.
#pragma once

#include "config/report.hpp"
#include "config/shape.hpp"
#include "config/yaml.hpp"

namespace podbgp::config {

void check(Node& node, const Shape& shape, Report& report);

}  // namespace podbgp::config

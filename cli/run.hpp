// run(): one invocation of `podbgp`, with the world as arguments so that tests can be it.
#pragma once

#include <chrono>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace podbgp::cli {

struct World {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Environment environment;
  bool colour = false;  // standard output is a terminal and NO_COLOR is not set
  std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

// Returns the exit code.
[[nodiscard]] int run(std::vector<std::string> arguments, World& world);

}  // namespace podbgp::cli

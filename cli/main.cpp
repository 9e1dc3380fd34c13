// podbgp: command line of podbgpd.
#include <cstdlib>
#include <iostream>

#include <unistd.h>

#include "cli/run.hpp"

int main(int argc, char** argv) {
  const auto environment = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
  };
  const auto no_colour = environment("NO_COLOR");
  const bool colour = isatty(STDOUT_FILENO) == 1 && (!no_colour || no_colour->empty());
  podbgp::cli::World world{std::cin, std::cout, std::cerr, environment, colour};
  return podbgp::cli::run({argv + 1, argv + argc}, world);
}

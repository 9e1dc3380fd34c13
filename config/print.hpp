// Config → YAML: the effective configuration, groups resolved and every default written out. parse() of it gives the
// same Config. Secrets are shown as their references only.
#pragma once

#include <string>

#include "config/config.hpp"

namespace podbgp::config {

[[nodiscard]] std::string to_yaml(const Config& config);

}  // namespace podbgp::config

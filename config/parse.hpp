// Text → Config. Pure: reads no file but the text given, needs no privilege; the same for `podbgpd check` and for
// reload.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/diagnostic.hpp"
#include "net/result.hpp"

namespace podbgp::config {

struct Parsed {
  Config config;
  std::vector<Diagnostic> warnings;  // in the order of the file
};

// `file_name` is only shown. Errors: at least one with Severity::Error, together with the warnings, in the order of the
// file.
[[nodiscard]] net::Result<Parsed, std::vector<Diagnostic>> parse(std::string_view text, std::string_view file_name);

}  // namespace podbgp::config

// A configuration from a file or a text, ready to run: parsed, checked, secrets read; and its findings as the API says them.
//
// Thread: control.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/backend.hpp"
#include "config/config.hpp"
#include "config/diagnostic.hpp"
#include "config/diff.hpp"

namespace podbgp::bgpd {

// What start and reload begin with.
struct LoadedConfig {
  config::Config config;
  std::vector<config::Diagnostic> warnings;
};
using Loaded = net::Result<LoadedConfig, std::vector<config::Diagnostic>>;

[[nodiscard]] Loaded load_config(const std::string& file);
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& file);  // `file`: its name in findings

[[nodiscard]] api::Diagnostic to_api(const config::Diagnostic& diagnostic);
[[nodiscard]] api::ConfigChange to_api(const config::Change& change);

}  // namespace podbgp::bgpd

// JSON Schema (draft 2020-12) of the configuration file, for editors and CI: `podbgpd schema`. Generated from the same
// table of keys that the parser walks (keys.hpp).
#pragma once

#include <string>

namespace podbgp::config {

[[nodiscard]] std::string json_schema();  // pretty-printed, with a newline at the end

// The reference part of docs/configuration.md: every key with type, default and meaning, as Markdown.
[[nodiscard]] std::string reference_markdown();

}  // namespace podbgp::config

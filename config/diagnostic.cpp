#include "config/diagnostic.hpp"

#include <fmt/format.h>

#include "config/json.hpp"

namespace podbgp::config {

std::string to_string(const Diagnostic& d) {
  std::string out = d.file;
  if (d.line > 0) out += fmt::format(":{}:{}", d.line, d.column);
  out += ": ";
  if (d.severity == Severity::Warning) out += "warning: ";
  if (!d.path.empty()) out += d.path + ": ";
  out += d.message;
  if (!d.hint.empty()) out += "; " + d.hint;
  return out;
}

std::string to_json(const Diagnostic& d) {
  return fmt::format(R"({{"severity":{},"file":{},"line":{},"column":{},"path":{},"message":{},"hint":{}}})",
                     json_quote(d.severity == Severity::Error ? "error" : "warning"), json_quote(d.file), d.line,
                     d.column, json_quote(d.path), json_quote(d.message), json_quote(d.hint));
}

std::string to_json(std::span<const Diagnostic> diagnostics) {
  std::string out = "[";
  for (std::size_t i = 0; i < diagnostics.size(); ++i) out += (i == 0 ? "\n" : ",\n") + to_json(diagnostics[i]);
  return out + (diagnostics.empty() ? "]\n" : "\n]\n");
}

}  // namespace podbgp::config

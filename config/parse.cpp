#include "config/parse.hpp"

#include "config/build.hpp"
#include "config/check.hpp"
#include "config/shape.hpp"

namespace podbgp::config {

net::Result<Parsed, std::vector<Diagnostic>> parse(std::string_view text, std::string_view file_name) {
  Report report;
  auto root = read_yaml(text, report);
  if (!root) return net::fail(report.finish(text, file_name));
  check(*root, file_shape(), report);
  Config config;
  if (root->kind == Node::Kind::Map) config = build(*root, report);
  const bool failed = report.has_errors();
  auto found = report.finish(text, file_name);
  if (failed) return net::fail(std::move(found));
  return Parsed{std::move(config), std::move(found)};
}

}  // namespace podbgp::config

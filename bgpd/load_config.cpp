#include "bgpd/load_config.hpp"

#include <cstdlib>

#include "config/parse.hpp"
#include "config/secrets.hpp"
#include "net/read_file.hpp"

namespace podbgp::bgpd {

namespace {

net::Result<std::string, std::string> read_secret(const config::SecretSource& source) {
  if (source.kind == config::SecretSource::Kind::File) return net::read_file(source.name);
  const char* value = std::getenv(source.name.c_str());
  if (value == nullptr) return net::fail(std::string("the variable is not set"));
  return std::string(value);
}

}  // namespace

Loaded load_text(std::string_view text, const std::string& file) {
  auto parsed = config::parse(text, file);
  if (!parsed) return net::fail(parsed.error());
  if (auto secrets = config::load_secrets(parsed->config, read_secret, file); !secrets) return net::fail(secrets.error());
  return LoadedConfig{std::move(parsed->config), std::move(parsed->warnings)};
}

Loaded load_config(const std::string& file) {
  const auto text = net::read_file(file);
  if (!text) {
    return net::fail(std::vector{config::Diagnostic{config::Severity::Error, file, 0, 0, "",
                                                    "cannot be read: " + text.error(),
                                                    "name another file with --config, or create this one"}});
  }
  return load_text(*text, file);
}

api::Diagnostic to_api(const config::Diagnostic& d) {
  return {d.severity == config::Severity::Error, d.file, d.line, d.column, d.path, d.message, d.hint};
}

api::ConfigChange to_api(const config::Change& change) {
  using Impact = api::ConfigChange::Impact;
  Impact impact = Impact::None;
  switch (change.impact) {
    case config::Impact::None:
    case config::Impact::Live: impact = Impact::None; break;
    case config::Impact::Policy: impact = Impact::Policy; break;
    case config::Impact::SessionReset: impact = Impact::SessionReset; break;
    case config::Impact::Restart: impact = Impact::Restart; break;
  }
  return {impact, config::what(change)};
}

}  // namespace podbgp::bgpd

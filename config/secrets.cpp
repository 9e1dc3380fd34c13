#include "config/secrets.hpp"

namespace podbgp::config {

namespace {

constexpr std::size_t kMaxPassword = 80;  // TCP_MD5SIG_MAXKEYLEN

net::Result<std::string, std::string> clean(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return net::fail(std::string("is empty"));
  if (text.size() > kMaxPassword)
    return net::fail(fmt::format("is {} octets long; Linux takes {}", text.size(), kMaxPassword));
  if (text.find_first_of(std::string_view("\0\n", 2)) != std::string::npos)
    return net::fail(std::string("holds more than one line of text"));
  return text;
}

}  // namespace

net::Result<void, std::vector<Diagnostic>> load_secrets(Config& config, const SecretReader& reader,
                                                        std::string_view file_name) {
  std::vector<Diagnostic> errors;
  for (std::size_t i = 0; i < config.peers.size(); ++i) {
    auto& peer = config.peers[i];
    if (!peer.password) continue;
    const bool file = peer.password->kind == SecretSource::Kind::File;
    const auto fail = [&](std::string message, std::string hint) {
      Diagnostic d;
      d.file = file_name;
      d.path = fmt::format("peers[{}].password.{}", i, file ? "file" : "env");
      d.message = std::move(message);
      d.hint = std::move(hint);
      errors.push_back(std::move(d));
    };
    const auto what = fmt::format("{} '{}' for peer '{}'", file ? "password file" : "environment variable",
                                  peer.password->name, peer.name);
    auto content = reader(*peer.password);
    if (!content) {
      fail(fmt::format("cannot read {}: {}", what, content.error()),
           file ? "create it, readable for podbgpd only" : "set it in podbgpd's environment");
      continue;
    }
    auto password = clean(std::move(*content));
    if (!password) {
      fail(fmt::format("{} {}", what, password.error()), "write one password of 1 to 80 octets into it");
      continue;
    }
    peer.endpoint.password = std::move(*password);
  }
  if (!errors.empty()) return net::fail(std::move(errors));
  return {};
}

}  // namespace podbgp::config

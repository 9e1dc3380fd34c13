#include "config/print.hpp"

#include "config/fields.hpp"
#include "config/json.hpp"

namespace podbgp::config {

namespace {

// Lines at `indent`; keys with a dot become one flow map: "timers: { hold: 9s, keepalive: 3s }".
std::string lines(const Fields& fields, std::string_view first, std::string_view indent) {
  std::string out;
  for (std::size_t i = 0; i < fields.size();) {
    out += i == 0 ? first : indent;
    const auto dot = fields[i].key.find('.');
    if (dot == std::string::npos) {
      out += fields[i].key + ": " + fields[i].text + "\n";
      ++i;
      continue;
    }
    const auto record = fields[i].key.substr(0, dot + 1);
    std::string map;
    for (; i < fields.size() && fields[i].key.starts_with(record); ++i)
      map += (map.empty() ? "" : ", ") + fields[i].key.substr(dot + 1) + ": " + fields[i].text;
    out += fmt::format("{}: {{ {} }}\n", record.substr(0, dot), map);
  }
  return out;
}

}  // namespace

std::string to_yaml(const Config& config) {
  std::string out = "version: 1\nrouter:\n" + lines(router_fields(config.router), "  ", "  ");
  out += config.peers.empty() ? "peers: []\n" : "peers:\n";
  for (const auto& peer : config.peers) {
    out += fmt::format("  - name: {}{}\n", json_quote(peer.name),
                       peer.group.empty() ? "" : "   # from group " + peer.group);
    out += lines(peer_fields(peer), "    ", "    ");
  }
  out += config.networks.empty() ? "networks: []\n" : "networks:\n";
  for (const auto& network : config.networks) out += lines(network_fields(network), "  - ", "    ");
  out += config.policies.empty() ? "policies: {}\n" : "policies:\n";
  for (const auto& policy : config.policies) {
    out += fmt::format("  {}:\n", json_quote(policy.name));
    for (const auto& statement : policy.statements) out += "    - " + statement_text(statement) + "\n";
  }
  out += "fib:\n" + lines(fib_fields(config.fib), "  ", "  ");
  out += "api:\n" + lines(api_fields(config.api), "  ", "  ");
  out += fmt::format("metrics:\n  listen: {}\n", metrics_text(config.metrics));
  out += "log:\n" + lines(log_fields(config.log), "  ", "  ");
  return out + fmt::format("state_dir: {}\n", json_quote(config.state_dir));
}

}  // namespace podbgp::config

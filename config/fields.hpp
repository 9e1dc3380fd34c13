// A Config section as a list of (key, text), in the order and the words of the file. Printing joins them, comparing
// walks two of them: so what one shows, the other sees.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/diff.hpp"

namespace podbgp::config {

struct Field {
  std::string key;   // "timers.hold": a record inside
  std::string text;  // as YAML, flow style
  Impact impact = Impact::None;
};
using Fields = std::vector<Field>;  // keys of one inner record stand together

[[nodiscard]] Fields router_fields(const Router& router);
[[nodiscard]] Fields peer_fields(const Peer& peer);  // without name and group
[[nodiscard]] Fields network_fields(const rib::LocalRoute& route);
[[nodiscard]] Fields fib_fields(const fib::Settings& fib);
[[nodiscard]] Fields api_fields(const Api& api);
[[nodiscard]] Fields log_fields(const Log& log);
[[nodiscard]] std::string metrics_text(const std::optional<Listen>& metrics);
[[nodiscard]] std::string statement_text(const rib::Statement& statement);  // "{ match: { … }, then: accept }"

}  // namespace podbgp::config

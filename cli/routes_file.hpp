// The file of `podbgp replace -f`: an owner's whole set of routes, in YAML or JSON.
//
//   - 10.244.3.0/24                                   # a prefix alone, or with what it is announced with:
//   - { prefix: fd00:10:244:3::/64, communities: ["65101:100"], install: none }
//
// or the same list under `routes:`, beside which `owner:` and `generation:` may stand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/result.hpp"
#include "podbgp/v1/types.pb.h"

namespace podbgp::cli {

struct RoutesFile {
  std::optional<std::string> owner;
  std::optional<std::uint64_t> generation;
  std::vector<podbgp::v1::Route> routes;
};

// An error says file:line:column, what is wrong and what is possible there. Values are checked by the daemon.
[[nodiscard]] net::Result<RoutesFile, std::string> parse_routes(const std::string& text, const std::string& file);

}  // namespace podbgp::cli

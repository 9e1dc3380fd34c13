// The Prometheus text of /metrics, from one snapshot. Cardinality: per peer and family, never per prefix.
//
// Thread: any; pure.
#pragma once

#include <string>
#include <vector>

#include "api/backend.hpp"

namespace podbgp::bgpd {

struct MetricsSnapshot {
  api::Status status;
  std::vector<api::PeerInfo> peers;
  std::vector<api::Owner> owners;
  bool last_reload_ok = true;
  std::uint64_t pending_restart = 0;  // settings
  net::Duration longest_turn{0};  // of core
};

[[nodiscard]] std::string metrics_text(const MetricsSnapshot& snapshot);

}  // namespace podbgp::bgpd

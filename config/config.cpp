#include "config/config.hpp"

namespace podbgp::config {

void set_router_id(Config& config, net::RouterId id) {
  config.router.id = id;
  for (auto& peer : config.peers) peer.session.local_id = id;
}

rib::RouterSettings rib_settings(const Config& config) {
  rib::RouterSettings settings;
  settings.asn = config.router.asn;
  settings.id = config.router.id.value_or(net::RouterId{});
  settings.cluster_id = config.router.cluster_id.value_or(settings.id);
  settings.multipath = config.fib.multipath;
  settings.resolve_next_hops = config.fib.install;
  return settings;
}

}  // namespace podbgp::config

#include "bgpd/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace podbgp::bgpd {

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Families {
 public:
  void gauge(const std::string& name, const std::string& help, double value, const Labels& labels = {}) {
    add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
  }
  void counter(const std::string& name, const std::string& help, double value, const Labels& labels = {}) {
    add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const Labels& labels) {
    if (families_.empty() || families_.back().name != name) {
      // Samples of one family stand together, whatever the order of calls.
      for (auto& family : families_)
        if (family.name == name) return sample(family, labels);
      families_.push_back({name, help, type, {}});
    }
    return sample(families_.back(), labels);
  }
  static prometheus::ClientMetric& sample(prometheus::MetricFamily& family, const Labels& labels) {
    auto& metric = family.metric.emplace_back();
    for (const auto& [label, value] : labels) metric.label.push_back({label, value});
    return metric;
  }
  std::vector<prometheus::MetricFamily> families_;
};

double seconds(net::WallTime t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

void add_messages(Families& out, const Labels& base, const char* direction, const api::MessageCounters& c) {
  const std::pair<const char*, std::uint64_t> types[] = {{"open", c.open},
                                                         {"update", c.update},
                                                         {"notification", c.notification},
                                                         {"keepalive", c.keepalive},
                                                         {"route_refresh", c.route_refresh}};
  for (const auto& [type, value] : types) {
    auto labels = base;
    labels.emplace_back("direction", direction);
    labels.emplace_back("type", type);
    out.counter("podbgp_peer_messages_total", "BGP messages by direction and type.", static_cast<double>(value), labels);
  }
  auto labels = base;
  labels.emplace_back("direction", direction);
  out.counter("podbgp_peer_bytes_total", "Octets of BGP messages by direction.", static_cast<double>(c.octets), labels);
}

void add_prefixes(Families& out, const Labels& base, const api::PeerInfo& peer) {
  for (const auto family : net::kFamilies) {
    if (!peer.configured_families.contains(family)) continue;
    const auto& c = peer.routes.family[net::index(family)];
    const std::pair<const char*, std::uint32_t> views[] = {
        {"received", c.received}, {"accepted", c.accepted}, {"best", c.best}, {"advertised", c.advertised}};
    for (const auto& [view, value] : views) {
      auto labels = base;
      labels.emplace_back("afi", to_string(family));
      labels.emplace_back("safi", "unicast");
      labels.emplace_back("view", view);
      out.gauge("podbgp_peer_prefixes", "Prefixes by view: received, accepted, best, advertised.", value, labels);
    }
  }
}

void add_peer(Families& out, const api::PeerInfo& peer) {
  const Labels base{{"peer", peer.name}, {"peer_asn", fmt::format("{}", peer.asn)}, {"peer_group", peer.group}};
  const bool up = peer.state == fsm::State::Established;
  out.gauge("podbgp_peer_up", "1 while the session is Established.", up ? 1 : 0, base);
  for (const auto state : {fsm::State::Idle, fsm::State::Connect, fsm::State::Active, fsm::State::OpenSent,
                           fsm::State::OpenConfirm, fsm::State::Established}) {
    auto labels = base;
    labels.emplace_back("state", fsm::to_string(state));
    out.gauge("podbgp_peer_state", "1 for the state the peer is in.", peer.state == state ? 1 : 0, labels);
  }
  out.gauge("podbgp_peer_admin_up", "1 unless the peer is disabled.", peer.enabled ? 1 : 0, base);
  out.gauge("podbgp_peer_established_timestamp_seconds", "When the session came up; 0 while it is down.",
            up ? seconds(peer.since) : 0, base);
  out.counter("podbgp_peer_flaps_total", "Sessions lost since start.", static_cast<double>(peer.flaps), base);
  out.gauge("podbgp_peer_hold_time_seconds", "Negotiated hold time.", static_cast<double>(peer.hold_time.count()), base);
  out.counter("podbgp_peer_treat_as_withdraw_total", "UPDATEs treated as withdraw (RFC 7606).",
              static_cast<double>(peer.routes.treat_as_withdraw), base);
  out.counter("podbgp_peer_attribute_discard_total", "UPDATEs of which attributes were discarded (RFC 7606).",
              static_cast<double>(peer.routes.attribute_discard), base);
  out.counter("podbgp_peer_martian_prefixes_total",
              "Announcements of prefixes that are never routed or are addresses of this host.",
              static_cast<double>(peer.routes.martians), base);
  out.gauge("podbgp_peer_prefix_limit", "Configured max_prefixes; 0 is none.", peer.max_prefixes, base);
  add_messages(out, base, "sent", peer.sent);
  add_messages(out, base, "received", peer.received);
  add_prefixes(out, base, peer);
}

void add_fib(Families& out, const fib::FibCounters& fib) {
  const auto routes = [&](const char* state, std::uint64_t value) {
    out.gauge("podbgp_fib_routes", "Kernel routes by state.", static_cast<double>(value), {{"state", state}});
  };
  routes("installed", fib.installed_v4 + fib.installed_v6);
  routes("pending", fib.pending);
  routes("refused", fib.refused);
  out.counter("podbgp_fib_operations_total", "Requests to the kernel by result.",
              static_cast<double>(fib.requests - fib.request_errors), {{"result", "ok"}});
  out.counter("podbgp_fib_operations_total", "Requests to the kernel by result.", static_cast<double>(fib.request_errors),
              {{"result", "error"}});
  out.counter("podbgp_fib_resync_total", "Times the kernel's table was read again.", static_cast<double>(fib.resyncs));
  out.counter("podbgp_fib_repaired_total", "Own routes that others changed and podbgp restored.",
              static_cast<double>(fib.repaired));
  out.counter("podbgp_netlink_overruns_total", "Netlink receive overruns.", static_cast<double>(fib.overruns));
  out.gauge("podbgp_fib_nexthop_objects", "Kernel nexthop objects in use.", static_cast<double>(fib.nexthop_objects));
  out.gauge("podbgp_fib_nexthop_groups", "Kernel nexthop groups in use.", static_cast<double>(fib.nexthop_groups));
}

}  // namespace

std::string metrics_text(const MetricsSnapshot& snapshot) {
  Families out;
  const auto& status = snapshot.status;
  out.gauge("podbgp_build_info", "Version of the daemon.", 1, {{"version", status.version}, {"commit", status.commit}});
  out.gauge("podbgp_start_time_seconds", "When the daemon started.", seconds(status.start_time));
  out.gauge("podbgp_ready", "1 when /readyz says so.", status.ready ? 1 : 0);
  out.gauge("podbgp_config_last_reload_success", "1 if the last (re)load of the configuration succeeded.",
            snapshot.last_reload_ok ? 1 : 0);
  out.gauge("podbgp_config_last_reload_timestamp_seconds", "When the running configuration was loaded.",
            seconds(status.config_time));
  out.gauge("podbgp_config_pending_restart", "Settings that were loaded and wait for a restart.",
            static_cast<double>(snapshot.pending_restart));
  for (const auto& peer : snapshot.peers) add_peer(out, peer);
  for (const auto family : net::kFamilies) {
    const Labels labels{{"afi", std::string(to_string(family))}, {"safi", "unicast"}};
    out.gauge("podbgp_rib_prefixes", "Prefixes in the table.", static_cast<double>(status.rib.prefixes[net::index(family)]),
              labels);
    out.gauge("podbgp_rib_paths", "Paths in the table.", static_cast<double>(status.rib.paths[net::index(family)]), labels);
  }
  out.gauge("podbgp_rib_attribute_sets", "Distinct attribute sets.", static_cast<double>(status.rib.attribute_sets));
  out.gauge("podbgp_rib_memory_bytes", "Memory of the RIB.", static_cast<double>(status.rib.memory_bytes));
  out.gauge("podbgp_core_turn_seconds_max",
            "The longest that core kept its thread in one go since start; timers wait for at most one such turn.",
            std::chrono::duration<double>(snapshot.longest_turn).count());
  add_fib(out, status.fib);
  for (const auto& owner : snapshot.owners)
    out.gauge("podbgp_owner_routes", "Routes announced over the API by owner.", owner.routes, {{"owner", owner.name}});
  out.gauge("podbgp_watch_subscribers", "Streams of watchers.", static_cast<double>(status.watches));
  out.gauge("process_resident_memory_bytes", "Resident memory.", static_cast<double>(status.rss_bytes));
  return out.text();
}

}  // namespace podbgp::bgpd

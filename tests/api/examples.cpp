// What the golden tables of the command line show, and the pieces it is made of.
#include "fake_backend.hpp"

namespace podbgp::api::testing {

PeerInfo make_peer(const std::string& name, const std::string& address, std::uint32_t asn, fsm::State state) {
  PeerInfo peer;
  peer.name = name;
  peer.address = *net::IpAddress::parse(address);
  peer.asn = net::Asn(asn);
  peer.local_asn = net::Asn(65101);
  peer.state = state;
  peer.since = noon() - std::chrono::minutes(75);
  peer.configured_families = {net::Family::Ipv4Unicast};
  return peer;
}

RibEntry make_entry(const std::string& prefix, const std::string& peer, const std::string& next_hop,
                    std::vector<std::uint32_t> as_path) {
  RibEntry entry;
  entry.route.prefix = *net::Prefix::parse(prefix);
  entry.route.revision = 42;
  rib::PathView path;
  path.peer_name = peer;
  path.attributes.next_hop = *net::IpAddress::parse(next_hop);
  wire::AsSegment segment;
  for (const auto asn : as_path) segment.asns.push_back(net::Asn(asn));
  if (!as_path.empty()) path.attributes.as_path.segments.push_back(segment);
  path.best = path.eligible = true;
  path.reason = rib::Reason::Best;
  path.since =
      std::chrono::steady_clock::now() +
      std::chrono::duration_cast<net::Duration>(noon() - std::chrono::seconds(125) - std::chrono::system_clock::now());
  entry.route.paths.push_back(path);
  entry.owner_names.push_back("");
  return entry;
}

namespace {
void example_peers(FakeBackend& backend) {
  auto up = make_peer("tor-a", "10.1.0.1", 65001, fsm::State::Established);
  up.description = "rack 7, upper switch";
  up.group = "tors";
  up.router_id = net::RouterId(0x0a010001);
  up.local_address = *net::IpAddress::parse("10.1.0.11");
  up.hold_time = std::chrono::seconds(9);
  up.keepalive = std::chrono::seconds(3);
  up.configured_families = up.negotiated_families = {net::Family::Ipv4Unicast, net::Family::Ipv6Unicast};
  up.routes.family[0] = {120, 118, 100, 3, true, true};
  up.routes.family[1] = {12, 12, 12, 1, true, false};
  up.max_prefixes = 1000;
  up.sent = {1, 4, 0, 1500, 0, 31000};
  up.received = {1, 77, 0, 1501, 1, 64000};
  up.capabilities = {"four-octet-as", "route-refresh"};
  auto down = make_peer("tor-b", "10.1.0.2", 65001, fsm::State::Active);
  down.flaps = 2;
  down.last_error = "the peer's hold timer expired";
  down.last_error_reason = "HOLD_TIMER_EXPIRED";
  down.last_error_time = noon() - std::chrono::minutes(3);
  auto off = make_peer("node-9", "fd00:1::9", 65101, fsm::State::Idle);
  off.enabled = false;
  off.external = false;
  off.reflector_client = true;
  off.configured_families = {net::Family::Ipv6Unicast};
  off.last_error =
      "Cease/Administrative Shutdown: \x1b[31mmaintenance";  // a terminal's control sequence from the network
  off.last_error_reason = "ADMIN_SHUTDOWN";
  backend.peers = {up, down, off};
}

void example_routes(FakeBackend& backend) {
  auto two = make_entry("10.244.7.0/24", "tor-a", "10.1.0.1", {65001, 65107});
  two.route.paths[0].attributes.communities = {wire::Community((65107u << 16) | 100), wire::kNoExport};
  two.route.paths[0].attributes.med = 10;
  auto other = make_entry("10.244.7.0/24", "tor-b", "10.1.0.2", {65001, 65002, 65107}).route.paths[0];
  other.best = false;
  other.reason = rib::Reason::AsPathLength;
  two.route.paths.push_back(other);
  two.owner_names.push_back("");
  two.kernel = KernelState{KernelState::State::Installed, "", {{*net::IpAddress::parse("10.1.0.1"), ""}}, false};
  auto own = make_entry("10.244.3.0/24", "", "0.0.0.0", {});
  own.route.paths[0].source = rib::RouteSource::Api;
  own.route.paths[0].attributes.local_pref = 100;
  own.owner_names[0] = "cni";
  own.kernel = KernelState{KernelState::State::Installed, "", {}, true};
  auto refused = make_entry("10.9.0.0/16", "tor-a", "10.1.0.1", {65001});
  refused.kernel = KernelState{KernelState::State::Refused, "EEXIST: 10.9.0.0/16 is held by proto static", {}, false};
  auto v6 = make_entry("fd00:10:244:7::/64", "tor-a", "fe80::1", {65001, 65107});
  v6.route.paths[0].attributes.large_communities = {{65107, 1, 2}};
  v6.kernel = KernelState{KernelState::State::Pending, "", {}, false};
  backend.entries = {refused, own, two, v6};
}
}  // namespace

void fill_with_examples(FakeBackend& backend) {
  example_peers(backend);
  example_routes(backend);
  auto& status = backend.status_now;
  status.version = "0.1.0";
  status.commit = "0123456789ab";
  status.instance_id = "00112233445566ff";
  status.config_file = "/etc/podbgp/podbgp.yaml";
  status.start_time = noon() - std::chrono::hours(76);
  status.config_time = noon() - std::chrono::minutes(12);
  status.asn = net::Asn(65101);
  status.router_id = net::RouterId(0x0a01000b);
  status.peers = 3;
  status.peers_established = 1;
  status.fib.state = "synced";
  status.fib.installed_v4 = 1200;
  status.fib.installed_v6 = 12;
  status.fib.refused = 1;
  status.fib.nexthop_objects = 2;
  status.fib.nexthop_groups = 1;
  status.fib_table = 254;
  status.fib_protocol = 179;
  status.rss_bytes = 34u << 20;
  status.ready = true;
  status.warnings = {"net.ipv4.ip_forward is 0: this host does not forward; sysctl -w net.ipv4.ip_forward=1"};
  backend.check_report.valid = true;
  backend.reload_report.valid = true;
}

}  // namespace podbgp::api::testing

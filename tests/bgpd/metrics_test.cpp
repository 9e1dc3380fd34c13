// /metrics to the letter, where a wrong figure would not be seen otherwise.
#include "bgpd/metrics.hpp"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podbgp::bgpd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MetricsSnapshot example() {
  MetricsSnapshot snapshot;
  auto& status = snapshot.status;
  status.version = "1.2.3";
  status.commit = "abc";
  status.start_time = net::WallTime(std::chrono::milliseconds(1'000'500));
  status.config_time = net::WallTime(std::chrono::seconds(2000));
  status.ready = true;
  status.rss_bytes = 123;
  status.watches = 5;
  status.rib.prefixes = {7, 8};
  status.rib.paths = {9, 10};
  status.rib.attribute_sets = 11;
  status.rib.memory_bytes = 12;
  status.fib.installed_v4 = 20;
  status.fib.installed_v6 = 3;
  status.fib.pending = 4;
  status.fib.refused = 5;
  status.fib.requests = 100;
  status.fib.request_errors = 6;
  status.fib.resyncs = 13;
  status.fib.repaired = 14;
  status.fib.overruns = 15;
  status.fib.nexthop_objects = 16;
  status.fib.nexthop_groups = 17;
  snapshot.pending_restart = 2;
  api::PeerInfo up;
  up.name = "tor-a";
  up.group = "tors";
  up.asn = net::Asn(65001);
  up.state = fsm::State::Established;
  up.since = net::WallTime(std::chrono::seconds(3000));
  up.hold_time = std::chrono::seconds(9);
  up.flaps = 2;
  up.max_prefixes = 1000;
  up.configured_families = {net::Family::Ipv4Unicast};
  up.routes.family[0] = {120, 118, 100, 3, true, true};
  up.routes.treat_as_withdraw = 21;
  up.sent = {1, 2, 3, 4, 5, 600};
  up.received = {11, 12, 13, 14, 15, 1600};
  api::PeerInfo down = up;
  down.name = "tor-b";
  down.enabled = false;
  down.state = fsm::State::Idle;
  snapshot.peers = {up, down};
  snapshot.owners = {{"cni", 30, 4}};
  return snapshot;
}

TEST(Metrics, EveryFigureHasItsNameAndLabels) {
  const auto text = metrics_text(example());
  const std::string peer = R"({peer="tor-a",peer_asn="65001",peer_group="tors")";
  const std::string other = R"({peer="tor-b",peer_asn="65001",peer_group="tors")";
  for (const auto& line : {
           std::string(R"(podbgp_build_info{version="1.2.3",commit="abc"} 1)"),
           std::string("podbgp_start_time_seconds 1000.5"),
           std::string("podbgp_ready 1"),
           std::string("podbgp_config_last_reload_success 1"),
           std::string("podbgp_config_last_reload_timestamp_seconds 2000"),
           std::string("podbgp_config_pending_restart 2"),
           "podbgp_peer_up" + peer + "} 1",
           "podbgp_peer_up" + other + "} 0",
           "podbgp_peer_state" + peer + R"(,state="Established"} 1)",
           "podbgp_peer_state" + peer + R"(,state="Idle"} 0)",
           "podbgp_peer_state" + other + R"(,state="Idle"} 1)",
           "podbgp_peer_admin_up" + peer + "} 1",
           "podbgp_peer_admin_up" + other + "} 0",
           "podbgp_peer_established_timestamp_seconds" + peer + "} 3000",
           "podbgp_peer_established_timestamp_seconds" + other + "} 0",
           "podbgp_peer_flaps_total" + peer + "} 2",
           "podbgp_peer_hold_time_seconds" + peer + "} 9",
           "podbgp_peer_treat_as_withdraw_total" + peer + "} 21",
           "podbgp_peer_prefix_limit" + peer + "} 1000",
           "podbgp_peer_messages_total" + peer + R"(,direction="sent",type="open"} 1)",
           "podbgp_peer_messages_total" + peer + R"(,direction="sent",type="update"} 2)",
           "podbgp_peer_messages_total" + peer + R"(,direction="sent",type="notification"} 3)",
           "podbgp_peer_messages_total" + peer + R"(,direction="sent",type="keepalive"} 4)",
           "podbgp_peer_messages_total" + peer + R"(,direction="received",type="route_refresh"} 15)",
           "podbgp_peer_bytes_total" + peer + R"(,direction="sent"} 600)",
           "podbgp_peer_bytes_total" + peer + R"(,direction="received"} 1600)",
           "podbgp_peer_prefixes" + peer + R"(,afi="ipv4",safi="unicast",view="received"} 120)",
           "podbgp_peer_prefixes" + peer + R"(,afi="ipv4",safi="unicast",view="accepted"} 118)",
           "podbgp_peer_prefixes" + peer + R"(,afi="ipv4",safi="unicast",view="best"} 100)",
           "podbgp_peer_prefixes" + peer + R"(,afi="ipv4",safi="unicast",view="advertised"} 3)",
           std::string(R"(podbgp_rib_prefixes{afi="ipv4",safi="unicast"} 7)"),
           std::string(R"(podbgp_rib_prefixes{afi="ipv6",safi="unicast"} 8)"),
           std::string(R"(podbgp_rib_paths{afi="ipv6",safi="unicast"} 10)"),
           std::string("podbgp_rib_attribute_sets 11"),
           std::string("podbgp_rib_memory_bytes 12"),
           std::string(R"(podbgp_fib_routes{state="installed"} 23)"),
           std::string(R"(podbgp_fib_routes{state="pending"} 4)"),
           std::string(R"(podbgp_fib_routes{state="refused"} 5)"),
           std::string(R"(podbgp_fib_operations_total{result="ok"} 94)"),
           std::string(R"(podbgp_fib_operations_total{result="error"} 6)"),
           std::string("podbgp_fib_resync_total 13"),
           std::string("podbgp_fib_repaired_total 14"),
           std::string("podbgp_netlink_overruns_total 15"),
           std::string("podbgp_fib_nexthop_objects 16"),
           std::string("podbgp_fib_nexthop_groups 17"),
           std::string(R"(podbgp_owner_routes{owner="cni"} 30)"),
           std::string("podbgp_watch_subscribers 5"),
           std::string("process_resident_memory_bytes 123"),
       })
    EXPECT_THAT(text, HasSubstr("\n" + line + "\n"));
  EXPECT_THAT(text, Not(HasSubstr(R"(afi="ipv6",safi="unicast",view)")));  // a family that is not configured
}

TEST(Metrics, SamplesOfAFamilyStandTogetherUnderOneHeader) {
  const auto text = metrics_text(example());
  std::set<std::string> seen;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP")) continue;
    if (line.starts_with("# TYPE ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(seen.insert(current).second) << current << " has two headers";
      EXPECT_EQ(current.ends_with("_total"), line.ends_with(" counter")) << line;
    } else {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), current);
    }
  }
}

TEST(Metrics, ABadReloadAndADaemonThatIsNotReadyShow) {
  auto snapshot = example();
  snapshot.last_reload_ok = false;
  snapshot.status.ready = false;
  const auto text = metrics_text(snapshot);
  EXPECT_THAT(text, HasSubstr("\npodbgp_config_last_reload_success 0\n"));
  EXPECT_THAT(text, HasSubstr("\npodbgp_ready 0\n"));
}

}  // namespace
}  // namespace podbgp::bgpd

// The fib against the kernel: what nexthop objects are for, next-hop tracking, and the switches.
#include "netns.hpp"

namespace podbgp::fib::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class KernelObjects : public NetNs {};

std::string routes(const std::string& what = "") { return output("ip -4 route show proto 179 " + what); }

// Milliseconds until no route leads over `gone`.
double until_switched(std::chrono::steady_clock::time_point since, const std::string& gone) {
  eventually([&] { return routes("via " + gone).empty(); }, [&] { return routes("via " + gone).substr(0, 500); });
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

TEST_F(KernelObjects, LossOfAPeerOf10000PrefixesTakesAtMostEightRequests) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")});
  node.routes(many(10'000), 2);
  node.wait_count(RouteStatus::Installed, 10'000);
  // The second peer has the same prefixes: now there is a backup, and no route needs a write for that.
  node.define(3, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.routes(many(10'000), 3);
  node.fib.post(ReleaseHopSet{HopSetId{2}});
  ::usleep(1'500'000);  // counters are told once a second
  const auto before = node.counters().requests;
  EXPECT_LT(before, 10'100U) << "the backup's arrival wrote routes";

  const auto start = std::chrono::steady_clock::now();
  node.fib.post(PeerDown{net::PeerId{1}});
  // Core's own decision follows, prefix by prefix.
  node.define(4, {hop(2, "10.2.0.1")});
  node.routes(many(10'000), 4);
  node.fib.post(ReleaseHopSet{HopSetId{3}});
  const auto ms = until_switched(start, "10.1.0.1");
  EXPECT_THAT(routes("10.244.0.0"), IsEmpty());
  EXPECT_EQ(std::ranges::count(routes("via 10.2.0.1"), '\n'), 10'000);
  ::usleep(3'500'000);  // the background has had its time as well
  const auto requests = node.counters().requests - before;
  EXPECT_LE(requests, 8U);
  RecordProperty("requests", static_cast<int>(requests));
  fmt::print("10000 prefixes: {} requests, seen switched after {:.1f} ms\n", requests, ms);
  // And the group goes on to follow the hop set that its routes moved to.
  node.fib.post(PeerDown{net::PeerId{2}});
  ::usleep(100'000);
  EXPECT_EQ(std::ranges::count(routes("via 10.2.0.1"), '\n'), 10'000)
      << "without another path they stay until core decides";
}

TEST_F(KernelObjects, APeerDownOvertakesQueuedRoutes) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  node.define(3, {hop(2, "10.2.0.1")});
  node.routes(many(100'000), 3);  // half a second of kernel work
  const auto start = std::chrono::steady_clock::now();
  node.fib.post(PeerDown{net::PeerId{1}});
  eventually([] { return output("ip route show 10.244.1.0/24").find("10.2.0.1") != std::string::npos; },
             [] { return output("ip route show 10.244.1.0/24"); });
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(node.count(RouteStatus::Installed), 100'001U) << "the test was too slow to show anything";
  EXPECT_LT(took, 300ms);
  node.wait_count(RouteStatus::Installed, 100'001);
}

TEST_F(KernelObjects, EqualNextHopsOfTwoPeersNeedNoWriteAtAll) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.1.0.1")});
  node.routes(many(1000), 2);
  node.wait_count(RouteStatus::Installed, 1000);
  ::usleep(1'200'000);
  const auto before = node.counters().requests;
  node.fib.post(PeerDown{net::PeerId{1}});
  node.define(3, {hop(2, "10.1.0.1")});
  node.routes(many(1000), 3);
  ::usleep(2'500'000);
  EXPECT_EQ(node.counters().requests, before);
}

TEST_F(KernelObjects, ForeignNexthopObjectsAreNeitherTouchedNorUsed) {
  // One sits in our range of ids, one looks like ours but for the protocol, one group is used by a route.
  run("ip nexthop add id 179000000 via 10.2.0.7 dev eth2 proto 186");
  run("ip nexthop add id 7 via 10.1.0.1 dev eth1 proto 186");
  run("ip nexthop add id 8 group 7 proto 186 && ip route add 10.250.0.0/16 nhid 8 proto 186");
  const auto foreign = [] { return output("ip nexthop show proto 186; ip route show proto 186"); };
  const auto before = foreign();
  Node node;
  node.define(2, {hop(1, "10.1.0.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  node.fib.post(Converged{});
  node.route("10.244.1.0/24", 0);
  node.fib.post(ReleaseHopSet{HopSetId{2}});
  // Unused objects go some seconds later, checked by a dump.
  eventually([] { return output("ip nexthop show proto 179").empty(); }, [] { return output("ip nexthop show"); }, 30s);
  EXPECT_EQ(foreign(), before);
}

TEST_F(KernelObjects, AnObjectOfOursThatAForeignRouteUsesIsNotDeleted) {
  Node node;
  node.fib.post(Converged{});
  node.define(2, {hop(1, "10.1.0.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  const auto id = output("ip nexthop show proto 179 | awk '/group/ {printf $2}'");
  run("ip route add 10.251.0.0/16 proto static nhid " + id);
  node.route("10.244.1.0/24", 0);
  node.fib.post(ReleaseHopSet{HopSetId{2}});
  ::usleep(7'500'000);
  EXPECT_THAT(output("ip route show proto static"), HasSubstr("10.251.0.0/16"));
}

TEST_F(KernelObjects, TracksNextHopsWithReasons) {
  run("ip route add 10.9.0.0/24 via 10.2.0.1 metric 77");
  Node node;
  const auto track = [&](const char* gateway) { node.fib.post(TrackNextHop{{address(gateway), {}}}); };
  for (const auto* gateway : {"10.1.0.1", "10.9.0.1", "192.0.2.1", "10.1.0.11", "fe80::1", "fd00:2::1"}) track(gateway);
  node.wait_state("syncing");
  const auto reason = [&](const char* gateway) { return node.next_hop(gateway).reason; };
  eventually([&] { return node.next_hop("fd00:2::1").reachable; }, [&] { return reason("fd00:2::1"); });
  EXPECT_TRUE(node.next_hop("10.1.0.1").reachable);
  EXPECT_EQ(node.next_hop("10.1.0.1").metric, 0U);
  EXPECT_TRUE(node.next_hop("10.9.0.1").reachable);
  EXPECT_EQ(node.next_hop("10.9.0.1").metric, 77U);
  EXPECT_EQ(reason("192.0.2.1"), "no route covers 192.0.2.1");
  EXPECT_EQ(reason("10.1.0.11"), "10.1.0.11 is an address of this host");
  EXPECT_EQ(reason("fe80::1"), "fe80::1 is link-local and names no interface");
  // A link without carrier, then a default route that must not take over a neighbour's address.
  run("ip link set tor1 down");
  eventually([&] { return reason("10.1.0.1") == "eth1 has no carrier"; }, [&] { return reason("10.1.0.1"); });
  run("ip link set tor1 up");
  eventually([&] { return node.next_hop("10.1.0.1").reachable; }, [&] { return reason("10.1.0.1"); });
  run("ip route add default via 10.2.0.1");
  eventually([&] { return node.next_hop("192.0.2.1").reachable; }, [&] { return reason("192.0.2.1"); });
  run("ip link set eth1 down");
  eventually([&] { return reason("10.1.0.1").find("was on a link that is gone") != std::string::npos; },
             [&] { return reason("10.1.0.1"); });
}

TEST_F(KernelObjects, ARecursiveNextHopIsWrittenWithTheGatewayThatLeadsThere) {
  run("ip route add 10.9.0.0/24 via 10.2.0.1");
  Node node;
  node.define(2, {hop(1, "10.9.0.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  EXPECT_THAT(routes(), HasSubstr("via 10.2.0.1 dev eth2"));
  run("ip route replace 10.9.0.0/24 via 10.1.0.1");
  eventually([] { return routes().find("via 10.1.0.1 dev eth1") != std::string::npos; }, [] { return routes(); });
  run("ip route del 10.9.0.0/24");
  node.wait_status("10.244.1.0/24", RouteStatus::Pending);
  EXPECT_EQ(node.status("10.244.1.0/24").reason, "no route covers 10.9.0.1");
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_F(KernelObjects, LinkLocalNextHopsGoByInterface) {
  Node node;
  node.define(2, {hop(1, "fe80::1", "eth1"), hop(2, "fe80::1", "eth2")});
  node.route("fd00:10:244::/64", 2);
  node.wait_status("fd00:10:244::/64", RouteStatus::Installed);
  const auto text = output("ip -6 route show proto 179");
  EXPECT_THAT(text, HasSubstr("via fe80::1 dev eth1"));
  EXPECT_THAT(text, HasSubstr("via fe80::1 dev eth2"));
}

TEST_F(KernelObjects, AFailedNeighbourIsTheLastChoiceAndComesBack) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  run("ip neigh replace 10.1.0.1 dev eth1 lladdr 02:00:00:00:00:01 nud reachable");
  run("ip neigh replace 10.1.0.1 dev eth1 nud failed");
  eventually([] { return routes().find("10.2.0.1") != std::string::npos; }, [] { return routes(); });
  run("ip neigh replace 10.1.0.1 dev eth1 lladdr 02:00:00:00:00:01 nud reachable");
  eventually([] { return routes().find("10.1.0.1") != std::string::npos; }, [] { return routes(); });
}

TEST_F(KernelObjects, WarnsOfAHostThatDoesNotForwardAndChangesNothing) {
  run("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.eth1.rp_filter=1 "
      "net.ipv4.conf.all.rp_filter=0");
  Node node;
  node.define(2, {hop(1, "10.1.0.1")});
  node.route("10.244.1.0/24", 2);
  eventually([&] { return node.warnings().size() >= 3; }, [&] { return fmt::format("{}", node.warnings().size()); });
  EXPECT_THAT(node.warnings(), Contains(HasSubstr("net.ipv4.ip_forward=1")));
  EXPECT_THAT(node.warnings(), Contains(HasSubstr("net.ipv6.conf.all.forwarding=1")));
  EXPECT_THAT(node.warnings(), Contains(HasSubstr("net.ipv4.conf.eth1.rp_filter=2")));
  EXPECT_EQ(output("sysctl -n net.ipv4.ip_forward"), "0\n");
}

TEST_F(KernelObjects, WithoutInstallTheKernelIsLeftAlone) {
  Settings settings;
  settings.install = false;
  Node node(settings);
  node.fib.post(TrackNextHop{{address("192.0.2.1"), {}}});
  node.define(2, {hop(1, "192.0.2.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  EXPECT_TRUE(node.next_hop("192.0.2.1").reachable);
  EXPECT_THAT(routes(), IsEmpty());
  eventually([&] { return node.own_addresses().contains("eth1 10.1.0.11"); }, [] { return "no addresses"; });
  run("ip addr add 10.3.0.1/24 dev eth2");
  eventually([&] { return node.own_addresses().contains("eth2 10.3.0.1"); }, [] { return "no new address"; });
  node.wait_state("off");
}

TEST_F(KernelObjects, AnotherTableAndProtocolAreKept) {
  Settings settings;
  settings.table = 1000;
  settings.protocol = 42;
  settings.metric_v4 = 17;
  Node node(settings);
  node.define(2, {hop(1, "10.1.0.1")});
  node.route("10.244.1.0/24", 2);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  EXPECT_THAT(output("ip route show table 1000"), HasSubstr("metric 17"));
  EXPECT_THAT(output("ip route show table 1000 proto 42"), HasSubstr("10.244.1.0/24"));
  node.route("10.244.1.0/24", 0);
  node.wait_status("10.244.1.0/24", RouteStatus::Removed);
  EXPECT_THAT(output("ip route show table 1000"), IsEmpty());
}

TEST_F(KernelObjects, DumpsWhatItKnowsInPieces) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")});
  node.routes(many(3000), 2);
  node.route("10.244.3.0/24", kBlackhole.value());
  node.wait_count(RouteStatus::Installed, 3001);
  node.fib.post(dump_page(1, 5000));
  eventually([&] { return node.dumped().size() == 3001; }, [&] { return fmt::format("{}", node.dumped().size()); });
  const auto all = node.dumped();
  const auto block = std::ranges::find(all, prefix("10.244.3.0/24"), &KernelRoute::prefix);
  ASSERT_NE(block, all.end());
  EXPECT_TRUE(block->blackhole);
  const auto route = std::ranges::find(all, prefix("100.0.5.0/24"), &KernelRoute::prefix);
  ASSERT_NE(route, all.end());
  EXPECT_THAT(route->next_hops, testing::ElementsAre(NextHop{address("10.1.0.1"), "eth1"}));
}

}  // namespace
}  // namespace podbgp::fib::test

// The whole of fib/ against the kernel, in a network namespace of its own: the common way.
#include "netns.hpp"

namespace podbgp::fib::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Kernel : public NetNs {};

std::string routes(const std::string& what = "") { return output("ip -4 route show proto 179 " + what); }
std::string routes6(const std::string& what = "") { return output("ip -6 route show proto 179 " + what); }
std::string objects() { return output("ip nexthop show proto 179"); }

TEST_F(Kernel, InstallsThroughNexthopGroupsInBothFamilies) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.define(3, {hop(1, "fd00:1::1")});
  node.route("10.244.1.0/24", 2);
  node.route("fd00:10:244::/64", 3);
  node.wait_each({"10.244.1.0/24", "fd00:10:244::/64"}, RouteStatus::Installed);
  EXPECT_THAT(routes(), HasSubstr("10.244.1.0/24 nhid 1790000"));
  EXPECT_THAT(routes(), HasSubstr("via 10.1.0.1 dev eth1 metric 200"));
  EXPECT_THAT(routes6(), HasSubstr("via fd00:1::1 dev eth1"));
  EXPECT_THAT(routes6(), HasSubstr("metric 2000"));
}

TEST_P(KernelModes, InstallsEcmpOverTwoLinks) {
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  node.define(3, {hop(1, "fd00:1::1"), hop(2, "fd00:2::1")});
  node.route("10.244.1.0/24", 2);
  node.route("fd00:10:244::/64", 3);
  node.wait_each({"10.244.1.0/24", "fd00:10:244::/64"}, RouteStatus::Installed);
  const auto v4 = routes(), v6 = routes6();
  for (const auto* gateway : {"via 10.1.0.1 dev eth1", "via 10.2.0.1 dev eth2"}) EXPECT_THAT(v4, HasSubstr(gateway));
  for (const auto* gateway : {"via fd00:1::1 dev eth1", "via fd00:2::1 dev eth2"}) EXPECT_THAT(v6, HasSubstr(gateway));
  EXPECT_EQ(v4.find("nhid") != std::string::npos, GetParam());
  // From two hops to one and away, in both families.
  node.define(4, {hop(2, "10.2.0.1")});
  node.define(5, {hop(2, "fd00:2::1")});
  node.route("10.244.1.0/24", 4);
  node.route("fd00:10:244::/64", 5);
  eventually([] { return (routes() + routes6()).find("eth1") == std::string::npos; },
             [] { return routes() + routes6(); });
  EXPECT_THAT(routes(), HasSubstr("via 10.2.0.1 dev eth2"));
  EXPECT_THAT(routes6(), HasSubstr("via fd00:2::1 dev eth2"));
  node.route("10.244.1.0/24", 0);
  node.route("fd00:10:244::/64", 0);
  node.wait_each({"10.244.1.0/24", "fd00:10:244::/64"}, RouteStatus::Removed);
  EXPECT_THAT(routes() + routes6(), IsEmpty());
}

// A router that announces its own address: what it forwards for us still goes to it.
TEST_P(KernelModes, ANextHopThatAPeerAnnouncesAsAHostRouteStaysANextHop) {
  Node node(settings());
  node.define(2, {hop(1, "fd00:1::1")});
  node.define(3, {hop(2, "fd00:2::1")});
  node.define(4, {hop(1, "10.1.0.1")});
  node.route("fd00:1::1/128", 2);
  node.route("10.1.0.1/32", 4);
  node.wait_each({"fd00:1::1/128", "10.1.0.1/32"}, RouteStatus::Installed);
  node.define(5, {hop(1, "fd00:1::1"), hop(2, "fd00:2::1")});
  node.define(6, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  node.route("fd00:10:244::/64", 5);
  node.route("10.244.1.0/24", 6);
  node.wait_each({"fd00:10:244::/64", "10.244.1.0/24"}, RouteStatus::Installed);
  // Another peer says the way to it is over itself: a route of ours, not the way to a neighbour on our link.
  node.route("fd00:2::1/128", 2);
  node.route("fd00:10:245::/64", 3);
  node.wait_each({"fd00:2::1/128", "fd00:10:245::/64"}, RouteStatus::Installed);
  EXPECT_THAT(output("ip -6 route show fd00:10:245::/64"), HasSubstr("via fd00:2::1 dev eth2"));
}

TEST_P(KernelModes, ManyRoutesOverANextHopThatIsAHostRouteAreWrittenWithoutARefusalThatIsTold) {
  std::atomic<int> refusals = 0;
  Node node(settings(), {}, [&refusals](const FromFib& m) {
    if (const auto* results = std::get_if<RouteResults>(&m))
      for (const auto& r : results->results) refusals += r.status == RouteStatus::Refused ? 1 : 0;
  });
  node.define(2, {hop(1, "fd00:1::1")});
  node.route("fd00:1::1/128", 2);
  node.wait_each({"fd00:1::1/128"}, RouteStatus::Installed);
  std::vector<net::Prefix> many;
  for (int i = 0; i < 8; ++i) many.push_back(prefix(fmt::format("fd00:10:{}::/64", 244 + i)));
  node.routes(many, 2);
  for (const auto& p : many) node.wait_each({fmt::format("{}", p)}, RouteStatus::Installed);
  EXPECT_EQ(refusals, 0);
}

// fib.table, fib.protocol or fib.metric changed between two runs.
TEST_P(KernelModes, RoutesOfARunWithOtherSettingsGoWhenTheNewOnesStandAndNotBefore) {
  std::vector<Settings> changed(3, settings());
  changed[0].metric_v4 = 100;
  changed[0].metric_v6 = 1500;
  changed[1].protocol = 180;
  changed[2].table = 300;
  for (const auto& next : changed) {
    const auto wish = [](Node& node) {
      node.define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
      node.define(3, {hop(1, "fd00:1::1"), hop(2, "fd00:2::1")});
      node.route("10.244.1.0/24", 2);
      node.route("fd00:10:244::/64", 3);
      node.route("10.244.3.0/24", kBlackhole.value());
      node.wait_each({"10.244.1.0/24", "fd00:10:244::/64", "10.244.3.0/24"}, RouteStatus::Installed);
    };
    const auto all = [] {
      return output("ip -4 route show table all") + output("ip -6 route show table all") + output("ip nexthop show");
    };
    {
      Node node(settings());
      wish(node);
      node.route("10.244.99.0/24", 2);  // not wanted any more after the restart
      node.route("fd00:10:299::/64", 3);
      node.wait_each({"10.244.99.0/24", "fd00:10:299::/64"}, RouteStatus::Installed);
    }
    Node node(next, {}, {}, {settings().mark()});
    wish(node);
    const auto old_ones = [&] {
      return output(fmt::format("ip route show table {} proto 179 metric 200 exact 10.244.1.0/24", settings().table));
    };
    eventually([&] { return old_ones().empty(); }, old_ones);
    EXPECT_THAT(all(), HasSubstr("10.244.99.0/24"));
    node.fib.post(Converged{});
    eventually([&] { return node.former_gone().has_value(); }, [&] { return all(); }, 20s);
    EXPECT_EQ(node.former_gone().value_or(FormerGone{}).error, "");
    EXPECT_EQ(node.former_gone().value_or(FormerGone{}).routes, 5U);
    EXPECT_THAT(all(), Not(HasSubstr("10.244.99.0/24")));
    EXPECT_THAT(all(), Not(HasSubstr("fd00:10:299::/64")));
    if (next.table != settings().table) {
      EXPECT_EQ(routes() + routes6(), "");
    }
    if (next.protocol != settings().protocol) {
      EXPECT_THAT(all(), Not(HasSubstr("proto 179")));
    }
    node.wait_each({"10.244.1.0/24", "fd00:10:244::/64", "10.244.3.0/24"}, RouteStatus::Installed);
    node.stop(true);
    EXPECT_EQ(output("ip nexthop show"), "");
    EXPECT_THAT(all(), Not(HasSubstr("10.244.")));
    EXPECT_THAT(all(), Not(HasSubstr("fd00:10:")));
  }
}

TEST_P(KernelModes, RoutesOfARunThatInstalledGoWhereNothingIsInstalledNow) {
  {
    Node node(settings());
    node.define(2, {hop(1, "10.1.0.1")});
    node.route("10.244.1.0/24", 2);
    node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  }
  auto off = settings();
  off.install = false;
  Node node(off, {}, {}, {settings().mark()});
  eventually([&] { return node.former_gone().has_value(); }, [] { return routes() + objects(); }, 20s);
  EXPECT_EQ(routes() + objects(), "");
  EXPECT_EQ(node.former_gone().value_or(FormerGone{}).routes, 1U);
}

TEST_P(KernelModes, AdoptsByContentAfterRestartWithoutADeleteOrAWrite) {
  const auto wish = [](Node& node, std::uint32_t first_id) {
    node.define(first_id, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
    node.define(first_id + 1, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
    node.define(first_id + 2, {hop(2, "fd00:2::1")});
    node.route("10.244.3.0/24", kBlackhole.value());
    node.route("10.244.1.0/24", first_id);
    node.route("10.244.2.0/24", first_id + 1);
    node.route("fd00:10:244::/64", first_id + 2);
    node.route("fd00:10:244:3::/64", kBlackhole.value());
    node.wait_count(RouteStatus::Installed, 5);
  };
  {
    Node node(settings());
    wish(node, 2);
    node.route("10.244.99.0/24", 2);  // not wanted any more after the restart
    node.wait_status("10.244.99.0/24", RouteStatus::Installed);
  }
  const auto before = routes() + routes6();
  Witness witness;
  Node node(settings());
  wish(node, 7);
  witness.look();
  EXPECT_EQ(witness.deleted_routes + witness.new_routes, 0U) << "routes were written that were right";
  EXPECT_EQ(routes() + routes6(), before);
  node.fib.post(Converged{});
  eventually([] { return routes().find("10.244.99.0") == std::string::npos; }, [] { return routes(); });
  node.wait_state("synced");
  witness.look();
  EXPECT_EQ(witness.deleted_routes, 1U) << "only the stale one";
  EXPECT_EQ(witness.deleted_next_hops, 0U);
  EXPECT_EQ(node.counters().swept, 1U);
  EXPECT_EQ(node.counters().adopted, 6U);
}

TEST_P(KernelModes, AdoptsNextHopsThatAreSaidToBeOnTheirLinkWithoutADeleteOrAWrite) {
  const auto wish = [](Node& node) {
    node.define(2, {hop(1, "fd00:1::1")});
    node.define(3, {hop(1, "fd00:1::1"), hop(2, "fd00:2::1")});
    node.route("fd00:1::1/128", 2);
    node.wait_each({"fd00:1::1/128"}, RouteStatus::Installed);
    node.route("fd00:10:244::/64", 2);
    node.route("fd00:10:245::/64", 3);
    node.wait_count(RouteStatus::Installed, 3);
  };
  {
    Node node(settings());
    wish(node);
  }
  const auto before = routes6();
  const auto objects = output("ip nexthop show");
  Witness witness;
  Node node(settings());
  wish(node);
  node.fib.post(Converged{});
  node.wait_state("synced");
  witness.look();
  EXPECT_EQ(witness.deleted_routes + witness.new_routes + witness.deleted_next_hops, 0U);
  EXPECT_EQ(routes6(), before);
  EXPECT_EQ(output("ip nexthop show"), objects);
  EXPECT_EQ(node.counters().adopted, 3U);
}

TEST_P(KernelModes, ChangesBetweenObjectsAndPlainNextHopsWithoutADelete) {
  const auto wish = [](Node& node) {
    node.define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
    node.define(3, {hop(1, "fd00:1::1"), hop(2, "fd00:2::1")});
    node.route("10.244.1.0/24", 2);
    node.route("fd00:10:244::/64", 3);
    node.wait_count(RouteStatus::Installed, 2);
  };
  {
    Node node(settings());
    wish(node);
  }
  auto other = settings();
  other.nexthop_objects = !other.nexthop_objects;
  Witness witness;
  Node node(other);
  wish(node);
  EXPECT_EQ(routes().find("nhid") != std::string::npos, other.nexthop_objects);
  EXPECT_EQ(routes6().find("nhid") != std::string::npos, other.nexthop_objects);
  witness.look();
  EXPECT_EQ(witness.deleted_routes, 0U);
}

TEST_P(KernelModes, OwnBlockBlackholeStaysBehindTheBridgeInBothFamilies) {
  run("ip link add pods type bridge && ip link set pods up");
  run("ip link add pod0 type veth peer name pod1 && ip link set pod0 master pods up && ip link set pod1 up");
  run("ip addr add 10.244.3.1/24 dev pods && ip addr add fd00:10:244:3::1/64 dev pods nodad");
  Node node(settings());
  node.route("10.244.3.0/24", kBlackhole.value());
  node.route("fd00:10:244:3::/64", kBlackhole.value());
  node.wait_count(RouteStatus::Installed, 2);
  EXPECT_THAT(routes(), HasSubstr("blackhole 10.244.3.0/24"));
  EXPECT_THAT(routes6(), HasSubstr("blackhole fd00:10:244:3::/64"));
  EXPECT_THAT(output("ip route get 10.244.3.9"), HasSubstr("dev pods"));
  EXPECT_THAT(output("ip -6 route get fd00:10:244:3::9"), HasSubstr("dev pods"));
  // The bridge loses its address and gets it back: ours stays as it is, and nothing is left pending.
  run("ip addr del 10.244.3.1/24 dev pods && ip addr add 10.244.3.1/24 dev pods");
  node.wait_state("syncing");
  EXPECT_THAT(routes(), HasSubstr("blackhole 10.244.3.0/24"));
  EXPECT_EQ(node.counters().pending, 0U);
}

TEST_P(KernelModes, ABlackholeInsideAConnectedSubnetIsNotInstalledWhileItIsConnected) {
  Node node(settings());
  node.route("10.1.0.1/32", kBlackhole.value());  // the router next to us
  node.route("fd00:1::1/128", kBlackhole.value());
  node.wait_each({"10.1.0.1/32", "fd00:1::1/128"}, RouteStatus::Refused);
  EXPECT_EQ(node.status("10.1.0.1/32").reason,
            "10.1.0.1/32 lies within 10.1.0.0/24, which is connected on eth1: a blackhole would cut it off");
  EXPECT_THAT(output("ip route get 10.1.0.1"), HasSubstr("dev eth1"));
  EXPECT_THAT(output("ip -6 route get fd00:1::1"), HasSubstr("dev eth1"));
  run("ip addr del 10.1.0.11/24 dev eth1 && ip addr del fd00:1::11/64 dev eth1");
  node.wait_each({"10.1.0.1/32", "fd00:1::1/128"}, RouteStatus::Installed);
  run("ip addr add 10.1.0.11/24 dev eth1 && ip addr add fd00:1::11/64 dev eth1 nodad");
  node.wait_each({"10.1.0.1/32", "fd00:1::1/128"}, RouteStatus::Refused);
  EXPECT_THAT(output("ip route get 10.1.0.1"), HasSubstr("dev eth1"));
  run("ip link set eth1 down");
  node.wait_status("10.1.0.1/32", RouteStatus::Installed);
}

TEST_P(KernelModes, APrefixEqualToAConnectedOneIsNotTakenFromAPeer) {
  run("ip addr add 10.244.3.1/24 dev eth2 && ip addr add fd00:10:244:3::1/64 dev eth2 nodad");
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1")});
  node.define(3, {hop(1, "fd00:1::1")});
  node.route("10.244.3.0/24", 2);
  node.route("fd00:10:244:3::/64", 3);
  node.wait_each({"10.244.3.0/24", "fd00:10:244:3::/64"}, RouteStatus::Refused);
  EXPECT_EQ(node.status("10.244.3.0/24").reason, "10.244.3.0/24 is connected on eth2");
  EXPECT_THAT(routes() + routes6(), IsEmpty());
  run("ip addr del 10.244.3.1/24 dev eth2 && ip addr del fd00:10:244:3::1/64 dev eth2");
  node.wait_each({"10.244.3.0/24", "fd00:10:244:3::/64"}, RouteStatus::Installed);
  run("ip addr add 10.244.3.1/24 dev eth2");  // and back: ours gives way
  node.wait_status("10.244.3.0/24", RouteStatus::Refused);
  EXPECT_THAT(routes(), IsEmpty());
}

TEST_P(KernelModes, AForeignRouteOfOurMetricIsRespectedAndNamed) {
  run("ip route add 10.244.1.0/24 via 10.2.0.7 proto static metric 200");
  run("ip -6 route add fd00:10:244::/64 via fd00:2::7 proto zebra metric 2000");
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1")});
  node.define(3, {hop(1, "fd00:1::1")});
  node.route("10.244.1.0/24", 2);
  node.route("fd00:10:244::/64", 3);
  node.wait_each({"10.244.1.0/24", "fd00:10:244::/64"}, RouteStatus::Refused);
  EXPECT_EQ(node.status("10.244.1.0/24").reason, "EEXIST: 10.244.1.0/24 is held by proto static");
  EXPECT_THAT(node.status("fd00:10:244::/64").reason, HasSubstr("held by proto zebra"));
  EXPECT_THAT(output("ip route show 10.244.1.0/24"), HasSubstr("10.2.0.7"));
  run("ip route del 10.244.1.0/24 proto static && ip -6 route del fd00:10:244::/64 proto zebra");
  node.wait_each({"10.244.1.0/24", "fd00:10:244::/64"}, RouteStatus::Installed);
  run("ip route replace 10.244.1.0/24 via 10.2.0.7 proto static metric 200");  // overwritten: theirs again
  node.wait_status("10.244.1.0/24", RouteStatus::Refused);
  EXPECT_THAT(output("ip route show 10.244.1.0/24"), HasSubstr("proto static"));
}

// With the last IPv4 address of a link the kernel drops the IPv4 routes over it, and does not tell.
TEST_P(KernelModes, AnAddressThatGoesAndComesBackLeavesNoHole) {
  run("ip route add 10.9.0.0/24 via 10.1.0.7");
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1")});
  node.define(3, {hop(1, "10.9.0.1")});
  node.route("10.244.1.0/24", 2);
  node.route("10.244.2.0/24", 3);
  node.wait_each({"10.244.1.0/24", "10.244.2.0/24"}, RouteStatus::Installed);
  run("printf 'addr del 10.1.0.11/24 dev eth1\\naddr add 10.1.0.11/24 dev eth1\\n' | ip -batch -");
  eventually([] { return !output("ip route show 10.244.1.0/24").empty(); }, [] { return routes(); });
  node.wait_status("10.244.2.0/24", RouteStatus::Pending);  // the way to its next hop was somebody's, who has to bring it back
  EXPECT_EQ(node.status("10.244.2.0/24").reason, "no route covers 10.9.0.1");
}

TEST_P(KernelModes, AForeignNexthopObjectThatGoesTakesItsRoutesAlong) {
  run("ip nexthop add id 5 via 10.2.0.7 dev eth2 && ip route add 10.9.0.0/24 nhid 5 && ip route add 10.244.2.0/24 nhid 5 metric 200");
  Node node(settings());
  node.define(2, {hop(1, "10.9.0.1")});
  node.define(3, {hop(1, "10.1.0.1")});
  node.route("10.244.1.0/24", 2);
  node.route("10.244.2.0/24", 3);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  node.wait_status("10.244.2.0/24", RouteStatus::Refused);
  run("ip nexthop del id 5");
  node.wait_status("10.244.1.0/24", RouteStatus::Pending);
  EXPECT_EQ(node.status("10.244.1.0/24").reason, "no route covers 10.9.0.1");
  node.wait_status("10.244.2.0/24", RouteStatus::Installed);
}

TEST_P(KernelModes, LossOfCarrierLeadsToTheBackupAtOnceAndBackWithTheLink) {
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.define(3, {hop(1, "fd00:1::1")}, {hop(2, "fd00:2::1")});
  node.define(4, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  node.define(5, {hop(1, "10.1.0.1")});
  node.route("10.244.1.0/24", 2);
  node.route("fd00:10:244::/64", 3);
  node.route("10.244.2.0/24", 4);
  node.route("10.244.4.0/24", 5);
  node.wait_count(RouteStatus::Installed, 4);
  const auto all = [] { return routes() + routes6(); };
  for (const std::string down : {"tor1", "eth1"}) {  // carrier, then the link itself
    SCOPED_TRACE(down);
    run("ip link set " + down + " down");
    eventually([&] { return output("ip route show 10.244.1.0/24").find("dev eth2") != std::string::npos; }, all);
    eventually([&] { return output("ip -6 route show fd00:10:244::/64").find("dev eth2") != std::string::npos; }, all);
    eventually([&] { return routes().find("eth1") == std::string::npos; }, all);
    EXPECT_THAT(output("ip route show 10.244.2.0/24"), HasSubstr("dev eth2"));
    node.wait_status("10.244.4.0/24", RouteStatus::Pending);
    EXPECT_THAT(node.status("10.244.4.0/24").reason, testing::AnyOf(HasSubstr("eth1"), HasSubstr("no route covers")));
    run("ip link set " + down + " up");
    if (down == "eth1") run("ip addr replace fd00:1::11/64 dev eth1 nodad");
    node.wait_status("10.244.4.0/24", RouteStatus::Installed);
    eventually([&] { return output("ip route show 10.244.1.0/24").find("dev eth1") != std::string::npos; }, all);
    eventually([&] { return output("ip -6 route show fd00:10:244::/64").find("dev eth1") != std::string::npos; }, all);
    eventually([&] { return output("ip route show 10.244.2.0/24").find("dev eth1") != std::string::npos; }, all);
    EXPECT_THAT(output("ip route show 10.244.2.0/24"), HasSubstr("dev eth2"));
    EXPECT_THAT(output("ip route show 10.244.1.0/24"), Not(HasSubstr("eth2")));
  }
}

TEST_P(KernelModes, RepairsWhatOthersDelete) {
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1")});
  node.routes(many(500), 2);
  node.route("fd00:10:244::/64", kBlackhole.value());
  node.wait_count(RouteStatus::Installed, 501);
  run("ip -6 route del blackhole fd00:10:244::/64");
  run("for p in $(ip route show proto 179 | cut -d' ' -f1); do echo route del $p proto 179; done | ip -batch -");
  const auto lines = [] { return static_cast<std::size_t>(std::ranges::count(routes() + routes6(), '\n')); };
  eventually([&] { return lines() == 501; }, [&] { return std::to_string(lines()); });
  if (!GetParam()) return;
  output("ip nexthop flush proto 179");  // fails half-way: a group went with its member

  eventually([&] { return lines() == 501; }, [&] { return std::to_string(lines()) + objects(); });
  output("ip nexthop flush proto 179");  // fails half-way: a group went with its member
  // again, while it still remembers
  eventually([&] { return lines() == 501; }, [&] { return std::to_string(lines()) + objects(); });
}

TEST_P(KernelModes, StopRemovesEverythingOfOursWhenAsked) {
  run("ip nexthop add id 5 via 10.2.0.7 dev eth2 proto 186 && ip route add 10.250.0.0/16 nhid 5 proto 186");
  Node node(settings());
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.routes(many(1500), 2);
  node.route("fd00:10:244::/64", kBlackhole.value());
  node.wait_count(RouteStatus::Installed, 1501);
  node.stop(true);
  EXPECT_THAT(routes() + routes6(), IsEmpty());
  EXPECT_THAT(objects(), IsEmpty());
  EXPECT_THAT(output("ip nexthop show"), HasSubstr("id 5 via 10.2.0.7"));
  EXPECT_THAT(output("ip route show proto 186"), HasSubstr("10.250.0.0/16"));
}

TEST_P(KernelModes, SaysWhyTheKernelRefuses) {
  Node node(settings());
  run("ip addr add 10.1.0.12/24 broadcast 10.1.0.77 dev eth1");  // of which only the kernel knows
  node.define(2, {hop(1, "10.1.0.77")});
  node.route("10.244.1.0/24", 2);
  eventually([&] { return node.status("10.244.1.0/24").reason.find("gateway") != std::string::npos; },
             [&] { return node.status("10.244.1.0/24").reason; });
  EXPECT_THAT(node.status("10.244.1.0/24").reason, HasSubstr("EINVAL: Nexthop has invalid gateway"));
  EXPECT_EQ(node.status("10.244.1.0/24").status, RouteStatus::Refused);
  eventually([&] { return node.counters().refused == 1 && node.counters().pending == 0; },
             [&] { return fmt::format("{} refused, {} pending", node.counters().refused, node.counters().pending); });
  node.fib.post(dump_page(1));
  eventually([&] { return !node.dumped().empty(); }, [] { return "no dump"; });
  EXPECT_EQ(node.dumped()[0].status, RouteStatus::Refused);
  EXPECT_THAT(node.dumped()[0].reason, HasSubstr("EINVAL: Nexthop has invalid gateway"));
}

INSTANTIATE_TEST_SUITE_P(Modes, KernelModes, testing::Bool(), mode_name);

}  // namespace
}  // namespace podbgp::fib::test

// Resolution of next hops, as routes and core see it.
#include "planner_fixture.hpp"

namespace podbgp::fib::test {
namespace {

TEST_F(PlannerTest, AForeignNexthopGroupResolvesARecursiveNextHop) {
  kernel.objects[7] = {4, false, {address("10.2.0.1"), 2}, {}};
  kernel.objects[8] = {4, false, {address("10.3.0.1"), 3}, {}};
  kernel.objects[9] = {4, true, {}, {7, 8}};
  kernel.routes[{prefix("10.9.0.0/16"), 50}] = {4, false, 9, {}};
  restart();
  define(2, {hop(1, "10.9.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.2.0.1@2 10.3.0.1@3");
  kernel.link_down(2, false);  // the foreign object goes without a word
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.3.0.1@3");
  kernel.link_down(3, false);
  (void)work();
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Pending);
}

TEST_F(PlannerTest, ABlackholeOnTheWayToTheNextHopIsSaid) {
  kernel.routes[{prefix("10.9.0.0/16"), 50}] = {4, true, 0, {}};
  restart();
  define(2, {hop(1, "10.9.0.1")});
  define(3, {hop(1, "0.0.0.0")});
  define(4, {hop(1, "10.8.0.1")});
  route("10.244.1.0/24", 2);
  route("10.244.2.0/24", 3);
  route("10.244.3.0/24", 4);
  (void)work();
  EXPECT_EQ(reason("10.244.1.0/24"), "10.9.0.0/16 has a blackhole route");
  EXPECT_EQ(reason("10.244.2.0/24"), "0.0.0.0 cannot be a next hop");
  EXPECT_EQ(reason("10.244.3.0/24"), "no route covers 10.8.0.1");
}

// RFC 4271 §6.3: what no host has is no next hop. A /31 has two hosts (RFC 3021).
TEST_F(PlannerTest, TheBroadcastAddressOfASubnetIsNoNextHop) {
  kernel.add_link(7, "eth7", {prefix("10.7.0.0/31"), prefix("10.7.8.0/25")});
  restart();
  int id = 2;
  for (const char* gateway : {"10.1.0.0", "10.1.0.255", "10.7.0.1", "10.7.8.127", "10.7.8.126"}) {
    define(static_cast<std::uint32_t>(id), {hop(1, gateway)});
    route(fmt::format("10.244.{}.0/24", id), static_cast<std::uint32_t>(id));
    ++id;
  }
  (void)work();
  EXPECT_EQ(forwarding("10.244.2.0/24"), "10.1.0.0@1");
  EXPECT_EQ(reason("10.244.3.0/24"), "10.1.0.255 is the broadcast address of 10.1.0.0/24");
  EXPECT_EQ(forwarding("10.244.4.0/24"), "10.7.0.1@7");
  EXPECT_EQ(reason("10.244.5.0/24"), "10.7.8.127 is the broadcast address of 10.7.8.0/25");
  EXPECT_EQ(forwarding("10.244.6.0/24"), "10.7.8.126@7");
}

TEST_F(PlannerTest, SaysWhetherANextHopIsOnALinkOrBehindAGateway) {
  kernel.routes[{prefix("10.9.0.0/16"), 50}] = {4, false, 0, {{true, address("10.2.0.1"), 2}}};
  restart();
  planner->track({address("10.9.0.1"), {}});
  planner->track({address("10.2.0.1"), {}});
  (void)work();
  std::map<net::IpAddress, bool> connected;
  for (const auto& event : events)
    if (const auto* told = std::get_if<NextHopState>(&event)) connected[told->next_hop.gateway] = told->connected;
  EXPECT_EQ(connected, (std::map<net::IpAddress, bool>{{address("10.9.0.1"), false}, {address("10.2.0.1"), true}}));
}

TEST_F(PlannerTest, InterfacesAreFoundByNameForLinkLocalNextHops) {
  planner->define(HopSetId{2}, {{{net::PeerId{1}, {address("fe80::1"), "eth2"}}}, {}});
  planner->define(HopSetId{3}, {{{net::PeerId{1}, {address("fe80::1"), "eth9"}}}, {}});
  route("fd00:244:1::/64", 2);
  route("fd00:244:2::/64", 3);
  (void)work();
  EXPECT_EQ(forwarding("fd00:244:1::/64"), "fe80::1@2");
  EXPECT_EQ(reason("fd00:244:2::/64"), "interface eth9 does not exist");
}

TEST_F(PlannerTest, AGatewayThatDoesNotAnswerIsUsedLastAndProbed) {
  define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  define(3, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  route("10.244.1.0/24", 2);
  route("10.244.2.0/24", 3);
  (void)work();
  kernel.notifications.push_back(NeighbourFact{1, address("10.1.0.1"), true, false});
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.2.0.1@2");
  EXPECT_EQ(forwarding("10.244.2.0/24"), "10.2.0.1@2");
  pass(11s);
  EXPECT_GE(std::ranges::count(kernel.log, OpKind::ProbeNeighbour, &KernelOp::kind), 2);
  kernel.notifications.push_back(NeighbourFact{2, address("10.2.0.1"), true, false});  // now neither answers
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  kernel.notifications.push_back(NeighbourFact{1, address("10.1.0.1"), false, false});
  (void)work();
  EXPECT_EQ(forwarding("10.244.2.0/24"), "10.1.0.1@1");
}

TEST_F(PlannerTest, TracksNextHopsAndTellsChangesOnly) {
  planner->track({address("10.1.0.1"), {}});
  (void)work();
  EXPECT_EQ(count<NextHopState>(), 1U);
  kernel.notifications.push_back(NeighbourFact{1, address("10.1.0.77"), true, false});
  (void)work();
  EXPECT_EQ(count<NextHopState>(), 1U);
  kernel.link_down(1, true);
  (void)work();
  EXPECT_EQ(count<NextHopState>(), 2U);
  planner->untrack({address("10.1.0.1"), {}});
  kernel.link_up(1);
  (void)work();
  EXPECT_EQ(count<NextHopState>(), 2U);
  EXPECT_EQ(count<LinkUp>(), 1U);
  planner->untrack({address("10.77.0.1"), {}});  // never tracked
}

TEST_F(PlannerTest, TellsLinksThatCarryNothingNow) {
  kernel.link_down(1, true);
  (void)work();
  ASSERT_EQ(count<LinkDown>(), 1U);
  kernel.link_down(2, false);
  (void)work();
  EXPECT_EQ(count<LinkDown>(), 2U);
  kernel.link_up(1);
  (void)work();
  EXPECT_EQ(count<LinkDown>(), 2U);
}

// An overrun may have swallowed the message.
TEST_F(PlannerTest, TellsLinksThatADumpShowsDown) {
  kernel.link_down(1, true);
  kernel.notifications.clear();
  kernel.dump_to(*planner);
  (void)work();
  EXPECT_EQ(count<LinkDown>(), 1U);
  kernel.dump_to(*planner);
  (void)work();
  EXPECT_EQ(count<LinkDown>(), 1U);
}

}  // namespace
}  // namespace podbgp::fib::test

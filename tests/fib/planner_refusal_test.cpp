// What the kernel refuses, and what is kept from it: shown with its reason, counted, tried again.
#include "planner_fixture.hpp"

namespace podbgp::fib::test {
namespace {

using testing::HasSubstr;

TEST_F(PlannerTest, AnObjectTheKernelRefusesSendsRoutesOverTheOthersAndIsTriedAgain) {
  define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  define(3, {hop(1, "10.1.0.1")});
  failures[OpKind::NewNextHop] = EINVAL;
  route("10.244.1.0/24", 2);
  route("10.244.2.0/24", 3);
  (void)work();
  EXPECT_EQ(reason("10.244.2.0/24"), "EINVAL: so it is");
  EXPECT_EQ(state("10.244.2.0/24"), RouteStatus::Refused);
  EXPECT_EQ(dumped("10.244.2.0/24").status, RouteStatus::Refused);
  EXPECT_EQ(dumped("10.244.2.0/24").reason, "EINVAL: so it is");
  EXPECT_EQ(planner->counters().refused, 2U);
  EXPECT_EQ(planner->counters().pending, 0U);
  const auto told = count<RouteResults>();
  pass(3s);  // each try ends the same way: nothing new to tell
  EXPECT_EQ(count<RouteResults>(), told);
  failures.clear();
  pass(5s);
  EXPECT_EQ(planner->counters().refused, 0U);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1 10.2.0.1@2");
  EXPECT_EQ(state("10.244.2.0/24"), RouteStatus::Installed);
}

// The kernel has no words for a missing capability; those of its modules, where they have some, are better.
TEST_F(PlannerTest, ARefusalWithoutWordsForWantOfACapabilityNamesIt) {
  define(2, {hop(1, "10.1.0.1")});
  failures[OpKind::NewNextHop] = EPERM;
  failure_text.clear();
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(reason("10.244.1.0/24"), "EPERM: podbgpd was started without CAP_NET_ADMIN");
  failures[OpKind::NewNextHop] = EACCES;
  define(3, {hop(2, "10.2.0.1")});
  route("10.244.2.0/24", 3);
  (void)work();
  EXPECT_EQ(reason("10.244.2.0/24"), "EACCES");
}

TEST_F(PlannerTest, AGroupTheKernelRefusesIsTriedAgainWithGrowingPatience) {
  define(2, {hop(1, "10.1.0.1")});
  failures[OpKind::NewGroup] = EINVAL;
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Refused);
  EXPECT_EQ(reason("10.244.1.0/24"), "EINVAL: so it is");
  EXPECT_EQ(dumped("10.244.1.0/24").reason, "EINVAL: so it is");
  EXPECT_EQ(planner->counters().refused, 1U);
  pass(20s);
  const auto tries = std::ranges::count(kernel.log, OpKind::NewGroup, &KernelOp::kind);
  EXPECT_LT(tries, 12);
  failures.clear();
  pass(70s);
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Installed);
}

// The kernel looks IPv6 gateways up in its table, in which the peer's own address may be a route of ours.
TEST_F(PlannerTest, AGatewayThatAPeerAnnouncesAsAHostRouteIsSaidToBeOnItsLinkAndOnlyThen) {
  define(2, {hop(2, "fd00:2::1")});
  route("fd00:1::1/128", 2);
  (void)work();
  EXPECT_EQ(std::ranges::count(kernel.log, true, &KernelOp::on_link), 0);
  define(3, {hop(1, "fd00:1::1")});
  route("fd00:10:244::/64", 3);
  (void)work();
  EXPECT_EQ(forwarding("fd00:10:244::/64"), "fd00:1::1@1");
  EXPECT_EQ(std::ranges::count(kernel.log, true, &KernelOp::on_link), 1);
  EXPECT_EQ(planner->counters().refused, 0U);
}

TEST_F(PlannerTest, PlainRoutesOfOneBatchOverAHostRouteAreAllCuredAtOnce) {
  settings.nexthop_objects = false;
  restart();
  define(2, {hop(2, "fd00:2::1")});
  route("fd00:1::1/128", 2);
  (void)work();
  define(3, {hop(1, "fd00:1::1")});
  for (int i = 0; i < 8; ++i) route(fmt::format("fd00:10:{}::/64", 244 + i), 3);
  (void)work();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(state(fmt::format("fd00:10:{}::/64", 244 + i)), RouteStatus::Installed) << i;
  EXPECT_EQ(planner->counters().refused, 0U);
}

TEST_F(PlannerTest, ARefusalThatTheLinkDoesNotCureIsTriedBothWaysAndShown) {
  define(3, {hop(1, "fd00:1::1")});
  failures[OpKind::NewNextHop] = EHOSTUNREACH;
  route("fd00:10:244::/64", 3);
  (void)work();
  EXPECT_EQ(state("fd00:10:244::/64"), RouteStatus::Refused);
  EXPECT_EQ(reason("fd00:10:244::/64"), "EHOSTUNREACH: so it is");
  pass(20s);
  const auto tries = std::ranges::count(kernel.log, OpKind::NewNextHop, &KernelOp::kind);
  EXPECT_LT(tries, 24);
  failures.clear();
  pass(70s);
  EXPECT_EQ(state("fd00:10:244::/64"), RouteStatus::Installed);
}

TEST_F(PlannerTest, AnIdThatSomebodyElseTookIsSteppedAround) {
  kernel.objects[179'000'000] = {186, false, {address("10.3.0.9"), 3}, {}};  // not in the dump: it came a moment ago
  const auto foreign = kernel.objects.at(179'000'000);
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_EQ(kernel.objects.at(179'000'000), foreign);
}

TEST_F(PlannerTest, ARouteTheKernelRefusesIsShownAndTriedAgain) {
  define(2, {hop(1, "10.1.0.1")});
  failures[OpKind::AddRoute] = ENOMEM;
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Refused);
  EXPECT_EQ(reason("10.244.1.0/24"), "ENOMEM: so it is");
  EXPECT_EQ(planner->counters().refused, 1U);
  failures.clear();
  pass(21s);
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Installed);
  EXPECT_EQ(planner->counters().refused, 0U);
}

TEST_F(PlannerTest, ANextHopThatWasRefusedIsTriedAgainWhenItsLinkGetsAnAddress) {
  define(2, {hop(1, "10.1.0.1")});
  failures[OpKind::NewNextHop] = EINVAL;
  route("10.244.1.0/24", 2);
  pass(30s);  // the next try is far away
  failures.clear();
  kernel.notifications.push_back(AddressFact{1, address("10.1.0.12"), 24, false});
  (void)work();
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Installed);
}

TEST_F(PlannerTest, ARouteThatIsWantedAndNotThereIsPendingUntilItIs) {
  define(2, {hop(1, "10.77.0.1")});
  route("10.244.1.0/24", 2);
  EXPECT_EQ(planner->counters().pending, 1U) << "nothing was tried yet";
  pass(2s);
  EXPECT_EQ(told_counters().pending, 1U);
  define(3, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 3);
  pass(2s);
  EXPECT_EQ(told_counters().pending, 0U);
  route("10.244.2.0/24", 2);
  route("10.244.2.0/24", 0);
  pass(2s);
  EXPECT_EQ(told_counters().pending, 0U);
}

// The counters were those of the moment, and that moment could be the one in which a route was looked at again.
TEST_F(PlannerTest, ThePendingCounterDoesNotStickWhenAnAddressComesBack) {
  route("10.1.0.0/24", kBlackhole.value());
  pass(2s);
  route("10.244.9.0/24", kBlackhole.value());
  (void)work();
  now += 2s;
  kernel.foreign_delete(prefix("10.1.0.0/24"), 0);
  kernel.foreign_add(prefix("10.1.0.0/24"), 0, kernel.subnet(1));
  pass(5s);
  EXPECT_EQ(told_counters().pending, 0U);
  EXPECT_EQ(told_counters().refused, 0U);
}

TEST_F(PlannerTest, ABlackholeInsideAConnectedSubnetIsRefusedAndFollowsTheAddress) {
  route("10.1.0.77/32", kBlackhole.value());
  route("fd00:1::77/128", kBlackhole.value());
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.77/32"), "none");
  EXPECT_EQ(forwarding("fd00:1::77/128"), "none");
  EXPECT_EQ(state("10.1.0.77/32"), RouteStatus::Refused);
  EXPECT_EQ(reason("10.1.0.77/32"),
            "10.1.0.77/32 lies within 10.1.0.0/24, which is connected on eth1: a blackhole would cut it off");
  EXPECT_EQ(dumped("10.1.0.77/32").reason, reason("10.1.0.77/32"));
  EXPECT_THAT(reason("fd00:1::77/128"), HasSubstr("within fd00:1::/64, which is connected on eth1"));
  kernel.foreign_delete(prefix("10.1.0.0/24"), 0);
  kernel.foreign_delete(prefix("fd00:1::/64"), 256);
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.77/32"), "blackhole");
  EXPECT_EQ(forwarding("fd00:1::77/128"), "blackhole");
  EXPECT_EQ(state("10.1.0.77/32"), RouteStatus::Installed);
  kernel.foreign_add(prefix("10.1.0.0/24"), 0, kernel.subnet(1));
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.77/32"), "none");
  EXPECT_EQ(state("10.1.0.77/32"), RouteStatus::Refused);
  kernel.link_down(1, true);  // the subnet goes without a word of its own
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.77/32"), "blackhole");
}

TEST_F(PlannerTest, ABlackholeThatIsAConnectedSubnetStaysBehindItAlsoWithinALargerOne) {
  kernel.foreign_add(prefix("10.0.0.0/8"), 0, kernel.subnet(3));
  route("10.1.0.0/24", kBlackhole.value());
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.0/24"), "blackhole");
  kernel.foreign_delete(prefix("10.1.0.0/24"), 0);  // now it would take packets from the larger one
  (void)work();
  EXPECT_THAT(reason("10.1.0.0/24"), HasSubstr("within 10.0.0.0/8, which is connected on eth3"));
  EXPECT_EQ(forwarding("10.1.0.0/24"), "none");
}

TEST_F(PlannerTest, ARouteThatSomebodyPutOnADeviceIsNoSubnetForBlackholes) {
  auto tunnel = kernel.subnet(3);
  tunnel.protocol = 3;  // "boot": ip route add without a protocol, as wg-quick does
  kernel.foreign_add(prefix("10.244.0.0/16"), 0, tunnel);
  auto uplink = kernel.subnet(3);
  kernel.foreign_add(prefix("0.0.0.0/0"), 0, uplink);  // the default route is none either
  route("10.244.1.0/24", kBlackhole.value());
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "blackhole");
}

TEST_F(PlannerTest, ABlackholeFoundAtStartOrHiddenByAMissedAddressIsWithdrawn) {
  kernel.routes[kernel.key(prefix("10.1.0.77/32"))] = {179, true, 0, {}};
  restart();
  route("10.1.0.77/32", kBlackhole.value());
  route("10.99.0.77/32", kBlackhole.value());
  define(2, {hop(1, "10.1.0.1")});
  route("10.98.0.0/24", 2);
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.77/32"), "none");
  EXPECT_EQ(state("10.1.0.77/32"), RouteStatus::Refused);
  kernel.foreign_add(prefix("10.99.0.0/24"), 0, kernel.subnet(2));
  kernel.foreign_add(prefix("10.98.0.0/24"), 0, kernel.subnet(2));
  kernel.notifications.clear();  // lost in an overrun
  kernel.dump_to(*planner);
  (void)work();
  EXPECT_EQ(state("10.99.0.77/32"), RouteStatus::Refused);
  EXPECT_EQ(forwarding("10.99.0.77/32"), "none");
  EXPECT_EQ(reason("10.98.0.0/24"), "10.98.0.0/24 is connected on eth2");
}

TEST_F(PlannerTest, APeersRouteInsideAConnectedSubnetIsAHostRoute) {
  define(2, {hop(1, "10.2.0.1")});
  route("10.1.0.77/32", 2);
  (void)work();
  EXPECT_EQ(forwarding("10.1.0.77/32"), "10.2.0.1@2");
}

}  // namespace
}  // namespace podbgp::fib::test

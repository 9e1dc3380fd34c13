// What runs with another table, protocol or metric left in the kernel.
#include "planner_fixture.hpp"

namespace podbgp::fib::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class FormerRun : public PlannerTest {
 protected:
  // The planner of this run over what is in the kernel, which one with `mark` wrote.
  void restart_after(Mark mark) {
    former = {mark};
    kernel.former_protocols = {mark.protocol};
    restart();
  }
  void left(const std::string& text, std::uint32_t metric, std::uint8_t protocol, FakeKernel::Route route) {
    route.protocol = protocol;
    kernel.routes[{prefix(text), metric}] = std::move(route);
  }
  static FakeKernel::Route via(const char* gateway, std::uint32_t ifindex) {
    return {179, false, 0, {{true, address(gateway), ifindex}}};
  }
  bool has(const std::string& text, std::uint32_t metric) { return kernel.routes.contains({prefix(text), metric}); }
  std::vector<FormerGone> gone() {
    std::vector<FormerGone> all;
    for (const auto& event : events)
      if (const auto* one = std::get_if<FormerGone>(&event)) all.push_back(*one);
    return all;
  }
  static Mark mark(std::uint8_t protocol, std::uint32_t metric_v4, std::uint32_t metric_v6) {
    return {254, protocol, metric_v4, metric_v6};
  }
};

TEST_F(FormerRun, WithAnotherMetricForwardsUntilItsSuccessorStandsOrTheSweep) {
  left("10.244.1.0/24", 100, 179, via("10.1.0.1", 1));
  left("10.244.9.0/24", 100, 179, via("10.1.0.1", 1));
  left("fd00:10:244::/64", 1500, 179, via("fd00:1::1", 1));
  restart_after(mark(179, 100, 1500));
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_FALSE(has("10.244.1.0/24", 100)) << "it would win over ours";
  EXPECT_TRUE(has("10.244.9.0/24", 100) && has("fd00:10:244::/64", 1500));
  EXPECT_THAT(gone(), IsEmpty());
  planner->converged();
  pass(10s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_FALSE(has("10.244.1.0/24", 100) || has("10.244.9.0/24", 100) || has("fd00:10:244::/64", 1500));
  ASSERT_EQ(gone().size(), 1U);
  EXPECT_EQ(gone()[0].routes, 3U);
  EXPECT_EQ(gone()[0].error, "");
  EXPECT_EQ(planner->counters().swept, 3U);
  EXPECT_THAT(kernel.violations, IsEmpty());
}

TEST_F(FormerRun, RouteGoesWithTheWithdrawalOfItsPrefix) {
  left("10.244.1.0/24", 100, 179, via("10.1.0.1", 1));
  left("10.244.2.0/24", 200, 180, via("10.1.0.1", 1));
  left("10.244.9.0/24", 100, 179, via("10.1.0.1", 1));
  former = {mark(179, 100, 1500), mark(180, 200, 2000)};
  restart();
  route("10.244.1.0/24", 0);
  route("10.244.2.0/24", 0);
  (void)work();
  EXPECT_FALSE(has("10.244.1.0/24", 100) || has("10.244.2.0/24", 200));
  EXPECT_TRUE(has("10.244.9.0/24", 100));
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(FormerRun, RouteBesideOneThatIsAdoptedGoesWhenThatOneIsAskedFor) {
  left("10.244.1.0/24", 100, 179, via("10.1.0.1", 1));
  left("10.244.1.0/24", 200, 179, via("10.1.0.1", 1));
  settings.nexthop_objects = false;
  restart_after(mark(179, 100, 1500));
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  for (const auto& op : work()) EXPECT_EQ(op.kind, OpKind::DeleteFormer);
  EXPECT_FALSE(has("10.244.1.0/24", 100));
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
}

TEST_F(FormerRun, RouteThatADumpShowsAgainBesideOursGoes) {
  restart_after(mark(179, 100, 1500));
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  left("10.244.1.0/24", 100, 179, via("10.1.0.1", 1));
  kernel.dump_to(*planner);
  (void)work();
  EXPECT_FALSE(has("10.244.1.0/24", 100));
}

// Another podbgpd of this host, with another table and the same protocol.
TEST_F(FormerRun, ObjectsThatOthersMakeMeanwhileStay) {
  restart_after(mark(180, 200, 2000));
  kernel.objects[179'000'500] = {180, false, {address("10.1.0.1"), 1}, {}};
  planner->fact(NextHopFact{.id = 179'000'500, .protocol = 180, .group = false, .plain_unicast = true,
                            .hop = {true, address("10.1.0.1"), 1}, .members = {}, .port = 4711, .gone = false});
  kernel.dump_to(*planner);
  planner->converged();
  pass(20s);
  EXPECT_TRUE(kernel.objects.contains(179'000'500));
  EXPECT_EQ(gone().size(), 1U);
}

TEST_F(FormerRun, WithAnotherMetricInOneFamilyLeavesTheOtherFamilyAdopted) {
  left("10.244.1.0/24", 100, 179, via("10.1.0.1", 1));
  left("fd00:10:244::/64", 2000, 179, via("fd00:1::1", 1));
  restart_after(mark(179, 100, 2000));
  EXPECT_EQ(planner->counters().adopted, 1U);
  planner->converged();
  pass(10s);
  EXPECT_FALSE(has("10.244.1.0/24", 100) || has("fd00:10:244::/64", 2000));
  EXPECT_EQ(planner->counters().swept, 2U);
}

TEST_F(FormerRun, WithAnotherProtocolIsWrittenOverInPlaceAndNeverTakenAwayBefore) {
  kernel.objects[179'000'010] = {180, false, {address("10.1.0.1"), 1}, {}};
  kernel.objects[179'000'020] = {180, true, {}, {179'000'010}};
  left("10.244.1.0/24", 200, 180, {180, false, 179'000'020, {}});
  left("10.244.9.0/24", 200, 180, {180, false, 179'000'020, {}});
  left("fd00:10:244::/64", 2000, 180, via("fd00:1::1", 1));
  restart_after(mark(180, 200, 2000));
  define(2, {hop(1, "10.1.0.1")});
  define(3, {hop(1, "fd00:1::1")});
  route("10.244.1.0/24", 2);
  route("fd00:10:244::/64", 3);
  for (const auto& op : work()) {
    EXPECT_NE(op.kind, OpKind::AddRoute) << fmt::format("{}", op.prefix);
    EXPECT_NE(op.kind, OpKind::DeleteFormer) << fmt::format("{}", op.prefix);
  }
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_EQ(forwarding("fd00:10:244::/64"), "fd00:1::1@1");
  EXPECT_EQ(forwarding("10.244.9.0/24"), "proto 180");
  planner->converged();
  pass(20s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_FALSE(has("10.244.9.0/24", 200));
  for (const auto& [id, object] : kernel.objects) EXPECT_EQ(object.protocol, 179) << id;
  EXPECT_EQ(kernel.objects.size(), 4U) << "a single and a group for each family";
  ASSERT_EQ(gone().size(), 1U);
  EXPECT_EQ(gone()[0].routes, 3U);
  EXPECT_EQ(gone()[0].nexthop_objects, 2U);
  EXPECT_THAT(kernel.violations, IsEmpty());
}

TEST_F(FormerRun, RouteThatWentMeanwhileIsAddedAnew) {
  left("10.244.1.0/24", 200, 180, via("10.1.0.1", 1));
  restart_after(mark(180, 200, 2000));
  kernel.foreign_delete(prefix("10.244.1.0/24"), 200);
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Installed);
}

TEST_F(FormerRun, RoutesResolveNoNextHop) {
  left("172.16.0.0/16", 100, 179, via("10.1.0.1", 1));
  restart_after(mark(179, 100, 2000));
  planner->track({address("172.16.0.7"), {}});
  (void)work();
  std::vector<NextHopState> told;
  for (const auto& event : events)
    if (const auto* s = std::get_if<NextHopState>(&event)) told.push_back(*s);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_FALSE(told[0].reachable);
  EXPECT_EQ(told[0].reason, "no route covers 172.16.0.7");
}

TEST_F(FormerRun, WhatHasAnotherMarkStays) {
  left("10.244.1.0/24", 101, 179, via("10.1.0.1", 1));  // another metric
  left("10.244.2.0/24", 100, 4, via("10.1.0.1", 1));    // another protocol
  kernel.objects[179'000'010] = {4, false, {address("10.1.0.1"), 1}, {}};
  const auto before = kernel.routes;
  restart_after(mark(179, 100, 1500));
  planner->converged();
  pass(20s);
  EXPECT_EQ(kernel.routes, before);
  EXPECT_TRUE(kernel.objects.contains(179'000'010));
  ASSERT_EQ(gone().size(), 1U);
  EXPECT_EQ(gone()[0].routes, 0U);
}

TEST_F(FormerRun, IsOverOnceItsRoutesAreGone) {
  restart_after(mark(179, 100, 1500));
  planner->converged();
  pass(10s);
  ASSERT_EQ(gone().size(), 1U);
  kernel.foreign_add(prefix("172.16.0.0/16"), 100, via("10.1.0.1", 1));  // somebody's, from now on
  pass(10s);
  EXPECT_TRUE(has("172.16.0.0/16", 100));
  EXPECT_EQ(gone().size(), 1U);
}

TEST_F(FormerRun, ObjectsThatOthersUseStay) {
  kernel.objects[179'000'010] = {180, false, {address("10.1.0.1"), 1}, {}};
  left("172.16.0.0/16", 10, 4, {4, false, 179'000'010, {}});
  restart_after(mark(180, 200, 2000));
  planner->converged();
  pass(20s);
  EXPECT_TRUE(kernel.objects.contains(179'000'010));
  EXPECT_EQ(gone().size(), 1U);
  EXPECT_THAT(kernel.violations, IsEmpty());
}

TEST_F(FormerRun, RoutesGoAtAStopThatRemovesRoutes) {
  kernel.objects[179'000'010] = {180, false, {address("10.1.0.1"), 1}, {}};
  kernel.objects[179'000'011] = {180, false, {address("10.2.0.1"), 2}, {}};
  kernel.objects[179'000'020] = {180, true, {}, {179'000'010, 179'000'011}};
  left("10.244.9.0/24", 100, 180, {180, false, 179'000'020, {}});
  restart_after(mark(180, 100, 1500));
  define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  planner->stop(true);
  pass(5s);
  EXPECT_EQ(count<Stopped>(), 1U);
  EXPECT_FALSE(has("10.244.9.0/24", 100));
  EXPECT_THAT(kernel.objects, IsEmpty());
  EXPECT_EQ(gone().size(), 1U);
}

TEST_F(FormerRun, RoutesStayAtAStopThatKeepsRoutes) {
  left("10.244.9.0/24", 100, 179, via("10.1.0.1", 1));
  restart_after(mark(179, 100, 1500));
  planner->stop(false);
  (void)work();
  EXPECT_EQ(count<Stopped>(), 1U);
  EXPECT_TRUE(has("10.244.9.0/24", 100));
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(FormerRun, RoutesThatTheKernelDoesNotGiveUpAreTold) {
  left("10.244.9.0/24", 100, 179, via("10.1.0.1", 1));
  restart_after(mark(179, 100, 1500));
  failures[OpKind::DeleteFormer] = EPERM;
  planner->converged();
  pass(10s);
  ASSERT_EQ(gone().size(), 1U);
  EXPECT_THAT(gone()[0].error, HasSubstr("EPERM"));
}

TEST_F(FormerRun, OfTheSameMarkIsRemovedWhereNothingIsInstalledNow) {
  kernel.objects[179'000'010] = {179, false, {address("10.1.0.1"), 1}, {}};
  left("10.244.1.0/24", 200, 179, {179, false, 179'000'010, {}});
  settings.install = false;
  restart_after(mark(179, 200, 2000));
  planner->converged();
  pass(20s);
  EXPECT_FALSE(has("10.244.1.0/24", 200));
  EXPECT_THAT(kernel.objects, IsEmpty());
  ASSERT_EQ(gone().size(), 1U);
  EXPECT_EQ(gone()[0].routes, 1U);
}

}  // namespace
}  // namespace podbgp::fib::test

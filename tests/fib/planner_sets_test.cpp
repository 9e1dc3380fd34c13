// Hop sets and the groups that follow them: failover in one message, and no route written that need not be.
#include "planner_fixture.hpp"

namespace podbgp::fib::test {
namespace {

using testing::IsEmpty;

TEST_F(PlannerTest, AFailoverIsOneReplaceOfTheGroup) {
  define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  for (int i = 0; i < 200; ++i) route(fmt::format("10.244.{}.0/24", i), 2);
  (void)work();
  planner->peer_down(net::PeerId{1});
  const auto ops = work();
  ASSERT_EQ(ops.size(), 1U);
  EXPECT_EQ(ops[0].kind, OpKind::ReplaceGroup);
  EXPECT_EQ(forwarding("10.244.77.0/24"), "10.2.0.1@2");
  planner->peer_down(net::PeerId{1});  // told twice
  EXPECT_THAT(work(), IsEmpty());
  planner->peer_up(net::PeerId{1});
  EXPECT_EQ(work().size(), 1U);
  EXPECT_EQ(forwarding("10.244.77.0/24"), "10.1.0.1@1");
}

TEST_F(PlannerTest, RoutesThatMoveToASetOfEqualContentTakeTheirGroupAlong) {
  define(2, {hop(1, "10.1.0.1")});
  define(3, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  for (int i = 0; i < 50; ++i) route(fmt::format("10.244.{}.0/24", i), 2);
  (void)work();
  for (int i = 0; i < 50; ++i) route(fmt::format("10.244.{}.0/24", i), 3);
  planner->release(HopSetId{2});
  EXPECT_THAT(work(), IsEmpty());
  planner->peer_down(net::PeerId{1});
  EXPECT_EQ(work().size(), 1U) << "the group follows the set that knows the backup";
  EXPECT_EQ(forwarding("10.244.7.0/24"), "10.2.0.1@2");
}

TEST_F(PlannerTest, AGroupOfTwoMindsIsSplitAtTheFailoverAndOtherwiseInTheBackground) {
  define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  define(3, {hop(1, "10.1.0.1")}, {hop(3, "10.3.0.1")});
  for (int i = 0; i < 30; ++i) route(fmt::format("10.244.{}.0/24", i), 2);
  (void)work();
  for (int i = 0; i < 10; ++i) route(fmt::format("10.244.{}.0/24", i), 3);  // equal content: nothing to write now
  EXPECT_THAT(work(), IsEmpty());
  planner->peer_down(net::PeerId{1});
  const auto ops = work();
  EXPECT_EQ(ops.front().kind, OpKind::ReplaceGroup) << "the many first";
  EXPECT_EQ(forwarding("10.244.5.0/24"), "10.3.0.1@3");
  EXPECT_EQ(forwarding("10.244.25.0/24"), "10.2.0.1@2");
  planner->peer_up(net::PeerId{1});
  (void)work();
  for (int i = 10; i < 20; ++i) route(fmt::format("10.244.{}.0/24", i), 3);
  EXPECT_THAT(work(), IsEmpty());
  pass(3s);  // the background
  planner->peer_down(net::PeerId{1});
  EXPECT_EQ(work().size(), 2U) << "each group for itself, and no route";
  EXPECT_EQ(forwarding("10.244.15.0/24"), "10.3.0.1@3");
  EXPECT_EQ(forwarding("10.244.25.0/24"), "10.2.0.1@2");
}

TEST_F(PlannerTest, WhenEveryPeerIsDownRoutesStayUntilCoreDecides) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  planner->peer_down(net::PeerId{1});
  EXPECT_THAT(work(), IsEmpty());
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
}

TEST_F(PlannerTest, ASetRedefinedInUseTakesItsRoutesAlong) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  define(2, {hop(2, "10.2.0.1")});
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.2.0.1@2");
}

TEST_F(PlannerTest, AKernelWithoutObjectsGetsPlainNextHops) {
  kernel.supports_objects = false;
  define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_FALSE(planner->uses_objects());
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1 10.2.0.1@2");
  planner->peer_down(net::PeerId{1});
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.2.0.1@2");
}

}  // namespace
}  // namespace podbgp::fib::test

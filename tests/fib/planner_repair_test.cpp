// What others change behind our back, and what was missed, is put right.
#include "planner_fixture.hpp"

namespace podbgp::fib::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(PlannerTest, EexistFromARouteOfOursThatWasNotKnownIsClearedUpByADump) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  kernel.foreign_delete(prefix("10.244.1.0/24"), settings.metric_v4);
  kernel.notifications.clear();
  kernel.routes[kernel.key(prefix("10.244.1.0/24"))] = {179, true, 0, {}};  // ours by name, and never told
  route("10.244.1.0/24", 0);
  (void)work();
  kernel.routes[kernel.key(prefix("10.244.1.0/24"))] = {179, true, 0, {}};
  route("10.244.1.0/24", 2);
  (void)work();
  pass(2s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
}

TEST_F(PlannerTest, ALateWordAboutAnOldObjectIsNotBelieved) {
  define(2, {hop(1, "fd00:1::1")}, {hop(2, "fd00:2::1")});
  route("fd00:244::/64", 2);
  (void)work();
  kernel.link_down(1, false);
  auto late = kernel.notifications;  // the link, then the route's deletion
  ASSERT_EQ(late.size(), 2U);
  kernel.notifications.pop_back();
  (void)work();
  EXPECT_EQ(forwarding("fd00:244::/64"), "fd00:2::1@2");
  kernel.notifications.push_back(late.back());
  EXPECT_THAT(work(), IsEmpty());
}

TEST_F(PlannerTest, ForeignDeletionsAreRepairedAndTheCulpritKept) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  kernel.foreign_delete(prefix("10.244.1.0/24"), settings.metric_v4);
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  const auto changes = planner->take_foreign_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].what, "deleted 10.244.1.0/24");
  EXPECT_EQ(changes[0].port, 4711U);
}

TEST_F(PlannerTest, ARouteThatSomebodyAddsInOurNameGoesAgain) {
  planner->converged();
  kernel.foreign_add(prefix("10.244.1.0/24"), settings.metric_v4, {179, true, 0, {}});
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "none");
  EXPECT_THAT(planner->take_foreign_changes()[0].what, HasSubstr("added 10.244.1.0/24"));
}

TEST_F(PlannerTest, AGroupThatSomebodyChangesIsPutRight) {
  define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  for (auto& [id, object] : kernel.objects) {
    if (!object.group) continue;
    object.members.erase(object.members.begin());
    NextHopFact fact;
    fact.id = id;
    fact.protocol = 179;
    fact.group = true;
    fact.members.assign(object.members.begin(), object.members.end());
    fact.port = 4711;
    kernel.notifications.push_back(fact);
  }
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1 10.2.0.1@2");
}

TEST_F(PlannerTest, ASingleThatSomebodyReplacesIsFoundByADump) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  for (auto& [id, object] : kernel.objects) {
    if (object.group) continue;
    object.hop = {address("10.3.0.9"), 3};
    NextHopFact fact;
    fact.id = id;
    fact.protocol = 179;
    fact.hop = {true, object.hop.gateway, 3};
    fact.port = 4711;
    kernel.notifications.push_back(fact);
  }
  pass(3s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
}

TEST_F(PlannerTest, ALostDumpIsRepeatedAndNothingIsDoneMeanwhile) {
  define(2, {hop(1, "10.1.0.1")});
  (void)work();
  planner->begin_dump();
  planner->abort_dump();
  route("10.244.1.0/24", 2);
  std::vector<KernelOp> ops;
  EXPECT_FALSE(planner->next_batch(10, ops));
  EXPECT_FALSE(planner->wants_dump());
  EXPECT_GT(planner->deadline().value(), now);
  pass(1s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
}

}  // namespace
}  // namespace podbgp::fib::test

// The planner from start to stop: adoption, sweep, what it tells and when it wants time.
#include "planner_fixture.hpp"

namespace podbgp::fib::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(PlannerTest, AwaitsTheFirstDumpThenSyncsThenIsSynced) {
  planner.emplace(settings, now);
  EXPECT_EQ(planner->state(), Planner::State::Awaiting);
  EXPECT_EQ(planner->counters().state, "awaiting");
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  std::vector<KernelOp> ops;
  EXPECT_FALSE(planner->next_batch(10, ops)) << "nothing is written before the kernel was read";
  kernel.dump_to(*planner);
  EXPECT_EQ(planner->counters().state, "syncing");
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  planner->converged();
  EXPECT_EQ(planner->counters().state, "synced");
  EXPECT_EQ(count<Synced>(), 1U);
}

TEST_F(PlannerTest, SweepsAfterTheCapWhenConvergenceNeverComes) {
  kernel.routes[kernel.key(prefix("10.244.9.0/24"))] = {179, true, 0, {}};
  restart();
  pass(59s);
  EXPECT_EQ(forwarding("10.244.9.0/24"), "blackhole");
  pass(2s);
  EXPECT_EQ(forwarding("10.244.9.0/24"), "none");
  EXPECT_EQ(planner->counters().swept, 1U);
}

TEST_F(PlannerTest, ConvergenceBeforeTheFirstDumpSweepsAfterIt) {
  kernel.routes[kernel.key(prefix("10.244.9.0/24"))] = {179, true, 0, {}};
  planner.emplace(settings, now);
  planner->converged();
  kernel.dump_to(*planner);
  (void)work();
  EXPECT_EQ(forwarding("10.244.9.0/24"), "none");
}

TEST_F(PlannerTest, AWithdrawalOfAnAdoptedRouteIsObeyedAtOnce) {
  kernel.routes[kernel.key(prefix("10.244.9.0/24"))] = {179, true, 0, {}};
  restart();
  route("10.244.9.0/24", 0);
  (void)work();
  EXPECT_EQ(forwarding("10.244.9.0/24"), "none");
  EXPECT_EQ(state("10.244.9.0/24"), RouteStatus::Removed);
}

TEST_F(PlannerTest, AWithdrawalOfWhatWasNeverThereIsAnswered) {
  route("10.244.9.0/24", 0);
  EXPECT_THAT(work(), IsEmpty());
  EXPECT_EQ(state("10.244.9.0/24"), RouteStatus::Removed);
}

TEST_F(PlannerTest, AdoptsObjectsByContentAndRemovesDuplicates) {
  kernel.objects[179'000'010] = {179, false, {address("10.1.0.1"), 1}, {}};
  kernel.objects[179'000'011] = {179, false, {address("10.1.0.1"), 1}, {}};
  kernel.objects[179'000'020] = {179, true, {}, {179'000'010}};
  kernel.objects[179'000'021] = {179, true, {}, {179'000'011}};
  kernel.objects[179'000'030] = {179, false, {address("10.3.0.1"), 3}, {}};
  kernel.objects[179'000'040] = {179, true, {}, {179'000'030, 5}};  // a member that is not ours
  kernel.objects[5] = {4, false, {address("10.3.0.7"), 3}, {}};
  kernel.routes[kernel.key(prefix("10.244.1.0/24"))] = {179, false, 179'000'020, {}};
  kernel.routes[kernel.key(prefix("10.244.2.0/24"))] = {179, false, 179'000'021, {}};
  restart();
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  route("10.244.2.0/24", 2);
  EXPECT_THAT(work(), IsEmpty()) << "all is as it should be";
  EXPECT_EQ(state("10.244.2.0/24"), RouteStatus::Installed);
  planner->converged();
  pass(20s);
  EXPECT_FALSE(kernel.objects.contains(179'000'030) && kernel.used().contains(179'000'030) == false);
  EXPECT_TRUE(kernel.objects.contains(5));
  EXPECT_TRUE(kernel.objects.contains(179'000'040));
  EXPECT_THAT(kernel.violations, IsEmpty());
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
}

TEST_F(PlannerTest, StopKeepsOrRemoves) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  planner->stop(true);
  pass(3s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "none");
  EXPECT_THAT(kernel.objects, IsEmpty());
  EXPECT_EQ(count<Stopped>(), 1U);
  restart();
  events.clear();
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  planner->stop(false);
  planner->stop(true);  // the first word counts
  (void)work();
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1");
  EXPECT_EQ(count<Stopped>(), 1U);
}

TEST_F(PlannerTest, StopDoesNotWaitForAUsageCheckThatFails) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  planner->stop(true);
  for (int i = 0; i < 20 && count<Stopped>() == 0; ++i) {
    planner->tick(now += 1ms);
    std::vector<KernelOp> ops;
    if (planner->next_batch(100, ops)) planner->batch_done({});
    if (planner->wants_usage()) planner->usage_unknown();
    for (auto& event : planner->take_events()) events.push_back(std::move(event));
  }
  EXPECT_EQ(count<Stopped>(), 1U);
}

TEST_F(PlannerTest, DumpsSelectedPrefixesWithTheirReasons) {
  kernel.routes[kernel.key(prefix("10.244.9.0/24"))] = {179, true, 0, {}};
  restart();
  define(2, {hop(1, "10.1.0.1")});
  define(3, {hop(1, "10.77.0.1")});
  route("10.244.1.0/24", 2);
  route("10.244.2.0/24", 3);
  route("10.1.0.0/24", 2);
  (void)work();
  events.clear();
  DumpRoutes named;
  named.request = 1;
  named.prefixes = {prefix("10.244.1.0/24"), prefix("10.244.2.0/24"), prefix("10.1.0.0/24"), prefix("10.244.9.0/24")};
  planner->dump(named);
  planner->dump(dump_page(2));
  named.request = 3;
  named.unwanted = true;
  planner->dump(named);
  (void)work();
  std::map<std::uint64_t, std::map<net::Prefix, KernelRoute>> dumps;
  for (auto& event : events)
    if (auto* piece = std::get_if<RouteDump>(&event))
      for (auto& r : piece->routes) dumps[piece->request][r.prefix] = r;
  EXPECT_EQ(dumps[1].size(), 3U) << "what is not wanted is left out";
  EXPECT_EQ(dumps[2].size(), 4U);
  EXPECT_EQ(dumps[3].size(), 4U) << "also what is not wanted";
  EXPECT_EQ(dumps[1][prefix("10.244.1.0/24")].next_hops[0].interface, "eth1");
  EXPECT_EQ(dumps[1][prefix("10.244.2.0/24")].reason, "no route covers 10.77.0.1");
  EXPECT_EQ(dumps[1][prefix("10.1.0.0/24")].reason, "10.1.0.0/24 is connected on eth1");
  EXPECT_EQ(dumps[1][prefix("10.1.0.0/24")].status, RouteStatus::Refused);
  EXPECT_TRUE(dumps[2][prefix("10.244.9.0/24")].blackhole);
  EXPECT_THAT(dumps[2][prefix("10.244.9.0/24")].reason, HasSubstr("not asked for yet"));
}

TEST_F(PlannerTest, PagesOfTheKernelsTableShowEachRouteOnceAlsoWhileOthersComeAndGo) {
  define(2, {hop(1, "10.1.0.1")});
  for (int i = 0; i < 100; ++i) {
    route(fmt::format("10.244.{}.0/24", i), 2);
    route(fmt::format("fd00:244:{:x}::/64", i), kBlackhole.value());
  }
  (void)work();
  std::map<net::Prefix, int> seen;
  std::size_t pages = 0;
  auto question = dump_page(1, 7);
  do {
    events.clear();
    planner->dump(question);
    (void)work();
    for (const auto& event : events) {
      const auto* piece = std::get_if<RouteDump>(&event);
      if (piece == nullptr) continue;
      EXPECT_LE(piece->routes.size(), 7U);
      for (const auto& r : piece->routes) ++seen[r.prefix];
      EXPECT_TRUE(piece->last);
      question.from = piece->next;
    }
    route(fmt::format("10.250.{}.0/24", pages), 2);  // others, before and behind
    if (pages > 0) route(fmt::format("10.250.{}.0/24", pages - 1), 0);
    ++pages;
  } while (question.from != 0);
  EXPECT_GE(pages, 200U / 7);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(seen[prefix(fmt::format("10.244.{}.0/24", i))], 1);
    EXPECT_EQ(seen[prefix(fmt::format("fd00:244:{:x}::/64", i))], 1);
  }
}

TEST_F(PlannerTest, APageOfTheKernelsTableIsOfOneFamilyOrWithinAPrefixWhenAsked) {
  route("10.244.1.0/24", kBlackhole.value());
  route("10.245.1.0/24", kBlackhole.value());
  route("fd00:244::/64", kBlackhole.value());
  (void)work();
  const auto page = [&](std::optional<net::Family> family, std::optional<net::Prefix> within) {
    auto question = dump_page(1);
    question.family = family;
    question.within = within;
    std::set<std::string> prefixes;
    planner->dump(std::move(question));
    planner->tick(now);
    for (const auto& event : planner->take_events())
      if (const auto* piece = std::get_if<RouteDump>(&event))
        for (const auto& r : piece->routes) prefixes.insert(net::to_string(r.prefix));
    return prefixes;
  };
  EXPECT_THAT(page(net::Family::Ipv6Unicast, {}), testing::ElementsAre("fd00:244::/64"));
  EXPECT_THAT(page({}, prefix("10.244.0.0/16")), testing::ElementsAre("10.244.1.0/24"));
  EXPECT_THAT(page({}, {}), testing::SizeIs(3));
}

TEST_F(PlannerTest, AsksForTimeOnlyWhileItWaitsForSomething) {
  pass(2s);
  EXPECT_EQ(planner->deadline(), now - 2s + 60s) << "the sweep";
  planner->converged();
  pass(10s);
  EXPECT_EQ(planner->deadline(), std::nullopt) << "idle: no wake-ups";
  define(2, {hop(1, "10.1.0.1")});
  failures[OpKind::AddRoute] = ENOMEM;
  route("10.244.1.0/24", 2);
  pass(2s);
  ASSERT_TRUE(planner->deadline());
  EXPECT_LE(*planner->deadline(), now + 10s);
  EXPECT_GT(*planner->deadline(), now);
}

TEST_F(PlannerTest, AStopThatRemovesRoutesTakesTheObjectsAlongAlsoAfterALookThatFoundAllInUse) {
  define(2, {hop(1, "10.1.0.1")});
  route("10.244.1.0/24", 2);
  (void)work();
  planner->converged();
  const auto group = kernel.routes.at(kernel.key(prefix("10.244.1.0/24"))).nexthop_id;
  kernel.foreign_add(prefix("172.16.0.0/16"), 0, {4, false, group, {}});
  route("10.244.1.0/24", 0);
  planner->release(HopSetId{2});
  pass(20s);
  ASSERT_TRUE(kernel.objects.contains(group)) << "somebody else's route is on it";
  kernel.foreign_delete(prefix("172.16.0.0/16"), 0);
  planner->stop(true);
  pass(5s);
  EXPECT_EQ(count<Stopped>(), 1U);
  EXPECT_THAT(kernel.objects, IsEmpty());
}

TEST_F(PlannerTest, CountersAreToldAtMostOnceASecond) {
  (void)work();
  events.clear();
  define(2, {hop(1, "10.1.0.1")});
  for (int i = 0; i < 20; ++i) {
    route(fmt::format("10.244.{}.0/24", i), 2);
    now += 50ms;
    (void)work();
  }
  EXPECT_LE(count<Counters>(), 2U);
  EXPECT_EQ(planner->counters().installed_v4, 20U);
  EXPECT_THAT(planner->egress_interfaces(), testing::ElementsAre("eth1"));
}

}  // namespace
}  // namespace podbgp::fib::test

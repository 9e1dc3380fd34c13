// The planner, case by case, against a kernel of values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_kernel.hpp"

namespace podbgp::fib::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

net::Prefix prefix(const std::string& text) { return net::Prefix::parse(text).value(); }
net::IpAddress address(const std::string& text) { return net::IpAddress::parse(text).value(); }
Hop hop(int peer, const std::string& gateway) {
  return {net::PeerId{static_cast<std::uint16_t>(peer)}, {address(gateway), {}}};
}

class PlannerTest : public testing::Test {
 protected:
  PlannerTest() {
    for (std::uint32_t i = 1; i <= 3; ++i)
      kernel.add_link(i, fmt::format("eth{}", i),
                      {prefix(fmt::format("10.{}.0.0/24", i)), prefix(fmt::format("fd00:{}::/64", i))});
    restart();
  }
  void restart() {
    planner.emplace(settings, now);
    kernel.notifications.clear();
    kernel.dump_to(*planner);
    kernel.log.clear();
  }
  void define(std::uint32_t id, std::vector<Hop> best, std::vector<Hop> backup = {}) {
    planner->define(HopSetId{id}, {std::move(best), std::move(backup)});
  }
  void route(const std::string& text, std::uint32_t set) {
    const RouteChange change{prefix(text), HopSetId{set}};
    planner->apply(std::span(&change, 1));
  }
  // Works until nothing is left to do at this time; returns the operations.
  std::vector<KernelOp> work() {
    std::vector<KernelOp> all;
    for (int round = 0; round < 1000; ++round) {
      kernel.tell(*planner);
      planner->tick(now);
      if (planner->wants_dump()) kernel.dump_to(*planner);
      std::vector<KernelOp> ops;
      const bool any = planner->next_batch(100, ops);
      if (any) {
        std::vector<OpError> errors;
        for (std::size_t i = 0; i < ops.size(); ++i) {
          const auto injected = failures.find(ops[i].kind);
          const int error = injected != failures.end() ? injected->second : kernel.apply(ops[i]);
          if (error != 0) errors.push_back({i, error, "so it is"});
        }
        planner->batch_done(errors);
        all.insert(all.end(), ops.begin(), ops.end());
      }
      const bool usage = planner->wants_usage();
      if (usage) planner->usage(kernel.used());
      for (auto& event : planner->take_events()) {
        if (auto* results = std::get_if<RouteResults>(&event))
          for (auto& r : results->results) status[r.prefix] = r;
        events.push_back(std::move(event));
      }
      if (!any && !usage) return all;
    }
    ADD_FAILURE() << "the planner does not come to rest";
    return all;
  }
  void pass(net::Duration time) {
    for (net::Duration done{}; done < time; done += 500ms) {
      now += 500ms;
      (void)work();
    }
  }
  std::string reason(const std::string& text) { return status[prefix(text)].reason; }
  RouteStatus state(const std::string& text) { return status[prefix(text)].status; }
  std::string forwarding(const std::string& text) { return kernel.forwarding(prefix(text)); }
  template <class Event>
  std::size_t count() {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](auto& e) { return std::holds_alternative<Event>(e); }));
  }

  Settings settings;
  net::TimePoint now{std::chrono::hours(1)};
  FakeKernel kernel{settings};
  std::optional<Planner> planner;
  std::map<OpKind, int> failures;
  std::map<net::Prefix, RouteResult> status;
  std::vector<FromFib> events;
};

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

TEST_F(PlannerTest, AnObjectTheKernelRefusesSendsRoutesOverTheOthersAndIsTriedAgain) {
  define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  define(3, {hop(1, "10.1.0.1")});
  failures[OpKind::NewNextHop] = EINVAL;
  route("10.244.1.0/24", 2);
  route("10.244.2.0/24", 3);
  (void)work();
  EXPECT_EQ(reason("10.244.2.0/24"), "EINVAL: so it is");
  EXPECT_EQ(state("10.244.2.0/24"), RouteStatus::Pending);
  failures.clear();
  pass(3s);
  EXPECT_EQ(forwarding("10.244.1.0/24"), "10.1.0.1@1 10.2.0.1@2");
  EXPECT_EQ(state("10.244.2.0/24"), RouteStatus::Installed);
}

TEST_F(PlannerTest, AGroupTheKernelRefusesIsTriedAgainWithGrowingPatience) {
  define(2, {hop(1, "10.1.0.1")});
  failures[OpKind::NewGroup] = EINVAL;
  route("10.244.1.0/24", 2);
  (void)work();
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Pending);
  pass(20s);
  const auto tries = std::ranges::count(kernel.log, OpKind::NewGroup, &KernelOp::kind);
  EXPECT_LT(tries, 12);
  failures.clear();
  pass(70s);
  EXPECT_EQ(state("10.244.1.0/24"), RouteStatus::Installed);
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
  planner->dump(1, {prefix("10.244.1.0/24"), prefix("10.244.2.0/24"), prefix("10.1.0.0/24"), prefix("10.244.9.0/24")});
  planner->dump(2, {});
  (void)work();
  std::map<std::uint64_t, std::map<net::Prefix, KernelRoute>> dumps;
  for (auto& event : events)
    if (auto* piece = std::get_if<RouteDump>(&event))
      for (auto& r : piece->routes) dumps[piece->request][r.prefix] = r;
  EXPECT_EQ(dumps[1].size(), 3U) << "what is not wanted is left out";
  EXPECT_EQ(dumps[2].size(), 4U);
  EXPECT_EQ(dumps[1][prefix("10.244.1.0/24")].next_hops[0].interface, "eth1");
  EXPECT_EQ(dumps[1][prefix("10.244.2.0/24")].reason, "no route covers 10.77.0.1");
  EXPECT_EQ(dumps[1][prefix("10.1.0.0/24")].reason, "10.1.0.0/24 is connected on eth1");
  EXPECT_EQ(dumps[1][prefix("10.1.0.0/24")].status, RouteStatus::Refused);
  EXPECT_TRUE(dumps[2][prefix("10.244.9.0/24")].blackhole);
  EXPECT_THAT(dumps[2][prefix("10.244.9.0/24")].reason, HasSubstr("not asked for yet"));
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

TEST(InstalledRoutes, SurvivesInsertAndEraseInAnyOrder) {
  InstalledRoutes routes;
  std::map<net::Prefix, RouteRef> known;
  std::uint32_t dice = 12345;
  for (int i = 0; i < 200'000; ++i) {
    dice = dice * 1664525 + 1013904223;
    const auto n = (dice >> 8) % 5000;
    const auto p = n % 2 ? net::Prefix::make(net::IpAddress::v4(n << 12), 20 + n % 13)
                         : prefix(fmt::format("fd00:{:x}::/{}", n, 32 + n % 90));
    if (const auto it = known.find(p); it != known.end()) {
      ASSERT_EQ(routes.find(p), it->second);
      ASSERT_EQ(routes.prefix(it->second), p);
      routes.erase(it->second);
      known.erase(it);
    } else {
      ASSERT_EQ(routes.find(p), kNoRoute);
      known[p] = routes.insert(p);
    }
  }
  EXPECT_EQ(routes.size(), known.size());
  std::size_t visited = 0;
  routes.for_each([&](RouteRef ref, RouteState&) { visited += known.at(routes.prefix(ref)) == ref ? 1 : 0; });
  EXPECT_EQ(visited, known.size());
  for (const auto& [p, ref] : known) routes.erase(ref);
  EXPECT_EQ(routes.memory(), 0U) << "all gone: the memory goes back";
}

}  // namespace
}  // namespace podbgp::fib::test

// The kernel drops notifications when we do not read them: what was missed is found by a dump, and nothing is missed
// around the dump either.
#include <atomic>

#include "netns.hpp"

namespace podbgp::fib::test {
namespace {

class KernelOverrun : public KernelModes {
 protected:
  // Room for about ten notifications.
  static FibTuning tiny() {
    FibTuning tuning;
    tuning.monitor_buffer = 4096;
    return tuning;
  }
};

TEST_P(KernelOverrun, AnOverrunLeadsToADumpAndRepairAndLeavesForeignRoutesAlone) {
  Node node(settings(), tiny());
  node.define(2, {hop(1, "10.1.0.1")});
  node.routes(many(1000), 2);
  node.wait_count(RouteStatus::Installed, 1000);
  // A thousand routes of somebody else, on a nexthop object that is replaced again and again: each time a thousand
  // notifications in one go, while all of ours are deleted.
  std::string deletes, adds = "nexthop add id 7 via 10.2.0.7 dev eth2\n";
  for (std::size_t i = 0; i < 1000; ++i) {
    deletes += fmt::format("route del {} proto 179\n", many(1000)[i]);
    adds += fmt::format("route add 11.{}.{}.0/24 nhid 7 proto 4 metric 200\n", i / 256, i % 256);
    if (i % 50 == 0) deletes += fmt::format("nexthop replace id 7 via 10.2.0.{} dev eth2\n", 20 + i / 50);
  }
  ip_batch(adds);
  ip_batch(deletes);
  eventually([&] { return count_routes("proto 179") == 1000; }, [] { return std::to_string(count_routes("proto 179")); });
  EXPECT_EQ(count_routes("proto static"), 1000U);
  eventually([&] { return node.counters().overruns > 0; }, [&] { return fmt::format("{}", node.counters().repaired); });
}

// The kernel tells of an overrun once and is silent about further losses until the queue was empty. The reader is held
// while the queue overflows, and again between the dump that follows and the next look at the queue: what changes then
// must not fall into that silence. The queue holds foreign routes only, so nothing in it leads to a second dump.
TEST_P(KernelOverrun, WhatChangesRightAfterTheDumpIsNotMissed) {
  constexpr std::size_t kOurs = 50;
  const auto ours = many(kOurs);
  std::string flood, late;
  for (int i = 0; i < 300; ++i)
    flood += fmt::format("route add 11.{}.{}.0/24 dev eth2 proto 4 metric 300\n", i / 256, i % 256);
  for (const auto& p : ours) flood += fmt::format("route del {} proto 179\n", p);
  for (const auto& p : {ours[0], ours[1], ours[2]}) late += fmt::format("route del {} proto 179\n", p);

  enum class Stage { Calm, Flooded, Told, Changed };
  std::atomic<Stage> stage{Stage::Calm};
  std::atomic<std::size_t> present_after_late{0};
  const auto watch = [&](const FromFib& message) {
    if (std::holds_alternative<RouteDump>(message) && stage == Stage::Calm) {
      ip_batch(flood);
      stage = Stage::Flooded;
    }
    const auto* notice = std::get_if<Notice>(&message);
    if (notice != nullptr && notice->text.find("dropped notifications") != std::string::npos && stage == Stage::Flooded)
      stage = Stage::Told;
    // Told at the end of each dump: all of ours are back, and the monitor has not been looked at since.
    if (std::holds_alternative<InterfaceAddresses>(message) && stage == Stage::Told) {
      ip_batch(late);
      present_after_late = count_routes("proto 179");
      stage = Stage::Changed;
    }
  };
  Node node(settings(), tiny(), watch);
  node.define(2, {hop(1, "10.1.0.1")});
  node.routes(ours, 2);
  node.wait_count(RouteStatus::Installed, kOurs);
  node.fib.post(dump_page(1));
  eventually([&] { return stage == Stage::Changed; }, [&] { return std::to_string(static_cast<int>(stage.load())); });
  EXPECT_EQ(present_after_late, kOurs - 3) << "the dump found what the flood had deleted";
  eventually([] { return count_routes("proto 179") == kOurs; }, [] { return std::to_string(count_routes("proto 179")); });
  EXPECT_EQ(count_routes("proto static"), 300U);
  eventually([&] { return node.counters().overruns > 0; }, [&] { return std::to_string(node.counters().overruns); });
}

INSTANTIATE_TEST_SUITE_P(Modes, KernelOverrun, testing::Bool(), mode_name);

}  // namespace
}  // namespace podbgp::fib::test

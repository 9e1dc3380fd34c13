#include "tests/sim/sim.hpp"

#include <algorithm>
#include <optional>
#include <random>

#include <fmt/format.h>

namespace podbgp::sim {
namespace {

using session::fake::World;

constexpr auto kSoon = 60s;

std::string ebgp(int asn, int own, const std::vector<std::pair<int, int>>& peers, const std::string& extra = "") {
  std::string yaml = fmt::format("version: 1\nrouter: {{ asn: {}, id: 10.0.0.{} }}\npeers:\n", asn, own);
  for (const auto& [peer, peer_asn] : peers)
    yaml += fmt::format(
        "  - {{ name: n{0}, address: 10.0.0.{0}, asn: {1}, import: [all], export: [all], families: [ipv4], "
        "timers: {{ hold: 9s, keepalive: 3s }} {2} }}\n",
        peer, peer_asn, extra);
  return yaml + "policies: { all: [ { then: accept } ] }\n";
}

std::string mesh(int count, int own) {
  std::vector<std::pair<int, int>> peers;
  for (int i = 1; i <= count; ++i)
    if (i != own) peers.emplace_back(i, 64512);
  return ebgp(64512, own, peers);
}

std::vector<bgpd::LogRecord> refusals(const Daemon& daemon) {
  std::vector<bgpd::LogRecord> lines;
  std::ranges::copy_if(daemon.log, std::back_inserter(lines), [](const auto& r) { return r.event == "FIB_REFUSED"; });
  return lines;
}

TEST(Sim, AnAnnouncementReachesTheOtherNodesKernelAndIsWithdrawn) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  a.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.route("10.244.1.0/24") == "10.0.0.1"; }, kSoon));
  EXPECT_EQ(a.kernel.route("10.244.1.0/24"), "blackhole");
  a.withdraw("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 0; }, kSoon));
  EXPECT_EQ(a.kernel.size(), 0u);
}

TEST(Sim, TheSameAnnouncementAgainCausesNoUpdate) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  a.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 1; }, kSoon));
  world.run_for(1s);
  const auto updates = a.core().get_peer("n2")->sent.update;
  a.announce("10.244.1.0/24");
  world.run_for(20s);
  EXPECT_EQ(a.core().get_peer("n2")->sent.update, updates);
}

TEST(Sim, SessionLossWithdrawsAndReturnRestores) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  a.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 1; }, kSoon));
  world.cut(address("10.0.0.1"), address("10.0.0.2"));
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 0; }, 10s)) << "the hold time is 9 s";
  EXPECT_FALSE(b.up("n1"));
  world.heal(address("10.0.0.1"), address("10.0.0.2"));
  ASSERT_TRUE(world.run_until([&] { return b.kernel.route("10.244.1.0/24") == "10.0.0.1"; }, 200s));
}

TEST(Sim, AFullMeshReachesEveryKernel) {
  constexpr int kNodes = 6;
  World world;
  std::vector<std::unique_ptr<Daemon>> nodes;
  for (int i = 1; i <= kNodes; ++i)
    nodes.push_back(std::make_unique<Daemon>(world, fmt::format("10.0.0.{}", i), mesh(kNodes, i)));
  for (int i = 1; i <= kNodes; ++i) nodes[i - 1]->announce(fmt::format("10.244.{}.0/24", i));
  const auto complete = [&] {
    for (const auto& node : nodes)
      if (node->peers_up() != kNodes - 1 || node->kernel.size() != kNodes) return false;
    return true;
  };
  ASSERT_TRUE(world.run_until(complete, 120s));
  for (int i = 1; i <= kNodes; ++i)
    for (int j = 1; j <= kNodes; ++j)
      EXPECT_EQ(nodes[i - 1]->kernel.route(fmt::format("10.244.{}.0/24", j)),
                i == j ? "blackhole" : fmt::format("10.0.0.{}", j));
}

TEST(Sim, ReloadThatOnlyChangesPolicyResetsNoSession) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  auto yaml = ebgp(65002, 2, {{1, 65001}});
  Daemon b(world, "10.0.0.2", yaml);
  a.announce("10.244.1.0/24");
  a.announce("10.9.0.0/16");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 2; }, kSoon));
  const auto since = b.core().get_peer("n1")->since;
  const auto at = yaml.find("{ then: accept }");
  yaml.replace(at, 16, "{ match: { prefix: [10.244.0.0/16 le 24] }, then: accept }");
  b.reload(yaml);
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 1; }, kSoon));
  EXPECT_EQ(b.kernel.route("10.244.1.0/24"), "10.0.0.1");
  EXPECT_EQ(b.core().get_peer("n1")->since, since) << "the session was not touched";
  EXPECT_EQ(b.core().get_peer("n1")->flaps, 0u);
}

TEST(Sim, TheBackupTakesOverWhenTheBestPeerGoes) {
  World world;
  // n1 and n2 announce the same block to n3.
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{3, 65003}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{3, 65003}}));
  Daemon c(world, "10.0.0.3", ebgp(65003, 3, {{1, 65001}, {2, 65002}}) + "fib: { multipath: 1 }\n");
  a.announce("10.244.1.0/24");
  b.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return c.peers_up() == 2 && !c.kernel.route("10.244.1.0/24").empty(); }, kSoon));
  world.run_for(2s);
  const auto best = c.kernel.route("10.244.1.0/24");
  const auto other = best == "10.0.0.1" ? "10.0.0.2" : "10.0.0.1";
  (best == "10.0.0.1" ? a : b).crash();
  ASSERT_TRUE(world.run_until([&] { return c.kernel.route("10.244.1.0/24") == other; }, 10s));
}

TEST(Sim, NextHopGoneMakesThePathIneligibleAndBack) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  a.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 1; }, kSoon));
  b.kernel.set_reachable(prefix("10.0.0.0/16"), false);
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 0; }, kSoon));
  EXPECT_TRUE(b.up("n1"));
  b.kernel.set_reachable(prefix("10.0.0.0/16"), true);
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 1; }, kSoon));
}

TEST(Sim, EbgpWithoutPolicyExchangesNothingAndSaysSo) {
  World world;
  auto yaml = ebgp(65002, 2, {{1, 65001}});
  const std::string policies = "import: [all], export: [all], ";
  yaml.erase(yaml.find(policies), policies.size());
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", yaml);
  a.announce("10.244.1.0/24");
  b.announce("10.244.2.0/24");
  ASSERT_TRUE(world.run_until([&] { return a.up("n2") && b.up("n1"); }, kSoon));
  world.run_for(20s);
  EXPECT_EQ(b.kernel.route("10.244.1.0/24"), "");
  EXPECT_EQ(a.kernel.route("10.244.2.0/24"), "");
  EXPECT_NE(b.core().get_peer("n1")->warning.find("RFC 8212"), std::string::npos) << b.core().get_peer("n1")->warning;
}

TEST(Sim, ConvergenceIsToldOnceEndOfRibIsInFromEveryPeer) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}, {3, 65003}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  ASSERT_TRUE(world.run_until([&] { return a.up("n2"); }, kSoon));
  world.run_for(5s);
  EXPECT_FALSE(a.kernel.converged) << "n3 has not been heard yet";
  Daemon c(world, "10.0.0.3", ebgp(65003, 3, {{1, 65001}}));
  ASSERT_TRUE(world.run_until([&] { return a.kernel.converged; }, 200s));
}

// RFC 4724 §2: an established session is not enough, its routes are still to come.
TEST(Sim, ConvergenceWaitsForTheEndOfRibAndNotForTheSessionAlone) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  b.announce("10.244.2.0/24");
  ASSERT_TRUE(world.run_until([&] { return a.kernel.converged; }, 200s));
  EXPECT_GE(a.core().get_peer("n2")->received.update, 2u) << "the route and the End-of-RIB";
  EXPECT_EQ(a.logged("CONVERGED"), 1u);
  world.run_for(20s);
  EXPECT_EQ(a.logged("CONVERGED"), 1u);
}

// The kernel leaves a dead peer by its nexthop objects before the RIB has gone through the peer's routes.
TEST(Sim, TheFibHearsOfADeadPeerBeforeItsRoutesAreTakenBack) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  for (const auto* block : {"10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"}) a.announce(block);
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 3; }, kSoon));
  a.crash();
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 0; }, kSoon));
  EXPECT_EQ(b.kernel.wanted_at_peer_down, std::vector<std::size_t>{3});
}

TEST(Sim, DisabledPeersStayDownOverAReload) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  ASSERT_TRUE(world.run_until([&] { return a.up("n2"); }, kSoon));
  ASSERT_TRUE(a.core().disable_peer("n2", "maintenance of the rack"));
  ASSERT_TRUE(world.run_until([&] { return !b.up("n1"); }, kSoon));
  EXPECT_NE(b.core().get_peer("n1")->last_error.find("maintenance of the rack"), std::string::npos);
  a.reload(ebgp(65001, 1, {{2, 65002}}, ", description: changed"));
  world.run_for(120s);
  EXPECT_FALSE(a.up("n2"));
  ASSERT_TRUE(a.core().enable_peer("n2"));
  ASSERT_TRUE(world.run_until([&] { return a.up("n2"); }, 200s));
}

TEST(Sim, ARestartAdoptsTheKernelsRoutesAndSweepsWhatWentMeanwhile) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  a.announce("10.244.1.0/24");
  a.announce("10.244.2.0/24");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 2; }, kSoon));
  b.crash();
  world.run_for(20s);
  EXPECT_EQ(b.kernel.route("10.244.1.0/24"), "10.0.0.1") << "the kernel forwards without its daemon";
  a.withdraw("10.244.2.0/24");
  b.boot();
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 1; }, 300s));
  EXPECT_EQ(b.kernel.route("10.244.1.0/24"), "10.0.0.1");
  EXPECT_EQ(b.kernel.counters().adopted, 2u);
  EXPECT_EQ(b.kernel.counters().swept, 1u) << "what is still wanted is not swept and written again";
  EXPECT_TRUE(b.kernel.violations().empty());
}

// The announcement is made, the peers have it; only the kernel does not get what would cut off the subnet.
TEST(Sim, ABlackholeInsideAConnectedSubnetIsAnnouncedAndNotInstalled) {
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  Daemon b(world, "10.0.0.2", ebgp(65002, 2, {{1, 65001}}));
  a.announce("10.0.0.77/32");
  ASSERT_TRUE(world.run_until([&] { return b.kernel.route("10.0.0.77/32") == "10.0.0.1"; }, kSoon));
  EXPECT_EQ(a.kernel.size(), 0u);
  std::optional<api::KernelState> state;
  a.core().kernel_states({prefix("10.0.0.77/32")}, [&](auto states) { state = states.at(prefix("10.0.0.77/32")); });
  ASSERT_TRUE(world.run_until([&] { return state.has_value(); }, kSoon));
  EXPECT_EQ(state->state, api::KernelState::State::Refused);
  EXPECT_EQ(state->reason,
            "10.0.0.77/32 lies within 10.0.0.0/16, which is connected on eth0: a blackhole would cut it off");
  world.run_for(5s);
  EXPECT_EQ(refusals(a).size(), 1u) << "one line for one refused route";
  a.kernel.set_reachable(prefix("10.0.0.0/16"), false);
  ASSERT_TRUE(world.run_until([&] { return a.kernel.route("10.0.0.77/32") == "blackhole"; }, kSoon));
}

TEST(Sim, ATableFullOfRefusalsIsAFewLinesInTheLogAndAReasonForEachPrefixInTheApi) {
  constexpr std::size_t kRoutes = 5000;
  World world;
  Daemon a(world, "10.0.0.1", ebgp(65001, 1, {{2, 65002}}));
  a.kernel.route_error = ENOMEM;
  for (std::size_t i = 0; i < kRoutes; ++i) a.announce(fmt::format("10.{}.{}.0/24", 100 + i / 256, i % 256));
  world.run_for(120s);
  EXPECT_EQ(a.kernel.counters().refused, kRoutes);
  const auto lines = refusals(a);
  ASSERT_GE(lines.size(), 1u);
  EXPECT_LE(lines.size(), 5u) << "one a reason and interval";
  EXPECT_EQ(lines[0].fields[0].second, "5000") << lines[0].message;
  EXPECT_EQ(lines[0].fields[1].second, "10.100.0.0/24 10.100.1.0/24 10.100.2.0/24");
  EXPECT_NE(lines[0].message.find("ENOMEM"), std::string::npos) << lines[0].message;
  std::optional<std::size_t> explained;
  fib::DumpRoutes everything;
  everything.limit = 10'000;
  a.core().kernel_routes(std::move(everything), [&](fib::RouteDump dump) {
    explained = std::ranges::count_if(dump.routes, [](const auto& r) { return r.reason == "ENOMEM"; });
  });
  ASSERT_TRUE(world.run_until([&] { return explained.has_value(); }, kSoon));
  EXPECT_EQ(*explained, kRoutes);
}

// Random announcements, withdrawals, cuts, heals and crashes; after all is healed every kernel has exactly what is announced.
TEST(Sim, RandomTroubleEndsInTheSameTablesEverywhere) {
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    constexpr int kNodes = 4;
    std::mt19937 random(seed);
    World world;
    world.chunk = seed % 2 == 0 ? 7 : 0;  // read in crumbs
    std::vector<std::unique_ptr<Daemon>> nodes;
    for (int i = 1; i <= kNodes; ++i)
      nodes.push_back(std::make_unique<Daemon>(world, fmt::format("10.0.0.{}", i), mesh(kNodes, i)));
    std::map<std::string, int> announced;
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int step = 0; step < 120; ++step) {
      const int node = pick(kNodes);
      const auto block = fmt::format("10.244.{}.0/24", 10 * (node + 1) + pick(5));
      switch (pick(6)) {
        case 0:
        case 1:
          nodes[node]->announce(block);
          announced[block] = node + 1;
          break;
        case 2:
          if (announced.erase(block) > 0) nodes[node]->withdraw(block);
          break;
        case 3: world.cut(address(fmt::format("10.0.0.{}", node + 1)), address(fmt::format("10.0.0.{}", pick(kNodes) + 1))); break;
        case 4:
          for (int other = 1; other <= kNodes; ++other)
            world.heal(address(fmt::format("10.0.0.{}", node + 1)), address(fmt::format("10.0.0.{}", other)));
          break;
        default: world.run_for(std::chrono::milliseconds(pick(15000))); break;
      }
      world.run_for(std::chrono::milliseconds(pick(200)));
    }
    for (int i = 1; i <= kNodes; ++i)
      for (int j = 1; j <= kNodes; ++j)
        world.heal(address(fmt::format("10.0.0.{}", i)), address(fmt::format("10.0.0.{}", j)));
    const auto right = [&] {
      for (int i = 1; i <= kNodes; ++i) {
        if (nodes[i - 1]->kernel.size() != announced.size()) return false;
        for (const auto& [block, owner] : announced)
          if (nodes[i - 1]->kernel.route(block) != (owner == i ? "blackhole" : fmt::format("10.0.0.{}", owner))) return false;
      }
      return true;
    };
    EXPECT_TRUE(world.run_until(right, 600s));
    for (const auto& node : nodes) EXPECT_TRUE(node->kernel.violations().empty()) << node->kernel.violations().front();
    for (const auto& node : nodes) EXPECT_LE(node->kernel.live_sets(), static_cast<std::size_t>(kNodes));
  }
}

}  // namespace
}  // namespace podbgp::sim

// What the daemon does when somebody asks for too much: too many prefixes, too many connections.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/sim/sim.hpp"

namespace podbgp::sim {
namespace {

using session::fake::World;

std::string speaker(int asn, int own, int peer, int peer_asn, const std::string& extra = "") {
  return fmt::format(
      "version: 1\nrouter: {{ asn: {}, id: 10.0.0.{} }}\n"
      "peers:\n  - {{ name: n{}, address: 10.0.0.{}, asn: {}, import: [accept-all], export: [accept-all] {} }}\n",
      asn, own, peer, peer, peer_asn, extra);
}

std::vector<bgpd::LogRecord> records(const Daemon& daemon, const std::string& event) {
  std::vector<bgpd::LogRecord> found;
  std::ranges::copy_if(daemon.log, std::back_inserter(found), [&](const auto& r) { return r.event == event; });
  return found;
}

struct PrefixLimit : ::testing::Test {
  void flood(const std::string& action) {
    a = std::make_unique<Daemon>(world, "10.0.0.1",
                                 speaker(65001, 1, 2, 65002, ", max_prefixes: { received: 1" + action + " }"));
    b = std::make_unique<Daemon>(world, "10.0.0.2", speaker(65002, 2, 1, 65001));
    ASSERT_TRUE(world.run_until([&] { return a->up("n2"); }, 60s));
    b->announce("10.244.1.0/24");
    b->announce("10.244.2.0/24");
    ASSERT_TRUE(world.run_until([&] { return !a->core().get_peer("n2")->held_down.empty(); }, 60s));
  }
  World world;
  std::unique_ptr<Daemon> a, b;
};

TEST_F(PrefixLimit, ARestartWaitsInSightAndThenHappens) {
  flood(", action: restart, restart_after: 30s");
  auto peer = *a->core().get_peer("n2");
  EXPECT_TRUE(peer.enabled);  // nobody disabled it
  EXPECT_EQ(peer.state, fsm::State::Idle);
  EXPECT_EQ(peer.held_down, "prefix limit");
  ASSERT_TRUE(peer.held_until);
  EXPECT_EQ(*peer.held_until - peer.since, 30s);
  EXPECT_EQ(peer.warning, "2 ipv4 prefixes received, 1 allowed");
  world.run_for(29s);
  EXPECT_EQ(a->core().get_peer("n2")->held_down, "prefix limit");
  b->withdraw("10.244.2.0/24");
  ASSERT_TRUE(world.run_until([&] { return a->up("n2"); }, 60s));
  peer = *a->core().get_peer("n2");
  EXPECT_EQ(peer.held_down, "");
  EXPECT_FALSE(peer.held_until);
  EXPECT_EQ(peer.warning, "");
}

TEST_F(PrefixLimit, DisableWaitsForAnOperator) {
  flood(", action: disable");
  world.run_for(3600s);
  EXPECT_EQ(a->core().get_peer("n2")->held_down, "prefix limit");
  EXPECT_FALSE(a->core().get_peer("n2")->held_until);
  b->withdraw("10.244.2.0/24");
  ASSERT_TRUE(a->core().enable_peer("n2"));
  EXPECT_TRUE(world.run_until([&] { return a->up("n2"); }, 60s));
}

TEST_F(PrefixLimit, WhoDisablesThePeerMeanwhileKeepsItDown) {
  flood(", action: restart, restart_after: 30s");
  b->withdraw("10.244.2.0/24");
  ASSERT_TRUE(a->core().disable_peer("n2", "maintenance"));
  world.run_for(120s);
  EXPECT_FALSE(a->core().get_peer("n2")->enabled);
  EXPECT_EQ(a->core().get_peer("n2")->state, fsm::State::Idle);
  ASSERT_TRUE(a->core().enable_peer("n2"));
  EXPECT_TRUE(world.run_until([&] { return a->up("n2"); }, 60s));
}

TEST_F(PrefixLimit, AResetMeansNow) {
  flood(", action: restart, restart_after: 24h");
  b->withdraw("10.244.2.0/24");
  ASSERT_TRUE(a->core().reset_peer("n2", ""));
  EXPECT_TRUE(world.run_until([&] { return a->up("n2"); }, 60s));
  EXPECT_EQ(a->core().get_peer("n2")->held_down, "");
}

TEST(Refused, WhoDialsAllDayGetsFewLines) {
  World world;
  Daemon a(world, "10.0.0.1", speaker(65001, 1, 3, 65003));  // knows nothing of 10.0.0.2
  Daemon b(world, "10.0.0.2", speaker(65002, 2, 1, 65001, ", timers: { connect_retry: 1s, connect_retry_max: 1s }"));
  world.run_for(24h);
  const auto lines = records(a, "CONNECTION_REFUSED");
  ASSERT_GE(lines.size(), 3u);
  EXPECT_LT(lines.size(), 40u);  // and not 86,400
  EXPECT_EQ(lines[0].message, "no peer is configured with this address");
  EXPECT_THAT(lines[1].message, ::testing::MatchesRegex("no peer is configured with this address "
                                                        "\\([0-9]+ more refused since the last such line\\)"));
  EXPECT_EQ(lines[0].fields, (std::vector<std::pair<std::string, std::string>>{{"address", "10.0.0.2"}}));
}

}  // namespace
}  // namespace podbgp::sim

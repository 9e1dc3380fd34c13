// What operators and agents ask of a daemon, and what a reload, a stop and a restart do to the answers.
#include <set>

#include <gmock/gmock.h>

#include "bgpd/backend.hpp"
#include "tests/sim/sim.hpp"

namespace podbgp::sim {
namespace {

using session::fake::World;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string speaker(int own, int peer, const std::string& extra = "", const std::string& peer_extra = "") {
  return fmt::format(
      "version: 1\nrouter: {{ asn: {0}, id: 10.0.0.{1} }}\n"
      "peers:\n  - {{ name: n{2}, address: 10.0.0.{2}, asn: {3}, import: [accept-all], export: [accept-all]{5} }}\n{4}",
      65000 + own, own, peer, 65000 + peer, extra, peer_extra);
}

struct Pair : ::testing::Test {
  void up() { ASSERT_TRUE(world.run_until([&] { return a.up("n2") && b.up("n1"); }, 60s)); }
  World world;
  Daemon a{world, "10.0.0.1", speaker(1, 2)};
  Daemon b{world, "10.0.0.2", speaker(2, 1)};
};

TEST_F(Pair, NetworksComeAndGoWithAReload) {
  up();
  const std::string one = "networks: [ { prefix: 10.50.0.0/24, blackhole: on } ]\n", two = "networks: [ { prefix: 10.51.0.0/24 } ]\n";
  a.reload(speaker(1, 2, one));
  ASSERT_TRUE(world.run_until([&] { return b.kernel.route("10.50.0.0/24") == "10.0.0.1"; }, 60s));
  EXPECT_EQ(a.kernel.route("10.50.0.0/24"), "blackhole");
  a.reload(speaker(1, 2, two));
  ASSERT_TRUE(world.run_until([&] { return b.kernel.route("10.51.0.0/24") == "10.0.0.1"; }, 60s));
  ASSERT_TRUE(world.run_until([&] { return b.kernel.route("10.50.0.0/24").empty(); }, 60s));
  EXPECT_EQ(a.kernel.route("10.51.0.0/24"), "");
  a.reload(speaker(1, 2));
  EXPECT_TRUE(world.run_until([&] { return b.kernel.size() == 0; }, 60s));
}

// RFC 4456 §8: what a reload made the cluster id is in the CLUSTER_LIST of what is reflected next.
TEST(Reload, AnotherClusterIdHoldsAtOnce) {
  const auto internal = [](int own, const std::string& router, std::initializer_list<int> peers) {
    auto yaml = fmt::format("version: 1\nrouter: {{ asn: 65000, id: 10.0.0.{}{} }}\npeers:\n", own, router);
    for (const int peer : peers)
      yaml += fmt::format("  - {{ name: n{0}, address: 10.0.0.{0}, asn: 65000, reflector_client: on }}\n", peer);
    return yaml;
  };
  World world;
  Daemon reflector(world, "10.0.0.1", internal(1, ", cluster_id: 1.1.1.1", {2, 3}));
  Daemon b(world, "10.0.0.2", internal(2, "", {1})), c(world, "10.0.0.3", internal(3, ", cluster_id: 3.3.3.3", {1}));
  ASSERT_TRUE(world.run_until([&] { return reflector.peers_up() == 2; }, 60s));
  b.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return !c.kernel.route("10.244.1.0/24").empty(); }, 60s));
  reflector.reload(internal(1, ", cluster_id: 3.3.3.3", {2, 3}));
  EXPECT_TRUE(world.run_until([&] { return c.kernel.route("10.244.1.0/24").empty(); }, 60s)) << "its own cluster id: a loop";
  EXPECT_EQ(reflector.core().get_peer("n2")->flaps, 0u);
}

TEST_F(Pair, AStopTakesNothingFromTheKernel) {
  up();
  b.announce("10.244.2.0/24");
  a.announce("10.244.1.0/24");
  ASSERT_TRUE(world.run_until([&] { return a.kernel.size() == 2; }, 60s));
  EXPECT_TRUE(a.core().status().ready);
  bool stopped = false;
  a.core().stop("bye", [&] { stopped = true; });
  ASSERT_TRUE(world.run_until([&] { return stopped; }, 60s));
  world.run_for(10s);
  EXPECT_EQ(a.kernel.route("10.244.2.0/24"), "10.0.0.2");
  EXPECT_EQ(a.kernel.route("10.244.1.0/24"), "blackhole");
  EXPECT_FALSE(a.core().status().ready);
  EXPECT_EQ(a.core().status().not_ready_reason, "stopping");
}

TEST_F(Pair, OwnersAreWrittenDownWhenTheyChangeAndOnlyThen) {
  a.announce("10.244.1.0/24");
  a.announce("10.244.1.0/24");
  a.announce("10.244.2.0/24");
  a.announce("10.244.3.0/24", "lb");
  a.withdraw("10.244.1.0/24");
  a.withdraw("10.244.2.0/24");
  using Names = std::set<std::string>;
  EXPECT_THAT(a.owners_saved, ElementsAre(Names{"cni"}, Names{"cni", "lb"}, Names{"lb"}));
}

TEST_F(Pair, StaleRoutesWaitForTheOwnersOfBefore) {
  up();
  a.crash();
  a.boot({"cni"});
  ASSERT_TRUE(world.run_until([&] { return a.up("n2"); }, 120s));
  world.run_for(60s);
  EXPECT_FALSE(a.kernel.converged);
  a.announce("10.244.1.0/24", "other");
  world.run_for(1s);
  EXPECT_FALSE(a.kernel.converged);
  a.announce("10.244.1.0/24");
  EXPECT_TRUE(world.run_until([&] { return a.kernel.converged; }, 10s));
}

TEST_F(Pair, WhatTheFileDisablesTheApiDoesNotEnable) {
  a.reload(speaker(1, 2, "", ", enabled: off"));
  const auto refused = a.core().enable_peer("n2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "PEER_DISABLED_BY_CONFIG");
  EXPECT_EQ(a.core().reset_peer("n2", "").error().reason, "PEER_DISABLED");
  EXPECT_EQ(a.core().disable_peer("n9", "").error().reason, "PEER_NOT_FOUND");
  EXPECT_EQ(a.core().get_peer("10.0.0.2")->name, "n2");  // by address as well
}

TEST_F(Pair, WhatTheApiDidToAPeerIsLoggedOnceAndWithoutAnEmptyText) {
  up();
  const auto said = [&](const std::string& event) {
    std::vector<std::string> messages;
    for (const auto& record : a.log)
      if (record.event == event) messages.push_back(record.message);
    return messages;
  };
  ASSERT_TRUE(a.core().reset_peer("n2", ""));
  ASSERT_TRUE(a.core().reset_peer("n2", "new cable"));
  EXPECT_THAT(said("PEER_RESET"), ElementsAre("reset by the API", "reset by the API: new cable"));
  ASSERT_TRUE(a.core().enable_peer("n2"));
  EXPECT_THAT(said("PEER_ENABLED"), IsEmpty()) << "it was not disabled";
  ASSERT_TRUE(a.core().disable_peer("n2", ""));
  ASSERT_TRUE(a.core().disable_peer("n2", "again"));
  EXPECT_THAT(said("PEER_DISABLED"), ElementsAre("disabled by the API"));
  ASSERT_TRUE(a.core().enable_peer("n2"));
  EXPECT_THAT(said("PEER_ENABLED"), ElementsAre("enabled by the API"));
  ASSERT_TRUE(a.core().disable_peer("n2", "new rack"));
  EXPECT_THAT(said("PEER_DISABLED"), ElementsAre("disabled by the API", "disabled by the API: new rack"));
}

TEST_F(Pair, WhatIsAdvertisedNamesWhoseItIs) {
  up();
  a.announce("10.244.1.0/24", "lb");
  a.reload(speaker(1, 2, "networks: [ { prefix: 10.50.0.0/24 } ]\n"));
  ASSERT_TRUE(world.run_until([&] { return b.kernel.size() == 2; }, 60s));
  api::ListPaths query;
  query.view = api::ListPaths::View::Advertised;
  query.peer = "n2";
  const auto sent = a.core().list_paths(query);
  ASSERT_TRUE(sent);
  ASSERT_EQ(sent->entries.size(), 2u);
  for (const auto& entry : sent->entries)
    EXPECT_THAT(entry.owner_names, ElementsAre(entry.route.prefix == prefix("10.244.1.0/24") ? "lb" : ""));
}

// A peer that fails for two reasons in turn writes two lines, not one at each attempt; who was up may fail anew.
TEST(Attempts, EachReasonIsLoggedOnceUntilTheSessionIsUp) {
  World world;
  Daemon a(world, "10.0.0.1", speaker(1, 2));
  Daemon b(world, "10.0.0.2", speaker(3, 1));  // another AS than a expects
  using Messages = std::multiset<std::string>;
  const auto failures = [&](bgpd::LogLevel level) {
    Messages messages;
    for (const auto& record : a.log)
      if (record.event == "PEER_ATTEMPT_FAILED" && record.level == level) messages.insert(record.message);
    return messages;
  };
  const auto silent_again = [&](auto change) {
    const auto before = failures(bgpd::LogLevel::Debug).size();
    change();
    ASSERT_TRUE(world.run_until([&] { return failures(bgpd::LogLevel::Debug).size() > before + 2; }, 3600s));
  };
  silent_again([] {});
  silent_again([&] { b.crash(); });
  const auto told = failures(bgpd::LogLevel::Info);
  ASSERT_GE(told.size(), 2u);
  EXPECT_EQ(std::set(told.begin(), told.end()).size(), told.size()) << "each once";
  silent_again([&] { b.boot(); });
  silent_again([&] { b.crash(); });
  EXPECT_EQ(failures(bgpd::LogLevel::Info), told);
  a.reload(fmt::format("version: 1\nrouter: {{ asn: 65001, id: 10.0.0.1 }}\n"
                       "peers:\n  - {{ name: n2, address: 10.0.0.2, asn: 65003, import: [accept-all], export: [accept-all] }}\n"));
  b.boot();
  ASSERT_TRUE(world.run_until([&] { return a.up("n2"); }, 3600s));
  b.crash();
  ASSERT_TRUE(world.run_until([&] { return failures(bgpd::LogLevel::Info).size() > told.size(); }, 3600s));
}

TEST_F(Pair, ATokenThatNobodyGaveIsRefused) {
  for (const char* token : {"x", "0", "12x", "-"}) {
    api::ListPaths query;
    query.page_token = token;
    const auto answer = a.core().list_paths(query);
    ASSERT_FALSE(answer) << token;
    EXPECT_EQ(answer.error().reason, "BAD_PAGE_TOKEN");
  }
}

TEST_F(Pair, OnlyTheOwnerOfTheBestPathIsBest) {
  a.announce("10.244.1.0/24", "cni");
  a.announce("10.244.1.0/24", "lb");
  world.run_for(1s);
  std::map<std::string, bool> best;
  for (const auto& owned : a.core().list_owned("", 10, "").routes) best[owned.owner] = owned.best;
  EXPECT_EQ(best.size(), 2u);
  EXPECT_NE(best["cni"], best["lb"]);
}

// --- watches ---

struct Heard final : api::RouteWatchSink, api::PeerWatchSink {
  void on_changes(std::vector<api::RibEntry> changes, std::uint64_t) override {
    ++batches;
    for (const auto& c : changes) seen.push_back((c.removed ? "-" : "+") + net::to_string(c.route.prefix));
  }
  void on_snapshot_end(std::uint64_t) override { seen.emplace_back("end"); }
  void on_reset(std::string) override { seen.emplace_back("reset"); }
  void on_changes(std::vector<api::PeerInfo> peers, std::vector<std::string> removed) override {
    for (const auto& p : peers) seen.push_back("+" + p.name);
    for (const auto& r : removed) seen.push_back("-" + r);
  }
  void on_snapshot_end() override { seen.emplace_back("end"); }
  std::vector<std::string> take() { return std::exchange(seen, {}); }
  int batches = 0;
  std::vector<std::string> seen;
};

struct WatchesOfCore : Pair {
  std::shared_ptr<Heard> watch(std::uint64_t id, unsigned credits, const std::string& inside = "") {
    auto heard = std::make_shared<Heard>();
    api::RouteWatchFilter filter;
    if (!inside.empty()) filter.prefix = prefix(inside);
    a.core().watches().add(id, filter, heard);
    grant(id, credits);
    return heard;
  }
  void grant(std::uint64_t id, unsigned credits) {
    a.core().watches().grant(id, credits);
    a.core().wake();
    world.run_for(1s);
  }
};

TEST_F(WatchesOfCore, ASnapshotNamesOnlyWhatIsThereThoughOthersHaveNotHeardOfTheRemoval) {
  a.announce("10.244.1.0/24");
  a.announce("10.244.2.0/24");
  const auto slow = watch(1, 1);
  EXPECT_THAT(slow->take(), ElementsAre("+10.244.1.0/24", "+10.244.2.0/24", "end"));
  a.withdraw("10.244.1.0/24");
  world.run_for(1s);
  EXPECT_THAT(slow->seen, IsEmpty());  // no credit
  const auto fresh = watch(2, 9);
  EXPECT_THAT(fresh->take(), ElementsAre("+10.244.2.0/24", "end"));
  grant(1, 1);
  EXPECT_THAT(slow->take(), ElementsAre("-10.244.1.0/24"));
}

TEST_F(WatchesOfCore, ACreditIsOneBatch) {
  const auto heard = watch(1, 2);
  EXPECT_THAT(heard->take(), ElementsAre("end"));
  for (int i = 1; i <= 4; ++i) {
    a.announce(fmt::format("10.244.{}.0/24", i));
    world.run_for(1s);
  }
  EXPECT_EQ(heard->batches, 2);
  EXPECT_THAT(heard->take(), ElementsAre("+10.244.1.0/24", "+10.244.2.0/24"));
  grant(1, 1);
  EXPECT_EQ(heard->batches, 3);
  EXPECT_THAT(heard->take(), ElementsAre("+10.244.3.0/24", "+10.244.4.0/24"));
  a.core().watches().remove(1);
  a.announce("10.244.5.0/24");
  grant(1, 5);
  EXPECT_THAT(heard->seen, IsEmpty());
}

TEST_F(WatchesOfCore, AFilterHoldsForSnapshotAndChanges) {
  a.announce("10.244.1.0/24");
  a.announce("10.99.1.0/24");
  const auto heard = watch(1, 9, "10.244.0.0/16");
  EXPECT_THAT(heard->take(), ElementsAre("+10.244.1.0/24", "end"));
  a.announce("10.99.2.0/24");
  a.announce("10.244.2.0/24");
  a.withdraw("10.99.1.0/24");
  world.run_for(1s);
  EXPECT_THAT(heard->take(), ElementsAre("+10.244.2.0/24"));
}

TEST_F(WatchesOfCore, PeersThatComeAndGoAreTold) {
  up();
  const auto heard = std::make_shared<Heard>();
  a.core().watches().add(7, std::static_pointer_cast<api::PeerWatchSink>(heard));
  grant(7, 100);
  EXPECT_THAT(heard->take(), ::testing::IsSupersetOf({"+n2", "end"}));
  a.reload("version: 1\nrouter: { asn: 65001, id: 10.0.0.1 }\n");
  world.run_for(1s);
  EXPECT_THAT(heard->take(), ::testing::Contains("-n2"));
}

}  // namespace
}  // namespace podbgp::sim

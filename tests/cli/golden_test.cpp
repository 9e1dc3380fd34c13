// What each command prints, to the letter.
#include <thread>

#include "fixture.hpp"

namespace podbgp::cli::testing {
namespace {

struct Shown {
  const char* golden;
  std::vector<std::string> arguments;
};

class Golden : public CliTest, public ::testing::WithParamInterface<Shown> {};

TEST_P(Golden, IsAsWritten) {
  ASSERT_EQ(podbgp({"announce", "10.244.3.0/24", "--owner", "cni", "--community", "65101:100", "--med", "5"}).exit_code,
            kOk);
  ASSERT_EQ(podbgp({"announce", "fd00:10:244:3::/64", "--owner", "lb", "--no-blackhole"}).exit_code, kOk);
  const auto shown = podbgp(GetParam().arguments);
  EXPECT_EQ(shown.exit_code, kOk) << shown.err;
  EXPECT_EQ(shown.err, "");
  expect_golden(GetParam().golden, shown.out);
}

INSTANTIATE_TEST_SUITE_P(
    Commands, Golden,
    ::testing::Values(
        Shown{"help.txt", {"--help"}}, Shown{"status.txt", {"status"}},
        Shown{"status.wide.txt", {"status", "-o", "wide"}}, Shown{"status.json", {"status", "-o", "json"}},
        Shown{"peers.txt", {"peers"}}, Shown{"peers.wide.txt", {"peers", "-o", "wide"}},
        Shown{"peers.json", {"peers", "-o", "json"}}, Shown{"peers.no-headers.txt", {"peers", "--no-headers"}},
        Shown{"peer.txt", {"peer", "show", "tor-a"}}, Shown{"peer.down.txt", {"peer", "show", "10.1.0.2"}},
        Shown{"peer.json", {"peer", "show", "tor-b", "-o", "json"}}, Shown{"routes.txt", {"routes"}},
        Shown{"routes.wide.txt", {"routes", "--view", "all", "-o", "wide"}},
        Shown{"routes.json", {"routes", "10.244.7.0/24", "--view", "all", "-o", "json"}},
        Shown{"routes.lpm.txt", {"routes", "10.244.7.9"}}, Shown{"routes.v6.txt", {"routes", "-6"}},
        Shown{"routes.kernel.txt", {"routes", "--view", "kernel"}},
        Shown{"routes.received.txt", {"routes", "--peer", "tor-a"}},
        Shown{"routes.advertised.txt", {"routes", "--peer", "tor-a", "--view", "advertised"}},
        Shown{"routes.announced.txt", {"routes", "--view", "announced"}},
        Shown{"routes.announced.json", {"routes", "--view", "announced", "--owner", "cni", "-o", "json"}},
        Shown{"owners.txt", {"owners"}}, Shown{"owners.json", {"owners", "-o", "json"}},
        Shown{"announce.txt", {"announce", "10.244.3.0/24", "10.244.4.0/24", "--owner", "cni"}},
        Shown{"announce.json", {"announce", "10.244.3.0/24", "10.244.4.0/24", "--owner", "cni", "-o", "json"}},
        Shown{"announce.dry-run.txt", {"announce", "10.244.9.0/24", "--dry-run"}},
        Shown{"withdraw.txt", {"withdraw", "10.244.3.0/24", "10.9.9.0/24", "--owner", "cni", "--allow-missing"}},
        Shown{"withdraw.json", {"withdraw", "10.244.3.0/24", "--owner", "cni", "-o", "json"}},
        Shown{"peer.reset.txt", {"peer", "reset", "tor-a", "--text", "new cable"}},
        Shown{"config.check.txt", {"config", "check"}}, Shown{"config.reload.txt", {"config", "reload"}}),
    [](const auto& test) {
      std::string name = test.param.golden;
      for (auto& c : name)
        if (c == '.' || c == '-') c = '_';
      return name;
    });

TEST_F(CliTest, ColoursOnlyWhereAsked) {
  EXPECT_THAT(podbgp({"peers"}, "", true).out, ::testing::HasSubstr("\033[32mEstablished\033[0m"));
  EXPECT_THAT(podbgp({"peers"}).out, ::testing::Not(::testing::HasSubstr("\033")));  // nor what a peer sent
}

TEST_F(CliTest, AWideCharacterKeepsTheColumns) {
  backend.peers.resize(1);
  backend.peers[0].name = "tör-ä";
  const auto out = podbgp({"peers"}).out;
  std::istringstream lines(out);
  std::string header, row;
  std::getline(lines, header);
  std::getline(lines, row);
  EXPECT_EQ(header.find("TYPE") + 2, row.find("eBGP"));  // two letters take two octets each, and one column each
}

TEST_F(CliTest, WatchPrintsSnapshotMarkerAndChangesAsJsonLines) {
  std::thread feeder([this] {
    ASSERT_TRUE(backend.wait([this] { return backend.watches() == 1; }));
    backend.change_routes(backend.entries);
    backend.end_route_snapshot();
  });
  const auto shown = podbgp({"watch", "routes", "10.0.0.0/8", "--once", "-o", "json"});
  feeder.join();
  EXPECT_EQ(shown.exit_code, kOk) << shown.err;
  std::istringstream lines(shown.out);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) all.push_back(line);
  ASSERT_EQ(all.size(), 2u) << shown.out;
  EXPECT_THAT(all[0], ::testing::HasSubstr(R"("prefix":"10.244.7.0/24")"));
  EXPECT_THAT(all[1], ::testing::HasSubstr(R"("snapshot_end":true)"));
}

TEST_F(CliTest, WatchAsTextShowsWhatComesAndGoes) {
  auto gone = backend.entries[0];
  gone.removed = true;
  std::thread feeder([this, gone] {
    ASSERT_TRUE(backend.wait([this] { return backend.watches() == 1; }));
    backend.change_routes(backend.entries);
    backend.change_routes({gone});
    backend.end_route_snapshot();
  });
  const auto routes = podbgp({"watch", "routes", "--once"});
  feeder.join();
  expect_golden("watch.routes.txt", routes.out);
  ASSERT_TRUE(backend.wait([this] { return backend.watches() == 0; }));
  std::thread peer_feeder([this] {
    ASSERT_TRUE(backend.wait([this] { return backend.watches() == 1; }));
    backend.change_peers(backend.peers, {"old-tor"});
    backend.end_peer_snapshot();
  });
  const auto peers = podbgp({"watch", "peers", "--once"});
  peer_feeder.join();
  expect_golden("watch.peers.txt", peers.out);
}

TEST_F(CliTest, AllPagesAreMerged) {
  backend.entries.clear();
  for (int i = 0; i < 10'500; ++i)
    backend.entries.push_back(api::testing::make_entry(
        "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24", "tor-a", "10.1.0.1", {65001}));
  const auto shown = podbgp({"routes", "--no-headers"});
  EXPECT_EQ(std::ranges::count(shown.out, '\n'), 10'500);
}

}  // namespace
}  // namespace podbgp::cli::testing

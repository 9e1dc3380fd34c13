// Watches: snapshot, marker, changes; readers that do not read; ends of every kind.
#include <thread>

#include "fixture.hpp"

namespace podbgp::api::testing {
namespace {

using ::testing::ElementsAre;

std::vector<RibEntry> many(int count, std::size_t octets_each = 0) {
  std::vector<RibEntry> entries;
  for (int i = 0; i < count; ++i) {
    entries.push_back(make_entry("10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24", "tor-a",
                                 "10.1.0.1", {65001}));
    if (octets_each > 0) entries.back().route.paths[0].reason_text = std::string(octets_each, 'x');
  }
  return entries;
}

struct RouteWatcher {
  RouteWatcher(v1::RibService::Stub& stub, const v1::WatchRoutesRequest& request = {})
      : ctx(context(std::chrono::seconds(60))), reader(stub.WatchRoutes(ctx.get(), request)) {}
  v1::WatchRoutesResponse next() {
    v1::WatchRoutesResponse message;
    if (!reader->Read(&message)) ADD_FAILURE() << "the stream ended: " << reader->Finish().error_message();
    return message;
  }
  std::unique_ptr<grpc::ClientContext> ctx;
  std::unique_ptr<grpc::ClientReader<v1::WatchRoutesResponse>> reader;
};

struct WatchTest : ApiTest {
  void wait_for_watches(std::size_t count) {
    ASSERT_TRUE(backend.wait([&] { return backend.watches() == count; }))
        << "expected " << count << " watches, there are " << backend.watches();
  }
};

TEST_F(WatchTest, RoutesComeAsSnapshotMarkerChanges) {
  v1::WatchRoutesRequest request;
  request.set_prefix("10.0.0.0/8");
  request.set_family(v1::FAMILY_IPV4);
  request.set_all_paths(true);
  RouteWatcher watcher(*rib, request);
  wait_for_watches(1);
  EXPECT_EQ(backend.last_filter->prefix, *net::Prefix::parse("10.0.0.0/8"));
  EXPECT_EQ(backend.last_filter->family, net::Family::Ipv4Unicast);
  EXPECT_TRUE(backend.last_filter->all_paths);
  backend.change_routes(many(3));
  backend.end_route_snapshot();
  auto gone = many(1);
  gone[0].removed = true;
  backend.change_routes(gone);

  auto message = watcher.next();
  EXPECT_EQ(message.changes_size(), 3);
  EXPECT_EQ(message.changes(2).entry().prefix(), "10.0.2.0/24");
  EXPECT_FALSE(message.changes(2).removed());
  EXPECT_FALSE(message.snapshot_end());
  message = watcher.next();
  EXPECT_TRUE(message.snapshot_end());
  EXPECT_EQ(message.changes_size(), 0);
  message = watcher.next();
  ASSERT_EQ(message.changes_size(), 1);
  EXPECT_TRUE(message.changes(0).removed());
  EXPECT_EQ(message.changes(0).entry().prefix(), "10.0.0.0/24");
  EXPECT_EQ(message.changes(0).entry().paths_size(), 0);
}

TEST_F(WatchTest, PeersComeAsSnapshotMarkerChanges) {
  const auto ctx = context();
  const auto reader = peers->WatchPeers(ctx.get(), {});
  wait_for_watches(1);
  backend.change_peers(backend.peers);
  backend.end_peer_snapshot();
  backend.change_peers({make_peer("tor-b", "10.1.0.2", 65001, fsm::State::Established)}, {"node-9"});
  v1::WatchPeersResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.peers_size(), 3);
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_TRUE(message.snapshot_end());
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.peers(0).state(), v1::Peer::STATE_ESTABLISHED);
  EXPECT_THAT(message.removed(), ElementsAre("node-9"));
}

TEST_F(WatchTest, ABatchIsCutIntoMessagesThatClientsTake) {
  RouteWatcher watcher(*rib);
  wait_for_watches(1);
  backend.change_routes(many(512, 4000));  // 2 MB
  backend.end_route_snapshot();
  int changes = 0, messages = 0;
  for (auto message = watcher.next(); !message.snapshot_end(); message = watcher.next()) {
    EXPECT_LT(message.ByteSizeLong(), 512u << 10);
    changes += message.changes_size();
    ++messages;
  }
  EXPECT_EQ(changes, 512);
  EXPECT_GE(messages, 8);
}

// The whole point of credits: the server takes two batches for a client that does not read, and not one more.
TEST_F(WatchTest, AWatcherThatDoesNotReadStopsItsOwnCursorAndNothingElse) {
  constexpr int kBatches = 40;
  RouteWatcher slow(*rib);
  wait_for_watches(1);
  for (int i = 0; i < kBatches; ++i) backend.change_routes(many(512, 2000));  // 40 MB
  // It stops: the windows of HTTP/2 and the socket are full, and credits are spent.
  std::size_t before = 0;
  ASSERT_TRUE(backend.wait([&] {
    const auto now = backend.batches();
    const bool still = now == before && now > 0 && backend.credits() == 0;
    before = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // "still" needs a while to be still in
    return still;
  }));
  EXPECT_LT(backend.batches(), 20u);

  // Others go on meanwhile.
  const auto other = connect(path);
  const auto fast_stub = v1::RibService::NewStub(other);
  v1::GetRibSummaryResponse summary;
  EXPECT_TRUE(fast_stub->GetRibSummary(context().get(), {}, &summary).ok());

  // And when it reads, it gets everything.
  int changes = 0;
  while (changes < kBatches * 512) changes += slow.next().changes_size();
  EXPECT_EQ(changes, kBatches * 512);
}

TEST_F(WatchTest, AResetDropsWhatWasNotWrittenAndGivesItsCreditsBack) {
  RouteWatcher slow(*rib);
  wait_for_watches(1);
  for (int i = 0; i < 40; ++i) backend.change_routes(many(512, 2000));
  ASSERT_TRUE(backend.wait([&] { return backend.batches() > 0 && backend.credits() == 0; }));
  backend.reset_routes("too far behind");
  backend.end_route_snapshot();
  bool reset = false;
  for (;;) {
    const auto message = slow.next();
    if (!message.reset_reason().empty()) {
      EXPECT_EQ(message.reset_reason(), "too far behind");
      reset = true;
    }
    if (message.snapshot_end()) break;
  }
  EXPECT_TRUE(reset);
  backend.change_routes(many(1));  // the credits are there again
  EXPECT_EQ(slow.next().changes_size(), 1);
}

TEST_F(WatchTest, AClientThatGoesEndsItsWatch) {
  {
    RouteWatcher watcher(*rib);
    wait_for_watches(1);
    backend.change_routes(many(10));
    EXPECT_EQ(watcher.next().changes_size(), 10);
    watcher.ctx->TryCancel();
    EXPECT_EQ(watcher.reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  wait_for_watches(0);
  EXPECT_EQ(backend.credits(), 0u);
}

TEST_F(WatchTest, CancelsAtEveryMomentLeaveNothingBehind) {
  constexpr int kThreads = 4, kEach = 60;
  std::atomic<bool> stop{false};
  std::thread feeder([&] {
    while (!stop) {
      backend.change_routes(many(50, 500));
      backend.reset_routes("race");
      backend.end_route_snapshot();
      std::this_thread::yield();
      (void)backend.wait([&] { return stop || backend.credits() > 0; }, std::chrono::milliseconds(20));
    }
  });
  std::vector<std::thread> clients;
  for (int t = 0; t < kThreads; ++t) {
    clients.emplace_back([&, t] {
      const auto own = connect(path);
      const auto stub = v1::RibService::NewStub(own);
      for (int i = 0; i < kEach; ++i) {
        const auto ctx = context();
        const auto reader = stub->WatchRoutes(ctx.get(), {});
        v1::WatchRoutesResponse message;
        for (int n = 0; n < (i + t) % 5; ++n)
          if (!reader->Read(&message)) break;
        ctx->TryCancel();
        (void)reader->Finish();
      }
    });
  }
  for (auto& client : clients) client.join();
  stop = true;
  feeder.join();
  wait_for_watches(0);
}

TEST_F(WatchTest, ThereIsALimitOfWatchers) {
  // More than one connection: each has at most 256 streams.
  std::vector<std::shared_ptr<grpc::Channel>> channels{connect(path), connect(path)};
  std::vector<std::unique_ptr<v1::RibService::Stub>> stubs;
  for (const auto& one : channels) stubs.push_back(v1::RibService::NewStub(one));
  std::vector<std::unique_ptr<RouteWatcher>> watchers;
  for (std::size_t i = 0; i < kMaxWatchers; ++i) watchers.push_back(std::make_unique<RouteWatcher>(*stubs[i % 2]));
  wait_for_watches(kMaxWatchers);
  RouteWatcher one_more(*stubs[0]);
  v1::WatchRoutesResponse message;
  EXPECT_FALSE(one_more.reader->Read(&message));
  const auto refused = refusal(one_more.reader->Finish());
  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.message, "256 watchers are there already; end some of them");
  watchers.clear();
  wait_for_watches(0);
}

TEST_F(WatchTest, ShutdownEndsWatchesAlsoOfThoseWhoDoNotRead) {
  RouteWatcher reading(*rib);
  const auto other = connect(path);
  const auto stub = v1::RibService::NewStub(other);
  RouteWatcher stuck(*stub);
  wait_for_watches(2);
  for (int i = 0; i < 40; ++i) backend.change_routes(many(512, 2000));
  ASSERT_TRUE(backend.wait([&] { return backend.batches() > 0 && backend.credits() == 0; }));
  std::thread reader([&] {
    v1::WatchRoutesResponse message;
    while (reading.reader->Read(&message)) {
    }
    EXPECT_EQ(reading.reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  });
  const auto begin = std::chrono::steady_clock::now();
  server->shutdown();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  reader.join();
  wait_for_watches(0);
  stuck.ctx->TryCancel();
  (void)stuck.reader->Finish();
}

}  // namespace
}  // namespace podbgp::api::testing

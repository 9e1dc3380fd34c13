// Many calls at once, calls that end before their answer comes, and the end of the server under them.
#include <atomic>
#include <thread>

#include "fixture.hpp"

namespace podbgp::api::testing {
namespace {

struct Pending {
  v1::AnnounceRouteRequest request;
  v1::AnnounceRouteResponse response;
  grpc::ClientContext ctx;
  grpc::Status status;
};

// Calls through the callback API of the client, which needs no thread each.
struct Calls {
  Calls(v1::RouteService::Stub& stub, int count, const std::function<void(Pending&, int)>& prepare = {}) : all(count) {
    for (int i = 0; i < count; ++i) {
      auto& call = all[static_cast<std::size_t>(i)] = std::make_unique<Pending>();
      call->request.set_owner("cni");
      *call->request.mutable_route() = route("10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24");
      call->ctx.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      if (prepare) prepare(*call, i);
      stub.async()->AnnounceRoute(&call->ctx, &call->request, &call->response, [this, &call](grpc::Status status) {
        const std::lock_guard lock(mutex);
        call->status = std::move(status);
        ++done;
        changed.notify_all();
      });
    }
  }
  ~Calls() { wait(); }
  void wait() {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, std::chrono::seconds(70), [this] { return done == all.size(); }))
      ADD_FAILURE() << done << " of " << all.size() << " calls ended";
  }
  std::size_t count(grpc::StatusCode code) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const auto& call) { return call->status.error_code() == code; }));
  }
  std::vector<std::unique_ptr<Pending>> all;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t done = 0;
};

TEST_F(ApiTest, AThousandAnnouncementsAtOnceAllArrive) {
  Calls calls(*routes, 1000);
  calls.wait();
  EXPECT_EQ(calls.count(grpc::StatusCode::OK), 1000u);
  v1::ListOwnersResponse owners;
  ASSERT_TRUE(routes->ListOwners(context().get(), {}, &owners).ok());
  EXPECT_EQ(owners.owners(0).routes(), 1000u);
  EXPECT_EQ(audit().size(), 1000u);
}

TEST_F(ApiTest, BeyondTheCallsInFlightIsResourceExhausted) {
  backend.hold();
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::vector<std::unique_ptr<v1::RouteService::Stub>> stubs;
  std::vector<std::unique_ptr<Calls>> calls;
  for (int i = 0; i < 4; ++i) {  // 256 streams each
    channels.push_back(connect(path));
    stubs.push_back(v1::RouteService::NewStub(channels.back()));
    calls.push_back(std::make_unique<Calls>(*stubs.back(), 256));
  }
  ASSERT_TRUE(backend.wait([&] { return backend.held() == kMaxCallsInFlight; })) << backend.held() << " are held";
  v1::ListOwnersResponse owners;
  const auto refused = refusal(routes->ListOwners(context().get(), {}, &owners));
  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.reason, "TOO_MANY_CALLS");
  EXPECT_EQ(refused.message, "1024 calls are under way; try again in a moment");
  backend.release();
  for (auto& some : calls) {
    some->wait();
    EXPECT_EQ(some->count(grpc::StatusCode::OK), 256u);
  }
  EXPECT_TRUE(routes->ListOwners(context().get(), {}, &owners).ok());
}

TEST_F(ApiTest, CallsThatTheirClientGaveUpAreAnsweredToNobody) {
  backend.hold();
  {
    Calls calls(*routes, 200, [](Pending& call, int i) {
      if (i % 2 == 0) call.ctx.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    });
    ASSERT_TRUE(backend.wait([&] { return backend.held() >= 100; })) << backend.held() << " are held";
    for (std::size_t i = 1; i < 200; i += 4) calls.all[i]->ctx.TryCancel();
    ASSERT_TRUE(backend.wait([&] {
      const std::lock_guard lock(calls.mutex);
      return calls.done >= 150;
    }));
    backend.release();
    calls.wait();
    EXPECT_EQ(calls.count(grpc::StatusCode::OK), 50u);
    EXPECT_EQ(calls.count(grpc::StatusCode::DEADLINE_EXCEEDED), 100u);
    EXPECT_EQ(calls.count(grpc::StatusCode::CANCELLED), 50u);
  }
  // Each gave its place back.
  Calls after(*routes, 256);
  after.wait();
  EXPECT_EQ(after.count(grpc::StatusCode::OK), 256u);
}

TEST_F(ApiTest, ShutdownEndsCallsThatWaitAndDropsTheirAnswers) {
  backend.hold();
  Calls calls(*routes, 50);
  ASSERT_TRUE(backend.wait([&] { return backend.held() == 50; }));
  const auto begin = std::chrono::steady_clock::now();
  server->shutdown();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  calls.wait();
  EXPECT_EQ(calls.count(grpc::StatusCode::UNAVAILABLE), 50u);
  EXPECT_EQ(refusal(calls.all[0]->status).reason, "STOPPING");
  server.reset();
  backend.release();  // the answers come now: nobody is there
  ASSERT_TRUE(backend.wait([&] { return backend.held() == 0; }));
}

}  // namespace
}  // namespace podbgp::api::testing

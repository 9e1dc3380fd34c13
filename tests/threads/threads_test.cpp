#include <condition_variable>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "bgpd/backend.hpp"
#include "bgpd/core.hpp"
#include "config/parse.hpp"
#include "fib/fib.hpp"
#include "session/asio_transport.hpp"
#include "session/listener.hpp"

namespace podbgp::bgpd {
namespace {

using namespace std::chrono_literals;
using Task = std::move_only_function<void()>;

// The control executor without Asio: a thread that runs what is put into its mailbox.
class Control {
 public:
  Control() : box_([this] { wake(); }), thread_([this] { run(); }) {}
  ~Control() { stop(); }
  void post(Task task) { box_.push(std::move(task)); }
  void stop() {
    if (!thread_.joinable()) return;
    post([this] { stopping_ = true; });
    thread_.join();
  }

 private:
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    ready_.notify_one();
  }
  void run() {
    while (!stopping_) {
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return woken_; });
        woken_ = false;
      }
      for (auto& task : box_.take()) task();
    }
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
  bool stopping_ = false;  // touched by thread_ only
  net::Mailbox<Task> box_;
  std::thread thread_;
};

// The executors of a daemon as bgpd/daemon.cpp wires them, without gRPC: core and fib threads, mailboxes between.
class Node {
 public:
  Node(const std::string& yaml, Control& control)
      : control_(control),
        box_([this] { transport_.post([this] { drain(); }); }),
        fib_(fib_settings(), [this](fib::FromFib message) { box_.push(std::move(message)); }),
        listener_(transport_, [this](std::unique_ptr<session::Connection> c) { core_->accepted(std::move(c)); }),
        backend_(backend_ports()) {
    auto parsed = config::parse(yaml, "threads.yaml");
    EXPECT_TRUE(parsed);
    config::set_router_id(parsed->config, *parsed->config.router.id);
    // The fib thread runs without touching the kernel; core believes that it installs, so that all messages flow.
    parsed->config.fib.install = true;
    Core::Ports ports;
    ports.transport = &transport_;
    ports.to_fib = [this](fib::ToFib message) { fib_.post(std::move(message)); };
    ports.log = [this](LogRecord record) { control_.post([this, record = std::move(record)] { logged_.push_back(record); }); };
    ports.to_control = [this](Task task) { control_.post(std::move(task)); };
    ports.former_gone = [] {};
    ports.owners_changed = [](std::set<std::string>) {};
    ports.peers_changed = [this](const std::vector<config::Peer>& peers) {
      std::vector<session::Endpoint> endpoints;
      for (const auto& peer : peers) endpoints.push_back(peer.endpoint);
      EXPECT_TRUE(listener_.set_peers(endpoints).empty());
    };
    ports.wall_at_start = std::chrono::system_clock::now();
    for (const auto& listen : parsed->config.router.listen) {
      const auto listening = listener_.listen(listen.address, listen.port);
      EXPECT_TRUE(listening) << (listening ? "" : listening.error());
    }
    core_ = std::make_unique<Core>(parsed->config, std::move(ports));
    const auto started = fib_.start();
    EXPECT_TRUE(started) << (started ? "" : started.error());
    thread_ = std::thread([this] {
      core_->start({});  // before anything that others have queued, as bgpd/daemon.cpp does
      transport_.run();
    });
  }
  ~Node() {
    transport_.stop();
    thread_.join();
    fib_.post(fib::Stop{});
    fib_.join();
    auto done = std::make_shared<std::promise<void>>();  // what this node posted is behind it then
    control_.post([done] { done->set_value(); });
    done->get_future().wait();
  }
  api::Backend& backend() { return backend_; }

 private:
  static fib::Settings fib_settings() {
    fib::Settings settings;
    settings.install = false;
    return settings;
  }
  DaemonBackend::Ports backend_ports() {
    DaemonBackend::Ports ports;
    ports.to_core = [this](CoreTask task) { box_.push(std::move(task)); };
    ports.to_control = [this](Task task) { control_.post(std::move(task)); };
    ports.check_config = [](std::optional<std::string>) { return api::ConfigReport{}; };
    ports.reload_config = [] { return net::Result<api::ConfigReport, api::ApiError>(api::ConfigReport{}); };
    ports.complete_status = [](api::Status&) {};
    return ports;
  }
  void drain() {
    for (auto& message : box_.take()) {
      if (auto* task = std::get_if<CoreTask>(&message)) (*task)(*core_);
      if (auto* fib = std::get_if<fib::FromFib>(&message)) core_->handle(std::move(*fib));
    }
  }

  Control& control_;
  session::AsioTransport transport_;
  net::Mailbox<std::variant<CoreTask, fib::FromFib>> box_;
  fib::Fib fib_;
  session::Listener listener_;
  std::unique_ptr<Core> core_;
  std::thread thread_;
  std::vector<LogRecord> logged_;  // touched on control
  DaemonBackend backend_;
};

// Asks until the answer is right; prints the last one when time is up.
template <class T>
T answer(const std::function<void(api::Reply<T>)>& ask) {
  auto promise = std::make_shared<std::promise<net::Result<T, api::ApiError>>>();  // outlives whoever waits
  auto future = promise->get_future();
  ask([promise](net::Result<T, api::ApiError> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(30s) != std::future_status::ready) {
    ADD_FAILURE() << "no answer within 30 s";
    return {};
  }
  auto result = future.get();
  EXPECT_TRUE(result) << result.error().message;
  return *result;
}

void done(const std::function<void(api::Reply<void>)>& order) {
  auto promise = std::make_shared<std::promise<bool>>();
  auto future = promise->get_future();
  order([promise](net::Result<void, api::ApiError> result) { promise->set_value(result.has_value()); });
  ASSERT_EQ(future.wait_for(30s), std::future_status::ready);
  EXPECT_TRUE(future.get());
}

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit = 60s) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

std::string yaml(int own, int other, bool passive) {
  return fmt::format(
      "version: 1\nrouter: {{ asn: {0}, id: 127.0.7.{1}, listen: [\"127.0.7.{1}:17900\"] }}\npeers:\n"
      "  - {{ name: other, address: 127.0.7.{2}, port: 17900, local_address: 127.0.7.{1}, asn: {3}, families: [ipv4], "
      "import: [all], export: [out], passive: {4} }}\npolicies:\n  all: [ {{ then: accept }} ]\n"
      // A next hop on the loopback would be refused, and rightly so (RFC 4271 §6.3).
      "  out: [ {{ set: {{ next_hop: 192.0.2.{1} }}, then: accept }} ]\n",
      65000 + own, own, other, 65000 + other, passive);
}

class CountingSink final : public api::RouteWatchSink {
 public:
  void on_changes(std::vector<api::RibEntry> changes, std::uint64_t) override { seen += changes.size(); }
  void on_snapshot_end(std::uint64_t) override { ended = true; }
  void on_reset(std::string) override {}
  std::atomic<std::size_t> seen{0};
  std::atomic<bool> ended{false};
};

TEST(Threads, AnnouncersWatchersAndQuestionsAtOnce) {
  constexpr int kThreads = 4, kEach = 250;
  Control control;
  Node a(yaml(1, 2, false), control);
  Node b(yaml(2, 1, true), control);
  ASSERT_TRUE(wait_until([&] {
    const auto peers = answer<std::vector<api::PeerInfo>>([&](auto reply) { a.backend().list_peers(std::move(reply)); });
    return peers.front().state == fsm::State::Established;
  }));
  auto sink = std::make_shared<CountingSink>();
  auto watch = b.backend().watch_routes({}, sink);
  watch->grant(1'000'000);

  std::vector<std::thread> agents;
  for (int t = 0; t < kThreads; ++t)
    agents.emplace_back([&a, t] {
      for (int i = 0; i < kEach; ++i) {
        rib::LocalRoute route;
        route.prefix = net::Prefix::parse(fmt::format("10.{}.{}.0/24", t, i)).value();
        (void)answer<api::Changed>([&](auto reply) {
          a.backend().announce(fmt::format("agent-{}", t), {route}, std::move(reply));
        });
        if (i % 50 == 0) (void)answer<api::Status>([&](auto reply) { a.backend().status(std::move(reply)); });
      }
    });
  for (auto& agent : agents) agent.join();

  const auto held = [&] {
    return answer<rib::RibCounters>([&](auto reply) { b.backend().rib_counters(std::move(reply)); }).prefixes[0];
  };
  EXPECT_TRUE(wait_until([&] { return held() == kThreads * kEach; })) << held();
  EXPECT_TRUE(wait_until([&] { return sink->seen >= kThreads * kEach; })) << sink->seen;
  EXPECT_TRUE(sink->ended);

  for (int t = 0; t < kThreads; ++t) {
    const auto done = answer<api::Replaced>(
        [&](auto reply) { a.backend().replace(fmt::format("agent-{}", t), {}, 0, std::move(reply)); });
    EXPECT_EQ(done.removed, static_cast<unsigned>(kEach));
  }
  EXPECT_TRUE(wait_until([&] { return held() == 0; })) << held();

  // The watch ends on control, as the API ends it.
  auto gone = std::make_shared<std::promise<void>>();
  control.post([&watch, gone] {
    watch.reset();
    gone->set_value();
  });
  gone->get_future().wait();
}

TEST(Threads, SessionsComeAndGoWhileAsked) {
  Control control;
  Node a(yaml(3, 4, false), control);
  Node b(yaml(4, 3, true), control);
  const auto state = [&](Node& node) {
    return answer<std::vector<api::PeerInfo>>([&](auto reply) { node.backend().list_peers(std::move(reply)); }).front().state;
  };
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(wait_until([&] { return state(a) == fsm::State::Established && state(b) == fsm::State::Established; }));
    rib::LocalRoute route;
    route.prefix = net::Prefix::parse("10.9.0.0/16").value();
    (void)answer<api::Changed>([&](auto reply) { b.backend().announce("x", {route}, std::move(reply)); });
    done([&](auto reply) { a.backend().disable_peer("other", "round", std::move(reply)); });
    ASSERT_TRUE(wait_until([&] { return state(b) != fsm::State::Established; }));
    done([&](auto reply) { a.backend().enable_peer("other", std::move(reply)); });
  }
}

}  // namespace
}  // namespace podbgp::bgpd

// Tests against the real kernel, in a network namespace that the test makes for itself.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "fib/fib.hpp"
#include "fib/netlink_codec.hpp"
#include "fib/netlink_socket.hpp"
#include "values.hpp"

namespace podbgp::fib::test {

using namespace std::chrono_literals;

inline std::string output(const std::string& command) {
  std::string text;
  std::array<char, 4096> piece;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  while (const auto got = ::fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), got);
  ::pclose(pipe);
  return text;
}
inline void run(const std::string& command) {
  const auto text = output(command + " && echo WENT-WELL");
  if (text.find("WENT-WELL") == std::string::npos) ADD_FAILURE() << command << ": " << text;
}

inline void ip_batch(const std::string& lines) {
  FILE* pipe = ::popen("ip -batch -", "w");
  ::fwrite(lines.data(), 1, lines.size(), pipe);
  EXPECT_EQ(::pclose(pipe), 0);
}
inline std::size_t count_routes(const std::string& of) {
  return static_cast<std::size_t>(std::ranges::count(output("ip -4 route show " + of), '\n'));
}

// Waits for a condition; on timeout fails with what `show` says.
template <class Condition, class Show>
bool eventually(Condition condition, Show show, std::chrono::milliseconds patience = 10s) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "did not happen in " << patience.count() << " ms; now: " << show();
      return false;
    }
    ::usleep(1000);
  }
  return true;
}

// Two links of a node, eth1 and eth2, each with its other end (tor1, tor2) in the same namespace: taking tor1 down is
// the loss of carrier on eth1.
class NetNs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "makes a network namespace: needs root";
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    run("ip link set lo up");
    for (const int i : {1, 2}) {
      run(fmt::format("ip link add eth{0} type veth peer name tor{0}", i));
      run(fmt::format("sysctl -qw net.ipv6.conf.eth{0}.accept_dad=0", i));
      run(fmt::format("ip link set eth{0} up && ip link set tor{0} up", i));
      run(fmt::format("ip addr add 10.{0}.0.11/24 dev eth{0}", i));
      run(fmt::format("ip addr add fd00:{0}::11/64 dev eth{0} nodad", i));
    }
  }
};

// Both ways to write next hops.
class KernelModes : public NetNs, public testing::WithParamInterface<bool> {
 protected:
  Settings settings() const {
    Settings s;
    s.nexthop_objects = GetParam();
    return s;
  }
};
inline std::string mode_name(const testing::TestParamInfo<bool>& info) {
  return info.param ? "NexthopObjects" : "PlainNextHops";
}

// A Fib with its side of core: remembers what it was told.
class Node {
 public:
  // `watch` sees each message first, on fib's thread: while it runs, nothing is read and nothing written.
  using Watch = std::function<void(const FromFib&)>;
  explicit Node(Settings settings = {}, FibTuning tuning = {}, Watch watch = {}, std::vector<Mark> former = {})
      : watch_(std::move(watch)), fib(settings, [this](FromFib m) { take(std::move(m)); }, tuning) {
    const auto started = fib.start(std::move(former));
    if (!started) ADD_FAILURE() << started.error();
  }
  ~Node() {
    if (!stopped_) stop(false);
  }
  // Also waits for the thread: afterwards a "restart" may follow.
  void stop(bool remove_routes) {
    stopped_ = true;
    fib.post(Stop{remove_routes});
    fib.join();
  }

  void define(std::uint32_t id, std::vector<Hop> best, std::vector<Hop> backup = {}) {
    fib.post(DefineHopSet{HopSetId{id}, {std::move(best), std::move(backup)}});
  }
  void route(std::string_view text, std::uint32_t set) { routes({prefix(text)}, set); }
  void routes(const std::vector<net::Prefix>& prefixes, std::uint32_t set) {
    RouteBatch batch;
    for (const auto& p : prefixes) batch.routes.push_back({p, HopSetId{set}});
    fib.post(std::move(batch));
  }

  [[nodiscard]] std::size_t count(RouteStatus status) {
    const std::lock_guard lock(mutex_);
    return counts_[static_cast<std::size_t>(status)];
  }
  [[nodiscard]] RouteResult status(std::string_view text) {
    const std::lock_guard lock(mutex_);
    const auto found = status_.find(prefix(text));
    return found == status_.end() ? RouteResult{prefix(text), RouteStatus::Pending, "nothing heard"} : found->second;
  }
  [[nodiscard]] NextHopState next_hop(std::string_view gateway) {
    const std::lock_guard lock(mutex_);
    return next_hops_[{address(gateway), {}}];
  }
  [[nodiscard]] FibCounters counters() {
    const std::lock_guard lock(mutex_);
    return counters_;
  }
  [[nodiscard]] std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }
  [[nodiscard]] std::optional<FormerGone> former_gone() {
    const std::lock_guard lock(mutex_);
    return former_gone_;
  }
  [[nodiscard]] std::set<std::string> own_addresses() {
    const std::lock_guard lock(mutex_);
    return addresses_;
  }
  [[nodiscard]] std::vector<KernelRoute> dumped() {
    const std::lock_guard lock(mutex_);
    return dump_done_ ? dump_ : std::vector<KernelRoute>{};
  }
  bool wait_status(std::string_view text, RouteStatus wanted, std::chrono::milliseconds patience = 10s) {
    return eventually([&] { return status(text).status == wanted && status(text).reason != "nothing heard"; },
                      [&] {
                        const auto s = status(text);
                        return fmt::format("{} has status {} ({})", text, static_cast<int>(s.status), s.reason);
                      },
                      patience);
  }
  void wait_each(std::initializer_list<std::string_view> texts, RouteStatus wanted) {
    for (const auto text : texts) wait_status(text, wanted);
  }
  bool wait_count(RouteStatus wanted, std::size_t n, std::chrono::milliseconds patience = 20s) {
    return eventually([&] { return count(wanted) == n; },
                      [&] { return fmt::format("{} routes of {}", count(wanted), n); }, patience);
  }
  bool wait_state(const std::string& state) {
    return eventually([&] { return counters().state == state; }, [&] { return counters().state; });
  }

 private:
  const Watch watch_;

 public:
  Fib fib;

 private:
  void take(FromFib message) {
    if (watch_) watch_(message);
    const std::lock_guard lock(mutex_);
    if (auto* results = std::get_if<RouteResults>(&message))
      for (auto& r : results->results) {
        const auto [it, inserted] = status_.try_emplace(r.prefix, r);
        if (!inserted) --counts_[static_cast<std::size_t>(it->second.status)];
        ++counts_[static_cast<std::size_t>(r.status)];
        it->second = r;
      }
    if (auto* state = std::get_if<NextHopState>(&message)) next_hops_[state->next_hop] = *state;
    if (auto* counters = std::get_if<Counters>(&message)) counters_ = counters->counters;
    if (auto* gone = std::get_if<FormerGone>(&message)) former_gone_ = *gone;
    if (auto* warning = std::get_if<Warning>(&message)) warnings_.push_back(warning->text);
    if (auto* addresses = std::get_if<InterfaceAddresses>(&message)) {
      addresses_.clear();
      for (const auto& a : addresses->addresses) addresses_.insert(fmt::format("{} {}", a.interface, a.address));
    }
    if (auto* dump = std::get_if<RouteDump>(&message)) {
      dump_.insert(dump_.end(), dump->routes.begin(), dump->routes.end());
      dump_done_ = dump->last;
    }
  }

  std::mutex mutex_;
  std::map<net::Prefix, RouteResult> status_;
  std::array<std::size_t, 4> counts_{};
  std::map<NextHop, NextHopState> next_hops_;
  FibCounters counters_;
  std::vector<std::string> warnings_;
  std::optional<FormerGone> former_gone_;
  std::set<std::string> addresses_;
  std::vector<KernelRoute> dump_;
  bool dump_done_ = false;
  bool stopped_ = false;
};

// Listens to the kernel from the side, as `ip monitor` would.
class Witness final : private FactSink {
 public:
  Witness() : socket_(NetlinkSocket::open_monitor(1, true, 64 << 20).value()) {}
  // Reads what has come. The kernel queues notifications before the request that caused them is answered.
  void look() {
    std::vector<NetlinkReply> replies;
    while (auto got = socket_.receive(false)) decoder_.decode(*got, *this, replies);
  }
  std::size_t deleted_routes = 0, new_routes = 0, deleted_next_hops = 0, new_next_hops = 0;

 private:
  void fact(const LinkFact&) override {}
  void fact(const AddressFact&) override {}
  void fact(const NeighbourFact&) override {}
  void fact(const NextHopFact& f) override { ++(f.gone ? deleted_next_hops : new_next_hops); }
  void fact(const RouteFact& f) override {
    if (f.protocol == 179) ++(f.gone ? deleted_routes : new_routes);
  }
  NetlinkSocket socket_;
  NetlinkDecoder decoder_;
};

inline std::vector<net::Prefix> many(std::size_t n) {
  std::vector<net::Prefix> all;
  for (std::uint32_t i = 0; i < n; ++i)
    all.push_back(net::Prefix::make(net::IpAddress::v4((100u << 24) + (i << 8)), 24));
  return all;
}

}  // namespace podbgp::fib::test

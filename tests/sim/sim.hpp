// A network of whole podbgp daemons in one process and one thread, on virtual time: Core as it is, behind an in-memory
// transport and a kernel that is a map. Deterministic for a seed.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bgpd/core.hpp"
#include "config/parse.hpp"
#include "tests/session/fake_transport.hpp"

namespace podbgp::sim {

using namespace std::chrono_literals;

inline net::Prefix prefix(const std::string& text) { return net::Prefix::parse(text).value(); }
inline net::IpAddress address(const std::string& text) { return net::IpAddress::parse(text).value(); }

inline config::Config configuration(const std::string& yaml) {
  auto parsed = config::parse(yaml, "sim.yaml");
  if (!parsed) {
    for (const auto& finding : parsed.error()) ADD_FAILURE() << config::to_string(finding);
    return {};
  }
  auto config = std::move(parsed->config);
  if (config.router.id) config::set_router_id(config, *config.router.id);
  return config;
}

// The kernel at the seam of fib/messages.hpp: every gateway inside `connected` is reachable; routes are what was asked for.
class FakeKernel {
 public:
  explicit FakeKernel(std::vector<net::Prefix> connected) : connected_(std::move(connected)) {}

  void attach(std::function<void(fib::FromFib)> deliver) { deliver_ = std::move(deliver); }
  void say_synced() { deliver_(fib::Synced{}); }  // the table was read
  void post(fib::ToFib message) {
    std::visit([this](auto& m) { on(m); }, message);
  }
  void set_reachable(const net::Prefix& block, bool reachable) {
    if (reachable) {
      connected_.push_back(block);
    } else {
      std::erase(connected_, block);
    }
    for (const auto& hop : tracked_) tell(hop);
  }

  void deliver(fib::FromFib message) { deliver_(std::move(message)); }

  // The gateways a prefix would be forwarded to now; "blackhole", or "" for none.
  [[nodiscard]] std::string route(const std::string& text) const {
    const auto it = routes_.find(prefix(text));
    if (it == routes_.end()) return "";
    if (it->second == fib::kBlackhole) return "blackhole";
    const auto& set = sets_.at(it->second);
    std::string gateways;
    for (const auto* hops : {&set.best, &set.backup}) {
      for (const auto& hop : *hops)
        if (!down_.contains(hop.peer)) gateways += (gateways.empty() ? "" : " ") + net::to_string(hop.next_hop.gateway);
      if (!gateways.empty()) break;
    }
    return gateways;
  }
  [[nodiscard]] std::size_t size() const { return routes_.size(); }
  // The daemon was started again: what it said before is void (adoption is the planner's part, tested in tests/fib).
  void forget() {
    routes_.clear();
    sets_.clear();
    down_.clear();
    tracked_.clear();
    converged = false;
  }
  std::uint64_t changes = 0;
  bool converged = false;
  std::size_t live_sets() const { return sets_.size(); }

 private:
  void on(fib::DefineHopSet& m) {
    EXPECT_FALSE(sets_.contains(m.id)) << "hop set " << m.id.value() << " defined twice";
    sets_[m.id] = m.set;
  }
  void on(fib::ReleaseHopSet& m) {
    for (const auto& [p, id] : routes_) EXPECT_NE(id, m.id) << net::to_string(p) << " still uses a released hop set";
    EXPECT_EQ(sets_.erase(m.id), 1u);
  }
  void on(fib::PeerDown& m) { down_.insert(m.peer); }
  void on(fib::PeerUp& m) { down_.erase(m.peer); }
  void on(fib::RouteBatch& m) {
    for (const auto& change : m.routes) {
      ++changes;
      if (change.hops == fib::kNoHopSet) {
        EXPECT_EQ(routes_.erase(change.prefix), 1u) << net::to_string(change.prefix);
      } else {
        EXPECT_TRUE(change.hops == fib::kBlackhole || sets_.contains(change.hops));
        routes_[change.prefix] = change.hops;
      }
    }
  }
  void on(fib::TrackNextHop& m) {
    EXPECT_TRUE(tracked_.insert(m.next_hop).second) << net::to_string(m.next_hop.gateway) << " tracked twice";
    tell(m.next_hop);
  }
  void on(fib::UntrackNextHop& m) { EXPECT_EQ(tracked_.erase(m.next_hop), 1u); }
  void on(fib::Converged&) { converged = true; }
  void on(fib::DumpRoutes& m) {
    std::vector<fib::KernelRoute> routes;
    for (const auto& [p, id] : routes_) {
      fib::KernelRoute route;
      route.prefix = p;
      route.blackhole = id == fib::kBlackhole;
      routes.push_back(route);
    }
    deliver_(fib::RouteDump{m.request, std::move(routes), true});
  }
  void on(fib::Stop&) {}

  void tell(const fib::NextHop& hop) {
    bool reachable = false;
    for (const auto& block : connected_) reachable |= block.contains(hop.gateway);
    deliver_(fib::NextHopState{hop, reachable, 0, 1, reachable ? "" : "no connected route covers it"});
  }

  std::vector<net::Prefix> connected_;
  std::function<void(fib::FromFib)> deliver_;
  std::map<net::Prefix, fib::HopSetId> routes_;
  std::map<fib::HopSetId, fib::HopSet> sets_;
  std::set<net::PeerId> down_;
  std::set<fib::NextHop> tracked_;
};

class Daemon {
 public:
  Daemon(session::fake::World& world, std::string own_address, const std::string& yaml,
         std::vector<net::Prefix> connected = {prefix("10.0.0.0/16"), prefix("fd00::/64")})
      : world_(world), node_(world, {own_address}), kernel(std::move(connected)), config_(configuration(yaml)) {
    boot();
  }
  // As kill -9 would: sockets vanish without a word of BGP, nothing is remembered.
  void crash() {
    core_.reset();
    node_.close_listener(179);
    kernel.forget();
  }
  void boot(std::set<std::string> owners_before = {}) {
    core_ = std::make_unique<bgpd::Core>(config_, ports());
    kernel.attach([this](fib::FromFib message) {
      world_.after({}, [this, message = std::move(message), alive = std::weak_ptr<int>(alive_)]() mutable {
        if (!alive.expired() && core_) core_->handle(std::move(message));
      });
    });
    alive_ = std::make_shared<int>(0);
    node_.listen(179, [this](std::unique_ptr<session::Connection> c) { core_->accepted(std::move(c)); });
    core_->start(std::move(owners_before));
    kernel.say_synced();
  }
  void reload(const std::string& yaml) {
    auto next = configuration(yaml);
    const auto diff = config::diff(config_, next);
    config_ = next;
    core_->apply(std::move(next), diff);
  }
  void announce(const std::string& text, const std::string& owner = "cni") {
    rib::LocalRoute route;
    route.prefix = prefix(text);
    (void)core_->announce(owner, {route});
  }
  void withdraw(const std::string& text, const std::string& owner = "cni") { (void)core_->withdraw(owner, {prefix(text)}); }
  [[nodiscard]] bool up(const std::string& peer) const {
    const auto info = core_->get_peer(peer);
    return info && info->state == fsm::State::Established;
  }
  [[nodiscard]] std::size_t logged(const std::string& event) const {
    return static_cast<std::size_t>(std::ranges::count(log, event, &bgpd::LogRecord::event));
  }
  [[nodiscard]] std::size_t peers_up() const { return core_->status().peers_established; }
  bgpd::Core& core() { return *core_; }

 private:
  bgpd::Core::Ports ports() {
    bgpd::Core::Ports p;
    p.transport = &node_;
    p.to_fib = [this](fib::ToFib message) { kernel.post(std::move(message)); };
    p.log = [this](bgpd::LogRecord record) { log.push_back(std::move(record)); };
    p.to_control = [this](std::move_only_function<void()> task) {
      auto shared = std::make_shared<std::move_only_function<void()>>(std::move(task));
      world_.after({}, [shared] { (*shared)(); });
    };
    p.owners_changed = [this](std::set<std::string> owners) { owners_saved.push_back(std::move(owners)); };
    p.peers_changed = [](const std::vector<config::Peer>&) {};
    p.seed = 7;
    return p;
  }

  session::fake::World& world_;
  session::fake::Node node_;

 public:
  FakeKernel kernel;
  std::vector<bgpd::LogRecord> log;
  std::vector<std::set<std::string>> owners_saved;

 private:
  config::Config config_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::unique_ptr<bgpd::Core> core_;
};

}  // namespace podbgp::sim

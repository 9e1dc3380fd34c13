// A network of whole podbgp daemons in one process and one thread, on virtual time: Core and the FIB planner as they
// are, behind an in-memory transport and over a kernel of values. Deterministic for a seed.
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
#include "tests/sim/kernel.hpp"

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

class Daemon {
 public:
  Daemon(session::fake::World& world, std::string own_address, const std::string& yaml,
         std::vector<net::Prefix> connected = {prefix("10.0.0.0/16"), prefix("fd00::/64")})
      : world_(world),
        node_(world, {own_address}),
        kernel(world, address(own_address), connected),
        config_(configuration(yaml)) {
    boot();
  }
  // As kill -9 would: sockets vanish without a word of BGP, nothing is remembered but by the kernel.
  void crash() {
    core_.reset();
    node_.close_listener(179);
    kernel.crash();
  }
  void boot(std::set<std::string> owners_before = {}) {
    core_ = std::make_unique<bgpd::Core>(config_, ports());
    alive_ = std::make_shared<int>(0);
    kernel.boot(config_.fib, [this](fib::FromFib message) {
      world_.after({}, [this, message = std::move(message), alive = std::weak_ptr<int>(alive_)]() mutable {
        if (!alive.expired() && core_) core_->handle(std::move(message));
      });
    });
    node_.listen(179, [this](std::unique_ptr<session::Connection> c) { core_->accepted(std::move(c)); });
    core_->start(std::move(owners_before));
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
    p.former_gone = [] {};
    p.owners_changed = [this](std::set<std::string> owners) { owners_saved.push_back(std::move(owners)); };
    p.peers_changed = [](const std::vector<config::Peer>&) {};
    p.seed = 7;
    return p;
  }

  session::fake::World& world_;
  session::fake::Node node_;

 public:
  Kernel kernel;
  std::vector<bgpd::LogRecord> log;
  std::vector<std::set<std::string>> owners_saved;

 private:
  config::Config config_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::unique_ptr<bgpd::Core> core_;
};

}  // namespace podbgp::sim

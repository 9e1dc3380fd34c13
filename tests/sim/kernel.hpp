// The kernel of a simulated node: the planner as it is, over the kernel of values of tests/fib, on virtual time. Takes
// the place of fib's thread at the seam of fib/messages.hpp, and checks what core says there.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fib/fake_kernel.hpp"
#include "tests/session/fake_transport.hpp"

namespace podbgp::sim {

class Kernel {
 public:
  // One link with the address and the subnets that are connected on it.
  Kernel(session::fake::World& world, const net::IpAddress& own, const std::vector<net::Prefix>& connected)
      : world_(world) {
    values_.add_link(kLink, "eth0", connected);
    values_.addresses[{kLink, own}] = {kLink, own, own.is_v4() ? 16U : 64U, false};
  }

  // The daemon starts: its planner reads what is there.
  void boot(const fib::Settings& settings, std::function<void(fib::FromFib)> deliver) {
    settings_ = settings;
    deliver_ = std::move(deliver);
    planner_.emplace(settings, world_.now());
    values_.notifications.clear();
    values_.dump_to(*planner_);
    schedule(world_.now());
  }
  // The daemon is gone without a word; what it wrote stays.
  void crash() {
    planner_.reset();
    wanted_.clear();
    sets_.clear();
    tracked_.clear();
    converged = false;
  }
  void post(fib::ToFib message) {
    std::visit([this](auto& m) { on(m); }, message);
    schedule(world_.now());
  }

  // What fib's thread says, behind all that the planner says by itself now.
  void deliver(fib::FromFib message) {
    if (planner_) turn();
    deliver_(std::move(message));
  }

  // The subnet's address is removed, or comes back.
  void set_reachable(const net::Prefix& subnet, bool reachable) {
    const auto metric = subnet.family() == net::Family::Ipv4Unicast ? 0U : 256U;
    if (reachable)
      values_.foreign_add(subnet, metric, fib::test::FakeKernel::subnet(kLink), 0);
    else
      values_.foreign_delete(subnet, metric);
    schedule(world_.now());
  }

  // The gateways that packets for the prefix go to by our route; "blackhole", or "" for none.
  [[nodiscard]] std::string route(const std::string& text) const {
    auto forwarding = values_.forwarding(net::Prefix::parse(text).value());
    if (forwarding == "none") return "";
    for (std::size_t at; (at = forwarding.find('@')) != std::string::npos;)
      forwarding.erase(at, std::min(forwarding.find(' ', at), forwarding.size()) - at);
    return forwarding;
  }
  [[nodiscard]] std::size_t size() const {  // routes of ours
    return values_.routes.size() - values_.foreign_routes().size();
  }
  [[nodiscard]] std::size_t live_sets() const { return sets_.size(); }
  [[nodiscard]] const std::vector<std::string>& violations() const { return values_.violations; }
  [[nodiscard]] fib::FibCounters counters() const { return planner_->counters(); }

  bool converged = false;
  std::vector<std::size_t> wanted_at_peer_down;  // how many routes core wanted when it told that a peer is down
  int route_error = 0;  // what the kernel answers to each new route, if not 0

 private:
  static constexpr std::uint32_t kLink = 1;

  void on(fib::DefineHopSet& m) {
    EXPECT_FALSE(sets_.contains(m.id)) << "hop set " << m.id.value() << " defined twice";
    sets_.insert(m.id);
    planner_->define(m.id, m.set);
  }
  void on(fib::ReleaseHopSet& m) {
    for (const auto& [p, id] : wanted_) EXPECT_NE(id, m.id) << net::to_string(p) << " still uses a released hop set";
    EXPECT_EQ(sets_.erase(m.id), 1u);
    planner_->release(m.id);
  }
  void on(fib::PeerDown& m) {
    wanted_at_peer_down.push_back(wanted_.size());
    planner_->peer_down(m.peer);
  }
  void on(fib::PeerUp& m) { planner_->peer_up(m.peer); }
  void on(fib::RouteBatch& m) {
    for (const auto& change : m.routes) {
      if (change.hops == fib::kNoHopSet) {
        EXPECT_EQ(wanted_.erase(change.prefix), 1u) << net::to_string(change.prefix);
      } else {
        EXPECT_TRUE(change.hops == fib::kBlackhole || sets_.contains(change.hops));
        wanted_[change.prefix] = change.hops;
      }
    }
    planner_->apply(m.routes);
  }
  void on(fib::TrackNextHop& m) {
    EXPECT_TRUE(tracked_.insert(m.next_hop).second) << net::to_string(m.next_hop.gateway) << " tracked twice";
    planner_->track(m.next_hop);
  }
  void on(fib::UntrackNextHop& m) {
    EXPECT_EQ(tracked_.erase(m.next_hop), 1u);
    planner_->untrack(m.next_hop);
  }
  void on(fib::Converged&) {
    converged = true;
    planner_->converged();
  }
  void on(fib::DumpRoutes& m) { planner_->dump(m); }
  void on(fib::Stop& m) { planner_->stop(m.remove_routes); }

  // One pending turn at most: the earliest that anybody asked for.
  void schedule(net::TimePoint when) {
    if (turn_ && turn_at_ <= when) return;
    if (turn_) world_.cancel(*turn_);
    turn_at_ = when;
    turn_ = world_.at(when, [this] {
      turn_.reset();
      if (planner_) turn();
    });
  }

  // What fib's thread does in one go, until nothing is left to do at this time.
  void turn() {
    for (bool more = true; more;) {
      values_.tell(*planner_);
      planner_->tick(world_.now());
      if (planner_->wants_dump()) values_.dump_to(*planner_);
      more = batch();
      if (planner_->wants_usage()) {
        planner_->usage(values_.used());
        more = true;
      }
      for (auto& event : planner_->take_events()) deliver_(std::move(event));
    }
    if (const auto deadline = planner_->deadline()) schedule(*deadline);
  }
  bool batch() {
    std::vector<fib::KernelOp> ops;
    if (!planner_->next_batch(560, ops)) return false;
    std::vector<fib::OpError> errors;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      const bool fails = route_error != 0 && ops[i].kind == fib::OpKind::AddRoute;
      if (const int error = fails ? route_error : values_.apply(ops[i]); error != 0) errors.push_back({i, error, {}});
    }
    planner_->batch_done(errors);
    return true;
  }

  session::fake::World& world_;
  fib::Settings settings_;
  fib::test::FakeKernel values_{settings_};
  std::optional<fib::Planner> planner_;
  std::function<void(fib::FromFib)> deliver_;
  std::optional<std::uint64_t> turn_;
  net::TimePoint turn_at_{};
  // As core told it.
  std::map<net::Prefix, fib::HopSetId> wanted_;
  std::set<fib::HopSetId> sets_;
  std::set<fib::NextHop> tracked_;
};

}  // namespace podbgp::sim

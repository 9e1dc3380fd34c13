// FormerRuns: what runs with another table, protocol or metric (or with `install` on, where it is off now) left in the
// kernel. Routes are found by their marks and kept away from the resolution of next hops. One goes when this run's route
// of the prefix stands or is withdrawn, the rest with the sweep, and then the nexthop objects that were there at the start
// and that nobody uses: others may make some of the same protocol. Pure; owned by the planner.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "fib/facts.hpp"
#include "fib/kernel_op.hpp"
#include "fib/messages.hpp"
#include "fib/settings.hpp"

namespace podbgp::fib {

class FormerRuns {
 public:
  FormerRuns(const Settings& settings, std::vector<Mark> marks);

  [[nodiscard]] bool busy() const { return !marks_.empty(); }  // until done()
  void begin_dump();
  void end_dump() { started_ = true; }
  [[nodiscard]] bool owns(const RouteFact& fact) const;
  void found(const RouteFact& fact);    // one that it owns
  void found(const NextHopFact& fact);  // of the first dump, in our range of ids and not of this run

  // Whether a route of theirs has the table and metric that ours has: the kernel keeps only one of both.
  [[nodiscard]] bool holds_place(const net::Prefix& prefix) const;
  void forget_place(const net::Prefix& prefix);  // ours is there now, or nobody's

  [[nodiscard]] bool has_routes() const { return !routes_.empty() || !due_.empty(); }
  void settle(const net::Prefix& prefix);  // this run's own word on it has been carried out
  void settle_all();                       // the sweep
  // Appends at most `max` requests for what is settled; removed() is then called for each, in order.
  void remove_routes(std::size_t max, std::vector<KernelOp>& ops);
  void removed(const OpError* error);
  [[nodiscard]] const std::set<std::uint32_t>& objects() const { return objects_; }
  void object_gone(std::uint32_t id);

  [[nodiscard]] const FormerGone& gone() const { return gone_; }
  void done();

 private:
  using Route = std::pair<net::Prefix, std::uint32_t>;  // index in marks_
  [[nodiscard]] std::uint32_t mark_of(const RouteFact& fact) const;

  Mark ours_;
  bool install_;
  std::vector<Mark> marks_;
  std::set<Route> routes_;
  std::vector<Route> due_;
  std::set<std::uint32_t> objects_;  // ids
  FormerGone gone_;
  bool started_ = false;  // the first dump is over
};

}  // namespace podbgp::fib

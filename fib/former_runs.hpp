// FormerRuns: what runs with another table, protocol or metric (or with `install` on, where it is off now) left in the
// kernel. It is found by their marks in each dump, kept away from the resolution of next hops, forwards until this run's
// routes stand, and is removed then. Pure; owned by the planner.
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
  [[nodiscard]] bool owns(const RouteFact& fact) const;
  void found(const RouteFact& fact);    // one that it owns
  void found(const NextHopFact& fact);  // any in our range of ids that is not of this run

  // Whether a route of theirs has the table and metric that ours has: the kernel keeps only one of both.
  [[nodiscard]] bool holds_place(const net::Prefix& prefix) const;
  void forget_place(const net::Prefix& prefix);  // ours is there now, or nobody's

  [[nodiscard]] bool has_routes() const { return !routes_.empty(); }
  // Appends at most `max` requests; removed() is then called for each, in order.
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
  std::set<std::uint32_t> objects_;  // ids
  FormerGone gone_;
};

}  // namespace podbgp::fib

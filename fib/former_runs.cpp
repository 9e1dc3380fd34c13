#include "fib/former_runs.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

namespace podbgp::fib {

FormerRuns::FormerRuns(const Settings& settings, std::vector<Mark> marks)
    : ours_(settings.mark()), install_(settings.install), marks_(std::move(marks)) {
  if (install_) std::erase(marks_, ours_);
}

void FormerRuns::begin_dump() {
  routes_.clear();
  due_.clear();  // found again, and due again when its route is looked at or with the sweep
}

std::uint32_t FormerRuns::mark_of(const RouteFact& fact) const {
  for (std::uint32_t i = 0; i < marks_.size(); ++i)
    if (marks_[i].table == fact.table && marks_[i].protocol == fact.protocol &&
        marks_[i].metric(fact.prefix.family()) == fact.metric)
      return i;
  return static_cast<std::uint32_t>(marks_.size());
}

bool FormerRuns::owns(const RouteFact& fact) const { return busy() && mark_of(fact) < marks_.size(); }

void FormerRuns::found(const RouteFact& fact) { routes_.emplace(fact.prefix, mark_of(fact)); }

void FormerRuns::found(const NextHopFact& fact) {
  if (!started_ && std::ranges::find(marks_, fact.protocol, &Mark::protocol) != marks_.end()) objects_.insert(fact.id);
}

bool FormerRuns::holds_place(const net::Prefix& prefix) const {
  if (!install_ || routes_.empty()) return false;
  for (std::uint32_t i = 0; i < marks_.size(); ++i)
    if (marks_[i].table == ours_.table && marks_[i].metric(prefix.family()) == ours_.metric(prefix.family()) &&
        routes_.contains({prefix, i}))
      return true;
  return false;
}

void FormerRuns::forget_place(const net::Prefix& prefix) {
  if (routes_.empty()) return;
  for (std::uint32_t i = 0; i < marks_.size(); ++i)
    if (marks_[i].table == ours_.table && marks_[i].metric(prefix.family()) == ours_.metric(prefix.family()))
      gone_.routes += routes_.erase({prefix, i});
}

void FormerRuns::settle(const net::Prefix& prefix) {
  if (routes_.empty()) return;
  for (std::uint32_t i = 0; i < marks_.size(); ++i)
    if (routes_.erase({prefix, i}) > 0) due_.emplace_back(prefix, i);
}

void FormerRuns::settle_all() {
  due_.insert(due_.end(), routes_.begin(), routes_.end());
  routes_.clear();
}

void FormerRuns::remove_routes(std::size_t max, std::vector<KernelOp>& ops) {
  for (; !due_.empty() && ops.size() < max; due_.pop_back()) {
    KernelOp op;
    op.kind = OpKind::DeleteFormer;
    op.prefix = due_.back().first;
    op.former = marks_[due_.back().second];
    ops.push_back(std::move(op));
  }
}

void FormerRuns::removed(const OpError* error) {
  if (error == nullptr)
    ++gone_.routes;
  else if (error->error != ESRCH && gone_.error.empty())
    gone_.error = error->text.empty() ? error_name(error->error) : fmt::format("{}: {}", error_name(error->error), error->text);
}

void FormerRuns::object_gone(std::uint32_t id) { gone_.nexthop_objects += objects_.erase(id); }

void FormerRuns::done() {
  marks_.clear();
  begin_dump();
  objects_.clear();
}

}  // namespace podbgp::fib

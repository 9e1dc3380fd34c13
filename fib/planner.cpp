// The planner's life: start, convergence, time, stop, and what it tells about itself.
#include "fib/planner.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace podbgp::fib {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr auto kCountersEvery = seconds(1);
constexpr auto kGcAfter = seconds(5);  // unused objects may be wanted again in a moment
// A usage check reads the whole table: 200,000 routes take 0.1 s.
constexpr auto kUsageEvery = seconds(30), kUsageEverySmall = seconds(1);
constexpr std::size_t kSmall = 20'000;
constexpr auto kBackgroundAfter = seconds(1);
constexpr auto kProbeEvery = seconds(5);
}  // namespace

Planner::Planner(const Settings& settings, net::TimePoint now, std::vector<Mark> former)
    : settings_(settings),
      now_(now),
      started_(now),
      objects_(settings.nexthop_objects),
      resolver_(settings.table),
      next_hops_(settings.nexthop_id_base),
      former_(settings, std::move(former)),
      quiet_since_(now) {
  settings_.multipath = std::clamp(settings_.multipath, 1u, 64u);
  sets_.resize(kFirstHopSet);
}

void Planner::converged() {
  converged_ = true;
  sweep();
}

void Planner::sweep() {
  if (state_ != State::Syncing || dumping_) return;
  state_ = State::Synced;
  routes_.for_each([&](RouteRef ref, RouteState& state) {
    if (!(state.flags & kAdopted)) return;
    state.flags &= static_cast<std::uint8_t>(~kAdopted);
    if (state.want != 0) return;
    ++counters_.swept;
    queue(ref, state);
  });
  condemned_ |= !former_.objects().empty();
  touch_gc();
  counters_changed_ = true;
}

void Planner::stop(bool remove_routes) {
  if (stopping_) return;
  stopping_ = true;
  if (!remove_routes || state_ == State::Awaiting) {
    stopped_ = true;
    events_.emplace_back(Stopped{});
    return;
  }
  state_ = State::Synced;
  routes_.for_each([&](RouteRef ref, RouteState& state) {
    state.flags &= static_cast<std::uint8_t>(~kAdopted);
    set_want(ref, state, 0);
    queue(ref, state);
  });
}

// With all routes removed the objects go, if a dump shows them unused; then we are done.
void Planner::finish_stop() {
  if (!stopping_ || stopped_ || !idle() || !deletes_.empty() || former_.has_routes()) return;
  const bool objects = next_hops_.objects() + next_hops_.groups() > 0 || !former_.objects().empty();
  if (!condemned_ && !stop_checked_ && objects) {
    condemn_unused();
    next_usage_ = now_;
  }
  if (condemned_) return;
  if (former_.busy()) return;
  stopped_ = true;
  events_.emplace_back(Stopped{});
}

void Planner::touch_gc() {
  if (!gc_at_) gc_at_ = now_ + kGcAfter;
}

// Marks what nobody of ours needs. A group stays while its hop set may give it new routes.
void Planner::condemn_unused() {
  gc_at_.reset();
  condemned_ = false;
  for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count() && objects_; ++t) {
    // Routes of this set are all in another group that follows it: that one takes the new ones too.
    const auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group || target.owner == 0 || target.routes == 0) continue;
    auto& set = sets_[target.owner];
    if (set.primary != t && (set.primary == 0 || next_hops_.target(set.primary).routes == 0)) set.primary = t;
  }
  for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count(); ++t) {
    auto& target = next_hops_.target(t);
    if (target.routes > 0 || target.dead || target.kind == TargetKind::Free) continue;
    const bool needed =
        target.owner != 0 && sets_[target.owner].defined && sets_[target.owner].primary == t && objects_;
    if (needed && !stopping_) continue;
    if (target.kind == TargetKind::Plain || !target.present) {
      for (auto& set : sets_)
        if (set.primary == t) set.primary = 0;
      next_hops_.free_target(t);
      continue;
    }
    target.condemned = condemned_ = true;
  }
  std::vector<bool> used(next_hops_.single_count(), false);
  for (const auto& [next_hop, tracked] : tracked_)
    if (tracked.uses > 0 && objects_ && !stopping_)
      for (const auto index : tracked.singles) used[index] = true;
  for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count(); ++t) {
    const auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group || target.condemned) continue;
    for (const auto index : target.members) used[index] = true;
    for (const auto index : target.kernel_members) used[index] = true;
  }
  for (const auto& [id, index] : next_hops_.singles_by_id())
    if (!used[index] || next_hops_.single(index).kernel_id != id) condemned_ = true;
  condemned_ |= !former_.objects().empty();
}

bool Planner::wants_usage() const {
  return condemned_ && !dumping_ && idle() && !former_.has_routes() && now_ >= next_usage_;
}

void Planner::usage(const std::unordered_set<std::uint32_t>& used) {
  condemned_ = false;
  next_usage_ = now_ + (routes_.size() < kSmall ? kUsageEverySmall : kUsageEvery);
  const auto before = deletes_.size();
  std::unordered_set<std::uint32_t> kept;  // members of groups that stay
  for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count(); ++t) {
    auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group) continue;
    if (target.condemned && target.present && target.routes == 0 && !used.contains(target.kernel_id)) {
      deletes_.push_back({target.kernel_id, Doomed::Group});
      continue;
    }
    target.condemned = false;
    kept.insert(target.members.begin(), target.members.end());
    kept.insert(target.kernel_members.begin(), target.kernel_members.end());
  }
  if (objects_ && !stopping_)
    for (const auto& [next_hop, tracked] : tracked_)
      if (tracked.uses > 0) kept.insert(tracked.singles.begin(), tracked.singles.end());
  for (const auto& [id, index] : next_hops_.singles_by_id()) {
    // A second object of the same content (left by a crash) goes as soon as no group names it.
    const bool duplicate = next_hops_.single(index).kernel_id != id;
    if ((duplicate || !kept.contains(index)) && !used.contains(id)) deletes_.push_back({id, Doomed::Single});
  }
  for (const auto id : former_.objects())
    if (!used.contains(id)) deletes_.push_back({id, Doomed::Former});
  stop_checked_ = stopping_ && deletes_.size() == before;
}

void Planner::usage_unknown() {
  next_usage_ = now_ + kUsageEvery;
  if (!stopping_) return;
  condemned_ = false;  // a stop does not wait: what is left is adopted by the next start
  stop_checked_ = true;
}

void Planner::retry_not_before(net::TimePoint when) {
  if (!retry_at_ || when < *retry_at_) retry_at_ = when;
}

void Planner::retry_objects() {
  for (std::uint32_t id = kFirstHopSet; id < sets_.size(); ++id)
    if (std::exchange(sets_[id].blocked, false)) changed_sets_.insert(id);
  for (std::uint32_t i = 0; i < next_hops_.single_count(); ++i) {
    auto& single = next_hops_.single(i);
    if (single.state != SingleState::Refused) continue;
    if (single.retry > now_) {
      retry_not_before(single.retry);
      continue;
    }
    single.state = SingleState::Absent;
    sets_dirty_ = true;
  }
  for (std::uint32_t t = 1; t < next_hops_.target_count(); ++t) {
    const auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group || target.failures == 0) continue;
    if (target.retry > now_)
      retry_not_before(target.retry);
    else
      objects_dirty_ = true;
  }
}

void Planner::tick(net::TimePoint now) {
  now_ = now;
  if (state_ == State::Syncing && !dumping_ && (converged_ || now_ >= started_ + settings_.sweep_after)) sweep();
  if (retry_at_ && now_ >= *retry_at_) {
    retry_at_.reset();
    retry_objects();
    retry_refused();
  }
  if (gc_at_ && now_ >= *gc_at_ && state_ == State::Synced && idle()) condemn_unused();
  for (std::size_t pieces = 0; pieces < 16 && !dumps_.empty(); ++pieces) next_dump_piece();
  finish_stop();
  if (counters_changed_ && now_ >= counters_at_ + kCountersEvery) {
    counters_changed_ = false;
    counters_at_ = now_;
    events_.emplace_back(Counters{counters()});
  }
}

std::optional<net::TimePoint> Planner::deadline() const {
  if (dumping_) return next_dump_;
  std::optional<net::TimePoint> first;
  // Never at once: what waits for a timer that is due already waits for something else as well.
  const auto consider = [&](net::TimePoint when) {
    when = std::max(when, now_ + milliseconds(1));
    if (!first || when < *first) first = when;
  };
  if (!dumps_.empty() || !deletes_.empty() || (stopping_ && !stopped_)) consider(now_);
  if (state_ == State::Syncing) consider(converged_ ? now_ : started_ + settings_.sweep_after);
  if (wants_dump_) consider(next_dump_);
  if (retry_at_) consider(*retry_at_);
  if (gc_at_ && state_ == State::Synced) consider(std::max(*gc_at_, now_ + milliseconds(100)));
  if (condemned_) consider(next_usage_);
  if (mixed_) consider(quiet_since_ + kBackgroundAfter);
  if (former_.busy() && state_ == State::Synced && former_settled()) consider(now_);
  if (probe_at_) consider(*probe_at_);
  if (counters_changed_) consider(counters_at_ + kCountersEvery);
  return first;
}

bool Planner::idle() const {
  return queue_.empty() && pending_.empty() && !objects_dirty_ && !sets_dirty_ && !resolve_dirty_ && !scan_dead_ &&
         changed_sets_.empty();
}

void Planner::want_dump() { wants_dump_ = true; }

// Neighbours that failed are asked for now and then: nothing else would send to a gateway that no route uses.
void Planner::probe_ops(std::vector<KernelOp>& ops) {
  if (!probe_at_ || now_ < *probe_at_) return;
  probe_at_.reset();
  for (const auto& [next_hop, tracked] : tracked_) {
    if (!tracked.resolution.neighbour_failed) continue;
    for (const auto& hop : tracked.resolution.hops) {
      KernelOp op;
      op.kind = OpKind::ProbeNeighbour;
      op.hops = {hop};
      ops.push_back(std::move(op));
      pending_.push_back({OpKind::ProbeNeighbour, 0, 0, {}});
    }
    probe_at_ = now_ + kProbeEvery;
  }
}

FibCounters Planner::counters() const {
  auto counters = counters_;
  counters.nexthop_objects = next_hops_.objects();
  counters.nexthop_groups = next_hops_.groups();
  counters.state = state_ == State::Awaiting ? "awaiting" : state_ == State::Syncing ? "syncing" : "synced";
  return counters;
}

std::vector<std::string> Planner::egress_interfaces() const {
  std::set<std::string> names;
  for (const auto& [next_hop, tracked] : tracked_)
    for (const auto& hop : tracked.resolution.hops) names.insert(resolver_.link_name(hop.ifindex));
  return {names.begin(), names.end()};
}

std::vector<FromFib> Planner::take_events() {
  std::vector<FromFib> out;
  if (!results_.empty()) {
    out.emplace_back(RouteResults{std::move(results_)});
    results_ = {};
  }
  std::move(events_.begin(), events_.end(), std::back_inserter(out));
  events_.clear();
  return out;
}

std::vector<ForeignChange> Planner::take_foreign_changes() { return std::exchange(foreign_changes_, {}); }

}  // namespace podbgp::fib

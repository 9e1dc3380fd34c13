// Routes: what is wanted of each prefix, and the batches that make it so.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "fib/planner.hpp"

namespace podbgp::fib {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr auto kBackgroundAfter = seconds(1);
constexpr std::uint32_t kBackgroundLook = 65536;  // entries looked at in one go

net::Duration backoff(unsigned failures) {
  return std::min<net::Duration>(seconds(60), milliseconds(250) * (1u << std::min(failures, 8u)));
}

std::string reason_of(const OpError& error) {
  const auto name = error_name(error.error);
  if (error.error == EPERM && error.text.empty()) return name + ": podbgpd was started without CAP_NET_ADMIN";
  return error.text.empty() ? name : fmt::format("{}: {}", name, error.text);
}
}  // namespace

void Planner::queue(RouteRef ref, RouteState& state) {
  if (state.flags & kQueued) return;
  state.flags |= kQueued;
  queue_.push_back(ref);
}

void Planner::set_want(RouteRef, RouteState& state, std::uint32_t want) {
  const auto old = state.want;
  if (old == want) return;
  if (state.have != kNoTarget) {
    next_hops_.count(state.have, old, -1);
    next_hops_.count(state.have, want, +1);
  }
  count_status(state, -1);
  state.want = want;
  count_status(state, +1);
  if (want != 0) ++sets_[want].wants;
  if (old != 0 && --sets_[old].wants == 0 && old >= kFirstHopSet) touch_gc();
  if (state.have > kAlienTarget) {
    const auto owner = next_hops_.target(state.have).owner;
    if (owner == 0 || next_hops_.wants(state.have, owner) == 0) reown(state.have);
    if (want >= kFirstHopSet && next_hops_.target(state.have).owner != want) mixed_ = true;
  }
  if (old >= kFirstHopSet && sets_[old].wants == 0 && sets_[old].released) drop_set(old);
}

void Planner::set_have(RouteRef ref, RouteState& state, std::uint32_t have) {
  const auto old = state.have;
  if (old == have) return;
  next_hops_.count(old, state.want, -1);
  next_hops_.count(have, state.want, +1);
  state.have = have;
  auto& installed =
      InstalledRoutes::family(ref) == net::Family::Ipv4Unicast ? counters_.installed_v4 : counters_.installed_v6;
  if (old == kNoTarget) ++installed;
  if (have == kNoTarget) --installed;
  counters_changed_ = true;
  if (have > kAlienTarget && next_hops_.target(have).owner == 0) reown(have);
  if (old <= kAlienTarget) return;
  if (next_hops_.target(old).routes == 0)
    touch_gc();
  else if (const auto owner = next_hops_.target(old).owner; owner == 0 || next_hops_.wants(old, owner) == 0)
    reown(old);
}

bool Planner::right(const RouteState& state) const {
  if (state.want == 0) return state.have == kNoTarget || (state.flags & kAdopted);
  if (state.want == kBlackhole.value()) return state.have == kBlackholeTarget;
  return state.have > kAlienTarget && follows(state.have, sets_[state.want]);
}

void Planner::apply(std::span<const RouteChange> changes) {
  if (stopping_) return;
  settle();  // the fast path below asks what hop sets mean now
  quiet_since_ = now_;
  for (const auto& change : changes) {
    auto ref = routes_.find(change.prefix);
    if (ref == kNoRoute) {
      if (change.hops == kNoHopSet) {
        former_.settle(change.prefix);
        results_.push_back({change.prefix, RouteStatus::Removed, {}});
        continue;
      }
      ref = routes_.insert(change.prefix);
    }
    auto& state = routes_.at(ref);
    state.flags &= static_cast<std::uint8_t>(~kAdopted);
    if (change.hops.value() >= sets_.size()) set_state(change.hops.value());
    set_want(ref, state, change.hops.value());
    if (state.want == 0) former_.settle(change.prefix);
    if (state.status == 0 && state.want == 0)  // adopted, and not wanted: core is to hear that it went
      state.status = status_code(RouteStatus::Installed);
    if (state.want != 0 && !(state.flags & kRefused) && right(state) && objection(change.prefix, state).empty())
      set_status(ref, state, RouteStatus::Installed);
    else
      queue(ref, state);
  }
}

Planner::Verdict Planner::decide(RouteRef ref, RouteState& state, KernelOp& op, std::uint32_t& target) {
  target = kNoTarget;
  op.prefix = routes_.prefix(ref);
  op.kind = OpKind::DeleteRoute;  // where the kernel is to have none: decided once more when it is gone
  if (state.want == 0) {
    if (state.flags & kAdopted) return Verdict::Right;
    if (state.have != kNoTarget) return Verdict::Write;
    finish(ref, state);
    return Verdict::Right;
  }
  if (auto reason = objection(op.prefix, state); !reason.empty()) {
    if (state.have != kNoTarget) return Verdict::Write;
    refuse(ref, state, std::move(reason));
    return Verdict::Right;
  }
  if (const auto& set = sets_[state.want]; state.want != kBlackhole.value() && set.members.empty()) {
    if (state.have != kNoTarget) return Verdict::Write;
    set_status(ref, state, set.refused ? RouteStatus::Refused : RouteStatus::Pending, set.reason);
    return Verdict::Right;
  }
  if (right(state)) {
    set_status(ref, state, RouteStatus::Installed);
    return Verdict::Right;
  }
  // Where a former run's route stands in the very place it is written over, so that no packet is lost in between.
  const bool ours_is_there = state.have != kNoTarget || former_.holds_place(op.prefix);
  op.kind = ours_is_there ? OpKind::ReplaceRoute : OpKind::AddRoute;
  if (state.want == kBlackhole.value()) {
    op.blackhole = true;
    target = kBlackholeTarget;
    return Verdict::Write;
  }
  target = target_for(state.want);
  auto& t = next_hops_.target(target);
  if (!t.present) {
    t.wanted = objects_dirty_ = true;
    return t.failures > 0 && t.retry > now_ ? Verdict::Blocked : Verdict::NeedsTarget;
  }
  if (t.kind == TargetKind::Group)
    op.nexthop_id = t.kernel_id;
  else
    for (const auto index : t.members) {
      op.hops.push_back(next_hops_.single(index).hop);
      op.on_link |= next_hops_.single(index).on_link;
    }
  return Verdict::Write;
}

bool Planner::route_ops(std::size_t max, std::vector<KernelOp>& ops) {
  std::vector<RouteRef> waiting;
  const auto before = ops.size();
  for (auto left = queue_.size(); left > 0 && ops.size() < max; --left) {
    const auto ref = queue_.front();
    queue_.pop_front();
    auto& state = routes_.at(ref);
    state.flags &= static_cast<std::uint8_t>(~kQueued);
    KernelOp op;
    std::uint32_t target = kNoTarget;
    switch (decide(ref, state, op, target)) {
      case Verdict::Right: break;
      case Verdict::Write:
        pending_.push_back({op.kind, ref, target, {}, op.on_link});
        ops.push_back(std::move(op));
        break;
      case Verdict::NeedsTarget:
        state.flags |= kQueued;
        waiting.push_back(ref);
        if (waiting.size() >= max) left = 1;  // enough to know which groups are missing
        break;
      case Verdict::Blocked:  // looked at again when the group comes, or another is tried in its place
        sets_[state.want].blocked = true;
        set_status(ref, state, RouteStatus::Refused, next_hops_.target(target).refusal);
        break;
    }
  }
  queue_.insert(queue_.begin(), waiting.begin(), waiting.end());
  return ops.size() > before;
}

void Planner::group_ops(std::size_t max, std::vector<KernelOp>& ops) {
  for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count(); ++t) {
    auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group || target.members.empty()) continue;
    if (target.present ? target.kernel_members == target.members : !target.wanted) continue;
    if (target.failures > 0 && target.retry > now_) {
      retry_not_before(target.retry);
      continue;
    }
    KernelOp op;
    bool complete = true;
    for (const auto index : target.members) {
      const auto& single = next_hops_.single(index);
      if (single.state == SingleState::Absent) needed_singles_.insert(index);
      complete = complete && single.state == SingleState::Present;
      op.members.push_back(single.kernel_id);
    }
    if (!complete) continue;
    if (ops.size() >= max) {
      objects_dirty_ = true;
      return;
    }
    std::sort(op.members.begin(), op.members.end());
    op.kind = target.present ? OpKind::ReplaceGroup : OpKind::NewGroup;
    op.nexthop_id = target.present ? target.kernel_id : next_hops_.allocate_id();
    pending_.push_back({op.kind, t, op.nexthop_id, target.members});
    ops.push_back(std::move(op));
  }
}

void Planner::new_singles(std::size_t max, std::vector<KernelOp>& ops) {
  while (!needed_singles_.empty() && ops.size() < max) {
    const auto index = *needed_singles_.begin();
    needed_singles_.erase(needed_singles_.begin());
    const auto& single = next_hops_.single(index);
    if (single.state != SingleState::Absent) continue;
    KernelOp op;
    op.kind = OpKind::NewNextHop;
    op.nexthop_id = next_hops_.allocate_id();
    op.hops = {single.hop};
    op.on_link = single.on_link;
    pending_.push_back({op.kind, index, op.nexthop_id, {}, op.on_link});
    ops.push_back(std::move(op));
  }
}

// Groups that can be re-pointed with the singles there are come first: that is the failover. Groups that wait for a
// single follow in the next batch.
bool Planner::object_ops(std::size_t max, std::vector<KernelOp>& ops) {
  if (!objects_dirty_) return false;
  objects_dirty_ = false;
  if (!objects_) return false;
  group_ops(max, ops);
  new_singles(max, ops);
  return !ops.empty();
}

void Planner::delete_ops(std::size_t max, std::vector<KernelOp>& ops) {
  // Groups before singles; a group that came back into use since the check stays, and its members with it.
  for (; !deletes_.empty() && ops.size() < max; deletes_.erase(deletes_.begin())) {
    const auto [id, kind] = deletes_.front();
    KernelOp op;
    op.kind = OpKind::DeleteNextHop;
    op.nexthop_id = id;
    PendingOp pending{op.kind, id, kind, {}};
    if (kind == Doomed::Group) {
      const auto t = next_hops_.group_of(id);
      if (!t || next_hops_.target(*t).routes > 0 || !next_hops_.target(*t).condemned) continue;
    } else if (kind == Doomed::Single) {
      const auto index = next_hops_.single_of(id);
      if (!index) continue;
      bool used = false;
      for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count() && !used; ++t) {
        const auto& target = next_hops_.target(t);
        used = target.kind == TargetKind::Group && !target.condemned && next_hops_.single(*index).kernel_id == id &&
               (std::binary_search(target.members.begin(), target.members.end(), *index) ||
                std::binary_search(target.kernel_members.begin(), target.kernel_members.end(), *index));
      }
      if (used) continue;
    }
    ops.push_back(std::move(op));
    pending_.push_back(std::move(pending));
  }
}

// Routes whose group follows another hop set of equal content move to one that follows theirs, so that a later failover
// finds everything in order. Only when nothing else happens.
bool Planner::background_ops(std::size_t max, std::vector<KernelOp>& ops) {
  if (!mixed_ || !objects_ || !queue_.empty() || now_ < quiet_since_ + kBackgroundAfter) return false;
  if (background_cursor_ == 0) {
    for (std::uint32_t t = kAlienTarget + 1; t < next_hops_.target_count(); ++t) {
      const auto& target = next_hops_.target(t);
      if (target.kind != TargetKind::Group || target.wants.size() < 2 || !target.present) continue;
      auto owner = target.owner;  // the majority stays where it is
      for (const auto& [id, count] : target.wants)
        if (id >= kFirstHopSet && follows(t, sets_[id]) && (owner == 0 || count > next_hops_.wants(t, owner)))
          owner = id;
      set_owner(t, owner);
    }
  }
  std::uint32_t looked = 0;
  auto ref = routes_.next(background_cursor_);
  for (; ref != kNoRoute && ops.size() < max && looked < kBackgroundLook; ref = routes_.next(ref + 1), ++looked) {
    const auto& state = routes_.at(ref);
    if (state.want < kFirstHopSet || state.have <= kAlienTarget) continue;
    if (next_hops_.target(state.have).owner == state.want || !right(state) || sets_[state.want].stale) continue;
    const auto target = target_for(state.want);
    auto& t = next_hops_.target(target);
    if (!t.present) {
      t.wanted = objects_dirty_ = true;
      continue;  // found again in the next round
    }
    KernelOp op;
    op.kind = OpKind::ReplaceRoute;
    op.prefix = routes_.prefix(ref);
    op.nexthop_id = t.kernel_id;
    pending_.push_back({op.kind, ref, target, {}});
    ops.push_back(std::move(op));
  }
  background_cursor_ = ref == kNoRoute ? 0 : ref;
  if (background_cursor_ == 0) {
    mixed_ = objects_dirty_;
    if (mixed_) quiet_since_ = now_;  // again, when the groups are there
  }
  return true;
}

bool Planner::next_batch(std::size_t max, std::vector<KernelOp>& ops) {
  if (dumping_ || state_ == State::Awaiting || stopped_ || !pending_.empty()) return false;
  settle();
  if (object_ops(max, ops)) return true;
  if (route_ops(max, ops)) return true;
  if (object_ops(max, ops)) return true;
  delete_ops(max, ops);
  if (ops.empty()) former_ops(max, ops);
  if (ops.empty()) probe_ops(ops);
  // A slice that found nothing to move is not the end of the round.
  while (ops.empty() && background_ops(max, ops) && background_cursor_ != 0) {
  }
  if (ops.empty() && objects_dirty_) object_ops(max, ops);
  return !ops.empty();
}

void Planner::batch_done(std::span<const OpError> errors) {
  auto pending = std::exchange(pending_, {});
  counters_.requests += pending.size();
  counters_.request_errors += errors.size();
  counters_changed_ = true;
  auto error = errors.begin();
  for (std::size_t i = 0; i < pending.size(); ++i) {
    while (error != errors.end() && error->index < i) ++error;
    const auto* failed = error != errors.end() && error->index == i ? &*error : nullptr;
    switch (pending[i].kind) {
      case OpKind::AddRoute:
      case OpKind::ReplaceRoute:
      case OpKind::DeleteRoute: route_op_done(pending[i], failed); break;
      case OpKind::DeleteFormer: former_.removed(failed); break;
      case OpKind::ProbeNeighbour: break;
      default: object_op_done(pending[i], failed); break;
    }
  }
}

// First the routes that former runs left, then, with a look at their use, the objects.
void Planner::former_ops(std::size_t max, std::vector<KernelOp>& ops) {
  if (!former_.busy()) return;
  if (state_ == State::Synced) former_.settle_all();
  former_.remove_routes(max, ops);
  for (std::size_t i = 0; i < ops.size(); ++i) pending_.push_back({OpKind::DeleteFormer, 0, 0, {}});
  if (!ops.empty() || state_ != State::Synced || !former_settled()) return;
  counters_.swept += former_.gone().routes;
  counters_changed_ = true;
  events_.emplace_back(former_.gone());
  former_.done();
}

void Planner::route_op_done(const PendingOp& op, const OpError* error) {
  auto& state = routes_.at(op.subject);
  if (error != nullptr && !(op.kind == OpKind::DeleteRoute && error->error == ESRCH)) {
    route_op_failed(op, *error, state);
    return;
  }
  former_.forget_place(routes_.prefix(op.subject));
  set_have(op.subject, state, op.target);
  if (state.want == 0 && state.have == kNoTarget)
    finish(op.subject, state);
  else if (right(state))
    set_status(op.subject, state, RouteStatus::Installed);
  else
    queue(op.subject, state);
}

void Planner::route_op_failed(const PendingOp& op, const OpError& error, RouteState& state) {
  const auto ref = op.subject;
  if (op.kind == OpKind::ReplaceRoute && (error.error == ENOENT || error.error == ESRCH)) {
    former_.forget_place(routes_.prefix(ref));
    set_have(ref, state, kNoTarget);  // it was taken from us; the first write again
    queue(ref, state);
    return;
  }
  if (op.kind == OpKind::AddRoute && error.error == EEXIST) {
    const auto prefix = routes_.prefix(ref);
    const auto* holder = resolver_.holder(prefix, metric(prefix.family()));
    if (holder == nullptr && !(state.flags & kRefused)) want_dump();  // perhaps it is our own
    refuse(ref, state,
           fmt::format("EEXIST: {} is held by {}", prefix,
                       holder == nullptr ? "a route that was not seen"
                                         : fmt::format("proto {}", protocol_name(holder->protocol))));
    return;
  }
  if (op.target > kAlienTarget && next_hops_.target(op.target).kind == TargetKind::Plain &&
      try_on_link(next_hops_.target(op.target).members, op, error.error)) {
    queue(ref, state);
    return;
  }
  // A group or link that went a moment ago looks like this as well: the dump tells.
  if (op.target != kNoTarget && op.target != kBlackholeTarget && !(state.flags & kRefused)) want_dump();
  refuse(ref, state, reason_of(error));
}

// Judged by what the request said, not by what the single says by now: a batch has many routes over one gateway.
bool Planner::try_on_link(std::span<const std::uint32_t> singles, const PendingOp& op, int error) {
  bool worth = false;
  for (const auto index : singles) {
    auto& single = next_hops_.single(index);
    const auto& gateway = single.hop.gateway;
    const bool looked_up = gateway.is_v6() && !gateway.is_link_local();
    single.on_link = error == EHOSTUNREACH && looked_up && !op.on_link;  // once: after that as usual
    worth |= single.on_link;
  }
  return worth;
}

void Planner::object_op_done(const PendingOp& op, const OpError* error) {
  objects_dirty_ = true;  // what waited for it
  if (op.kind == OpKind::DeleteNextHop) {
    touch_gc();  // the members of a group that went may be unused now
    if (error != nullptr && error->error != ENOENT) return;
    if (op.target == Doomed::Former) {
      former_.object_gone(op.subject);
      if (!stopping_) condemned_ |= !former_.objects().empty();  // the members of a group that went
      next_hops_.forget_id(op.subject);
    } else if (op.target == Doomed::Single) {
      next_hops_.forget_single_id(op.subject);
    } else if (const auto t = next_hops_.group_of(op.subject)) {
      if (const auto owner = next_hops_.target(*t).owner; owner != 0 && sets_[owner].primary == *t)
        sets_[owner].primary = 0;
      next_hops_.free_target(*t);
    }
    return;
  }
  if (op.kind == OpKind::NewNextHop) {
    auto& single = next_hops_.single(op.subject);
    if (error == nullptr) {
      next_hops_.single_present(op.subject, op.target);
    } else if (error->error == EEXIST) {
      needed_singles_.insert(op.subject);  // that id is somebody else's: the next one
    } else if (error->error == EOPNOTSUPP) {
      no_nexthop_objects();
    } else if (try_on_link({&op.subject, 1}, op, error->error)) {
      next_hops_.forget_id(op.target);
      needed_singles_.insert(op.subject);
    } else {
      next_hops_.forget_id(op.target);
      single.state = SingleState::Refused;
      single.refusal = reason_of(*error);
      single.retry = now_ + backoff(single.failures++);
      retry_not_before(single.retry);
      sets_dirty_ = true;
    }
    return;
  }
  auto& target = next_hops_.target(op.subject);
  if (error == nullptr) {
    const bool failed_before = target.failures > 0;
    if (op.kind == OpKind::NewGroup) next_hops_.group_present(op.subject, op.target);
    target.failures = 0;
    target.kernel_members = op.members;
    if (failed_before && target.owner != 0) changed_sets_.insert(target.owner);  // routes that were put aside
    return;
  }
  if (op.kind == OpKind::NewGroup) {
    if (error->error == EEXIST) return;  // another id
    next_hops_.forget_id(op.target);
  } else if (error->error == ENOENT) {
    group_died(op.subject);
    return;
  }
  target.refusal = reason_of(*error);
  target.retry = now_ + backoff(target.failures++);
  retry_not_before(target.retry);
  want_dump();
}

}  // namespace podbgp::fib

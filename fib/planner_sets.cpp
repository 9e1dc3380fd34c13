// Hop sets, their resolution, and the groups that follow them.
#include <algorithm>

#include "fib/planner.hpp"

namespace podbgp::fib {

Planner::HopSetState& Planner::set_state(std::uint32_t id) {
  if (id >= sets_.size()) sets_.resize(id + 1);
  return sets_[id];
}

void Planner::use(const NextHop& next_hop) {
  auto& tracked = tracked_[next_hop];
  if (tracked.uses++ == 0 && !tracked.reported) resolve(next_hop, tracked);
}

void Planner::unuse(const NextHop& next_hop) {
  const auto it = tracked_.find(next_hop);
  if (it != tracked_.end() && --it->second.uses == 0 && !it->second.reported) tracked_.erase(it);
}

bool Planner::resolve(const NextHop& next_hop, Tracked& tracked) {
  if (dumping_ || state_ == State::Awaiting) return false;
  auto resolution = resolver_.resolve(next_hop, tracked.was_connected);
  if (resolution.hops.size() > settings_.multipath) resolution.hops.resize(settings_.multipath);
  if (resolution == tracked.resolution && !tracked.singles.empty() == resolution.usable()) return false;
  tracked.resolution = std::move(resolution);
  tracked.told = false;
  if (tracked.resolution.usable() && tracked.resolution.connected) tracked.was_connected = true;
  tracked.singles.clear();
  for (const auto& hop : tracked.resolution.hops) tracked.singles.push_back(next_hops_.intern(hop));
  if (tracked.resolution.neighbour_failed && !probe_at_) probe_at_ = now_;
  return true;
}

void Planner::tell(const NextHop& next_hop, Tracked& tracked) {
  if (!tracked.reported || tracked.told || dumping_ || state_ == State::Awaiting) return;
  tracked.told = true;
  const auto& r = tracked.resolution;
  events_.emplace_back(NextHopState{next_hop, r.usable(), r.metric, r.usable() ? r.hops.front().ifindex : 0,
                                    r.usable() ? "" : r.reason, r.connected});
}

void Planner::resolve_all() {
  resolve_dirty_ = false;
  for (auto& [next_hop, tracked] : tracked_) {
    if (resolve(next_hop, tracked)) sets_dirty_ = true;
    tell(next_hop, tracked);
  }
}

bool Planner::collect(const std::vector<Hop>& hops, bool up_only, bool answering_only, std::vector<std::uint32_t>& out,
                      Why& why) const {
  out.clear();
  for (const auto& hop : hops) {
    if (up_only && down_.contains(hop.peer)) continue;
    const auto it = tracked_.find(hop.next_hop);
    if (it == tracked_.end()) continue;
    const auto& resolution = it->second.resolution;
    if (!resolution.usable()) {
      if (why.text.empty()) why = {resolution.reason, false};
      continue;
    }
    if (answering_only && resolution.neighbour_failed) continue;
    for (const auto index : it->second.singles) {
      const auto& single = next_hops_.single(index);
      if (single.state == SingleState::Refused) {
        if (why.text.empty()) why = {single.refusal, true};
        continue;
      }
      out.push_back(index);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() > settings_.multipath) out.resize(settings_.multipath);
  return !out.empty();
}

// What the set means now. A gateway that does not answer is the last choice of those whose peer is up; when every peer
// is down the content stays as it was until core says what becomes of the routes.
bool Planner::compute(HopSetState& set) {
  std::vector<std::uint32_t> members;
  Why why;
  const auto& [best, backup] = set.set;
  bool stale = false;
  if (!collect(best, true, true, members, why) && !collect(backup, true, true, members, why) &&
      !collect(best, true, false, members, why) && !collect(backup, true, false, members, why))
    stale = collect(best, false, false, members, why);
  if (!members.empty()) why = {};
  if (objects_) {  // the backup's object as well: a failover is then one message
    for (const auto* hops : {&best, &backup})
      for (const auto& hop : *hops)
        if (const auto it = tracked_.find(hop.next_hop); it != tracked_.end())
          for (const auto index : it->second.singles)
            if (next_hops_.single(index).state == SingleState::Absent && needed_singles_.insert(index).second)
              objects_dirty_ = true;
  }
  if (members == set.members && stale == set.stale && why.text == set.reason && why.refused == set.refused) return false;
  set.members = std::move(members);
  set.stale = stale;
  set.reason = std::move(why.text);
  set.refused = why.refused;
  return true;
}

void Planner::define(HopSetId id, const HopSet& set) {
  auto& state = set_state(id.value());
  if (state.defined && state.wants == 0) drop_set(id.value());
  for (const auto* hops : {&set.best, &set.backup})
    for (const auto& hop : *hops) use(hop.next_hop);
  if (state.defined)  // redefined while in use: its routes follow
    for (const auto* hops : {&state.set.best, &state.set.backup})
      for (const auto& hop : *hops) unuse(hop.next_hop);
  const bool in_use = state.wants > 0;
  state.set = set;
  state.defined = true;
  state.released = false;
  const bool changed = compute(state);
  if (in_use && changed) {
    changed_sets_.insert(id.value());
    for (std::uint32_t t = 0; t < next_hops_.target_count(); ++t) regroup(t);
  }
}

void Planner::release(HopSetId id) {
  if (id.value() >= sets_.size() || !sets_[id.value()].defined) return;
  sets_[id.value()].released = true;
  if (sets_[id.value()].wants == 0) drop_set(id.value());
}

void Planner::drop_set(std::uint32_t id) {
  auto& state = sets_[id];
  for (const auto* hops : {&state.set.best, &state.set.backup})
    for (const auto& hop : *hops) unuse(hop.next_hop);
  const auto primary = state.primary;
  state = HopSetState{};
  changed_sets_.erase(id);
  for (std::uint32_t t = 0; t < next_hops_.target_count(); ++t) {
    if (next_hops_.target(t).owner != id) continue;
    next_hops_.target(t).owner = 0;
    reown(t);
  }
  if (primary != 0) touch_gc();
}

void Planner::peer_down(net::PeerId peer) {
  if (!down_.insert(peer).second) return;
  sets_dirty_ = true;
  quiet_since_ = now_;
}

void Planner::peer_up(net::PeerId peer) {
  if (down_.erase(peer) > 0) sets_dirty_ = true;
}

void Planner::track(const NextHop& next_hop) {
  auto& tracked = tracked_[next_hop];
  if (!tracked.reported && tracked.uses == 0) resolve(next_hop, tracked);
  tracked.reported = true;
  tracked.told = false;
  tell(next_hop, tracked);
}

void Planner::untrack(const NextHop& next_hop) {
  const auto it = tracked_.find(next_hop);
  if (it == tracked_.end()) return;
  it->second.reported = false;
  if (it->second.uses == 0) tracked_.erase(it);
}

bool Planner::follows(std::uint32_t target, const HopSetState& set) const {
  const auto& t = next_hops_.target(target);
  if (!t.present || t.dead || t.kind != (objects_ ? TargetKind::Group : TargetKind::Plain)) return false;
  return !set.members.empty() && (set.stale || t.members == set.members);
}

std::uint32_t Planner::target_for(std::uint32_t id) {
  auto& set = sets_[id];
  if (!objects_) {
    if (set.primary == 0 || next_hops_.target(set.primary).members != set.members)
      set.primary = next_hops_.plain(set.members);
    return set.primary;
  }
  if (set.primary == 0 || next_hops_.target(set.primary).members != set.members) {
    const auto index = next_hops_.new_group(set.members);
    set.primary = index;
    next_hops_.target(index).owner = id;
  }
  next_hops_.target(set.primary).condemned = false;
  return set.primary;
}

void Planner::set_owner(std::uint32_t target, std::uint32_t id) {
  auto& t = next_hops_.target(target);
  if (t.owner == id) return;
  if (t.owner != 0 && sets_[t.owner].primary == target) sets_[t.owner].primary = 0;
  t.owner = id;
  if (id != 0 && sets_[id].primary == 0) sets_[id].primary = target;
}

// The hop set that the group is to follow: the present owner as long as routes want it and it has a living peer, else
// the one most routes want among those that lead somewhere.
std::uint32_t Planner::choose_owner(std::uint32_t target) const {
  const auto& t = next_hops_.target(target);
  std::uint32_t best = 0, best_count = 0;
  bool best_stale = true;
  for (const auto& [id, count] : t.wants) {
    if (id < kFirstHopSet || sets_[id].members.empty()) continue;
    const bool stale = sets_[id].stale;
    if (id == t.owner && !stale) return id;
    const bool better = best == 0 || (best_stale && !stale) || (best_stale == stale && count > best_count);
    if (better && !(stale && !best_stale)) {
      best = id;
      best_count = count;
      best_stale = stale;
    }
  }
  return best != 0 ? best : t.owner;
}

void Planner::regroup(std::uint32_t target) {
  if (next_hops_.target(target).kind != TargetKind::Group) return;
  if (objects_) set_owner(target, choose_owner(target));
  auto& t = next_hops_.target(target);
  if (objects_ && t.owner != 0) {
    const auto& members = sets_[t.owner].members;
    // A set that leads nowhere leaves the group alone: its routes are withdrawn one by one.
    if (!members.empty() && t.members != members) {
      t.members = members;
      objects_dirty_ = true;
    }
  }
  for (const auto& [id, count] : t.wants) {
    if (id < kFirstHopSet) continue;
    if (id != t.owner) mixed_ = true;
    if (!follows(target, sets_[id])) changed_sets_.insert(id);
  }
}

// Called when no route of the group wants what the group follows. Routes that moved on to another hop set take the
// group along instead of being written one by one: at once where the content is equal, and also where all of them want
// the same other content (one message for all).
void Planner::reown(std::uint32_t target) {
  auto& t = next_hops_.target(target);
  if (!objects_ || t.kind != TargetKind::Group || t.dead || !t.present || t.routes == 0) return;
  std::uint32_t best = 0, best_count = 0;
  for (const auto& [id, count] : t.wants) {
    if (id < kFirstHopSet || count <= best_count || !follows(target, sets_[id])) continue;
    best = id;
    best_count = count;
  }
  if (best == 0 && t.wants.size() == 1 && t.wants[0].first >= kFirstHopSet &&
      !sets_[t.wants[0].first].members.empty()) {
    best = t.wants[0].first;
    t.members = sets_[best].members;
    objects_dirty_ = true;
  }
  if (best != 0) set_owner(target, best);
}

void Planner::recompute_sets() {
  sets_dirty_ = false;
  bool changed = false;
  for (std::uint32_t id = kFirstHopSet; id < sets_.size(); ++id) {
    auto& set = sets_[id];
    if (!set.defined || !compute(set)) continue;
    changed = true;
    if (set.wants > 0) changed_sets_.insert(id);
  }
  if (!changed) return;
  for (std::uint32_t t = 0; t < next_hops_.target_count(); ++t) regroup(t);
}

void Planner::settle() {
  if (dumping_ || state_ == State::Awaiting) return;
  if (resolve_dirty_) resolve_all();
  if (sets_dirty_) recompute_sets();
  if (scan_dead_ || !changed_sets_.empty()) scan();
  if (addresses_changed_) {
    addresses_changed_ = false;
    events_.emplace_back(resolver_.addresses());
  }
}

// One pass over the routes, and only if some of those that want a changed set are not right by now. Where the groups
// followed, nothing is left to do: that is what makes a failover cheap.
void Planner::scan() {
  std::vector<std::uint32_t> right_routes(sets_.size(), 0);
  if (!scan_dead_) {
    for (std::uint32_t t = 1; t < next_hops_.target_count(); ++t)
      for (const auto& [id, count] : next_hops_.target(t).wants)
        if (id >= kFirstHopSet && follows(t, sets_[id])) right_routes[id] += count;
    const auto all_right = [&](std::uint32_t id) { return right_routes[id] == sets_[id].wants; };
    if (std::all_of(changed_sets_.begin(), changed_sets_.end(), all_right)) {
      changed_sets_.clear();
      return;
    }
  }
  std::vector<bool> changed(sets_.size(), false);
  for (const auto id : changed_sets_) changed[id] = true;
  routes_.for_each([&](RouteRef ref, RouteState& state) {
    if (state.have != kNoTarget && next_hops_.target(state.have).dead) {
      set_have(ref, state, kNoTarget);
      if (state.want == 0) {
        finish(ref, state);
        return;
      }
      queue(ref, state);
    } else if (changed[state.want] && !right(state)) {
      queue(ref, state);
    }
  });
  for (std::uint32_t t = 1; t < next_hops_.target_count(); ++t) next_hops_.target(t).dead = false;
  scan_dead_ = false;
  changed_sets_.clear();
}

void Planner::group_died(std::uint32_t target) {
  next_hops_.group_absent(target);
  auto& t = next_hops_.target(target);
  t.wanted = false;
  if (t.routes == 0) return;
  t.dead = true;  // a new id when it comes back: late notifications about the old routes name the old one
  scan_dead_ = true;
}

void Planner::lose_single(std::uint32_t index) {
  next_hops_.single_absent(index);
  needed_singles_.erase(index);
  for (std::uint32_t t = 1; t < next_hops_.target_count(); ++t) {
    auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group || !target.present) continue;
    if (std::erase(target.kernel_members, index) == 0) continue;
    objects_dirty_ = true;
    if (target.kernel_members.empty()) group_died(t);
  }
}

// The kernel has dropped the link's nexthop objects, the groups that are empty now and all their routes, mostly without
// a word; with the link down also plain IPv4 routes.
void Planner::lose_link(std::uint32_t ifindex, bool carrier_only) {
  for (const auto& prefix : resolver_.link_lost(ifindex, carrier_only)) {
    retry_prefix(prefix);
    retry_blackholes(prefix);
  }
  for (std::uint32_t i = 0; i < next_hops_.single_count(); ++i) {
    const auto& single = next_hops_.single(i);
    if (single.hop.ifindex == ifindex && single.state == SingleState::Present) lose_single(i);
  }
  if (!carrier_only) {
    for (std::uint32_t t = 1; t < next_hops_.target_count(); ++t) {
      auto& target = next_hops_.target(t);
      if (target.kind != TargetKind::Plain || target.routes == 0) continue;
      const auto on_link = [&](std::uint32_t i) { return next_hops_.single(i).hop.ifindex == ifindex; };
      if (!std::all_of(target.members.begin(), target.members.end(), on_link)) continue;
      target.dead = true;
      scan_dead_ = true;
    }
  }
  resolve_dirty_ = sets_dirty_ = true;
  quiet_since_ = now_;
}

}  // namespace podbgp::fib

// What the kernel tells: adoption at start, repair afterwards.
#include <algorithm>

#include <fmt/format.h>

#include "fib/planner.hpp"

namespace podbgp::fib {

void Planner::begin_dump() {
  if (!dumping_) links_before_dump_ = resolver_.usable_links();
  dumping_ = true;
  resolver_.clear();
  former_.begin_dump();
  seen_ids_.clear();
  dumped_groups_.clear();
  routes_.for_each([](RouteRef, RouteState& state) { state.flags &= static_cast<std::uint8_t>(~kSeen); });
}

void Planner::abort_dump() {
  // Nothing is decided on half a picture: dumping_ stays, and with it all work rests until a dump succeeds.
  wants_dump_ = true;
  next_dump_ = now_ + std::chrono::milliseconds(200);
}

void Planner::end_dump() {
  dumped_groups();
  former_.end_dump();
  dumping_ = false;
  wants_dump_ = false;
  next_dump_ = now_ + std::chrono::seconds(1);
  const bool first = state_ == State::Awaiting;
  if (first)
    state_ = State::Syncing;
  else
    ++counters_.resyncs;
  settle_adoption();
  for (const auto& link : std::exchange(links_before_dump_, {}))
    if (const auto* now = resolver_.find_link(link.ifindex); now == nullptr || !now->usable()) tell_link_down(link, now);
  routes_.for_each([&](RouteRef ref, RouteState& state) {
    if (state.have == kNoTarget) return;
    if (state.flags & kSeen) {  // what is connected now may speak against it
      if (state.want != 0 && !objection(routes_.prefix(ref), state).empty()) queue(ref, state);
      if (former_.has_routes() && state.want != 0 && right(state)) former_.settle(routes_.prefix(ref));
      return;
    }
    ++counters_.repaired;
    set_have(ref, state, kNoTarget);
    if (state.want == 0)
      finish(ref, state);
    else
      queue(ref, state);
  });
  resolve_dirty_ = sets_dirty_ = objects_dirty_ = addresses_changed_ = true;
  retry_refused();
  settle();
  if (first) events_.emplace_back(Synced{});
  if (first) touch_gc();
  counters_changed_ = true;
}

// Objects that the dump did not show are gone, whoever took them.
void Planner::settle_adoption() {
  std::vector<std::uint32_t> lost;
  for (const auto& [id, index] : next_hops_.singles_by_id())
    if (!seen_ids_.contains(id)) lost.push_back(id);
  for (const auto id : lost) next_hops_.forget_single_id(id);
  for (std::uint32_t t = 1; t < next_hops_.target_count(); ++t) {
    const auto& target = next_hops_.target(t);
    if (target.kind != TargetKind::Group || !target.present || seen_ids_.contains(target.kernel_id)) continue;
    next_hops_.group_absent(t);  // its routes were not shown either
    next_hops_.target(t).wanted = target.routes > 0;
  }
}

void Planner::tell_link_down(const LinkFact& before, const LinkFact* now) {
  const char* what = now == nullptr || now->gone ? "is gone" : !now->up ? "was set down" : "lost its carrier";
  events_.emplace_back(LinkDown{before.name, before.ifindex, fmt::format("{} {}", before.name, what)});
}

void Planner::fact(const LinkFact& fact) {
  const auto* known = resolver_.find_link(fact.ifindex);
  const auto before = known != nullptr ? *known : LinkFact{};
  const bool was_usable = known != nullptr && known->usable();
  const bool was_up = known != nullptr && known->up;
  if (resolver_.link(fact)) {
    resolve_dirty_ = true;
    addresses_changed_ = true;
  }
  if (dumping_) return;
  const bool down_now = was_up && (!fact.up || fact.gone);
  if (down_now || (was_usable && !fact.usable())) lose_link(fact.ifindex, !down_now);
  if (was_usable && !fact.usable()) tell_link_down(before, &fact);
  if (!was_usable && fact.usable()) {
    retry_singles(fact.ifindex);
    resolve_dirty_ = true;
    events_.emplace_back(LinkUp{fact.name, fact.ifindex});
  }
}

void Planner::fact(const AddressFact& fact) {
  if (!resolver_.address(fact)) return;
  resolve_dirty_ = true;
  addresses_changed_ = true;
  if (dumping_) return;
  if (fact.gone) {
    if (fact.address.is_v4()) want_dump();  // with the last one of a link the kernel drops its IPv4 routes and does not tell
    return;
  }
  retry_singles(fact.ifindex);
  events_.emplace_back(LinkUp{resolver_.link_name(fact.ifindex), fact.ifindex});
}

// What was refused on this link may work now.
void Planner::retry_singles(std::uint32_t ifindex) {
  for (std::uint32_t i = 0; i < next_hops_.single_count(); ++i) {
    auto& single = next_hops_.single(i);
    if (single.hop.ifindex != ifindex || single.state != SingleState::Refused) continue;
    single.state = SingleState::Absent;
    single.failures = 0;
    sets_dirty_ = true;
  }
}

void Planner::fact(const NeighbourFact& fact) {
  if (resolver_.neighbour(fact)) resolve_dirty_ = true;
}

void Planner::fact(const NextHopFact& fact) {
  if (!next_hops_.in_range(fact.id)) {
    if (fact.gone && !dumping_ && resolver_.used_by_ipv4_route(fact.id)) want_dump();
    if (resolver_.next_hop(fact) && !dumping_) resolve_dirty_ = true;
    return;
  }
  own_next_hop(fact);
}

void Planner::own_next_hop(const NextHopFact& fact) {
  const bool ours = settings_.install && fact.protocol == settings_.protocol && fact.plain_unicast;
  if (!fact.gone && !ours && !next_hops_.owns_id(fact.id)) {
    former_.found(fact);
    next_hops_.mark_id_used(fact.id);  // somebody else sits in our range: step around
    return;
  }
  if (dumping_)
    own_next_hop_in_dump(fact);
  else
    own_next_hop_changed(fact);
}

void Planner::own_next_hop_in_dump(const NextHopFact& fact) {
  seen_ids_.insert(fact.id);
  if (fact.group) {
    dumped_groups_.push_back(fact);
    return;
  }
  const auto index = next_hops_.intern({fact.hop.gateway, fact.hop.ifindex});
  const auto known = next_hops_.single_of(fact.id);
  if (known && *known != index) next_hops_.forget_single_id(fact.id);
  next_hops_.single_present(index, fact.id);
}

void Planner::dumped_groups() {
  for (const auto& fact : dumped_groups_) {
    std::vector<std::uint32_t> members;
    bool all_known = true;
    for (const auto id : fact.members) {
      const auto single = next_hops_.single_of(id);
      if (single && seen_ids_.contains(id))
        members.push_back(*single);
      else
        all_known = false;
    }
    std::sort(members.begin(), members.end());
    const auto known = next_hops_.group_of(fact.id);
    if (!all_known && !known) {
      next_hops_.mark_id_used(fact.id);  // not of our making, whatever its protocol says
      continue;
    }
    const auto target = known ? *known : next_hops_.new_group(members);
    if (!known) next_hops_.group_present(target, fact.id);
    if (!all_known) members.clear();  // equals nothing: it will be written
    next_hops_.target(target).kernel_members = std::move(members);
  }
  dumped_groups_.clear();
}

void Planner::own_next_hop_changed(const NextHopFact& fact) {
  const auto single = next_hops_.single_of(fact.id);
  const auto group = next_hops_.group_of(fact.id);
  if (fact.gone) {
    if (!single && !group) {
      next_hops_.forget_id(fact.id);
      return;
    }
    blame(fmt::format("deleted nexthop {}", fact.id), fact.port);
    if (group) {
      group_died(*group);
    } else {
      lose_single(*single);
      sets_dirty_ = true;
    }
    objects_dirty_ = true;
    return;
  }
  if (group) {
    std::vector<std::uint32_t> members;
    for (const auto id : fact.members)
      if (const auto member = next_hops_.single_of(id)) members.push_back(*member);
    std::sort(members.begin(), members.end());
    auto& target = next_hops_.target(*group);
    if (fact.group && members.size() == fact.members.size() && members == target.kernel_members) return;
    if (fact.port != 0) blame(fmt::format("replaced nexthop group {}", fact.id), fact.port);
    target.kernel_members = members.size() == fact.members.size() ? members : std::vector<std::uint32_t>{};
    objects_dirty_ = true;
    return;
  }
  if (single) {
    const auto& hop = next_hops_.single(*single).hop;
    if (!fact.group && hop == ResolvedHop{fact.hop.gateway, fact.hop.ifindex}) return;
    blame(fmt::format("replaced nexthop {}", fact.id), fact.port);
    want_dump();
    return;
  }
  next_hops_.mark_id_used(fact.id);
}

bool Planner::is_ours(const RouteFact& fact) const {
  return settings_.install && fact.protocol == settings_.protocol && fact.table == settings_.table &&
         fact.metric == metric(fact.prefix.family());
}

std::uint32_t Planner::target_of(const RouteFact& fact) {
  if (fact.kind == RouteKind::Blackhole) return kBlackholeTarget;
  if (fact.kind != RouteKind::Unicast) return kAlienTarget;
  if (fact.nexthop_id != 0) return next_hops_.group_of(fact.nexthop_id).value_or(kAlienTarget);
  std::vector<std::uint32_t> members;
  for (const auto& hop : fact.hops) {
    if (!hop.has_gateway || hop.ifindex == 0) return kAlienTarget;
    members.push_back(next_hops_.intern({hop.gateway, hop.ifindex}));
  }
  if (members.empty()) return kAlienTarget;
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return next_hops_.plain(members);
}

void Planner::fact(const RouteFact& fact) {
  if (is_ours(fact)) {
    if (dumping_) dumped_groups();
    if (fact.gone)
      own_route_gone(fact);
    else
      own_route(fact);
    return;
  }
  if (!dumping_ && !fact.gone && fact.replaced && fact.table == settings_.table &&
      fact.metric == metric(fact.prefix.family())) {
    // Somebody put a route of theirs where ours was. It is theirs now: refused until it goes.
    if (const auto ref = routes_.find(fact.prefix); ref != kNoRoute && routes_.at(ref).have != kNoTarget) {
      blame(fmt::format("overwrote {} with a route of protocol {}", fact.prefix, protocol_name(fact.protocol)),
            fact.port);
      set_have(ref, routes_.at(ref), kNoTarget);
      queue(ref, routes_.at(ref));
    }
  }
  if (former_.owns(fact)) {  // no way to a next hop: a peer of then said it
    if (!fact.gone) former_.found(fact);
    return;
  }
  if (!resolver_.route(fact) || dumping_) return;
  retry_prefix(fact.prefix);
  if (Resolver::may_be_subnet(fact.protocol)) retry_blackholes(fact.prefix);
  if (resolve_dirty_) return;
  for (const auto& [next_hop, tracked] : tracked_) {
    if (!fact.prefix.contains(next_hop.gateway)) continue;
    resolve_dirty_ = true;
    return;
  }
}

void Planner::own_route(const RouteFact& fact) {
  const auto target = target_of(fact);
  auto ref = routes_.find(fact.prefix);
  const bool known = ref != kNoRoute;
  if (!known) {
    ref = routes_.insert(fact.prefix);
    if (state_ == State::Awaiting) ++counters_.adopted;
  }
  auto& state = routes_.at(ref);
  if (!known && state_ != State::Synced) state.flags |= kAdopted;
  if (dumping_) state.flags |= kSeen;
  if (state.have == target && known) return;
  if (!dumping_)
    blame(fmt::format("{} {}", known ? "changed" : "added", fact.prefix), fact.port);
  else if (state_ != State::Awaiting)
    ++counters_.repaired;
  set_have(ref, state, target);
  if (state.want != 0 || !(state.flags & kAdopted)) queue(ref, state);
}

void Planner::own_route_gone(const RouteFact& fact) {
  const auto ref = routes_.find(fact.prefix);
  if (ref == kNoRoute) return;
  auto& state = routes_.at(ref);
  if (state.have == kNoTarget) return;
  // A late word about a route that was on an object we have since replaced says nothing about the route there now.
  if (fact.nexthop_id != 0 && next_hops_.target(state.have).kernel_id != fact.nexthop_id) return;
  if (fact.port != 0) blame(fmt::format("deleted {}", fact.prefix), fact.port);
  set_have(ref, state, kNoTarget);
  if (state.want == 0)
    finish(ref, state);
  else
    queue(ref, state);
}

void Planner::retry_prefix(const net::Prefix& prefix) {
  const auto ref = routes_.find(prefix);
  if (ref != kNoRoute && routes_.at(ref).want != 0) queue(ref, routes_.at(ref));
}

// A subnet came or went: blackholes within it go or come.
void Planner::retry_blackholes(const net::Prefix& within) {
  if (sets_[kBlackhole.value()].wants == 0) return;
  routes_.for_each([&](RouteRef ref, RouteState& state) {
    if (state.want == kBlackhole.value() && within.contains(routes_.prefix(ref))) queue(ref, state);
  });
}

void Planner::blame(std::string what, std::uint32_t port) {
  ++counters_.repaired;
  counters_changed_ = true;
  quiet_since_ = now_;
  if (foreign_changes_.size() < 100) foreign_changes_.push_back({std::move(what), port});
}

void Planner::no_nexthop_objects() {
  if (!objects_) return;
  objects_ = false;
  for (auto& set : sets_) set.primary = 0;
  for (std::uint32_t id = kFirstHopSet; id < sets_.size(); ++id)
    if (sets_[id].defined) changed_sets_.insert(id);
  needed_singles_.clear();
}

}  // namespace podbgp::fib

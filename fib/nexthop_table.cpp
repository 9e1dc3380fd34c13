#include "fib/nexthop_table.hpp"

#include <algorithm>

namespace podbgp::fib {

NextHopTable::NextHopTable(std::uint32_t id_base) : base_(id_base) {
  targets_.resize(3);
  targets_[kBlackholeTarget].kind = TargetKind::Blackhole;
  targets_[kBlackholeTarget].present = true;
  targets_[kAlienTarget].kind = TargetKind::Alien;
  targets_[kAlienTarget].present = true;
}

std::uint32_t NextHopTable::intern(const ResolvedHop& hop) {
  const auto [it, inserted] = single_by_hop_.try_emplace(hop, single_count());
  if (inserted) {
    singles_.emplace_back();
    singles_.back().hop = hop;
  }
  return it->second;
}

std::uint32_t NextHopTable::new_group(std::vector<std::uint32_t> members) {
  std::uint32_t index;
  if (free_targets_.empty()) {
    index = target_count();
    targets_.emplace_back();
  } else {
    index = free_targets_.back();
    free_targets_.pop_back();
  }
  targets_[index] = Target{};
  targets_[index].kind = TargetKind::Group;
  targets_[index].members = std::move(members);
  return index;
}

std::uint32_t NextHopTable::plain(const std::vector<std::uint32_t>& members) {
  if (const auto found = plain_by_members_.find(members); found != plain_by_members_.end()) return found->second;
  const auto index = new_group(members);
  targets_[index].kind = TargetKind::Plain;
  targets_[index].present = true;
  plain_by_members_.emplace(members, index);
  return index;
}

void NextHopTable::free_target(std::uint32_t index) {
  auto& t = targets_[index];
  if (t.kind == TargetKind::Plain) plain_by_members_.erase(t.members);
  if (t.present && t.kind == TargetKind::Group) group_absent(index);
  t = Target{};
  free_targets_.push_back(index);
}

void NextHopTable::count(std::uint32_t target, std::uint32_t set, int delta) {
  if (target == kNoTarget) return;
  auto& t = targets_[target];
  t.routes += static_cast<std::uint32_t>(delta);
  auto it = std::find_if(t.wants.begin(), t.wants.end(), [&](const auto& w) { return w.first == set; });
  if (it == t.wants.end()) {
    t.wants.emplace_back(set, static_cast<std::uint32_t>(delta));
    it = std::prev(t.wants.end());
  } else {
    it->second += static_cast<std::uint32_t>(delta);
    if (it->second == 0) {
      *it = t.wants.back();
      t.wants.pop_back();
      return;
    }
  }
  if (it != t.wants.begin()) std::iter_swap(it, t.wants.begin());  // the next one is likely to want the same
}

std::uint32_t NextHopTable::wants(std::uint32_t target, std::uint32_t set) const {
  for (const auto& [id, n] : targets_[target].wants)
    if (id == set) return n;
  return 0;
}

std::uint32_t NextHopTable::allocate_id() {
  // Ids move on before they are used again: a late notification about an object that is gone cannot be mistaken for one
  // about its successor.
  for (std::uint32_t tries = 0; tries < kIdRange; ++tries) {
    const auto id = base_ + next_id_;
    next_id_ = (next_id_ + 1) % kIdRange;
    if (used_ids_.insert(id).second) return id;
  }
  return 0;
}

void NextHopTable::single_present(std::uint32_t index, std::uint32_t id) {
  auto& s = singles_[index];
  if (s.kernel_id == 0)
    s.kernel_id = id;
  else if (s.kernel_id != id && !single_by_id_.contains(id))
    ++duplicates_;
  s.state = SingleState::Present;
  s.failures = 0;
  s.refusal.clear();
  used_ids_.insert(id);
  single_by_id_[id] = index;
}

void NextHopTable::single_absent(std::uint32_t index) {
  auto& s = singles_[index];
  const auto drop = [&](std::uint32_t id) {
    single_by_id_.erase(id);
    used_ids_.erase(id);
  };
  if (s.kernel_id != 0) drop(s.kernel_id);
  s.kernel_id = 0;
  s.state = SingleState::Absent;
  s.on_link = false;
  if (duplicates_ == 0) return;
  std::vector<std::uint32_t> others;
  for (const auto& [id, of] : single_by_id_)
    if (of == index) others.push_back(id);
  for (const auto id : others) drop(id);
  duplicates_ -= others.size();
}

void NextHopTable::forget_single_id(std::uint32_t id) {
  const auto found = single_by_id_.find(id);
  if (found == single_by_id_.end()) return;
  auto& s = singles_[found->second];
  const auto index = found->second;
  single_by_id_.erase(found);
  used_ids_.erase(id);
  if (s.kernel_id != id) {
    --duplicates_;
    return;
  }
  s.kernel_id = 0;
  s.state = SingleState::Absent;
  s.on_link = false;
  if (duplicates_ == 0) return;
  for (const auto& [other, of] : single_by_id_) {
    if (of != index) continue;
    s.kernel_id = other;
    s.state = SingleState::Present;
    --duplicates_;
    return;
  }
}

void NextHopTable::group_present(std::uint32_t index, std::uint32_t id) {
  auto& t = targets_[index];
  t.kernel_id = id;
  t.present = true;
  t.wanted = false;
  t.failures = 0;
  used_ids_.insert(id);
  group_by_id_[id] = index;
}

void NextHopTable::group_absent(std::uint32_t index) {
  auto& t = targets_[index];
  if (t.kernel_id != 0) {
    group_by_id_.erase(t.kernel_id);
    used_ids_.erase(t.kernel_id);
  }
  t.kernel_id = 0;
  t.present = false;
  t.kernel_members.clear();
}

std::optional<std::uint32_t> NextHopTable::single_of(std::uint32_t id) const {
  const auto found = single_by_id_.find(id);
  return found == single_by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint32_t> NextHopTable::group_of(std::uint32_t id) const {
  const auto found = group_by_id_.find(id);
  return found == group_by_id_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace podbgp::fib

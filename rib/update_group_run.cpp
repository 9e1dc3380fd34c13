// What groups do: read the journal, compare with what was exported, encode what differs, hand it to the members.
#include "rib/update_group_impl.hpp"

namespace podbgp::rib {
namespace {

constexpr std::size_t kBatch = 256;  // routes for one call of the feed
constexpr std::size_t kAhead = 8;    // records fetched in advance

}  // namespace

bool UpdateGroups::Impl::has_room(const UpdateGroup& group) const {
  return std::any_of(group.members.begin(), group.members.end(),
                     [&](net::PeerId peer) { return find(peer)->queue.backlog() < limits.low_water; });
}

bool UpdateGroups::Impl::can_produce(const UpdateGroup& group) const {
  return (!group.settled || !feed->at_tail(group.family, group.cursor)) && has_room(group);
}

ExportSlots::Id UpdateGroups::Impl::slot_for(const UpdateGroup& group, const ExportTarget& target,
                                             const ExportItem& item, const PathSource& source) {
  if (target.policy && target.policy->looks_at_context()) return slots.acquire(group.target, item, source);
  // Only within one window of one group, in which nothing that counts can change.
  if (last.slot != ExportSlots::kNone && last.attributes == item.attributes && last.peer == item.peer &&
      last.source == item.source) {
    slots.ref(last.slot);
    return last.slot;
  }
  const auto id = slots.acquire(group.target, item, source);
  last = {item.attributes, item.peer, item.source, id};
  return id;
}

net::PeerId UpdateGroups::Impl::withheld_from(const ExportItem& item, ExportSlots::Id slot) const {
  const auto* third = slots.third_party(slot);
  if (third == nullptr) return item.peer;
  const auto peer = by_address.find(*third);
  return peer != by_address.end() ? peer->second : item.peer;
}

// The heart: from what was exported to what is. Every member but the source of a path holds it; so when the source
// changes, the one before gets what the others have, and the new one loses what it had.
void UpdateGroups::Impl::apply(UpdateGroup& group, const ExportTarget& target, const ExportItem& item) {
  using For = Piece::For;
  const auto before = group.record.get(item.entry);
  ExportRecord::Value after{ExportSlots::kNone, item.peer};
  const auto source = source_of(item);
  if (item.attributes != kNoAttr) {
    after.slot = slot_for(group, target, item, source);
    after.source = withheld_from(item, after.slot);
  }
  const auto old_content = slots.content(before.slot);
  const auto new_content = slots.content(after.slot);
  const bool from_member = new_content != 0 && is_member(group, after.source);
  const bool source_changed = before.source != after.source;

  if (new_content != 0 && (new_content != old_content || group.force)) {
    const bool alone = from_member && group.members.size() == 1;
    if (!alone) {
      packer.announce(after.slot, item, source.peer_name,
                      from_member ? UpdatePacker::Audience{For::Except, after.source} : UpdatePacker::Audience{});
    }
    if (old_content != 0 && from_member && source_changed) packer.withdraw(item, {For::Only, after.source});
  } else if (new_content != 0 && source_changed) {
    if (is_member(group, before.source))
      packer.announce(after.slot, item, source.peer_name, {For::Only, before.source});
    if (from_member) packer.withdraw(item, {For::Only, after.source});
  } else if (new_content == 0 && old_content != 0) {
    const bool was_members = is_member(group, before.source);
    if (!was_members || group.members.size() > 1)
      packer.withdraw(item,
                      was_members ? UpdatePacker::Audience{For::Except, before.source} : UpdatePacker::Audience{});
  }

  if (old_content != 0) group.count(before.source, -1);
  if (new_content != 0) group.count(after.source, 1);
  group.record.set(item.entry, after);
  if (before.slot != ExportSlots::kNone) slots.unref(before.slot);
}

std::size_t UpdateGroups::Impl::produce(UpdateGroup& group, std::size_t limit) {
  items.resize(kBatch);
  last = {};
  const auto& target = slots.target(group.target);
  std::size_t done = 0;
  bool more = true;
  while (more && done < limit) {
    const auto ask = std::min(kBatch, limit - done);
    const auto count = feed->read(group.family, group.cursor, std::span(items).first(ask));
    for (std::size_t i = 0; i < std::min(count, kAhead); ++i) group.record.prefetch(items[i].entry);
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) group.record.prefetch(items[i + kAhead].entry);
      apply(group, target, items[i]);
    }
    done += count;
    more = count == ask;
  }
  last = {};
  distribute(group);
  if (feed->at_tail(group.family, group.cursor)) settle(group);
  return done;
}

void UpdateGroups::Impl::distribute(UpdateGroup& group) {
  if (packer.pending() == 0) return;
  packer.flush(slots.target(group.target), chunks);
  for (const auto& chunk : chunks) {
    for (const auto peer : group.members) push(peer, chunk);
  }
  chunks.clear();
  split_lagging(group);
}

void UpdateGroups::Impl::push(net::PeerId peer, const std::shared_ptr<const Chunk>& chunk) {
  auto& state = *find(peer);
  const bool was_empty = state.queue.empty();
  if (!state.queue.push(chunk, peer) || !was_empty || state.listed) return;
  state.listed = true;
  ready.push_back(peer);
}

void UpdateGroups::Impl::send_end_of_rib(net::PeerId peer, net::Family family) {
  auto& fs = (*find(peer))[family];
  if (!std::exchange(fs.end_of_rib_due, false)) return;
  push(peer, end_of_rib[net::index(family)]);
  fs.end_of_rib_sent = true;
}

// The group has read everything that there is.
void UpdateGroups::Impl::settle(UpdateGroup& group) {
  if (!group.settled) {
    group.settled = true;
    group.force = false;
    for (const auto peer : group.members) send_end_of_rib(peer, group.family);
  }
  if (slots.target(group.target).sends_nothing()) {  // all is withdrawn; nothing will ever be sent again
    while (!group.members.empty()) move_member(group.members.back(), group, nullptr);
    return;  // run() removes groups without members
  }
  const auto same = [&](const auto& other) { return other.get() != &group && other->target == group.target; };
  merge_due = merge_due || std::any_of(groups.begin(), groups.end(), same);
}

// Records of groups that are gone, a page at a time.
void UpdateGroups::Impl::bury(std::size_t budget) {
  std::size_t done = 0;
  while (!graveyard.empty() && done <= budget) {
    auto& record = graveyard.back()->record;
    done += 1 + record.clear_page(slots);
    if (record.size() == 0) graveyard.pop_back();
  }
}

bool UpdateGroups::run(std::size_t budget) {
  auto& impl = *impl_;
  impl.regroup();
  std::size_t left = budget;
  bool progress = true;
  while (left > 0 && progress) {
    progress = false;
    for (std::size_t n = impl.groups.size(); n > 0 && left > 0; --n) {
      auto& group = *impl.groups[impl.next_group++ % impl.groups.size()];
      if (!impl.can_produce(group)) continue;
      left -= std::min(left, std::max<std::size_t>(1, impl.produce(group, std::min(left, impl.limits.window))));
      progress = true;
    }
    for (std::size_t i = impl.groups.size(); i-- > 0;) {
      if (impl.groups[i]->members.empty()) impl.destroy(*impl.groups[i]);
    }
    if (impl.groups.empty()) break;
    impl.next_group %= impl.groups.size();
  }
  impl.merge();
  impl.bury(budget);
  const bool more = has_work();
  if (!more && impl.packer.is_large()) impl.packer.release_memory();
  return more;
}

bool UpdateGroups::has_work() const {
  return impl_->regroup_due || impl_->merge_due || !impl_->graveyard.empty() ||
         std::any_of(impl_->groups.begin(), impl_->groups.end(), [&](const auto& g) { return impl_->can_produce(*g); });
}

bool UpdateGroups::needs_run() const { return !impl_->ready.empty() || has_work(); }

void UpdateGroups::next_output(net::PeerId peer, std::size_t budget, std::vector<OutSlice>& out) {
  auto& impl = *impl_;
  impl.regroup();
  auto* state = impl.find(peer);
  if (state == nullptr || !state->up) return;
  for (const auto family : net::kFamilies) {
    while (state->queue.empty()) {
      auto* group = (*state)[family].group;
      if (group == nullptr || !impl.can_produce(*group)) break;
      impl.produce(*group, impl.limits.window);
    }
  }
  state->queue.take(budget, peer, out);
}

}  // namespace podbgp::rib

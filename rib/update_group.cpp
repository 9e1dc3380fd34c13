// Who is in which group: sessions that come and go, settings that change, members that lag, groups that meet again.
#include "rib/update_group.hpp"

#include <unordered_set>

#include "rib/update_group_impl.hpp"

namespace podbgp::rib {

void UpdateGroup::count(net::PeerId source, int change) {
  exported += static_cast<std::uint32_t>(change);
  if (source == kLocalPeer || source == kNoPeer) return;
  if (source.value() >= exported_of.size()) exported_of.resize(source.value() + 1u);
  exported_of[source.value()] += static_cast<std::uint32_t>(change);
}

UpdateGroups::Impl::Impl(RouteFeed& route_feed, const RouterSettings& router_settings, Limits group_limits)
    : feed(&route_feed),
      router(router_settings),
      limits(group_limits),
      slots(route_feed),
      packer(slots, group_limits.chunk) {
  for (const auto family : net::kFamilies) {
    wire::Bytes bytes;
    wire::encode_end_of_rib(family, bytes);
    auto chunk = std::make_shared<Chunk>();
    chunk->pieces.push_back({static_cast<std::uint32_t>(bytes.size()), kNoPeer, Piece::For::All});
    chunk->buffer = std::make_shared<const wire::Bytes>(std::move(bytes));
    end_of_rib[net::index(family)] = std::move(chunk);
  }
}

UpdateGroups::Impl::~Impl() {
  while (!groups.empty()) destroy(*groups.back());
  bury(static_cast<std::size_t>(-1));
}

UpdateGroups::Impl::PeerState* UpdateGroups::Impl::find(net::PeerId peer) {
  if (peer.value() >= peers.size() || !peers[peer.value()] || !peers[peer.value()]->used) return nullptr;
  return peers[peer.value()].get();
}

const UpdateGroups::Impl::PeerState* UpdateGroups::Impl::find(net::PeerId peer) const {
  return const_cast<Impl*>(this)->find(peer);
}

void UpdateGroups::Impl::forget_address(net::PeerId peer) {
  const auto known = by_address.find(find(peer)->settings.address);
  if (known != by_address.end() && known->second == peer) by_address.erase(known);
}

bool UpdateGroups::Impl::is_member(const UpdateGroup& group, net::PeerId peer) const {
  const auto* state = find(peer);
  return state != nullptr && (*state)[group.family].group == &group;
}

// Equal chains are one program, and so may be one group.
std::shared_ptr<const PolicyProgram> UpdateGroups::Impl::compile(const PeerSettings& settings) {
  if (!settings.export_) return nullptr;
  std::erase_if(programs, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : programs) {
    auto known = weak.lock();
    if (known->own_asn() == settings.local_asn && known->chain() == *settings.export_) return known;
  }
  auto program = std::make_shared<const PolicyProgram>(*settings.export_, settings.local_asn);
  programs.push_back(program);
  return program;
}

// Only what makes a difference goes in, so that peers which could share do.
ExportTarget UpdateGroups::Impl::target_of(const PeerState& state, net::Family family) const {
  ExportTarget target;
  target.family = family;
  target.kind = kind_of(state.settings);
  target.local_asn = state.settings.local_asn;
  if (target.kind != PeerKind::External)
    target.cluster_id = router.cluster_id.value() != 0 ? router.cluster_id : router.id;
  target.policy = state.policy;
  target.next_hop = state.settings.next_hop;
  if (target.next_hop) {
    const auto* address = std::get_if<net::IpAddress>(&*target.next_hop);
    if (address != nullptr && address->family() != family) target.next_hop.reset();
  }
  const auto& session = state.session;
  if (family == net::Family::Ipv6Unicast) {
    target.self = session.self_v6;
    target.self_link_local = session.self_v6_link_local;
    // RFC 2545 §3 knows no next hop without a global address. On a link that has none, the link-local one alone is what
    // BIRD and FRR take.
    if (!target.self && session.local_address.is_v6() && session.local_address.is_link_local()) {
      target.self = session.local_address;
      target.self_link_local.reset();
    }
  } else {
    target.self = session.self_v4;
  }
  target.four_octet_as = session.four_octet_as;
  target.add_path = session.add_path_send.contains(family);
  target.max_message = session.extended_message ? wire::kMaxExtendedMessageSize : wire::kMaxMessageSize;
  return target;
}

PathSource UpdateGroups::Impl::source_of(const ExportItem& item) const {
  if (item.source != RouteSource::Bgp) return {.source = item.source, .kind = {}, .router_id = {}, .peer_name = {}};
  const auto* state = find(item.peer);
  if (state == nullptr) return {};
  return {.source = RouteSource::Bgp,
          .kind = kind_of(state->settings),
          .router_id = state->session.peer_id,
          .peer_name = state->settings.name};
}

// --- groups ---

UpdateGroup& UpdateGroups::Impl::make_group(net::Family family, TargetId target, RouteFeed::Cursor cursor) {
  auto group = std::make_unique<UpdateGroup>();
  group->family = family;
  group->target = target;
  group->cursor = cursor;
  groups.push_back(std::move(group));
  return *groups.back();
}

void UpdateGroups::Impl::destroy(UpdateGroup& group) {
  feed->close_cursor(group.family, group.cursor);
  slots.unref_target(group.target);
  const auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.get() == &group; });
  if (group.record.size() > 0) graveyard.push_back(std::move(*at));
  groups.erase(at);
}

void UpdateGroups::Impl::move_member(net::PeerId peer, UpdateGroup& from, UpdateGroup* to) {
  std::erase(from.members, peer);
  (*find(peer))[from.family].group = to;
  if (to != nullptr) to->members.push_back(peer);
}

void UpdateGroups::Impl::rewind(UpdateGroup& group) {
  feed->close_cursor(group.family, group.cursor);
  group.cursor = feed->open_cursor(group.family);
  group.settled = false;
}

void UpdateGroups::Impl::rewind_all() {
  for (auto& group : groups) rewind(*group);
}

UpdateGroup& UpdateGroups::Impl::split(UpdateGroup& group, const std::vector<net::PeerId>& members, TargetId target,
                                       RouteFeed::Cursor cursor) {
  auto& part = make_group(group.family, target, cursor);
  part.settled = group.settled;
  part.force = group.force;
  part.record.copy_from(group.record, slots);
  part.exported = group.exported;
  part.exported_of = group.exported_of;
  for (const auto peer : members) move_member(peer, group, &part);
  return part;
}

// Equal target and nothing recorded: whoever was sent nothing can begin there.
void UpdateGroups::Impl::join(net::PeerId peer, net::Family family) {
  auto& state = *find(peer);
  const auto target = target_of(state, family);
  if (target.sends_nothing()) {
    send_end_of_rib(peer, family);
    return;
  }
  const auto id = slots.acquire_target(target);
  const auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) {
    return g->family == family && g->target == id && g->record.size() == 0 && !g->force;
  });
  UpdateGroup* group = nullptr;
  if (at != groups.end()) {
    group = at->get();
    group->settled = false;  // it owes this one an End-of-RIB
    slots.unref_target(id);
  } else {
    group = &make_group(family, id, feed->open_cursor(family));
  }
  group->members.push_back(peer);
  state[family].group = group;
}

void UpdateGroups::Impl::leave(net::PeerId peer, net::Family family) {
  auto* group = (*find(peer))[family].group;
  if (group == nullptr) return;
  move_member(peer, *group, nullptr);
  if (group->members.empty()) destroy(*group);
}

void UpdateGroups::Impl::note_rekey(PeerState& state) {
  if (!state.up) return;
  for (auto& family : state.families) family.rekey = family.active;
  regroup_due = true;
}

void UpdateGroups::Impl::regroup() {
  if (!regroup_due) return;
  regroup_due = false;
  // New groups are made at the end; they need no second look.
  for (std::size_t i = 0, n = groups.size(); i < n; ++i) regroup_members(*groups[i]);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const net::PeerId peer{static_cast<std::uint16_t>(i)};
    auto* state = find(peer);
    if (state == nullptr || !state->up) continue;
    for (const auto family : net::kFamilies) {
      auto& fs = (*state)[family];
      // Who was in no group because there was no policy is like one that joins, when there is one now.
      const bool joins = fs.joins || (fs.rekey && fs.group == nullptr && fs.active);
      fs.joins = fs.rekey = fs.refresh = false;
      if (joins) join(peer, family);
    }
  }
}

// Members that change together stay together, and all of them stay where they are.
void UpdateGroups::Impl::regroup_members(UpdateGroup& group) {
  struct Part {
    TargetId target;
    bool force;
    std::vector<net::PeerId> members;
  };
  std::vector<Part> parts;
  for (const auto peer : group.members) {
    auto& state = *find(peer);
    auto& fs = state[group.family];
    if (!fs.rekey && !fs.refresh) continue;
    const bool force = std::exchange(fs.refresh, false);
    fs.rekey = false;
    const auto target = slots.acquire_target(target_of(state, group.family));
    if (target == group.target && !force) {
      slots.unref_target(target);
      continue;
    }
    auto at =
        std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.target == target && p.force == force; });
    if (at == parts.end()) {
      parts.push_back({target, force, {peer}});
    } else {
      at->members.push_back(peer);
      slots.unref_target(target);
    }
  }
  for (const auto& part : parts) {
    UpdateGroup* moved = &group;
    if (part.members.size() == group.members.size()) {
      slots.unref_target(group.target);
      group.target = part.target;
      rewind(group);
    } else {
      moved = &split(group, part.members, part.target, feed->open_cursor(group.family));
      moved->settled = false;
    }
    moved->force = moved->force || part.force;
  }
}

// All that are far behind leave together; the limit for going is half of that for noticing, so that they are not split
// again and again.
void UpdateGroups::Impl::split_lagging(UpdateGroup& group) {
  const auto behind = [&](std::size_t limit) {
    return [this, limit](net::PeerId peer) { return find(peer)->queue.backlog() > limit; };
  };
  if (group.members.size() < 2 || std::none_of(group.members.begin(), group.members.end(), behind(limits.lag))) return;
  std::vector<net::PeerId> slow;
  std::copy_if(group.members.begin(), group.members.end(), std::back_inserter(slow), behind(limits.lag / 2));
  if (slow.size() == group.members.size()) return;
  slots.ref_target(group.target);
  split(group, slow, group.target, feed->clone_cursor(group.family, group.cursor));
}

// Groups of one target that have read everything have equal records.
void UpdateGroups::Impl::merge() {
  if (!merge_due) return;
  merge_due = false;
  std::vector<UpdateGroup*> done;
  for (const auto& group : groups) {
    if (group->settled && feed->at_tail(group->family, group->cursor)) done.push_back(group.get());
  }
  for (auto i = done.begin(); i != done.end(); ++i) {
    if (*i == nullptr) continue;
    for (auto j = i + 1; j != done.end(); ++j) {
      if (*j == nullptr || (*j)->target != (*i)->target) continue;
      if ((*j)->members.size() > (*i)->members.size()) std::swap(*i, *j);
      const auto members = (*j)->members;
      for (const auto peer : members) move_member(peer, **j, *i);
      destroy(**j);
      *j = nullptr;
    }
  }
}

// --- the face ---

UpdateGroups::UpdateGroups(RouteFeed& feed, const RouterSettings& router) : UpdateGroups(feed, router, Limits{}) {}
UpdateGroups::UpdateGroups(RouteFeed& feed, const RouterSettings& router, Limits limits)
    : impl_(std::make_unique<Impl>(feed, router, limits)) {}
UpdateGroups::~UpdateGroups() = default;

void UpdateGroups::set_router(const RouterSettings& router) {
  impl_->router = router;
  for (auto& state : impl_->peers) {
    if (state && state->used) impl_->note_rekey(*state);
  }
}

void UpdateGroups::set_peer(net::PeerId peer, const PeerSettings& settings) {
  if (peer.value() >= impl_->peers.size()) impl_->peers.resize(peer.value() + 1u);
  auto& place = impl_->peers[peer.value()];
  if (!place) place = std::make_unique<Impl::PeerState>();
  auto& state = *place;
  // How its own paths are exported to others depends on these two.
  const bool source_changed =
      state.used && (kind_of(state.settings) != kind_of(settings) || state.settings.name != settings.name);
  const bool address_changed = !state.used || state.settings.address != settings.address;
  if (address_changed) {
    if (state.used) impl_->forget_address(peer);
    impl_->by_address[settings.address] = peer;
  }
  state.used = true;
  state.policy = impl_->compile(settings);
  state.settings = settings;
  impl_->note_rekey(state);
  if (source_changed || (address_changed && impl_->slots.is_third_party(settings.address))) impl_->rewind_all();
}

void UpdateGroups::remove_peer(net::PeerId peer) {
  if (impl_->find(peer) == nullptr) return;
  peer_down(peer);
  const auto address = impl_->find(peer)->settings.address;
  impl_->forget_address(peer);
  impl_->peers[peer.value()].reset();
  if (impl_->slots.is_third_party(address)) impl_->rewind_all();
}

void UpdateGroups::peer_up(net::PeerId peer, const SessionInfo& session) {
  auto* state = impl_->find(peer);
  if (state == nullptr) return;
  if (state->up) peer_down(peer);
  // ORIGINATOR_ID of what we reflect from it.
  const bool renamed = state->session.peer_id != session.peer_id && state->session.peer_id.value() != 0;
  state->up = true;
  state->session = session;
  for (const auto family : net::kFamilies) {
    auto& fs = (*state)[family];
    fs = {};
    fs.active = fs.joins = fs.end_of_rib_due = session.families.contains(family);
  }
  impl_->regroup_due = true;
  if (renamed) impl_->rewind_all();
}

void UpdateGroups::peer_down(net::PeerId peer) {
  auto* state = impl_->find(peer);
  if (state == nullptr || !state->up) return;
  for (const auto family : net::kFamilies) {
    impl_->leave(peer, family);
    (*state)[family] = {};
  }
  state->up = false;
  state->queue.clear();
}

void UpdateGroups::session_changed(net::PeerId peer, const SessionInfo& session) {
  auto* state = impl_->find(peer);
  if (state == nullptr || !state->up) return;
  state->session = session;
  impl_->note_rekey(*state);
}

void UpdateGroups::disable_family(net::PeerId peer, net::Family family) {
  auto* state = impl_->find(peer);
  if (state == nullptr || !state->up) return;
  impl_->leave(peer, family);
  (*state)[family] = {};
}

void UpdateGroups::route_refresh(net::PeerId peer, net::Family family) {
  auto* state = impl_->find(peer);
  if (state == nullptr || (*state)[family].group == nullptr) return;
  (*state)[family].refresh = true;
  impl_->regroup_due = true;
}

bool UpdateGroups::has_output(net::PeerId peer) const {
  const auto* state = impl_->find(peer);
  if (state == nullptr || !state->up) return false;
  if (!state->queue.empty()) return true;
  return std::any_of(state->families.begin(), state->families.end(),
                     [&](const auto& fs) { return fs.group != nullptr && impl_->can_produce(*fs.group); });
}

std::vector<net::PeerId> UpdateGroups::take_output_ready() {
  std::vector<net::PeerId> taken;
  taken.swap(impl_->ready);
  std::erase_if(taken, [&](net::PeerId peer) {
    auto* state = impl_->find(peer);
    if (state == nullptr) return true;
    state->listed = false;
    return state->queue.empty();
  });
  return taken;
}

// --- questions ---

std::uint32_t UpdateGroups::advertised(net::PeerId peer, net::Family family) const {
  const auto* state = impl_->find(peer);
  const auto* group = state != nullptr ? (*state)[family].group : nullptr;
  return group != nullptr ? group->advertised(peer) : 0;
}

bool UpdateGroups::end_of_rib_sent(net::PeerId peer, net::Family family) const {
  const auto* state = impl_->find(peer);
  return state != nullptr && (*state)[family].end_of_rib_sent;
}

std::string UpdateGroups::why_nothing_sent(net::PeerId peer) const {
  const auto* state = impl_->find(peer);
  if (state == nullptr || !state->settings.external() || state->policy) return {};
  return "eBGP without export policy: nothing is sent (RFC 8212)";
}

bool UpdateGroups::lacks_self(net::PeerId peer, net::Family family) const {
  const auto* state = impl_->find(peer);
  const auto* group = state != nullptr ? (*state)[family].group : nullptr;
  if (group == nullptr) return false;
  const auto& target = impl_->slots.target(group->target);
  const bool named = target.next_hop && std::holds_alternative<net::IpAddress>(*target.next_hop);
  return !target.self && !named && !target.sends_nothing();
}

std::optional<AdvertisedView> UpdateGroups::advertised(net::PeerId peer, const ExportItem& item) const {
  const auto* state = impl_->find(peer);
  const auto* group = state != nullptr ? (*state)[item.prefix.family].group : nullptr;
  if (group == nullptr) return std::nullopt;
  const auto recorded = group->record.get(item.entry);
  if (impl_->slots.content(recorded.slot) == 0 || recorded.source == peer) return std::nullopt;
  const auto& slot = impl_->slots[recorded.slot];
  AdvertisedView view;
  view.prefix = item.prefix.prefix();
  view.source = slot.source;
  if (impl_->slots.target(slot.target).add_path) view.path_id = net::PathId{1};
  const auto* source = impl_->find(recorded.source);
  if (source != nullptr) view.peer_name = source->settings.name;
  static_cast<void>(impl_->slots.evaluate(slot, view.prefix, view.peer_name, view.attributes));
  return view;
}

ExportVerdict UpdateGroups::explain(net::PeerId peer, const ExportItem& item) const {
  const auto* state = impl_->find(peer);
  if (state == nullptr || item.attributes == kNoAttr) return {ExportReason::NoPath, {}};
  if (item.peer == peer && item.source == RouteSource::Bgp) return {ExportReason::SplitHorizon, {}};
  wire::AttributeSet out;
  auto verdict = impl_->slots.evaluate(impl_->target_of(*state, item.prefix.family), item, impl_->source_of(item), out);
  if (verdict.reason == ExportReason::Exported && item.source != RouteSource::Bgp &&
      out.next_hop == state->settings.address) {
    verdict.reason = ExportReason::OwnNextHop;
  }
  return verdict;
}

std::size_t UpdateGroups::groups() const { return impl_->groups.size(); }

std::size_t UpdateGroups::memory_bytes() const {
  auto bytes = impl_->slots.memory_bytes() + impl_->packer.memory_bytes();
  for (const auto& group : impl_->groups) bytes += sizeof(UpdateGroup) + group->record.memory_bytes();
  for (const auto& group : impl_->graveyard) bytes += group->record.memory_bytes();
  std::unordered_set<const Chunk*> seen;
  for (const auto& state : impl_->peers) {
    if (!state) continue;
    bytes += sizeof(Impl::PeerState);
    for (const auto& chunk : state->queue.chunks()) {
      if (seen.insert(chunk.get()).second) bytes += sizeof(Chunk) + chunk->buffer->size();
    }
  }
  return bytes;
}

}  // namespace podbgp::rib

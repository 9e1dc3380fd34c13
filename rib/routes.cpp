#include "rib/routes.hpp"

#include <algorithm>

namespace podbgp::rib {

namespace {

constexpr std::uint8_t kLocalFlags = Path::kApi | Path::kBlackhole;

void set(Entry& entry, std::uint8_t flags) { entry.flags |= flags; }
void clear(Entry& entry, std::uint8_t flags) { entry.flags &= static_cast<std::uint8_t>(~flags); }

// The common path needs no place of its own.
bool fits_inside(net::PeerId peer, net::PathId path_id) { return peer != kLocalPeer && path_id == net::PathId{}; }

}  // namespace

// --- changing ---

void Routes::mark_dirty(net::Family family, EntryIndex index, Entry& entry, bool decide) {
  if (decide) set(entry, Entry::kDecide);
  if (entry.flags & Entry::kDirty) return;
  set(entry, Entry::kDirty);
  dirty_[net::index(family)].entries.push_back(index);
}

void Routes::count(net::Family family, net::PeerId peer, std::uint8_t flags, AttrIndex attributes, int by) {
  paths[net::index(family)] += static_cast<std::uint64_t>(by);
  if (peer == kLocalPeer) return;
  auto& p = store_->peer(peer);
  if (!p.fresh(family, flags)) return;  // counters were set back when it became stale
  auto& counters = p.family[net::index(family)];
  counters.received += static_cast<std::uint32_t>(by);
  if (attributes != kNoAttr) counters.accepted += static_cast<std::uint32_t>(by);
}

void Routes::count_best(net::Family family, net::PeerId peer, int by) {
  if (peer != kLocalPeer) store_->peer(peer).family[net::index(family)].best += static_cast<std::uint32_t>(by);
}

void Routes::lose_best(net::Family family, Entry& entry, net::PeerId peer) {
  clear(entry, Entry::kHasBest);
  set(entry, Entry::kBestTouched);
  count_best(family, peer, -1);
}

void Routes::become_list(Entry& entry) {
  Path path{};
  path.received = AttrIndex{entry.received};
  path.attributes = AttrIndex{entry.attributes};
  path.since = entry.since;
  path.peer = net::PeerId{entry.peer};
  if (entry.flags & Entry::kSession) path.flags |= Path::kSession;
  if (entry.flags & Entry::kHasBest) path.flags |= Path::kMultipath;
  entry.received = store_->paths.create(path).value();
  entry.attributes = 0;
  entry.peer = kNoPeer.value();
  clear(entry, Entry::kSession);
  set(entry, Entry::kMulti);
}

// Back into the entry when what is left fits there.
void Routes::fold(Entry& entry) {
  const PathIndex list{entry.received};
  if (list == kNoPath) {
    clear(entry, Entry::kMulti);
    entry.received = 0;
    return;
  }
  if (store_->paths.list(list).size() > 1) return;
  const auto path = store_->paths.front(list);
  if (!fits_inside(path.peer, path.path_id)) return;
  store_->paths.release(list);
  clear(entry, Entry::kMulti | Entry::kSession);
  if (path.flags & Path::kSession) set(entry, Entry::kSession);
  entry.received = path.received.value();
  entry.attributes = path.attributes.value();
  entry.since = path.since;
  entry.peer = path.peer.value();
}

// A path that is worse than the best one already before MED is looked at takes part in nothing: with it or without it
// the outcome is the same, because the best path alone attains the best value of each step before. (After MED it would
// not be so: a path can take out others of its neighbouring AS and then lose itself.)
bool Routes::beyond_doubt(const Entry& entry, AttrIndex attributes, bool local) const {
  if ((entry.flags & (Entry::kHasBest | Entry::kBestTouched)) != Entry::kHasBest) return false;
  if (attributes == kNoAttr) return true;  // not eligible in any case
  const auto best_path = store_->best(entry);
  const auto& best = store_->attributes[best_path.attributes];
  const auto& other = store_->attributes[attributes];
  if (best.local_pref != other.local_pref) return best.local_pref > other.local_pref;
  if (best_path.local() != local) return best_path.local();
  if (best.path_length != other.path_length) return best.path_length < other.path_length;
  return best.origin < other.origin;
}

bool Routes::replace(net::Family family, EntryIndex index, Entry& entry, bool is_best, Path& stored,
                     const NewPath& path) {
  constexpr std::uint8_t kCompared = kLocalFlags | Path::kSession;
  const bool same = stored.received == path.received && stored.attributes == path.attributes;
  if (same && ((stored.flags ^ path.flags) & kCompared) == 0) return false;
  count(family, path.peer, stored.flags, stored.attributes, -1);
  count(family, path.peer, path.flags, path.attributes, +1);
  store_->attributes.ref(path.received);
  store_->attributes.ref(path.attributes);
  const auto before = stored.attributes;
  if (is_best && path.attributes == kNoAttr) {
    lose_best(family, entry, path.peer);
  } else if (is_best && (stored.attributes != path.attributes || ((stored.flags ^ path.flags) & kLocalFlags) != 0)) {
    set(entry, Entry::kBestTouched);
  }
  const bool local = path.peer == kLocalPeer;
  const bool outsider = !is_best && beyond_doubt(entry, before, local) && beyond_doubt(entry, path.attributes, local);
  store_->attributes.unref(stored.received);
  store_->attributes.unref(before);
  stored.received = path.received;
  stored.attributes = path.attributes;
  stored.since = path.since;
  stored.flags = static_cast<std::uint8_t>((stored.flags & ~kCompared) | (path.flags & kCompared));
  set(entry, Entry::kAnyTouched);
  mark_dirty(family, index, entry, !outsider);
  return true;
}

bool Routes::put(net::Family family, EntryIndex index, NewPath path) {
  auto& entry = store_->table(family).at(index);
  if (!entry.has_paths()) ++prefixes[net::index(family)];
  path.flags &= kLocalFlags;
  if (path.peer != kLocalPeer && store_->peer(path.peer).session_bit) path.flags |= Path::kSession;

  if (!(entry.flags & Entry::kMulti)) {
    const bool inside = fits_inside(path.peer, path.path_id);
    if (inside && entry.peer == path.peer.value()) {
      Path stored{.received = AttrIndex{entry.received},
                  .attributes = AttrIndex{entry.attributes},
                  .path_id = {},
                  .since = entry.since,
                  .peer = path.peer,
                  .flags = static_cast<std::uint8_t>(entry.flags & Entry::kSession ? Path::kSession : 0),
                  .reserved = 0};
      if (!replace(family, index, entry, (entry.flags & Entry::kHasBest) != 0, stored, path)) return false;
      entry.received = stored.received.value();
      entry.attributes = stored.attributes.value();
      entry.since = stored.since;
      clear(entry, Entry::kSession);
      if (stored.flags & Path::kSession) set(entry, Entry::kSession);
      return true;
    }
    if (inside && entry.peer == kNoPeer.value()) {
      store_->attributes.ref(path.received);
      store_->attributes.ref(path.attributes);
      entry.received = path.received.value();
      entry.attributes = path.attributes.value();
      entry.since = path.since;
      entry.peer = path.peer.value();
      if (path.flags & Path::kSession) set(entry, Entry::kSession);
      set(entry, Entry::kAnyTouched);
      count(family, path.peer, path.flags, path.attributes, +1);
      mark_dirty(family, index, entry);
      return true;
    }
    if (entry.peer != kNoPeer.value()) become_list(entry);
  }

  if (entry.flags & Entry::kMulti) {
    const auto list = store_->paths.list(PathIndex{entry.received});
    for (auto& stored : list) {
      if (stored.peer != path.peer || stored.path_id != path.path_id) continue;
      return replace(family, index, entry, &stored == &list[0] && (entry.flags & Entry::kHasBest), stored, path);
    }
  }
  store_->attributes.ref(path.received);
  store_->attributes.ref(path.attributes);
  const Path added{.received = path.received,
                   .attributes = path.attributes,
                   .path_id = path.path_id,
                   .since = path.since,
                   .peer = path.peer,
                   .flags = path.flags,
                   .reserved = 0};
  if (entry.flags & Entry::kMulti) {
    entry.received = store_->paths.append(PathIndex{entry.received}, added).value();
  } else {
    entry.received = store_->paths.create(added).value();
    set(entry, Entry::kMulti);
  }
  set(entry, Entry::kAnyTouched);
  count(family, path.peer, path.flags, path.attributes, +1);
  mark_dirty(family, index, entry, !beyond_doubt(entry, path.attributes, path.peer == kLocalPeer));
  return true;
}

// What every removal does besides unlinking.
void Routes::drop(net::Family family, Entry& entry, bool is_best, const PathInfo& path) {
  count(family, path.peer, path.flags, path.attributes, -1);
  if (is_best) lose_best(family, entry, path.peer);
  store_->attributes.unref(path.received);
  store_->attributes.unref(path.attributes);
  set(entry, Entry::kAnyTouched);
}

bool Routes::remove(net::Family family, EntryIndex index, net::PeerId peer, net::PathId path_id) {
  auto& entry = store_->table(family).at(index);
  if (!(entry.flags & Entry::kMulti)) {
    if (entry.peer != peer.value() || !fits_inside(peer, path_id)) return false;
    const auto path = Store::inner(entry);
    drop(family, entry, (entry.flags & Entry::kHasBest) != 0, path);
    entry.peer = kNoPeer.value();
    entry.received = entry.attributes = 0;
    clear(entry, Entry::kSession);
    mark_dirty(family, index, entry);
    --prefixes[net::index(family)];
    return true;
  }
  const auto list = store_->paths.list(PathIndex{entry.received});
  const auto path =
      std::find_if(list.begin(), list.end(), [&](const Path& p) { return p.peer == peer && p.path_id == path_id; });
  if (path == list.end()) return false;
  const bool is_best = path == list.begin() && (entry.flags & Entry::kHasBest);
  const bool outsider = !is_best && beyond_doubt(entry, path->attributes, peer == kLocalPeer);
  drop(family, entry, is_best, Store::info(*path));
  const auto position = static_cast<std::size_t>(path - list.begin());
  entry.received = store_->paths.erase(PathIndex{entry.received}, position).value();
  fold(entry);
  mark_dirty(family, index, entry, !outsider);
  if (!entry.has_paths()) --prefixes[net::index(family)];
  return true;
}

void Routes::set_attributes(net::Family family, EntryIndex index, net::PeerId peer, net::PathId path_id,
                            AttrIndex attributes) {
  const auto& entry = store_->table(family).at(index);
  PathInfo found;
  store_->for_each_path(entry, [&](const PathInfo& path) {
    if (path.peer == peer && path.path_id == path_id) found = path;
  });
  if (found.received == kNoAttr || found.attributes == attributes) return;
  put(family, index,
      {.peer = peer,
       .path_id = path_id,
       .received = found.received,
       .attributes = attributes,
       .since = found.since,
       .flags = found.flags});
}

void Routes::touch(net::Family family, EntryIndex index) {
  auto& entry = store_->table(family).at(index);
  set(entry, Entry::kAnyTouched);
  mark_dirty(family, index, entry);
}

// --- deciding ---

const NextHops::State& Routes::next_hop_of(const PathInfo& path) const {
  const auto index = store_->attributes[path.attributes].next_hop;
  const auto& state = store_->next_hops.at(index);
  if (!state.link_local || path.local()) return state;
  const auto variant = store_->next_hops.find_variant(index, store_->peer(path.peer).settings.interface);
  return variant == kNoNextHop ? state : store_->next_hops.at(variant);
}

Reason Routes::eligibility(net::Family family, const PathInfo& path) const {
  if (path.attributes == kNoAttr) return Reason::NotEligible;
  if (!path.local() && !store_->peer(path.peer).fresh(family, path.flags)) return Reason::NotEligible;
  const auto& next_hop = next_hop_of(path);
  const bool usable = next_hop.reachable && (next_hop.connected || !off_link(path, next_hop));
  return usable ? Reason::Best : Reason::NextHopUnreachable;
}

// RFC 4271 §6.3: the next hop of a peer that is one hop away is that peer or on a link that we share. What an import
// policy put in its place is the operator's word.
bool Routes::off_link(const PathInfo& path, const NextHops::State& next_hop) const {
  if (path.local()) return false;
  const auto& settings = store_->peer(path.peer).settings;
  if (!settings.on_link || next_hop.connected || next_hop.gateway == settings.address) return false;
  return store_->attributes[path.attributes].next_hop == store_->attributes[path.received].next_hop;
}

Candidate Routes::candidate(net::Family family, const PathInfo& path) const {
  Candidate c;
  c.excluded = eligibility(family, path);
  c.local = path.local();
  c.path_id = path.path_id.value();
  if (c.excluded != Reason::Best) return c;
  const auto& record = store_->attributes[path.attributes];
  c.origin = record.origin;
  c.cluster_length = record.cluster_length;
  c.path_length = record.path_length;
  c.local_pref = record.local_pref;
  c.med = record.med;
  c.neighbour_as = record.neighbour_as;
  if (c.local) return c;
  const auto& peer = store_->peer(path.peer);
  c.metric = next_hop_of(path).metric;
  c.external = peer.settings.external();
  c.router_id = record.originator_id != 0 ? record.originator_id : peer.session.peer_id.value();
  c.peer_address = peer.settings.address;
  return c;
}

void Routes::publish(net::Family family, EntryIndex index, bool best_changed, bool any_changed) {
  auto& journal = store_->journal(family);
  if (best_changed) {
    journal.best_changed(index);
  } else if (any_changed) {
    journal.any_changed(index);
  }
  if (!store_->table(family).at(index).has_paths()) journal.bury(index);
}

void Routes::decide_inner(net::Family family, EntryIndex index, Entry& entry) {
  const auto touched = entry.flags;
  const bool had = (touched & Entry::kHasBest) != 0;
  const bool has = entry.peer != kNoPeer.value() && eligibility(family, Store::inner(entry)) == Reason::Best;
  clear(entry, Entry::kDirty | Entry::kDecide | Entry::kBestTouched | Entry::kAnyTouched);
  if (has != had) {
    entry.flags ^= Entry::kHasBest;
    count_best(family, net::PeerId{entry.peer}, has ? +1 : -1);
  }
  publish(family, index, (touched & Entry::kBestTouched) || has != had, (touched & Entry::kAnyTouched) != 0);
}

void Routes::decide_list(net::Family family, EntryIndex index, Entry& entry) {
  const auto touched = entry.flags;
  const bool had = (touched & Entry::kHasBest) != 0;
  const auto list = store_->paths.list(PathIndex{entry.received});
  candidates_.clear();
  for (const auto& path : list) candidates_.push_back(candidate(family, Store::info(path)));
  reasons_.resize(list.size());
  const auto best =
      decide({candidates_.data(), candidates_.size()}, store_->router.multipath, {reasons_.data(), reasons_.size()});
  const bool has = best != kNoBest;

  bool set_changed = false;  // of the equal best paths
  for (std::size_t i = 0; i < list.size(); ++i) {
    const bool in = reasons_[i] == Reason::Best || reasons_[i] == Reason::Multipath;
    if (in == ((list[i].flags & Path::kMultipath) != 0)) continue;
    list[i].flags ^= Path::kMultipath;
    set_changed = true;
  }
  const bool moved = had != has || (has && best != 0);
  if (moved) {
    if (had) count_best(family, list[0].peer, -1);
    if (has) count_best(family, list[best].peer, +1);
  }
  if (has && best != 0) std::swap(list[0], list[best]);
  clear(entry, Entry::kDirty | Entry::kDecide | Entry::kBestTouched | Entry::kAnyTouched | Entry::kHasBest);
  if (has) set(entry, Entry::kHasBest);
  publish(family, index, (touched & Entry::kBestTouched) || moved, (touched & Entry::kAnyTouched) || set_changed);
}

void Routes::decide_entry(net::Family family, EntryIndex index) {
  auto& entry = store_->table(family).at(index);
  if (!(entry.flags & (Entry::kDecide | Entry::kBestTouched))) {
    clear(entry, Entry::kDirty | Entry::kAnyTouched);
    publish(family, index, false, true);
  } else if (entry.flags & Entry::kMulti) {
    decide_list(family, index, entry);
  } else {
    decide_inner(family, index, entry);
  }
}

void Routes::decide_some(std::size_t limit) {
  constexpr std::size_t kAhead = 8;
  std::size_t done = 0;
  for (const auto family : net::kFamilies) {
    auto& [entries, next] = dirty_[net::index(family)];
    for (; next < entries.size() && done < limit; ++next, ++done) {  // in the order of arrival
      if (next + kAhead < entries.size()) store_->table(family).prefetch(entries[next + kAhead]);
      decide_entry(family, entries[next]);
    }
    if (next < entries.size()) continue;
    next = 0;
    entries.clear();
    if (entries.capacity() > 64 * 1024) std::vector<EntryIndex>().swap(entries);
  }
}

std::size_t Routes::memory_bytes() const {
  return (dirty_[0].entries.capacity() + dirty_[1].entries.capacity()) * sizeof(EntryIndex);
}

}  // namespace podbgp::rib

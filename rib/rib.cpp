#include "rib/rib.hpp"

#include <algorithm>
#include <tuple>

#include "rib/rib_impl.hpp"

namespace podbgp::rib {

namespace {

constexpr std::size_t kTombstonesAlways = 64 * 1024;  // so many may wait for a slow watcher in any case
}  // namespace

Rib::Rib(RouterSettings settings) : impl_(std::make_unique<Impl>(settings)) {}
Rib::~Rib() = default;

// --- peers ---

void Rib::Impl::compile_import(net::PeerId peer) {
  const auto& settings = store.peer(peer).settings;
  inputs[peer.value()].import = settings.import ? policies.compile(*settings.import, settings.local_asn) : nullptr;
}

void Rib::Impl::classify(net::PeerId peer) {
  const auto& settings = store.peer(peer).settings;
  const SessionClass key{store.peer(peer).session.receive, settings.local_asn, settings.allow_own_as};
  const auto found = std::find(session_classes.begin(), session_classes.end(), key);
  inputs[peer.value()].session_class = static_cast<std::uint32_t>(found - session_classes.begin());
  if (found == session_classes.end()) session_classes.push_back(key);
}

net::PeerId Rib::add_peer(PeerSettings settings) {
  auto& peers = impl_->store.peers;
  const auto place = std::find_if(peers.begin(), peers.end(), [](const Peer& peer) { return !peer.used; });
  const net::PeerId id{static_cast<std::uint16_t>(place - peers.begin())};
  if (place == peers.end()) {
    peers.emplace_back();
    impl_->inputs.emplace_back();
  }
  peers[id.value()] = {};
  peers[id.value()].settings = std::move(settings);
  peers[id.value()].used = true;
  impl_->inputs[id.value()] = {};
  impl_->compile_import(id);
  impl_->groups.set_peer(id, peers[id.value()].settings);
  return id;
}

void Rib::update_peer(net::PeerId id, PeerSettings settings) {
  auto& peer = impl_->store.peer(id);
  if (peer.settings == settings) return;
  const auto old = std::exchange(peer.settings, std::move(settings));
  impl_->compile_import(id);
  impl_->groups.set_peer(id, peer.settings);
  const bool reads_differently = old.import != peer.settings.import || old.allow_own_as != peer.settings.allow_own_as ||
                                 old.local_asn != peer.settings.local_asn || old.peer_asn != peer.settings.peer_asn ||
                                 old.name != peer.settings.name || old.interface != peer.settings.interface;
  impl_->classify(id);
  if (reads_differently) {
    impl_->loop_memo.fill({});
    impl_->start_job(SweepJob::Kind::Import, id.value());
  }
  if (old.max_prefixes != peer.settings.max_prefixes) {
    impl_->inputs[id.value()].max_prefixes_told = {};
    for (const auto family : net::kFamilies) impl_->check_max_prefixes(id, family);
  }
}

void Rib::remove_peer(net::PeerId id) {
  auto& peer = impl_->store.peer(id);
  if (peer.up) impl_->bring_down(id);
  if (!std::exchange(peer.removing, true)) ++impl_->removing;
  impl_->finish_removed_peers();
}

void Rib::update_router(RouterSettings settings) {
  auto& router = impl_->store.router;
  if (router == settings) return;
  const auto old = std::exchange(router, settings);
  impl_->groups.set_router(settings);
  if (old.resolve_next_hops != settings.resolve_next_hops)
    impl_->store.next_hops.set_resolving(settings.resolve_next_hops);
  impl_->wire_cache.clear();
  impl_->loop_memo.fill({});
  // Every path is looked at again: loops (AS, id, cluster) and how many are equal.
  for (std::size_t i = 0; i < impl_->store.peers.size(); ++i) {
    if (impl_->store.peers[i].used) impl_->start_job(SweepJob::Kind::Import, static_cast<std::uint32_t>(i));
  }
  impl_->start_job(SweepJob::Kind::Import, kLocalPeer.value());
}

void Rib::peer_up(net::PeerId id, SessionInfo session) {
  auto& peer = impl_->store.peer(id);
  auto& input = impl_->inputs[id.value()];
  if (peer.up) impl_->bring_down(id);
  // The bit tells this session's paths from those of the one before. Should paths of two be on their way out, they go
  // now.
  if (input.stale_of_two_sessions && impl_->sweeping(SweepJob::Kind::Stale, id.value())) {
    while (impl_->sweeping(SweepJob::Kind::Stale, id.value())) impl_->sweep(64 * 1024);
  }
  input.stale_of_two_sessions = false;
  peer.session = std::move(session);
  peer.session_bit = !peer.session_bit;
  peer.up = true;
  for (auto& family : peer.family) {
    family.received = family.accepted = 0;
    family.disabled = false;
  }
  input.end_of_rib = {};
  input.end_of_rib_told = false;
  input.max_prefixes_told = {};
  impl_->classify(id);
  impl_->groups.peer_up(id, peer.session);
}

void Rib::Impl::bring_down(net::PeerId id) {
  auto& peer = store.peer(id);
  auto& input = inputs[id.value()];
  peer.up = false;
  for (auto& family : peer.family) family.received = family.accepted = 0;
  input.end_of_rib = {};
  if (sweeping(SweepJob::Kind::Stale, id.value())) input.stale_of_two_sessions = true;
  groups.peer_down(id);
  start_job(SweepJob::Kind::Stale, id.value());
}

void Rib::peer_down(net::PeerId id) {
  if (impl_->store.peer(id).up) impl_->bring_down(id);
}

void Rib::session_addresses_changed(net::PeerId id, SessionInfo session) {
  auto& peer = impl_->store.peer(id);
  if (!peer.up) return;
  const auto old = std::exchange(peer.session, std::move(session));
  impl_->classify(id);
  impl_->groups.session_changed(id, peer.session);
  const auto ours = [](const SessionInfo& s) { return std::tie(s.local_address, s.self_v4, s.self_v6); };
  if (ours(old) == ours(peer.session)) return;
  impl_->start_job(SweepJob::Kind::Import, id.value());  // whether a next hop is our own address
}

void Rib::own_addresses_changed(std::vector<net::IpAddress> addresses) {
  auto& impl = *impl_;
  auto& store = impl.store;
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  std::vector<net::IpAddress> changed;
  std::set_symmetric_difference(addresses.begin(), addresses.end(), store.own_addresses.begin(),
                                store.own_addresses.end(), std::back_inserter(changed));
  store.own_addresses = std::move(addresses);
  bool is_next_hop = false;
  for (const auto& address : changed) {
    is_next_hop |= store.next_hops.find(address, {}) != kNoNextHop;
    const auto family = address.family();
    const auto index = store.table(family).find(PrefixKey::of(net::Prefix::host(address)));
    if (index == kNoEntry) continue;
    boost::container::small_vector<PathInfo, 8> paths;
    store.for_each_path(store.table(family).at(index), [&](const PathInfo& path) {
      if (!path.local() && store.peer(path.peer).fresh(family, path.flags)) paths.push_back(path);
    });
    for (const auto& path : paths) impl.import_again(family, index, path);
  }
  if (!is_next_hop) return;
  for (std::size_t i = 0; i < store.peers.size(); ++i)
    if (store.peers[i].up) impl.start_job(SweepJob::Kind::Import, static_cast<std::uint32_t>(i));
}

void Rib::Impl::disable(net::PeerId id, net::Family family) {
  auto& peer = store.peer(id).family[net::index(family)];
  if (peer.disabled) return;
  peer.disabled = true;
  peer.received = peer.accepted = 0;
  groups.disable_family(id, family);
  start_job(family, SweepJob::Kind::Stale, id.value());
}

void Rib::disable_family(net::PeerId id, net::Family family) { impl_->disable(id, family); }

void Rib::route_refresh(net::PeerId id, net::Family family) { impl_->groups.route_refresh(id, family); }

void Rib::next_hop_changed(const net::IpAddress& next_hop, const std::string& interface, bool reachable,
                           std::uint32_t metric, const std::string& reason, bool connected) {
  auto& next_hops = impl_->store.next_hops;
  if (!next_hops.resolving()) return;
  const auto index = next_hops.find(next_hop, next_hop.is_link_local() ? interface : std::string{});
  if (index == kNoNextHop) return;  // nobody uses it any more
  auto& state = next_hops.at(index);
  if (state.link_local) return;
  next_hops.answered(state);
  state.reason = reachable ? std::string{} : reason;
  if (state.reachable == reachable && state.metric == metric && state.connected == connected) return;
  state.reachable = reachable;
  state.connected = connected;
  state.metric = metric;
  impl_->start_job(SweepJob::Kind::NextHop, index.value());
}

bool Rib::awaits_next_hops() const { return impl_->store.next_hops.awaited() != 0; }

// --- work ---

bool Rib::run(std::size_t budget) {
  auto& impl = *impl_;
  if (impl.sweeping()) impl.sweep(budget);
  impl.routes.decide_all();
  const bool groups_have_more = impl.groups.run(budget);
  bool reclaiming = false;
  for (auto& journal : impl.store.journals) reclaiming |= journal.reclaim(2 * budget);
  impl.finish_removed_peers();
  impl.reset_laggards();
  const auto ready = impl.groups.take_output_ready();
  impl.effects.output_ready.insert(impl.effects.output_ready.end(), ready.begin(), ready.end());
  return impl.sweeping() || groups_have_more || reclaiming;
}

// Watchers that leave too many removed prefixes behind start again; peers and the FIB never do.
void Rib::Impl::reset_laggards() {
  for (std::size_t family = 0; family < net::kFamilyCount; ++family) {
    const auto& journal = store.journals[family];
    if (journal.tombstones() <= std::max<std::size_t>(routes.prefixes[family], kTombstonesAlways)) continue;
    for (auto* reader : readers) {
      if (!reader->resettable || reader->was_reset || reader->cursors[family].caught_up()) continue;
      reader->was_reset = true;
      for (auto& cursor : reader->cursors) cursor = {};  // holds nothing until take_reset()
    }
  }
}

Effects Rib::take_effects() {
  auto effects = std::exchange(impl_->effects, {});
  NextHops::Changes track, untrack;
  impl_->store.next_hops.take(track, untrack);
  for (auto& [gateway, interface] : track) {
    if (interface.empty()) {
      effects.track_next_hops.push_back(gateway);
    } else {
      effects.track_link_local.emplace_back(gateway, std::move(interface));
    }
  }
  for (auto& [gateway, interface] : untrack) {
    if (interface.empty()) {
      effects.untrack_next_hops.push_back(gateway);
    } else {
      effects.untrack_link_local.emplace_back(gateway, std::move(interface));
    }
  }
  return effects;
}

void Rib::next_output(net::PeerId peer, std::size_t budget, std::vector<OutSlice>& out) {
  impl_->routes.decide_all();
  impl_->groups.next_output(peer, budget, out);
}

bool Rib::has_output(net::PeerId peer) const { return impl_->groups.has_output(peer); }

bool Rib::needs_run() const { return impl_->groups.needs_run(); }

// --- readers ---

std::unique_ptr<Reader> Rib::open_reader(bool best_only, bool resettable) {
  auto reader = std::make_unique<JournalReader>(impl_->readers, best_only, resettable);
  reader->start(impl_->store);
  return reader;
}

bool Rib::take_reset(Reader& reader) {
  auto& r = static_cast<JournalReader&>(reader);
  if (!r.was_reset) return false;
  r.was_reset = false;
  r.start(impl_->store);
  return true;
}

std::size_t Rib::read(Reader& reader, std::size_t limit,
                      const std::function<void(const net::Prefix&, std::uint64_t revision)>& each) {
  auto& r = static_cast<JournalReader&>(reader);
  impl_->routes.decide_all();
  std::size_t done = 0;
  for (const auto family : net::kFamilies) {
    const auto& table = impl_->store.table(family);
    done += r.cursors[net::index(family)].read(
        limit - done, [&](EntryIndex entry, std::uint64_t revision) { each(table.prefix(entry), revision); });
  }
  return done;
}

bool Rib::caught_up(const Reader& reader) const {
  const auto& r = static_cast<const JournalReader&>(reader);
  return !r.was_reset && r.cursors[0].caught_up() && r.cursors[1].caught_up();
}

std::uint64_t Rib::revision() const { return impl_->store.revision; }

}  // namespace podbgp::rib

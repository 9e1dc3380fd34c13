#include "bgpd/watches.hpp"

namespace podbgp::bgpd {

namespace {
constexpr std::size_t kMaxChanges = 512;    // in one message
constexpr std::size_t kReadPerTurn = 2048;  // prefixes looked at, also those the filter drops
}  // namespace

Watches::Watches(rib::Rib& rib, ToControl to_control, Entry entry, PeerInfoOf peer_info, AllPeers all_peers)
    : rib_(rib),
      to_control_(std::move(to_control)),
      entry_(std::move(entry)),
      peer_info_(std::move(peer_info)),
      all_peers_(std::move(all_peers)) {}

void Watches::add(WatchId id, api::RouteWatchFilter filter, std::shared_ptr<api::RouteWatchSink> sink) {
  auto reader = rib_.open_reader(!filter.all_paths, true);
  routes_.emplace(id, RouteWatch{std::move(filter), std::move(sink), std::move(reader)});
}

void Watches::add(WatchId id, std::shared_ptr<api::PeerWatchSink> sink) {
  peers_.emplace(id, PeerWatch{std::move(sink), {}, {}});
}

void Watches::grant(WatchId id, unsigned credits) {
  if (const auto it = routes_.find(id); it != routes_.end()) it->second.credits += credits;
  if (const auto it = peers_.find(id); it != peers_.end()) it->second.credits += credits;
}

void Watches::remove(WatchId id) {
  routes_.erase(id);
  peers_.erase(id);
}

void Watches::peer_changed(net::PeerId peer) {
  for (auto& [id, watch] : peers_)
    if (watch.snapshot_done) watch.dirty.insert(peer);
}

void Watches::peer_removed(const std::string& name) {
  for (auto& [id, watch] : peers_)
    if (watch.snapshot_done) watch.removed.insert(name);
}

bool Watches::feed(RouteWatch& watch) {
  // Too many removed prefixes waited for it: it begins again, once it can take something.
  if (watch.credits > 0 && rib_.take_reset(*watch.reader)) {
    watch.snapshot_done = false;
    to_control_(
        [sink = watch.sink] { sink->on_reset("the watcher was too slow for the removed routes it had to hear of"); });
  }
  std::vector<api::RibEntry> changes;
  while (watch.credits > 0 && !rib_.caught_up(*watch.reader)) {
    std::size_t looked_at = 0;
    const auto wanted = std::min(kMaxChanges - changes.size(), kReadPerTurn);
    looked_at = rib_.read(*watch.reader, wanted, [&](const net::Prefix& prefix, std::uint64_t revision) {
      if (watch.filter.family && prefix.family() != *watch.filter.family) return;
      if (watch.filter.prefix && !watch.filter.prefix->contains(prefix)) return;
      auto route = rib_.route(prefix);
      const bool gone = !route || route->paths.empty() || (!watch.filter.all_paths && !route->paths.front().best);
      if (gone && !watch.snapshot_done) return;  // a snapshot names only what is there
      api::RibEntry entry;
      if (gone) {
        entry.route.prefix = prefix;
        entry.route.revision = revision;
        entry.removed = true;
      } else {
        if (!watch.filter.all_paths)
          std::erase_if(route->paths, [](const rib::PathView& p) { return !p.best && !p.multipath; });
        entry = entry_(std::move(*route));
      }
      changes.push_back(std::move(entry));
    });
    if (changes.size() < kMaxChanges && looked_at == wanted) break;  // the rest in the next slice
    if (changes.size() >= kMaxChanges) break;
  }
  if (!changes.empty()) {
    --watch.credits;
    to_control_([sink = watch.sink, changes = std::move(changes), revision = rib_.revision()]() mutable {
      sink->on_changes(std::move(changes), revision);
    });
  }
  if (!watch.snapshot_done && rib_.caught_up(*watch.reader)) {
    watch.snapshot_done = true;
    to_control_([sink = watch.sink, revision = rib_.revision()] { sink->on_snapshot_end(revision); });
  }
  return watch.credits > 0 && !rib_.caught_up(*watch.reader);
}

void Watches::feed(PeerWatch& watch) {
  if (watch.credits == 0) return;
  if (!watch.snapshot_done) {
    watch.snapshot_done = true;
    --watch.credits;
    to_control_([sink = watch.sink, peers = all_peers_()]() mutable {
      sink->on_changes(std::move(peers), {});
      sink->on_snapshot_end();
    });
    return;
  }
  if (watch.dirty.empty() && watch.removed.empty()) return;
  std::vector<api::PeerInfo> changed;
  for (const auto peer : watch.dirty)
    if (auto info = peer_info_(peer)) changed.push_back(std::move(*info));
  watch.dirty.clear();
  if (!watch.removed.empty())
    for (const auto& peer : all_peers_()) watch.removed.erase(peer.name);
  if (changed.empty() && watch.removed.empty()) return;
  --watch.credits;
  std::vector<std::string> removed(watch.removed.begin(), watch.removed.end());
  watch.removed.clear();
  to_control_([sink = watch.sink, changed = std::move(changed), removed = std::move(removed)]() mutable {
    sink->on_changes(std::move(changed), std::move(removed));
  });
}

bool Watches::run(const std::function<bool()>& time_is_up) {
  for (auto& [id, watch] : peers_) feed(watch);
  bool more = false;
  auto it = routes_.upper_bound(last_fed_);
  for (std::size_t i = 0; i < routes_.size(); ++i, ++it) {
    if (i > 0 && time_is_up()) return true;
    if (it == routes_.end()) it = routes_.begin();
    more |= feed(it->second);
    last_fed_ = it->first;
  }
  return more;
}

}  // namespace podbgp::bgpd

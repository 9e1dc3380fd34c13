#include "bgpd/fib_bridge.hpp"

#include <utility>

namespace podbgp::bgpd {

namespace {
constexpr std::size_t kBatch = 4096;

void mix(std::size_t& seed, std::size_t value) { seed = (seed ^ value) * 0x9e3779b97f4a7c15ull; }

void mix(std::size_t& seed, const std::vector<fib::Hop>& hops) {
  for (const auto& hop : hops) {
    mix(seed, hop.peer.value());
    mix(seed, std::hash<net::IpAddress>{}(hop.next_hop.gateway));
  }
  mix(seed, hops.size());
}
}  // namespace

std::size_t FibBridge::HopSetHash::operator()(const fib::HopSet& set) const {
  std::size_t seed = 0;
  mix(seed, set.best);
  mix(seed, set.backup);
  return seed;
}

FibBridge::FibBridge(rib::Rib& rib, Send send, InterfaceOf interface_of)
    : rib_(rib), send_(std::move(send)), interface_of_(std::move(interface_of)) {}

fib::Hop FibBridge::to_hop(const rib::ForwardingHop& hop) const {
  fib::Hop out{hop.peer, {hop.gateway, {}}};
  if (hop.gateway.is_link_local()) out.next_hop.interface = interface_of_(hop.peer);
  return out;
}

fib::HopSetId FibBridge::intern(const rib::Forwarding& forwarding) {
  if (forwarding.kind == rib::Forwarding::Kind::None) return fib::kNoHopSet;
  if (forwarding.kind == rib::Forwarding::Kind::Blackhole) return fib::kBlackhole;
  scratch_set_.best.clear();
  scratch_set_.backup.clear();
  for (const auto& hop : forwarding.best) scratch_set_.best.push_back(to_hop(hop));
  if (forwarding.backup) scratch_set_.backup.push_back(to_hop(*forwarding.backup));
  // Neighbours in the journal mostly share their hop set.
  if (last_id_.value() >= fib::kFirstHopSet && uses_[last_id_.value() - fib::kFirstHopSet].set == scratch_set_ &&
      uses_[last_id_.value() - fib::kFirstHopSet].routes > 0)
    return last_id_;
  if (const auto known = ids_.find(scratch_set_); known != ids_.end()) return last_id_ = known->second;
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(uses_.size());
    uses_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  const fib::HopSetId id{index + fib::kFirstHopSet};
  uses_[index].set = scratch_set_;
  ids_.emplace(scratch_set_, id);
  send_(fib::DefineHopSet{id, scratch_set_});
  return last_id_ = id;
}

void FibBridge::release(fib::HopSetId id) {
  if (id.value() < fib::kFirstHopSet) return;
  if (--uses_[id.value() - fib::kFirstHopSet].routes == 0) unused_.push_back(id);
}

// Numbers are dense, so the array is as long as the table. It grows by a quarter: doubling would hold twice the octets.
fib::HopSetId& FibBridge::wanted(net::Family family, std::uint32_t number) {
  auto& ids = wanted_[net::index(family)];
  if (number >= ids.size()) {
    if (number >= ids.capacity()) ids.reserve(number + number / 4 + 1024);
    ids.resize(number + 1, fib::kNoHopSet);
  }
  return ids[number];
}

bool FibBridge::run(std::size_t limit) {
  // Not before: with `fib: off` nobody reads, and removed prefixes would wait for this reader for ever.
  if (!reader_) reader_ = rib_.open_reader(false);
  std::size_t read = 0;
  while (read < limit) {
    fib::RouteBatch batch;
    const auto count = rib_.read(*reader_, std::min(kBatch, limit - read), [&](const net::Prefix& prefix, std::uint64_t) {
      rib_.forwarding(prefix, scratch_);
      const auto id = intern(scratch_);
      const auto old = std::exchange(wanted(prefix.family(), scratch_.number), id);
      if (id == old) return;
      if (id.value() >= fib::kFirstHopSet) ++uses_[id.value() - fib::kFirstHopSet].routes;
      release(old);
      batch.routes.push_back({prefix, id});
    });
    read += count;
    if (!batch.routes.empty()) send_(std::move(batch));
    for (const auto id : unused_) {
      const auto index = id.value() - fib::kFirstHopSet;
      if (uses_[index].routes > 0) continue;  // used again within the batch
      auto& set = uses_[index].set;
      if (set.best.empty()) continue;         // named twice in unused_
      ids_.erase(set);
      set = {};
      free_.push_back(index);
      send_(fib::ReleaseHopSet{id});
    }
    unused_.clear();
    if (rib_.caught_up(*reader_)) return false;
  }
  return true;
}

}  // namespace podbgp::bgpd

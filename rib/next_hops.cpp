#include "rib/next_hops.hpp"

namespace podbgp::rib {

NextHopIndex NextHops::add(const net::IpAddress& gateway, const std::string& interface) {
  NextHopIndex index;
  if (free_.empty()) {
    index = NextHopIndex{static_cast<std::uint32_t>(states_.size())};
    states_.emplace_back();
  } else {
    index = NextHopIndex{free_.back()};
    free_.pop_back();
  }
  auto& state = states_[index.value()];
  state = {};
  state.gateway = gateway;
  state.interface = interface;
  state.link_local = interface.empty() && gateway.is_link_local();
  start(state);
  if (state.tracked) added_.push_back(index);
  by_key_.emplace(Key{gateway, interface}, index);
  return index;
}

void NextHops::answered(State& state) {
  if (std::exchange(state.awaited, false)) --awaited_;
}

void NextHops::start(State& state) {
  answered(state);
  state.tracked = false;
  state.metric = 0;
  state.connected = true;
  state.reason.clear();
  state.reachable = !resolving_ || state.gateway.is_unspecified();  // unspecified: "self", a route of our own
  if (state.reachable) return;
  if (state.link_local) {
    state.reason = fmt::format("next hop {} is link-local and the peer is on no link of ours", state.gateway);
    return;
  }
  state.tracked = true;
  state.awaited = true;
  ++awaited_;
  state.reason = fmt::format("next hop {} is not resolved yet", state.gateway);
}

NextHopIndex NextHops::acquire(const net::IpAddress& gateway) {
  const auto found = by_key_.find(Key{gateway, {}});
  const auto index = found != by_key_.end() ? found->second : add(gateway, {});
  ++states_[index.value()].refs;
  return index;
}

void NextHops::release(NextHopIndex index) {
  if (--states_[index.value()].refs == 0) unused_.push_back(index);
}

NextHopIndex NextHops::variant(NextHopIndex index, const std::string& interface) {
  const auto& state = states_[index.value()];
  if (!state.link_local || interface.empty()) return index;
  const auto found = by_key_.find(Key{state.gateway, interface});
  if (found != by_key_.end()) return found->second;
  const auto gateway = state.gateway;
  return add(gateway, interface);
}

NextHopIndex NextHops::find_variant(NextHopIndex index, const std::string& interface) const {
  const auto& state = states_[index.value()];
  if (!state.link_local || interface.empty()) return index;
  return find(state.gateway, interface);
}

NextHopIndex NextHops::find(const net::IpAddress& gateway, const std::string& interface) const {
  const auto found = by_key_.find(Key{gateway, interface});
  return found == by_key_.end() ? kNoNextHop : found->second;
}

void NextHops::drop(NextHopIndex index, Changes& untrack) {
  auto& state = states_[index.value()];
  if (state.link_local) {  // its variants were made for its sake
    std::vector<NextHopIndex> variants;
    for (const auto& [key, other] : by_key_) {
      if (key.gateway == state.gateway && other != index) variants.push_back(other);
    }
    for (const auto other : variants) drop(other, untrack);
  }
  if (state.tracked && std::erase(added_, index) == 0) untrack.emplace_back(state.gateway, state.interface);
  by_key_.erase(Key{state.gateway, state.interface});
  answered(state);
  state = {};
  free_.push_back(index.value());
}

void NextHops::take(Changes& track, Changes& untrack) {
  auto unused = std::move(unused_);
  unused_.clear();
  for (const auto index : unused) {
    const auto& state = states_[index.value()];
    const auto found = by_key_.find(Key{state.gateway, state.interface});
    // In use again, dropped already, or its place taken by another.
    if (state.refs != 0 || found == by_key_.end() || found->second != index) continue;
    if (state.sweeping) {
      unused_.push_back(index);
      continue;
    }
    drop(index, untrack);
  }
  for (const auto index : added_) {
    const auto& state = states_[index.value()];
    track.emplace_back(state.gateway, state.interface);
  }
  added_.clear();
}

void NextHops::set_resolving(bool on) {
  if (on == resolving_) return;
  resolving_ = on;
  for (const auto& [key, index] : by_key_) {
    auto& state = states_[index.value()];
    const bool was_tracked = state.tracked;
    start(state);
    if (state.tracked && !was_tracked) added_.push_back(index);
  }
}

std::size_t NextHops::memory_bytes() const {
  return states_.capacity() * sizeof(State) + by_key_.size() * (sizeof(Key) + sizeof(NextHopIndex) + 32);
}

}  // namespace podbgp::rib

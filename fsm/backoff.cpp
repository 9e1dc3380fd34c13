#include "fsm/backoff.hpp"

#include <algorithm>

namespace podbgp::fsm {

namespace {

// SplitMix64: small, good enough for jitter, and the same on every platform.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ull;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace

Seconds Backoff::interval(const PeerSettings& settings) const {
  if (failures_ == 0) return std::min(kQuickRetry, settings.connect_retry);
  const Seconds limit = std::max(settings.connect_retry, settings.connect_retry_max);
  Seconds value = settings.connect_retry;
  for (unsigned i = 1; i < failures_ && value < limit; ++i) value *= 2;
  return std::min(value, limit);
}

net::Duration Backoff::next(const PeerSettings& settings) {
  const Seconds value = interval(settings);
  ++failures_;
  return jittered(value);
}

net::Duration Backoff::dial_timeout(const PeerSettings& settings) {
  return jittered(std::max(settings.connect_retry, interval(settings)));
}

net::Duration Backoff::jittered(net::Duration duration) {
  // 0.75 to 1.0 in steps of 1/1024 of a quarter.
  const auto part = static_cast<std::int64_t>(next_random(random_) >> 54);
  return duration - (duration / 4096) * part;
}

}  // namespace podbgp::fsm

// Backoff: how long to wait before the next attempt, and the jitter of RFC 4271 §10.
//
// After the first failure one quick try (a daemon that restarts is back within a second), then connect_retry, doubling
// up to connect_retry_max. A value: the same seed gives the same intervals.
#pragma once

#include <cstdint>

#include "fsm/settings.hpp"
#include "net/time.hpp"

namespace podbgp::fsm {

class Backoff {
 public:
  static constexpr Seconds kQuickRetry{1};

  explicit Backoff(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] net::Duration next(const PeerSettings& settings);  // and grows
  // How long to wait for a TCP handshake: never shorter than connect_retry, since a lost SYN is sent again after 1 s
  // and 3 s.
  [[nodiscard]] net::Duration dial_timeout(const PeerSettings& settings);
  [[nodiscard]] net::Duration jittered(net::Duration duration);  // times 0.75 to 1.0
  void reset() { failures_ = 0; }
  [[nodiscard]] unsigned failures() const { return failures_; }

 private:
  [[nodiscard]] Seconds interval(const PeerSettings& settings) const;
  unsigned failures_ = 0;
  std::uint64_t random_;
};

}  // namespace podbgp::fsm

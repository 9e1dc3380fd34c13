// Throttle: says when something that repeats is worth a line, so that it neither fills a log nor goes unseen. The first
// event is told at once, the next after `first_pause`, then after pauses that double up to `last_pause`; whoever tells it
// says how many were left out. After `last_pause` without an event it is new again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "net/time.hpp"

namespace podbgp::net {

class Throttle {
 public:
  explicit Throttle(Duration first_pause = std::chrono::minutes(1), Duration last_pause = std::chrono::hours(1))
      : first_pause_(first_pause), last_pause_(last_pause), pause_(first_pause) {}

  // nullopt: say nothing now. Else: say it, and that so many before were not told.
  [[nodiscard]] std::optional<std::uint64_t> event(TimePoint now) {
    const bool first = is_new(now);
    last_event_ = now;
    if (!first && now - told_ < pause_) {
      ++untold_;
      return std::nullopt;
    }
    pause_ = first ? first_pause_ : std::min(pause_ * 2, last_pause_);
    told_ = now;
    return std::exchange(untold_, 0);
  }

  // Nothing happened for so long that the next event would be told at once.
  [[nodiscard]] bool is_new(TimePoint now) const { return !last_event_ || now - *last_event_ >= last_pause_; }

 private:
  Duration first_pause_, last_pause_, pause_;
  std::optional<TimePoint> last_event_;
  TimePoint told_;
  std::uint64_t untold_ = 0;
};

}  // namespace podbgp::net

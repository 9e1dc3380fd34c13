#pragma once

#include <cstdint>
#include <ctime>

namespace podbgp::bench {

// Nanoseconds of a clock that never steps; all durations are differences of these.
inline std::int64_t now_ns() {
  timespec value{};
  clock_gettime(CLOCK_MONOTONIC, &value);
  return static_cast<std::int64_t>(value.tv_sec) * 1'000'000'000 + value.tv_nsec;
}

// Wall clock in nanoseconds, only to line up with the timestamps of another program (strace -ttt).
inline std::int64_t wall_ns() {
  timespec value{};
  clock_gettime(CLOCK_REALTIME, &value);
  return static_cast<std::int64_t>(value.tv_sec) * 1'000'000'000 + value.tv_nsec;
}

inline double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace podbgp::bench

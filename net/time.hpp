// Time as an argument: pure folders name these types and never ask a clock.
#pragma once

#include <chrono>

namespace podbgp::net {

using TimePoint = std::chrono::steady_clock::time_point;  // monotonic; drivers read the clock
using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::system_clock::time_point;   // only for showing

}  // namespace podbgp::net

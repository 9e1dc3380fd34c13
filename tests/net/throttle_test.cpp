#include "net/throttle.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace podbgp::net {
namespace {

using namespace std::chrono_literals;

TEST(Throttle, TellsTheFirstThenAtGrowingPausesWithTheCountOfWhatWasLeftOut) {
  Throttle throttle(1min, 8min);
  const TimePoint start{};
  std::vector<std::pair<int, std::uint64_t>> told;  // second, left out
  for (int s = 0; s < 3600; ++s)
    if (const auto untold = throttle.event(start + std::chrono::seconds(s))) told.emplace_back(s, *untold);
  const std::vector<std::pair<int, std::uint64_t>> expected{{0, 0},      {60, 59},    {180, 119},  {420, 239}, {900, 479},
                                                            {1380, 479}, {1860, 479}, {2340, 479}, {2820, 479}, {3300, 479}};
  EXPECT_EQ(told, expected);
}

TEST(Throttle, IsNewAgainAfterALongSilence) {
  Throttle throttle(1min, 8min);
  const TimePoint start{};
  EXPECT_EQ(throttle.event(start), 0u);
  EXPECT_EQ(throttle.event(start + 1min), 0u);
  EXPECT_EQ(throttle.event(start + 2min), std::nullopt);
  EXPECT_EQ(throttle.event(start + 10min), 1u);  // the one that was left out is not lost
  EXPECT_EQ(throttle.event(start + 11min), 0u);  // and the pauses are short again
}

TEST(Throttle, RareEventsAreAllTold) {
  Throttle throttle(1min, 8min);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.event(TimePoint{} + i * 10min), 0u);
}

}  // namespace
}  // namespace podbgp::net

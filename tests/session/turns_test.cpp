#include "session/turns.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace podbgp::session {
namespace {

using namespace std::chrono_literals;

struct TurnsTest : testing::Test {
  net::TimePoint now{};
  Turns turns{[this] { return now; }};
  std::vector<std::string> order;
};

TEST_F(TurnsTest, DueTimersOvertakeWhatIsQueued) {
  (void)turns.arm(now + 10ms, [&] { order.emplace_back("keepalive"); });
  (void)turns.arm(now + 30ms, [&] { order.emplace_back("later"); });
  for (int i = 0; i < 3; ++i)
    turns.run([&] {
      order.emplace_back("turn");
      now += 8ms;
    });
  EXPECT_EQ(order, (std::vector<std::string>{"turn", "turn", "keepalive", "turn"}));
  EXPECT_EQ(*turns.next(), net::TimePoint{} + 30ms);
}

TEST_F(TurnsTest, TimersFireInOrderAndOnce) {
  (void)turns.arm(now + 2ms, [&] { order.emplace_back("two"); });
  (void)turns.arm(now + 1ms, [&] {
    order.emplace_back("one");
    (void)turns.arm(now, [&] { order.emplace_back("armed meanwhile"); });
  });
  const auto cancelled = turns.arm(now + 1ms, [&] { order.emplace_back("cancelled"); });
  turns.cancel(cancelled);
  now += 5ms;
  turns.run([] {});
  turns.run([] {});
  EXPECT_EQ(order, (std::vector<std::string>{"one", "two", "armed meanwhile"}));
  EXPECT_EQ(turns.next(), nullptr);
}

TEST_F(TurnsTest, TheLongestTurnIsKept) {
  for (const auto took : {3ms, 40ms, 5ms}) turns.run([&] { now += took; });
  EXPECT_EQ(turns.longest(), 40ms);
  (void)turns.arm(now, [&] { now += 60ms; });
  turns.run([] {});
  EXPECT_EQ(turns.longest(), 60ms) << "timers are turns as well";
}

}  // namespace
}  // namespace podbgp::session

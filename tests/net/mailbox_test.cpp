#include "net/mailbox.hpp"

#include <atomic>
#include <condition_variable>
#include <thread>

#include <gtest/gtest.h>

namespace podbgp::net {
namespace {

TEST(Mailbox, WakesOncePerTransitionFromEmpty) {
  int wakes = 0;
  Mailbox<int> box([&] { ++wakes; });
  box.push(1);
  box.push(2);
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(box.depth(), 2u);
  EXPECT_EQ(box.take(), (std::vector<int>{1, 2}));
  EXPECT_TRUE(box.take().empty());
  box.push(3);
  EXPECT_EQ(wakes, 2);
}

TEST(Mailbox, ManyProducersLoseNothingAndKeepTheirOrder) {
  constexpr int kProducers = 4, kEach = 5000;
  std::mutex mutex;
  std::condition_variable ready;
  bool woken = false;
  Mailbox<std::pair<int, int>> box([&] {
    const std::lock_guard lock(mutex);
    woken = true;
    ready.notify_one();
  });
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p)
    producers.emplace_back([&box, p] {
      for (int i = 0; i < kEach; ++i) box.push({p, i});
    });
  std::vector<int> next(kProducers, 0);
  int total = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (total < kProducers * kEach && std::chrono::steady_clock::now() < deadline) {
    {
      std::unique_lock lock(mutex);
      ready.wait_until(lock, deadline, [&] { return woken; });
      woken = false;
    }
    for (const auto& [producer, i] : box.take()) {
      EXPECT_EQ(i, next[producer]++);
      ++total;
    }
  }
  for (auto& t : producers) t.join();
  EXPECT_EQ(total, kProducers * kEach);
}

}  // namespace
}  // namespace podbgp::net

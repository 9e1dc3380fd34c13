#include "bgpd/kernel_lock.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace podbgp::bgpd {
namespace {

// Numbers that no daemon of this host uses.
constexpr std::uint32_t kTable = 987'654'321;

TEST(KernelLock, IsTakenOnceForATableAndAProtocol) {
  auto first = KernelLock::take(kTable, 179);
  ASSERT_TRUE(first) << first.error();
  const auto second = KernelLock::take(kTable, 179);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(),
            fmt::format("another podbgpd (pid {}) writes routes of protocol 179 into table 987654321 of this network "
                        "namespace; stop it, or give this one another fib.table or fib.protocol, or `fib: {{ install: off }}`",
                        getpid()));
  EXPECT_TRUE(KernelLock::take(kTable, 180));
  EXPECT_TRUE(KernelLock::take(kTable + 1, 179));
}

TEST(KernelLock, GoesWithItsOwnerAndMoves) {
  KernelLock kept;
  {
    auto first = KernelLock::take(kTable, 179);
    ASSERT_TRUE(first);
    kept = std::move(*first);
  }
  EXPECT_FALSE(KernelLock::take(kTable, 179));  // it moved and is held
  kept = KernelLock();
  EXPECT_TRUE(KernelLock::take(kTable, 179));
}

}  // namespace
}  // namespace podbgp::bgpd

#include "bgpd/kernel_marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.hpp"

namespace podbgp::bgpd {
namespace {

constexpr std::uint32_t kTable = 4'000'001'000;  // of nobody who runs on this machine

fib::Settings settings() {
  fib::Settings settings;
  settings.table = kTable;
  return settings;
}
void unexpected(const std::string& error) { ADD_FAILURE() << error; }

TEST(KernelMarks, FormerOnesAreThoseOfEarlierRunsUntilTheirRoutesAreGone) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  auto first = settings(), second = settings();
  second.metric_v4 = 100;
  {
    KernelMarks marks(state, unexpected);
    ASSERT_TRUE(marks.take(first));
    marks.keep();
    EXPECT_TRUE(marks.former().empty());
  }
  for (int run = 0; run < 2; ++run) {  // also when the first of them did not come to the end
    KernelMarks marks(state, unexpected);
    ASSERT_TRUE(marks.take(second));
    marks.keep();
    EXPECT_EQ(marks.former(), std::vector{first.mark()});
    EXPECT_EQ(state.marks(), (std::vector{second.mark(), first.mark()}));
  }
  KernelMarks marks(state, unexpected);
  ASSERT_TRUE(marks.take(second));
  marks.former_gone();
  EXPECT_EQ(state.marks(), std::vector{second.mark()});
}

TEST(KernelMarks, WhatIsNotInstalledAnyMoreIsFormer) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  auto now = settings();
  {
    KernelMarks marks(state, unexpected);
    ASSERT_TRUE(marks.take(now));
    marks.keep();
  }
  now.install = false;
  KernelMarks marks(state, unexpected);
  ASSERT_TRUE(marks.take(now));
  EXPECT_EQ(marks.former(), std::vector{now.mark()});
  marks.former_gone();
  EXPECT_TRUE(state.marks().empty());
}

TEST(KernelMarks, AStartThatFailsForgetsNothing) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  auto first = settings(), second = settings();
  second.protocol = 180;
  KernelMarks running(state, unexpected);
  ASSERT_TRUE(running.take(first));
  running.keep();
  ASSERT_TRUE(KernelMarks(state, unexpected).take(second));  // and then, say, its API socket is taken
  EXPECT_EQ(state.marks(), std::vector{first.mark()});
}

TEST(KernelMarks, TheMarkOfARunningPodbgpdIsNotFormerForTheTime) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  auto first = settings(), second = settings();
  second.table = kTable + 1;
  KernelMarks running(state, unexpected), other(state, unexpected);
  ASSERT_TRUE(running.take(first));
  running.keep();
  ASSERT_TRUE(other.take(second));
  other.keep();
  EXPECT_TRUE(other.former().empty());
  EXPECT_EQ(state.marks(), (std::vector{second.mark(), first.mark()}));
  EXPECT_FALSE(KernelMarks(state, unexpected).take(first));
}

}  // namespace
}  // namespace podbgp::bgpd

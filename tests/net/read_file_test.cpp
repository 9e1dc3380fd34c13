#include "net/read_file.hpp"

#include <gtest/gtest.h>

namespace podbgp::net {
namespace {

TEST(ReadFile, AFolderIsAnErrorNotTheEnd) {
  const auto read = read_file("/tmp");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), "Is a directory");
}

TEST(ReadFile, WhatIsNotThereSaysSo) { EXPECT_EQ(read_file("/no/such/file").error(), "No such file or directory"); }

TEST(ReadFile, StopsAtItsLimit) { EXPECT_EQ(read_file("/dev/zero", 1u << 20).error(), "more than 1 MiB"); }

TEST(ReadFile, AnEmptyFileIsEmpty) { EXPECT_EQ(read_file("/dev/null").value(), ""); }

}  // namespace
}  // namespace podbgp::net

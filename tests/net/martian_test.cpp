#include "net/martian.hpp"

#include <gtest/gtest.h>

namespace podbgp::net {
namespace {

std::string why(std::string_view text) {
  const auto* name = martian(Prefix::parse(text).value());
  return name == nullptr ? "" : name;
}

TEST(Martian, BlocksThatAreNeverRouted) {
  EXPECT_EQ(why("0.0.0.0/8"), "this network");
  EXPECT_EQ(why("0.1.2.3/32"), "this network");
  EXPECT_EQ(why("127.0.0.0/8"), "loopback");
  EXPECT_EQ(why("127.0.0.1/32"), "loopback");
  EXPECT_EQ(why("169.254.0.0/16"), "link-local");
  EXPECT_EQ(why("169.254.7.0/24"), "link-local");
  EXPECT_EQ(why("224.0.0.0/4"), "multicast");
  EXPECT_EQ(why("239.1.0.0/16"), "multicast");
  EXPECT_EQ(why("240.0.0.0/4"), "reserved");
  EXPECT_EQ(why("255.255.255.255/32"), "reserved");
  EXPECT_EQ(why("224.0.0.0/3"), "multicast and reserved");
  EXPECT_EQ(why("::/128"), "unspecified");
  EXPECT_EQ(why("::1/128"), "loopback");
  EXPECT_EQ(why("::ffff:0:0/96"), "IPv4-mapped");
  EXPECT_EQ(why("::ffff:10.0.0.1/128"), "IPv4-mapped");
  EXPECT_EQ(why("fe80::/10"), "link-local");
  EXPECT_EQ(why("febf:1::/64"), "link-local");
  EXPECT_EQ(why("ff00::/8"), "multicast");
  EXPECT_EQ(why("ff02::1/128"), "multicast");
}

TEST(Martian, WhatMayBeRouted) {
  for (const auto* text : {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "192.0.0.0/2", "126.0.0.0/7", "1.0.0.0/8",
                           "126.0.0.0/8", "128.0.0.0/8", "169.253.0.0/16", "169.255.0.0/16", "169.0.0.0/8",
                           "223.255.255.0/24", "10.0.0.0/8", "2000::/3", "64:ff9b::/96", "::2/128", "::/96",
                           "::fffe:0:0/96", "fc00::/7", "fec0::/10", "fe00::/9"})
    EXPECT_EQ(why(text), "") << text;
}

}  // namespace
}  // namespace podbgp::net

#include "net/prefix.hpp"

#include <gtest/gtest.h>

namespace podbgp::net {
namespace {

IpAddress addr(const char* text) { return IpAddress::parse(text).value(); }
Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

TEST(IpAddress, ParsesAndPrintsBothFamilies) {
  for (const auto* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1"})
    EXPECT_EQ(to_string(addr(text)), text);
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const auto* text : {"", "10.1.2", "10.1.2.3.4", "256.1.1.1", "010.1.1.1x", "::g", "1::2::3", "10.1.2.3 ", "fe80::1%eth0"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, ClassifiesScopes) {
  EXPECT_TRUE(addr("fe80::1").is_link_local());
  EXPECT_TRUE(addr("169.254.1.1").is_link_local());
  EXPECT_FALSE(addr("fec0::1").is_link_local());
  EXPECT_TRUE(addr("ff02::1").is_multicast());
  EXPECT_TRUE(addr("239.1.1.1").is_multicast());
  EXPECT_TRUE(addr("::1").is_loopback());
  EXPECT_TRUE(addr("127.3.2.1").is_loopback());
  EXPECT_TRUE(addr("::ffff:10.0.0.1").is_v4_mapped());
}

TEST(IpAddress, OrdersIpv4BeforeIpv6AndByBytes) {
  EXPECT_LT(addr("10.0.0.9"), addr("10.0.0.10"));
  EXPECT_LT(addr("255.0.0.0"), addr("::"));
}

TEST(Prefix, HostBitsAreAnErrorWithTheRemedy) {
  const auto bad = Prefix::parse("10.244.1.5/24");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), "'10.244.1.5/24' has host bits set; the prefix is 10.244.1.0/24");
}

TEST(Prefix, RefusesBadLengths) {
  for (const auto* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "::/129", "10.0.0.0/8x", "x/8"})
    EXPECT_FALSE(Prefix::parse(text)) << text;
}

TEST(Prefix, AnAddressAloneIsAHost) { EXPECT_EQ(to_string(prefix("10.0.0.1")), "10.0.0.1/32"); }

TEST(Prefix, MakeMasksEveryLength) {
  const auto ones = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  for (unsigned length = 0; length <= 128; ++length) {
    const auto p = Prefix::make(ones, length);
    unsigned bits = 0;
    for (const auto byte : p.address().bytes()) bits += static_cast<unsigned>(__builtin_popcount(byte));
    EXPECT_EQ(bits, length);
    EXPECT_TRUE(p.contains(ones));
  }
}

TEST(Prefix, ContainsWhatIsInside) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.255.0.0/16")));
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(prefix("0.0.0.0/0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(prefix("::/0")));
  EXPECT_TRUE(prefix("10.128.0.0/9").contains(addr("10.200.0.1")));
  EXPECT_FALSE(prefix("10.128.0.0/9").contains(addr("10.100.0.1")));
}

}  // namespace
}  // namespace podbgp::net

// Numbers of owners: given while there are routes, and no more than there are numbers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bgpd/owners.hpp"

namespace podbgp::bgpd {
namespace {

net::Prefix prefix(const std::string& text) { return net::Prefix::parse(text).value(); }

struct NumbersBench {
  explicit NumbersBench(std::size_t most = Owners::kMost) : owners(rib, most) {}
  static rib::RouterSettings settings() {
    rib::RouterSettings router;
    router.asn = net::Asn{65001};
    router.id = net::RouterId{1};
    return router;
  }
  static rib::LocalRoute route(const std::string& text) {
    rib::LocalRoute out;
    out.prefix = prefix(text);
    return out;
  }
  bool announce(const std::string& owner, const std::string& text) { return owners.announce(owner, {route(text)}, now).has_value(); }
  std::uint16_t number(const std::string& text) { return rib.route(prefix(text))->paths.at(0).owner; }

  net::TimePoint now{};
  rib::Rib rib{settings()};
  Owners owners;
};

TEST(OwnerNumbers, ANumberIsFreeAgainWhenItsOwnerHasNoRoutes) {
  NumbersBench b;
  for (int i = 0; i < 70'000; ++i) {  // more names than there are numbers
    ASSERT_TRUE(b.announce(fmt::format("agent-{}", i), "10.244.1.0/24")) << i;
    ASSERT_NE(b.number("10.244.1.0/24"), 0) << "0 is the configuration";
    ASSERT_EQ(b.owners.name(b.number("10.244.1.0/24")), fmt::format("agent-{}", i));
    (void)b.owners.withdraw(fmt::format("agent-{}", i), {prefix("10.244.1.0/24")});
  }
  EXPECT_TRUE(b.owners.list().empty());
}

TEST(OwnerNumbers, OfTwoEachKeepsItsOwn) {
  NumbersBench b;
  ASSERT_TRUE(b.announce("one", "10.244.1.0/24") && b.announce("two", "10.244.2.0/24"));
  (void)b.owners.withdraw("one", {prefix("10.244.1.0/24")});
  ASSERT_TRUE(b.announce("three", "10.244.3.0/24"));
  EXPECT_NE(b.number("10.244.2.0/24"), b.number("10.244.3.0/24"));
  EXPECT_EQ(b.owners.name(b.number("10.244.2.0/24")), "two");
  EXPECT_EQ(b.owners.name(b.number("10.244.3.0/24")), "three");
}

TEST(OwnerNumbers, OneTooManyIsRefusedAndTheOthersGoOn) {
  NumbersBench b(2);
  ASSERT_TRUE(b.announce("one", "10.244.1.0/24") && b.announce("two", "10.244.2.0/24"));
  const auto refused = b.owners.announce("three", {NumbersBench::route("10.244.3.0/24")}, b.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "TOO_MANY_OWNERS");
  EXPECT_EQ(refused.error().code, api::ApiError::Code::ResourceExhausted);
  EXPECT_FALSE(b.rib.route(prefix("10.244.3.0/24")).has_value());
  EXPECT_FALSE(b.owners.replace("three", {}, 1, b.now).has_value());
  EXPECT_TRUE(b.announce("one", "10.244.4.0/24"));
  (void)b.owners.withdraw("two", {prefix("10.244.2.0/24")});
  EXPECT_TRUE(b.announce("three", "10.244.3.0/24"));
}

TEST(OwnerNumbers, AGenerationOutlivesTheRoutes) {
  NumbersBench b;
  ASSERT_TRUE(b.owners.replace("one", {NumbersBench::route("10.244.1.0/24")}, 7, b.now).has_value());
  ASSERT_TRUE(b.owners.replace("one", {}, 8, b.now).has_value());
  const auto older = b.owners.replace("one", {NumbersBench::route("10.244.1.0/24")}, 7, b.now);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().reason, "GENERATION_TOO_OLD");
}

}  // namespace
}  // namespace podbgp::bgpd

// InstalledRoutes against a map.
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fib/installed.hpp"
#include "values.hpp"

namespace podbgp::fib::test {
namespace {

TEST(InstalledRoutes, SurvivesInsertAndEraseInAnyOrder) {
  InstalledRoutes routes;
  std::map<net::Prefix, RouteRef> known;
  std::uint32_t dice = 12345;
  for (int i = 0; i < 200'000; ++i) {
    dice = dice * 1664525 + 1013904223;
    const auto n = (dice >> 8) % 5000;
    const auto p = n % 2 ? net::Prefix::make(net::IpAddress::v4(n << 12), 20 + n % 13)
                         : prefix(fmt::format("fd00:{:x}::/{}", n, 32 + n % 90));
    if (const auto it = known.find(p); it != known.end()) {
      ASSERT_EQ(routes.find(p), it->second);
      ASSERT_EQ(routes.prefix(it->second), p);
      routes.erase(it->second);
      known.erase(it);
    } else {
      ASSERT_EQ(routes.find(p), kNoRoute);
      known[p] = routes.insert(p);
    }
  }
  EXPECT_EQ(routes.size(), known.size());
  std::size_t visited = 0;
  routes.for_each([&](RouteRef ref, RouteState&) { visited += known.at(routes.prefix(ref)) == ref ? 1 : 0; });
  EXPECT_EQ(visited, known.size());
  for (const auto& [p, ref] : known) routes.erase(ref);
  EXPECT_EQ(routes.memory(), 0U) << "all gone: the memory goes back";
}

}  // namespace
}  // namespace podbgp::fib::test

// The whole of fib/ against the kernel, in a network namespace of its own.
#include "netns.hpp"

namespace podbgp::fib::test {
namespace {

class Kernel : public NetNs {};

std::string routes(const std::string& what = "") { return output("ip -4 route show proto 179 " + what); }
std::string routes6(const std::string& what = "") { return output("ip -6 route show proto 179 " + what); }

TEST_F(Kernel, InstallsThroughNexthopGroupsInBothFamilies) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.define(3, {hop(1, "fd00:1::1")});
  node.route("10.244.1.0/24", 2);
  node.route("fd00:10:244::/64", 3);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  node.wait_status("fd00:10:244::/64", RouteStatus::Installed);
  EXPECT_THAT(routes(), testing::HasSubstr("10.244.1.0/24 nhid 1790000"));
  EXPECT_THAT(routes(), testing::HasSubstr("via 10.1.0.1 dev eth1 metric 200"));
  EXPECT_THAT(routes6(), testing::HasSubstr("via fd00:1::1 dev eth1"));
  EXPECT_THAT(routes6(), testing::HasSubstr("metric 2000"));
}

TEST_F(Kernel, InstallsEcmpOverTwoLinks) {
  Node node;
  node.define(2, {hop(1, "10.1.0.1"), hop(2, "10.2.0.1")});
  node.define(3, {hop(1, "fd00:1::1"), hop(2, "fd00:2::1")});
  node.route("10.244.1.0/24", 2);
  node.route("fd00:10:244::/64", 3);
  node.wait_status("10.244.1.0/24", RouteStatus::Installed);
  node.wait_status("fd00:10:244::/64", RouteStatus::Installed);
  const auto v4 = routes(), v6 = routes6();
  for (const auto* gateway : {"via 10.1.0.1 dev eth1", "via 10.2.0.1 dev eth2"})
    EXPECT_THAT(v4, testing::HasSubstr(gateway));
  for (const auto* gateway : {"via fd00:1::1 dev eth1", "via fd00:2::1 dev eth2"})
    EXPECT_THAT(v6, testing::HasSubstr(gateway));
}

}  // namespace
}  // namespace podbgp::fib::test

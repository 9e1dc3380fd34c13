// Slots are shared by equal keys only. A hash table hides a field that is not compared, unless both keys meet in one
// chain: so there are few chains, and many tries.
#include "rib/export_slots.hpp"

#include "export_support.hpp"

namespace podbgp::rib {
namespace {

using namespace testing;

class ExportSlotsTest : public ::testing::Test {
 protected:
  static constexpr unsigned kTries = 400;  // of which about one in sixteen meets

  ExportTarget client() const {
    ExportTarget out;
    out.family = net::Family::Ipv4Unicast;
    out.kind = PeerKind::Client;
    out.local_asn = net::Asn{65000};
    out.cluster_id = net::RouterId{1};
    out.self = ip("10.0.0.1");
    return out;
  }
  ExportItem item(unsigned variant, std::string_view text = "10.1.0.0/24") {
    wire::AttributeSet set;
    set.next_hop = ip("10.0.0.9");
    set.communities = {wire::Community{variant + 1}};
    feed.set(prefix(text), set, net::PeerId{1});
    return feed.item(prefix(text));
  }
  // Both at once: they must be two.
  void differ(TargetId a, const PathSource& source_a, TargetId b, const PathSource& source_b, unsigned variant) {
    const auto what = item(variant);
    const auto one = slots.acquire(a, what, source_a), two = slots.acquire(b, what, source_b);
    EXPECT_NE(one, two) << "variant " << variant;
    slots.unref(one);
    slots.unref(two);
  }
  static PathSource from(RouteSource source, PeerKind kind, std::uint32_t id) {
    return {.source = source, .kind = kind, .router_id = net::RouterId{id}, .peer_name = ""};
  }

  FakeFeed feed;
  ExportSlots slots{feed};
  TargetId target = slots.acquire_target(client());
};

TEST_F(ExportSlotsTest, EqualKeysShare) {
  const auto source = from(RouteSource::Bgp, PeerKind::External, 1);
  const auto what = item(1);
  const auto one = slots.acquire(target, what, source), two = slots.acquire(target, what, source);
  EXPECT_EQ(one, two);
  slots.unref(one);
  slots.unref(two);
  EXPECT_EQ(slots.size(), 0u);
}

TEST_F(ExportSlotsTest, TheRouterIdOfAReflectedPathCounts) {
  for (unsigned i = 0; i < kTries; ++i)
    differ(target, from(RouteSource::Bgp, PeerKind::Client, 1), target, from(RouteSource::Bgp, PeerKind::Client, 2), i);
}

TEST_F(ExportSlotsTest, TheKindOfTheSourceCounts) {
  for (unsigned i = 0; i < kTries; ++i)
    differ(target, from(RouteSource::Bgp, PeerKind::Client, 1), target, from(RouteSource::Bgp, PeerKind::Internal, 1), i);
}

TEST_F(ExportSlotsTest, TheSourceOfTheRouteCounts) {
  for (unsigned i = 0; i < kTries; ++i)
    differ(target, from(RouteSource::Api, {}, 0), target, from(RouteSource::Network, {}, 0), i);
}

TEST_F(ExportSlotsTest, TheTargetCounts) {
  auto other = client();
  other.four_octet_as = false;
  const auto second = slots.acquire_target(other);
  for (unsigned i = 0; i < kTries; ++i)
    differ(target, from(RouteSource::Bgp, PeerKind::External, 1), second, from(RouteSource::Bgp, PeerKind::External, 1), i);
}

TEST_F(ExportSlotsTest, TheAttributesCount) {
  const auto source = from(RouteSource::Bgp, PeerKind::External, 1);
  for (unsigned i = 0; i < kTries; ++i) {
    const auto a = item(2 * i), b = item(2 * i + 1, "10.2.0.0/24");
    const auto one = slots.acquire(target, a, source), two = slots.acquire(target, b, source);
    EXPECT_NE(one, two) << i;
    slots.unref(one);
    slots.unref(two);
  }
}

}  // namespace
}  // namespace podbgp::rib

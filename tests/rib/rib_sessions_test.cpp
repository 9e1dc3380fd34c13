// Sessions that come and go, and what they must not do: policies missing, loops, errors of RFC 7606, limits.
#include "rib/rib.hpp"

#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

using Family = net::Family;

TEST(Rib, PeerDownWithdrawsInSlices) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  Bench::Ids ids;
  for (std::uint32_t i = 0; i < 3000; ++i)
    ids.emplace_back(net::Prefix::make(net::IpAddress::v4(0x0b000000u + (i << 8)), 24), 0);
  b.announce(one, attrs({65101}, "10.1.0.1"), ids);
  b.announce(two, attrs({65102, 65103}, "10.1.0.2"), {"11.0.0.0/24"});
  b.settle();
  EXPECT_EQ(b.held[two.value()].routes.size(), 3000u);
  b.rib.peer_down(one);
  b.held.erase(one.value());
  EXPECT_EQ(b.rib.counters(one).family[0].received, 0u);
  EXPECT_TRUE(b.rib.run(10));  // a slice; more is left
  b.settle(10);
  EXPECT_EQ(b.rib.counters().prefixes[0], 1u);
  EXPECT_EQ(b.held[two.value()].routes.size(), 0u);  // the one that is left is its own
  EXPECT_EQ(b.best("11.0.0.0/24"), two);
}

TEST(Rib, SessionThatComesBackDuringTheWalkKeepsWhatItAnnouncedAgain) {
  Bench b;
  const auto one = b.added_up(1);
  Bench::Ids ids;
  for (std::uint32_t i = 0; i < 500; ++i)
    ids.emplace_back(net::Prefix::make(net::IpAddress::v4(0x0b000000u + (i << 8)), 24), 0);
  b.announce(one, attrs({65101}, "10.1.0.1"), ids);
  b.settle();
  for (int flap = 0; flap < 3; ++flap) {  // also while paths of two old sessions are on their way out
    b.rib.peer_down(one);
    (void)b.rib.run(1);
    b.up(one);
    b.announce(one, attrs({65101}, "10.1.0.1"), {"11.0.0.0/24", "11.0.200.0/24"});
  }
  b.settle(7);
  EXPECT_EQ(b.rib.counters().prefixes[0], 2u);
  EXPECT_EQ(b.rib.counters(one).family[0].received, 2u);
  EXPECT_EQ(b.rib.counters(one).family[0].best, 2u);
  EXPECT_EQ(b.best("11.0.200.0/24"), one);
}

TEST(Rib, RemovedPeerGivesItsIdBackWhenItsPathsAreGone) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  b.rib.remove_peer(one);
  b.held.erase(one.value());
  const auto two = b.add(2);
  EXPECT_NE(two, one);
  b.settle();
  EXPECT_EQ(b.rib.counters().prefixes[0], 0u);
  EXPECT_EQ(b.add(3), one);
}

TEST(Rfc8212_2, ExternalPeerWithoutPolicyExchangesNothingAndSaysSo) {
  Bench b;
  const auto one = b.added_up(1, {.import = std::nullopt});
  const auto two = b.added_up(2), three = b.added_up(3, {.export_ = std::nullopt});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.announce(two, attrs({65102}, "10.1.0.2"), {"198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_EQ(b.rib.counters(one).family[0].received, 1u);
  EXPECT_EQ(b.rib.counters(one).family[0].accepted, 0u);
  const auto view = b.rib.route(P("192.0.2.0/24"));
  EXPECT_EQ(view->paths.at(0).reason, Reason::RejectedByPolicy);
  EXPECT_NE(view->paths.at(0).reason_text.find("RFC 8212"), std::string::npos);
  EXPECT_FALSE(b.holds(three, "198.51.100.0/24"));
  EXPECT_NE(b.rib.counters(one).why_nothing_exchanged.find("import"), std::string::npos);
  EXPECT_NE(b.rib.counters(three).why_nothing_exchanged, "");
  EXPECT_EQ(b.rib.counters(two).why_nothing_exchanged, "");
}

TEST(Rfc8212_2, InternalPeerWithoutPolicyExchangesEverything) {
  Bench b;
  const auto one = b.added_up(1, {.external = false, .import = std::nullopt, .export_ = std::nullopt});
  const auto two = b.added_up(2);
  auto set = attrs({65300}, "10.1.0.77");
  set.local_pref = 200;
  b.announce(one, set, {"192.0.2.0/24"});
  b.announce(two, attrs({65102}, "10.1.0.2"), {"198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  EXPECT_TRUE(b.holds(one, "198.51.100.0/24"));
}

TEST(Rfc4271_9_1_2, PathWithOurAsIsKeptButNotUsed) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2, {.allow_own_as = 1});
  b.announce(one, attrs({65101, 65000}, "10.1.0.1"), {"192.0.2.0/24"});
  b.announce(two, attrs({65102, 65000}, "10.1.0.2"), {"198.51.100.0/24"});
  b.announce(two, attrs({65102, 65000, 65000}, "10.1.0.2"), {"203.0.113.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).reason, Reason::AsLoop);
  EXPECT_EQ(b.best("198.51.100.0/24"), two);
  EXPECT_EQ(b.best("203.0.113.0/24"), std::nullopt);
}

TEST(Rfc4456_8, OwnOriginatorAndOwnClusterAreIgnored) {
  Bench b;
  const auto one = b.added_up(1, {.external = false});
  auto set = attrs({}, "10.1.0.7");
  set.local_pref = 100;
  set.originator_id = net::RouterId{0x0a000001};
  b.announce(one, set, {"192.0.2.0/24"});
  set.originator_id = net::RouterId{0x0a000009};
  set.cluster_list = {net::RouterId{5}, net::RouterId{0x0a000001}};
  b.announce(one, set, {"198.51.100.0/24"});
  set.cluster_list = {net::RouterId{5}};
  b.announce(one, set, {"203.0.113.0/24"});
  b.settle();
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).reason, Reason::OwnOriginator);
  EXPECT_EQ(b.rib.route(P("198.51.100.0/24"))->paths.at(0).reason, Reason::ClusterLoop);
  EXPECT_EQ(b.best("203.0.113.0/24"), one);

  auto changed = router();
  changed.cluster_id = net::RouterId{5};  // the loop is where it was not before, and the reverse
  b.rib.update_router(changed);
  b.settle();
  EXPECT_EQ(b.best("198.51.100.0/24"), std::nullopt);  // 5 is in there, too
  EXPECT_EQ(b.rib.route(P("203.0.113.0/24"))->paths.at(0).reason, Reason::ClusterLoop);
}

TEST(Rfc4271_5_1_3, RouteWithOurselvesAsNextHopIsNotUsed) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.255.254"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  const auto view = b.rib.route(P("192.0.2.0/24"));
  EXPECT_EQ(view->paths.at(0).reason, Reason::OwnNextHop);
  EXPECT_NE(view->paths.at(0).reason_text.find("5.1.3"), std::string::npos);

  auto session = b.session(1, true);  // our address on this session changes
  session.local_address = A("10.1.255.1");
  session.self_v4 = session.local_address;
  b.rib.session_addresses_changed(one, session);
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
}

TEST(Rfc7606_2, TreatAsWithdrawTakesTheRoutesOfTheUpdate) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24", "198.51.100.0/24"});
  b.settle();
  // ORIGIN with value 9.
  const wire::Bytes body{0, 0,    0,    20,   0x40, 1, 1,  9, 0x40, 2, 6,  2,   1, 0,
                         0, 0xfe, 0x4d, 0x40, 3,    4, 10, 1, 0,    9, 24, 192, 0, 2};
  ASSERT_TRUE(b.apply_body(one, body).has_value());
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_EQ(b.best("198.51.100.0/24"), one);
  EXPECT_EQ(b.rib.counters(one).treat_as_withdraw, 1u);
  EXPECT_NE(b.rib.counters(one).last_issue, "");
}

TEST(Rfc7606_2, AttributeDiscardIsCountedEachTimeAndTheRouteStays) {
  Bench b;
  const auto one = b.added_up(1);
  // ATOMIC_AGGREGATE of length 1: discarded (RFC 7606 §7.6).
  const wire::Bytes body{0,    0,    0, 24, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1,  0,   0, 0xfe,
                         0x4d, 0x40, 3, 4,  10,   1, 0, 9, 0x40, 6, 1, 0, 24, 192, 0, 2};
  ASSERT_TRUE(b.apply_body(one, body).has_value());
  ASSERT_TRUE(b.apply_body(one, body).has_value());
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  EXPECT_EQ(b.rib.counters(one).attribute_discard, 2u);
}

TEST(Rfc7606_2, DisabledFamilyGoesAndStaysGoneUntilTheNextSession) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:1::/48"});
  b.settle();
  b.rib.disable_family(one, Family::Ipv6Unicast);
  b.rib.disable_family(one, Family::Ipv6Unicast);
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:2::/48"});
  b.settle();
  EXPECT_EQ(b.rib.counters().prefixes, (std::array<std::uint64_t, 2>{1, 0}));
  b.rib.peer_down(one);
  b.up(one);
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:2::/48"});
  b.settle();
  EXPECT_EQ(b.best("2001:db8:2::/48"), one);
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
}

TEST(Rfc4724_2, EndOfRibOfAllFamiliesIsToldOnce) {
  Bench b;
  const auto one = b.added_up(1);
  b.end_of_rib(one, Family::Ipv4Unicast);
  EXPECT_TRUE(b.rib.take_effects().end_of_rib_received.empty());
  EXPECT_TRUE(b.rib.counters(one).family[0].end_of_rib_received);
  b.end_of_rib(one, Family::Ipv6Unicast);
  b.end_of_rib(one, Family::Ipv6Unicast);
  EXPECT_EQ(b.rib.take_effects().end_of_rib_received, std::vector{one});
  EXPECT_TRUE(b.rib.take_effects().end_of_rib_received.empty());
}

TEST(Rib, MaxPrefixesIsToldOnceForASession) {
  Bench b;
  const MaxPrefixes limit{.received = 2, .action = MaxPrefixes::Action::Warn};
  const auto one = b.added_up(1, {.max_prefixes = limit});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24", "198.51.100.0/24"});
  EXPECT_TRUE(b.rib.take_effects().max_prefixes.empty());
  b.announce(one, attrs({65101}, "10.1.0.1"), {"203.0.113.0/24"});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"203.0.114.0/24"});
  const auto effects = b.rib.take_effects();
  ASSERT_EQ(effects.max_prefixes.size(), 1u);
  EXPECT_EQ(effects.max_prefixes[0].peer, one);
  EXPECT_EQ(effects.max_prefixes[0].count, 3u);
  EXPECT_EQ(effects.max_prefixes[0].limit, limit);
  auto settings = b.settings(1, {.max_prefixes = {.received = 3}});
  b.rib.update_peer(one, settings);
  EXPECT_EQ(b.rib.take_effects().max_prefixes.size(), 1u);  // four are more than three, too
}

}  // namespace
}  // namespace podbgp::rib::test

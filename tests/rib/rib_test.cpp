// Routes in, routes out, routes of our own.
#include "rib/rib.hpp"

#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

TEST(Rib, AnnouncedRouteIsBestAndReachesAnotherPeerThenGoes) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24", "198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  const auto got = b.held_route(two, "192.0.2.0/24");
  EXPECT_EQ(to_string(got.as_path), "65000 65101");
  EXPECT_EQ(got.next_hop, A("10.1.255.254"));
  EXPECT_FALSE(b.holds(one, "192.0.2.0/24"));
  EXPECT_EQ(b.rib.counters(one).family[0].received, 2u);
  EXPECT_EQ(b.rib.counters(one).family[0].accepted, 2u);
  EXPECT_EQ(b.rib.counters(one).family[0].best, 2u);
  EXPECT_EQ(b.rib.counters(two).family[0].advertised, 2u);

  b.withdraw(one, {"192.0.2.0/24"});
  b.settle();
  EXPECT_FALSE(b.holds(two, "192.0.2.0/24"));
  EXPECT_TRUE(b.holds(two, "198.51.100.0/24"));
  EXPECT_FALSE(b.rib.route(P("192.0.2.0/24")).has_value());
  EXPECT_EQ(b.rib.counters().prefixes[0], 1u);
  EXPECT_EQ(b.rib.counters(one).updates_received, 2u);
  EXPECT_EQ(b.rib.counters(one).withdraws_received, 1u);
}

TEST(Rib, BothFamiliesInOneSession) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"0.0.0.0/0", "192.0.2.1/32"});
  b.announce(one, attrs({65101}, "2001:db8::1"), {"::/0", "2001:db8:1::/48", "2001:db8::1/128"});
  b.settle();
  EXPECT_EQ(b.held[two.value()].routes.size(), 5u);
  EXPECT_EQ(b.held_route(two, "2001:db8:1::/48").next_hop, A("2001:db8:ffff::1"));
  EXPECT_EQ(b.rib.counters().prefixes, (std::array<std::uint64_t, 2>{2, 3}));
}

TEST(Rfc4271_4_3_Update, PrefixThatIsWithdrawnAndAnnouncedIsAnnounced) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  // Withdrawn 192.0.2.0/24; ORIGIN, AS_PATH 65101, NEXT_HOP 10.1.0.9; NLRI 192.0.2.0/24.
  const wire::Bytes body{0, 4, 24, 192,  0,    2,    0, 20, 0x40, 1, 1, 0, 0x40, 2,   6, 2,
                         1, 0, 0,  0xfe, 0x4d, 0x40, 3, 4,  10,   1, 0, 9, 24,   192, 0, 2};
  ASSERT_TRUE(b.apply_body(one, body).has_value());
  b.settle();
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).attributes.next_hop, A("10.1.0.9"));
}

TEST(Rfc4271_4_3_Update, HostBitsOfNlriAreIrrelevant) {
  Bench b;
  const auto one = b.added_up(1);
  const wire::Bytes body{0, 0,    0,    20,   0x40, 1, 1,  0, 0x40, 2, 6,  2,  1,   0,
                         0, 0xfe, 0x4d, 0x40, 3,    4, 10, 1, 0,    9, 12, 10, 0xff};
  ASSERT_TRUE(b.apply_body(one, body).has_value());
  b.settle();
  EXPECT_EQ(b.best("10.240.0.0/12"), one);
}

TEST(Rib, TheSameAnnouncementAgainChangesNothing) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  const auto revision = b.rib.revision();
  const auto announced = b.held[two.value()].announced;
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.rib.revision(), revision);
  EXPECT_EQ(b.held[two.value()].announced, announced);
}

TEST(Rib, ChangeIsIdentityChange_CommunitiesAloneAreSent) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  auto set = attrs({65101}, "10.1.0.1");
  b.announce(one, set, {"192.0.2.0/24"});
  b.settle();
  set.communities = {wire::Community{65101u << 16 | 7}};
  b.announce(one, set, {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.held_route(two, "192.0.2.0/24").communities, set.communities);
}

TEST(Rib, ChangeBackBeforeItWasSentSendsNothing) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  const auto before = b.held[two.value()].messages;
  b.announce(one, attrs({65101, 65999}, "10.1.0.1"), {"192.0.2.0/24"});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.held[two.value()].messages, before);
}

TEST(Rib, BetterPathTakesOverAndTheOtherComesBack) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2), three = b.added_up(3);
  b.announce(one, attrs({65101, 65200}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  b.announce(two, attrs({65102}, "10.1.0.2"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), two);
  EXPECT_EQ(to_string(b.held_route(three, "192.0.2.0/24").as_path), "65000 65102");
  EXPECT_TRUE(b.holds(one, "192.0.2.0/24"));
  EXPECT_FALSE(b.holds(two, "192.0.2.0/24"));  // had it from one, is its source now
  const auto view = b.rib.route(P("192.0.2.0/24"));
  ASSERT_EQ(view->paths.size(), 2u);
  EXPECT_EQ(view->paths[1].reason, Reason::AsPathLength);
  EXPECT_EQ(b.rib.counters(one).family[0].best, 0u);
  EXPECT_EQ(b.rib.counters(two).family[0].best, 1u);

  b.withdraw(two, {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  EXPECT_TRUE(b.holds(two, "192.0.2.0/24"));
  EXPECT_FALSE(b.holds(one, "192.0.2.0/24"));
}

// --- local routes ---

TEST(Rib, LocalRouteIsAnnouncedWithUsAsNextHopAndBlackholed) {
  Bench b;
  const auto one = b.added_up(1);
  LocalRoute route{.prefix = P("10.244.3.0/24"), .owner = 7};
  route.communities = {wire::Community{2}, wire::Community{1}, wire::Community{2}};
  b.rib.announce(route, b.now);
  b.settle();
  const auto got = b.held_route(one, "10.244.3.0/24");
  EXPECT_EQ(to_string(got.as_path), "65000");
  EXPECT_EQ(got.next_hop, A("10.1.255.254"));
  EXPECT_EQ(got.communities, (std::vector{wire::Community{1}, wire::Community{2}}));
  Forwarding f;
  b.rib.forwarding(P("10.244.3.0/24"), f);
  EXPECT_EQ(f.kind, Forwarding::Kind::Blackhole);
  const auto view = b.rib.route(P("10.244.3.0/24"));
  EXPECT_EQ(view->paths.at(0).owner, 7);
  EXPECT_EQ(view->paths.at(0).source, RouteSource::Api);
  EXPECT_EQ(view->paths.at(0).peer_name, "");

  const auto revision = b.rib.revision();
  b.rib.announce(route, b.now);
  b.settle();
  EXPECT_EQ(b.rib.revision(), revision);

  route.blackhole = false;  // the attributes stay: the peer hears nothing, the FIB does
  const auto messages = b.held[one.value()].messages;
  b.rib.announce(route, b.now);
  b.settle();
  EXPECT_GT(b.rib.revision(), revision);
  EXPECT_EQ(b.held[one.value()].messages, messages);
  b.rib.forwarding(P("10.244.3.0/24"), f);
  EXPECT_EQ(f.kind, Forwarding::Kind::None);

  route.next_hop = A("10.1.0.99");
  b.rib.announce(route, b.now);
  b.settle();
  b.rib.forwarding(P("10.244.3.0/24"), f);
  EXPECT_EQ(f.kind, Forwarding::Kind::Unicast);
  EXPECT_EQ(f.best.at(0).gateway, A("10.1.0.99"));

  EXPECT_FALSE(b.rib.withdraw(8, P("10.244.3.0/24")));
  EXPECT_FALSE(b.rib.withdraw(7, P("10.244.4.0/24")));
  EXPECT_TRUE(b.rib.withdraw(7, P("10.244.3.0/24")));
  b.settle();
  EXPECT_FALSE(b.holds(one, "10.244.3.0/24"));
}

TEST(Rib, LocalRoutesAreListedAsTheyWereGiven) {
  Bench b;
  LocalRoute one{.prefix = P("10.244.3.0/24"), .source = RouteSource::Network, .owner = 0};
  one.local_pref = 300;
  one.med = 7;
  LocalRoute two{.prefix = P("fd00:10::/64"), .source = RouteSource::Api, .owner = 0, .next_hop = A("fd00::1")};
  two.large_communities = {{1, 2, 3}};
  two.extended_communities = {wire::ExtendedCommunity{0x0002fde800000064}};
  two.blackhole = false;
  LocalRoute other{.prefix = P("10.244.3.0/24"), .owner = 3};
  for (const auto& route : {two, one, other}) b.rib.announce(route, b.now);
  b.settle();
  EXPECT_EQ(b.rib.local_routes(0), (std::vector{one, two}));
  EXPECT_EQ(b.rib.local_routes(3), std::vector{other});
  EXPECT_TRUE(b.rib.local_routes(4).empty());
  EXPECT_EQ(b.rib.route(P("10.244.3.0/24"))->paths.at(0).owner, 0);  // local preference
  EXPECT_TRUE(b.rib.withdraw(0, P("10.244.3.0/24")));
  b.settle();
  EXPECT_EQ(b.rib.route(P("10.244.3.0/24"))->paths.at(0).owner, 3);
  EXPECT_EQ(b.rib.local_routes(0), std::vector{two});
}

TEST(Rib, OwnRouteWinsOverALearnedOne) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"10.244.3.0/24"});
  b.settle();
  b.rib.announce({.prefix = P("10.244.3.0/24")}, b.now);
  b.settle();
  const auto view = b.rib.route(P("10.244.3.0/24"));
  ASSERT_EQ(view->paths.size(), 2u);
  EXPECT_EQ(view->paths[0].source, RouteSource::Api);
  EXPECT_EQ(view->paths[1].reason, Reason::LocalRoute);
  EXPECT_TRUE(b.rib.withdraw(0, P("10.244.3.0/24")));
  b.settle();
  EXPECT_EQ(b.best("10.244.3.0/24"), one);
}

// --- ADD-PATH ---

TEST(Rfc7911_3, PathsOfOnePeerAreToldApartByTheirIdentifier) {
  Bench b;
  const auto one = b.add(1);
  b.up(one, true);
  b.announce(one, attrs({65101, 65102}, "10.1.0.1"), {{P("192.0.2.0/24"), 1}});
  b.announce(one, attrs({65101}, "10.1.0.2"), {{P("192.0.2.0/24"), 2}});
  b.announce(one, attrs({65101}, "10.1.0.3"), {{P("192.0.2.0/24"), 3}});
  b.settle();
  auto view = b.rib.route(P("192.0.2.0/24"));
  ASSERT_EQ(view->paths.size(), 3u);
  EXPECT_EQ(view->paths[0].path_id, net::PathId{2});
  EXPECT_EQ(b.rib.counters(one).family[0].received, 3u);
  EXPECT_EQ(b.rib.counters().paths[0], 3u);
  b.withdraw(one, {{P("192.0.2.0/24"), 2}});
  b.settle();
  view = b.rib.route(P("192.0.2.0/24"));
  EXPECT_EQ(view->paths.at(0).path_id, net::PathId{3});
  b.withdraw(one, {{P("192.0.2.0/24"), 3}, {P("192.0.2.0/24"), 9}});
  b.withdraw(one, {{P("192.0.2.0/24"), 1}});
  b.settle();
  EXPECT_FALSE(b.rib.route(P("192.0.2.0/24")).has_value());
  EXPECT_EQ(b.rib.counters(one).family[0].received, 0u);
}

TEST(Rib, CountersOfTheWhole) {
  Bench b;
  const auto one = b.added_up(1);
  EXPECT_EQ(b.rib.counters().attribute_sets, 0u);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"10.0.0.0/8", "10.1.0.0/16"});
  b.settle();
  const auto counters = b.rib.counters();
  EXPECT_EQ(counters.attribute_sets, 1u);
  EXPECT_EQ(counters.prefixes[0], 2u);
  EXPECT_EQ(counters.paths[0], 2u);
  EXPECT_EQ(counters.revision, b.rib.revision());
  EXPECT_GT(counters.memory_bytes, 0u);
  b.rib.peer_down(one);
  b.held.clear();
  b.settle();
  EXPECT_EQ(b.rib.counters().attribute_sets, 0u);
}

TEST(Rib, ReasonsHaveNames) {
  EXPECT_EQ(to_string(Reason::Best), "best");
  EXPECT_EQ(to_string(Reason::NextHopUnreachable), "next-hop-unreachable");
}

}  // namespace
}  // namespace podbgp::rib::test

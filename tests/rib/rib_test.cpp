#include "rib/rib.hpp"

#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

using Family = net::Family;

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
  EXPECT_EQ(view->paths.at(0).reason, Reason::NotEligible);
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

TEST(Rib, ImportPolicyChangeIsAppliedToWhatIsHeld) {
  Bench b;
  const auto one = b.added_up(1, {.import = std::nullopt}), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24", "198.51.100.0/24"});
  b.announce(one, attrs({65101, 65000}, "10.1.0.1"), {"203.0.113.0/24"});
  b.settle();
  EXPECT_TRUE(b.held[two.value()].routes.empty());

  PolicyChain only{{.name = "only", .statements = {}}};
  Statement statement{.name = "only[0]", .match = {}, .set = {}, .then = Verdict::Accept};
  statement.match.prefix = std::vector<PrefixRange>{{P("192.0.2.0/24"), 24, 24}};
  statement.set.local_pref = 250;
  only[0].statements.push_back(statement);
  b.rib.update_peer(one, b.settings(1, {.import = only}));
  b.settle();
  EXPECT_TRUE(b.holds(two, "192.0.2.0/24"));
  EXPECT_FALSE(b.holds(two, "198.51.100.0/24"));
  EXPECT_FALSE(b.holds(two, "203.0.113.0/24"));
  const auto view = b.rib.route(P("192.0.2.0/24"));
  EXPECT_EQ(view->paths.at(0).attributes.local_pref, 250u);
  ASSERT_TRUE(view->paths.at(0).received.has_value());
  EXPECT_EQ(view->paths.at(0).received->local_pref, std::nullopt);
  EXPECT_EQ(b.rib.route(P("198.51.100.0/24"))->paths.at(0).reason, Reason::RejectedByPolicy);
  EXPECT_EQ(b.rib.counters(one).family[0].accepted, 1u);

  // New routes meet the new policy as well.
  b.announce(one, attrs({65101}, "10.1.0.2"), {"192.0.2.0/24", "198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.rib.counters(one).family[0].accepted, 1u);
  b.rib.update_peer(one, b.settings(1, {}));
  b.settle();
  EXPECT_TRUE(b.holds(two, "198.51.100.0/24"));
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).attributes.local_pref, std::nullopt);
}

TEST(Rib, RejectedByStatementNamesIt) {
  Bench b;
  PolicyChain chain{{.name = "no", .statements = {{.name = "no[0]", .match = {}, .set = {}, .then = Verdict::Reject}}}};
  const auto one = b.added_up(1, {.import = chain});
  const auto two = b.added_up(2, {.import = PolicyChain{{.name = "empty", .statements = {}}}});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.announce(two, attrs({65102}, "10.1.0.2"), {"198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).reason_text, "import policy: no[0]");
  EXPECT_NE(b.rib.route(P("198.51.100.0/24"))->paths.at(0).reason_text, "");
}

// --- next hops ---

TEST(Rfc4271_9_1_2, UnresolvableNextHopIsNotUsedUntilItResolves) {
  Bench b(router(true));
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24", "198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).reason, Reason::NextHopUnreachable);
  auto effects = b.rib.take_effects();
  EXPECT_EQ(effects.track_next_hops, std::vector{A("10.1.0.1")});

  b.rib.next_hop_changed(A("10.1.0.1"), "", true, 5, "");
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  EXPECT_TRUE(b.holds(two, "198.51.100.0/24"));
  b.rib.next_hop_changed(A("10.1.0.1"), "", false, 0, "eth0 has no carrier");
  b.settle();
  EXPECT_FALSE(b.holds(two, "198.51.100.0/24"));
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).reason_text, "eth0 has no carrier");

  b.withdraw(one, {"192.0.2.0/24", "198.51.100.0/24"});
  b.settle();
  EXPECT_EQ(b.rib.take_effects().untrack_next_hops, std::vector{A("10.1.0.1")});
  b.rib.next_hop_changed(A("10.1.0.1"), "", true, 0, "");  // late: nobody uses it
  b.settle();
}

TEST(Rfc4271_9_1_2_2_e, MetricOfTheNextHopDecides) {
  Bench b(router(true));
  const auto one = b.added_up(1, {.external = false}), two = b.added_up(2, {.external = false});
  auto near = attrs({65300}, "10.2.0.1"), far = attrs({65300}, "10.2.0.2");
  near.local_pref = far.local_pref = 100;
  b.announce(one, near, {"192.0.2.0/24"});
  b.announce(two, far, {"192.0.2.0/24"});
  b.rib.next_hop_changed(A("10.2.0.1"), "", true, 20, "");
  b.rib.next_hop_changed(A("10.2.0.2"), "", true, 10, "");
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), two);
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(1).reason, Reason::IgpCost);
  b.rib.next_hop_changed(A("10.2.0.1"), "", true, 5, "");
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
}

TEST(Rfc2545_3, LinkLocalNextHopIsResolvedOnTheInterfaceOfThePeer) {
  Bench b(router(true));
  const auto one = b.added_up(1, {.interface = "eth1"}), two = b.added_up(2, {.interface = "eth2"}),
             none = b.added_up(3);
  b.announce(one, attrs({65101}, "fe80::1"), {"2001:db8:1::/48"});
  b.announce(two, attrs({65102}, "fe80::1"), {"2001:db8:2::/48"});
  b.announce(none, attrs({65103}, "fe80::1"), {"2001:db8:3::/48"});
  b.settle();
  const auto effects = b.rib.take_effects();
  EXPECT_TRUE(effects.track_next_hops.empty());
  using Pairs = std::vector<std::pair<net::IpAddress, std::string>>;
  EXPECT_EQ(effects.track_link_local, (Pairs{{A("fe80::1"), "eth1"}, {A("fe80::1"), "eth2"}}));
  b.rib.next_hop_changed(A("fe80::1"), "eth1", true, 0, "");
  b.settle();
  EXPECT_EQ(b.best("2001:db8:1::/48"), one);
  EXPECT_EQ(b.best("2001:db8:2::/48"), std::nullopt);
  EXPECT_EQ(b.best("2001:db8:3::/48"), std::nullopt);
  EXPECT_NE(b.rib.route(P("2001:db8:3::/48"))->paths.at(0).reason_text.find("interface"), std::string::npos);
  Forwarding f;
  b.rib.forwarding(P("2001:db8:1::/48"), f);
  ASSERT_EQ(f.best.size(), 1u);
  EXPECT_EQ(f.best[0].interface_of_peer, one.value());
  b.withdraw(one, {"2001:db8:1::/48"});
  b.withdraw(two, {"2001:db8:2::/48"});
  b.withdraw(none, {"2001:db8:3::/48"});
  b.settle();
  auto gone = b.rib.take_effects().untrack_link_local;
  std::sort(gone.begin(), gone.end());
  EXPECT_EQ(gone, (Pairs{{A("fe80::1"), "eth1"}, {A("fe80::1"), "eth2"}}));
}

TEST(Rib, SwitchingResolutionOffAndOn) {
  Bench b(router(true));
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.rib.take_effects().track_next_hops.size(), 1u);
  b.rib.update_router(router(false));
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  b.rib.update_router(router(true));
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_EQ(b.rib.take_effects().track_next_hops.size(), 1u);
}

// --- forwarding ---

TEST(Rib, ForwardingNamesEqualPathsAndABackupWithAnotherGateway) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2), three = b.added_up(3), four = b.added_up(4);
  b.announce(two, attrs({65102}, "10.1.0.2"), {"192.0.2.0/24"});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24"});
  b.announce(three, attrs({65103, 65200}, "10.1.0.1"), {"192.0.2.0/24"});  // gateway of one
  b.announce(four, attrs({65104, 65200, 65201}, "10.1.0.4"), {"192.0.2.0/24"});
  b.settle();
  Forwarding f;
  b.rib.forwarding(P("192.0.2.0/24"), f);
  EXPECT_EQ(f.kind, Forwarding::Kind::Unicast);
  EXPECT_EQ(f.best, (std::vector<ForwardingHop>{{one, A("10.1.0.1")}, {two, A("10.1.0.2")}}));
  EXPECT_EQ(f.backup, (ForwardingHop{four, A("10.1.0.4")}));

  auto single = router();
  single.multipath = 1;
  b.rib.update_router(single);
  b.settle();
  b.rib.forwarding(P("192.0.2.0/24"), f);
  EXPECT_EQ(f.best, (std::vector<ForwardingHop>{{one, A("10.1.0.1")}}));
  EXPECT_EQ(f.backup, (ForwardingHop{two, A("10.1.0.2")}));
  b.rib.forwarding(P("192.0.3.0/24"), f);
  EXPECT_EQ(f.kind, Forwarding::Kind::None);
  EXPECT_TRUE(f.best.empty());
}

TEST(Rib, EqualPathsWithOneGatewayAreOneHop) {
  Bench b;
  const auto one = b.added_up(1, {.external = false}), two = b.added_up(2, {.external = false});
  auto set = attrs({65300}, "10.9.0.1");
  set.local_pref = 100;
  b.announce(two, set, {"192.0.2.0/24"});
  b.announce(one, set, {"192.0.2.0/24"});
  b.settle();
  Forwarding f;
  b.rib.forwarding(P("192.0.2.0/24"), f);
  EXPECT_EQ(f.best, (std::vector<ForwardingHop>{{one, A("10.9.0.1")}}));
  EXPECT_EQ(f.backup, std::nullopt);
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

// --- questions ---

class RibQuery : public ::testing::Test {
 protected:
  RibQuery() {
    one = b.added_up(1);
    two = b.added_up(2);
    b.announce(one, attrs({65101}, "10.1.0.1"), {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "192.0.2.0/24"});
    b.announce(two, attrs({65102, 65103}, "10.1.0.2"), {"10.1.0.0/16", "172.16.0.0/12"});
    b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:1::/48"});
    b.settle();
  }
  std::set<std::string> prefixes(Query query) {
    std::set<std::string> found;
    do {
      const auto result = b.rib.query(query);
      for (const auto& route : result.routes) found.insert(to_string(route.prefix));
      for (const auto& route : result.advertised) found.insert(to_string(route.prefix));
      query.cursor = result.next_cursor;
    } while (query.cursor != 0);
    return found;
  }
  Bench b;
  net::PeerId one, two;
};
using Strings = std::set<std::string>;

TEST_F(RibQuery, MatchesByPrefix) {
  EXPECT_EQ(prefixes({.prefix = P("10.1.0.0/16")}), (Strings{"10.1.0.0/16"}));
  EXPECT_EQ(prefixes({.prefix = P("10.2.0.0/16")}), Strings{});
  EXPECT_EQ(prefixes({.prefix = P("10.1.0.0/16"), .match = PrefixMatch::Longer}),
            (Strings{"10.1.0.0/16", "10.1.1.0/24"}));
  EXPECT_EQ(prefixes({.prefix = P("10.1.1.1/32"), .match = PrefixMatch::Shorter}),
            (Strings{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"}));
  EXPECT_EQ(prefixes({.prefix = P("10.1.2.1/32"), .match = PrefixMatch::LongestMatch}), (Strings{"10.1.0.0/16"}));
  EXPECT_EQ(prefixes({.prefix = P("11.1.2.1/32"), .match = PrefixMatch::LongestMatch}), Strings{});
  EXPECT_EQ(prefixes({.family = Family::Ipv6Unicast, .prefix = P("10.1.0.0/16")}), Strings{});
  EXPECT_EQ(prefixes({.prefix = P("2001:db8::/32"), .match = PrefixMatch::Longer}), (Strings{"2001:db8:1::/48"}));
}

TEST_F(RibQuery, PagesShowEachPrefixOnce) {
  Query query{.limit = 2};
  std::multiset<std::string> seen;
  int pages = 0;
  do {
    const auto result = b.rib.query(query);
    EXPECT_LE(result.routes.size(), 2u);
    for (const auto& route : result.routes) seen.insert(to_string(route.prefix));
    query.cursor = result.next_cursor;
    ++pages;
  } while (query.cursor != 0);
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 6u);
  EXPECT_GE(pages, 3);
  EXPECT_TRUE(b.rib.query({.limit = 0}).routes.empty());
}

TEST_F(RibQuery, Views) {
  EXPECT_EQ(prefixes({.family = Family::Ipv6Unicast}), (Strings{"2001:db8:1::/48"}));
  EXPECT_EQ(prefixes({.view = Query::View::Received, .peer = two}), (Strings{"10.1.0.0/16", "172.16.0.0/12"}));
  const auto received = b.rib.query({.view = Query::View::Received, .prefix = P("10.1.0.0/16"), .peer = two});
  ASSERT_EQ(received.routes.at(0).paths.size(), 1u);
  EXPECT_EQ(received.routes[0].paths[0].reason, Reason::AsPathLength);
  EXPECT_EQ(prefixes({.view = Query::View::Best, .peer = two}), (Strings{"172.16.0.0/12"}));
  EXPECT_EQ(b.rib.query({.view = Query::View::All, .prefix = P("10.1.0.0/16")}).routes.at(0).paths.size(), 2u);
  EXPECT_EQ(b.rib.query({.view = Query::View::Best, .prefix = P("10.1.0.0/16")}).routes.at(0).paths.size(), 1u);
  EXPECT_EQ(prefixes({.view = Query::View::Advertised, .peer = one}), (Strings{"172.16.0.0/12"}));
  EXPECT_EQ(prefixes({.view = Query::View::Advertised, .family = Family::Ipv4Unicast, .peer = two}),
            (Strings{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "192.0.2.0/24"}));
  EXPECT_TRUE(prefixes({.view = Query::View::Advertised}).empty());
}

TEST_F(RibQuery, LongWalksAreCut) {
  Bench::Ids ids;
  for (std::uint32_t i = 0; i < 70000; ++i)
    ids.emplace_back(net::Prefix::make(net::IpAddress::v4(0x0b000000u + (i << 8)), 24), 0);
  b.announce(one, attrs({65101}, "10.1.0.1"), ids);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"203.0.113.0/24"});
  b.settle(100000);
  const auto first = b.rib.query({.prefix = P("203.0.113.0/24"), .match = PrefixMatch::Longer});
  EXPECT_TRUE(first.routes.empty());
  EXPECT_NE(first.next_cursor, 0u);
  EXPECT_EQ(prefixes({.prefix = P("203.0.113.0/24"), .match = PrefixMatch::Longer}), (Strings{"203.0.113.0/24"}));
}

// --- readers ---

std::map<net::Prefix, int> read_all(Rib& rib, Reader& reader) {
  std::map<net::Prefix, int> seen;
  while (rib.read(reader, 3, [&](const net::Prefix& prefix, std::uint64_t) { ++seen[prefix]; }) == 3) {
  }
  EXPECT_TRUE(rib.caught_up(reader));
  return seen;
}

TEST(RibReader, SeesEverythingOnceThenChanges) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"});
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:1::/48"});
  b.settle();
  const auto best = b.rib.open_reader(true), any = b.rib.open_reader(false);
  EXPECT_FALSE(b.rib.caught_up(*best));
  EXPECT_EQ(read_all(b.rib, *best).size(), 4u);
  EXPECT_EQ(read_all(b.rib, *any).size(), 4u);
  EXPECT_TRUE(read_all(b.rib, *best).empty());

  b.announce(two, attrs({65102, 65103}, "10.1.0.2"), {"10.1.0.0/16"});  // not best: only `any` hears of it
  b.settle();
  EXPECT_TRUE(read_all(b.rib, *best).empty());
  EXPECT_EQ(read_all(b.rib, *any), (std::map<net::Prefix, int>{{P("10.1.0.0/16"), 1}}));
  b.withdraw(one, {"10.1.0.0/16", "10.0.0.0/8"});
  b.settle();
  const std::map<net::Prefix, int> both{{P("10.1.0.0/16"), 1}, {P("10.0.0.0/8"), 1}};
  EXPECT_EQ(read_all(b.rib, *best), both);
  EXPECT_EQ(read_all(b.rib, *any), both);
}

TEST(RibReader, SlowWatcherIsResetWhenTooManyTombstonesWaitForIt) {
  Bench b;
  const auto one = b.added_up(1);
  const auto slow = b.rib.open_reader(true, true);
  const auto fib = b.rib.open_reader(false);
  Bench::Ids ids;
  for (std::uint32_t i = 0; i < 70000; ++i)
    ids.emplace_back(net::Prefix::make(net::IpAddress::v4(0x0b000000u + (i << 8)), 24), 0);
  b.announce(one, attrs({65101}, "10.1.0.1"), ids);
  b.settle(100000);
  b.rib.peer_down(one);
  b.held.clear();
  b.settle(100000);
  EXPECT_EQ(b.rib.counters().prefixes[0], 0u);
  EXPECT_TRUE(b.rib.take_reset(*slow));
  EXPECT_FALSE(b.rib.take_reset(*slow));
  EXPECT_FALSE(b.rib.take_reset(*fib));
  std::size_t seen = 0;
  while (b.rib.read(*fib, 1000, [&](const net::Prefix&, std::uint64_t) { ++seen; }) == 1000) {
  }
  EXPECT_EQ(seen, 70000u);
  while (b.rib.read(*slow, 1000, [](const net::Prefix&, std::uint64_t) {}) == 1000) {
  }
  b.settle(100000);
  const auto after = b.rib.counters().memory_bytes;
  EXPECT_LT(after, 600 * 1024u);  // the table is gone, and so is its memory
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

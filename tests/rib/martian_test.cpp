// What peers announce and must not be believed: prefixes that are never routed, addresses of this host, and how it is told.
#include "rib/rib.hpp"

#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

using Family = net::Family;

TEST(MartianPrefixes, AreKeptNotUsedAndExplained) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  const std::vector<std::string_view> v4{"127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"};
  const std::vector<std::string_view> v6{"::1/128", "::/128", "fe80::/64", "ff02::/16", "::ffff:10.0.0.0/104"};
  for (const auto text : v4) b.announce(one, attrs({65101}, "10.1.0.1"), {text});
  for (const auto text : v6) b.announce(one, attrs({65101}, "2001:db8::1"), {text});
  b.settle();
  for (const auto& list : {v4, v6}) {
    for (const auto text : list) {
      EXPECT_EQ(b.best(text), std::nullopt) << text;
      EXPECT_FALSE(b.holds(two, text)) << text;
      const auto view = b.rib.route(P(text));
      ASSERT_TRUE(view && view->paths.size() == 1) << text;
      EXPECT_EQ(view->paths[0].reason, Reason::Martian) << text;
      EXPECT_NE(view->paths[0].reason_text.find("never routed"), std::string::npos) << view->paths[0].reason_text;
    }
  }
  const auto counters = b.rib.counters(one);
  EXPECT_EQ(counters.martians, 10u);
  EXPECT_EQ(counters.family[0].received, 5u);
  EXPECT_EQ(counters.family[0].accepted, 0u);
  EXPECT_EQ(counters.family[1].accepted, 0u);
}

TEST(MartianPrefixes, SpoilNeitherTheirUpdateNorDefaultRoutes) {
  Bench b;
  const auto one = b.added_up(1);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.0/24", "127.0.0.0/8", "0.0.0.0/0", "198.51.100.0/24"});
  b.announce(one, attrs({65101}, "2001:db8::1"), {"::/0", "ff00::/8"});
  b.settle();
  for (const auto text : {"192.0.2.0/24", "0.0.0.0/0", "198.51.100.0/24", "::/0"}) EXPECT_EQ(b.best(text), one) << text;
  b.withdraw(one, {"127.0.0.0/8"});
  b.settle();
  EXPECT_FALSE(b.rib.route(P("127.0.0.0/8")).has_value());
}

// A policy that looks at prefixes is run for each of them, and a changed policy for what is held: no way around.
TEST(MartianPrefixes, NoPolicyLetsThemIn) {
  Bench b;
  Policy policy{.name = "named", .statements = {}};
  Match match;
  match.prefix = {{P("127.0.0.0/8"), 8, 32}};
  policy.statements.push_back({.name = "named[0]", .match = match, .set = {}, .then = Verdict::Accept});
  PeerOptions options;
  options.import = PolicyChain{policy};
  const auto one = b.added_up(1, options);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"127.0.0.0/8"});
  b.settle();
  EXPECT_EQ(b.best("127.0.0.0/8"), std::nullopt);
  b.rib.update_peer(one, b.settings(1, {}));
  b.settle();
  EXPECT_EQ(b.best("127.0.0.0/8"), std::nullopt);
}

TEST(MartianPrefixes, OurOwnAddressAsAHostRoute) {
  Bench b;
  const auto one = b.added_up(1);
  b.rib.own_addresses_changed({A("192.0.2.7"), A("2001:db8::7")});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"192.0.2.7/32", "192.0.2.8/32", "192.0.2.0/24"});
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8::7/128"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.7/32"), std::nullopt);
  EXPECT_EQ(b.best("2001:db8::7/128"), std::nullopt);
  EXPECT_EQ(b.best("192.0.2.8/32"), one);
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  EXPECT_EQ(b.rib.route(P("192.0.2.7/32"))->paths.at(0).reason_text, "192.0.2.7 is an address of this host");

  b.rib.own_addresses_changed({A("192.0.2.8")});  // one goes, one comes: what is held follows
  b.settle();
  EXPECT_EQ(b.best("192.0.2.7/32"), one);
  EXPECT_EQ(b.best("2001:db8::7/128"), one);
  EXPECT_EQ(b.best("192.0.2.8/32"), std::nullopt);
  EXPECT_EQ(b.rib.counters(one).family[0].accepted, 2u);
}

TEST(Rfc4271_5_1_3, NoAddressOfThisHostIsANextHop) {
  Bench b;
  const auto one = b.added_up(1);
  b.rib.own_addresses_changed({A("203.0.113.9")});  // on another interface than the session
  b.announce(one, attrs({65101}, "203.0.113.9"), {"192.0.2.0/24"});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_EQ(b.rib.route(P("192.0.2.0/24"))->paths.at(0).reason, Reason::OwnNextHop);
  b.rib.own_addresses_changed({});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  b.rib.own_addresses_changed({A("203.0.113.9")});
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
}

// --- what the log is given ---

// ORIGIN, AS_PATH 65101, NEXT_HOP 10.1.0.9, `extra`; NLRI 192.0.2.0/24.
wire::Bytes update(std::initializer_list<std::uint8_t> extra) {
  wire::Bytes body{0, 0, 0, static_cast<std::uint8_t>(20 + extra.size()), 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfe, 0x4d,
                   0x40, 3, 4, 10, 1, 0, 9};
  body.insert(body.end(), extra);
  body.insert(body.end(), {24, 192, 0, 2});
  return body;
}

TEST(Rfc7606_8_Logging, TheUpdateItsAttributeAndAPrefixAreTold) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  const auto bad_med = update({0x80, 4, 3, 0, 0, 1});
  ASSERT_TRUE(b.apply_body(one, bad_med).has_value());
  ASSERT_TRUE(b.apply_body(one, bad_med).has_value());
  ASSERT_TRUE(b.apply_body(two, bad_med).has_value());
  const auto issues = b.rib.take_effects().issues;
  ASSERT_EQ(issues.size(), 2u) << "one a peer";
  EXPECT_EQ(issues[0].peer, one);
  EXPECT_EQ(issues[0].reaction, wire::Reaction::TreatAsWithdraw);
  EXPECT_NE(issues[0].text.find("MULTI_EXIT_DISC"), std::string::npos) << issues[0].text;
  EXPECT_EQ(issues[0].example, P("192.0.2.0/24"));
  EXPECT_EQ(issues[0].update, bad_med);
  EXPECT_EQ(issues[0].update_size, bad_med.size());
  EXPECT_EQ(issues[0].more, 1u);
  EXPECT_EQ(issues[1].peer, two);
  EXPECT_TRUE(b.rib.take_effects().issues.empty());
}

TEST(Rfc7606_8_Logging, TheWorstIsShownAndTheOctetsAreBounded) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(two, attrs({65102}, "10.1.0.1"), {"127.0.0.0/8"});
  b.announce(one, attrs({65101}, "10.1.0.1"), {"127.0.0.0/8"});
  auto long_update = update({0x80, 4, 3, 0, 0, 1});
  for (int i = 0; i < 200; ++i) long_update.insert(long_update.end(), {16, 10, static_cast<std::uint8_t>(i)});
  ASSERT_TRUE(b.apply_body(one, long_update).has_value());
  const auto issues = b.rib.take_effects().issues;
  ASSERT_EQ(issues.size(), 2u);
  EXPECT_EQ(issues[0].peer, two);
  EXPECT_EQ(issues[0].reaction, wire::Reaction::None);
  EXPECT_EQ(issues[0].text, "127.0.0.0/8 is loopback address space, which is never routed");
  EXPECT_EQ(issues[1].reaction, wire::Reaction::TreatAsWithdraw);
  EXPECT_EQ(issues[1].more, 1u);
  EXPECT_EQ(issues[1].update.size(), Effects::kIssueOctets);
  EXPECT_EQ(issues[1].update_size, long_update.size());
}

// --- next hops of a link without a global address ---

TEST(Rfc2545_3, OnALinkWithoutGlobalAddressTheLinkLocalOneAloneIsTheNextHop) {
  Bench b;
  const auto one = b.added_up(1), two = b.add(2);
  auto session = b.session(2, true);
  session.local_address = A("fe80::11");
  session.self_v4 = std::nullopt;
  session.self_v6 = std::nullopt;
  session.self_v6_link_local = A("fe80::11");
  b.contexts[two.value()] = session;
  b.held[two.value()] = {};
  b.rib.peer_up(two, session);
  LocalRoute own;
  own.prefix = P("fd00:10:244::/64");
  b.rib.announce(own, b.now);
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:1::/48"});
  b.settle();
  for (const auto text : {"fd00:10:244::/64", "2001:db8:1::/48"}) {
    const auto got = b.held_route(two, text);
    EXPECT_EQ(got.next_hop, A("fe80::11")) << text;
    EXPECT_EQ(got.link_local_next_hop, std::nullopt) << text;
  }
}

TEST(RibPeer, RoutesWithoutANextHopOfOursAreSaid) {
  Bench b;
  const auto one = b.add(1);
  auto session = b.session(1, true);
  session.self_v6 = std::nullopt;  // IPv6 over an IPv4 session, no IPv6 address there
  b.contexts[one.value()] = session;
  b.held[one.value()] = {};
  b.rib.peer_up(one, session);
  b.settle();
  EXPECT_EQ(b.rib.counters(one).why_nothing_exchanged, "") << "no IPv6 route misses it";
  LocalRoute own;
  own.prefix = P("fd00:10:244::/64");
  b.rib.announce(own, b.now);
  b.settle();
  EXPECT_FALSE(b.holds(one, "fd00:10:244::/64"));
  EXPECT_NE(b.rib.counters(one).why_nothing_exchanged.find("no ipv6 address of ours"), std::string::npos)
      << b.rib.counters(one).why_nothing_exchanged;
  session.self_v6 = A("2001:db8::2");
  b.rib.session_addresses_changed(one, session);
  b.settle();
  EXPECT_TRUE(b.holds(one, "fd00:10:244::/64"));
  EXPECT_EQ(b.rib.counters(one).why_nothing_exchanged, "");
}

}  // namespace
}  // namespace podbgp::rib::test

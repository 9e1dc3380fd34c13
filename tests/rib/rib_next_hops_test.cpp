// Import policy on what is held, next hops that resolve or not, and where a prefix is forwarded.
#include "rib/rib.hpp"

#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

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

TEST(Rfc4271_6_3, NextHopOfAPeerOneHopAwayIsThatPeerOrOnALinkOfOurs) {
  Bench b(router(true));
  const auto on_link = b.added_up(1, {.on_link = true}), multihop = b.added_up(2), internal = b.added_up(3, {.external = false});
  const auto behind = "203.0.113.9";
  b.announce(on_link, attrs({65101}, behind), {"192.0.2.0/24"});
  b.announce(multihop, attrs({65102}, behind), {"198.51.100.0/24"});
  b.rib.next_hop_changed(A(behind), "", true, 20, "", false);
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
  EXPECT_FALSE(b.holds(internal, "192.0.2.0/24"));
  const auto path = b.rib.route(P("192.0.2.0/24"))->paths.at(0);
  EXPECT_EQ(path.reason, Reason::NextHopUnreachable);
  EXPECT_EQ(path.reason_text, "next hop 203.0.113.9 is on no link of ours, and the peer is one hop away (RFC 4271 §6.3); "
                              "'multihop' for the peer takes such next hops");
  EXPECT_EQ(b.best("198.51.100.0/24"), multihop);

  b.rib.next_hop_changed(A(behind), "", true, 20, "", true);  // the link came, at the same cost
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), on_link);
  b.rib.next_hop_changed(A(behind), "", true, 20, "", false);
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), std::nullopt);
}

TEST(Rfc4271_6_3, ThePeerItselfAndWhatAnImportPolicySaysNeedNoLink) {
  Bench b(router(true));
  PolicyChain chain{{.name = "to", .statements = {{.name = "to[0]", .match = {}, .set = {}, .then = Verdict::Accept}}}};
  chain[0].statements[0].set.next_hop = A("203.0.113.9");
  const auto one = b.added_up(1, {.on_link = true}), two = b.added_up(2, {.import = chain, .on_link = true});
  const auto peer = net::to_string(b.settings(1, {}).address);
  b.announce(one, attrs({65101}, peer.c_str()), {"192.0.2.0/24"});
  b.announce(two, attrs({65102}, "10.1.0.2"), {"198.51.100.0/24"});
  b.rib.next_hop_changed(A(peer.c_str()), "", true, 20, "", false);  // its loopback, behind a gateway
  b.rib.next_hop_changed(A("203.0.113.9"), "", true, 20, "", false);
  b.settle();
  EXPECT_EQ(b.best("192.0.2.0/24"), one);
  EXPECT_EQ(b.best("198.51.100.0/24"), two);
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
  EXPECT_NE(b.rib.route(P("2001:db8:3::/48"))->paths.at(0).reason_text.find("on no link of ours"), std::string::npos);
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

}  // namespace
}  // namespace podbgp::rib::test

#include "fixture.hpp"

namespace podbgp::fsm::test {
namespace {

net::Result<Negotiated, Refusal> negotiated(const PeerSettings& s, const wire::Open& open) {
  return negotiate(s, make_open(s), open);
}

TEST(Open, OffersWhatWeSpeak) {
  auto s = settings();
  s.families.insert(net::Family::Ipv6Unicast);
  const auto open = make_open(s);
  EXPECT_EQ(open.version, 4);
  EXPECT_EQ(open.my_as, net::Asn{65101});
  EXPECT_EQ(open.hold_time, 90);
  EXPECT_EQ(open.identifier, s.local_id);
  const std::vector<wire::AfiSafi> both{{1, 1}, {2, 1}};
  EXPECT_EQ(open.capabilities.multiprotocol, both);
  EXPECT_EQ(open.capabilities.four_octet_as, net::Asn{65101});
  EXPECT_TRUE(open.capabilities.route_refresh);
}

TEST(Rfc4724_3_Open, GracefulRestartWithoutFamiliesAsksForEndOfRib) {
  const auto gr = make_open(settings()).capabilities.graceful_restart;
  ASSERT_TRUE(gr.has_value());
  EXPECT_TRUE(gr->families.empty());
  EXPECT_EQ(gr->restart_time, 0);
  EXPECT_FALSE(gr->restarting);
}

TEST(Rfc6793_4_2_1_Open, AsTransStandsForALargeAs) {
  auto s = settings();
  s.local_asn = net::Asn{4200000001};
  const auto open = make_open(s);
  EXPECT_EQ(open.my_as, net::kAsTrans);
  EXPECT_EQ(open.as_number(), net::Asn{4200000001});
}

TEST(Rfc4271_4_2_Open, HoldTimeIsTheSmaller) {
  auto s = settings();
  s.hold_time = Seconds{30};
  EXPECT_EQ(negotiated(s, peer_open(90))->hold_time, Seconds{30});
  EXPECT_EQ(negotiated(s, peer_open(9))->hold_time, Seconds{9});
  EXPECT_EQ(negotiated(s, peer_open(0))->hold_time, Seconds{0});
}

TEST(Rfc4271_4_4_Keepalive, IsAtMostAThirdOfTheHoldTime) {
  auto s = settings();
  s.keepalive = Seconds{30};
  EXPECT_EQ(negotiated(s, peer_open(90))->keepalive, Seconds{30});
  EXPECT_EQ(negotiated(s, peer_open(9))->keepalive, Seconds{3});
  EXPECT_EQ(negotiated(s, peer_open(3))->keepalive, Seconds{1});
  EXPECT_EQ(negotiated(s, peer_open(4))->keepalive, Seconds{1});
  EXPECT_EQ(negotiated(s, peer_open(0))->keepalive, Seconds{0});
  s.keepalive = Seconds{5};
  EXPECT_EQ(negotiated(s, peer_open(90))->keepalive, Seconds{5});
  s.keepalive = Seconds{0};  // not set: the third
  EXPECT_EQ(negotiated(s, peer_open(90))->keepalive, Seconds{30});
}

TEST(Rfc4271_6_2_Open, WrongAsIsBadPeerAs) {
  auto open = peer_open();
  open.capabilities.four_octet_as = net::Asn{65002};
  const auto result = negotiated(settings(), open);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().notification, notification(2, 2));
  EXPECT_NE(result.error().text.find("65002"), std::string::npos);
  EXPECT_NE(result.error().text.find("65001"), std::string::npos);
}

TEST(Rfc6793_Open, AnOldSpeakerIsKnownByItsTwoOctetAs) {
  auto open = peer_open();
  open.capabilities.four_octet_as.reset();
  const auto result = negotiated(settings(), open);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->four_octet_as);
  EXPECT_EQ(result->peer_asn, net::Asn{65001});
}

TEST(Rfc6286_2_2_Open, OurOwnIdentifierIsRefusedWithinTheAsOnly) {
  auto s = settings();
  auto open = peer_open();
  open.identifier = s.local_id;
  EXPECT_TRUE(negotiated(s, open));
  s.peer_asn = s.local_asn;
  open.my_as = s.local_asn;
  open.capabilities.four_octet_as = s.local_asn;
  const auto result = negotiated(s, open);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().notification, notification(2, 3));
  open.identifier = net::RouterId{7};
  ASSERT_TRUE(negotiated(s, open));
  EXPECT_FALSE(negotiated(s, open)->external);
}

TEST(Rfc4760_8_Open, WithoutTheCapabilityThePeerSpeaksIpv4) {
  auto s = settings();
  auto open = peer_open();
  open.capabilities.multiprotocol.clear();
  ASSERT_TRUE(negotiated(s, open));
  EXPECT_EQ(negotiated(s, open)->families, net::FamilySet{net::Family::Ipv4Unicast});
  s.families = {net::Family::Ipv6Unicast};
  EXPECT_FALSE(negotiated(s, open));
}

TEST(Rfc4760_8_Open, FamiliesAreTheCommonOnes) {
  auto s = settings();
  s.families = {net::Family::Ipv4Unicast, net::Family::Ipv6Unicast};
  auto open = peer_open();
  open.capabilities.multiprotocol = {{2, 1}, {25, 70}, {1, 128}};
  ASSERT_TRUE(negotiated(s, open));
  EXPECT_EQ(negotiated(s, open)->families, net::FamilySet{net::Family::Ipv6Unicast});
}

TEST(Rfc5492_5_Open, NoCommonFamilyNamesWhatWeMiss) {
  auto s = settings();
  s.families = {net::Family::Ipv6Unicast};
  const auto result = negotiated(s, peer_open());
  ASSERT_FALSE(result);
  const wire::Notification expected{2, 7, {1, 4, 0, 2, 0, 1}};
  EXPECT_EQ(result.error().notification, expected);
  EXPECT_NE(result.error().text.find("ipv6"), std::string::npos);
}

TEST(Open, CapabilitiesOfOneSideOnlyAreNotInUse) {
  const auto s = settings();
  auto open = peer_open();
  open.capabilities.extended_message = true;
  open.capabilities.enhanced_route_refresh = true;
  open.capabilities.add_path = {{{1, 1}, true, true}};
  open.capabilities.extended_next_hop = {{{1, 1}, 2}};
  const auto result = negotiated(s, open);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->extended_message);
  EXPECT_FALSE(result->enhanced_route_refresh);
  EXPECT_TRUE(result->add_path_receive.empty());
  EXPECT_TRUE(result->extended_next_hop.empty());
  EXPECT_TRUE(result->route_refresh);
  EXPECT_TRUE(result->graceful_restart);
}

TEST(Open, CapabilitiesOfBothSidesAreInUse) {
  const auto s = settings();
  auto ours = make_open(s);
  ours.capabilities.extended_message = true;
  ours.capabilities.enhanced_route_refresh = true;
  ours.capabilities.add_path = {{{1, 1}, true, true}};
  ours.capabilities.extended_next_hop = {{{1, 1}, 2}};
  auto open = peer_open();
  open.capabilities = ours.capabilities;
  open.capabilities.four_octet_as = net::Asn{65001};
  open.capabilities.add_path = {{{1, 1}, false, true}};  // it sends, but takes no path ids
  const auto result = negotiate(s, ours, open);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->extended_message);
  EXPECT_TRUE(result->enhanced_route_refresh);
  EXPECT_TRUE(result->add_path_receive.contains(net::Family::Ipv4Unicast));
  EXPECT_FALSE(result->add_path_send.contains(net::Family::Ipv4Unicast));
  EXPECT_TRUE(result->extended_next_hop.contains(net::Family::Ipv4Unicast));
}

TEST(Rfc4271_6_8_Collision, TheHigherIdentifierDecides) {
  auto s = settings();
  s.local_id = net::RouterId{10};
  EXPECT_EQ(collision_winner(s, net::RouterId{9}, s.peer_asn), kOut);
  EXPECT_EQ(collision_winner(s, net::RouterId{11}, s.peer_asn), kIn);
  s.local_id = net::RouterId{0xc0000000};  // compared as unsigned
  EXPECT_EQ(collision_winner(s, net::RouterId{1}, s.peer_asn), kOut);
}

TEST(Rfc6286_2_3_Collision, EqualIdentifiersLeaveItToTheAs) {
  auto s = settings();
  EXPECT_EQ(collision_winner(s, s.local_id, net::Asn{65001}), kOut);
  EXPECT_EQ(collision_winner(s, s.local_id, net::Asn{4200000000}), kIn);
}

}  // namespace
}  // namespace podbgp::fsm::test

// Every row of RFC 7606 §7 and every clause of §3 that speaks of single attributes: one error, one reaction.
#include <gtest/gtest.h>

#include "tests/wire/support.hpp"

namespace podbgp::wire {
namespace {

using namespace test;
using Type = AttributeType;
using net::Family;

constexpr auto kDiscard = Reaction::AttributeDiscard;
constexpr auto kWithdraw = Reaction::TreatAsWithdraw;

// Replaces the mandatory attribute of that type.
Decoded instead(Type type, const Bytes& replacement, const SessionContext& context = external()) {
  Bytes block;
  for (const auto& [t, bytes] :
       {std::pair{Type::Origin, kOriginIgp}, {Type::AsPath, kPath65001}, {Type::NextHop, kNextHop}})
    block = block + (t == type ? replacement : bytes);
  return Decoded(update({}, block, kPrefix), context);
}

void expect_issue(const Decoded& d, Reaction reaction, Type type, std::uint8_t subcode) {
  EXPECT_EQ(d.reaction(), reaction);
  ASSERT_FALSE(d.attributes.issues.empty());
  EXPECT_EQ(d.attributes.issues[0].reaction, reaction);
  EXPECT_EQ(d.attributes.issues[0].type, static_cast<std::uint8_t>(type)) << d.attributes.issues[0].text;
  EXPECT_EQ(d.attributes.notification.subcode, subcode) << d.attributes.issues[0].text;
  EXPECT_FALSE(d.attributes.issues[0].text.empty());
}

TEST(Rfc7606_7_1_Origin, WrongLengthOrValue_TreatAsWithdraw) {
  for (const auto* text : {"", "0000"})
    expect_issue(instead(Type::Origin, attribute(0x40, Type::Origin, text)), kWithdraw, Type::Origin,
                 update_error::kAttributeLength);
  for (const auto* text : {"03", "ff"})
    expect_issue(instead(Type::Origin, attribute(0x40, Type::Origin, text)), kWithdraw, Type::Origin,
                 update_error::kInvalidOrigin);
}

TEST(Rfc7606_7_2_AsPath, Malformed_TreatAsWithdraw) {
  for (const auto* text : {"0001 0000fde9", "0501 0000fde9", "0200", "02", "0202 0000fde9", "0201 0000fd",
                           "0201 0000fde9 01", "0201 0000fde9 0100"})
    expect_issue(instead(Type::AsPath, attribute(0x40, Type::AsPath, text)), kWithdraw, Type::AsPath,
                 update_error::kMalformedAsPath);
}

TEST(Rfc7606_7_2_AsPath, EmptyAndWithSets) {
  EXPECT_EQ(instead(Type::AsPath, attribute(0x40, Type::AsPath, "")).reaction(), Reaction::None);
  const auto d = instead(Type::AsPath, attribute(0x40, Type::AsPath, "0202 0000fde9 fa56ea01 0102 00000003 00000004"));
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(to_string(d.set().as_path), "65001 4200000001 {3 4}");
}

TEST(Rfc7607_2_AsPath, AsZero_TreatAsWithdraw) {
  expect_issue(instead(Type::AsPath, attribute(0x40, Type::AsPath, "0202 0000fde9 00000000")), kWithdraw, Type::AsPath,
               update_error::kMalformedAsPath);
}

TEST(Rfc5065_5_AsPath, ConfederationSegmentsOnlyFromInside) {
  const auto block = attribute(0x40, Type::AsPath, "0301 0000fde9");
  expect_issue(instead(Type::AsPath, block), kWithdraw, Type::AsPath, update_error::kMalformedAsPath);
  const auto inside = instead(Type::AsPath, block, internal());
  EXPECT_EQ(inside.reaction(), Reaction::None);
  EXPECT_EQ(inside.set().as_path.length(), 0u);
}

TEST(Rfc7606_7_3_NextHop, WrongLengthOrNoHost_TreatAsWithdraw) {
  for (const auto* text : {"", "0a0000", "0a00000100"})
    expect_issue(instead(Type::NextHop, attribute(0x40, Type::NextHop, text)), kWithdraw, Type::NextHop,
                 update_error::kAttributeLength);
  for (const auto* text : {"00000000", "00000001", "7f000001", "e0000001", "ffffffff"})
    expect_issue(instead(Type::NextHop, attribute(0x40, Type::NextHop, text)), kWithdraw, Type::NextHop,
                 update_error::kInvalidNextHop);
  EXPECT_EQ(instead(Type::NextHop, attribute(0x40, Type::NextHop, "f0000001")).reaction(), Reaction::None);
}

TEST(Rfc7606_7_4_Med, WrongLength_TreatAsWithdraw) {
  for (const auto* text : {"", "000001", "0000000001"})
    expect_issue(with(attribute(0x80, Type::Med, text)), kWithdraw, Type::Med, update_error::kAttributeLength);
  EXPECT_EQ(with(attribute(0x80, Type::Med, "00000007")).set().med, 7u);
}

TEST(Rfc7606_7_5_LocalPref, ExternalDiscards_InternalWithdraws) {
  for (const auto* text : {"00000064", "", "000064"}) {
    const auto d = with(attribute(0x40, Type::LocalPref, text));
    expect_issue(d, kDiscard, Type::LocalPref, update_error::kOptionalAttribute);
    EXPECT_FALSE(d.set().local_pref);
  }
  expect_issue(with(attribute(0x40, Type::LocalPref, "000064"), internal()), kWithdraw, Type::LocalPref,
               update_error::kAttributeLength);
  EXPECT_EQ(with(attribute(0x40, Type::LocalPref, "00000064"), internal()).set().local_pref, 100u);
}

TEST(Rfc7606_7_6_AtomicAggregate, WrongLength_Discard) {
  const auto d = with(attribute(0x40, Type::AtomicAggregate, "00"));
  expect_issue(d, kDiscard, Type::AtomicAggregate, update_error::kAttributeLength);
  EXPECT_FALSE(d.set().atomic_aggregate);
  EXPECT_TRUE(with(attribute(0x40, Type::AtomicAggregate, "")).set().atomic_aggregate);
}

TEST(Rfc7606_7_7_Aggregator, WrongLength_Discard) {
  for (const auto* text : {"", "fde9 0a000001", "0000fde9 0a000001 00"}) {
    const auto d = with(attribute(0xc0, Type::Aggregator, text));
    expect_issue(d, kDiscard, Type::Aggregator, update_error::kAttributeLength);
    EXPECT_FALSE(d.set().aggregator);
  }
  const auto narrow = kOriginIgp + attribute(0x40, Type::AsPath, "0201 fde9") + kNextHop;
  expect_issue(Decoded(update({}, narrow + attribute(0xc0, Type::Aggregator, "0000fde9 0a000001"), kPrefix),
                       two_octet(external())),
               kDiscard, Type::Aggregator, update_error::kAttributeLength);
  EXPECT_EQ(with(attribute(0xc0, Type::Aggregator, "0000fde9 0a000001")).set().aggregator,
            (Aggregator{net::Asn{65001}, address("10.0.0.1")}));
}

TEST(Rfc7607_2_Aggregator, AsZero_Discard) {
  const auto d = with(attribute(0xc0, Type::Aggregator, "00000000 0a000001"));
  expect_issue(d, kDiscard, Type::Aggregator, update_error::kOptionalAttribute);
  EXPECT_FALSE(d.set().aggregator);
}

TEST(Rfc7606_7_8_Communities, NoMultipleOfFour_TreatAsWithdraw) {
  for (const auto* text : {"", "fde900", "fde9006401"})
    expect_issue(with(attribute(0xc0, Type::Communities, text)), kWithdraw, Type::Communities,
                 update_error::kAttributeLength);
}

TEST(Rfc7606_7_9_OriginatorId, ExternalDiscards_InternalWithdraws) {
  const auto d = with(attribute(0x80, Type::OriginatorId, "0a000001"));
  expect_issue(d, kDiscard, Type::OriginatorId, update_error::kOptionalAttribute);
  EXPECT_FALSE(d.set().originator_id);
  expect_issue(with(attribute(0x80, Type::OriginatorId, "0a0000"), internal()), kWithdraw, Type::OriginatorId,
               update_error::kAttributeLength);
  EXPECT_EQ(with(attribute(0x80, Type::OriginatorId, "0a000001"), internal()).set().originator_id,
            net::RouterId{0x0a000001});
}

TEST(Rfc7606_7_10_ClusterList, ExternalDiscards_InternalWithdraws) {
  const auto d = with(attribute(0x80, Type::ClusterList, "0a000001"));
  expect_issue(d, kDiscard, Type::ClusterList, update_error::kOptionalAttribute);
  EXPECT_TRUE(d.set().cluster_list.empty());
  for (const auto* text : {"", "0a0000"})
    expect_issue(with(attribute(0x80, Type::ClusterList, text), internal()), kWithdraw, Type::ClusterList,
                 update_error::kAttributeLength);
  EXPECT_EQ(with(attribute(0x80, Type::ClusterList, "0a000002 0a000001"), internal()).set().cluster_list,
            (std::vector{net::RouterId{0x0a000002}, net::RouterId{0x0a000001}}));
}

TEST(Rfc7606_7_14_ExtendedCommunities, NoMultipleOfEight_TreatAsWithdraw) {
  for (const auto* text : {"", "0002fde900000064 00", "0002fde9"})
    expect_issue(with(attribute(0xc0, Type::ExtendedCommunities, text)), kWithdraw, Type::ExtendedCommunities,
                 update_error::kAttributeLength);
}

TEST(Rfc8092_5_LargeCommunities, NoMultipleOfTwelve_TreatAsWithdraw) {
  for (const auto* text : {"", "0000fde9 00000001", "0000fde9 00000001 0000000200"})
    expect_issue(with(attribute(0xc0, Type::LargeCommunities, text)), kWithdraw, Type::LargeCommunities,
                 update_error::kAttributeLength);
}

TEST(Communities, AreSets) {  // RFC 1997, RFC 4360 §2, RFC 8092 §3
  const auto d = with(attribute(0xc0, Type::Communities, "fde90002 fde90001 fde90002") +
                      attribute(0xc0, Type::ExtendedCommunities, "0002fde900000064 0002fde900000001 0002fde900000064") +
                      attribute(0xc0, Type::LargeCommunities,
                                "000000020000000100000001 000000010000000100000001"
                                "000000020000000100000001"));
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(d.set().communities, (std::vector{Community{0xfde90001}, Community{0xfde90002}}));
  EXPECT_EQ(d.set().extended_communities,
            (std::vector{ExtendedCommunity{0x0002fde900000001}, ExtendedCommunity{0x0002fde900000064}}));
  EXPECT_EQ(d.set().large_communities, (std::vector{LargeCommunity{1, 1, 1}, LargeCommunity{2, 1, 1}}));
}

TEST(Rfc7606_3_c_Flags, OptionalOrTransitiveWrong_TreatAsWithdraw) {
  const struct {
    Type type;
    std::uint8_t flags;
    const char* value;
  } rows[] = {
      {Type::Med, 0x80, "00000001"},
      {Type::LocalPref, 0x40, "00000001"},
      {Type::AtomicAggregate, 0x40, ""},
      {Type::Aggregator, 0xc0, "0000fde9 0a000001"},
      {Type::Communities, 0xc0, "fde90001"},
      {Type::OriginatorId, 0x80, "0a000001"},
      {Type::ClusterList, 0x80, "0a000001"},
      {Type::ExtendedCommunities, 0xc0, "0002fde900000001"},
      {Type::LargeCommunities, 0xc0, "000000010000000100000001"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(with(attribute(row.flags, row.type, row.value), internal()).reaction(), Reaction::None);
    for (const std::uint8_t wrong : Bytes{0x80, 0x40, 0xc0}) {
      const auto flags = static_cast<std::uint8_t>(row.flags ^ wrong);
      expect_issue(with(attribute(flags, row.type, row.value), internal()), kWithdraw, row.type,
                   update_error::kAttributeFlags);
    }
    // The Partial bit and the unused ones are no reason.
    EXPECT_EQ(with(attribute(row.flags | 0x2f, row.type, row.value), internal()).reaction(), Reaction::None);
  }
}

TEST(Rfc4271_4_3_Attributes, ExtendedLengthIsOnlyAForm) {
  const auto d = with(attribute(0x90, Type::Med, "00000009"));
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(d.set().med, 9u);
}

TEST(Rfc7606_3_d_Mandatory, Missing_TreatAsWithdraw) {
  expect_issue(instead(Type::Origin, {}), kWithdraw, Type::Origin, update_error::kMissingWellKnown);
  expect_issue(instead(Type::AsPath, {}), kWithdraw, Type::AsPath, update_error::kMissingWellKnown);
  expect_issue(instead(Type::NextHop, {}), kWithdraw, Type::NextHop, update_error::kMissingWellKnown);
  EXPECT_EQ(instead(Type::NextHop, {}).attributes.notification.data, hex("03"));
  // MP_REACH_NLRI brings its own next hop.
  EXPECT_EQ(Decoded(update({}, kMpReachV6 + kOriginIgp + kPath65001, {}), external(), Family::Ipv6Unicast).reaction(),
            Reaction::None);
  EXPECT_EQ(Decoded(update({}, kMpReachV6 + kPath65001, {}), external(), Family::Ipv6Unicast).reaction(), kWithdraw);
}

TEST(Rfc7606_3_d_Mandatory, EachFamilyForItself) {
  const auto body = update({}, kMpReachV6 + kOriginIgp + kPath65001, kPrefix);  // no NEXT_HOP for the IPv4 prefix
  EXPECT_EQ(Decoded(body, external(), Family::Ipv6Unicast).reaction(), Reaction::None);
  EXPECT_EQ(Decoded(body, external(), Family::Ipv4Unicast).reaction(), kWithdraw);
}

TEST(Rfc7606_3_g_Duplicates, TheFirstCounts) {
  const auto d = with(attribute(0x80, Type::Med, "00000001") + attribute(0x80, Type::Med, "00000002"));
  expect_issue(d, kDiscard, Type::Med, update_error::kMalformedAttributeList);
  EXPECT_EQ(d.set().med, 1u);
  const auto unknown = with(hex("c0630101 c0630102"));
  EXPECT_EQ(unknown.reaction(), kDiscard);
  ASSERT_EQ(unknown.set().unknown.size(), 1u);
  EXPECT_EQ(unknown.set().unknown[0].value, hex("01"));
}

TEST(Rfc7606_4_AttributeLength, BlockThatEndsWrong_TreatAsWithdraw) {
  for (const auto* text : {"80", "8004", "800405 00000000", "9004", "900400", "90040004 000000"}) {
    const auto d = with(hex(text));
    EXPECT_EQ(d.reaction(), kWithdraw) << text;
    EXPECT_EQ(d.attributes.notification.subcode, update_error::kMalformedAttributeList) << text;
  }
}

TEST(Rfc4271_6_3_Unknown, WellKnown_SessionResetWithTheAttribute) {
  const auto d = with(hex("40630101"));
  EXPECT_EQ(d.reaction(), Reaction::SessionReset);
  EXPECT_EQ(d.attributes.notification,
            make_notification(ErrorCode::Update, update_error::kUnrecognizedWellKnown, hex("40630101")));
}

TEST(Rfc4271_5_Unknown, TransitiveIsKeptWithPartial_OthersAreIgnored) {
  const auto d = with(hex("c0c80102 8063 0101 d064 0002 aabb"));
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_TRUE(d.attributes.issues.empty());
  EXPECT_EQ(d.set().unknown, (std::vector<UnknownAttribute>{{0xe0, 0x64, hex("aabb")}, {0xe0, 0xc8, hex("02")}}));
}

TEST(Rfc7606_3_h_Reactions, TheStrongestWins) {
  const auto discard = attribute(0x40, Type::AtomicAggregate, "00");
  const auto withdraw = attribute(0x80, Type::Med, "");
  const auto reset = hex("40630101");
  const Reaction expected[] = {kDiscard, kWithdraw, Reaction::SessionReset};
  const Bytes blocks[] = {discard, withdraw, reset};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      EXPECT_EQ(with(blocks[i] + (i == j ? Bytes{} : blocks[j])).reaction(), expected[std::max(i, j)]) << i << j;
  const auto d = with(withdraw + discard + reset);
  EXPECT_EQ(d.attributes.issues.size(), 3u);
  EXPECT_EQ(d.attributes.notification.subcode, update_error::kUnrecognizedWellKnown);
}

TEST(Rfc7606_3_h_Reactions, AHostileUpdateDoesNotFillALog) {
  Bytes many;
  for (int i = 0; i < 1000; ++i) many = many + hex("800400");
  const auto d = with(many);
  EXPECT_EQ(d.reaction(), kWithdraw);
  EXPECT_LE(d.attributes.issues.size(), 16u);
}

TEST(Rfc7606_5_2_Update, DecodeAloneSaysTheSame) {
  const auto body = update({}, attribute(0x40, Type::Origin, "07"), {});
  UpdateView view;
  view.attributes = ByteSpan(body).subspan(4);
  const auto d = decode_attributes(view, Family::Ipv4Unicast, external());
  EXPECT_EQ(d.reaction, Reaction::SessionReset);
  EXPECT_EQ(d.notification.subcode, update_error::kInvalidOrigin);
}

// --- next hops of MP_REACH_NLRI (RFC 2545 §3) ---

Decoded mp_next_hop(std::string_view octets) {
  const auto size = octets.size() / 2;
  const std::string value =
      "000201" + to_hex(Bytes{static_cast<std::uint8_t>(size)}) + std::string(octets) + "00" + "20fd000001";
  return Decoded(update({}, attribute(0x80, Type::MpReach, value) + kOriginIgp + kPath65001, {}), external(),
                 Family::Ipv6Unicast);
}

const std::string kGlobal = "20010db8000000000000000000000001", kLinkLocal = "fe800000000000000000000000000001",
                  kUnspecified = std::string(32, '0');

TEST(Rfc2545_3_NextHop, GlobalAndLinkLocal) {
  EXPECT_EQ(mp_next_hop(kGlobal).set().next_hop, address("2001:db8::1"));
  EXPECT_FALSE(mp_next_hop(kGlobal).set().link_local_next_hop);
  const auto both = mp_next_hop(kGlobal + kLinkLocal);
  EXPECT_EQ(both.set().next_hop, address("2001:db8::1"));
  EXPECT_EQ(both.set().link_local_next_hop, address("fe80::1"));
  EXPECT_FALSE(mp_next_hop(kGlobal + kGlobal).set().link_local_next_hop);  // the second is none: of no use
}

TEST(Rfc2545_3_NextHop, LinkLocalAloneInItsThreeForms) {
  for (const auto& text : {kLinkLocal, kUnspecified + kLinkLocal, kLinkLocal + kLinkLocal}) {
    const auto d = mp_next_hop(text);
    EXPECT_EQ(d.reaction(), Reaction::None);
    EXPECT_EQ(d.set().next_hop, address("fe80::1"));
    EXPECT_FALSE(d.set().link_local_next_hop);
  }
}

TEST(Rfc7606_7_11_MpReach, NextHopThatIsNoHost_TreatAsWithdraw) {
  for (const auto& text : {kUnspecified, kUnspecified + kGlobal, std::string("00000000000000000000000000000001"),
                           std::string("ff020000000000000000000000000001")}) {
    const auto d = mp_next_hop(text);
    EXPECT_EQ(d.reaction(), kWithdraw) << text;
    EXPECT_EQ(d.attributes.notification.subcode, update_error::kInvalidNextHop);
  }
}

}  // namespace
}  // namespace podbgp::wire

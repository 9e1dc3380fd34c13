#include <gtest/gtest.h>

#include "tests/wire/support.hpp"

namespace podbgp::wire {
namespace {

using namespace test;
using net::Family;

std::vector<std::string> prefixes(const NlriField& field) {
  std::vector<std::string> out;
  field.for_each([&](const Nlri& n) {
    out.push_back(net::to_string(n.prefix) + (n.path_id.value() != 0 ? "#" + std::to_string(n.path_id.value()) : ""));
  });
  return out;
}
using Texts = std::vector<std::string>;

UpdateError error(const Bytes& body, const SessionContext& context = external()) {
  const auto view = scan_update(body, context);
  EXPECT_FALSE(view.has_value());
  return view ? UpdateError{Reaction::None, {}, {}, ""} : view.error();
}

void expect_reset(const UpdateError& e, std::uint8_t subcode) {
  EXPECT_EQ(e.reaction, Reaction::SessionReset) << e.text;
  EXPECT_EQ(e.notification.code, 3) << e.text;
  EXPECT_EQ(e.notification.subcode, subcode) << e.text;
}

TEST(Rfc4271_4_3_Update, FieldsAreFound) {
  const auto body = update(hex("10 0a0b 00"), kMandatory, hex("18 0af401 20 01020304"));
  const auto view = scan_update(body, external());
  ASSERT_TRUE(view);
  EXPECT_EQ(prefixes(view->withdrawn), (Texts{"10.11.0.0/16", "0.0.0.0/0"}));
  EXPECT_EQ(prefixes(view->nlri), (Texts{"10.244.1.0/24", "1.2.3.4/32"}));
  EXPECT_EQ(view->attributes.size(), kMandatory.size());
  EXPECT_FALSE(view->mp_reach || view->mp_unreach || view->end_of_rib || view->has_unknown_family);
}

TEST(Rfc4271_4_3_Update, HostBitsAreIrrelevant) {
  EXPECT_EQ(prefixes(scan_update(update({}, kMandatory, hex("09 0aff")), external())->nlri), (Texts{"10.128.0.0/9"}));
}

TEST(Rfc7606_3_b_Update, FieldLengthsBeyondTheMessage_MalformedAttributeList) {
  for (const auto* text : {"0001 0000", "0000 0001", "0005 0a0b", "ffff ffff", "0000", "", "00"})
    expect_reset(error(hex(text)), update_error::kMalformedAttributeList);
}

TEST(Rfc7606_5_3_Nlri, TooLongAPrefixOrBeyondTheField_InvalidNetworkField) {
  for (const auto* text : {"21 0a0b0c0d0e", "ff", "18 0a0b", "08", "18 0a0b0c 20 010203"}) {
    expect_reset(error(update({}, kMandatory, hex(text))), update_error::kInvalidNetworkField);
    expect_reset(error(update(hex(text), {}, {})), update_error::kInvalidNetworkField);
  }
}

TEST(Rfc7911_3_AddPath, PathIdsStandBeforeThePrefixes) {
  auto context = external();
  context.add_path_receive.insert(Family::Ipv4Unicast);
  const auto body = update({}, kMandatory, hex("00000007 18 0af401 00000008 18 0af401 01000000 00"));
  EXPECT_EQ(prefixes(scan_update(body, context)->nlri),
            (Texts{"10.244.1.0/24#7", "10.244.1.0/24#8", "0.0.0.0/0#16777216"}));
  expect_reset(error(update({}, kMandatory, hex("00000007")), context), update_error::kInvalidNetworkField);
  expect_reset(error(update({}, kMandatory, hex("000007")), context), update_error::kInvalidNetworkField);
}

TEST(Rfc4760_3_MpReach, Ipv6WithItsNextHop) {
  const auto body = update({}, kMpReachV6 + kOriginIgp + kPath65001, {});
  const auto view = scan_update(body, external());
  ASSERT_TRUE(view && view->mp_reach);
  EXPECT_EQ(view->mp_reach->family, Family::Ipv6Unicast);
  EXPECT_EQ(to_hex(view->mp_reach->next_hop), "fd000000000000000000000000000001");
  EXPECT_EQ(prefixes(view->mp_reach->nlri), (Texts{"fd00:1::/32"}));
  EXPECT_EQ(view->mp_reach_attribute.data(), view->attributes.data());
  EXPECT_EQ(view->mp_reach_attribute.size(), kMpReachV6.size());
}

TEST(Rfc4760_4_MpUnreach, Ipv6) {
  const auto body =
      update({}, attribute(0x80, AttributeType::MpUnreach, "0002 01 80 fd000000000000000000000000000001"), {});
  const auto view = scan_update(body, external());
  ASSERT_TRUE(view && view->mp_unreach);
  EXPECT_EQ(prefixes(*view->mp_unreach), (Texts{"fd00::1/128"}));
  EXPECT_FALSE(view->end_of_rib);
}

TEST(Rfc4760_6_Families, WhatWasNotNegotiatedIsIgnored) {
  auto only_v4 = external();
  only_v4.families.erase(Family::Ipv6Unicast);
  const auto body = update({}, kMpReachV6 + kOriginIgp + kPath65001, {});
  const auto view = scan_update(body, only_v4);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->mp_reach);
  EXPECT_TRUE(view->has_unknown_family);
  // Not even looked into: an EVPN attribute is no error of ours.
  const auto evpn = update({}, attribute(0x80, AttributeType::MpReach, "0019 46 04 0a000001 00 ffff") + kOriginIgp, {});
  ASSERT_TRUE(scan_update(evpn, external()));
  EXPECT_TRUE(scan_update(evpn, external())->has_unknown_family);

  auto only_v6 = external();
  only_v6.families.erase(Family::Ipv4Unicast);
  const auto v4 = scan_update(update(kPrefix, kMandatory, kPrefix), only_v6);
  ASSERT_TRUE(v4);
  EXPECT_TRUE(v4->nlri.empty() && v4->withdrawn.empty() && v4->has_unknown_family);
}

TEST(Rfc4724_2_EndOfRib, EmptyUpdateAndEmptyMpUnreach) {
  EXPECT_EQ(scan_update(hex("00000000"), external())->end_of_rib, Family::Ipv4Unicast);
  for (const auto family : net::kFamilies) {
    Bytes message;
    encode_end_of_rib(family, message);
    EXPECT_EQ(scan_update(ByteSpan(message).subspan(kHeaderSize), external())->end_of_rib, family);
  }
  const auto mp_v4 = update({}, attribute(0x80, AttributeType::MpUnreach, "0001 01"), {});
  EXPECT_EQ(scan_update(mp_v4, external())->end_of_rib, Family::Ipv4Unicast);
}

TEST(Rfc4724_2_EndOfRib, NothingElseIsOne) {
  const auto empty_v6 = attribute(0x80, AttributeType::MpUnreach, "0002 01");
  EXPECT_FALSE(scan_update(update(kPrefix, {}, {}), external())->end_of_rib);
  EXPECT_FALSE(scan_update(update(kPrefix, empty_v6, {}), external())->end_of_rib);
  EXPECT_FALSE(scan_update(update({}, kMandatory, {}), external())->end_of_rib);
  EXPECT_FALSE(scan_update(update({}, empty_v6 + kOriginIgp, {}), external())->end_of_rib);
  EXPECT_FALSE(
      scan_update(update({}, attribute(0x80, AttributeType::MpUnreach, "0019 46"), {}), external())->end_of_rib);
  auto only_v6 = external();
  only_v6.families.erase(Family::Ipv4Unicast);
  EXPECT_FALSE(scan_update(hex("00000000"), only_v6)->end_of_rib);
}

TEST(Rfc7606_3_g_Update, MpAttributeTwice_MalformedAttributeList) {
  expect_reset(error(update({}, kMpReachV6 + kOriginIgp + kPath65001 + kMpReachV6, {})),
               update_error::kMalformedAttributeList);
  const auto unreach = attribute(0x80, AttributeType::MpUnreach, "0002 01");
  expect_reset(error(update({}, unreach + unreach, {})), update_error::kMalformedAttributeList);
}

TEST(Rfc7606_7_11_MpReach, WhatCannotBeReadDisablesItsFamily) {
  for (const auto* text : {
           "0002 01",                                                            // no next hop
           "0002 01 10 fd00",                                                    // next hop cut short
           "0002 01 04 0a000001 00 00",                                          // an IPv4 next hop
           "0002 01 18 000000000000000000000000000000000000000000000000 00 00",  // 24 octets
           "0002 01 10 fd000000000000000000000000000001",                        // no reserved octet
           "0002 01 10 fd000000000000000000000000000001 00 81 00",               // 129 bits
           "0002 01 10 fd000000000000000000000000000001 00 20 fd",               // beyond the attribute
       }) {
    const auto mp = attribute(0x80, AttributeType::MpReach, text);
    const auto e = error(update({}, mp + kOriginIgp + kPath65001, {}));
    EXPECT_EQ(e.reaction, Reaction::FamilyDisable) << text;
    EXPECT_EQ(e.family, Family::Ipv6Unicast) << text;
    // With routes of the other family in the same message these would be lost: RFC 7606 §2 prefers the stronger
    // reaction.
    const auto mixed = error(update({}, mp + kMandatory, kPrefix));
    expect_reset(mixed, update_error::kOptionalAttribute);
    EXPECT_EQ(mixed.notification.data, mp);  // RFC 4271 §6.3: the attribute, whole
    // Nothing would be left of a session with this family alone.
    auto only_v6 = external();
    only_v6.families.erase(Family::Ipv4Unicast);
    expect_reset(error(update({}, mp, {}), only_v6), update_error::kOptionalAttribute);
  }
}

TEST(Rfc7606_7_11_MpReach, FamilyThatCannotBeReadResets) {
  for (const auto* text : {"", "0002"})
    expect_reset(error(update({}, attribute(0x80, AttributeType::MpReach, text), {})),
                 update_error::kOptionalAttribute);
}

TEST(Rfc7606_7_12_MpUnreach, WhatCannotBeRead) {
  EXPECT_EQ(error(update({}, attribute(0x80, AttributeType::MpUnreach, "0002 01 20 fd"), {})).reaction,
            Reaction::FamilyDisable);
  expect_reset(error(update({}, attribute(0x80, AttributeType::MpUnreach, "00"), {})),
               update_error::kOptionalAttribute);
  // Beside routes of the other family in an MP attribute.
  const auto v4 = attribute(0x80, AttributeType::MpUnreach, "0001 01 08 0a");
  const auto bad_v6 = attribute(0x80, AttributeType::MpReach, "0002 01 00 00");
  expect_reset(error(update({}, v4 + bad_v6, {})), update_error::kOptionalAttribute);
  const auto bad_v4 = attribute(0x80, AttributeType::MpUnreach, "0001 01 21");
  expect_reset(error(update({}, kMpReachV6 + bad_v4, {})), update_error::kOptionalAttribute);
}

TEST(Rfc7606_3_j_Update, MpAttributeBeyondTheAttributes_Reset) {
  auto attributes = kOriginIgp + kMpReachV6;
  attributes.pop_back();
  expect_reset(error(update({}, attributes, kPrefix)), update_error::kOptionalAttribute);
}

TEST(Rfc7606_5_2_Update, ErrorsWithoutAnythingAnnounced_Reset) {
  const auto bad_origin = attribute(0x40, AttributeType::Origin, "07");
  expect_reset(error(update({}, bad_origin, {})), update_error::kInvalidOrigin);
  expect_reset(error(update(kPrefix, bad_origin, {})), update_error::kInvalidOrigin);
  expect_reset(error(update({}, hex("4001"), {})), update_error::kMalformedAttributeList);
  // An error that only discards an attribute is none; and good attributes alone are merely pointless.
  EXPECT_TRUE(scan_update(update(kPrefix, attribute(0x40, AttributeType::AtomicAggregate, "01"), {}), external()));
  EXPECT_TRUE(scan_update(update(kPrefix, kMandatory, {}), external()));
  // Flags of the attribute that withdraws: what it withdraws is withdrawn either way.
  EXPECT_TRUE(scan_update(update({}, attribute(0xc0, AttributeType::MpUnreach, "0002 01 00"), {}), external()));
}

TEST(Rfc8950_3_ExtendedNextHop, Ipv4OverIpv6OnlyWhereNegotiated) {
  const auto body =
      update({},
             attribute(0x80, AttributeType::MpReach, "0001 01 10 fd000000000000000000000000000001 00 18 0af401") +
                 kOriginIgp + kPath65001,
             {});
  EXPECT_EQ(error(body).reaction, Reaction::FamilyDisable);
  auto context = external();
  context.extended_next_hop.insert(Family::Ipv4Unicast);
  const Decoded decoded(body, context);
  EXPECT_EQ(decoded.reaction(), Reaction::None);
  EXPECT_EQ(decoded.set().next_hop, address("fd00::1"));
  EXPECT_EQ(prefixes(decoded.scanned->mp_reach->nlri), (Texts{"10.244.1.0/24"}));
}

TEST(Rfc4760_3_MpReach, Ipv4WithAnIpv4NextHop) {
  const Decoded decoded(update(
      {}, attribute(0x80, AttributeType::MpReach, "0001 01 04 0a000009 00 18 0af401") + kOriginIgp + kPath65001, {}));
  EXPECT_EQ(decoded.reaction(), Reaction::None);
  EXPECT_EQ(decoded.set().next_hop, address("10.0.0.9"));
}

TEST(Rfc4760_3_MpReach, Ipv4InBothPlaces_Reset) {
  const auto mp = attribute(0x80, AttributeType::MpReach, "0001 01 04 0a000009 00 18 0af401");
  expect_reset(error(update({}, mp + kMandatory, kPrefix)), update_error::kMalformedAttributeList);
}

// --- the key of an attribute block ---

Bytes key_bytes(const Bytes& body, Family family, const SessionContext& context = external()) {
  const auto view = scan_update(body, context);
  EXPECT_TRUE(view) << (view ? "" : view.error().text);
  if (!view) return {};
  const auto key = attribute_key(*view, family);
  Bytes out;
  append(key, out);
  EXPECT_EQ(out.size(), key.size() + 2);
  return out;
}

std::uint64_t key_hash(const Bytes& body, Family family) {
  const auto view = scan_update(body, external());
  return hash(attribute_key(*view, family));
}

TEST(AttributeKey, NlriDoesNotMatterNextHopAndFamilyDo) {
  const auto rest = kOriginIgp + kPath65001;
  const auto reach = [&](std::string_view next_hop, std::string_view nlri) {
    return update(
        {},
        attribute(0x80, AttributeType::MpReach, "000201 10" + std::string(next_hop) + "00" + std::string(nlri)) + rest,
        {});
  };
  const auto a = reach("fd000000000000000000000000000001", "20fd000001");
  const auto b = reach("fd000000000000000000000000000001", "30fd0000020003 00");
  const auto c = reach("fd000000000000000000000000000002", "20fd000001");
  EXPECT_EQ(key_bytes(a, Family::Ipv6Unicast), key_bytes(b, Family::Ipv6Unicast));
  EXPECT_EQ(key_hash(a, Family::Ipv6Unicast), key_hash(b, Family::Ipv6Unicast));
  EXPECT_NE(key_bytes(a, Family::Ipv6Unicast), key_bytes(c, Family::Ipv6Unicast));
  EXPECT_NE(key_hash(a, Family::Ipv6Unicast), key_hash(c, Family::Ipv6Unicast));
  EXPECT_NE(key_bytes(a, Family::Ipv6Unicast), key_bytes(a, Family::Ipv4Unicast));
  EXPECT_NE(key_hash(a, Family::Ipv6Unicast), key_hash(a, Family::Ipv4Unicast));

  const auto v4 = update({}, kMandatory, kPrefix);
  EXPECT_EQ(key_bytes(v4, Family::Ipv4Unicast), key_bytes(update(kPrefix, kMandatory, hex("00")), Family::Ipv4Unicast));
}

TEST(AttributeKey, PiecesAroundBothMpAttributesInAnyOrder) {
  const auto unreach = attribute(0x80, AttributeType::MpUnreach, "000201 20 fd000009");
  const auto both = kOriginIgp + kPath65001;
  const Bytes expected = key_bytes(update({}, kMpReachV6 + both, {}), Family::Ipv6Unicast);
  for (const auto& block :
       {both + kMpReachV6, kOriginIgp + kMpReachV6 + kPath65001, kMpReachV6 + unreach + both,
        unreach + kOriginIgp + kMpReachV6 + kPath65001, kOriginIgp + kMpReachV6 + kPath65001 + unreach,
        kOriginIgp + unreach + kPath65001 + kMpReachV6})
    EXPECT_EQ(key_bytes(update({}, block, {}), Family::Ipv6Unicast), expected);
  EXPECT_NE(key_bytes(update({}, kMpReachV6 + kOriginIgp, {}), Family::Ipv6Unicast), expected);
}

TEST(AttributeKey, WrongFlagsOfMpAttributesShow) {
  // Otherwise a good block seen before would lend its attributes to an UPDATE that must be treated as withdrawn.
  auto wrong = kMpReachV6;
  wrong[0] = 0xc0;
  const auto rest = kOriginIgp + kPath65001;
  const auto good = update({}, kMpReachV6 + rest, {});
  const auto bad = update({}, wrong + rest, {});
  EXPECT_EQ(Decoded(bad, external(), Family::Ipv6Unicast).reaction(), Reaction::TreatAsWithdraw);
  EXPECT_NE(key_bytes(good, Family::Ipv6Unicast), key_bytes(bad, Family::Ipv6Unicast));
  EXPECT_NE(key_hash(good, Family::Ipv6Unicast), key_hash(bad, Family::Ipv6Unicast));
  const auto unreach = attribute(0xc0, AttributeType::MpUnreach, "000201 20 fd000009");
  EXPECT_NE(key_bytes(update({}, kMpReachV6 + unreach + rest, {}), Family::Ipv6Unicast),
            key_bytes(good, Family::Ipv6Unicast));
}

}  // namespace
}  // namespace podbgp::wire

// Attributes as values: paths, communities as text, what is sent, and the canonical form.
#include <gtest/gtest.h>

#include "tests/wire/support.hpp"
#include "wire/as_path_codec.hpp"

namespace podbgp::wire {
namespace {

using namespace test;
using Segment = AsSegment::Type;
using net::Asn;
using net::Family;

AsSegment segment(Segment type, std::initializer_list<std::uint32_t> asns) {
  AsSegment s{type, {}};
  for (const auto asn : asns) s.asns.emplace_back(asn);
  return s;
}

AttributeSet sample() {
  AttributeSet set;
  set.as_path = path({65001});
  set.next_hop = address("10.0.0.1");
  return set;
}

std::string encoded(const AttributeSet& set, const EncodeContext& context = {}) {
  Bytes out;
  encode_attributes(set, context, out);
  return to_hex(out);
}

Decoded decoded(const AttributeSet& set, bool four_octet_as, const SessionContext& base = internal()) {
  auto context = base;
  context.four_octet_as = four_octet_as;
  Bytes block;
  encode_attributes(set, {Family::Ipv4Unicast, four_octet_as}, block);
  return Decoded(update({}, block, kPrefix), context);
}

// --- AS_PATH ---

TEST(Rfc4271_9_1_2_2_AsPath, LengthCountsASetOnceAndConfederationsNot) {
  AsPath p;
  EXPECT_EQ(p.length(), 0u);
  p.segments = {segment(Segment::ConfedSequence, {1, 2}), segment(Segment::ConfedSet, {3}),
                segment(Segment::Sequence, {4, 5, 5}), segment(Segment::Set, {6, 7, 8})};
  EXPECT_EQ(p.length(), 4u);
  EXPECT_EQ(p.neighbour(), Asn{4});
  EXPECT_EQ(p.origin_as(), std::nullopt);
  EXPECT_EQ(p.count(Asn{5}), 2u);
  EXPECT_EQ(p.count(Asn{7}), 1u);
  EXPECT_EQ(p.count(Asn{3}), 1u);
  EXPECT_EQ(to_string(p), "(1 2) [3] 4 5 5 {6 7 8}");
}

TEST(Rfc4271_9_1_2_2_AsPath, NeighbourAndOrigin) {
  EXPECT_EQ(AsPath{}.neighbour(), std::nullopt);
  EXPECT_EQ(AsPath{}.origin_as(), std::nullopt);
  EXPECT_EQ(path({1, 2, 3}).neighbour(), Asn{1});
  EXPECT_EQ(path({1, 2, 3}).origin_as(), Asn{3});
  AsPath set;
  set.segments = {segment(Segment::Set, {1}), segment(Segment::Sequence, {2})};
  EXPECT_EQ(set.neighbour(), std::nullopt);
  EXPECT_EQ(set.origin_as(), Asn{2});
}

TEST(Rfc4271_5_1_2_AsPath, PrependGoesBeforeASetAndIntoASequence) {
  AsPath p;
  p.prepend(Asn{1}, 0);
  EXPECT_TRUE(p.segments.empty());
  p.segments = {segment(Segment::Set, {6, 7})};
  p.prepend(Asn{2});
  p.prepend(Asn{1}, 3);
  EXPECT_EQ(to_string(p), "1 1 1 2 {6 7}");
  EXPECT_EQ(p.segments.size(), 2u);
}

TEST(Rfc4271_5_1_2_AsPath, LongSequencesAreCutAndJoinedAgain) {
  auto set = sample();
  set.as_path = path({1});
  set.as_path.prepend(Asn{65001}, 299);
  const auto d = decoded(set, true);
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(d.set(), set);
  EXPECT_EQ(d.set().as_path.segments.size(), 1u);
  EXPECT_EQ(encoded(set).substr(8, 12), "500204b402ff");  // extended length 300 * 4 + 2 * 2, a sequence of 255
}

TEST(AsPathEncoding, ASetThatNoCountCanHoldIsCut) {
  auto set = sample();
  set.as_path.segments = {AsSegment{Segment::Set, std::vector<Asn>(300, Asn{5})}};
  EXPECT_EQ(decoded(set, true).set().as_path.segments[0].asns.size(), 255u);
}

// --- RFC 6793 ---

TEST(Rfc6793_4_2_2_TwoOctetPeer, AsTransAndAs4Path) {
  auto set = sample();
  set.as_path = path({65001, 4200000001});
  set.aggregator = Aggregator{Asn{4200000001}, address("10.0.0.1")};
  EXPECT_EQ(encoded(set, {Family::Ipv4Unicast, false}),
            "40010100"
            "400206"
            "0202fde95ba0"
            "4003040a000001"
            "c00706"
            "5ba00a000001"
            "c0110a"
            "02020000fde9fa56ea01"
            "c01208"
            "fa56ea010a000001");
}

TEST(Rfc6793_4_2_2_TwoOctetPeer, NoAs4AttributesWithoutNeed) {
  auto set = sample();
  set.aggregator = Aggregator{Asn{65535}, address("10.0.0.1")};
  EXPECT_EQ(encoded(set, {Family::Ipv4Unicast, false}),
            "40010100"
            "400204"
            "0201fde9"
            "4003040a000001"
            "c00706"
            "ffff0a000001");
}

TEST(Rfc6793_4_2_2_TwoOctetPeer, As4PathHasNoConfederationSegments) {
  auto set = sample();
  set.as_path.segments = {segment(Segment::ConfedSequence, {70000}), segment(Segment::Sequence, {65001})};
  EXPECT_EQ(encoded(set, {Family::Ipv4Unicast, false}),
            "40010100"
            "400208"
            "0301"
            "5ba0"
            "0201"
            "fde9"
            "4003040a000001"
            "c01106"
            "02010000fde9");
  set.as_path.segments = {segment(Segment::ConfedSequence, {70000})};
  EXPECT_EQ(encoded(set, {Family::Ipv4Unicast, false}),
            "40010100"
            "400204"
            "0301"
            "5ba0"
            "4003040a000001");
}

TEST(Rfc6793_4_2_3_Merge, TheWholePathComesBack) {
  auto set = sample();
  set.as_path.segments = {segment(Segment::Sequence, {65001, 4200000001, 7}), segment(Segment::Set, {4200000002, 8})};
  set.aggregator = Aggregator{Asn{4200000001}, address("10.0.0.1")};
  const auto d = decoded(set, false);
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(d.set(), set);
}

TEST(Rfc6793_4_2_3_Merge, WhatOldSpeakersPrependedStaysInFront) {
  const auto merge = [](const AsPath& a, const AsPath& b) { return to_string(codec::merge_as4_path(a, b)); };
  EXPECT_EQ(merge(path({1, 2, 23456, 4}), path({4200000001, 4})), "1 2 4200000001 4");
  EXPECT_EQ(merge(path({1, 23456}), path({2, 4200000001, 4})), "1 23456");  // longer than the path: ignored
  EXPECT_EQ(merge(path({23456, 4}), path({4200000001, 4})), "4200000001 4");

  AsPath sets;
  sets.segments = {segment(Segment::Sequence, {1}), segment(Segment::Set, {2, 3}), segment(Segment::Sequence, {23456})};
  EXPECT_EQ(merge(sets, path({4200000001})), "1 {2 3} 4200000001");

  AsPath confederation;
  confederation.segments = {segment(Segment::ConfedSequence, {9, 8}), segment(Segment::Sequence, {1, 23456})};
  EXPECT_EQ(merge(confederation, path({4200000001})), "(9 8) 1 4200000001");
  EXPECT_EQ(merge(confederation, path({1, 4200000001})), "(9 8) 1 4200000001");
}

Bytes two_octet_block(std::string_view aggregator, std::string_view as4_path, std::string_view as4_aggregator) {
  Bytes block = kOriginIgp + attribute(0x40, AttributeType::AsPath, "0202 0001 5ba0") + kNextHop;
  if (!aggregator.empty()) block = block + attribute(0xc0, AttributeType::Aggregator, aggregator);
  if (!as4_path.empty()) block = block + attribute(0xc0, AttributeType::As4Path, as4_path);
  if (!as4_aggregator.empty()) block = block + attribute(0xc0, AttributeType::As4Aggregator, as4_aggregator);
  return update({}, block, kPrefix);
}

TEST(Rfc6793_4_2_3_Merge, AggregatorDecidesWhetherAs4AttributesAreStale) {
  const auto context = two_octet(external());
  const char* const path4 = "0201 fa56ea01";
  // Both aggregators, and the short one is a real AS: an old speaker aggregated anew.
  const Decoded stale(two_octet_block("fde9 0a000001", path4, "fa56ea01 0a000002"), context);
  EXPECT_EQ(to_string(stale.set().as_path), "1 23456");
  EXPECT_EQ(stale.set().aggregator->asn, Asn{65001});
  // AS_TRANS: the long one takes its place.
  const Decoded fresh(two_octet_block("5ba0 0a000001", path4, "fa56ea01 0a000002"), context);
  EXPECT_EQ(to_string(fresh.set().as_path), "1 4200000001");
  EXPECT_EQ(fresh.set().aggregator, (Aggregator{Asn{4200000001}, address("10.0.0.2")}));
  // Only one of them: AS4_PATH counts, AS4_AGGREGATOR alone does not.
  const Decoded one(two_octet_block("fde9 0a000001", path4, ""), context);
  EXPECT_EQ(to_string(one.set().as_path), "1 4200000001");
  const Decoded alone(two_octet_block("", path4, "fa56ea01 0a000002"), context);
  EXPECT_EQ(to_string(alone.set().as_path), "1 4200000001");
  EXPECT_FALSE(alone.set().aggregator);
}

TEST(Rfc6793_6_As4Path, Malformed_Discard) {
  for (const auto* text : {"02", "0201 0001", "0200", "0701 00000001", "0201 00000000"}) {
    const Decoded d(two_octet_block("", text, ""), two_octet(external()));
    EXPECT_EQ(d.reaction(), Reaction::AttributeDiscard) << text;
    EXPECT_EQ(to_string(d.set().as_path), "1 23456") << text;
  }
  const Bytes empty = kMandatory + attribute(0xc0, AttributeType::As4Path, "");
  EXPECT_EQ(Decoded(update({}, empty, kPrefix), external()).reaction(), Reaction::AttributeDiscard);
}

TEST(Rfc6793_6_As4Path, ConfederationSegmentsAreDropped) {
  const Decoded d(two_octet_block("", "0301 00000009 0201 fa56ea01 0301 00000009", ""), two_octet(external()));
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(to_string(d.set().as_path), "1 4200000001");
}

TEST(Rfc6793_6_As4Aggregator, Malformed_Discard) {
  for (const auto* text : {"fa56ea01 0a0000", "00000000 0a000001"}) {
    const Decoded d(two_octet_block("5ba0 0a000001", "", text), two_octet(external()));
    EXPECT_EQ(d.reaction(), Reaction::AttributeDiscard) << text;
    EXPECT_EQ(d.set().aggregator->asn, net::kAsTrans);
  }
}

TEST(Rfc6793_4_1_As4Attributes, FromAFourOctetSpeaker_Discard) {
  const auto d = with(attribute(0xc0, AttributeType::As4Path, "0201 fa56ea01") +
                      attribute(0xc0, AttributeType::As4Aggregator, "fa56ea01 0a000002"));
  EXPECT_EQ(d.reaction(), Reaction::AttributeDiscard);
  EXPECT_EQ(to_string(d.set().as_path), "65001");
}

// --- what is sent ---

TEST(Rfc4271_5_Encoding, AscendingTypesAndFlags) {
  AttributeSet set = sample();
  set.origin = Origin::Incomplete;
  set.med = 1;
  set.local_pref = 100;
  set.atomic_aggregate = true;
  set.aggregator = Aggregator{Asn{65001}, address("10.0.0.9")};
  set.communities = {Community{0xfde90064}};
  set.originator_id = net::RouterId{0x0a000002};
  set.cluster_list = {net::RouterId{0x0a000003}};
  set.extended_communities = {ExtendedCommunity{0x0002fde900000001}};
  set.large_communities = {{65001, 1, 2}};
  set.unknown = {{0xe0, 20, hex("aa")}, {0xe0, 200, hex("bb")}};
  EXPECT_EQ(encoded(set),
            "40010102"
            "400206"
            "02010000fde9"
            "4003040a000001"
            "80040400000001"
            "40050400000064"
            "400600"
            "c007080000fde90a000009"
            "c00804fde90064"
            "8009040a000002"
            "800a040a000003"
            "c010080002fde900000001"
            "e01401aa"
            "c0200c0000fde90000000100000002"
            "e0c801bb");
  const auto d = decoded(set, true);
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(d.set(), set);
  EXPECT_EQ(decoded(set, false).set(), set);
}

TEST(Rfc4760_3_Encoding, Ipv6HasNoNextHopAttribute) {
  auto set = sample();
  set.next_hop = address("fd00::1");
  EXPECT_EQ(encoded(set, {Family::Ipv6Unicast, true}),
            "40010100"
            "400206"
            "02010000fde9");
  EXPECT_EQ(encoded(set, {Family::Ipv4Unicast, true}),
            "40010100"
            "400206"
            "02010000fde9");  // RFC 8950
}

TEST(Rfc4271_5_1_2_Encoding, AnEmptyPathIsSentAsSuch) {
  auto set = sample();
  set.as_path = {};
  EXPECT_EQ(encoded(set),
            "40010100"
            "400200"
            "4003040a000001");
}

// --- the canonical form ---

TEST(Canonical, NextHopsInFront) {
  auto set = sample();
  Bytes out;
  encode_canonical(set, out);
  EXPECT_EQ(to_hex(out),
            "04"
            "0a000001"
            "40010100"
            "400207"
            "0200010000fde9");
  set.next_hop = address("fd00::1");
  set.link_local_next_hop = address("fe80::1");
  out.clear();
  encode_canonical(set, out);
  EXPECT_EQ(to_hex(out).substr(0, 66), "20fd000000000000000000000000000001fe800000000000000000000000000001");
  EXPECT_EQ(decode_canonical(out), set);
}

TEST(Canonical, AlsoWhatNoMessageCouldCarry) {
  auto set = sample();
  set.as_path.segments = {segment(Segment::Sequence, {1}), segment(Segment::Sequence, {2}),
                          AsSegment{Segment::Set, std::vector<Asn>(300, Asn{5})}};
  set.link_local_next_hop = address("fe80::1");  // beside an IPv4 next hop
  set.aggregator = Aggregator{Asn{0}, address("0.0.0.0")};
  set.unknown = {{0xe0, 77, Bytes(300, 1)}};
  Bytes out;
  encode_canonical(set, out);
  EXPECT_EQ(decode_canonical(out), set);
}

TEST(Canonical, GarbageDoesNoHarm) {
  for (const auto* text : {"", "ff", "10", "05 0a0a0a0a0a", "14 00", "04 0a000001 4002", "04 0a000001 400203 02ffff",
                           "04 0a000001 c00707 00000000000000"})
    (void)decode_canonical(hex(text));  // under ASan: nothing outside is read
}

// --- text ---

TEST(CommunityText, ReadsAndWrites) {
  EXPECT_EQ(to_string(Community{0xfde90064}), "65001:100");
  EXPECT_EQ(to_string(kNoExport), "no-export");
  EXPECT_EQ(to_string(kBlackhole), "blackhole");
  for (const auto c : {kNoExport, kNoAdvertise, kNoExportSubconfed, kGracefulShutdown, kBlackhole, Community{0},
                       Community{0xfde90064}, Community{0xffffffff}})
    EXPECT_EQ(parse_community(to_string(c)), c) << to_string(c);
  for (const auto* text :
       {"", "1", "65536:1", "1:65536", "1:", ":1", "1:2:3", "-1:2", "a:b", "0x1:2", "1: 2", "internet"})
    EXPECT_FALSE(parse_community(text)) << text;
}

TEST(CommunityText, ExtendedReadsAndWrites) {
  EXPECT_EQ(to_string(ExtendedCommunity{0x0002fde900000064}), "rt:65001:100");
  EXPECT_EQ(to_string(ExtendedCommunity{0x01030a0000010064}), "ro:10.0.0.1:100");
  EXPECT_EQ(to_string(ExtendedCommunity{0x0202fa56ea010064}), "rt:4200000001:100");
  EXPECT_EQ(to_string(ExtendedCommunity{0x02020000fde90064}), "0x02020000fde90064");  // would read back as another
  EXPECT_EQ(to_string(ExtendedCommunity{0x4302000000000000}), "0x4302000000000000");
  for (const std::uint64_t v : {0x0002fde9ffffffffull, 0x01030a0000010064ull, 0x0202fa56ea010064ull,
                                0x02020000fde90064ull, 0xffffffffffffffffull, 0ull, 0x0004fde900000001ull})
    EXPECT_EQ(parse_extended_community(to_string(ExtendedCommunity{v})), ExtendedCommunity{v}) << std::hex << v;
  for (const auto* text : {"", "rt", "rt:1", "xx:1:2", "rt:4200000001:65536", "rt:10.0.0.1:65536", "rt:fd00::1:1",
                           "rt:4294967296:1", "rt:1:4294967296", "0x12", "0x02020000fde900640", "0x02020000fde9006g"})
    EXPECT_FALSE(parse_extended_community(text)) << text;
}

TEST(CommunityText, LargeReadsAndWrites) {
  const LargeCommunity c{4200000001, 1, 4294967295};
  EXPECT_EQ(to_string(c), "4200000001:1:4294967295");
  EXPECT_EQ(parse_large_community(to_string(c)), c);
  for (const auto* text : {"", "1:2", "1:2:3:4", "1:2:4294967296", "1::3", "a:b:c"})
    EXPECT_FALSE(parse_large_community(text)) << text;
}

}  // namespace
}  // namespace podbgp::wire

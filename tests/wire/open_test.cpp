#include "wire/open.hpp"

#include <gtest/gtest.h>

#include "tests/wire/support.hpp"
#include "wire/frame.hpp"
#include "wire/route_refresh.hpp"

namespace podbgp::wire {
namespace {

using namespace test;

Notification open_notification(std::uint8_t subcode, Bytes data = {}) {
  return make_notification(ErrorCode::Open, subcode, std::move(data));
}

// Version 4, AS 65001, hold time 90, 10.0.0.1, and the parameters given.
Bytes open_body(const Bytes& parameters) {
  return hex("04 fde9 005a 0a000001") + Bytes{static_cast<std::uint8_t>(parameters.size())} + parameters;
}

Bytes with_capability(std::string_view capability) {
  const auto value = hex(capability);
  return open_body(Bytes{2, static_cast<std::uint8_t>(value.size())} + value);
}

Capabilities capabilities(std::string_view text) {
  const auto open = decode_open(with_capability(text));
  EXPECT_TRUE(open) << text;
  return open ? open->capabilities : Capabilities{};
}

Open sample() {
  Open open;
  open.my_as = net::Asn{65001};
  open.hold_time = 90;
  open.identifier = net::RouterId{0x0a000001};
  return open;
}

Open round_trip(const Open& open) {
  Bytes message;
  encode_open(open, message);
  const auto frame = next_frame(message, kMaxMessageSize);
  EXPECT_TRUE(frame && *frame && (*frame)->size == message.size());
  const auto decoded = decode_open((*frame)->body);
  EXPECT_TRUE(decoded);
  return decoded ? *decoded : Open{};
}

TEST(Rfc4271_4_2_Open, WithoutParameters) {
  const auto open = decode_open(open_body({}));
  ASSERT_TRUE(open);
  EXPECT_EQ(*open, sample());
  EXPECT_EQ(open->as_number(), net::Asn{65001});
  Bytes out;
  encode_open(*open, out);
  EXPECT_EQ(out, hex("ffffffffffffffffffffffffffffffff 001d 01 04 fde9 005a 0a000001 00"));
}

TEST(Rfc4271_6_2_Open, Version_AnsweredWithFour) {
  for (const std::uint8_t version : Bytes{0, 3, 5, 255}) {
    auto body = open_body({});
    body[0] = version;
    EXPECT_EQ(decode_open(body).error(), open_notification(open_error::kBadVersion, hex("0004")));
  }
}

TEST(Rfc4271_6_2_Open, HoldTimeOneAndTwo_Unacceptable) {
  for (const std::uint8_t seconds : Bytes{0, 1, 2, 3}) {
    auto body = open_body({});
    body[4] = seconds;
    if (seconds == 1 || seconds == 2) {
      EXPECT_EQ(decode_open(body).error(), open_notification(open_error::kBadHoldTime));
    } else {
      EXPECT_TRUE(decode_open(body));
    }
  }
}

TEST(Rfc6286_2_1_Open, IdentifierZero_Bad) {
  EXPECT_EQ(decode_open(hex("04 fde9 005a 00000000 00")).error(), open_notification(open_error::kBadIdentifier));
  EXPECT_TRUE(decode_open(hex("04 fde9 005a ffffffff 00")));  // any other number is good
}

TEST(Rfc7607_2_Open, AsZero_BadPeerAs) {
  EXPECT_EQ(decode_open(hex("04 0000 005a 0a000001 00")).error(), open_notification(open_error::kBadPeerAs));
  EXPECT_EQ(decode_open(with_capability("4104 00000000")).error(), open_notification(open_error::kBadPeerAs));
}

TEST(Rfc4271_6_2_Open, TooShort_BadLength) {
  EXPECT_EQ(decode_open(hex("04fde9")).error(),
            make_notification(ErrorCode::MessageHeader, header_error::kBadLength, hex("0016")));
}

TEST(Rfc4271_6_2_Open, ParametersThatDoNotFit_Unspecific) {
  EXPECT_EQ(decode_open(hex("04fde9005a0a000001 01")).error(), open_notification(open_error::kUnspecific));
  EXPECT_EQ(decode_open(hex("04fde9005a0a000001 00 0200")).error(), open_notification(open_error::kUnspecific));
  EXPECT_EQ(decode_open(open_body(hex("02"))).error(), open_notification(open_error::kUnspecific));
  EXPECT_EQ(decode_open(open_body(hex("0203 0200"))).error(), open_notification(open_error::kUnspecific));
}

TEST(Rfc4271_6_2_Open, UnknownParameter_Unsupported) {
  EXPECT_EQ(decode_open(open_body(hex("0100"))).error(), open_notification(open_error::kBadParameter));
  EXPECT_EQ(decode_open(open_body(hex("0300"))).error(), open_notification(open_error::kBadParameter));
}

TEST(Rfc5492_4_Capabilities, OverSeveralParametersOrInOne) {
  const auto split = decode_open(open_body(hex("0206 010400010001 0202 0200 0206 4104fa56ea01")));
  const auto whole = decode_open(open_body(hex("020e 010400010001 0200 4104fa56ea01")));
  ASSERT_TRUE(split && whole);
  EXPECT_EQ(*split, *whole);
  EXPECT_EQ(whole->as_number(), net::Asn{4200000001});
}

TEST(Rfc5492_4_Capabilities, UnknownOnesAreKept) {
  const auto c = capabilities("8000 4905 0366727200");
  ASSERT_EQ(c.unknown.size(), 2u);
  EXPECT_EQ(c.unknown[0], (RawCapability{0x80, {}}));
  EXPECT_EQ(c.unknown[1], (RawCapability{0x49, hex("0366727200")}));
}

TEST(Rfc5492_4_Capabilities, MalformedValueOfAKnownOne_Unspecific) {
  for (const auto* text : {"0103000100", "01050001000100", "020100", "060100", "460100", "41020001", "4105000000fde9",
                           "400100", "4003000000", "45030001 01", "4505000101 0300", "0505000100010", "0204"})
    EXPECT_EQ(decode_open(with_capability(text)).error(), open_notification(open_error::kUnspecific)) << text;
}

TEST(Rfc4760_8_Multiprotocol, FamiliesOnceEach) {
  const auto c = capabilities("0104 0001 00 01  0104 0002 ff 01  0104 0001 00 01  0104 0019 00 41");
  EXPECT_EQ(c.multiprotocol, (std::vector<AfiSafi>{{1, 1}, {2, 1}, {25, 65}}));
}

TEST(Rfc4724_3_GracefulRestart, BitsTimeAndFamilies) {
  const auto c = capabilities("400a c078 0001 01 80 0002 01 00");
  ASSERT_TRUE(c.graceful_restart);
  EXPECT_TRUE(c.graceful_restart->restarting);
  EXPECT_TRUE(c.graceful_restart->notification);
  EXPECT_EQ(c.graceful_restart->restart_time, 120);
  ASSERT_EQ(c.graceful_restart->families.size(), 2u);
  EXPECT_TRUE(c.graceful_restart->families[0].forwarding_preserved);
  EXPECT_FALSE(c.graceful_restart->families[1].forwarding_preserved);
}

TEST(Rfc4724_3_GracefulRestart, WithoutFamilies_ToAskForEndOfRib) {
  Open open = sample();
  open.capabilities.graceful_restart = GracefulRestartCapability{};
  open.capabilities.graceful_restart->restart_time = 120;
  Bytes out;
  encode_open(open, out);
  EXPECT_EQ(to_hex(ByteSpan(out).subspan(28)),
            "06"
            "0204"
            "40020078");
  EXPECT_EQ(round_trip(open), open);
}

TEST(Rfc4724_3_GracefulRestart, OfSeveralTheLastCounts) {
  EXPECT_EQ(capabilities("4006 0001 00010100 4002 0005").graceful_restart->restart_time, 5);
  EXPECT_TRUE(capabilities("4006 0001 00010100 4002 0005").graceful_restart->families.empty());
}

TEST(Rfc7911_4_AddPath, ModesAndUnknownModes) {
  const auto c = capabilities("450c 000101 01 000201 03 000102 04");
  ASSERT_EQ(c.add_path.size(), 2u);  // mode 4 is ignored
  EXPECT_EQ(c.add_path[0], (AddPathCapability{{1, 1}, true, false}));
  EXPECT_EQ(c.add_path[1], (AddPathCapability{{2, 1}, true, true}));
  EXPECT_EQ(capabilities("4508 000101 01 000101 02").add_path, (std::vector<AddPathCapability>{{{1, 1}, false, true}}));
}

TEST(Rfc8950_4_ExtendedNextHop, Tuples) {
  const auto c = capabilities("050c 0001 0001 0002  0001 0100 0002");
  ASSERT_EQ(c.extended_next_hop.size(), 1u);  // there is no SAFI 256
  EXPECT_EQ(c.extended_next_hop[0], (ExtendedNextHopCapability{{1, 1}, 2}));
}

TEST(Rfc9072_2_Open, ExtendedFormIsUnderstood) {
  const auto capability = hex("4104fa56ea01");
  const auto parameter = hex("02 0006") + capability;
  const auto open = decode_open(hex("04fde9005a0a000001 ff ff 0009") + parameter);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->as_number(), net::Asn{4200000001});
  // The one-octet length is of no meaning, unless it is 0: then there are no parameters, and what follows is too much.
  EXPECT_TRUE(decode_open(hex("04fde9005a0a000001 07 ff 0009") + parameter));
  EXPECT_EQ(decode_open(hex("04fde9005a0a000001 00 ff 0009") + parameter).error(),
            open_notification(open_error::kUnspecific));
  EXPECT_EQ(decode_open(hex("04fde9005a0a000001 ff ff 000a") + parameter).error(),
            open_notification(open_error::kUnspecific));
  EXPECT_EQ(decode_open(hex("04fde9005a0a000001 ff ff 00")).error(), open_notification(open_error::kUnspecific));
}

TEST(Rfc9072_2_Open, ExtendedFormIsSentOnlyWhereItMustBe) {
  Open open = sample();
  open.capabilities.unknown.push_back({200, Bytes(249, 1)});  // 251 of capabilities, 253 of parameters
  Bytes out;
  encode_open(open, out);
  EXPECT_EQ(out[28], 253);
  EXPECT_EQ(out[29], 2);
  open.capabilities.unknown.push_back({201, {1}});
  out.clear();
  encode_open(open, out);
  EXPECT_EQ(to_hex(ByteSpan(out).subspan(28, 7)),
            "ff"
            "ff"
            "0101"
            "02"
            "00fe");
  EXPECT_EQ(round_trip(open), open);
}

TEST(Rfc6793_3_FourOctetAs, AsTransInTheShortField) {
  Open open = sample();
  open.my_as = net::Asn{4200000001};
  open.capabilities.four_octet_as = open.my_as;
  const auto back = round_trip(open);
  EXPECT_EQ(back.my_as, net::kAsTrans);
  EXPECT_EQ(back.as_number(), net::Asn{4200000001});
}

TEST(OpenEncoding, EverythingAtOnceComesBack) {
  Open open = sample();
  auto& c = open.capabilities;
  c.multiprotocol = {{1, 1}, {2, 1}};
  c.route_refresh = c.enhanced_route_refresh = c.extended_message = true;
  c.four_octet_as = net::Asn{65001};
  c.graceful_restart = GracefulRestartCapability{true, true, 4095, {{{1, 1}, true}, {{2, 1}, false}}};
  c.add_path = {{{1, 1}, true, true}, {{2, 1}, false, true}};
  c.extended_next_hop = {{{1, 1}, 2}};
  c.unknown = {{0x49, hex("0366727200")}};
  EXPECT_EQ(round_trip(open), open);
}

TEST(OpenEncoding, ListsTooLongForOneCapabilityAreCutIntoSeveral) {
  Open open = sample();
  for (std::uint16_t i = 0; i < 100; ++i) {
    open.capabilities.add_path.push_back({{i, 1}, true, false});
    open.capabilities.extended_next_hop.push_back({{i, 1}, 2});
  }
  EXPECT_EQ(round_trip(open), open);
}

TEST(OpenEncoding, NeverBeyondAMessage) {
  Open open = sample();
  open.capabilities.route_refresh = true;
  for (int i = 0; i < 40; ++i) open.capabilities.unknown.push_back({static_cast<std::uint8_t>(100 + i), Bytes(250, 1)});
  open.capabilities.unknown.push_back({199, Bytes(256, 1)});  // no capability can be that long
  const auto back = round_trip(open);
  EXPECT_TRUE(back.capabilities.route_refresh);
  EXPECT_EQ(back.capabilities.unknown.size(), 16u);  // what fits into 4096 octets, whole
}

TEST(Rfc2918_3_RouteRefresh, EncodesAndDecodes) {
  Bytes out;
  encode_route_refresh({{2, 1}, 0}, out);
  EXPECT_EQ(out, hex("ffffffffffffffffffffffffffffffff 0017 05 0002 00 01"));
  EXPECT_EQ(*decode_route_refresh(ByteSpan(out).subspan(kHeaderSize)), (RouteRefresh{{2, 1}, 0}));
}

TEST(Rfc7313_4_RouteRefresh, SubtypesAreHandedOn) {
  for (const std::uint8_t subtype : Bytes{1, 2, 77})
    EXPECT_EQ(*decode_route_refresh(hex("0001") + Bytes{subtype, 1}), (RouteRefresh{{1, 1}, subtype}));
}

TEST(Rfc7313_5_RouteRefresh, WrongLength_InvalidMessageLengthWithTheMessage) {
  const auto n = decode_route_refresh(hex("0001 01 01 00")).error();
  EXPECT_EQ(n, (Notification{7, 1, hex("ffffffffffffffffffffffffffffffff 0018 05 0001010100")}));
  EXPECT_FALSE(decode_route_refresh(hex("000101")));
}

}  // namespace
}  // namespace podbgp::wire

#include "wire/notification.hpp"

#include <set>

#include <gtest/gtest.h>

#include "tests/wire/support.hpp"
#include "net/utf8.hpp"

namespace podbgp::wire {
namespace {

using namespace test;

TEST(Rfc4271_4_5_Notification, EncodesAndDecodes) {
  const auto n = make_notification(ErrorCode::Update, update_error::kAttributeLength, hex("400500"));
  Bytes out;
  encode_notification(n, out);
  EXPECT_EQ(out, hex("ffffffffffffffffffffffffffffffff 0018 03 03 05 400500"));
  const auto decoded = decode_notification(ByteSpan(out).subspan(kHeaderSize));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, n);
}

TEST(Rfc4271_4_5_Notification, TooShort_BadLength) {
  EXPECT_EQ(decode_notification(hex("")).error(),
            make_notification(ErrorCode::MessageHeader, header_error::kBadLength, hex("0013")));
  EXPECT_EQ(decode_notification(hex("06")).error(),
            make_notification(ErrorCode::MessageHeader, header_error::kBadLength, hex("0014")));
}

TEST(Rfc4271_4_5_Notification, DataIsCutToAMessage) {
  Bytes out;
  encode_notification(make_notification(ErrorCode::Update, 1, Bytes(60000, 7)), out);
  EXPECT_EQ(out.size(), kMaxMessageSize);
  EXPECT_EQ(out[16], 0x10);
  EXPECT_EQ(out[17], 0x00);
}

TEST(Rfc9003_2_Shutdown, TextWithLength) {
  EXPECT_EQ(make_shutdown(cease::kAdminShutdown, "bye").data, hex("03 627965"));
  EXPECT_EQ(make_shutdown(cease::kAdminShutdown, "").data, Bytes{});
  EXPECT_EQ(make_shutdown(cease::kCollision, "bye").data, Bytes{});  // has no text by definition
  EXPECT_EQ(shutdown_text(make_shutdown(cease::kAdminReset, "réseau")), "réseau");
}

TEST(Rfc9003_2_Shutdown, TextIsCutAt255OctetsBetweenCharacters) {
  const auto ascii = make_shutdown(cease::kAdminShutdown, std::string(300, 'x'));
  EXPECT_EQ(ascii.data.size(), 256u);
  EXPECT_EQ(ascii.data[0], 255);
  std::string text(254, 'x');
  text += "é";  // octets 255 and 256
  EXPECT_EQ(make_shutdown(cease::kAdminShutdown, text).data[0], 254);
}

TEST(Rfc9003_2_Shutdown, TextOfThePeerIsMadePrintable) {
  const auto with_text = [](Bytes data) { return Notification{6, 2, std::move(data)}; };
  EXPECT_EQ(shutdown_text(with_text(hex("05 610a1b7f62"))), "a???b");
  EXPECT_EQ(shutdown_text(with_text(hex("03 61ff62"))),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(shutdown_text(with_text(hex("05 6162"))), std::nullopt);  // length beyond the data
  EXPECT_EQ(shutdown_text(with_text(hex("00"))), std::nullopt);
  EXPECT_EQ(shutdown_text(with_text({})), std::nullopt);
  EXPECT_EQ(shutdown_text(Notification{6, 3, hex("0161")}), std::nullopt);
  EXPECT_EQ(shutdown_text(Notification{3, 2, hex("0161")}), std::nullopt);
}

TEST(Rfc8538_3_1_HardReset, ShowsTheNotificationInside) {
  const Notification n{6, 9, hex("06 02 03 627965")};
  EXPECT_EQ(shutdown_text(n), "bye");
  EXPECT_EQ(to_string(n), "Cease/Hard Reset for Cease/Administrative Shutdown: bye");
  EXPECT_EQ(to_string(Notification{6, 9, hex("0400")}), "Cease/Hard Reset for Hold Timer Expired");
  EXPECT_EQ(to_string(Notification{6, 9, hex("04")}), "Cease/Hard Reset (data 04)");
  // Nested in itself it stays a text, not a recursion without end.
  EXPECT_EQ(shutdown_text(Notification{6, 9, hex("0609 0602 03627965")}), std::nullopt);
}

TEST(Rfc4486_4_Cease, ThePrefixLimitIsReadable) {
  EXPECT_EQ(to_string(Notification{6, 1, hex("0001 01 000003e8")}),
            "Cease/Maximum Number of Prefixes Reached (ipv4, limit 1000)");
  EXPECT_EQ(to_string(Notification{6, 1, hex("0002 01 0000000a")}),
            "Cease/Maximum Number of Prefixes Reached (ipv6, limit 10)");
  EXPECT_EQ(to_string(Notification{6, 1, hex("0019 41 00000001")}),
            "Cease/Maximum Number of Prefixes Reached (AFI 25 SAFI 65, limit 1)");
  EXPECT_EQ(to_string(Notification{6, 1, {}}), "Cease/Maximum Number of Prefixes Reached");
  EXPECT_EQ(to_string(Notification{6, 1, hex("000101")}), "Cease/Maximum Number of Prefixes Reached (data 000101)");
  EXPECT_EQ(to_string(Notification{6, 1, hex("0001 01 000003e8 00")}),
            "Cease/Maximum Number of Prefixes Reached (data 000101000003e800)");
}

TEST(NotificationText, NamesCodesAndKeepsUnknownOnes) {
  EXPECT_EQ(to_string(make_shutdown(2, "maintenance at noon")), "Cease/Administrative Shutdown: maintenance at noon");
  EXPECT_EQ(to_string(Notification{4, 0, {}}), "Hold Timer Expired");
  EXPECT_EQ(to_string(Notification{3, 11, hex("4002")}), "UPDATE Message Error/Malformed AS_PATH (data 4002)");
  EXPECT_EQ(to_string(Notification{6, 77, {}}), "Cease/subcode 77");
  EXPECT_EQ(to_string(Notification{99, 1, {}}), "code 99/subcode 1");
  EXPECT_EQ(to_string(Notification{3, 1, Bytes(40, 0xab)}),
            "UPDATE Message Error/Malformed Attribute List (data abababababababababababababababab… 40 octets)");
}

TEST(NotificationText, TokensAreStableAndDistinct) {
  EXPECT_EQ(reason_token(Notification{4, 0, {}}), "hold-timer-expired");
  EXPECT_EQ(reason_token(Notification{8, 0, {}}), "send-hold-timer-expired");
  EXPECT_EQ(reason_token(Notification{6, 2, {}}), "cease-admin-shutdown");
  EXPECT_EQ(reason_token(Notification{2, 2, {}}), "open-bad-peer-as");
  EXPECT_EQ(reason_token(Notification{5, 3, {}}), "fsm-error-established");
  EXPECT_EQ(reason_token(Notification{2, 0, {}}), "open-error");
  EXPECT_EQ(reason_token(Notification{2, 250, {}}), "open-error-250");
  EXPECT_EQ(reason_token(Notification{42, 0, {}}), "code-42");
  std::set<std::string> tokens;
  int count = 0;
  for (unsigned code = 1; code <= 9; ++code) {
    for (unsigned subcode = 0; subcode <= 12; ++subcode, ++count) {
      const auto token = reason_token({static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(subcode), {}});
      EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos) << token;
      tokens.insert(token);
    }
  }
  EXPECT_EQ(tokens.size(), static_cast<std::size_t>(count));
}

TEST(Utf8, ValidIsWhatStandsBeforeTheFirstBadOctet) {
  EXPECT_EQ(net::utf8_valid(""), 0u);
  EXPECT_EQ(net::utf8_valid("h\xC3\xA9\n"), 4u);
  EXPECT_EQ(net::utf8_valid("h\xC3\xA9\xE9x"), 3u);
  EXPECT_EQ(net::utf8_valid("a\xE2\x82"), 1u);
}

TEST(Utf8, RepairedKeepsAllThatIsUtf8) {
  EXPECT_EQ(net::utf8_repaired("a\n\xC3\xA9\x1b"), "a\n\xC3\xA9\x1b");
  EXPECT_EQ(net::utf8_repaired("a\n\xE9"), "a\n\xEF\xBF\xBD");
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(net::utf8_printable("\xC0\x80"), bad + bad);                      // overlong
  EXPECT_EQ(net::utf8_printable("\xE0\x80\x80"), bad + bad + bad);            // overlong
  EXPECT_EQ(net::utf8_printable("\xED\xA0\x80"), bad + bad + bad);            // surrogate
  EXPECT_EQ(net::utf8_printable("\xF4\x90\x80\x80"), bad + bad + bad + bad);  // beyond U+10FFFF
  EXPECT_EQ(net::utf8_printable("\xE2\x82"), bad + bad);                      // cut short
  EXPECT_EQ(net::utf8_printable("\xE2\x82\xAC \xF0\x9F\x98\x80"), "€ 😀");
  EXPECT_EQ(net::utf8_printable("a\xE2\x80\xAE b\xC2\x85"), "a? b?");  // direction override, C1
}

}  // namespace
}  // namespace podbgp::wire

#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include "tests/wire/support.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {
namespace {

using namespace test;

Bytes message(std::size_t size, std::uint8_t type) {
  Bytes m(16, 0xff);
  m = m + u16(size);
  m.push_back(type);
  m.resize(std::max<std::size_t>(m.size(), size));
  return m;
}

Notification error(const Bytes& buffer, std::size_t max_size = kMaxMessageSize) {
  const auto frame = next_frame(buffer, max_size);
  EXPECT_FALSE(frame.has_value());
  return frame ? Notification{} : frame.error();
}

TEST(Rfc4271_4_1_Header, FrameIsAViewWithoutTheHeader) {
  auto buffer = message(23, 2) + message(19, 4);
  buffer[19] = 0x42;
  const auto frame = next_frame(buffer, kMaxMessageSize);
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->type, MessageType::Update);
  EXPECT_EQ((*frame)->size, 23u);
  EXPECT_EQ((*frame)->body.data(), buffer.data() + 19);
  EXPECT_EQ((*frame)->body.size(), 4u);
  const auto second = next_frame(ByteSpan(buffer).subspan(23), kMaxMessageSize);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->type, MessageType::Keepalive);
}

TEST(Rfc4271_4_1_Header, EveryPrefixOfAMessageAsksForMore) {
  const auto whole = message(40, 2);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto frame = next_frame(ByteSpan(whole).first(n), kMaxMessageSize);
    ASSERT_TRUE(frame.has_value()) << n;
    EXPECT_FALSE(frame->has_value()) << n;
  }
}

TEST(Rfc4271_6_1_Header, MarkerNotAllOnes_NotSynchronized) {
  for (std::size_t i = 0; i < 16; ++i) {
    auto m = message(19, 4);
    m[i] = 0xfe;
    EXPECT_EQ(error(m), make_notification(ErrorCode::MessageHeader, header_error::kNotSynchronized)) << i;
  }
  EXPECT_EQ(error(hex("474554")), make_notification(ErrorCode::MessageHeader, header_error::kNotSynchronized));
}

TEST(Rfc4271_6_1_Header, LengthOutOfBounds_BadLengthWithTheField) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{18}, std::size_t{4097}, std::size_t{65535}})
    EXPECT_EQ(error(message(size, 2)),
              make_notification(ErrorCode::MessageHeader, header_error::kBadLength, u16(size)));
}

TEST(Rfc4271_6_1_Header, LeastLengthOfEachType) {
  const struct {
    std::uint8_t type;
    std::size_t least;
  } rows[] = {{1, 29}, {2, 23}, {3, 21}, {4, 19}, {5, 23}};
  for (const auto& row : rows) {
    EXPECT_TRUE(next_frame(message(row.least, row.type), kMaxMessageSize)) << int{row.type};
    const auto wrong = row.type == 4 ? row.least + 1 : row.least - 1;
    EXPECT_EQ(error(message(wrong, row.type)),
              make_notification(ErrorCode::MessageHeader, header_error::kBadLength, u16(wrong)))
        << int{row.type};
  }
}

TEST(Rfc4271_6_1_Header, UnknownType_BadTypeWithTheField) {
  for (const std::uint8_t type : Bytes{0, 6, 255})
    EXPECT_EQ(error(message(19, type)), make_notification(ErrorCode::MessageHeader, header_error::kBadType, {type}));
}

TEST(Rfc8654_4_ExtendedMessage, LongMessagesOfAllTypesButOpenAndKeepalive) {
  for (const std::uint8_t type : Bytes{2, 3, 5}) {
    const auto m = message(65535, type);
    const auto frame = next_frame(m, kMaxExtendedMessageSize);
    ASSERT_TRUE(frame && *frame) << int{type};
    EXPECT_EQ((*frame)->body.size(), 65535u - 19u);
  }
  EXPECT_EQ(error(message(4097, 1), kMaxExtendedMessageSize).subcode, header_error::kBadLength);
  EXPECT_EQ(error(message(20, 4), kMaxExtendedMessageSize).subcode, header_error::kBadLength);
}

TEST(Rfc4271_4_4_Keepalive, IsTheHeaderAlone) {
  Bytes out{0x01};  // appended, not overwritten
  encode_keepalive(out);
  EXPECT_EQ(out, hex("01 ffffffffffffffffffffffffffffffff 0013 04"));
}

TEST(Reader, ReadsPastTheEndAreZeroAndSticky) {
  const Bytes bytes = hex("0102030405");
  Reader r(bytes);
  EXPECT_EQ(r.u16(), 0x0102);
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0);
  EXPECT_TRUE(r.empty());
  EXPECT_FALSE(Reader(bytes).sub(6).ok());
  EXPECT_TRUE(Reader(bytes).sub(5).ok());
}

TEST(Writer, WhatDoesNotFitIsNotWritten) {
  Bytes out = hex("aa");
  Writer w(out, 3);
  w.u16(0x0102);
  w.u16(0x0304);
  EXPECT_FALSE(w.ok());
  w.u8(5);
  EXPECT_EQ(out, hex("aa0102"));
  w.rewind(1);
  w.u8(9);
  EXPECT_TRUE(w.ok());
  EXPECT_EQ(out, hex("aa0109"));
}

}  // namespace
}  // namespace podbgp::wire

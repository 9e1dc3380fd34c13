#include "wire/frame.hpp"

#include <algorithm>
#include <cstring>

#include "wire/writer.hpp"

namespace podbgp::wire {
namespace {

constexpr std::size_t kMarkerSize = 16;
constexpr std::uint8_t kMarker[kMarkerSize] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct SizeLimits {
  std::size_t min;
  std::size_t max;  // header included
};

// RFC 4271 §6.1: the least length of each type; a KEEPALIVE has exactly one.
SizeLimits limits_of(MessageType type, std::size_t max_size) {
  switch (type) {
    case MessageType::Open: return {29, kMaxMessageSize};  // RFC 8654 §4: extended messages are not for OPEN
    case MessageType::Update: return {23, max_size};
    case MessageType::Notification: return {21, max_size};
    case MessageType::Keepalive: return {kHeaderSize, kHeaderSize};
    case MessageType::RouteRefresh: return {23, max_size};
  }
  return {kHeaderSize, max_size};
}

Notification bad_length(std::size_t size) {  // RFC 4271 §6.1: the data field holds the erroneous Length field
  return make_notification(ErrorCode::MessageHeader, header_error::kBadLength,
                           {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
}

}  // namespace

net::Result<std::optional<Frame>, Notification> next_frame(ByteSpan buffer, std::size_t max_size) {
  // The marker is looked at as soon as there is some of it: a peer that does not speak BGP need not send 19 octets to
  // be told.
  if (const auto n = std::min(buffer.size(), kMarkerSize); n != 0 && std::memcmp(buffer.data(), kMarker, n) != 0)
    return net::fail(make_notification(ErrorCode::MessageHeader, header_error::kNotSynchronized));
  if (buffer.size() < kHeaderSize) return std::optional<Frame>{};

  const std::size_t size = (std::size_t{buffer[16]} << 8) | buffer[17];
  const std::uint8_t type = buffer[18];
  if (size < kHeaderSize || size > max_size) return net::fail(bad_length(size));
  if (type < static_cast<std::uint8_t>(MessageType::Open) ||
      type > static_cast<std::uint8_t>(MessageType::RouteRefresh))
    return net::fail(make_notification(ErrorCode::MessageHeader, header_error::kBadType, {type}));
  const auto limits = limits_of(MessageType{type}, max_size);
  if (size < limits.min || size > limits.max) return net::fail(bad_length(size));

  if (buffer.size() < size) return std::optional<Frame>{};
  return Frame{MessageType{type}, buffer.subspan(kHeaderSize, size - kHeaderSize), size};
}

void encode_keepalive(Bytes& out) {
  Writer w(out);
  write_header(w, MessageType::Keepalive);
  finish_message(w);
}

void write_header(Writer& writer, MessageType type) {
  writer.bytes(kMarker);
  writer.u16(0);
  writer.u8(static_cast<std::uint8_t>(type));
}

void finish_message(Writer& writer) { writer.patch_u16(kMarkerSize, writer.size()); }

}  // namespace podbgp::wire

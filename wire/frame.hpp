// Framing (RFC 4271 §4.1, §6.1).
#pragma once

#include <optional>

#include "wire/notification.hpp"

namespace podbgp::wire {

struct Frame {
  MessageType type{};
  ByteSpan body;          // without the header; a view into the buffer given
  std::size_t size = 0;   // header included: what to consume
};

// nullopt: more bytes are needed. `max_size` is 4096, or 65535 once extended messages were negotiated (RFC 8654; OPEN and
// KEEPALIVE stay at 4096).
[[nodiscard]] net::Result<std::optional<Frame>, Notification> next_frame(ByteSpan buffer, std::size_t max_size);

void encode_keepalive(Bytes& out);

}  // namespace podbgp::wire

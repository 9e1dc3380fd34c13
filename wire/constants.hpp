// Numbers of RFC 4271 and its extensions that more than one file needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace podbgp::wire {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

inline constexpr std::size_t kHeaderSize = 19;             // RFC 4271 §4.1
inline constexpr std::size_t kMaxMessageSize = 4096;       // RFC 4271 §4.1
inline constexpr std::size_t kMaxExtendedMessageSize = 65535;  // RFC 8654

enum class MessageType : std::uint8_t { Open = 1, Update = 2, Notification = 3, Keepalive = 4, RouteRefresh = 5 };

enum class ErrorCode : std::uint8_t {
  MessageHeader = 1,
  Open = 2,
  Update = 3,
  HoldTimer = 4,
  Fsm = 5,
  Cease = 6,
  RouteRefresh = 7,  // RFC 7313
  SendHold = 8,      // RFC 9687
};

namespace header_error {  // RFC 4271 §6.1
inline constexpr std::uint8_t kNotSynchronized = 1, kBadLength = 2, kBadType = 3;
}
namespace open_error {  // RFC 4271 §6.2, RFC 5492 §5
inline constexpr std::uint8_t kUnspecific = 0, kBadVersion = 1, kBadPeerAs = 2, kBadIdentifier = 3, kBadParameter = 4,
                              kBadHoldTime = 6, kBadCapability = 7;
}
namespace update_error {  // RFC 4271 §6.3
inline constexpr std::uint8_t kMalformedAttributeList = 1, kUnrecognizedWellKnown = 2, kMissingWellKnown = 3,
                              kAttributeFlags = 4, kAttributeLength = 5, kInvalidOrigin = 6, kInvalidNextHop = 8,
                              kOptionalAttribute = 9, kInvalidNetworkField = 10, kMalformedAsPath = 11;
}
namespace fsm_error {  // RFC 6608
inline constexpr std::uint8_t kUnspecific = 0, kInOpenSent = 1, kInOpenConfirm = 2, kInEstablished = 3;
}
namespace cease {  // RFC 4486, RFC 8538
inline constexpr std::uint8_t kMaxPrefixes = 1, kAdminShutdown = 2, kPeerDeconfigured = 3, kAdminReset = 4,
                              kConnectionRejected = 5, kOtherConfigChange = 6, kCollision = 7, kOutOfResources = 8,
                              kHardReset = 9;
}

}  // namespace podbgp::wire

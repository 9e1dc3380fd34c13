// Names of things that cross floors.
#pragma once

#include <cstdint>
#include <string>

#include "net/strong.hpp"

namespace podbgp::net {

// An AS number, 4 octets (RFC 6793). 0 is never a valid AS on the wire (RFC 7607).
using Asn = Strong<struct AsnTag, std::uint32_t>;
inline constexpr Asn kAsTrans{23456};  // RFC 6793 §9

// A dense index of a peer, given by the RIB when the peer is added and reused after it was removed and its paths are gone.
using PeerId = Strong<struct PeerIdTag, std::uint16_t>;

// ADD-PATH path identifier (RFC 7911 §3); 0 where ADD-PATH is not in use.
using PathId = Strong<struct PathIdTag, std::uint32_t>;

// BGP Identifier (RFC 6286): 32 bits in host order, printed as a dotted quad. 0 is invalid.
class RouterId {
 public:
  constexpr RouterId() = default;
  constexpr explicit RouterId(std::uint32_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
  friend constexpr auto operator<=>(const RouterId&, const RouterId&) = default;

 private:
  std::uint32_t value_ = 0;
};

[[nodiscard]] inline std::string to_string(RouterId id) {
  const auto v = id.value();
  return fmt::format("{}.{}.{}.{}", v >> 24, (v >> 16) & 0xff, (v >> 8) & 0xff, v & 0xff);
}

}  // namespace podbgp::net

template <>
struct std::hash<podbgp::net::RouterId> {
  std::size_t operator()(podbgp::net::RouterId id) const noexcept { return std::hash<std::uint32_t>{}(id.value()); }
};

template <>
struct fmt::formatter<podbgp::net::RouterId> : fmt::formatter<std::string> {
  template <class Context>
  auto format(podbgp::net::RouterId id, Context& ctx) const {
    return fmt::formatter<std::string>::format(to_string(id), ctx);
  }
};

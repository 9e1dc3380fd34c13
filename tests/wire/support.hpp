// What the tests of wire/ share: octets from text, and UPDATEs put together attribute by attribute.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "wire/update.hpp"

namespace podbgp::wire::test {

inline Bytes hex(std::string_view text) {  // spaces are ignored
  Bytes out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

inline std::string to_hex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const auto b : bytes) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes u16(std::size_t v) { return {static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)}; }

inline Bytes attribute(std::uint8_t flags, AttributeType type, std::string_view value_hex) {
  const auto value = hex(value_hex);
  Bytes out{flags, static_cast<std::uint8_t>(type)};
  out = out + ((flags & 0x10) != 0 ? u16(value.size()) : Bytes{static_cast<std::uint8_t>(value.size())});
  return out + value;
}

inline const Bytes kOriginIgp = attribute(0x40, AttributeType::Origin, "00");
inline const Bytes kPath65001 = attribute(0x40, AttributeType::AsPath, "0201 0000fde9");
inline const Bytes kNextHop = attribute(0x40, AttributeType::NextHop, "0a000001");
inline const Bytes kMandatory = kOriginIgp + kPath65001 + kNextHop;
inline const Bytes kPrefix = hex("18 0af401");  // 10.244.1.0/24
inline const Bytes kMpReachV6 =                 // fd00:1::/32 via fd00::1
    attribute(0x80, AttributeType::MpReach, "0002 01 10 fd000000000000000000000000000001 00 20 fd000001");

inline Bytes update(const Bytes& withdrawn, const Bytes& attributes, const Bytes& nlri) {
  return u16(withdrawn.size()) + withdrawn + u16(attributes.size()) + attributes + nlri;
}

inline SessionContext external() {
  SessionContext context;
  context.families = {net::Family::Ipv4Unicast, net::Family::Ipv6Unicast};
  return context;
}
inline SessionContext internal() {
  auto context = external();
  context.external = false;
  return context;
}
inline SessionContext two_octet(SessionContext context) {
  context.four_octet_as = false;
  return context;
}

// Scans and decodes one UPDATE; the body is kept because views point into it.
struct Decoded {
  Bytes body;
  net::Result<UpdateView, UpdateError> scanned;
  DecodedAttributes attributes;

  explicit Decoded(Bytes b, const SessionContext& context = external(), net::Family family = net::Family::Ipv4Unicast)
      : body(std::move(b)), scanned(scan_update(body, context)) {
    if (scanned) attributes = decode_attributes(*scanned, family, context);
  }
  [[nodiscard]] Reaction reaction() const { return scanned ? attributes.reaction : scanned.error().reaction; }
  [[nodiscard]] const AttributeSet& set() const { return attributes.set; }
};

// The attributes given beside the mandatory ones, with one IPv4 prefix.
inline Decoded with(const Bytes& extra, const SessionContext& context = external()) {
  return Decoded(update({}, kMandatory + extra, kPrefix), context);
}

inline AsPath path(std::initializer_list<std::uint32_t> asns) {
  AsPath p;
  AsSegment segment;
  for (const auto asn : asns) segment.asns.emplace_back(asn);
  p.segments.push_back(std::move(segment));
  return p;
}

inline net::IpAddress address(std::string_view text) { return *net::IpAddress::parse(text); }

}  // namespace podbgp::wire::test

// IpAddress: an IPv4 or IPv6 address as a value. Bytes are in network order. No zone: an interface is named beside it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "net/family.hpp"

namespace podbgp::net {

class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  [[nodiscard]] static constexpr IpAddress v4(std::uint32_t host_order) {
    IpAddress a;
    for (int i = 0; i < 4; ++i) a.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    return a;
  }
  [[nodiscard]] static constexpr IpAddress v4(std::span<const std::uint8_t, 4> bytes) {
    IpAddress a;
    for (int i = 0; i < 4; ++i) a.bytes_[i] = bytes[i];
    return a;
  }
  [[nodiscard]] static constexpr IpAddress v6(std::span<const std::uint8_t, 16> bytes) {
    IpAddress a;
    a.is_v6_ = true;
    for (int i = 0; i < 16; ++i) a.bytes_[i] = bytes[i];
    return a;
  }
  // Text forms of RFC 4291 §2.2 and dotted quads; no zone, no brackets, no surrounding space.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr bool is_v4() const { return !is_v6_; }
  [[nodiscard]] constexpr bool is_v6() const { return is_v6_; }
  [[nodiscard]] constexpr Family family() const { return is_v6_ ? Family::Ipv6Unicast : Family::Ipv4Unicast; }
  [[nodiscard]] constexpr unsigned bit_length() const { return is_v6_ ? 128 : 32; }
  [[nodiscard]] constexpr std::span<const std::uint8_t> bytes() const { return {bytes_.data(), is_v6_ ? 16u : 4u}; }
  [[nodiscard]] constexpr std::uint32_t v4_value() const {  // host order; only for IPv4
    return (std::uint32_t{bytes_[0]} << 24) | (std::uint32_t{bytes_[1]} << 16) | (std::uint32_t{bytes_[2]} << 8) |
           bytes_[3];
  }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_link_local() const;  // fe80::/10, 169.254.0.0/16
  [[nodiscard]] bool is_v4_mapped() const;   // ::ffff:0:0/96

  friend constexpr std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) {
    if (a.is_v6_ != b.is_v6_) return a.is_v6_ <=> b.is_v6_;
    return a.bytes_ <=> b.bytes_;
  }
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 uses the first four; the rest stays zero
  bool is_v6_ = false;
};

[[nodiscard]] std::string to_string(const IpAddress& address);

}  // namespace podbgp::net

template <>
struct std::hash<podbgp::net::IpAddress> {
  std::size_t operator()(const podbgp::net::IpAddress& a) const noexcept;
};

template <>
struct fmt::formatter<podbgp::net::IpAddress> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const podbgp::net::IpAddress& a, Context& ctx) const {
    return fmt::formatter<std::string>::format(to_string(a), ctx);
  }
};

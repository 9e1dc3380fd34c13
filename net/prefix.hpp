// Prefix: an address block, always masked: host bits are zero by construction.
#pragma once

#include "net/ip_address.hpp"
#include "net/result.hpp"

namespace podbgp::net {

class Prefix {
 public:
  constexpr Prefix() = default;  // 0.0.0.0/0
  // Masks host bits. `length` is clamped to the family's bit length.
  [[nodiscard]] static Prefix make(const IpAddress& address, unsigned length);
  // "10.0.0.0/8", "2001:db8::/32"; an address without length is a host prefix. Host bits and a bad length are errors, in words.
  [[nodiscard]] static Result<Prefix, std::string> parse(std::string_view text);
  [[nodiscard]] static Prefix host(const IpAddress& address) { return make(address, address.bit_length()); }

  [[nodiscard]] const IpAddress& address() const { return address_; }
  [[nodiscard]] unsigned length() const { return length_; }
  [[nodiscard]] Family family() const { return address_.family(); }
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool contains(const Prefix& other) const;  // equal or more specific
  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  IpAddress address_;
  std::uint8_t length_ = 0;
};

[[nodiscard]] std::string to_string(const Prefix& prefix);
[[nodiscard]] Prefix default_route(Family family);

}  // namespace podbgp::net

template <>
struct std::hash<podbgp::net::Prefix> {
  std::size_t operator()(const podbgp::net::Prefix& p) const noexcept;
};

template <>
struct fmt::formatter<podbgp::net::Prefix> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const podbgp::net::Prefix& p, Context& ctx) const {
    return fmt::formatter<std::string>::format(to_string(p), ctx);
  }
};

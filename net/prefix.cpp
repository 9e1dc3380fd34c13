#include "net/prefix.hpp"

#include <algorithm>
#include <charconv>

#include "net/hash.hpp"

namespace podbgp::net {

Prefix Prefix::make(const IpAddress& address, unsigned length) {
  Prefix p;
  p.length_ = static_cast<std::uint8_t>(std::min(length, address.bit_length()));
  std::array<std::uint8_t, 16> bytes{};
  const auto source = address.bytes();
  for (unsigned i = 0; i < source.size(); ++i) {
    const unsigned first_bit = 8 * i;
    if (first_bit + 8 <= p.length_) {
      bytes[i] = source[i];
    } else if (first_bit < p.length_) {
      bytes[i] = static_cast<std::uint8_t>(source[i] & (0xff << (8 - (p.length_ - first_bit))));
    }
  }
  p.address_ = address.is_v6() ? IpAddress::v6(bytes) : IpAddress::v4(std::span<const std::uint8_t, 4>(bytes.data(), 4));
  return p;
}

Result<Prefix, std::string> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return fail(fmt::format("'{}' is not an IP prefix (expected e.g. 10.244.1.0/24 or fd00:1::/64)", text));
  if (slash == std::string_view::npos) return host(*address);
  const auto digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc{} || end != digits.data() + digits.size() || leading_zero || length > address->bit_length())
    return fail(fmt::format("'{}': the length after '/' must be a number from 0 to {}", text, address->bit_length()));
  const auto prefix = make(*address, length);
  if (prefix.address() != *address)
    return fail(fmt::format("'{}' has host bits set; the prefix is {}", text, to_string(prefix)));
  return prefix;
}

bool Prefix::contains(const IpAddress& address) const {
  if (address.family() != family()) return false;
  const auto mine = address_.bytes();
  const auto other = address.bytes();
  const unsigned whole = length_ / 8;
  if (!std::equal(mine.begin(), mine.begin() + whole, other.begin())) return false;
  const unsigned rest = length_ % 8;
  if (rest == 0) return true;
  return ((mine[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

bool Prefix::contains(const Prefix& other) const { return other.length_ >= length_ && contains(other.address_); }

std::string to_string(const Prefix& prefix) { return fmt::format("{}/{}", prefix.address(), prefix.length()); }

Prefix default_route(Family family) {
  return Prefix::make(family == Family::Ipv4Unicast ? IpAddress::v4(0u) : *IpAddress::parse("::"), 0);
}

}  // namespace podbgp::net

std::size_t std::hash<podbgp::net::Prefix>::operator()(const podbgp::net::Prefix& p) const noexcept {
  return podbgp::net::hash_bytes(p.address().bytes(), p.length());
}

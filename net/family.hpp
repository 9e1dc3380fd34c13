// The two address families podbgp routes (RFC 4760): IPv4 and IPv6 unicast.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace podbgp::net {

enum class Family : std::uint8_t { Ipv4Unicast = 0, Ipv6Unicast = 1 };
inline constexpr std::size_t kFamilyCount = 2;
inline constexpr std::array<Family, kFamilyCount> kFamilies{Family::Ipv4Unicast, Family::Ipv6Unicast};
inline constexpr std::uint8_t kSafiUnicast = 1;

[[nodiscard]] constexpr std::uint16_t afi(Family f) { return f == Family::Ipv4Unicast ? 1 : 2; }
[[nodiscard]] constexpr std::size_t index(Family f) { return static_cast<std::size_t>(f); }
[[nodiscard]] constexpr std::string_view to_string(Family f) { return f == Family::Ipv4Unicast ? "ipv4" : "ipv6"; }
[[nodiscard]] constexpr std::optional<Family> family_of(std::uint16_t afi_value, std::uint8_t safi) {
  if (safi != kSafiUnicast) return std::nullopt;
  if (afi_value == 1) return Family::Ipv4Unicast;
  if (afi_value == 2) return Family::Ipv6Unicast;
  return std::nullopt;
}

// A set of families, as small as it is.
class FamilySet {
 public:
  constexpr FamilySet() = default;
  constexpr FamilySet(std::initializer_list<Family> list) {
    for (auto f : list) insert(f);
  }
  constexpr void insert(Family f) { bits_ |= static_cast<std::uint8_t>(1u << index(f)); }
  constexpr void erase(Family f) { bits_ &= static_cast<std::uint8_t>(~(1u << index(f))); }
  [[nodiscard]] constexpr bool contains(Family f) const { return (bits_ >> index(f)) & 1u; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(const FamilySet&, const FamilySet&) = default;
  friend constexpr FamilySet operator&(FamilySet a, FamilySet b) {
    FamilySet r;
    r.bits_ = a.bits_ & b.bits_;
    return r;
  }

 private:
  std::uint8_t bits_ = 0;
};

}  // namespace podbgp::net

// Communities as text. What to_string() writes, parse_*() reads back to the same value.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "wire/attributes.hpp"

namespace podbgp::wire {
namespace {

struct WellKnown {
  Community value;
  std::string_view name;
};
constexpr std::array kWellKnown{
    WellKnown{kGracefulShutdown, "graceful-shutdown"},     // RFC 8326
    WellKnown{kBlackhole, "blackhole"},                    // RFC 7999
    WellKnown{kNoExport, "no-export"},                     // RFC 1997
    WellKnown{kNoAdvertise, "no-advertise"},               // RFC 1997
    WellKnown{kNoExportSubconfed, "no-export-subconfed"},  // RFC 1997
};

struct SubType {
  std::uint8_t value;
  std::string_view name;
};
constexpr std::array kSubTypes{SubType{2, "rt"}, SubType{3, "ro"}};  // route target, route origin (RFC 4360 §4, §5)

// The transitive types whose administrator is an AS or an address (RFC 4360 §3.1, §3.2; RFC 5668 §2).
enum ExtendedType : std::uint8_t { kTwoOctetAs = 0x00, kIpv4 = 0x01, kFourOctetAs = 0x02 };

template <class T>
std::optional<T> number(std::string_view text, std::uint64_t max, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return static_cast<T>(value);
}

// Splits at the colons into exactly N parts.
template <std::size_t N>
std::optional<std::array<std::string_view, N>> split(std::string_view text) {
  std::array<std::string_view, N> parts;
  for (std::size_t i = 0; i + 1 < N; ++i) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[N - 1] = text;
  return parts;
}

constexpr std::uint64_t kMax16 = 0xffff, kMax32 = 0xffffffff;

std::uint64_t extended(ExtendedType type, std::uint8_t subtype, std::uint64_t value) {
  return (std::uint64_t{type} << 56) | (std::uint64_t{subtype} << 48) | value;
}

}  // namespace

std::string to_string(Community c) {
  for (const auto& known : kWellKnown)
    if (known.value == c) return std::string(known.name);
  return fmt::format("{}:{}", c.value() >> 16, c.value() & 0xffff);
}

std::optional<Community> parse_community(std::string_view text) {
  for (const auto& known : kWellKnown)
    if (known.name == text) return known.value;
  const auto parts = split<2>(text);
  if (!parts) return std::nullopt;
  const auto high = number<std::uint32_t>((*parts)[0], kMax16);
  const auto low = number<std::uint32_t>((*parts)[1], kMax16);
  if (!high || !low) return std::nullopt;
  return Community{(*high << 16) | *low};
}

std::string to_string(ExtendedCommunity c) {
  const auto v = c.value();
  const auto type = static_cast<std::uint8_t>(v >> 56);
  const auto subtype = static_cast<std::uint8_t>(v >> 48);
  for (const auto& sub : kSubTypes) {
    if (sub.value != subtype) continue;
    const auto high32 = static_cast<std::uint32_t>(v >> 16);
    if (type == kTwoOctetAs) return fmt::format("{}:{}:{}", sub.name, (v >> 32) & kMax16, v & kMax32);
    if (type == kIpv4) return fmt::format("{}:{}:{}", sub.name, net::to_string(net::IpAddress::v4(high32)), v & kMax16);
    // A small AS in the wide form would read back as the narrow one.
    if (type == kFourOctetAs && high32 > kMax16) return fmt::format("{}:{}:{}", sub.name, high32, v & kMax16);
  }
  return fmt::format("0x{:016x}", v);
}

std::optional<ExtendedCommunity> parse_extended_community(std::string_view text) {
  if (text.starts_with("0x")) {
    if (text.size() != 18) return std::nullopt;
    const auto value = number<std::uint64_t>(text.substr(2), ~std::uint64_t{0}, 16);
    return value ? std::optional(ExtendedCommunity{*value}) : std::nullopt;
  }
  const auto parts = split<3>(text);
  if (!parts) return std::nullopt;
  const auto& [name, administrator, assigned] = *parts;
  for (const auto& sub : kSubTypes) {
    if (sub.name != name) continue;
    const auto low = number<std::uint64_t>(assigned, kMax32);
    if (!low) return std::nullopt;
    if (const auto asn = number<std::uint64_t>(administrator, kMax32)) {
      if (*asn <= kMax16) return ExtendedCommunity{extended(kTwoOctetAs, sub.value, (*asn << 32) | *low)};
      if (*low > kMax16) return std::nullopt;
      return ExtendedCommunity{extended(kFourOctetAs, sub.value, (*asn << 16) | *low)};
    }
    const auto address = net::IpAddress::parse(administrator);
    if (!address || !address->is_v4() || *low > kMax16) return std::nullopt;
    return ExtendedCommunity{extended(kIpv4, sub.value, (std::uint64_t{address->v4_value()} << 16) | *low)};
  }
  return std::nullopt;
}

std::string to_string(const LargeCommunity& c) { return fmt::format("{}:{}:{}", c.global, c.local1, c.local2); }

std::optional<LargeCommunity> parse_large_community(std::string_view text) {
  const auto parts = split<3>(text);
  if (!parts) return std::nullopt;
  const auto a = number<std::uint32_t>((*parts)[0], kMax32);
  const auto b = number<std::uint32_t>((*parts)[1], kMax32);
  const auto c = number<std::uint32_t>((*parts)[2], kMax32);
  if (!a || !b || !c) return std::nullopt;
  return LargeCommunity{*a, *b, *c};
}

}  // namespace podbgp::wire

// The texts that appear as values: addresses, prefixes, ranges, communities, names, durations. Each either gives its
// value or says what is wrong with it.
#pragma once

#include <optional>
#include <string_view>

#include "config/shape.hpp"

namespace podbgp::config {

[[nodiscard]] TextResult parse_address(std::string_view text);            // → net::IpAddress
[[nodiscard]] TextResult parse_router_id(std::string_view text);          // → net::RouterId
[[nodiscard]] TextResult parse_prefix(std::string_view text);             // → net::Prefix; the length must be written
[[nodiscard]] TextResult parse_address_or_prefix(std::string_view text);  // → net::Prefix; an address is a host prefix
[[nodiscard]] TextResult parse_range(std::string_view text);          // → rib::PrefixRange: "10.0.0.0/8 ge 16 le 24"
[[nodiscard]] TextResult parse_range_or_name(std::string_view text);  // → rib::PrefixRange, or std::string: a set
[[nodiscard]] TextResult parse_community(std::string_view text);      // → rib::AnyCommunity
[[nodiscard]] TextResult parse_community_or_name(std::string_view text);  // … or std::string: a set
[[nodiscard]] TextResult parse_listen(std::string_view text);             // → Listen: "127.0.0.1:179", "[::1]:179"
[[nodiscard]] TextResult parse_name(std::string_view text);               // → std::string: of groups, sets, policies
[[nodiscard]] TextResult parse_peer_name(std::string_view text);          // → std::string: also addresses
[[nodiscard]] TextResult parse_interface(std::string_view text);          // → std::string
[[nodiscard]] TextResult parse_path(std::string_view text);               // → std::string: absolute
[[nodiscard]] TextResult parse_secret_path(std::string_view text);        // the same; no message repeats the text
[[nodiscard]] TextResult parse_variable(std::string_view text);           // → std::string: of the environment
[[nodiscard]] TextResult parse_mode(std::string_view text);               // → std::int64_t: "0660"
[[nodiscard]] TextResult parse_line(std::string_view text);               // → std::string: one line, at most 255 octets
[[nodiscard]] TextResult parse_shutdown_text(std::string_view text);      // → std::string: RFC 9003

// "1m30s", "500ms", "2h": units falling, each at most once. nullopt: not of that form.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// As the file would have them.
[[nodiscard]] std::string to_string(std::chrono::seconds duration);
[[nodiscard]] std::string to_string(const rib::PrefixRange& range);
[[nodiscard]] std::string to_string(const rib::AnyCommunity& community);

inline constexpr std::string_view kNamePattern = "^[A-Za-z][A-Za-z0-9_.-]{0,62}$";

}  // namespace podbgp::config

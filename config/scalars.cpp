#include "config/scalars.hpp"

#include <algorithm>
#include <charconv>

#include "net/prefix.hpp"
#include "wire/attributes.hpp"

namespace podbgp::config {

namespace {

auto bad(std::string message, std::string hint = {}) {
  return net::fail(TextError{std::move(message), std::move(hint)});
}

// Decimal digits only, no sign, no leading zero.
template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.front() == '-' || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto space = text.find(' ');
    if (space != 0) words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return words;
}

bool is_name(std::string_view text) {
  const auto alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && text.size() <= 63 && alpha(text.front()) && std::ranges::all_of(text, [&](char c) {
    return alpha(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

// One bound of a range: "le 24".
std::optional<TextError> apply_bound(rib::PrefixRange& range, std::string_view word, std::string_view digits) {
  const unsigned low = range.prefix.length(), high = range.prefix.address().bit_length();
  const auto value = number<unsigned>(digits);
  if (!value || *value < low || *value > high)
    return TextError{fmt::format("'{} {}' does not fit {}", word, digits, range.prefix),
                     fmt::format("write a length from {} to {}", low, high)};
  (word == "ge" ? range.min_length : range.max_length) = static_cast<std::uint8_t>(*value);
  return std::nullopt;
}

}  // namespace

TextResult parse_address(std::string_view text) {
  if (const auto address = net::IpAddress::parse(text)) {
    if (address->is_v4_mapped())
      return bad(fmt::format("'{}' is an IPv4 address in IPv6 clothes", text), "write the IPv4 address");
    return *address;
  }
  if (text.find('%') != std::string_view::npos)
    return bad(fmt::format("'{}' names a zone", text), "write the address alone, and 'interface: NAME' beside it");
  if (text.find('/') != std::string_view::npos)
    return bad(fmt::format("'{}' is a prefix", text), "write an address, without '/'");
  return bad(fmt::format("'{}' is not an IP address", text), "write e.g. 10.1.0.1 or \"fd00::1\"");
}

TextResult parse_router_id(std::string_view text) {
  const auto address = net::IpAddress::parse(text);
  if (!address || !address->is_v4() || address->is_unspecified())
    return bad(fmt::format("'{}' is not a router id", text),
               "write four numbers with dots that are not all 0, e.g. 10.1.0.11");
  return net::RouterId(address->v4_value());
}

TextResult parse_prefix(std::string_view text) {
  if (text.find('/') == std::string_view::npos)
    return bad(fmt::format("'{}' is not an IP prefix", text),
               "write address and length, e.g. 10.244.1.0/24 or \"fd00:1::/64\"");
  const auto prefix = net::Prefix::parse(text);
  if (prefix) return *prefix;
  const auto slash = text.find('/');
  const auto address = net::IpAddress::parse(text.substr(0, slash));
  const auto length = number<unsigned>(text.substr(slash + 1));
  if (!address)
    return bad(fmt::format("'{}' is not an IP prefix", text),
               "write address and length, e.g. 10.244.1.0/24 or \"fd00:1::/64\"");
  if (!length || *length > address->bit_length())
    return bad(fmt::format("'{}' has no valid length", text),
               fmt::format("behind '/' write 0 to {}", address->bit_length()));
  return bad(fmt::format("'{}' has host bits set", text),
             fmt::format("write {}", net::Prefix::make(*address, *length)));
}

TextResult parse_address_or_prefix(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return parse_prefix(text);
  auto address = parse_address(text);
  if (!address) return address;
  return net::Prefix::host(std::get<net::IpAddress>(*address));
}

TextResult parse_range(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty()) return parse_prefix(text);
  auto parsed = parse_prefix(words.front());
  if (!parsed) return parsed;
  rib::PrefixRange range{std::get<net::Prefix>(*parsed)};
  range.min_length = range.max_length = static_cast<std::uint8_t>(range.prefix.length());
  bool ge = false, le = false;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    const auto word = words[i];
    auto& seen = word == "ge" ? ge : le;
    if ((word != "ge" && word != "le") || seen || i + 1 == words.size())
      return bad(fmt::format("'{}' is not a prefix range", text),
                 "write e.g. 10.0.0.0/8, 10.0.0.0/8 le 24 or 10.0.0.0/8 ge 16 le 24");
    seen = true;
    if (auto error = apply_bound(range, word, words[i + 1])) return net::fail(std::move(*error));
  }
  if (ge && !le) range.max_length = static_cast<std::uint8_t>(range.prefix.address().bit_length());
  if (range.min_length > range.max_length)
    return bad(fmt::format("'{}' matches nothing: ge {} is above le {}", text, range.min_length, range.max_length),
               "swap the two");
  return range;
}

TextResult parse_range_or_name(std::string_view text) {
  if (is_name(text)) return std::string(text);
  return parse_range(text);
}

TextResult parse_community(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return bad(fmt::format("'{}' is not {}", text, what),
               "write e.g. \"65101:100\", no-export, \"large:65101:1:2\" or \"ext:rt:65101:100\"");
  };
  if (text.starts_with("large:")) {
    const auto large = wire::parse_large_community(text.substr(6));
    return large ? TextResult(rib::AnyCommunity(*large)) : wrong("a large community");
  }
  if (text.starts_with("ext:")) {
    const auto extended = wire::parse_extended_community(text.substr(4));
    return extended ? TextResult(rib::AnyCommunity(*extended)) : wrong("an extended community");
  }
  if (std::ranges::count(text, ':') == 2 && wire::parse_large_community(text))
    return bad(fmt::format("'{}' is a large community", text), fmt::format("write \"large:{}\"", text));
  const auto plain = wire::parse_community(text);
  return plain ? TextResult(rib::AnyCommunity(*plain)) : wrong("a community");
}

TextResult parse_community_or_name(std::string_view text) {
  if (is_name(text) && !wire::parse_community(text)) return std::string(text);
  return parse_community(text);
}

TextResult parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto wrong = [&] {
    return bad(fmt::format("'{}' is not an address with a port", text), "write e.g. \"0.0.0.0:179\" or \"[::]:179\"");
  };
  if (colon == std::string_view::npos) return wrong();
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = net::IpAddress::parse(host);
  if (!address || address->is_v6() != bracketed) return wrong();
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0)
    return bad(fmt::format("'{}' has no valid port", text), "behind the last ':' write 1 to 65535");
  return Listen{*address, *port};
}

TextResult parse_name(std::string_view text) {
  if (is_name(text)) return std::string(text);
  return bad(fmt::format("'{}' is no name", text),
             "begin with a letter, then letters, digits, '-', '_' and '.', at most 63 in all");
}

TextResult parse_peer_name(std::string_view text) {
  const bool fine = !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-' || c == ':';
  });
  if (fine) return std::string(text);
  return bad(fmt::format("'{}' is no name of a peer", text),
             "use letters, digits, '-', '_', '.' and ':', at most 63 in all");
}

TextResult parse_interface(std::string_view text) {
  const bool fine = !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
                    std::ranges::all_of(text, [](char c) { return c > ' ' && c != '/' && c != ':' && c != 0x7f; });
  if (fine) return std::string(text);
  return bad(fmt::format("'{}' is no name of an interface", text),
             "Linux takes 1 to 15 characters without '/', ':' and spaces");
}

TextResult parse_path(std::string_view text) {
  if (text.starts_with('/') && !text.ends_with('/')) return std::string(text);
  return bad(fmt::format("'{}' is not an absolute path", text), "begin it with '/', and do not end it with one");
}

// Somebody may have written the password itself here.
TextResult parse_secret_path(std::string_view text) {
  if (parse_path(text)) return std::string(text);
  return bad("this is not an absolute path of a file",
             "write e.g. /etc/podbgp/NAME.key, with the password inside the file");
}

TextResult parse_variable(std::string_view text) {
  const bool fine =
      !text.empty() && !(text.front() >= '0' && text.front() <= '9') && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      });
  if (fine) return std::string(text);
  return bad("this is no name of an environment variable", "write the name alone, without '$'");
}

TextResult parse_mode(std::string_view text) {
  const bool fine =
      text.size() == 4 && text.front() == '0' && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  if (!fine)
    return bad(fmt::format("'{}' is not a file mode", text), "write four octal digits in quotes, e.g. \"0660\"");
  std::int64_t mode = 0;
  for (const char c : text) mode = mode * 8 + (c - '0');
  return mode;
}

TextResult parse_line(std::string_view text) {
  if (text.size() <= 255 && text.find('\n') == std::string_view::npos) return std::string(text);
  return bad("the text is too long", "write one line of at most 255 octets");
}

TextResult parse_shutdown_text(std::string_view text) {
  if (text.size() <= 255 && text.find('\n') == std::string_view::npos) return std::string(text);
  return bad("the text does not fit into a NOTIFICATION (RFC 9003)", "write one line of at most 255 octets");
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  static constexpr Unit kUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
  std::int64_t total = 0;
  const Unit* next = kUnits;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(digits.size());
    const auto unit = text.substr(0, text.find_first_of("0123456789"));
    text.remove_prefix(unit.size());
    const auto value = number<std::uint32_t>(digits);
    const auto* found = std::find_if(next, std::end(kUnits), [&](const Unit& u) { return u.name == unit; });
    if (!value || found == std::end(kUnits)) return std::nullopt;
    total += std::int64_t{*value} * found->milliseconds;
    next = found + 1;
  }
  return std::chrono::milliseconds(total);
}

std::string to_string(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds == 0) return "0s";
  std::string out;
  if (seconds >= 3600) out += fmt::format("{}h", seconds / 3600);
  if (seconds / 60 % 60 != 0) out += fmt::format("{}m", seconds / 60 % 60);
  if (seconds % 60 != 0) out += fmt::format("{}s", seconds % 60);
  return out;
}

std::string to_string(const rib::PrefixRange& range) {
  const unsigned own = range.prefix.length(), most = range.prefix.address().bit_length();
  auto out = net::to_string(range.prefix);
  if (range.min_length == own && range.max_length == own) return out;
  if (range.min_length != own) out += fmt::format(" ge {}", range.min_length);
  if (range.max_length != most || range.min_length == own) out += fmt::format(" le {}", range.max_length);
  return out;
}

std::string to_string(const rib::AnyCommunity& community) {
  if (const auto* extended = std::get_if<wire::ExtendedCommunity>(&community))
    return "ext:" + wire::to_string(*extended);
  if (const auto* large = std::get_if<wire::LargeCommunity>(&community)) return "large:" + wire::to_string(*large);
  return wire::to_string(std::get<wire::Community>(community));
}

std::string to_string(const Listen& listen) {
  return listen.address.is_v6() ? fmt::format("[{}]:{}", listen.address, listen.port)
                                : fmt::format("{}:{}", listen.address, listen.port);
}

}  // namespace podbgp::config

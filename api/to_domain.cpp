#include "api/to_domain.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "api/server.hpp"
#include "net/martian.hpp"

namespace podbgp::api {

namespace {

constexpr std::size_t kMaxOwner = 63;
constexpr int kMaxCommunities = 100;  // of each kind, so that the attributes fit into one message of RFC 4271
constexpr std::uint32_t kDefaultPage = 1000;
constexpr std::size_t kMaxPageToken = 256;
constexpr std::size_t kMaxPeerName = 255;
constexpr std::size_t kMaxShutdownText = 255;
constexpr std::size_t kMaxConfig = 1u << 20;

std::string in_quotes(std::string_view text) { return "'" + shorten(text, 80) + "'"; }

std::optional<std::string> why_never_routed(const net::Prefix& prefix) {
  const auto* name = net::martian(prefix);
  if (name == nullptr) return std::nullopt;
  return fmt::format("{} is {} address space and cannot be announced", prefix, name);
}

std::optional<net::IpAddress> to_next_hop(const std::string& text, const std::optional<net::Prefix>& prefix,
                                          const std::string& field, Violations& violations) {
  if (text.empty()) return std::nullopt;
  const auto address = net::IpAddress::parse(text);
  if (!address) {
    violations.add(field, in_quotes(text) + " is not an IP address; leave it empty for the node itself");
    return std::nullopt;
  }
  if (prefix && address->family() != prefix->family())
    violations.add(field, fmt::format("{} is not of the family of {}", *address, *prefix));
  if (address->is_unspecified() || address->is_loopback() || address->is_multicast() || address->is_link_local() ||
      address->is_v4_mapped())
    violations.add(field, fmt::format("{} cannot be a next hop: it must be a unicast address that peers can reach; "
                                      "leave it empty for the node itself",
                                      *address));
  return address;
}

template <class T, class Parse>
std::vector<T> to_communities(const Strings& texts, const std::string& field, const char* form, Parse parse,
                              Violations& violations) {
  std::vector<T> values;
  if (texts.size() > kMaxCommunities) {
    violations.add(field, fmt::format("{} items; at most {} fit", texts.size(), kMaxCommunities));
    return values;
  }
  for (int i = 0; i < texts.size(); ++i) {
    if (const auto value = parse(texts[i]))
      values.push_back(*value);
    else
      violations.add(fmt::format("{}[{}]", field, i), fmt::format("{} is not {}", in_quotes(texts[i]), form));
  }
  std::ranges::sort(values);
  const auto rest = std::ranges::unique(values);
  values.erase(rest.begin(), rest.end());
  return values;
}

template <class Key>
void check_unique(std::unordered_map<Key, int>& seen, const Key& key, int i, const char* list, const std::string& field,
                  Violations& violations) {
  const auto [it, fresh] = seen.emplace(key, i);
  if (!fresh) violations.add(field, fmt::format("{} is already in {}[{}]", key, list, it->second));
}

bool check_count(int count, bool may_be_empty, const char* field, Violations& violations) {
  if (count == 0 && !may_be_empty) violations.add(field, "is empty; name at least one");
  if (static_cast<std::size_t>(count) > kMaxItems) {
    violations.add(field, fmt::format("{} items; at most {} in one call", count, kMaxItems));
    return false;
  }
  return true;
}

std::optional<net::Prefix> parse_prefix(const std::string& text, const std::string& field, Violations& violations) {
  if (text.empty()) {
    violations.add(field, "is required, e.g. 10.244.1.0/24 or fd00:10:244:1::/64");
    return std::nullopt;
  }
  if (text.size() > 64) {  // longer than any prefix; keep the parser's message short
    violations.add(field, in_quotes(text) + " is not an IP prefix (expected e.g. 10.244.1.0/24 or fd00:1::/64)");
    return std::nullopt;
  }
  auto prefix = net::Prefix::parse(text);
  if (prefix) return *prefix;
  violations.add(field, prefix.error());
  return std::nullopt;
}

std::optional<net::Family> to_family(int family, Violations& violations) {
  switch (family) {
    case v1::FAMILY_UNSPECIFIED: return std::nullopt;
    case v1::FAMILY_IPV4: return net::Family::Ipv4Unicast;
    case v1::FAMILY_IPV6: return net::Family::Ipv6Unicast;
    default: break;
  }
  violations.add("family", fmt::format("unknown value {}; known are FAMILY_IPV4 and FAMILY_IPV6", family));
  return std::nullopt;
}

void check_family_of(const std::optional<net::Family>& family, const std::optional<net::Prefix>& prefix,
                     Violations& violations) {
  if (family && prefix && prefix->family() != *family)
    violations.add("family", fmt::format("{} asked for, but {} is {}", net::to_string(*family), *prefix,
                                         net::to_string(prefix->family())));
}

ListPaths::View to_view(int view, Violations& violations) {
  using View = ListPaths::View;
  switch (view) {
    case v1::VIEW_UNSPECIFIED:
    case v1::VIEW_BEST: return View::Best;
    case v1::VIEW_ALL: return View::All;
    case v1::VIEW_RECEIVED: return View::Received;
    case v1::VIEW_ADVERTISED: return View::Advertised;
    case v1::VIEW_KERNEL: return View::Kernel;
    default: break;
  }
  violations.add("view", fmt::format("unknown value {}; known are VIEW_BEST, VIEW_ALL, VIEW_RECEIVED, VIEW_ADVERTISED "
                                     "and VIEW_KERNEL",
                                     view));
  return View::Best;
}

rib::PrefixMatch to_match(int match, Violations& violations) {
  switch (match) {
    case v1::PREFIX_MATCH_UNSPECIFIED:
    case v1::PREFIX_MATCH_EXACT: return rib::PrefixMatch::Exact;
    case v1::PREFIX_MATCH_LONGER: return rib::PrefixMatch::Longer;
    case v1::PREFIX_MATCH_SHORTER: return rib::PrefixMatch::Shorter;
    case v1::PREFIX_MATCH_LONGEST: return rib::PrefixMatch::LongestMatch;
    default: break;
  }
  violations.add("match", fmt::format("unknown value {}; known are PREFIX_MATCH_EXACT, PREFIX_MATCH_LONGER, "
                                      "PREFIX_MATCH_SHORTER and PREFIX_MATCH_LONGEST",
                                      match));
  return rib::PrefixMatch::Exact;
}

}  // namespace

void check_owner(const std::string& owner, Violations& violations) {
  if (owner.empty()) {
    violations.add("owner", "is required: the name of the announcer, e.g. cni");
    return;
  }
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool good = owner.size() <= kMaxOwner && starts(owner.front()) &&
                    std::ranges::all_of(owner, [&](char c) { return starts(c) || c == '.' || c == '-'; });
  if (!good)
    violations.add("owner",
                   in_quotes(owner) + " must be 1 to 63 of a-z, 0-9, '.' and '-', starting with a letter or digit");
}

rib::LocalRoute to_route(const v1::Route& route, const std::string& field, Violations& violations) {
  rib::LocalRoute out;
  const auto prefix = parse_prefix(route.prefix(), field + ".prefix", violations);
  if (prefix) {
    out.prefix = *prefix;
    // A default route has length 0 and lies in no block; what lies inside a block does.
    if (prefix->length() > 0)
      if (auto why = why_never_routed(*prefix)) violations.add(field + ".prefix", *why);
  }
  out.next_hop = to_next_hop(route.next_hop(), prefix, field + ".next_hop", violations);
  out.communities = to_communities<wire::Community>(route.communities(), field + ".communities",
                                                    "a community (ASN:VALUE, each up to 65535, or e.g. no-export)",
                                                    wire::parse_community, violations);
  out.extended_communities = to_communities<wire::ExtendedCommunity>(
      route.extended_communities(), field + ".extended_communities",
      "an extended community (rt:ASN:VALUE, ro:ASN:VALUE or 0x and 16 hex digits)", wire::parse_extended_community,
      violations);
  out.large_communities = to_communities<wire::LargeCommunity>(route.large_communities(), field + ".large_communities",
                                                               "a large community (ASN:VALUE:VALUE)",
                                                               wire::parse_large_community, violations);
  if (route.has_local_pref()) out.local_pref = route.local_pref();
  if (route.has_med()) out.med = route.med();
  const int install = route.install();
  if (!v1::Route::Install_IsValid(install))
    violations.add(field + ".install",
                   fmt::format("unknown value {}; known are INSTALL_BLACKHOLE and INSTALL_NONE", install));
  out.blackhole = install != v1::Route::INSTALL_NONE;
  if (prefix && prefix->length() == 0 && out.blackhole)
    violations.add(field + ".install",
                   fmt::format("{} as a blackhole would cut the node off; announce it with INSTALL_NONE (--no-blackhole)", *prefix));
  return out;
}

std::vector<rib::LocalRoute> to_routes(const Routes& routes, bool may_be_empty, Violations& violations) {
  std::vector<rib::LocalRoute> out;
  if (!check_count(routes.size(), may_be_empty, "routes", violations)) return out;
  out.reserve(static_cast<std::size_t>(routes.size()));
  std::unordered_map<net::Prefix, int> seen;
  for (int i = 0; i < routes.size(); ++i) {
    const auto field = fmt::format("routes[{}]", i);
    const auto before = violations.total();
    out.push_back(to_route(routes[i], field, violations));
    if (violations.total() == before) check_unique(seen, out.back().prefix, i, "routes", field + ".prefix", violations);
  }
  return out;
}

net::Prefix to_prefix(const std::string& prefix, const std::string& field, Violations& violations) {
  return parse_prefix(prefix, field, violations).value_or(net::Prefix());
}

std::vector<net::Prefix> to_prefixes(const Strings& prefixes, Violations& violations) {
  std::vector<net::Prefix> out;
  if (!check_count(prefixes.size(), false, "prefixes", violations)) return out;
  out.reserve(static_cast<std::size_t>(prefixes.size()));
  std::unordered_map<net::Prefix, int> seen;
  for (int i = 0; i < prefixes.size(); ++i) {
    const auto field = fmt::format("prefixes[{}]", i);
    const auto prefix = parse_prefix(prefixes[i], field, violations);
    if (!prefix) continue;
    check_unique(seen, *prefix, i, "prefixes", field, violations);
    out.push_back(*prefix);
  }
  return out;
}

std::size_t to_page_size(std::uint32_t page_size, Violations& violations) {
  if (page_size > kMaxItems)
    violations.add("page_size", fmt::format("{} is too large; at most {}", page_size, kMaxItems));
  return page_size == 0 ? kDefaultPage : page_size;
}

void check_page_token(const std::string& token, Violations& violations) {
  if (token.size() > kMaxPageToken)
    violations.add("page_token", "is not one that this daemon gave; start again without it");
}

ListPaths to_query(const v1::ListPathsRequest& request, Violations& violations) {
  ListPaths query;
  query.view = to_view(request.view(), violations);
  query.family = to_family(request.family(), violations);
  query.match = to_match(request.match(), violations);
  if (!request.prefix().empty()) {
    query.prefix = parse_prefix(request.prefix(), "prefix", violations);
    check_family_of(query.family, query.prefix, violations);
  } else if (request.match() != v1::PREFIX_MATCH_UNSPECIFIED) {
    violations.add("match", "needs a prefix to compare with");
  }
  const bool of_peer = query.view == ListPaths::View::Received || query.view == ListPaths::View::Advertised;
  if (of_peer) {
    check_peer(request.peer(), violations);
  } else if (!request.peer().empty()) {
    violations.add("peer", "goes with VIEW_RECEIVED and VIEW_ADVERTISED only");
  }
  query.peer = request.peer();
  query.limit = to_page_size(request.page_size(), violations);
  check_page_token(request.page_token(), violations);
  query.page_token = request.page_token();
  return query;
}

RouteWatchFilter to_filter(const v1::WatchRoutesRequest& request, Violations& violations) {
  RouteWatchFilter filter;
  filter.family = to_family(request.family(), violations);
  if (!request.prefix().empty()) filter.prefix = parse_prefix(request.prefix(), "prefix", violations);
  check_family_of(filter.family, filter.prefix, violations);
  filter.all_paths = request.all_paths();
  return filter;
}

void check_peer(const std::string& peer, Violations& violations) {
  if (peer.empty()) violations.add("peer", "is required: the name or the address of a peer");
  if (peer.size() > kMaxPeerName)
    violations.add("peer", fmt::format("{} octets are too long for a name or an address", peer.size()));
}

void check_text(const std::string& text, Violations& violations) {
  if (text.size() > kMaxShutdownText)
    violations.add("text", fmt::format("{} octets; at most {} go into a NOTIFICATION", text.size(), kMaxShutdownText));
}

void check_content(const std::string& content, Violations& violations) {
  if (content.size() > kMaxConfig)
    violations.add("content", fmt::format("{} octets; a configuration has at most {}", content.size(), kMaxConfig));
}

}  // namespace podbgp::api

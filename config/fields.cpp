#include "config/fields.hpp"

#include "config/json.hpp"
#include "config/scalars.hpp"

namespace podbgp::config {

namespace {

std::string on_off(bool value) { return value ? "on" : "off"; }

// Text that needs no quotes for any reader of YAML; else it gets them.
std::string in_quotes(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  static constexpr std::string_view kTyped[] = {"true", "false", "on", "off", "yes", "no", "null", "y", "n"};
  bool safe = !text.empty() && plain(text.front());
  for (const char c : text) safe = safe && (plain(c) || (c >= '0' && c <= '9') || c == '-' || c == '_');
  for (const auto word : kTyped) {
    bool same = word.size() == text.size();
    for (std::size_t i = 0; same && i < word.size(); ++i) same = (text[i] | 0x20) == word[i];
    safe = safe && !same;
  }
  return safe ? std::string(text) : json_quote(text);
}
std::string in_quotes(const net::IpAddress& address) {
  return address.is_v4() ? net::to_string(address) : json_quote(net::to_string(address));
}
std::string in_quotes(const net::Prefix& prefix) {
  return prefix.address().is_v4() ? net::to_string(prefix) : json_quote(net::to_string(prefix));
}
std::string in_quotes(const rib::PrefixRange& range) {
  return range.prefix.address().is_v4() ? to_string(range) : json_quote(to_string(range));
}
std::string in_quotes(const rib::AnyCommunity& community) { return in_quotes(to_string(community)); }

template <class List, class Text>
std::string list_of(const List& items, Text text) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() == 1 ? "" : ", ") + text(item);
  return out + "]";
}
template <class List>
std::string list_of(const List& items) {
  return list_of(items, [](const auto& item) { return in_quotes(item); });
}

std::string names_of(const rib::PolicyChain& chain) {
  return list_of(chain, [](const rib::Policy& policy) { return in_quotes(policy.name); });
}

std::string next_hop_text(const std::variant<rib::NextHopSelf, net::IpAddress>& hop) {
  const auto* address = std::get_if<net::IpAddress>(&hop);
  return address != nullptr ? in_quotes(*address) : "self";
}

void add_session(const Peer& peer, Fields& out) {
  const auto& s = peer.session;
  out.push_back({"enabled", on_off(peer.enabled), Impact::SessionReset});
  if (!s.shutdown_text.empty()) out.push_back({"shutdown_text", in_quotes(s.shutdown_text), Impact::Live});
  out.push_back({"passive", on_off(s.passive), Impact::Live});
  std::vector<std::string> families;
  for (const auto family : net::kFamilies)
    if (s.families.contains(family)) families.emplace_back(net::to_string(family));
  out.push_back({"families", list_of(families), Impact::SessionReset});
  out.push_back({"timers.hold", to_string(s.hold_time), Impact::SessionReset});
  if (s.hold_time.count() != 0) out.push_back({"timers.keepalive", to_string(s.keepalive), Impact::Live});
  out.push_back({"timers.connect_retry", to_string(s.connect_retry), Impact::Live});
  out.push_back({"timers.connect_retry_max", to_string(s.connect_retry_max), Impact::Live});
  out.push_back({"timers.open_hold", to_string(s.open_hold_time), Impact::Live});
  if (s.send_hold_time) out.push_back({"timers.send_hold", to_string(*s.send_hold_time), Impact::Live});
}

void add_endpoint(const Peer& peer, Fields& out) {
  const auto& e = peer.endpoint;
  out.push_back({"port", fmt::format("{}", e.port), Impact::SessionReset});
  if (e.local_address) out.push_back({"local_address", in_quotes(*e.local_address), Impact::SessionReset});
  if (peer.password)
    out.push_back({peer.password->kind == SecretSource::Kind::File ? "password.file" : "password.env",
                   in_quotes(peer.password->name), Impact::Live});
  if (e.ttl_security_hops)
    out.push_back({"ttl_security", fmt::format("{}", *e.ttl_security_hops), Impact::SessionReset});
  if (!peer.fast_fallover) out.push_back({"fast_fallover", on_off(peer.fast_fallover), Impact::Live});
  if (!e.ttl_security_hops && peer.session.external() && e.ttl != 1)
    out.push_back({"multihop", fmt::format("{}", e.ttl), Impact::SessionReset});
}

void add_routes(const Peer& peer, Fields& out) {
  using Action = rib::MaxPrefixes::Action;
  const auto& r = peer.rib;
  if (r.import) out.push_back({"import", names_of(*r.import), Impact::Policy});
  if (r.export_) out.push_back({"export", names_of(*r.export_), Impact::Policy});
  if (r.next_hop) out.push_back({"next_hop", next_hop_text(*r.next_hop), Impact::Policy});
  if (r.reflector_client) out.push_back({"reflector_client", "on", Impact::Policy});
  if (r.allow_own_as != 0) out.push_back({"allow_own_as", fmt::format("{}", r.allow_own_as), Impact::Policy});
  const auto& m = r.max_prefixes;
  if (m.received == 0) return;
  const std::string_view action = m.action == Action::Restart   ? "restart"
                                  : m.action == Action::Disable ? "disable"
                                                                : "warn";
  out.push_back({"max_prefixes.received", fmt::format("{}", m.received), Impact::Live});
  out.push_back({"max_prefixes.action", std::string(action), Impact::Live});
  if (m.action == Action::Restart)
    out.push_back({"max_prefixes.restart_after", to_string(m.restart_after), Impact::Live});
}

// "key: text, " for a flow map.
void put(std::string& map, std::string_view key, std::string_view text) {
  map += fmt::format("{}{}: {}", map.empty() ? "" : ", ", key, text);
}

std::string as_path_text(const rib::AsPathMatch& match) {
  std::string map;
  if (match.neighbour) put(map, "neighbour", fmt::format("{}", *match.neighbour));
  if (match.origin) put(map, "origin", fmt::format("{}", *match.origin));
  if (!match.contains.empty())
    put(map, "contains", list_of(match.contains, [](net::Asn asn) { return fmt::format("{}", asn); }));
  if (match.min_length) put(map, "min_length", fmt::format("{}", *match.min_length));
  if (match.max_length) put(map, "max_length", fmt::format("{}", *match.max_length));
  return fmt::format("{{ {} }}", map);
}

std::string match_text(const rib::Match& match) {
  std::string map;
  if (match.prefix) put(map, "prefix", list_of(*match.prefix));
  if (match.source)
    put(map, "source", list_of(*match.source, [](rib::RouteSource source) -> std::string {
          return source == rib::RouteSource::Bgp ? "bgp" : source == rib::RouteSource::Api ? "api" : "network";
        }));
  if (match.family) put(map, "family", net::to_string(*match.family));
  if (match.peer) put(map, "peer", list_of(*match.peer));
  if (match.community) put(map, "community", list_of(*match.community));
  if (match.as_path) put(map, "as_path", as_path_text(*match.as_path));
  if (match.next_hop) put(map, "next_hop", list_of(*match.next_hop));
  if (match.local_pref) put(map, "local_pref", fmt::format("{}", *match.local_pref));
  if (match.med) put(map, "med", fmt::format("{}", *match.med));
  return map;
}

std::string set_text(const rib::Changes& set) {
  std::string map, communities;
  if (set.local_pref) put(map, "local_pref", fmt::format("{}", *set.local_pref));
  if (set.med) put(map, "med", fmt::format("{}", *set.med));
  if (set.clear_med) put(map, "med", "none");
  if (!set.add_communities.empty()) put(communities, "add", list_of(set.add_communities));
  if (!set.remove_communities.empty()) put(communities, "remove", list_of(set.remove_communities));
  if (set.replace_communities) put(communities, "replace", list_of(*set.replace_communities));
  if (!communities.empty()) put(map, "communities", fmt::format("{{ {} }}", communities));
  if (set.prepend && !set.prepend->asn) put(map, "prepend", fmt::format("{}", set.prepend->times));
  if (set.prepend && set.prepend->asn)
    put(map, "prepend", fmt::format("{{ asn: {}, times: {} }}", *set.prepend->asn, set.prepend->times));
  if (set.next_hop) put(map, "next_hop", next_hop_text(*set.next_hop));
  return map;
}

}  // namespace

Fields router_fields(const Router& router) {
  Fields out{{"asn", fmt::format("{}", router.asn), Impact::Restart}};
  if (router.id) out.push_back({"id", net::to_string(*router.id), Impact::Restart});
  if (router.cluster_id) out.push_back({"cluster_id", net::to_string(*router.cluster_id), Impact::Policy});
  out.push_back(
      {"listen", list_of(router.listen, [](const Listen& l) { return json_quote(to_string(l)); }), Impact::Restart});
  return out;
}

Fields peer_fields(const Peer& peer) {
  Fields out{{"address", in_quotes(peer.endpoint.address), Impact::SessionReset}};
  if (!peer.endpoint.interface.empty())
    out.push_back({"interface", in_quotes(peer.endpoint.interface), Impact::SessionReset});
  out.push_back({"asn", fmt::format("{}", peer.session.peer_asn), Impact::SessionReset});
  if (!peer.description.empty()) out.push_back({"description", in_quotes(peer.description), Impact::None});
  add_session(peer, out);
  add_endpoint(peer, out);
  add_routes(peer, out);
  return out;
}

Fields network_fields(const rib::LocalRoute& route) {
  Fields out{{"prefix", in_quotes(route.prefix), Impact::Live}, {"blackhole", on_off(route.blackhole), Impact::Live}};
  if (route.next_hop) out.push_back({"next_hop", in_quotes(*route.next_hop), Impact::Live});
  if (route.med) out.push_back({"med", fmt::format("{}", *route.med), Impact::Live});
  if (route.local_pref) out.push_back({"local_pref", fmt::format("{}", *route.local_pref), Impact::Live});
  std::vector<rib::AnyCommunity> communities(route.communities.begin(), route.communities.end());
  communities.insert(communities.end(), route.extended_communities.begin(), route.extended_communities.end());
  communities.insert(communities.end(), route.large_communities.begin(), route.large_communities.end());
  if (!communities.empty()) out.push_back({"communities", list_of(communities), Impact::Live});
  return out;
}

Fields fib_fields(const fib::Settings& fib) {
  const auto restart = [](std::string key, std::string text) {
    return Field{std::move(key), std::move(text), Impact::Restart};
  };
  return {restart("install", on_off(fib.install)),
          restart("table", fib.table == 254 ? "main" : fmt::format("{}", fib.table)),
          restart("protocol", fmt::format("{}", fib.protocol)),
          restart("metric.ipv4", fmt::format("{}", fib.metric_v4)),
          restart("metric.ipv6", fmt::format("{}", fib.metric_v6)),
          restart("multipath", fmt::format("{}", fib.multipath)),
          restart("nexthop_objects", on_off(fib.nexthop_objects)),
          restart("on_stop", fib.remove_on_stop ? "remove" : "keep"),
          restart("sweep_after", to_string(fib.sweep_after))};
}

Fields api_fields(const Api& api) {
  Fields out{{"unix", json_quote(api.unix_path), Impact::Restart},
             {"mode", fmt::format("\"{:04o}\"", api.mode), Impact::Restart}};
  if (!api.group.empty()) out.push_back({"group", in_quotes(api.group), Impact::Restart});
  return out;
}

Fields log_fields(const Log& log) {
  static constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
  return {{"level", std::string(kLevels[static_cast<std::size_t>(log.level)]), Impact::Live},
          {"format", log.format == Log::Format::Json ? "json" : "text", Impact::Live}};
}

std::string metrics_text(const std::optional<Listen>& metrics) {
  return metrics ? json_quote(to_string(*metrics)) : "off";
}

std::string statement_text(const rib::Statement& statement) {
  std::string map;
  if (const auto match = match_text(statement.match); !match.empty()) put(map, "match", fmt::format("{{ {} }}", match));
  if (const auto set = set_text(statement.set); !set.empty()) put(map, "set", fmt::format("{{ {} }}", set));
  if (statement.then != rib::Verdict::Continue)
    put(map, "then", statement.then == rib::Verdict::Accept ? "accept" : "reject");
  return map.empty() ? "{ set: {} }" : fmt::format("{{ {} }}", map);
}

}  // namespace podbgp::config

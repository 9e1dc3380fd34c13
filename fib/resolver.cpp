#include "fib/resolver.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace podbgp::fib {

namespace {
constexpr std::uint32_t kMainTable = 254;
constexpr std::uint8_t kProtocolKernel = 2, kProtocolRa = 9;  // rtnetlink.h: RTPROT_KERNEL, RTPROT_RA

// RFC 4271 §6.3: no host has it. RFC 3021: a /31 has none. (The lowest address is a host to Linux since 5.14.)
bool is_broadcast(const net::IpAddress& address, const net::Prefix& subnet) {
  if (!address.is_v4() || subnet.length() == 0 || subnet.length() > 30) return false;
  const auto hosts = 0xffffffffu >> subnet.length();
  return (address.v4_value() & hosts) == hosts;
}

bool is_direct(const std::vector<FactHop>& hops) {
  return hops.size() == 1 && !hops[0].has_gateway && hops[0].ifindex != 0;
}
}  // namespace

void Resolver::clear() {
  links_.clear();
  addresses_.clear();
  failed_.clear();
  routes_.clear();
  by_length_ = {};
  next_hops_.clear();
}

std::vector<LinkFact> Resolver::usable_links() const {
  std::vector<LinkFact> links;
  for (const auto& [ifindex, link] : links_)
    if (link.usable()) links.push_back(link);
  return links;
}

bool Resolver::link(const LinkFact& fact) {
  if (fact.gone) return links_.erase(fact.ifindex) > 0;
  auto& known = links_[fact.ifindex];
  const bool changed = known.name != fact.name || known.usable() != fact.usable() || known.up != fact.up;
  known = fact;
  return changed;
}

bool Resolver::address(const AddressFact& fact) {
  const auto key = std::pair(fact.ifindex, fact.address);
  if (fact.gone) return addresses_.erase(key) > 0;
  const auto [it, inserted] = addresses_.insert_or_assign(key, fact.prefix_length);
  return inserted;
}

bool Resolver::neighbour(const NeighbourFact& fact) {
  const auto key = std::pair(fact.ifindex, fact.address);
  if (fact.failed && !fact.gone) return failed_.insert(key).second;
  return failed_.erase(key) > 0;
}

bool Resolver::route(const RouteFact& fact) {
  if (fact.table != table_ && fact.table != kMainTable) return false;
  const auto same = [&](const ForeignRoute& r) { return r.table == fact.table && r.metric == fact.metric; };
  auto found = routes_.find(fact.prefix);
  if (fact.gone) {
    if (found == routes_.end()) return false;
    // Routes of one metric that differ in protocol or hops only (append): take the one that fits best.
    auto& list = found->second;
    auto it = std::find_if(list.begin(), list.end(), [&](const ForeignRoute& r) {
      return same(r) && r.protocol == fact.protocol && r.nexthop_id == fact.nexthop_id && r.hops == fact.hops;
    });
    if (it == list.end())
      it = std::find_if(list.begin(), list.end(), [&](auto& r) { return same(r) && r.protocol == fact.protocol; });
    if (it == list.end()) return false;
    list.erase(it);
    if (list.empty()) {
      --by_length_[net::index(fact.prefix.family())][fact.prefix.length()];
      routes_.erase(found);
    }
    return true;
  }
  if (found == routes_.end()) {
    found = routes_.try_emplace(fact.prefix).first;
    ++by_length_[net::index(fact.prefix.family())][fact.prefix.length()];
  }
  auto& list = found->second;
  ForeignRoute route{fact.table, fact.metric, fact.nexthop_id, fact.protocol, fact.kind, fact.hops};
  auto it = std::find_if(list.begin(), list.end(), [&](const ForeignRoute& r) {
    return same(r) && (fact.replaced || (r.protocol == route.protocol && r.hops == route.hops));
  });
  // An IPv6 multipath route is told again, whole, whenever a sibling joins.
  if (it == list.end() && fact.prefix.family() == net::Family::Ipv6Unicast)
    it = std::find_if(list.begin(), list.end(), [&](auto& r) { return same(r) && r.protocol == route.protocol; });
  if (it != list.end()) {
    *it = std::move(route);
    return true;
  }
  const auto order = [&](const ForeignRoute& r) { return std::pair(r.table != table_, r.metric); };
  list.insert(std::upper_bound(list.begin(), list.end(), route,
                               [&](const auto& a, const auto& b) { return order(a) < order(b); }),
              std::move(route));
  return true;
}

bool Resolver::next_hop(const NextHopFact& fact) {
  if (fact.gone) return next_hops_.erase(fact.id) > 0;
  next_hops_.insert_or_assign(fact.id, fact);
  return true;
}

bool Resolver::used_by_ipv4_route(std::uint32_t nexthop_id) const {
  return std::ranges::any_of(routes_, [&](const auto& entry) {
    return entry.first.family() == net::Family::Ipv4Unicast &&
           std::ranges::find(entry.second, nexthop_id, &ForeignRoute::nexthop_id) != entry.second.end();
  });
}

std::vector<net::Prefix> Resolver::link_lost(std::uint32_t ifindex, bool carrier_only) {
  // Nexthop objects of the link are gone in both cases, and with them the groups that are empty now.
  std::set<std::uint32_t> lost;
  std::erase_if(next_hops_, [&](const auto& entry) {
    if (entry.second.group || entry.second.hop.ifindex != ifindex) return false;
    lost.insert(entry.first);
    return true;
  });
  if (!lost.empty()) {
    for (auto it = next_hops_.begin(); it != next_hops_.end();) {
      auto& object = it->second;
      if (object.group) std::erase_if(object.members, [&](std::uint32_t id) { return lost.contains(id); });
      const bool emptied = object.group && object.members.empty();
      if (emptied) lost.insert(it->first);
      it = emptied ? next_hops_.erase(it) : std::next(it);
    }
  }
  // IPv4 tells nothing of the routes that go along (IPv6 sends RTM_DELROUTE for each). Routes that are not on nexthop
  // objects survive the loss of carrier.
  std::vector<net::Prefix> freed;
  for (auto it = routes_.begin(); it != routes_.end();) {
    auto& [prefix, list] = *it;
    const auto dead = [&](const ForeignRoute& r) {
      if (r.nexthop_id != 0) return lost.contains(r.nexthop_id);
      return !carrier_only && prefix.family() == net::Family::Ipv4Unicast && !r.hops.empty() &&
             std::all_of(r.hops.begin(), r.hops.end(), [&](const FactHop& h) { return h.ifindex == ifindex; });
    };
    if (std::erase_if(list, dead) > 0) freed.push_back(prefix);
    if (list.empty()) {
      --by_length_[net::index(prefix.family())][prefix.length()];
      it = routes_.erase(it);
    } else {
      ++it;
    }
  }
  return freed;
}

const LinkFact* Resolver::device_of(const ForeignRoute& route) const {
  const bool direct = route.kind == RouteKind::Unicast && route.nexthop_id == 0 && is_direct(route.hops);
  return direct ? find_link(route.hops[0].ifindex) : nullptr;
}

const std::string* Resolver::connected_on(const net::Prefix& prefix) const {
  if (prefix.length() == 0) return nullptr;  // "default dev ppp0" is not a connected network
  if (by_length_[net::index(prefix.family())][prefix.length()] == 0) return nullptr;
  const auto found = routes_.find(prefix);
  if (found == routes_.end()) return nullptr;
  for (const auto& route : found->second)
    if (const auto* link = device_of(route)) return &link->name;
  return nullptr;
}

bool Resolver::may_be_subnet(std::uint8_t protocol) { return protocol == kProtocolKernel || protocol == kProtocolRa; }

Resolver::Subnet Resolver::subnet_around(const net::Prefix& prefix) const {
  const auto& counts = by_length_[net::index(prefix.family())];
  for (unsigned length = prefix.length(); length > 0; --length) {
    if (counts[length] == 0) continue;
    const auto around = net::Prefix::make(prefix.address(), length);
    const auto found = routes_.find(around);
    if (found == routes_.end()) continue;
    for (const auto& route : found->second)
      if (const auto* link = device_of(route); link != nullptr && may_be_subnet(route.protocol))
        return {around, &link->name};
  }
  return {};
}

const ForeignRoute* Resolver::holder(const net::Prefix& prefix, std::uint32_t metric) const {
  const auto found = routes_.find(prefix);
  if (found == routes_.end()) return nullptr;
  for (const auto& route : found->second)
    if (route.table == table_ && route.metric == metric) return &route;
  return nullptr;
}

const LinkFact* Resolver::find_link(std::uint32_t ifindex) const {
  const auto found = links_.find(ifindex);
  return found == links_.end() ? nullptr : &found->second;
}

std::string Resolver::link_name(std::uint32_t ifindex) const {
  const auto* link = find_link(ifindex);
  return link != nullptr ? link->name : fmt::format("interface {}", ifindex);
}

InterfaceAddresses Resolver::addresses() const {
  InterfaceAddresses all;
  for (const auto& [key, length] : addresses_)
    all.addresses.push_back({link_name(key.first), key.first, key.second, length});
  return all;
}

bool Resolver::usable(std::uint32_t ifindex, std::string& reason) const {
  const auto* link = find_link(ifindex);
  if (link != nullptr && link->usable()) return true;
  if (link == nullptr)
    reason = fmt::format("interface {} does not exist", ifindex);
  else
    reason = fmt::format("{} {}", link->name, link->up ? "has no carrier" : "is down");
  return false;
}

std::vector<FactHop> Resolver::hops_of(const ForeignRoute& route) const {
  const auto object = route.nexthop_id != 0 ? next_hops_.find(route.nexthop_id) : next_hops_.end();
  if (object == next_hops_.end()) return route.hops;
  if (!object->second.group) return {object->second.hop};
  std::vector<FactHop> hops;
  for (const auto id : object->second.members)
    if (const auto member = next_hops_.find(id); member != next_hops_.end()) hops.push_back(member->second.hop);
  return hops;
}

const std::vector<ForeignRoute>* Resolver::longest_match(const net::IpAddress& address, unsigned max_length,
                                                         net::Prefix& matched) const {
  const auto& counts = by_length_[net::index(address.family())];
  for (unsigned length = std::min(max_length, address.bit_length()) + 1; length-- > 0;) {
    if (counts[length] == 0) continue;
    matched = net::Prefix::make(address, length);
    if (const auto found = routes_.find(matched); found != routes_.end()) return &found->second;
  }
  return nullptr;
}

Resolution Resolver::on_interface(const NextHop& next_hop) const {
  Resolution result;
  result.connected = true;
  for (const auto& [ifindex, link] : links_) {
    if (link.name != next_hop.interface) continue;
    if (usable(ifindex, result.reason)) result.hops.push_back({next_hop.gateway, ifindex});
    return result;
  }
  result.reason = fmt::format("interface {} does not exist", next_hop.interface);
  return result;
}

Resolution Resolver::through(const NextHop& next_hop, const net::Prefix& matched, const ForeignRoute& route) const {
  Resolution result;
  if (route.kind != RouteKind::Unicast) {
    result.reason =
        fmt::format("{} has a {} route", matched, route.kind == RouteKind::Blackhole ? "blackhole" : "reject");
    return result;
  }
  for (const auto& hop : hops_of(route)) {
    if (!hop.has_gateway && may_be_subnet(route.protocol) && is_broadcast(next_hop.gateway, matched)) {
      result.reason = fmt::format("{} is the broadcast address of {}", next_hop.gateway, matched);
      continue;
    }
    if (!usable(hop.ifindex, result.reason)) continue;
    result.hops.push_back({hop.has_gateway ? hop.gateway : next_hop.gateway, hop.ifindex});
    result.connected = !hop.has_gateway;
    if (hop.has_gateway) result.metric = route.metric;
  }
  std::sort(result.hops.begin(), result.hops.end());
  if (result.usable()) result.reason.clear();
  if (!result.usable() && result.reason.empty())
    result.reason = fmt::format("the route to {} has no next hop", matched);
  return result;
}

void Resolver::drop_failed_neighbours(Resolution& resolution) const {
  if (failed_.empty() || !resolution.usable()) return;
  const auto failed = [&](const ResolvedHop& hop) { return failed_.contains({hop.ifindex, hop.gateway}); };
  if (std::all_of(resolution.hops.begin(), resolution.hops.end(), failed))
    resolution.neighbour_failed = true;
  else
    std::erase_if(resolution.hops, failed);
}

Resolution Resolver::resolve(const NextHop& next_hop, bool connected_only) const {
  Resolution result;
  const auto& gateway = next_hop.gateway;
  if (gateway.is_unspecified() || gateway.is_multicast() || gateway.is_loopback()) {
    result.reason = fmt::format("{} cannot be a next hop", gateway);
    return result;
  }
  for (const auto& [key, length] : addresses_) {
    if (key.second != gateway || (gateway.is_link_local() && link_name(key.first) != next_hop.interface)) continue;
    result.reason = fmt::format("{} is an address of this host", gateway);
    return result;
  }
  if (!next_hop.interface.empty()) {
    result = on_interface(next_hop);
    drop_failed_neighbours(result);
    return result;
  }
  if (gateway.is_v6() && gateway.is_link_local()) {
    result.reason = fmt::format("{} is link-local and names no interface", gateway);
    return result;
  }
  net::Prefix matched;
  const auto* routes = longest_match(gateway, gateway.bit_length(), matched);
  if (routes == nullptr) {
    result.reason = fmt::format("no route covers {}", gateway);
    return result;
  }
  if (matched.length() == 0 && connected_only) {
    result.reason = fmt::format("{} was on a link that is gone; the default route does not lead to it", gateway);
    return result;
  }
  for (const auto& route : *routes) {
    auto candidate = through(next_hop, matched, route);
    if (candidate.usable() || &route == &routes->front()) result = std::move(candidate);
    if (result.usable()) break;
  }
  drop_failed_neighbours(result);
  return result;
}

}  // namespace podbgp::fib

// A kernel of values: links, nexthop objects and routes, with the semantics of Linux 6.x that the planner relies on.
// Applies KernelOps, tells facts, and keeps account of what a kernel would take badly.
#pragma once

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "fib/planner.hpp"

namespace podbgp::fib::test {

using Fact = std::variant<LinkFact, AddressFact, NeighbourFact, NextHopFact, RouteFact>;

class FakeKernel {
 public:
  struct Object {
    std::uint8_t protocol = 0;
    bool group = false;
    ResolvedHop hop;
    std::set<std::uint32_t> members;
    friend bool operator==(const Object&, const Object&) = default;
  };
  struct Route {
    std::uint8_t protocol = 0;
    bool blackhole = false;
    std::uint32_t nexthop_id = 0;
    std::vector<FactHop> hops;
    friend bool operator==(const Route&, const Route&) = default;
  };
  using Key = std::pair<net::Prefix, std::uint32_t>;  // prefix, metric

  explicit FakeKernel(const Settings& settings) : settings_(settings) {}

  std::map<std::uint32_t, LinkFact> links;
  std::map<std::pair<std::uint32_t, net::IpAddress>, AddressFact> addresses;
  std::map<std::uint32_t, Object> objects;
  std::map<Key, Route> routes;
  std::deque<Fact> notifications;
  std::vector<std::string> violations;
  std::deque<KernelOp> log;  // long ones are written in turns that are measured
  bool supports_objects = true;
  std::set<std::uint8_t> former_protocols;  // whose routes may be written over

  // A link with a connected prefix in each family.
  void add_link(std::uint32_t ifindex, const std::string& name, const std::vector<net::Prefix>& connected) {
    links[ifindex] = {ifindex, name, true, true, false};
    for (const auto& p : connected) {
      routes[{p, metric_of_connected(p)}] = subnet(ifindex);
      connected_[ifindex].push_back(p);
    }
  }

  // The route that an address on the link brings.
  static Route subnet(std::uint32_t ifindex) { return {2, false, 0, {{false, {}, ifindex}}}; }

  int apply(const KernelOp& op) {
    log.push_back(op);
    switch (op.kind) {
      case OpKind::AddRoute:
      case OpKind::ReplaceRoute: return write_route(op);
      case OpKind::DeleteRoute: {
        const auto it = routes.find(key(op.prefix));
        if (it == routes.end() || it->second.protocol != settings_.protocol) return ESRCH;
        routes.erase(it);
        return 0;
      }
      case OpKind::DeleteFormer: {
        const auto it = routes.find({op.prefix, op.former.metric(op.prefix.family())});
        if (it == routes.end() || it->second.protocol != op.former.protocol) return ESRCH;
        routes.erase(it);
        return 0;
      }
      case OpKind::NewNextHop: {
        if (!supports_objects) return EOPNOTSUPP;
        if (objects.contains(op.nexthop_id)) return EEXIST;
        const auto link = links.find(op.hops[0].ifindex);
        if (link == links.end() || !link->second.usable()) return ENETDOWN;
        if (!op.on_link && has_host_route(op.hops[0].gateway)) return EHOSTUNREACH;
        objects[op.nexthop_id] = {settings_.protocol, false, op.hops[0], {}};
        return 0;
      }
      case OpKind::NewGroup:
      case OpKind::ReplaceGroup: return write_group(op);
      case OpKind::DeleteNextHop: {
        if (!objects.contains(op.nexthop_id)) return ENOENT;
        if (in_use(op.nexthop_id)) violations.push_back(fmt::format("deleted nexthop {} in use", op.nexthop_id));
        remove_object(op.nexthop_id, 0);
        return 0;
      }
      case OpKind::ProbeNeighbour: return 0;
    }
    return EINVAL;
  }

  // Everything, as a dump shows it.
  void dump_to(Planner& planner) {
    planner.begin_dump();
    for (const auto& [i, l] : links) planner.fact(l);
    for (const auto& [i, a] : addresses) planner.fact(a);
    for (const auto& [id, o] : objects) planner.fact(fact_of(id, o));
    for (const auto& [k, r] : routes) planner.fact(fact_of(k, r));
    planner.end_dump();
  }
  void tell(Planner& planner, std::size_t at_most = SIZE_MAX) {
    for (; at_most > 0 && !notifications.empty(); --at_most) {
      std::visit([&](const auto& f) { planner.fact(f); }, notifications.front());
      notifications.pop_front();
    }
  }

  void link_down(std::uint32_t ifindex, bool admin) {
    auto& link = links[ifindex];
    if (!link.up && admin) return;
    if (!link.carrier && !admin) return;
    if (admin) link.up = false;
    link.carrier = false;
    std::vector<std::uint32_t> lost;
    for (const auto& [id, o] : objects)
      if (!o.group && o.hop.ifindex == ifindex) lost.push_back(id);
    notifications.push_back(link);
    for (const auto id : lost) remove_object(id, std::nullopt);
    if (!admin) return;
    // Plain routes of the link: IPv4 in silence, IPv6 with a word for each.
    for (auto it = routes.begin(); it != routes.end();) {
      const auto& hops = it->second.hops;
      const bool dead = !hops.empty() && std::ranges::all_of(hops, [&](auto& h) { return h.ifindex == ifindex; });
      if (dead && it->first.first.family() == net::Family::Ipv6Unicast) notify_gone(it->first, it->second, 0);
      it = dead ? routes.erase(it) : std::next(it);
    }
  }
  void link_up(std::uint32_t ifindex) {
    auto& link = links[ifindex];
    const bool was_up = link.up;
    link.up = link.carrier = true;
    notifications.push_back(link);
    if (was_up) return;
    for (const auto& p : connected_[ifindex])
      foreign_add(p, metric_of_connected(p), subnet(ifindex), 0);
  }

  // What others do, each with a word from the kernel.
  bool foreign_add(const net::Prefix& p, std::uint32_t metric, Route route, std::uint32_t port = 4711) {
    const Key k{p, metric};
    if (routes.contains(k)) return false;
    routes[k] = std::move(route);
    notifications.push_back(with_port(fact_of(k, routes[k]), port));
    return true;
  }
  void foreign_overwrite(const net::Prefix& p, std::uint32_t metric, Route route) {
    const Key k{p, metric};
    const bool replaced = routes.contains(k);
    routes[k] = std::move(route);
    auto fact = with_port(fact_of(k, routes[k]), 4711);
    fact.replaced = replaced;
    notifications.push_back(fact);
  }
  void foreign_delete(const net::Prefix& p, std::uint32_t metric) {
    const auto it = routes.find({p, metric});
    if (it == routes.end()) return;
    notify_gone(it->first, it->second, 4711);
    routes.erase(it);
  }
  void foreign_flush_object(std::uint32_t id) { remove_object(id, 4711); }

  [[nodiscard]] Key key(const net::Prefix& p) const { return {p, metric(p)}; }
  [[nodiscard]] std::uint32_t metric(const net::Prefix& p) const {
    return p.family() == net::Family::Ipv4Unicast ? settings_.metric_v4 : settings_.metric_v6;
  }
  // Where packets for the prefix go by our route: gateway@ifindex, sorted; "blackhole"; "none"; "proto N" if foreign.
  [[nodiscard]] std::string forwarding(const net::Prefix& p) const {
    const auto it = routes.find(key(p));
    if (it == routes.end()) return "none";
    const auto& r = it->second;
    if (r.protocol != settings_.protocol) return fmt::format("proto {}", r.protocol);
    if (r.blackhole) return "blackhole";
    std::set<std::string> hops;
    if (r.nexthop_id != 0) {
      const auto& o = objects.at(r.nexthop_id);
      for (const auto id : o.group ? o.members : std::set<std::uint32_t>{r.nexthop_id})
        hops.insert(fmt::format("{}@{}", objects.at(id).hop.gateway, objects.at(id).hop.ifindex));
    }
    for (const auto& h : r.hops) hops.insert(fmt::format("{}@{}", h.gateway, h.ifindex));
    return fmt::format("{}", fmt::join(hops, " "));
  }
  [[nodiscard]] std::unordered_set<std::uint32_t> used() const {
    std::unordered_set<std::uint32_t> ids;
    for (const auto& [k, r] : routes)
      if (r.nexthop_id != 0) ids.insert(r.nexthop_id);
    for (const auto& [id, o] : objects) ids.insert(o.members.begin(), o.members.end());
    return ids;
  }
  // All that is not ours.
  [[nodiscard]] std::map<Key, Route> foreign_routes() const {
    std::map<Key, Route> all;
    for (const auto& [k, r] : routes)
      if (r.protocol != settings_.protocol) all.emplace(k, r);
    return all;
  }

 private:
  static std::uint32_t metric_of_connected(const net::Prefix& p) {
    return p.family() == net::Family::Ipv4Unicast ? 0 : 256;
  }
  static RouteFact with_port(RouteFact f, std::uint32_t port) {
    f.port = port;
    return f;
  }
  RouteFact fact_of(const Key& k, const Route& r) const {
    RouteFact f;
    f.prefix = k.first;
    f.table = settings_.table;
    f.metric = k.second;
    f.protocol = r.protocol;
    f.kind = r.blackhole ? RouteKind::Blackhole : RouteKind::Unicast;
    f.nexthop_id = r.nexthop_id;
    f.hops = r.hops;
    return f;
  }
  static NextHopFact fact_of(std::uint32_t id, const Object& o) {
    NextHopFact f;
    f.id = id;
    f.protocol = o.protocol;
    f.group = o.group;
    f.hop = {true, o.hop.gateway, o.hop.ifindex};
    f.members.assign(o.members.begin(), o.members.end());
    return f;
  }
  void notify_gone(const Key& k, const Route& r, std::uint32_t port) {
    auto f = with_port(fact_of(k, r), port);
    f.gone = true;
    notifications.push_back(f);
  }
  [[nodiscard]] bool in_use(std::uint32_t id) const { return used().contains(id); }

  int write_route(const KernelOp& op) {
    const auto k = key(op.prefix);
    const auto it = routes.find(k);
    if (op.kind == OpKind::AddRoute && it != routes.end()) return EEXIST;
    if (op.kind == OpKind::ReplaceRoute && it == routes.end()) return ENOENT;
    if (op.kind == OpKind::ReplaceRoute && it->second.protocol != settings_.protocol &&
        !former_protocols.contains(it->second.protocol))
      violations.push_back(fmt::format("overwrote the foreign route {}", op.prefix));
    if (op.nexthop_id != 0 && !objects.contains(op.nexthop_id)) return EINVAL;
    Route route{settings_.protocol, op.blackhole, op.nexthop_id, {}};
    for (const auto& h : op.hops) {
      if (!links.contains(h.ifindex) || !links[h.ifindex].up) return ENETDOWN;
      if (!op.on_link && has_host_route(h.gateway)) return EHOSTUNREACH;
      route.hops.push_back({true, h.gateway, h.ifindex});
    }
    routes[k] = std::move(route);
    return 0;
  }
  // IPv6: a gateway is looked up in the table, and is none where that leads over a gateway.
  [[nodiscard]] bool has_host_route(const net::IpAddress& gateway) const {
    return gateway.is_v6() && !gateway.is_link_local() && routes.contains(key(net::Prefix::make(gateway, 128)));
  }
  int write_group(const KernelOp& op) {
    const auto it = objects.find(op.nexthop_id);
    if (op.kind == OpKind::NewGroup && it != objects.end()) return EEXIST;
    if (op.kind == OpKind::ReplaceGroup && it == objects.end()) return ENOENT;
    if (it != objects.end() && (it->second.protocol != settings_.protocol || !it->second.group))
      violations.push_back(fmt::format("replaced nexthop {} which is not a group of ours", op.nexthop_id));
    for (const auto id : op.members)
      if (!objects.contains(id) || objects[id].group) return EINVAL;
    objects[op.nexthop_id] = {settings_.protocol, true, {}, {op.members.begin(), op.members.end()}};
    return 0;
  }
  // Groups shrink; one that is empty goes, with its routes. `port`: nullopt where the kernel says nothing (IPv6 routes
  // are told even then), 0 for our own request (nothing comes back to us), else of a foreigner.
  void remove_object(std::uint32_t id, std::optional<std::uint32_t> port) {
    const auto object = objects[id];
    objects.erase(id);
    if (port && *port != 0) {
      auto f = fact_of(id, object);
      f.gone = true;
      f.port = *port;
      notifications.push_back(f);
    }
    for (auto it = routes.begin(); it != routes.end();) {
      if (it->second.nexthop_id == id && it->first.first.family() == net::Family::Ipv6Unicast && port != 0u)
        notify_gone(it->first, it->second, port.value_or(0));
      it = it->second.nexthop_id == id ? routes.erase(it) : std::next(it);
    }
    std::vector<std::uint32_t> empty;
    for (auto& [other, o] : objects)
      if (o.members.erase(id) > 0) {
        if (o.members.empty()) {
          empty.push_back(other);
        } else if (port && *port != 0) {
          auto f = fact_of(other, o);
          f.port = *port;
          notifications.push_back(f);
        }
      }
    for (const auto other : empty) remove_object(other, port);
  }

  Settings settings_;
  std::map<std::uint32_t, std::vector<net::Prefix>> connected_;
};

}  // namespace podbgp::fib::test

// Next-hop resolution: from the gateway that BGP names to gateway and device for the kernel, over connected prefixes
// and one level through the table. Pure: fed with facts, asked by the planner.
//
// Holds links, addresses, failed neighbours, foreign routes of the tables that count, and foreign nexthop objects
// (routes refer to them). Our own routes are never given to it: a BGP route does not resolve a BGP next hop.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "fib/facts.hpp"
#include "fib/kernel_op.hpp"
#include "fib/messages.hpp"

namespace podbgp::fib {

struct Resolution {
  std::vector<ResolvedHop> hops;  // empty: unusable, see `reason`
  bool connected = false;         // on a link of ours, no gateway between
  bool neighbour_failed = false;  // resolved, but nobody answers there
  std::uint32_t metric = 0;       // of the resolving route; 0 for connected
  std::string reason;
  [[nodiscard]] bool usable() const { return !hops.empty(); }
  friend bool operator==(const Resolution&, const Resolution&) = default;
};

// A route that is not ours. `hops` is empty where `nexthop_id` says it all.
struct ForeignRoute {
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  std::uint32_t nexthop_id = 0;
  std::uint8_t protocol = 0;
  RouteKind kind = RouteKind::Unicast;
  std::vector<FactHop> hops;
};

class Resolver {
 public:
  // `table`: ours; main counts as well.
  explicit Resolver(std::uint32_t table) : table_(table) {}

  void clear();  // before a dump that tells everything anew

  // Each answers whether resolutions may differ now.
  bool link(const LinkFact& fact);
  bool address(const AddressFact& fact);
  bool neighbour(const NeighbourFact& fact);
  bool route(const RouteFact& fact);       // foreign only
  bool next_hop(const NextHopFact& fact);  // any
  // Whether a foreign IPv4 route uses the object: the kernel drops it with the object and does not tell.
  [[nodiscard]] bool used_by_ipv4_route(std::uint32_t nexthop_id) const;
  // The link went (down, lost carrier, removed): forget what the kernel drops without telling. Returns the prefixes
  // whose foreign IPv4 routes vanished: what they blocked may be tried again.
  std::vector<net::Prefix> link_lost(std::uint32_t ifindex, bool carrier_only);

  // `connected_only`: a next hop that was once on a link is not sent over the default route when that link goes.
  [[nodiscard]] Resolution resolve(const NextHop& next_hop, bool connected_only) const;

  // The name of the device on which `prefix` itself is connected in our table or main; none for the default route.
  [[nodiscard]] const std::string* connected_on(const net::Prefix& prefix) const;
  // The longest subnet of a link in our table or main that contains `prefix` (or is it): what an address on the link or
  // a router advertisement brought. A route that somebody put on a device (a tunnel's, wg-quick's) is none.
  struct Subnet {
    net::Prefix prefix;
    const std::string* link = nullptr;  // the device's name; nullptr: there is none
  };
  [[nodiscard]] Subnet subnet_around(const net::Prefix& prefix) const;
  // The foreign route of our table that occupies (prefix, metric).
  [[nodiscard]] const ForeignRoute* holder(const net::Prefix& prefix, std::uint32_t metric) const;
  [[nodiscard]] std::vector<LinkFact> usable_links() const;
  [[nodiscard]] const LinkFact* find_link(std::uint32_t ifindex) const;
  [[nodiscard]] std::string link_name(std::uint32_t ifindex) const;  // "eth1", or "interface 7"
  [[nodiscard]] InterfaceAddresses addresses() const;
  [[nodiscard]] std::size_t routes() const { return routes_.size(); }

  [[nodiscard]] static bool may_be_subnet(std::uint8_t protocol);  // kernel, ra

 private:
  [[nodiscard]] const LinkFact* device_of(const ForeignRoute& route) const;  // of a route without a gateway
  [[nodiscard]] bool usable(std::uint32_t ifindex, std::string& reason) const;
  [[nodiscard]] std::vector<FactHop> hops_of(const ForeignRoute& route) const;
  [[nodiscard]] const std::vector<ForeignRoute>* longest_match(const net::IpAddress& address, unsigned max_length,
                                                               net::Prefix& matched) const;
  [[nodiscard]] Resolution through(const NextHop& next_hop, const net::Prefix& matched,
                                   const ForeignRoute& route) const;
  [[nodiscard]] Resolution on_interface(const NextHop& next_hop) const;
  void drop_failed_neighbours(Resolution& resolution) const;

  std::uint32_t table_;
  std::map<std::uint32_t, LinkFact> links_;
  std::map<std::pair<std::uint32_t, net::IpAddress>, unsigned> addresses_;  // → prefix length
  std::set<std::pair<std::uint32_t, net::IpAddress>> failed_;
  std::unordered_map<net::Prefix, std::vector<ForeignRoute>> routes_;  // those of a prefix by metric, ours-table first
  std::array<std::array<std::uint32_t, 129>, net::kFamilyCount> by_length_{};
  std::unordered_map<std::uint32_t, NextHopFact> next_hops_;
};

}  // namespace podbgp::fib

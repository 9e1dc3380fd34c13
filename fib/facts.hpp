// What the kernel says, as plain values: the netlink codec makes them, the planner consumes them.
//
// `port` is the netlink port id of whoever caused the change (0: the kernel itself; also 0 in dumps).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/ip_address.hpp"
#include "net/prefix.hpp"

namespace podbgp::fib {

struct LinkFact {
  std::uint32_t ifindex = 0;
  std::string name;
  bool up = false;       // IFF_UP
  bool carrier = false;  // IFF_LOWER_UP or IFF_RUNNING: when both go, the kernel drops the nexthop objects of the link
  bool gone = false;
  [[nodiscard]] bool usable() const { return up && carrier && !gone; }
};

struct AddressFact {
  std::uint32_t ifindex = 0;
  net::IpAddress address;
  unsigned prefix_length = 0;
  bool gone = false;
};

struct NeighbourFact {
  std::uint32_t ifindex = 0;
  net::IpAddress address;
  bool failed = false;  // NUD_FAILED: nobody answers there
  bool gone = false;
};

// One hop of a kernel route. Without a gateway the destination is on the link.
struct FactHop {
  bool has_gateway = false;
  net::IpAddress gateway;
  std::uint32_t ifindex = 0;
  friend bool operator==(const FactHop&, const FactHop&) = default;
};

enum class RouteKind : std::uint8_t { Unicast, Blackhole, Other };  // Other: unreachable, prohibit, throw, …

struct RouteFact {
  net::Prefix prefix;
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;
  RouteKind kind = RouteKind::Unicast;
  std::uint32_t metric = 0;
  std::uint32_t nexthop_id = 0;  // RTA_NH_ID; then `hops` is what the kernel adds for old readers, or empty
  std::vector<FactHop> hops;
  std::uint32_t port = 0;
  bool gone = false;
  bool replaced = false;  // a new route that took the place of one with the same prefix, table and metric
};

struct NextHopFact {
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;
  bool group = false;
  bool plain_unicast = true;           // false: blackhole, fdb, encapsulated: nothing of ours looks like it
  FactHop hop;                         // singles
  std::vector<std::uint32_t> members;  // groups
  std::uint32_t port = 0;
  bool gone = false;
};

}  // namespace podbgp::fib

// What the planner wants the kernel to be told, as values, and what the kernel answered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fib/settings.hpp"
#include "net/ip_address.hpp"
#include "net/prefix.hpp"

namespace podbgp::fib {

// A next hop the kernel can take: gateway on a device.
struct ResolvedHop {
  net::IpAddress gateway;
  std::uint32_t ifindex = 0;
  friend auto operator<=>(const ResolvedHop&, const ResolvedHop&) = default;
};

enum class OpKind : std::uint8_t {
  AddRoute,        // CREATE|EXCL: the first write of a prefix never overwrites anybody
  ReplaceRoute,    // REPLACE without CREATE: only what we hold
  DeleteRoute,     // always with our protocol and metric
  DeleteFormer,    // a route of a former run: with `former`'s table, protocol and metric
  NewNextHop,      // CREATE|EXCL
  NewGroup,        // CREATE|EXCL
  ReplaceGroup,    // REPLACE without CREATE
  DeleteNextHop,   // object or group
  ProbeNeighbour,  // ask the kernel to look for a neighbour that failed
};

// Table, protocol and metric are the same for all routes of this run and live in the settings.
struct KernelOp {
  OpKind kind{};
  bool blackhole = false;              // routes
  std::uint32_t nexthop_id = 0;        // objects: the id; routes: the object they use, 0: `hops` or blackhole
  net::Prefix prefix;                  // routes
  Mark former;                         // DeleteFormer
  std::vector<ResolvedHop> hops;       // plain routes; one for NewNextHop and ProbeNeighbour
  bool on_link = false;                // plain routes, NewNextHop: IPv6 gateways are not looked up (RTNH_F_ONLINK)
  std::vector<std::uint32_t> members;  // groups: ids, ascending
};

// Operations that are not listed in the answer to a batch succeeded.
struct OpError {
  std::size_t index = 0;  // in the batch
  int error = 0;          // errno, positive
  std::string text;       // ext-ack, may be empty
};

// "EEXIST", "ENETUNREACH": short names of what the kernel answers to route and nexthop requests.
[[nodiscard]] std::string error_name(int error);
// "static", "kernel", "bgp"; the number where it has no name.
[[nodiscard]] std::string protocol_name(std::uint8_t protocol);

}  // namespace podbgp::fib

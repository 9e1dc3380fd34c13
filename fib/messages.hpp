// What core and fib say to each other. Plain values; they cross threads through mailboxes.
//
// core → fib:  hop sets by id, routes by hop-set id, peers and gateways that went away, tracked next hops.
// fib → core:  reachability of tracked next hops, the fate of routes, warnings about the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/ids.hpp"
#include "net/ip_address.hpp"
#include "net/prefix.hpp"
#include "net/strong.hpp"

namespace podbgp::fib {

// A gateway as BGP names it. `interface` only for link-local gateways (the name of the peer's interface), else empty.
struct NextHop {
  net::IpAddress gateway;
  std::string interface;
  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

struct Hop {
  net::PeerId peer;   // whose path it is: when the peer goes, every set that names it is re-pointed first
  NextHop next_hop;
  friend bool operator==(const Hop&, const Hop&) = default;
};

// The best path, or the ECMP set (ordered by peer), and the first backup. Core interns these: equal content, equal id.
struct HopSet {
  std::vector<Hop> best;          // 1..multipath
  std::vector<Hop> backup;        // 0 or 1: used when no member of `best` is usable
  friend bool operator==(const HopSet&, const HopSet&) = default;
};
using HopSetId = net::Strong<struct HopSetIdTag, std::uint32_t>;
inline constexpr HopSetId kNoHopSet{0};         // remove the route
inline constexpr HopSetId kBlackhole{1};        // an own block: drop what no more specific route takes
inline constexpr std::uint32_t kFirstHopSet = 2;

struct RouteChange {
  net::Prefix prefix;
  HopSetId hops;                  // kNoHopSet: no route wanted
};

struct DefineHopSet { HopSetId id; HopSet set; };   // before its first use; ids are reused only after a ReleaseHopSet
struct ReleaseHopSet { HopSetId id; };              // after the last route that used it was changed
// The peer's session is gone: its hops are not to be used. Overtakes route changes that are queued. The peer id means this
// peer again once a PeerUp came.
struct PeerDown { net::PeerId peer; };
struct PeerUp { net::PeerId peer; };
struct RouteBatch { std::vector<RouteChange> routes; };   // later changes of a prefix win
struct TrackNextHop { NextHop next_hop; };           // tell its reachability now, and whenever it changes
struct UntrackNextHop { NextHop next_hop; };
struct Converged {};                                 // initial convergence: what is still only adopted may be swept
// Answered by RouteDump, in pieces. Either the prefixes that are named, or a page of all there are, in no particular
// order: what is there all the while is in exactly one of the pages. A page costs what it shows and what it skips.
struct DumpRoutes {
  std::uint64_t request = 0;
  std::vector<net::Prefix> prefixes;                 // only these; empty: a page of all
  bool unwanted = false;                             // of `prefixes`: also what was found at start and nobody asked for yet
  std::optional<net::Family> family;                 // the page: only this family,
  std::optional<net::Prefix> within;                 // only what this contains,
  std::uint32_t from = 0;                            // from here on (RouteDump::next of the page before),
  std::size_t limit = 1000;                          // and no more than this many
};
struct Stop { bool remove_routes = false; };         // answered by Stopped

using ToFib = std::variant<DefineHopSet, ReleaseHopSet, PeerDown, PeerUp, RouteBatch, TrackNextHop, UntrackNextHop,
                           Converged, DumpRoutes, Stop>;

struct NextHopState {
  NextHop next_hop;
  bool reachable = false;
  std::uint32_t metric = 0;      // of the resolving route: the IGP cost of RFC 4271 §9.1.2.2 e; 0 for connected
  std::uint32_t ifindex = 0;
  std::string reason;            // why not: "no connected route covers 10.9.0.1", "eth1 has no carrier"
  bool connected = true;         // reachable: on a link of ours, not behind a gateway
  friend bool operator==(const NextHopState&, const NextHopState&) = default;
};

enum class RouteStatus : std::uint8_t { Installed, Removed, Refused, Pending };
struct RouteResult {
  net::Prefix prefix;
  RouteStatus status{};
  std::string reason;            // Refused: "EEXIST: 10.244.0.0/24 is held by proto static", ext-ack text, …
};
struct RouteResults { std::vector<RouteResult> results; };  // only changes of status; failures always
struct Warning { std::string text; };                // the host would not forward: remedy included
struct Notice { std::string text; };                 // something happened that the log should have: an overrun, a foreign change
struct FibCounters {
  std::uint64_t installed_v4 = 0, installed_v6 = 0, adopted = 0, swept = 0, refused = 0, pending = 0;
  std::uint64_t nexthop_objects = 0, nexthop_groups = 0;
  std::uint64_t requests = 0, request_errors = 0, overruns = 0, resyncs = 0, repaired = 0;
  std::string state;             // "awaiting", "syncing", "synced", "off"
};
struct Counters { FibCounters counters; };           // at most once a second, when something changed
struct InterfaceAddresses {                          // our own addresses, for next hops we write (IPv6 over an IPv4 session)
  struct Entry { std::string interface; std::uint32_t ifindex = 0; net::IpAddress address; unsigned prefix_length = 0; };
  std::vector<Entry> addresses;                      // the whole set, at start and after each change
};
struct LinkDown { std::string interface; std::uint32_t ifindex = 0; std::string text; };  // it carries nothing now; why
struct LinkUp { std::string interface; std::uint32_t ifindex = 0; };  // a link or address came: sessions may dial
struct KernelRoute {
  net::Prefix prefix;
  std::vector<NextHop> next_hops;                    // as installed; empty: blackhole
  bool blackhole = false;
  RouteStatus status{};
  std::string reason;
};
struct RouteDump {
  std::uint64_t request = 0;
  std::vector<KernelRoute> routes;
  bool last = false;
  std::uint32_t next = 0;                            // in the last piece of a page: where the next one begins; 0: the end
};
struct Synced {};                                    // initial dump read: adoption is done
struct Stopped {};
// What former runs with other marks had left is gone from the kernel. With an error they are not: why, and the remedy.
struct FormerGone { std::uint64_t routes = 0, nexthop_objects = 0; std::string error; };

using FromFib = std::variant<NextHopState, RouteResults, Warning, Notice, Counters, InterfaceAddresses, LinkUp, LinkDown, RouteDump, Synced, Stopped,
                             FormerGone>;

}  // namespace podbgp::fib

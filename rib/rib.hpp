// Rib: one table, one journal, many readers. The face of the floor: everything core asks of routes goes through here.
//
// Owner: core's executor. Pure: no clock, no socket, no thread; long walks are cut into slices by run().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/time.hpp"
#include "rib/out_slice.hpp"
#include "rib/settings.hpp"
#include "wire/route_refresh.hpp"
#include "wire/update.hpp"

namespace podbgp::rib {

// A session as the RIB sees it: how to read and write bytes, and what address is ours on it.
struct SessionInfo {
  wire::SessionContext receive;
  net::RouterId peer_id;
  net::FamilySet families;
  net::FamilySet add_path_send;
  bool four_octet_as = true;
  bool extended_message = false;
  bool expects_end_of_rib = false;             // the peer has the graceful restart capability
  net::IpAddress local_address;                // of the TCP connection
  // What "next hop self" means per family: the connection's local address, or for IPv6 over an IPv4 session the interface's
  // global address (nullopt: none there, routes of that family are not sent, and the reason is shown).
  std::optional<net::IpAddress> self_v4;
  std::optional<net::IpAddress> self_v6;
  std::optional<net::IpAddress> self_v6_link_local;
};

// A route of our own, announced over the API by an owner or by `networks:`. Key: (owner, prefix).
struct LocalRoute {
  net::Prefix prefix;
  RouteSource source = RouteSource::Api;
  std::uint16_t owner = 0;                     // dense number of the owner, given by core; 0 = the configuration
  std::optional<net::IpAddress> next_hop;      // nullopt: self
  std::optional<std::uint32_t> local_pref, med;
  std::vector<wire::Community> communities;
  std::vector<wire::ExtendedCommunity> extended_communities;
  std::vector<wire::LargeCommunity> large_communities;
  bool blackhole = true;                       // program an own-block blackhole into the kernel
  friend bool operator==(const LocalRoute&, const LocalRoute&) = default;
};

// Why a path is not best (or is), in the order of the decision process (RFC 4271 §9.1.2, RFC 4456 §9).
enum class Reason : std::uint8_t {
  Best, Multipath, NotEligible, LocalPref, LocalRoute, AsPathLength, Origin, Med, ExternalOverInternal, IgpCost, RouterId,
  ClusterListLength, PeerAddress, PathIdentifier, RejectedByPolicy, AsLoop, OwnOriginator, ClusterLoop, NextHopUnreachable,
  Martian,     // the prefix is never routed, or an address of this host (net/martian.hpp)
  OwnNextHop,  // the next hop is an address of this host (RFC 4271 §5.1.3)
};
[[nodiscard]] std::string_view to_string(Reason reason);

struct PathView {  // a value copy, for API and CLI
  net::PeerId peer;
  std::string peer_name;                       // "" for local routes
  RouteSource source{};
  std::uint16_t owner = 0;
  net::PathId path_id;
  wire::AttributeSet attributes;               // after import policy
  std::optional<wire::AttributeSet> received;  // before policy, where that differs
  Reason reason{};
  std::string reason_text;                     // e.g. "next hop 10.9.0.1: no connected route"
  bool best = false, multipath = false, eligible = false;
  net::TimePoint since;
};

struct RouteView {
  net::Prefix prefix;
  std::uint64_t revision = 0;
  std::vector<PathView> paths;                 // best first, then multipath, then the rest
};

struct AdvertisedView {                        // what a peer was sent
  net::Prefix prefix;
  wire::AttributeSet attributes;
  net::PathId path_id;
  RouteSource source{};
  std::string peer_name;                       // it was learned from; "" for local routes
  std::uint16_t owner = 0;                     // of a route from the API
};

enum class PrefixMatch : std::uint8_t { Exact, Longer, Shorter, LongestMatch };
struct Query {
  enum class View : std::uint8_t { Best, All, Received, Advertised } view = View::Best;
  std::optional<net::Family> family;
  std::optional<net::Prefix> prefix;
  PrefixMatch match = PrefixMatch::Exact;
  std::optional<net::PeerId> peer;             // Received, Advertised: of this peer
  std::size_t limit = 1000;
  std::uint64_t cursor = 0;                    // opaque; 0 = from the start
};
struct QueryResult {
  std::vector<RouteView> routes;               // Best, All, Received
  std::vector<AdvertisedView> advertised;
  std::uint64_t next_cursor = 0;               // 0 = the end
};

struct PeerFamilyCounters {
  std::uint32_t received = 0;                  // paths in Adj-RIB-In
  std::uint32_t accepted = 0;                  // after policy and loop checks
  std::uint32_t best = 0;
  std::uint32_t advertised = 0;
  bool end_of_rib_received = false;
  bool end_of_rib_sent = false;
};
struct PeerCounters {
  std::array<PeerFamilyCounters, net::kFamilyCount> family;
  std::uint64_t updates_received = 0, withdraws_received = 0;
  std::uint64_t treat_as_withdraw = 0, attribute_discard = 0;
  std::uint64_t martians = 0;                  // announcements of prefixes that are never routed
  std::string last_issue;                      // of RFC 7606, with where
  std::string why_nothing_exchanged;           // RFC 8212: "eBGP without import policy", …
};
struct RibCounters {
  std::array<std::uint64_t, net::kFamilyCount> prefixes{}, paths{};
  std::uint64_t attribute_sets = 0, revision = 0, memory_bytes = 0;
};

// What the kernel should do with a prefix, for the FIB reader.
struct ForwardingHop {
  net::PeerId peer;
  net::IpAddress gateway;
  std::uint16_t interface_of_peer = 0xffff;    // for link-local gateways: the peer whose `interface` applies
  friend bool operator==(const ForwardingHop&, const ForwardingHop&) = default;
};
struct Forwarding {
  enum class Kind : std::uint8_t { None, Blackhole, Unicast } kind = Kind::None;
  std::vector<ForwardingHop> best;             // 1..multipath, ordered by peer
  std::optional<ForwardingHop> backup;         // the next best path that is eligible and has another next hop
  // The prefix's number within its family, dense and its own until every reader has passed its removal: readers keep
  // what they know of a prefix in an array by it. kNoNumber: the RIB does not hold the prefix.
  static constexpr std::uint32_t kNoNumber = 0xffffffff;
  std::uint32_t number = kNoNumber;
};

// A reader of the journal: a cursor. Its owner asks for more when it can take more; a slow reader costs nothing but its place.
class Reader {
 public:
  virtual ~Reader() = default;
};

// What core must do for the RIB, gathered by run() and drained by core.
struct Effects {
  // What was wrong with UPDATEs of a peer, for the log (RFC 7606 §8): the first since the last take_effects().
  struct UpdateIssue {
    net::PeerId peer{};
    wire::Reaction reaction{};             // None: martian prefixes, which are kept and not used
    std::string text{};                    // with the attribute and what is wrong with it
    std::optional<net::Prefix> example{};  // the first prefix of the UPDATE that it concerned
    wire::Bytes update{};                  // the body of the UPDATE, at most kIssueOctets of it
    std::size_t update_size = 0;           // of the whole body
    std::uint32_t more = 0;                // further ones
  };
  static constexpr std::size_t kIssueOctets = 256;
  struct MaxPrefixesReached { net::PeerId peer; net::Family family; std::uint32_t count; MaxPrefixes limit; };
  std::vector<net::IpAddress> track_next_hops;   // with link-local ones: see track_link_local
  std::vector<net::IpAddress> untrack_next_hops;
  std::vector<std::pair<net::IpAddress, std::string>> track_link_local;   // gateway, interface
  std::vector<std::pair<net::IpAddress, std::string>> untrack_link_local;
  std::vector<MaxPrefixesReached> max_prefixes;
  std::vector<UpdateIssue> issues;               // at most one for each peer
  std::vector<net::PeerId> output_ready;         // next_output() has something for these
  std::vector<net::PeerId> end_of_rib_received;  // all families of that peer are in
};

class Rib {
 public:
  explicit Rib(RouterSettings settings);
  ~Rib();
  Rib(const Rib&) = delete;
  Rib& operator=(const Rib&) = delete;

  // --- peers ---
  [[nodiscard]] net::PeerId add_peer(PeerSettings settings);
  // Policy and export changes are applied to what is held, in slices; no session is touched, no route refresh is needed.
  void update_peer(net::PeerId peer, PeerSettings settings);
  void remove_peer(net::PeerId peer);            // its paths go first, in slices; then the id may be reused
  void update_router(RouterSettings settings);   // multipath, cluster id
  void peer_up(net::PeerId peer, SessionInfo session);
  void peer_down(net::PeerId peer);              // its paths are withdrawn in slices; what it was sent is forgotten
  void session_addresses_changed(net::PeerId peer, SessionInfo session);  // self next hops changed
  // All addresses of this host: no peer's host route to one of them and no path via one of them is used.
  void own_addresses_changed(std::vector<net::IpAddress> addresses);

  // --- input ---
  // Interns, applies policy, stores, marks dirty; decides nothing yet. `now` stamps new paths.
  [[nodiscard]] net::Result<void, wire::Notification> apply_update(net::PeerId peer, const wire::UpdateView& update,
                                                                   net::TimePoint now);
  void disable_family(net::PeerId peer, net::Family family);  // RFC 7606 §2: family disable
  void route_refresh(net::PeerId peer, net::Family family);   // the peer asks for everything again (RFC 2918 §4)
  void announce(const LocalRoute& route, net::TimePoint now); // the same content again changes nothing and causes no UPDATE
  bool withdraw(std::uint16_t owner, const net::Prefix& prefix);
  void next_hop_changed(const net::IpAddress& next_hop, const std::string& interface, bool reachable, std::uint32_t metric,
                        const std::string& reason, bool connected = true);
  [[nodiscard]] bool awaits_next_hops() const;  // some have not been answered by next_hop_changed() yet

  // --- work ---
  // Decides what is dirty, feeds update groups, goes on with long walks; about `budget` prefixes. True: there is more to do.
  [[nodiscard]] bool run(std::size_t budget);
  [[nodiscard]] Effects take_effects();
  void next_output(net::PeerId peer, std::size_t budget, std::vector<OutSlice>& out);  // see session/owner.hpp
  [[nodiscard]] bool has_output(net::PeerId peer) const;
  // After next_output(): room was made, or what was encoded is for other peers as well. Then call run() soon.
  [[nodiscard]] bool needs_run() const;

  // --- readers ---
  // From the beginning of the journal: everything that is there now, then what changes. At most `limit` prefixes; fewer =
  // caught up. `best_only`: wake for changes of the best path only, else for any change of paths (backup, ECMP).
  // Removed prefixes wait for every reader, at most as many as there are live ones (or 64k). Beyond that a `resettable` reader
  // is stopped until take_reset() was called: then it begins again, and who follows it must forget what it knew. Others are
  // never reset. Readers must not outlive the Rib.
  [[nodiscard]] std::unique_ptr<Reader> open_reader(bool best_only, bool resettable = false);
  [[nodiscard]] bool take_reset(Reader& reader);  // true, once: it was reset
  std::size_t read(Reader& reader, std::size_t limit,
                   const std::function<void(const net::Prefix&, std::uint64_t revision)>& each);
  [[nodiscard]] bool caught_up(const Reader& reader) const;
  [[nodiscard]] std::uint64_t revision() const;

  // --- questions ---
  void forwarding(const net::Prefix& prefix, Forwarding& out) const;   // reuses the capacity of `out`
  [[nodiscard]] std::optional<RouteView> route(const net::Prefix& prefix) const;
  [[nodiscard]] QueryResult query(const Query& query) const;
  [[nodiscard]] PeerCounters counters(net::PeerId peer) const;
  [[nodiscard]] RibCounters counters() const;
  [[nodiscard]] bool has_prefixes(net::Family family) const;
  [[nodiscard]] std::vector<LocalRoute> local_routes(std::uint16_t owner) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podbgp::rib

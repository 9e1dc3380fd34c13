// Backend: all that the API asks of the daemon, without a word of gRPC. Implemented in bgpd/ by posting to core.
//
// Thread: calls from any thread; every Reply and every WatchSink call happens on the control executor, never on core (gRPC's
// writes run in the calling thread). A Reply is called exactly once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fib/messages.hpp"
#include "fsm/state.hpp"
#include "net/result.hpp"
#include "rib/rib.hpp"

namespace podbgp::api {

// What can go wrong beyond validation. `field` names the request's field where there is one ("peer", "routes[3].prefix").
struct ApiError {
  enum class Code { InvalidArgument, NotFound, FailedPrecondition, ResourceExhausted, Unavailable, Internal } code{};
  std::string reason;   // stable UPPER_SNAKE: "PEER_NOT_FOUND", "GENERATION_TOO_OLD", "CONFIG_INVALID"
  std::string message;  // what and what to do
  std::string field;
  std::map<std::string, std::string> metadata;
};

template <class T>
using Reply = std::move_only_function<void(net::Result<T, ApiError>)>;

// --- routes of owners ---
enum class ChangeResult : std::uint8_t { Added, Updated, Unchanged, Removed, NotFound };
struct Changed {
  std::vector<ChangeResult> results;  // in the order asked
  std::uint64_t revision = 0;
};
struct Replaced {
  std::uint32_t added = 0, updated = 0, removed = 0, unchanged = 0;
  std::uint64_t generation = 0, revision = 0;
};
struct KernelState {
  enum class State : std::uint8_t { None, Pending, Installed, Refused } state = State::None;
  std::string reason;
  std::vector<fib::NextHop> next_hops;
  bool blackhole = false;
};
struct OwnedRoute {
  std::string owner;
  rib::LocalRoute route;  // `owner` inside is core's number; the name above counts
  bool best = false;
  KernelState kernel;
};
struct OwnedRoutes {
  std::vector<OwnedRoute> routes;
  std::string next_page_token;
};
struct Owner {
  std::string name;
  std::uint32_t routes = 0;
  std::uint64_t generation = 0;
};

// --- RIB ---
struct RibEntry {
  rib::RouteView route;
  std::vector<std::string> owner_names;  // parallel to route.paths; "" where not an API route
  std::optional<KernelState> kernel;
  bool removed = false;                  // watches only: nothing but the prefix is meaningful
};
struct ListPaths {
  enum class View : std::uint8_t { Best, All, Received, Advertised, Kernel } view = View::Best;
  std::optional<net::Family> family;
  std::string peer;                      // name or address; "" = any
  std::optional<net::Prefix> prefix;
  rib::PrefixMatch match = rib::PrefixMatch::Exact;
  std::size_t limit = 1000;
  std::string page_token;
};
struct Paths {
  std::vector<RibEntry> entries;         // Advertised: one path each
  std::string next_page_token;
  std::uint64_t revision = 0;
};

// --- peers ---
struct MessageCounters {
  std::uint64_t open = 0, update = 0, notification = 0, keepalive = 0, route_refresh = 0, octets = 0;
};
struct PeerInfo {
  std::string name, description, group;
  net::IpAddress address;
  net::Asn asn, local_asn;
  fsm::State state{};
  bool enabled = true, external = true, reflector_client = false, passive = false;
  net::WallTime since;
  std::optional<net::RouterId> router_id;
  std::optional<net::IpAddress> local_address;
  std::chrono::seconds hold_time{0}, keepalive{0};
  net::FamilySet configured_families, negotiated_families;
  rib::PeerCounters routes;
  std::uint32_t max_prefixes = 0;
  MessageCounters sent, received;
  std::uint64_t flaps = 0;
  std::string last_error, last_error_reason;
  std::optional<net::WallTime> last_error_time;
  std::string warning;
  std::string held_down;                   // why the daemon keeps an enabled peer Idle: "prefix limit"; "" = it does not
  std::optional<net::WallTime> held_until;  // nullopt: until it is enabled again
  std::vector<std::string> capabilities;
};

// --- daemon ---
struct ConfigChange {
  enum class Impact : std::uint8_t { None, Policy, SessionReset, Restart } impact{};
  std::string what;
};
struct Status {
  std::string version, commit, instance_id, config_file;
  net::WallTime start_time, config_time;
  net::Asn asn;
  net::RouterId router_id;
  std::uint32_t peers = 0, peers_established = 0;
  fib::FibCounters fib;
  std::uint32_t fib_table = 0, fib_protocol = 0;
  std::uint64_t rss_bytes = 0;
  bool ready = false;
  std::string not_ready_reason;
  std::vector<std::string> warnings;
  std::vector<ConfigChange> pending_restart;  // loaded, and in force only after a restart
  rib::RibCounters rib;
  std::uint64_t watches = 0;  // streams of watchers
};
struct Diagnostic {
  bool error = true;  // else a warning
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::string path, message, hint;
};
struct ConfigReport {
  bool valid = false;
  std::vector<Diagnostic> diagnostics;
  std::vector<ConfigChange> changes;          // news, those that wait for a restart too
  std::vector<ConfigChange> pending_restart;  // what waited before already
};

// --- watches ---
// The sink is called on control. Each call of on_changes uses one credit; a watch without credits stops its cursor and
// nothing else. Destroying the Watch ends it: no call after that returns (destroy it on control).
class RouteWatchSink {
 public:
  virtual ~RouteWatchSink() = default;
  virtual void on_changes(std::vector<RibEntry> changes, std::uint64_t revision) = 0;  // at most 512 at once
  virtual void on_snapshot_end(std::uint64_t revision) = 0;                            // exactly once per snapshot
  virtual void on_reset(std::string reason) = 0;                                       // a new snapshot follows
};
class PeerWatchSink {
 public:
  virtual ~PeerWatchSink() = default;
  virtual void on_changes(std::vector<PeerInfo> peers, std::vector<std::string> removed) = 0;
  virtual void on_snapshot_end() = 0;
};
class Watch {
 public:
  virtual ~Watch() = default;
  virtual void grant(unsigned credits) = 0;  // starts with none
};
struct RouteWatchFilter {
  std::optional<net::Family> family;
  std::optional<net::Prefix> prefix;  // it and what is inside it
  bool all_paths = false;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Runs `work` on the control executor.
  virtual void post_control(std::move_only_function<void()> work) = 0;

  virtual void announce(std::string owner, std::vector<rib::LocalRoute> routes, Reply<Changed> reply) = 0;
  virtual void withdraw(std::string owner, std::vector<net::Prefix> prefixes, Reply<Changed> reply) = 0;
  virtual void replace(std::string owner, std::vector<rib::LocalRoute> routes, std::uint64_t generation,
                       Reply<Replaced> reply) = 0;
  virtual void list_owned(std::string owner, std::size_t limit, std::string page_token, Reply<OwnedRoutes> reply) = 0;
  virtual void list_owners(Reply<std::vector<Owner>> reply) = 0;

  virtual void list_paths(ListPaths query, Reply<Paths> reply) = 0;
  virtual void rib_counters(Reply<rib::RibCounters> reply) = 0;
  [[nodiscard]] virtual std::unique_ptr<Watch> watch_routes(RouteWatchFilter filter, std::shared_ptr<RouteWatchSink> sink) = 0;

  virtual void list_peers(Reply<std::vector<PeerInfo>> reply) = 0;
  virtual void get_peer(std::string peer, Reply<PeerInfo> reply) = 0;
  virtual void reset_peer(std::string peer, std::string text, Reply<void> reply) = 0;
  virtual void disable_peer(std::string peer, std::string text, Reply<void> reply) = 0;
  virtual void enable_peer(std::string peer, Reply<void> reply) = 0;
  [[nodiscard]] virtual std::unique_ptr<Watch> watch_peers(std::shared_ptr<PeerWatchSink> sink) = 0;

  virtual void status(Reply<Status> reply) = 0;
  virtual void check_config(std::optional<std::string> content, Reply<ConfigReport> reply) = 0;
  virtual void reload_config(Reply<ConfigReport> reply) = 0;
};

}  // namespace podbgp::api

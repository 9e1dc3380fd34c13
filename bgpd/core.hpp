// Core: the executor that owns sessions, RIB, export and the owners of announced routes. Everything here runs on core's
// thread (or on the one thread of tests/sim): no locks, no clock but the transport's, no socket but the transport's.
//
// A wake-up reads sockets and mailbox, applies everything, and then works once: decide, export, feed the FIB and the watchers.
// Long walks are cut into slices between which sockets and timers get their turn.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/backend.hpp"
#include "bgpd/fib_bridge.hpp"
#include "bgpd/log.hpp"
#include "bgpd/owners.hpp"
#include "bgpd/refusals.hpp"
#include "bgpd/refused_routes.hpp"
#include "bgpd/watches.hpp"
#include "config/config.hpp"
#include "config/diff.hpp"
#include "fib/messages.hpp"
#include "rib/rib.hpp"
#include "session/hub.hpp"
#include "session/owner.hpp"
#include "session/session.hpp"
#include "session/transport.hpp"

namespace podbgp::bgpd {

// One fact of the kernel's table as the API shows it.
[[nodiscard]] api::KernelState kernel_state(const fib::KernelRoute& route);

class Core final : public session::SessionOwner {
 public:
  struct Ports {
    session::Transport* transport = nullptr;
    std::function<void(fib::ToFib)> to_fib;
    std::function<void(LogRecord)> log;
    std::function<void(std::move_only_function<void()>)> to_control;
    std::function<void(std::set<std::string>)> owners_changed;  // to be kept over a restart
    std::function<void()> former_gone;                          // routes of runs with other fib settings
    // The passwords that listening sockets must know (RFC 2385), after each change of peers.
    std::function<void(const std::vector<config::Peer>&)> peers_changed;
    net::WallTime wall_at_start;  // of transport->now() at construction
    std::uint64_t seed = 0;       // of jitter
  };

  Core(config::Config config, Ports ports);
  ~Core() override;

  void start(std::set<std::string> owners_before);
  // `config` differs from the running one only in what can be changed while running (config::keep_until_restart).
  void apply(config::Config config, const config::Diff& diff);
  // Ends every session with Cease/Administrative Shutdown; `done` when they are closed.
  void stop(std::string text, std::function<void()> done);

  void handle(fib::FromFib message);
  void accepted(std::unique_ptr<session::Connection> connection);

  // --- questions and orders of the API; answers at once ---
  using Refusal = api::ApiError;
  [[nodiscard]] net::Result<api::Changed, Refusal> announce(const std::string& owner, std::vector<rib::LocalRoute> routes);
  [[nodiscard]] api::Changed withdraw(const std::string& owner, const std::vector<net::Prefix>& prefixes);
  [[nodiscard]] net::Result<api::Replaced, Refusal> replace(const std::string& owner, std::vector<rib::LocalRoute> routes,
                                                            std::uint64_t generation);
  [[nodiscard]] api::OwnedRoutes list_owned(const std::string& owner, std::size_t limit, const std::string& token);
  [[nodiscard]] std::vector<api::Owner> list_owners() const { return owners_.list(); }
  [[nodiscard]] net::Result<api::Paths, Refusal> list_paths(const api::ListPaths& query);
  // The kernel's side of these prefixes; answered when fib has answered.
  void kernel_states(std::vector<net::Prefix> prefixes,
                     std::move_only_function<void(std::unordered_map<net::Prefix, api::KernelState>)> done);
  // One page of the kernel's table; `request` is filled in here.
  void kernel_routes(fib::DumpRoutes question, std::move_only_function<void(fib::RouteDump)> done);
  // Where a page begins; 0: from the start. Refused: a token that is not ours.
  [[nodiscard]] static net::Result<std::uint64_t, Refusal> parse_page_token(const std::string& token);
  [[nodiscard]] std::vector<api::PeerInfo> list_peers() const;
  [[nodiscard]] net::Result<api::PeerInfo, Refusal> get_peer(const std::string& name) const;
  [[nodiscard]] net::Result<void, Refusal> reset_peer(const std::string& name, const std::string& text);
  [[nodiscard]] net::Result<void, Refusal> disable_peer(const std::string& name, const std::string& text);
  [[nodiscard]] net::Result<void, Refusal> enable_peer(const std::string& name);
  [[nodiscard]] api::Status status() const;  // what core knows of it; the caller adds version, files, memory
  [[nodiscard]] rib::RibCounters rib_counters() const { return rib_.counters(); }
  [[nodiscard]] const config::Config& config() const { return config_; }
  Watches& watches() { return watches_; }
  void wake() { schedule_work(); }  // something was changed from outside the callbacks above

  // --- session::SessionOwner ---
  void on_state(net::PeerId peer, fsm::State from, fsm::State to) override;
  void on_up(net::PeerId peer, const fsm::Negotiated& negotiated, const net::IpAddress& local_address) override;
  void on_down(net::PeerId peer, const fsm::DownReason& reason) override;
  void on_attempt_failed(net::PeerId peer, const fsm::DownReason& reason) override;
  [[nodiscard]] net::Result<void, wire::Notification> on_update(net::PeerId peer, const wire::UpdateView& update) override;
  void on_family_disabled(net::PeerId peer, net::Family family, const std::string& why, wire::ByteSpan update) override;
  void on_route_refresh(net::PeerId peer, const wire::RouteRefresh& refresh) override;
  void next_output(net::PeerId peer, std::size_t budget, std::vector<session::OutSlice>& out) override;
  void on_batch_end() override;

 private:
  struct Peer {
    net::PeerId id;
    config::Peer settings;
    std::unique_ptr<session::Session> session;
    bool disabled_by_operator = false;  // DisablePeer; outlives a reload, not a restart
    net::TimePoint since;
    std::optional<fsm::Negotiated> negotiated;
    net::IpAddress local_address;
    std::uint32_t ifindex = 0;          // of the link that the session runs on; 0: none that is known
    std::string link;                   // its name: link-local next hops of the peer are on it
    std::string logged_warning;         // as below, for what the RIB says of the session
    net::Throttle issues{std::chrono::seconds(10), std::chrono::minutes(10)};  // lines about bad UPDATEs
    std::uint64_t issues_not_logged = 0;  // besides those the throttle has counted
    bool end_of_rib = false;            // all negotiated families
    std::set<std::string> logged_failures;  // each is logged once until the session is up
    std::unique_ptr<session::Timer> restart_timer;  // after max prefixes
    std::string held_down;              // why the daemon keeps it down: "prefix limit"
    std::string held_down_text;         // the same with the figures
    std::optional<net::TimePoint> held_until;  // nullopt: until EnablePeer
  };

  Peer& add_peer(const config::Peer& settings);
  void remove_peer(const std::string& name);
  void change_peer(const config::Peer& settings);
  void apply_networks(const std::vector<rib::LocalRoute>& before, const std::vector<rib::LocalRoute>& after);
  [[nodiscard]] Peer* find(const std::string& name_or_address);
  [[nodiscard]] const Peer* find(const std::string& name_or_address) const;
  [[nodiscard]] static Refusal no_such_peer(const std::string& name);
  [[nodiscard]] rib::SessionInfo session_info(const Peer& peer) const;
  using Address = fib::InterfaceAddresses::Entry;
  [[nodiscard]] const Address* carrier(const Peer& peer) const;
  void note_link(Peer& peer);
  [[nodiscard]] static rib::PeerSettings rib_settings(const Peer& peer);
  void log_warning(Peer& peer);
  void log_warnings_of_families();
  void log_issue(const rib::Effects::UpdateIssue& issue);
  [[nodiscard]] api::PeerInfo info(const Peer& peer) const;
  [[nodiscard]] net::WallTime wall(net::TimePoint t) const;
  void schedule_work();
  void work();
  void apply_effects();
  void max_prefixes_reached(const rib::Effects::MaxPrefixesReached& reached);
  static void release(Peer& peer);  // what the daemon held down it holds no more
  void check_convergence();
  void save_owners();
  void peer_changed(const Peer& peer);
  void log(LogLevel level, std::string event, std::string message, const Peer* peer = nullptr,
           std::vector<std::pair<std::string, std::string>> fields = {});
  [[nodiscard]] api::RibEntry entry_of(rib::RouteView view) const;

  void log_refused_routes(net::Duration wait);
  void handle_fib(fib::NextHopState state);
  void handle_fib(fib::RouteResults results);
  void handle_fib(fib::Warning warning);
  void handle_fib(fib::Notice notice);
  void handle_fib(fib::Counters counters);
  void handle_fib(fib::InterfaceAddresses addresses);
  void handle_fib(fib::LinkUp link);
  void handle_fib(fib::LinkDown link);
  void handle_fib(fib::RouteDump dump);
  void handle_fib(fib::Synced);
  void handle_fib(fib::Stopped);
  void handle_fib(fib::FormerGone gone);

  config::Config config_;
  Ports ports_;
  net::TimePoint started_;
  rib::Rib rib_;
  Owners owners_;
  FibBridge bridge_;
  Watches watches_;
  session::Hub hub_;
  Refusals refusals_;
  std::vector<std::unique_ptr<Peer>> peers_;  // by PeerId
  std::array<bool, net::kFamilyCount> has_prefixes_{};
  unsigned next_part_ = 0;  // of work()
  bool work_scheduled_ = false;
  bool started_peers_ = false;
  bool fib_synced_ = false;
  bool converged_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
  fib::FibCounters fib_counters_;
  RefusedRoutes refused_routes_;
  std::unique_ptr<session::Timer> refused_routes_timer_;  // runs while there were refusals of late
  std::vector<fib::InterfaceAddresses::Entry> addresses_;
  std::vector<std::string> host_warnings_;
  std::set<std::string> saved_owners_;
  std::uint64_t next_dump_ = 1;
  struct Dump {
    std::vector<fib::KernelRoute> routes;
    std::move_only_function<void(fib::RouteDump)> done;
  };
  std::map<std::uint64_t, Dump> dumps_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // posted work must not outlive core
};

}  // namespace podbgp::bgpd

// FakeBackend: the daemon behind the API as a handful of values and a control thread of its own. Routes of owners
// behave like the real ones; the rest is what a test puts there.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "api/backend.hpp"

namespace podbgp::api::testing {

// A wall time for every test: 2026-11-21 12:00:00.5 UTC (half a second, so that rounding does not show).
[[nodiscard]] net::WallTime noon();

class FakeBackend final : public Backend {
 public:
  FakeBackend();
  ~FakeBackend() override;

  // --- what a test sets before it calls ---
  std::vector<PeerInfo> peers;
  std::vector<RibEntry> entries;  // of all prefixes; list_paths() shows those that match
  Status status_now;
  ConfigReport check_report, reload_report;
  std::optional<ApiError> reload_error;

  // While held, questions wait; release() answers them in order.
  void hold();
  void release();
  [[nodiscard]] std::size_t held() const;

  // --- what a test looks at ---
  [[nodiscard]] std::vector<std::string> log() const;  // "announce cni 10.244.1.0/24"
  [[nodiscard]] std::size_t watches() const;           // live ones
  [[nodiscard]] unsigned credits() const;              // of all watches
  [[nodiscard]] std::size_t batches() const;           // given to sinks so far
  [[nodiscard]] bool wait(const std::function<bool()>& condition,
                          std::chrono::milliseconds limit = std::chrono::seconds(10));
  std::optional<std::string> checked_content;

  // --- watches: each call is one batch, delivered when there is a credit for it ---
  void change_routes(std::vector<RibEntry> changes);
  void end_route_snapshot();
  void reset_routes(std::string reason);
  void change_peers(std::vector<PeerInfo> changed, std::vector<std::string> removed = {});
  void end_peer_snapshot();

  // --- Backend ---
  void post_control(std::move_only_function<void()> work) override;
  void announce(std::string owner, std::vector<rib::LocalRoute> routes, Reply<Changed> reply) override;
  void withdraw(std::string owner, std::vector<net::Prefix> prefixes, Reply<Changed> reply) override;
  void replace(std::string owner, std::vector<rib::LocalRoute> routes, std::uint64_t generation,
               Reply<Replaced> reply) override;
  void list_owned(std::string owner, std::size_t limit, std::string page_token, Reply<OwnedRoutes> reply) override;
  void list_owners(Reply<std::vector<Owner>> reply) override;
  void list_paths(ListPaths query, Reply<Paths> reply) override;
  void rib_counters(Reply<rib::RibCounters> reply) override;
  [[nodiscard]] std::unique_ptr<Watch> watch_routes(RouteWatchFilter filter,
                                                    std::shared_ptr<RouteWatchSink> sink) override;
  void list_peers(Reply<std::vector<PeerInfo>> reply) override;
  void get_peer(std::string peer, Reply<PeerInfo> reply) override;
  void reset_peer(std::string peer, std::string text, Reply<void> reply) override;
  void disable_peer(std::string peer, std::string text, Reply<void> reply) override;
  void enable_peer(std::string peer, Reply<void> reply) override;
  [[nodiscard]] std::unique_ptr<Watch> watch_peers(std::shared_ptr<PeerWatchSink> sink) override;
  void status(Reply<Status> reply) override;
  void check_config(std::optional<std::string> content, Reply<ConfigReport> reply) override;
  void reload_config(Reply<ConfigReport> reply) override;

  struct Feed;  // one watch
  std::optional<RouteWatchFilter> last_filter;
  std::vector<std::size_t> list_limits;  // `limit` of each list_paths()

 private:
  struct OwnerState {
    std::map<net::Prefix, rib::LocalRoute> routes;
    std::uint64_t generation = 0;
  };
  // Runs `question` on control, unless held.
  void ask(std::string what, std::move_only_function<void()> question);
  void push(bool for_routes, bool takes_credit, std::function<void(Feed&)> deliver);
  void deliver(Feed& feed);
  [[nodiscard]] std::unique_ptr<Watch> open_watch(std::shared_ptr<Feed> feed);
  [[nodiscard]] net::Result<void, ApiError> on_peer(const std::string& name);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> work_;
  std::deque<std::move_only_function<void()>> held_;
  std::vector<std::string> log_;
  bool hold_ = false, stop_ = false;
  std::map<std::string, OwnerState> owners_;  // on control
  std::uint64_t revision_ = 100;
  std::map<Feed*, std::shared_ptr<Feed>> feeds_;  // under the mutex
  unsigned credits_ = 0;
  std::size_t batches_ = 0;
  std::thread control_;
};

// --- values for tests ---
[[nodiscard]] PeerInfo make_peer(const std::string& name, const std::string& address, std::uint32_t asn,
                                 fsm::State state);
[[nodiscard]] RibEntry make_entry(const std::string& prefix, const std::string& peer, const std::string& next_hop,
                                  std::vector<std::uint32_t> as_path);
void fill_with_examples(FakeBackend& backend);  // two peers, four prefixes, a status: what the golden tables show

}  // namespace podbgp::api::testing

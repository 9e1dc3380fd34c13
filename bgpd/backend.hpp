// DaemonBackend: the API's port to the daemon. Posts to core, answers on control.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "api/backend.hpp"
#include "bgpd/core.hpp"
#include "net/mailbox.hpp"

namespace podbgp::bgpd {

// What may be done on core by others: runs there, in order of arrival.
using CoreTask = std::move_only_function<void(Core&)>;

class DaemonBackend final : public api::Backend {
 public:
  struct Ports {
    std::function<void(CoreTask)> to_core;
    std::function<void(std::move_only_function<void()>)> to_control;
    // On control. Content nullopt: the daemon's own file.
    std::function<api::ConfigReport(std::optional<std::string> content)> check_config;
    std::function<net::Result<api::ConfigReport, api::ApiError>()> reload_config;
    std::function<void(api::Status&)> complete_status;  // version, files, memory
  };
  explicit DaemonBackend(Ports ports) : ports_(std::move(ports)) {}

  void post_control(std::move_only_function<void()> work) override { ports_.to_control(std::move(work)); }
  void announce(std::string owner, std::vector<rib::LocalRoute> routes, api::Reply<api::Changed> reply) override;
  void withdraw(std::string owner, std::vector<net::Prefix> prefixes, api::Reply<api::Changed> reply) override;
  void replace(std::string owner, std::vector<rib::LocalRoute> routes, std::uint64_t generation,
               api::Reply<api::Replaced> reply) override;
  void list_owned(std::string owner, std::size_t limit, std::string token, api::Reply<api::OwnedRoutes> reply) override;
  void list_owners(api::Reply<std::vector<api::Owner>> reply) override;
  void list_paths(api::ListPaths query, api::Reply<api::Paths> reply) override;
  void rib_counters(api::Reply<rib::RibCounters> reply) override;
  [[nodiscard]] std::unique_ptr<api::Watch> watch_routes(api::RouteWatchFilter filter,
                                                         std::shared_ptr<api::RouteWatchSink> sink) override;
  void list_peers(api::Reply<std::vector<api::PeerInfo>> reply) override;
  void get_peer(std::string peer, api::Reply<api::PeerInfo> reply) override;
  void reset_peer(std::string peer, std::string text, api::Reply<void> reply) override;
  void disable_peer(std::string peer, std::string text, api::Reply<void> reply) override;
  void enable_peer(std::string peer, api::Reply<void> reply) override;
  [[nodiscard]] std::unique_ptr<api::Watch> watch_peers(std::shared_ptr<api::PeerWatchSink> sink) override;
  void status(api::Reply<api::Status> reply) override;
  void check_config(std::optional<std::string> content, api::Reply<api::ConfigReport> reply) override;
  void reload_config(api::Reply<api::ConfigReport> reply) override;

 private:
  // Runs `question` on core and hands its answer to `reply` on control.
  template <class T, class F>
  void ask(api::Reply<T> reply, F question);

  Ports ports_;
  std::atomic<std::uint64_t> next_watch_{1};
};

}  // namespace podbgp::bgpd

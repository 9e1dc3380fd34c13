// Watchers of routes and peers: readers with credits. One that does not read stops its own cursor and nothing else.
//
// Owner: core. Sinks are called on control.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "api/backend.hpp"
#include "rib/rib.hpp"

namespace podbgp::bgpd {

class Watches {
 public:
  using WatchId = std::uint64_t;
  using ToControl = std::function<void(std::move_only_function<void()>)>;
  using Entry = std::function<api::RibEntry(rib::RouteView)>;
  using PeerInfoOf = std::function<std::optional<api::PeerInfo>(net::PeerId)>;
  using AllPeers = std::function<std::vector<api::PeerInfo>()>;

  Watches(rib::Rib& rib, ToControl to_control, Entry entry, PeerInfoOf peer_info, AllPeers all_peers);

  void add(WatchId id, api::RouteWatchFilter filter, std::shared_ptr<api::RouteWatchSink> sink);
  void add(WatchId id, std::shared_ptr<api::PeerWatchSink> sink);
  void grant(WatchId id, unsigned credits);
  void remove(WatchId id);

  void peer_changed(net::PeerId peer);
  void peer_removed(const std::string& name);
  // Feeds whoever has credits until the time is up; true: there is more for someone. Who was last is not first again.
  [[nodiscard]] bool run(const std::function<bool()>& time_is_up);
  [[nodiscard]] std::size_t count() const { return routes_.size() + peers_.size(); }

 private:
  struct RouteWatch {
    api::RouteWatchFilter filter;
    std::shared_ptr<api::RouteWatchSink> sink;
    std::unique_ptr<rib::Reader> reader;
    unsigned credits = 0;
    bool snapshot_done = false;
  };
  struct PeerWatch {
    std::shared_ptr<api::PeerWatchSink> sink;
    std::set<net::PeerId> dirty;
    std::set<std::string> removed;  // names that are not there: one that came back is a change, not a removal
    unsigned credits = 0;
    bool snapshot_done = false;
  };
  bool feed(RouteWatch& watch);
  void feed(PeerWatch& watch);

  rib::Rib& rib_;
  ToControl to_control_;
  Entry entry_;
  PeerInfoOf peer_info_;
  AllPeers all_peers_;
  std::map<WatchId, RouteWatch> routes_;
  std::map<WatchId, PeerWatch> peers_;
  WatchId last_fed_ = 0;
};

}  // namespace podbgp::bgpd

// Client: the calls of podbgp.v1 that the command line makes, without a gRPC type in its face. Lists come back whole:
// all pages are fetched and merged, paths sorted by prefix.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/options.hpp"
#include "net/result.hpp"
#include "podbgp/v1/daemon_service.pb.h"
#include "podbgp/v1/peer_service.pb.h"
#include "podbgp/v1/rib_service.pb.h"
#include "podbgp/v1/route_service.pb.h"

namespace podbgp::cli {

namespace v1 = podbgp::v1;

struct Failure {
  int exit_code = kRefused;
  std::string reason;   // the daemon's stable token: "PEER_NOT_FOUND"; "" where it did not answer
  std::string message;  // for people, with the remedy; may have several lines
};
template <class T>
using Answer = net::Result<T, Failure>;

enum class Health : std::uint8_t { Ready, NotReady };

class Client {
 public:
  // "unix:///PATH", "unix:PATH" or "/PATH". Connects with the first call.
  [[nodiscard]] static Answer<std::unique_ptr<Client>> open(const std::string& server,
                                                            std::chrono::milliseconds timeout);
  ~Client();

  Answer<v1::GetStatusResponse> status();
  Answer<v1::GetRibSummaryResponse> rib_summary();
  Answer<v1::ListPeersResponse> list_peers();
  Answer<v1::Peer> get_peer(const std::string& peer);
  Answer<void> reset_peer(const std::string& peer, const std::string& text);
  Answer<void> disable_peer(const std::string& peer, const std::string& text);
  Answer<void> enable_peer(const std::string& peer);
  Answer<v1::ListPathsResponse> list_paths(v1::ListPathsRequest request);
  Answer<v1::ListRoutesResponse> list_routes(const std::string& owner);
  Answer<v1::ListOwnersResponse> list_owners();
  Answer<v1::BatchAnnounceRoutesResponse> announce(const v1::BatchAnnounceRoutesRequest& request);
  Answer<v1::BatchWithdrawRoutesResponse> withdraw(const v1::BatchWithdrawRoutesRequest& request);
  Answer<v1::ReplaceRoutesResponse> replace(const v1::ReplaceRoutesRequest& request);
  Answer<v1::CheckConfigResponse> check_config(const std::string& content);
  Answer<v1::ReloadConfigResponse> reload_config();
  // The health protocol's answer for `service`: "" or "podbgp.ready".
  Answer<Health> health(const std::string& service);

  // Until `each` returns false (then it is an answer), or the daemon ends the stream (then it is a failure).
  Answer<void> watch_peers(const std::function<bool(const v1::WatchPeersResponse&)>& each);
  Answer<void> watch_routes(const v1::WatchRoutesRequest& request,
                            const std::function<bool(const v1::WatchRoutesResponse&)>& each);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podbgp::cli

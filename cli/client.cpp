#include "cli/client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <grpc/health/v1/health.grpc.pb.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "net/prefix.hpp"
#include "podbgp/v1/daemon_service.grpc.pb.h"
#include "podbgp/v1/peer_service.grpc.pb.h"
#include "podbgp/v1/rib_service.grpc.pb.h"
#include "podbgp/v1/route_service.grpc.pb.h"

namespace podbgp::cli {

namespace {

constexpr std::uint32_t kPage = 10'000;

// Why nobody answers there, in the system's own words: gRPC's are long and say less.
std::string why_unreachable(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return "the path is too long for a socket";
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const int error = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  switch (error) {
    case 0: return "";
    case ENOENT: return "there is no such socket; is podbgpd running? (systemctl status podbgpd, or --server)";
    case ECONNREFUSED: return "nobody listens on that socket; is podbgpd running? (systemctl status podbgpd)";
    case EACCES: return "permission denied; run as root, or join the socket's group (api.group)";
    default: return std::strerror(error);
  }
}

int exit_code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::NOT_FOUND: return kNegative;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNIMPLEMENTED: return kUnreachable;
    default: return kRefused;
  }
}

// The daemon lists in the order of its tables; people, and those who compare two outputs, want the order of addresses.
void sort_by_prefix(v1::ListPathsResponse& paths) {
  auto& entries = *paths.mutable_entries();
  std::vector<std::pair<net::Prefix, int>> order;
  order.reserve(static_cast<std::size_t>(entries.size()));
  for (int i = 0; i < entries.size(); ++i)
    order.emplace_back(net::Prefix::parse(entries[i].prefix()).value_or(net::Prefix()), i);
  std::ranges::sort(order);
  v1::ListPathsResponse sorted;
  sorted.set_revision(paths.revision());
  for (const auto& [prefix, i] : order) sorted.add_entries()->Swap(&entries[i]);
  paths.Swap(&sorted);
}

}  // namespace

struct Client::Impl {
  std::string path;
  std::chrono::milliseconds timeout;
  std::shared_ptr<grpc::Channel> channel;

  std::unique_ptr<grpc::ClientContext> context(bool with_deadline = true) const {
    auto context = std::make_unique<grpc::ClientContext>();
    if (with_deadline) context->set_deadline(std::chrono::system_clock::now() + timeout);
    return context;
  }

  Failure failure(const grpc::Status& status) const {
    Failure failure{exit_code_of(status.error_code()), "", status.error_message()};
    google::rpc::Status rpc;
    google::rpc::BadRequest bad_request;
    if (rpc.ParseFromString(status.error_details())) {
      for (const auto& detail : rpc.details()) {
        google::rpc::ErrorInfo info;
        if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) failure.reason = info.reason();
        if (detail.Is<google::rpc::BadRequest>()) (void)detail.UnpackTo(&bad_request);
      }
    }
    if (bad_request.field_violations_size() > 1) {
      failure.message = fmt::format("{} faults:", bad_request.field_violations_size());
      for (const auto& v : bad_request.field_violations())
        failure.message += fmt::format("\n  {}: {}", v.field(), v.description());
    }
    if (failure.exit_code != kUnreachable || !failure.reason.empty()) return failure;
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      failure.message =
          fmt::format("no answer from podbgpd at {} within {} ms; --timeout allows more", path, timeout.count());
    } else if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      failure.message = fmt::format("what answers at {} does not know this call; is podbgpd older than podbgp?", path);
    } else {
      const auto why = why_unreachable(path);
      failure.message = fmt::format("cannot reach podbgpd at {}: {}", path, why.empty() ? status.error_message() : why);
    }
    return failure;
  }

  template <class Service, class Request, class Response>
  Answer<Response> call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                        const Request& request) const {
    typename Service::Stub stub(channel);
    Response response;
    const auto ctx = context();
    const auto status = (stub.*method)(ctx.get(), request, &response);
    if (!status.ok()) return net::fail(failure(status));
    return response;
  }

  template <class Reader, class Response>
  Answer<void> read(Reader& reader, grpc::ClientContext& ctx, const std::function<bool(const Response&)>& each) const {
    Response response;
    while (reader.Read(&response)) {
      if (each(response)) continue;
      ctx.TryCancel();
      (void)reader.Finish();
      return {};
    }
    auto status = reader.Finish();
    if (status.ok()) status = {grpc::StatusCode::UNAVAILABLE, "the daemon ended the stream"};
    return net::fail(failure(status));
  }
};

namespace {
template <class T>
Answer<void> without_value(const Answer<T>& answer) {
  if (!answer) return net::fail(answer.error());
  return {};
}
}  // namespace

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Answer<std::unique_ptr<Client>> Client::open(const std::string& server, std::chrono::milliseconds timeout) {
  std::string path = server;
  if (path.starts_with("unix://"))
    path.erase(0, 7);
  else if (path.starts_with("unix:"))
    path.erase(0, 5);
  if (path.empty() || (path == server && !server.starts_with('/')))
    return net::fail(Failure{kUsage, "",
                             fmt::format("--server: '{}' is not unix:///PATH; other transports are not in this "
                                         "version",
                                         server)});
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->timeout = timeout;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  impl->channel = grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Answer<v1::GetStatusResponse> Client::status() {
  return impl_->call<v1::DaemonService>(&v1::DaemonService::Stub::GetStatus, v1::GetStatusRequest());
}
Answer<v1::GetRibSummaryResponse> Client::rib_summary() {
  return impl_->call<v1::RibService>(&v1::RibService::Stub::GetRibSummary, v1::GetRibSummaryRequest());
}
Answer<v1::ListPeersResponse> Client::list_peers() {
  return impl_->call<v1::PeerService>(&v1::PeerService::Stub::ListPeers, v1::ListPeersRequest());
}
Answer<v1::Peer> Client::get_peer(const std::string& peer) {
  v1::GetPeerRequest request;
  request.set_peer(peer);
  return impl_->call<v1::PeerService>(&v1::PeerService::Stub::GetPeer, request);
}
Answer<void> Client::reset_peer(const std::string& peer, const std::string& text) {
  v1::ResetPeerRequest request;
  request.set_peer(peer);
  request.set_text(text);
  return without_value(impl_->call<v1::PeerService>(&v1::PeerService::Stub::ResetPeer, request));
}
Answer<void> Client::disable_peer(const std::string& peer, const std::string& text) {
  v1::DisablePeerRequest request;
  request.set_peer(peer);
  request.set_text(text);
  return without_value(impl_->call<v1::PeerService>(&v1::PeerService::Stub::DisablePeer, request));
}
Answer<void> Client::enable_peer(const std::string& peer) {
  v1::EnablePeerRequest request;
  request.set_peer(peer);
  return without_value(impl_->call<v1::PeerService>(&v1::PeerService::Stub::EnablePeer, request));
}

Answer<v1::ListPathsResponse> Client::list_paths(v1::ListPathsRequest request) {
  v1::ListPathsResponse all;
  request.set_page_size(kPage);
  for (;;) {
    auto page = impl_->call<v1::RibService>(&v1::RibService::Stub::ListPaths, request);
    if (!page) return page;
    request.set_page_token(page->next_page_token());
    all.set_revision(page->revision());
    for (auto& entry : *page->mutable_entries()) all.add_entries()->Swap(&entry);
    if (request.page_token().empty()) break;
  }
  sort_by_prefix(all);
  return all;
}

Answer<v1::ListRoutesResponse> Client::list_routes(const std::string& owner) {
  v1::ListRoutesResponse all;
  v1::ListRoutesRequest request;
  request.set_owner(owner);
  request.set_page_size(kPage);
  for (;;) {
    auto page = impl_->call<v1::RouteService>(&v1::RouteService::Stub::ListRoutes, request);
    if (!page) return page;
    request.set_page_token(page->next_page_token());
    for (auto& route : *page->mutable_routes()) all.add_routes()->Swap(&route);
    if (request.page_token().empty()) return all;
  }
}

Answer<v1::ListOwnersResponse> Client::list_owners() {
  return impl_->call<v1::RouteService>(&v1::RouteService::Stub::ListOwners, v1::ListOwnersRequest());
}
Answer<v1::BatchAnnounceRoutesResponse> Client::announce(const v1::BatchAnnounceRoutesRequest& request) {
  return impl_->call<v1::RouteService>(&v1::RouteService::Stub::BatchAnnounceRoutes, request);
}
Answer<v1::BatchWithdrawRoutesResponse> Client::withdraw(const v1::BatchWithdrawRoutesRequest& request) {
  return impl_->call<v1::RouteService>(&v1::RouteService::Stub::BatchWithdrawRoutes, request);
}
Answer<v1::ReplaceRoutesResponse> Client::replace(const v1::ReplaceRoutesRequest& request) {
  return impl_->call<v1::RouteService>(&v1::RouteService::Stub::ReplaceRoutes, request);
}
Answer<v1::CheckConfigResponse> Client::check_config(const std::string& content) {
  v1::CheckConfigRequest request;
  request.set_content(content);
  return impl_->call<v1::DaemonService>(&v1::DaemonService::Stub::CheckConfig, request);
}
Answer<v1::ReloadConfigResponse> Client::reload_config() {
  return impl_->call<v1::DaemonService>(&v1::DaemonService::Stub::ReloadConfig, v1::ReloadConfigRequest());
}

Answer<Health> Client::health(const std::string& service) {
  using grpc::health::v1::HealthCheckResponse;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  const auto answer = impl_->call<grpc::health::v1::Health>(&grpc::health::v1::Health::Stub::Check, request);
  if (!answer) return net::fail(answer.error());
  return answer->status() == HealthCheckResponse::SERVING ? Health::Ready : Health::NotReady;
}

Answer<void> Client::watch_peers(const std::function<bool(const v1::WatchPeersResponse&)>& each) {
  v1::PeerService::Stub stub(impl_->channel);
  const auto ctx = impl_->context(false);
  const auto reader = stub.WatchPeers(ctx.get(), v1::WatchPeersRequest());
  return impl_->read(*reader, *ctx, each);
}

Answer<void> Client::watch_routes(const v1::WatchRoutesRequest& request,
                                  const std::function<bool(const v1::WatchRoutesResponse&)>& each) {
  v1::RibService::Stub stub(impl_->channel);
  const auto ctx = impl_->context(false);
  const auto reader = stub.WatchRoutes(ctx.get(), request);
  return impl_->read(*reader, *ctx, each);
}

}  // namespace podbgp::cli

#include "api/server.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/resource.h>

#include "api/listener.hpp"
#include "api/services.hpp"

namespace podbgp::api {

namespace {
constexpr auto kShutdownPatience = std::chrono::seconds(2);
constexpr int kMaxStreamsPerConnection = 256;  // the rest of one client's calls waits at the client
constexpr const char* kReadyService = "podbgp.ready";

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}
}  // namespace

struct Server::Impl {
  Impl(Backend& backend, Audit audit) : host(backend, std::move(audit), limits_for(descriptor_limit())) {}

  Host host;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Listener> listener;
  bool running = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { shutdown(); }

net::Result<std::unique_ptr<Server>, std::string> Server::start(const ServerSettings& settings, Backend& backend,
                                                                Audit audit, Notice notice) {
  auto listener = Listener::open(settings);
  if (!listener) return net::fail(listener.error());

  auto impl = std::make_unique<Impl>(backend, std::move(audit));
  impl->listener = std::move(*listener);
  impl->services.push_back(make_route_service(impl->host));
  impl->services.push_back(make_rib_service(impl->host));
  impl->services.push_back(make_peer_service(impl->host));
  impl->services.push_back(make_daemon_service(impl->host));

  google::protobuf::SetLogHandler(nullptr);  // its lines on stderr about what a client sent are none of our log's
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessageBytes));
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, static_cast<int>(settings.idle.count()));
  for (const auto& service : impl->services) builder.RegisterService(service.get());
  impl->server = builder.BuildAndStart();
  if (!impl->server) return net::fail("the API server for " + settings.unix_path + " did not start; the log says why");
  if (auto* health = impl->server->GetHealthCheckService()) health->SetServingStatus(kReadyService, false);

  impl->running = true;
  impl->listener->run(
      impl->host.callers(), [server = impl->server.get()](int fd) { grpc::AddInsecureChannelFromFd(server, fd); },
      std::move(notice));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::set_ready(bool ready) {
  if (!impl_->running) return;
  if (auto* health = impl_->server->GetHealthCheckService()) health->SetServingStatus(kReadyService, ready);
}

void Server::shutdown() {
  if (!std::exchange(impl_->running, false)) return;
  impl_->listener->close();
  if (auto* health = impl_->server->GetHealthCheckService()) health->Shutdown();
  impl_->host.end_all();
  impl_->server->Shutdown(std::chrono::system_clock::now() + kShutdownPatience);
  impl_->server->Wait();
}

}  // namespace podbgp::api

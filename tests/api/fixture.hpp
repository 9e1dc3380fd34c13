// A real server on a Unix socket in a folder of its own, real client stubs, and a fake Backend behind.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "api/server.hpp"
#include "fake_backend.hpp"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "podbgp/v1/daemon_service.grpc.pb.h"
#include "podbgp/v1/peer_service.grpc.pb.h"
#include "podbgp/v1/rib_service.grpc.pb.h"
#include "podbgp/v1/route_service.grpc.pb.h"

namespace podbgp::api::testing {

namespace v1 = podbgp::v1;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/podbgp-api-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::unique_ptr<grpc::ClientContext> context(std::chrono::seconds limit = std::chrono::seconds(20)) {
  auto ctx = std::make_unique<grpc::ClientContext>();
  ctx->set_deadline(std::chrono::system_clock::now() + limit);
  return ctx;
}

inline std::shared_ptr<grpc::Channel> connect(const std::string& path) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // a connection of its own
  return grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
}

struct AuditLine {
  std::string method, caller, summary;
  bool ok = false;
};

struct ApiTest : ::testing::Test {
  ApiTest() {
    fill_with_examples(backend);
    auto started =
        Server::start({path, 0660, ""}, backend, [this](std::string m, std::string c, std::string s, bool ok) {
          const std::lock_guard lock(audit_mutex);
          audit_lines.push_back({std::move(m), std::move(c), std::move(s), ok});
        }, nullptr);
    if (!started) ADD_FAILURE() << started.error();
    server = std::move(*started);
    channel = connect(path);
    routes = v1::RouteService::NewStub(channel);
    rib = v1::RibService::NewStub(channel);
    peers = v1::PeerService::NewStub(channel);
    daemon = v1::DaemonService::NewStub(channel);
  }
  ~ApiTest() override {
    backend.release();
    server.reset();
  }

  std::vector<AuditLine> audit() {
    const std::lock_guard lock(audit_mutex);
    return audit_lines;
  }

  TemporaryFolder folder;
  std::string path = folder.file("api.sock");
  FakeBackend backend;
  std::mutex audit_mutex;
  std::vector<AuditLine> audit_lines;
  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::RouteService::Stub> routes;
  std::unique_ptr<v1::RibService::Stub> rib;
  std::unique_ptr<v1::PeerService::Stub> peers;
  std::unique_ptr<v1::DaemonService::Stub> daemon;
};

// An error as a client reads it: "INVALID_ARGUMENT BAD_REQUEST" and "field: description" for each violation.
struct Refusal {
  grpc::StatusCode code{};
  std::string reason, message;
  std::vector<std::string> fields;
};
inline Refusal refusal(const grpc::Status& status) {
  Refusal out{status.error_code(), "", status.error_message(), {}};
  google::rpc::Status rpc;
  if (!rpc.ParseFromString(status.error_details())) return out;
  for (const auto& detail : rpc.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (detail.UnpackTo(&info)) out.reason = info.reason();
    if (detail.UnpackTo(&bad))
      for (const auto& v : bad.field_violations()) out.fields.push_back(v.field() + ": " + v.description());
  }
  return out;
}

inline v1::Route route(const std::string& prefix) {
  v1::Route out;
  out.set_prefix(prefix);
  return out;
}

}  // namespace podbgp::api::testing

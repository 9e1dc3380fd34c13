// DaemonService: the daemon itself and its configuration.
#include "api/services.hpp"
#include "api/to_domain.hpp"
#include "api/to_proto.hpp"
#include "net/counted.hpp"
#include "podbgp/v1/daemon_service.grpc.pb.h"

namespace podbgp::api {

namespace {

constexpr Method kStatus{"DaemonService/GetStatus"};
constexpr Method kCheck{"DaemonService/CheckConfig"};
constexpr Method kReload{"DaemonService/ReloadConfig", Kind::Changes};

template <class Response>
void fill_report(const ConfigReport& report, Response& out) {
  for (const auto& diagnostic : report.diagnostics) fill(diagnostic, *out.add_diagnostics());
  for (const auto& change : report.changes) fill(change, *out.add_changes());
  for (const auto& change : report.pending_restart) fill(change, *out.add_pending_restart());
}

class DaemonService final : public v1::DaemonService::CallbackService {
 public:
  explicit DaemonService(Host& host) : host_(host) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context, const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override {
    return host_.serve(context, kStatus, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      host_.backend().status([call, response](auto status) {
        if (!status) return call->fail(status.error());
        call->answer([&] {
          fill(*status, *response);
          return std::string();
        });
      });
    });
  }

  grpc::ServerUnaryReactor* CheckConfig(grpc::CallbackServerContext* context, const v1::CheckConfigRequest* request,
                                        v1::CheckConfigResponse* response) override {
    return host_.serve(context, kCheck, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      Violations violations;
      check_content(request->content(), violations);
      if (call->refuse(violations)) return;
      std::optional<std::string> content;
      if (!request->content().empty()) content = request->content();
      host_.backend().check_config(std::move(content), [call, response](auto report) {
        if (!report) return call->fail(report.error());
        call->answer([&] {
          response->set_valid(report->valid);
          fill_report(*report, *response);
          return std::string();
        });
      });
    });
  }

  grpc::ServerUnaryReactor* ReloadConfig(grpc::CallbackServerContext* context, const v1::ReloadConfigRequest* request,
                                         v1::ReloadConfigResponse* response) override {
    return host_.serve(context, kReload, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      call->describe("configuration");
      host_.backend().reload_config([call, response](auto report) {
        if (!report) return call->fail(report.error());
        call->answer([&] {
          fill_report(*report, *response);
          return net::counted(report->changes.size(), "change");
        });
      });
    });
  }

 private:
  Host& host_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_daemon_service(Host& host) { return std::make_unique<DaemonService>(host); }

}  // namespace podbgp::api

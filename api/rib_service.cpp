// RibService: listing in bounded pages, and watching through the journal.
#include "api/services.hpp"
#include "api/stream.hpp"
#include "api/to_domain.hpp"
#include "api/to_proto.hpp"
#include "podbgp/v1/rib_service.grpc.pb.h"

namespace podbgp::api {

namespace {

constexpr Method kListPaths{"RibService/ListPaths"};
constexpr Method kSummary{"RibService/GetRibSummary"};

// A page is asked for in slices, so that core is never busy with one for long, and ends early where it grows large:
// clients take 4 MiB by default.
constexpr std::size_t kSlice = 1000;
constexpr std::size_t kPageBytes = 3u << 20;

// One ListPaths call while its slices come in. On control once it runs.
class Page : public std::enable_shared_from_this<Page> {
 public:
  Page(Backend& backend, std::shared_ptr<Call> call, v1::ListPathsResponse* response, ListPaths query)
      : backend_(backend), call_(std::move(call)), response_(response), query_(std::move(query)), left_(query_.limit) {}

  void next_slice() {
    auto query = query_;
    query.limit = std::min(left_, kSlice);
    backend_.list_paths(std::move(query), [self = shared_from_this()](auto paths) { self->take(std::move(paths)); });
  }

 private:
  void take(net::Result<Paths, ApiError> paths) {
    if (!paths) return call_->fail(paths.error());
    // The parts are kept here: the response is gRPC's, and may be gone before the last slice comes.
    for (const auto& entry : paths->entries) {
      fill(entry, *page_.add_entries());
      bytes_ += page_.entries(page_.entries_size() - 1).ByteSizeLong();
    }
    left_ -= std::min(left_, paths->entries.size());
    page_.set_revision(paths->revision);
    page_.set_next_page_token(paths->next_page_token);
    query_.page_token = std::move(paths->next_page_token);
    if (!query_.page_token.empty() && left_ > 0 && bytes_ < kPageBytes && !paths->entries.empty()) return next_slice();
    call_->answer([&] {
      response_->Swap(&page_);
      return std::string();
    });
  }

  Backend& backend_;
  std::shared_ptr<Call> call_;
  v1::ListPathsResponse* response_;
  ListPaths query_;
  v1::ListPathsResponse page_;
  std::size_t left_, bytes_ = 0;
};

class RouteStream final : public Stream<v1::WatchRoutesResponse>, public RouteWatchSink {
 public:
  using Stream::Stream;

  void on_changes(std::vector<RibEntry> changes, std::uint64_t revision) override {
    v1::WatchRoutesResponse message;
    std::size_t bytes = 0;
    for (const auto& change : changes) {
      if (bytes >= kStreamMessageBytes) {
        message.set_revision(revision);
        send(std::exchange(message, {}), false);
        bytes = 0;
      }
      auto* out = message.add_changes();
      fill(change, *out->mutable_entry());
      out->set_removed(change.removed);
      bytes += out->ByteSizeLong();
    }
    message.set_revision(revision);
    send(std::move(message), true);
  }

  void on_snapshot_end(std::uint64_t revision) override {
    v1::WatchRoutesResponse message;
    message.set_snapshot_end(true);
    message.set_revision(revision);
    send(std::move(message), false);
  }

  void on_reset(std::string reason) override {
    v1::WatchRoutesResponse message;
    message.set_reset_reason(reason.empty() ? "reset" : reason);
    restart(std::move(message));
  }
};

class RibService final : public v1::RibService::CallbackService {
 public:
  explicit RibService(Host& host) : host_(host) {}

  grpc::ServerUnaryReactor* ListPaths(grpc::CallbackServerContext* context, const v1::ListPathsRequest* request,
                                      v1::ListPathsResponse* response) override {
    return host_.serve(context, kListPaths, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      Violations violations;
      auto query = to_query(*request, violations);
      if (call->refuse(violations)) return;
      std::make_shared<Page>(host_.backend(), std::move(call), response, std::move(query))->next_slice();
    });
  }

  grpc::ServerUnaryReactor* GetRibSummary(grpc::CallbackServerContext* context, const v1::GetRibSummaryRequest* request,
                                          v1::GetRibSummaryResponse* response) override {
    return host_.serve(context, kSummary, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      host_.backend().rib_counters([call, response](auto counters) {
        if (!counters) return call->fail(counters.error());
        call->answer([&] {
          fill(*counters, *response);
          return std::string();
        });
      });
    });
  }

  grpc::ServerWriteReactor<v1::WatchRoutesResponse>* WatchRoutes(grpc::CallbackServerContext*,
                                                                 const v1::WatchRoutesRequest* request) override {
    auto stream = std::make_shared<RouteStream>(host_);
    Violations violations;
    auto filter = to_filter(*request, violations);
    if (!violations.empty()) return stream->refuse(violations);
    return stream->start(
        [&backend = host_.backend(), filter = std::move(filter), sink = std::weak_ptr(stream)]() mutable {
          return backend.watch_routes(std::move(filter), sink.lock());
        });
  }

 private:
  Host& host_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_rib_service(Host& host) { return std::make_unique<RibService>(host); }

}  // namespace podbgp::api

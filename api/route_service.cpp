// RouteService: announcements of owners.
#include <fmt/format.h>

#include "api/services.hpp"
#include "api/to_domain.hpp"
#include "api/to_proto.hpp"
#include "net/counted.hpp"
#include "podbgp/v1/route_service.grpc.pb.h"

namespace podbgp::api {

namespace {

constexpr Method kAnnounce{"RouteService/AnnounceRoute", Kind::Changes};
constexpr Method kWithdraw{"RouteService/WithdrawRoute", Kind::Changes};
constexpr Method kBatchAnnounce{"RouteService/BatchAnnounceRoutes", Kind::Changes};
constexpr Method kBatchWithdraw{"RouteService/BatchWithdrawRoutes", Kind::Changes};
constexpr Method kReplace{"RouteService/ReplaceRoutes", Kind::Changes};
constexpr Method kListRoutes{"RouteService/ListRoutes"};
constexpr Method kListOwners{"RouteService/ListOwners"};

const char* word(ChangeResult result) {
  switch (result) {
    case ChangeResult::Added: return "added";
    case ChangeResult::Updated: return "updated";
    case ChangeResult::Unchanged: return "unchanged";
    case ChangeResult::Removed: return "removed";
    case ChangeResult::NotFound: break;
  }
  return "not found";
}

// "3 added, 1 unchanged"
std::string count_words(const std::vector<ChangeResult>& results) {
  std::string out;
  for (const auto kind : {ChangeResult::Added, ChangeResult::Updated, ChangeResult::Unchanged, ChangeResult::Removed,
                          ChangeResult::NotFound}) {
    const auto count = std::ranges::count(results, kind);
    if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, word(kind));
  }
  return out;
}

// The owner as the audit shows it: what a client sent is not written to a log at length.
std::string who(const std::string& owner) { return "owner=" + shorten(owner, 64); }

ApiError route_not_found(const std::string& owner, const std::string& prefix, const std::string& field) {
  return {
      ApiError::Code::NotFound,
      "ROUTE_NOT_FOUND",
      fmt::format("owner '{}' has no route {}; `podbgp routes --view announced` lists what there is", owner, prefix),
      field,
      {{"owner", owner}, {"prefix", prefix}}};
}

class RouteService final : public v1::RouteService::CallbackService {
 public:
  explicit RouteService(Host& host) : host_(host) {}

  grpc::ServerUnaryReactor* AnnounceRoute(grpc::CallbackServerContext* context, const v1::AnnounceRouteRequest* request,
                                          v1::AnnounceRouteResponse* response) override {
    return host_.serve(context, kAnnounce, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      call->describe(fmt::format("{} {}", who(request->owner()), shorten(request->route().prefix(), 64)));
      Violations violations;
      check_owner(request->owner(), violations);
      if (!request->has_route()) violations.add("route", "is required");
      auto route = request->has_route() ? to_route(request->route(), "route", violations) : rib::LocalRoute{};
      if (call->refuse(violations)) return;
      if (request->validate_only()) return call->answer([] { return std::string("valid"); });
      std::vector<rib::LocalRoute> routes;
      routes.push_back(std::move(route));
      host_.backend().announce(request->owner(), std::move(routes), [call, response](auto changed) {
        if (!changed) return call->fail(changed.error());
        call->answer([&] {
          response->set_result(to_proto(changed->results.front()));
          response->set_revision(changed->revision);
          return std::string(word(changed->results.front()));
        });
      });
    });
  }

  grpc::ServerUnaryReactor* WithdrawRoute(grpc::CallbackServerContext* context, const v1::WithdrawRouteRequest* request,
                                          v1::WithdrawRouteResponse* response) override {
    return host_.serve(context, kWithdraw, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      call->describe(fmt::format("{} {}", who(request->owner()), shorten(request->prefix(), 64)));
      Violations violations;
      check_owner(request->owner(), violations);
      const auto prefix = to_prefix(request->prefix(), "prefix", violations);
      if (call->refuse(violations)) return;
      host_.backend().withdraw(
          request->owner(), {prefix},
          [call, response, prefix, owner = request->owner(), allow_missing = request->allow_missing()](auto changed) {
            if (!changed) return call->fail(changed.error());
            const auto result = changed->results.front();
            if (result == ChangeResult::NotFound && !allow_missing)
              return call->fail(route_not_found(owner, net::to_string(prefix), "prefix"));
            call->answer([&] {
              response->set_result(to_proto(result));
              response->set_revision(changed->revision);
              return std::string(word(result));
            });
          });
    });
  }

  grpc::ServerUnaryReactor* BatchAnnounceRoutes(grpc::CallbackServerContext* context,
                                                const v1::BatchAnnounceRoutesRequest* request,
                                                v1::BatchAnnounceRoutesResponse* response) override {
    return host_.serve(context, kBatchAnnounce, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      call->describe(fmt::format("{} {}", who(request->owner()), net::counted(request->routes_size(), "route")));
      Violations violations;
      check_owner(request->owner(), violations);
      auto routes = to_routes(request->routes(), false, violations);
      if (call->refuse(violations)) return;
      if (request->validate_only()) return call->answer([] { return std::string("valid"); });
      host_.backend().announce(request->owner(), std::move(routes), [call, response](auto changed) {
        if (!changed) return call->fail(changed.error());
        call->answer([&] {
          for (const auto result : changed->results) response->add_results(to_proto(result));
          response->set_revision(changed->revision);
          return count_words(changed->results);
        });
      });
    });
  }

  grpc::ServerUnaryReactor* BatchWithdrawRoutes(grpc::CallbackServerContext* context,
                                                const v1::BatchWithdrawRoutesRequest* request,
                                                v1::BatchWithdrawRoutesResponse* response) override {
    return host_.serve(context, kBatchWithdraw, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      call->describe(fmt::format("{} {}", who(request->owner()), net::counted(request->prefixes_size(), "prefix", "prefixes")));
      Violations violations;
      check_owner(request->owner(), violations);
      auto prefixes = to_prefixes(request->prefixes(), violations);
      if (call->refuse(violations)) return;
      auto names = prefixes;
      host_.backend().withdraw(request->owner(), std::move(prefixes),
                               [call, response, names = std::move(names), owner = request->owner(),
                                allow_missing = request->allow_missing()](auto changed) {
                                 if (!changed) return call->fail(changed.error());
                                 const auto missing = std::ranges::find(changed->results, ChangeResult::NotFound);
                                 if (missing != changed->results.end() && !allow_missing) {
                                   const auto i = static_cast<std::size_t>(missing - changed->results.begin());
                                   auto error =
                                       route_not_found(owner, net::to_string(names[i]), fmt::format("prefixes[{}]", i));
                                   error.message += fmt::format("; in this call: {}", count_words(changed->results));
                                   return call->fail(error);
                                 }
                                 call->answer([&] {
                                   for (const auto result : changed->results) response->add_results(to_proto(result));
                                   response->set_revision(changed->revision);
                                   return count_words(changed->results);
                                 });
                               });
    });
  }

  grpc::ServerUnaryReactor* ReplaceRoutes(grpc::CallbackServerContext* context, const v1::ReplaceRoutesRequest* request,
                                          v1::ReplaceRoutesResponse* response) override {
    return host_.serve(context, kReplace, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      call->describe(fmt::format("{} {} generation={}", who(request->owner()), net::counted(request->routes_size(), "route"),
                                 request->generation()));
      Violations violations;
      check_owner(request->owner(), violations);
      auto routes = to_routes(request->routes(), true, violations);
      if (call->refuse(violations)) return;
      if (request->validate_only()) return call->answer([] { return std::string("valid"); });
      host_.backend().replace(request->owner(), std::move(routes), request->generation(),
                              [call, response](auto replaced) {
                                if (!replaced) return call->fail(replaced.error());
                                call->answer([&] {
                                  response->set_added(replaced->added);
                                  response->set_updated(replaced->updated);
                                  response->set_removed(replaced->removed);
                                  response->set_unchanged(replaced->unchanged);
                                  response->set_generation(replaced->generation);
                                  response->set_revision(replaced->revision);
                                  return fmt::format("{} added, {} updated, {} removed, {} unchanged", replaced->added,
                                                     replaced->updated, replaced->removed, replaced->unchanged);
                                });
                              });
    });
  }

  grpc::ServerUnaryReactor* ListRoutes(grpc::CallbackServerContext* context, const v1::ListRoutesRequest* request,
                                       v1::ListRoutesResponse* response) override {
    return host_.serve(context, kListRoutes, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      Violations violations;
      if (!request->owner().empty()) check_owner(request->owner(), violations);
      const auto limit = to_page_size(request->page_size(), violations);
      check_page_token(request->page_token(), violations);
      if (call->refuse(violations)) return;
      host_.backend().list_owned(request->owner(), limit, request->page_token(), [call, response](auto page) {
        if (!page) return call->fail(page.error());
        call->answer([&] {
          for (const auto& route : page->routes) fill(route, *response->add_routes());
          response->set_next_page_token(page->next_page_token);
          return std::string();
        });
      });
    });
  }

  grpc::ServerUnaryReactor* ListOwners(grpc::CallbackServerContext* context, const v1::ListOwnersRequest* request,
                                       v1::ListOwnersResponse* response) override {
    return host_.serve(context, kListOwners, request->ByteSizeLong(), [&](std::shared_ptr<Call> call) {
      host_.backend().list_owners([call, response](auto owners) {
        if (!owners) return call->fail(owners.error());
        call->answer([&] {
          for (const auto& owner : *owners) {
            auto* out = response->add_owners();
            out->set_owner(owner.name);
            out->set_routes(owner.routes);
            out->set_generation(owner.generation);
          }
          return std::string();
        });
      });
    });
  }

 private:
  Host& host_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_route_service(Host& host) { return std::make_unique<RouteService>(host); }

}  // namespace podbgp::api

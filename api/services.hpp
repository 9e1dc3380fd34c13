// The four services of podbgp.v1. Each translates, posts and answers; see calls.hpp for what they share.
#pragma once

#include <memory>

#include "api/calls.hpp"

namespace grpc {
class Service;
}

namespace podbgp::api {

[[nodiscard]] std::unique_ptr<grpc::Service> make_route_service(Host& host);
[[nodiscard]] std::unique_ptr<grpc::Service> make_rib_service(Host& host);
[[nodiscard]] std::unique_ptr<grpc::Service> make_peer_service(Host& host);
[[nodiscard]] std::unique_ptr<grpc::Service> make_daemon_service(Host& host);

}  // namespace podbgp::api

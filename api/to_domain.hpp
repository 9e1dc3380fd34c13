// Requests into the house's values. Every fault of a request is added to `violations` under the name of its field; what
// is returned counts only where none were.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/backend.hpp"
#include "api/problem.hpp"
#include "podbgp/v1/daemon_service.pb.h"
#include "podbgp/v1/peer_service.pb.h"
#include "podbgp/v1/rib_service.pb.h"
#include "podbgp/v1/route_service.pb.h"

namespace podbgp::api {

namespace v1 = podbgp::v1;

using Routes = google::protobuf::RepeatedPtrField<v1::Route>;
using Strings = google::protobuf::RepeatedPtrField<std::string>;

void check_owner(const std::string& owner, Violations& violations);
[[nodiscard]] rib::LocalRoute to_route(const v1::Route& route, const std::string& field, Violations& violations);
// `may_be_empty`: an owner may declare the empty set, but a batch of nothing is a mistake.
[[nodiscard]] std::vector<rib::LocalRoute> to_routes(const Routes& routes, bool may_be_empty, Violations& violations);
[[nodiscard]] net::Prefix to_prefix(const std::string& prefix, const std::string& field, Violations& violations);
[[nodiscard]] std::vector<net::Prefix> to_prefixes(const Strings& prefixes, Violations& violations);
[[nodiscard]] std::size_t to_page_size(std::uint32_t page_size, Violations& violations);
void check_page_token(const std::string& token, Violations& violations);
[[nodiscard]] ListPaths to_query(const v1::ListPathsRequest& request, Violations& violations);
[[nodiscard]] RouteWatchFilter to_filter(const v1::WatchRoutesRequest& request, Violations& violations);
void check_peer(const std::string& peer, Violations& violations);
void check_text(const std::string& text, Violations& violations);  // RFC 9003 §2: at most 255 octets
void check_content(const std::string& content, Violations& violations);

}  // namespace podbgp::api

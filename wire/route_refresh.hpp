// ROUTE-REFRESH (RFC 2918), demarcation subtypes (RFC 7313).
#pragma once

#include "wire/open.hpp"

namespace podbgp::wire {

struct RouteRefresh {
  AfiSafi family;
  std::uint8_t subtype = 0;  // 0 request, 1 BoRR, 2 EoRR
  friend bool operator==(const RouteRefresh&, const RouteRefresh&) = default;
};

[[nodiscard]] net::Result<RouteRefresh, Notification> decode_route_refresh(ByteSpan body);
void encode_route_refresh(const RouteRefresh& refresh, Bytes& out);

}  // namespace podbgp::wire

// The house's values into answers.
#pragma once

#include "api/backend.hpp"
#include "podbgp/v1/daemon_service.pb.h"
#include "podbgp/v1/peer_service.pb.h"
#include "podbgp/v1/rib_service.pb.h"
#include "podbgp/v1/route_service.pb.h"

namespace podbgp::api {

namespace v1 = podbgp::v1;

[[nodiscard]] v1::ChangeResult to_proto(ChangeResult result);
void fill(const rib::LocalRoute& route, v1::Route& out);
void fill(const OwnedRoute& route, v1::OwnedRoute& out);
void fill(const KernelState& kernel, v1::KernelState& out);
void fill(const wire::AttributeSet& attributes, v1::PathAttributes& out);
void fill(const RibEntry& entry, v1::RibEntry& out);
void fill(const PeerInfo& peer, v1::Peer& out);
void fill(const Status& status, v1::GetStatusResponse& out);
void fill(const Diagnostic& diagnostic, v1::Diagnostic& out);
void fill(const ConfigChange& change, v1::ConfigChange& out);
void fill(const rib::RibCounters& counters, v1::GetRibSummaryResponse& out);

}  // namespace podbgp::api

// What we offer in OPEN, what of the peer's OPEN we refuse, and what both sides agree on.
#pragma once

#include <string>

#include "fsm/settings.hpp"
#include "fsm/state.hpp"
#include "net/result.hpp"
#include "wire/open.hpp"

namespace podbgp::fsm {

// Our OPEN: MP per family, route refresh, 4-octet AS, and graceful restart without families, which makes peers mark the
// end of their first table (RFC 4724 §2, §4.1).
[[nodiscard]] wire::Open make_open(const PeerSettings& settings);

struct Refusal {
  wire::Notification notification;
  std::string text;  // for people: what was expected, what came
};

// The checks of RFC 4271 §6.2 that depend on the peer, then the meet of both OPENs. Pure.
// A peer without the multiprotocol capability speaks IPv4 unicast only (RFC 4760 §8).
[[nodiscard]] net::Result<Negotiated, Refusal> negotiate(const PeerSettings& settings, const wire::Open& sent,
                                                         const wire::Open& received);

// The keepalive interval in use: as set, but at most a third of the hold time (RFC 4271 §4.4); 0 if the hold time is 0.
[[nodiscard]] Seconds keepalive_interval(const PeerSettings& settings, Seconds hold_time);

// Which of two connections stays (RFC 4271 §6.8; equal identifiers: RFC 6286 §2.3).
[[nodiscard]] Slot collision_winner(const PeerSettings& settings, net::RouterId peer_id, net::Asn peer_asn);
[[nodiscard]] wire::Notification collision_cease();  // what the other one is closed with

}  // namespace podbgp::fsm

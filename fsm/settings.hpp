// What an operator sets for one peer, as far as the session is concerned.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "net/family.hpp"
#include "net/ids.hpp"
#include "net/ip_address.hpp"

namespace podbgp::fsm {

using Seconds = std::chrono::seconds;

struct PeerSettings {
  net::Asn local_asn;
  net::Asn peer_asn;
  net::RouterId local_id;
  net::FamilySet families{net::Family::Ipv4Unicast};
  Seconds hold_time{90};  // 0 = no keepalives; else >= 3 (RFC 4271 §4.2)
  Seconds keepalive{30};  // at most a third of the negotiated hold time is used
  Seconds connect_retry{
      5};  // after one quick try (1 s); doubles up to connect_retry_max, with jitter (RFC 4271 §8.2.1.1, 10)
  Seconds connect_retry_max{60};
  Seconds open_hold_time{240};            // "a large value", RFC 4271 §8.2.2
  std::optional<Seconds> send_hold_time;  // RFC 9687; default: max(8 min, 2 x hold time); 0 = off
  bool passive = false;
  bool admin_down = false;
  std::string shutdown_text;  // RFC 9003, sent when disabled by configuration
  [[nodiscard]] bool external() const { return local_asn != peer_asn; }
  friend bool operator==(const PeerSettings&, const PeerSettings&) = default;
};

// What both sides agreed on; exists while a connection is in OpenConfirm or Established.
struct Negotiated {
  net::Asn peer_asn;
  net::RouterId peer_id;
  Seconds hold_time{0};  // 0: none
  Seconds keepalive{0};
  net::FamilySet families;
  bool external = true;
  bool four_octet_as = false;
  bool route_refresh = false;
  bool enhanced_route_refresh = false;
  bool extended_message = false;
  bool graceful_restart = false;    // the peer sent the capability, so it sends End-of-RIB
  net::FamilySet add_path_receive;  // we may get path ids
  net::FamilySet add_path_send;
  net::FamilySet extended_next_hop;
  friend bool operator==(const Negotiated&, const Negotiated&) = default;
};

}  // namespace podbgp::fsm

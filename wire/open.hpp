// OPEN (RFC 4271 §4.2) and capabilities (RFC 5492), with extended optional parameters (RFC 9072).
#pragma once

#include <vector>

#include "net/ids.hpp"
#include "wire/notification.hpp"

namespace podbgp::wire {

struct AfiSafi {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  friend bool operator==(const AfiSafi&, const AfiSafi&) = default;
};

struct GracefulRestartCapability {  // RFC 4724 §3, N bit RFC 8538
  struct Entry {
    AfiSafi family;
    bool forwarding_preserved = false;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  bool restarting = false;
  bool notification = false;
  std::uint16_t restart_time = 0;  // seconds, 0..4095
  std::vector<Entry> families;
  friend bool operator==(const GracefulRestartCapability&, const GracefulRestartCapability&) = default;
};

struct AddPathCapability {  // RFC 7911 §4
  AfiSafi family;
  bool receive = false;
  bool send = false;
  friend bool operator==(const AddPathCapability&, const AddPathCapability&) = default;
};

struct ExtendedNextHopCapability {  // RFC 8950 §4
  AfiSafi family;
  std::uint16_t next_hop_afi = 0;
  friend bool operator==(const ExtendedNextHopCapability&, const ExtendedNextHopCapability&) = default;
};

struct RawCapability {
  std::uint8_t code = 0;
  Bytes value;
  friend bool operator==(const RawCapability&, const RawCapability&) = default;
};

struct Capabilities {
  std::vector<AfiSafi> multiprotocol;  // RFC 4760 §8
  bool route_refresh = false;          // RFC 2918
  bool enhanced_route_refresh = false; // RFC 7313
  bool extended_message = false;       // RFC 8654
  std::optional<net::Asn> four_octet_as;  // RFC 6793
  std::optional<GracefulRestartCapability> graceful_restart;
  std::vector<AddPathCapability> add_path;
  std::vector<ExtendedNextHopCapability> extended_next_hop;
  std::vector<RawCapability> unknown;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Open {
  std::uint8_t version = 4;
  net::Asn my_as;          // the 2-octet field; AS_TRANS where the AS does not fit. as_number() is what counts.
  std::uint16_t hold_time = 0;  // seconds; 0 or >= 3
  net::RouterId identifier;
  Capabilities capabilities;
  [[nodiscard]] net::Asn as_number() const { return capabilities.four_octet_as.value_or(my_as); }
  friend bool operator==(const Open&, const Open&) = default;
};

// Structural and context-free checks of RFC 4271 §6.2 (version, hold time 1 and 2, identifier 0, malformed parameters).
// Whether AS and identifier are those expected of this peer is the FSM's question.
[[nodiscard]] net::Result<Open, Notification> decode_open(ByteSpan body);
void encode_open(const Open& open, Bytes& out);  // whole message, header included; RFC 9072 form only if it must be

}  // namespace podbgp::wire

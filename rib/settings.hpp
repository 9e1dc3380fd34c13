// What the RIB must know of a peer and of the router.
#pragma once

#include <chrono>

#include "rib/policy.hpp"

namespace podbgp::rib {

struct RouterSettings {
  net::Asn asn;
  net::RouterId id;
  net::RouterId cluster_id;       // RFC 4456; default: id
  unsigned multipath = 8;         // most equal paths; 1 = single best
  bool resolve_next_hops = true;  // false (fib off): every next hop is reachable at cost 0
  friend bool operator==(const RouterSettings&, const RouterSettings&) = default;
};

// What we write as next hop towards a peer. Default (nullopt): eBGP self; own routes self; iBGP unchanged (RFC 4271 §5.1.3).
using NextHopSetting = std::optional<std::variant<NextHopSelf, net::IpAddress>>;

struct MaxPrefixes {
  std::uint32_t received = 0;     // 0: no limit; counted per family before policy
  enum class Action : std::uint8_t { Restart, Disable, Warn } action = Action::Restart;
  std::chrono::seconds restart_after{60};
  friend bool operator==(const MaxPrefixes&, const MaxPrefixes&) = default;
};

struct PeerSettings {
  std::string name;
  net::IpAddress address;
  std::string interface;          // for link-local next hops
  net::Asn local_asn;
  net::Asn peer_asn;
  bool on_link = false;           // eBGP without multihop: RFC 4271 §6.3 asks more of its next hops
  bool reflector_client = false;
  unsigned allow_own_as = 0;      // occurrences of our AS that are tolerated in AS_PATH
  NextHopSetting next_hop;
  MaxPrefixes max_prefixes;
  std::optional<PolicyChain> import;
  std::optional<PolicyChain> export_;
  [[nodiscard]] bool external() const { return local_asn != peer_asn; }
  friend bool operator==(const PeerSettings&, const PeerSettings&) = default;
};

}  // namespace podbgp::rib

// From a path and a target to what is written, or the reason why nothing is. A target is not a peer but everything that
// decides the bytes: peers of equal targets share an update group.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "rib/policy_eval.hpp"
#include "rib/settings.hpp"

namespace podbgp::rib {

enum class PeerKind : std::uint8_t {
  External,
  Internal,
  Client
};  // Client: internal, client of us as reflector (RFC 4456)
[[nodiscard]] PeerKind kind_of(const PeerSettings& settings);

// The update-group key: targets compare equal if and only if their peers get equal bytes.
struct ExportTarget {
  net::Family family{};
  PeerKind kind = PeerKind::External;
  net::Asn local_asn;
  net::RouterId cluster_id;
  std::shared_ptr<const PolicyProgram> policy;  // compared by address: equal chains are one program. nullptr: none
  NextHopSetting next_hop;
  std::optional<net::IpAddress> self;             // of this family; nullopt: we have none on that session
  std::optional<net::IpAddress> self_link_local;  // IPv6: second half of the next hop (RFC 2545 §3)
  bool four_octet_as = true;
  bool add_path = false;  // paths are sent with an identifier; always the best path, as 1
  std::size_t max_message = wire::kMaxMessageSize;
  // RFC 8212 §2: an external peer without export policy is sent nothing.
  [[nodiscard]] bool sends_nothing() const { return kind == PeerKind::External && policy == nullptr; }
  friend bool operator==(const ExportTarget&, const ExportTarget&) = default;
};

// Where a path comes from, as far as export looks at it.
struct PathSource {
  RouteSource source = RouteSource::Bgp;
  PeerKind kind = PeerKind::External;  // of the peer it was learned from; only for RouteSource::Bgp
  net::RouterId router_id;             // of that peer
  std::string_view peer_name;          // "" for own routes
};

enum class ExportReason : std::uint8_t {
  Exported,
  NoPath,
  NoPolicy,      // RFC 8212
  SplitHorizon,  // it came from this peer
  NotReflected,  // internal to internal, neither a client (RFC 4271 §9.2, RFC 4456 §6)
  NoAdvertise,   // RFC 1997
  NoExport,
  NoExportSubconfed,
  RejectedByPolicy,
  NoNextHop,   // the next hop would be self and we have no address of this family on the session
  OwnNextHop,  // a route of our own whose next hop is this very peer (RFC 4271 §5.1.3)
  TooLarge,    // the attributes leave no room for a prefix in a message of this session
};
[[nodiscard]] std::string_view to_string(ExportReason reason);

struct ExportVerdict {
  ExportReason reason = ExportReason::Exported;
  std::string statement;  // of the policy, that accepted or rejected; "" where none decided
};
[[nodiscard]] std::string describe(
    const ExportVerdict& verdict);  // for people: "rejected by export policy (own-pods[0])"

// Rewrites `set` (as in Loc-RIB) into what `target` is sent. `bits` = target.policy->context_bits(context) where there
// is one. Unless the reason is Exported, `set` is unspecified. Split horizon is not decided here: it concerns one peer
// of the target.
[[nodiscard]] ExportVerdict apply_export_rules(const ExportTarget& target, const PathSource& source,
                                               const RouteContext& context, std::uint64_t bits,
                                               wire::AttributeSet& set);

}  // namespace podbgp::rib

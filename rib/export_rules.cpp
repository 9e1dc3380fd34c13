#include "rib/export_rules.hpp"

#include <algorithm>

namespace podbgp::rib {
namespace {

constexpr std::uint8_t kTransitive = 0x40, kPartial = 0x20;  // RFC 4271 §4.3
constexpr std::uint32_t kDefaultLocalPref = 100;

bool has(const wire::AttributeSet& set, wire::Community community) {
  return std::find(set.communities.begin(), set.communities.end(), community) != set.communities.end();
}

// RFC 1997: they bind whoever received them, so they are looked at before export policy: what policy adds is for the
// peer.
ExportReason check_communities(const ExportTarget& target, const wire::AttributeSet& set) {
  if (set.communities.empty()) return ExportReason::Exported;
  if (has(set, wire::kNoAdvertise)) return ExportReason::NoAdvertise;
  if (target.kind != PeerKind::External) return ExportReason::Exported;
  if (has(set, wire::kNoExport)) return ExportReason::NoExport;
  if (has(set, wire::kNoExportSubconfed)) return ExportReason::NoExportSubconfed;
  return ExportReason::Exported;
}

bool is_reflected(const ExportTarget& target, const PathSource& source) {
  return source.source == RouteSource::Bgp && source.kind != PeerKind::External && target.kind != PeerKind::External;
}

constexpr std::uint64_t kNonTransitiveBit = std::uint64_t{0x40} << 56;  // RFC 4360 §2, §6

// What a learned route carries for its AS or confederation alone stays there. Before policy: what that adds is meant.
void leave_the_as(wire::AttributeSet& set) {
  std::erase_if(set.extended_communities, [](const auto& c) { return (c.value() & kNonTransitiveBit) != 0; });
  std::erase_if(set.as_path.segments, [](const wire::AsSegment& segment) {  // RFC 5065 §4
    return segment.type == wire::AsSegment::Type::ConfedSequence || segment.type == wire::AsSegment::Type::ConfedSet;
  });
}

void write_external(const ExportTarget& target, const PathSource& source, bool med_set, wire::AttributeSet& set) {
  set.as_path.prepend(target.local_asn);  // RFC 4271 §5.1.2 b
  set.local_pref.reset();                 // §5.1.5
  // §5.1.4: a MED from one neighbouring AS is not passed on to another; that of our own routes and of policy is ours.
  if (source.source == RouteSource::Bgp && !med_set) set.med.reset();
  set.originator_id.reset();  // RFC 4456 §8: both are for inside the AS
  set.cluster_list.clear();
}

void write_internal(const ExportTarget& target, const PathSource& source, wire::AttributeSet& set) {
  if (!set.local_pref) set.local_pref = kDefaultLocalPref;  // RFC 4271 §5.1.5: always there
  if (!is_reflected(target, source)) return;
  if (!set.originator_id) set.originator_id = source.router_id;  // RFC 4456 §8
  set.cluster_list.insert(set.cluster_list.begin(), target.cluster_id);
}

// RFC 4271 §5 and §9: optional attributes that we do not know go on if they are transitive, marked as not understood by
// all.
void pass_unknown(wire::AttributeSet& set) {
  std::erase_if(set.unknown, [](const wire::UnknownAttribute& a) { return (a.flags & kTransitive) == 0; });
  for (auto& attribute : set.unknown) attribute.flags |= kPartial;
}

enum class NextHopChoice : std::uint8_t { Keep, Self };

NextHopChoice choose_next_hop(const ExportTarget& target, const PathSource& source, const PolicyResult& policy,
                              wire::AttributeSet& set) {
  if (policy.next_hop_set) return NextHopChoice::Keep;
  if (policy.next_hop_self) return NextHopChoice::Self;
  // RFC 4456 §10: a reflector leaves NEXT_HOP alone; only policy, which names routes, may say otherwise.
  if (target.next_hop && !is_reflected(target, source)) {
    const auto* address = std::get_if<net::IpAddress>(&*target.next_hop);
    if (address == nullptr) return NextHopChoice::Self;
    if (address->family() == target.family) {
      set.next_hop = *address;
      set.link_local_next_hop.reset();
      return NextHopChoice::Keep;
    }
  }
  // A link-local next hop means nothing beyond its link.
  if (set.next_hop.is_unspecified() || (set.next_hop.is_v6() && set.next_hop.is_link_local()))
    return NextHopChoice::Self;
  if (source.source != RouteSource::Bgp) return NextHopChoice::Keep;  // the announcer named it
  // RFC 4271 §5.1.3: self towards external peers (a third party's address on a shared subnet is allowed there and not
  // used: it saves a hop and costs a group), unchanged towards internal ones.
  return target.kind == PeerKind::External ? NextHopChoice::Self : NextHopChoice::Keep;
}

bool write_next_hop(const ExportTarget& target, const PathSource& source, const PolicyResult& policy,
                    wire::AttributeSet& set) {
  if (choose_next_hop(target, source, policy, set) == NextHopChoice::Self) {
    if (!target.self) return false;
    set.next_hop = *target.self;
    set.link_local_next_hop = target.self->is_v6() ? target.self_link_local : std::nullopt;
  } else {
    set.link_local_next_hop.reset();  // RFC 2545 §3: only where the next hop shares a link with the peer
  }
  return set.next_hop.family() == target.family;
}

}  // namespace

PeerKind kind_of(const PeerSettings& settings) {
  if (settings.external()) return PeerKind::External;
  return settings.reflector_client ? PeerKind::Client : PeerKind::Internal;
}

std::string_view to_string(ExportReason reason) {
  switch (reason) {
    case ExportReason::Exported: return "exported";
    case ExportReason::NoPath: return "no path";
    case ExportReason::NoPolicy: return "eBGP without export policy (RFC 8212)";
    case ExportReason::SplitHorizon: return "learned from this peer";
    case ExportReason::NotReflected:
      return "learned from an internal peer, and neither is a reflector client (RFC 4456)";
    case ExportReason::NoAdvertise: return "community no-advertise";
    case ExportReason::NoExport: return "community no-export";
    case ExportReason::NoExportSubconfed: return "community no-export-subconfed";
    case ExportReason::RejectedByPolicy: return "rejected by export policy";
    case ExportReason::NoNextHop: return "no address of ours to be the next hop of this family on this session";
    case ExportReason::OwnNextHop: return "the next hop is this peer (RFC 4271 5.1.3)";
    case ExportReason::TooLarge: return "attributes too large for a message of this session";
  }
  return "";
}

std::string describe(const ExportVerdict& verdict) {
  if (verdict.reason == ExportReason::RejectedByPolicy && verdict.statement.empty())
    return fmt::format("{} (no statement accepts it)", to_string(verdict.reason));
  if (verdict.statement.empty()) return std::string(to_string(verdict.reason));
  return fmt::format("{} ({})", to_string(verdict.reason), verdict.statement);
}

ExportVerdict apply_export_rules(const ExportTarget& target, const PathSource& source, const RouteContext& context,
                                 std::uint64_t bits, wire::AttributeSet& set) {
  if (target.sends_nothing()) return {ExportReason::NoPolicy, {}};
  if (const auto reason = check_communities(target, set); reason != ExportReason::Exported) return {reason, {}};
  if (is_reflected(target, source) && target.kind != PeerKind::Client && source.kind != PeerKind::Client)
    return {ExportReason::NotReflected, {}};
  if (target.kind == PeerKind::External && source.source == RouteSource::Bgp) leave_the_as(set);
  PolicyResult policy;
  policy.accepted = true;
  if (target.policy) policy = target.policy->run(context, bits, set);
  ExportVerdict verdict{ExportReason::Exported, std::string(policy.decided_by)};
  if (!policy.accepted) {
    verdict.reason = ExportReason::RejectedByPolicy;
    return verdict;
  }
  if (target.kind == PeerKind::External) {
    write_external(target, source, policy.med_set, set);
  } else {
    write_internal(target, source, set);
  }
  pass_unknown(set);
  if (!write_next_hop(target, source, policy, set)) verdict.reason = ExportReason::NoNextHop;
  return verdict;
}

}  // namespace podbgp::rib

#include "fsm/negotiate.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace podbgp::fsm {

namespace {

constexpr std::uint32_t kMaxTwoOctetAs = 65535;
constexpr std::uint16_t kAfiIpv6 = 2;

wire::AfiSafi wire_family(net::Family f) { return {net::afi(f), net::kSafiUnicast}; }

net::FamilySet families_of(const wire::Capabilities& capabilities) {
  if (capabilities.multiprotocol.empty()) return {net::Family::Ipv4Unicast};
  net::FamilySet result;
  for (const auto& entry : capabilities.multiprotocol) {
    if (const auto family = net::family_of(entry.afi, entry.safi)) result.insert(*family);
  }
  return result;
}

std::string to_text(net::FamilySet families) {
  std::string text;
  for (const auto f : net::kFamilies) {
    if (!families.contains(f)) continue;
    if (!text.empty()) text += ", ";
    text += net::to_string(f);
  }
  return text.empty() ? "none that podbgp knows" : text;
}

// RFC 5492 §5: the data of Unsupported Capability lists the capabilities that we miss.
wire::Bytes missing_multiprotocol(net::FamilySet wanted) {
  wire::Bytes data;
  for (const auto f : net::kFamilies) {
    if (!wanted.contains(f)) continue;
    const auto afi = net::afi(f);
    const std::uint8_t tlv[] = {
        1, 4, static_cast<std::uint8_t>(afi >> 8), static_cast<std::uint8_t>(afi & 0xff), 0, net::kSafiUnicast};
    data.insert(data.end(), std::begin(tlv), std::end(tlv));
  }
  return data;
}

template <class Entry>
const Entry* find(const std::vector<Entry>& entries, net::Family f) {
  const auto it = std::ranges::find(entries, wire_family(f), &Entry::family);
  return it == entries.end() ? nullptr : &*it;
}

void negotiate_per_family(const wire::Capabilities& ours, const wire::Capabilities& theirs, Negotiated& result) {
  for (const auto f : net::kFamilies) {
    if (!result.families.contains(f)) continue;
    const auto* our_paths = find(ours.add_path, f);
    const auto* their_paths = find(theirs.add_path, f);
    if (our_paths != nullptr && their_paths != nullptr) {
      if (our_paths->receive && their_paths->send) result.add_path_receive.insert(f);
      if (our_paths->send && their_paths->receive) result.add_path_send.insert(f);
    }
    const auto* our_hop = find(ours.extended_next_hop, f);
    const auto* their_hop = find(theirs.extended_next_hop, f);
    if (our_hop != nullptr && their_hop != nullptr && our_hop->next_hop_afi == kAfiIpv6 &&
        their_hop->next_hop_afi == kAfiIpv6) {
      result.extended_next_hop.insert(f);
    }
  }
}

Refusal refuse(std::uint8_t subcode, std::string text, wire::Bytes data = {}) {
  return {wire::make_notification(wire::ErrorCode::Open, subcode, std::move(data)), std::move(text)};
}

}  // namespace

wire::Open make_open(const PeerSettings& settings) {
  wire::Open open;
  // RFC 6793 §4.2.1: AS_TRANS stands where the AS does not fit into two octets.
  open.my_as = settings.local_asn.value() > kMaxTwoOctetAs ? net::kAsTrans : settings.local_asn;
  open.hold_time = static_cast<std::uint16_t>(std::clamp<std::int64_t>(settings.hold_time.count(), 0, 65535));
  open.identifier = settings.local_id;
  auto& capabilities = open.capabilities;
  for (const auto f : net::kFamilies) {
    if (settings.families.contains(f)) capabilities.multiprotocol.push_back(wire_family(f));
  }
  capabilities.route_refresh = true;
  capabilities.four_octet_as = settings.local_asn;
  capabilities.graceful_restart = wire::GracefulRestartCapability{};
  return open;
}

Seconds keepalive_interval(const PeerSettings& settings, Seconds hold_time) {
  if (hold_time.count() == 0) return Seconds{0};
  const Seconds third = std::max(Seconds{1}, hold_time / 3);
  return settings.keepalive.count() == 0 ? third : std::min(settings.keepalive, third);
}

net::Result<Negotiated, Refusal> negotiate(const PeerSettings& settings, const wire::Open& sent,
                                           const wire::Open& received) {
  namespace error = wire::open_error;
  if (received.as_number() != settings.peer_asn) {
    return net::fail(refuse(error::kBadPeerAs, fmt::format("peer says it is AS {}, but AS {} is configured",
                                                           received.as_number(), settings.peer_asn)));
  }
  // RFC 6286 §2.2: identifiers are unique within an AS; between ASes equal ones are allowed.
  if (!settings.external() && received.identifier == settings.local_id) {
    return net::fail(
        refuse(error::kBadIdentifier,
               fmt::format("peer has our own router id {}; every router of an AS needs its own", received.identifier)));
  }
  const net::FamilySet offered = families_of(received.capabilities);
  const net::FamilySet common = settings.families & offered;
  if (common.empty()) {
    return net::fail(refuse(error::kBadCapability,
                            fmt::format("no address family in common: we speak {}, the peer {}",
                                        to_text(settings.families), to_text(offered)),
                            missing_multiprotocol(settings.families)));
  }

  const auto& ours = sent.capabilities;
  const auto& theirs = received.capabilities;
  Negotiated result;
  result.peer_asn = received.as_number();
  result.peer_id = received.identifier;
  result.hold_time = Seconds{std::min(sent.hold_time, received.hold_time)};
  result.keepalive = keepalive_interval(settings, result.hold_time);
  result.families = common;
  result.external = settings.external();
  result.four_octet_as = ours.four_octet_as.has_value() && theirs.four_octet_as.has_value();
  result.route_refresh = theirs.route_refresh;  // RFC 2918 §3: the peer's word says that we may ask
  result.enhanced_route_refresh = ours.enhanced_route_refresh && theirs.enhanced_route_refresh;
  result.extended_message = ours.extended_message && theirs.extended_message;
  result.graceful_restart = ours.graceful_restart.has_value() && theirs.graceful_restart.has_value();
  negotiate_per_family(ours, theirs, result);
  return result;
}

Slot collision_winner(const PeerSettings& settings, net::RouterId peer_id, net::Asn peer_asn) {
  const bool we_dominate = settings.local_id != peer_id ? settings.local_id > peer_id : settings.local_asn > peer_asn;
  return we_dominate ? Slot::Outgoing : Slot::Incoming;
}

wire::Notification collision_cease() {
  return wire::make_notification(wire::ErrorCode::Cease, wire::cease::kCollision);
}

}  // namespace podbgp::fsm

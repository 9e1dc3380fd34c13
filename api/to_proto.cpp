#include "api/to_proto.hpp"

#include <utility>

#include <fmt/format.h>

#include "net/utf8.hpp"

// A string of protobuf is UTF-8: libprotobuf sends others, and no client can read the whole message then. Words and names
// that come from elsewhere (peers, the kernel, the file system) are repaired here, and in problem.cpp.
namespace podbgp::api {

namespace {

void fill(net::WallTime time, google::protobuf::Timestamp& out) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  out.set_seconds(seconds.count());
  // Milliseconds are all that anybody reads.
  out.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch - seconds).count() * 1'000'000));
}

// Core's clock is monotonic. One offset for the life of the process keeps the time of a path the same in every answer.
net::WallTime to_wall(net::TimePoint time) {
  static const auto offset = std::chrono::system_clock::now().time_since_epoch() -
                             std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                 std::chrono::steady_clock::now().time_since_epoch());
  return net::WallTime(std::chrono::duration_cast<std::chrono::system_clock::duration>(time.time_since_epoch()) +
                       offset);
}

template <class List, class Out>
void fill_texts(const List& list, Out* out) {
  for (const auto& item : list) out->Add(to_string(item));
}

v1::PathAttributes::Origin to_proto(wire::Origin origin) {
  switch (origin) {
    case wire::Origin::Igp: return v1::PathAttributes::ORIGIN_IGP;
    case wire::Origin::Egp: return v1::PathAttributes::ORIGIN_EGP;
    case wire::Origin::Incomplete: break;
  }
  return v1::PathAttributes::ORIGIN_INCOMPLETE;
}

v1::RouteSource to_proto(rib::RouteSource source) {
  switch (source) {
    case rib::RouteSource::Bgp: return v1::ROUTE_SOURCE_BGP;
    case rib::RouteSource::Api: return v1::ROUTE_SOURCE_API;
    case rib::RouteSource::Network: break;
  }
  return v1::ROUTE_SOURCE_NETWORK;
}

v1::KernelState::State to_proto(KernelState::State state) {
  switch (state) {
    case KernelState::State::None: return v1::KernelState::STATE_UNSPECIFIED;
    case KernelState::State::Pending: return v1::KernelState::STATE_PENDING;
    case KernelState::State::Installed: return v1::KernelState::STATE_INSTALLED;
    case KernelState::State::Refused: break;
  }
  return v1::KernelState::STATE_REFUSED;
}

v1::Peer::State to_proto(fsm::State state) {
  switch (state) {
    case fsm::State::Idle: return v1::Peer::STATE_IDLE;
    case fsm::State::Connect: return v1::Peer::STATE_CONNECT;
    case fsm::State::Active: return v1::Peer::STATE_ACTIVE;
    case fsm::State::OpenSent: return v1::Peer::STATE_OPEN_SENT;
    case fsm::State::OpenConfirm: return v1::Peer::STATE_OPEN_CONFIRM;
    case fsm::State::Established: break;
  }
  return v1::Peer::STATE_ESTABLISHED;
}

void fill(const MessageCounters& counters, v1::Peer::Messages& out) {
  out.set_open(counters.open);
  out.set_update(counters.update);
  out.set_notification(counters.notification);
  out.set_keepalive(counters.keepalive);
  out.set_route_refresh(counters.route_refresh);
  out.set_octets(counters.octets);
}

void fill(const rib::PathView& path, const std::string& owner, v1::Path& out) {
  out.set_peer(path.peer_name);
  out.set_source(to_proto(path.source));
  out.set_owner(owner);
  out.set_path_id(path.path_id.value());
  api::fill(path.attributes, *out.mutable_attributes());
  if (path.received) api::fill(*path.received, *out.mutable_received_attributes());
  out.set_best(path.best);
  out.set_multipath(path.multipath);
  out.set_eligible(path.eligible);
  out.set_reason(std::string(rib::to_string(path.reason)));
  out.set_reason_text(net::utf8_repaired(path.reason_text));
  if (path.since != net::TimePoint{}) fill(to_wall(path.since), *out.mutable_since());
}

}  // namespace

v1::ChangeResult to_proto(ChangeResult result) {
  switch (result) {
    case ChangeResult::Added: return v1::CHANGE_RESULT_ADDED;
    case ChangeResult::Updated: return v1::CHANGE_RESULT_UPDATED;
    case ChangeResult::Unchanged: return v1::CHANGE_RESULT_UNCHANGED;
    case ChangeResult::Removed: return v1::CHANGE_RESULT_REMOVED;
    case ChangeResult::NotFound: break;
  }
  return v1::CHANGE_RESULT_NOT_FOUND;
}

void fill(const rib::LocalRoute& route, v1::Route& out) {
  out.set_prefix(net::to_string(route.prefix));
  if (route.next_hop) out.set_next_hop(net::to_string(*route.next_hop));
  fill_texts(route.communities, out.mutable_communities());
  fill_texts(route.large_communities, out.mutable_large_communities());
  fill_texts(route.extended_communities, out.mutable_extended_communities());
  if (route.local_pref) out.set_local_pref(*route.local_pref);
  if (route.med) out.set_med(*route.med);
  out.set_install(route.blackhole ? v1::Route::INSTALL_BLACKHOLE : v1::Route::INSTALL_NONE);
}

void fill(const KernelState& kernel, v1::KernelState& out) {
  out.set_state(to_proto(kernel.state));
  out.set_reason(net::utf8_repaired(kernel.reason));
  for (const auto& hop : kernel.next_hops)
    out.add_next_hops(hop.interface.empty() ? net::to_string(hop.gateway)
                                            : net::utf8_repaired(fmt::format("{}%{}", hop.gateway, hop.interface)));
  out.set_blackhole(kernel.blackhole);
}

void fill(const OwnedRoute& route, v1::OwnedRoute& out) {
  out.set_owner(route.owner);
  fill(route.route, *out.mutable_route());
  out.set_best(route.best);
  fill(route.kernel, *out.mutable_kernel());
}

void fill(const wire::AttributeSet& attributes, v1::PathAttributes& out) {
  out.set_origin(to_proto(attributes.origin));
  out.set_as_path(wire::to_string(attributes.as_path));
  for (const auto& segment : attributes.as_path.segments) {
    auto* s = out.add_as_segments();
    s->set_type(static_cast<v1::PathAttributes::AsSegment::Type>(segment.type));  // the numbers of RFC 4271 §4.3
    for (const auto asn : segment.asns) s->add_asns(asn.value());
  }
  // A route of our own has no next hop yet: each peer is told its own.
  if (!attributes.next_hop.is_unspecified()) out.set_next_hop(net::to_string(attributes.next_hop));
  if (attributes.link_local_next_hop) out.set_link_local_next_hop(net::to_string(*attributes.link_local_next_hop));
  if (attributes.med) out.set_med(*attributes.med);
  if (attributes.local_pref) out.set_local_pref(*attributes.local_pref);
  out.set_atomic_aggregate(attributes.atomic_aggregate);
  if (attributes.aggregator) {
    out.mutable_aggregator()->set_asn(attributes.aggregator->asn.value());
    out.mutable_aggregator()->set_address(net::to_string(attributes.aggregator->address));
  }
  fill_texts(attributes.communities, out.mutable_communities());
  fill_texts(attributes.extended_communities, out.mutable_extended_communities());
  fill_texts(attributes.large_communities, out.mutable_large_communities());
  if (attributes.originator_id) out.set_originator_id(net::to_string(*attributes.originator_id));
  fill_texts(attributes.cluster_list, out.mutable_cluster_list());
  for (const auto& unknown : attributes.unknown) {
    auto* u = out.add_unknown();
    u->set_type(unknown.type);
    u->set_flags(unknown.flags);
    u->set_value(unknown.value.data(), unknown.value.size());
  }
}

void fill(const RibEntry& entry, v1::RibEntry& out) {
  static const std::string none;
  out.set_prefix(net::to_string(entry.route.prefix));
  if (entry.removed) return;
  out.set_revision(entry.route.revision);
  for (std::size_t i = 0; i < entry.route.paths.size(); ++i)
    fill(entry.route.paths[i], i < entry.owner_names.size() ? entry.owner_names[i] : none, *out.add_paths());
  if (entry.kernel) fill(*entry.kernel, *out.mutable_kernel());
}

void fill(const PeerInfo& peer, v1::Peer& out) {
  out.set_name(peer.name);
  out.set_address(net::to_string(peer.address));
  out.set_asn(peer.asn.value());
  out.set_local_asn(peer.local_asn.value());
  out.set_description(net::utf8_repaired(peer.description));
  out.set_group(peer.group);
  out.set_state(to_proto(peer.state));
  out.set_enabled(peer.enabled);
  out.set_external(peer.external);
  out.set_reflector_client(peer.reflector_client);
  out.set_passive(peer.passive);
  fill(peer.since, *out.mutable_since());
  if (peer.router_id) out.set_router_id(net::to_string(*peer.router_id));
  if (peer.local_address) out.set_local_address(net::to_string(*peer.local_address));
  if (peer.state == fsm::State::Established) {
    out.mutable_hold_time()->set_seconds(peer.hold_time.count());
    out.mutable_keepalive()->set_seconds(peer.keepalive.count());
  }
  for (const auto family : net::kFamilies) {
    if (!peer.configured_families.contains(family) && !peer.negotiated_families.contains(family)) continue;
    const auto& counters = peer.routes.family[net::index(family)];
    auto* f = out.add_families();
    f->set_family(family == net::Family::Ipv4Unicast ? v1::FAMILY_IPV4 : v1::FAMILY_IPV6);
    f->set_negotiated(peer.negotiated_families.contains(family));
    f->set_received(counters.received);
    f->set_accepted(counters.accepted);
    f->set_best(counters.best);
    f->set_advertised(counters.advertised);
    f->set_end_of_rib_received(counters.end_of_rib_received);
    f->set_end_of_rib_sent(counters.end_of_rib_sent);
    f->set_max_prefixes(peer.max_prefixes);
  }
  fill(peer.sent, *out.mutable_sent());
  fill(peer.received, *out.mutable_received());
  out.set_flaps(peer.flaps);
  out.set_last_error(net::utf8_repaired(peer.last_error));
  out.set_last_error_reason(net::utf8_repaired(peer.last_error_reason));
  if (peer.last_error_time) fill(*peer.last_error_time, *out.mutable_last_error_time());
  out.set_warning(net::utf8_repaired(peer.warning));
  out.set_held_down(net::utf8_repaired(peer.held_down));
  if (peer.held_until) fill(*peer.held_until, *out.mutable_held_until());
  for (const auto& capability : peer.capabilities) out.add_capabilities(capability);
  out.set_treat_as_withdraw(peer.routes.treat_as_withdraw);
  out.set_attribute_discard(peer.routes.attribute_discard);
}

void fill(const Status& status, v1::GetStatusResponse& out) {
  out.set_version(status.version);
  out.set_commit(status.commit);
  out.set_instance_id(status.instance_id);
  fill(status.start_time, *out.mutable_start_time());
  out.set_asn(status.asn.value());
  out.set_router_id(net::to_string(status.router_id));
  out.set_config_file(net::utf8_repaired(status.config_file));
  fill(status.config_time, *out.mutable_config_time());
  out.set_peers(status.peers);
  out.set_peers_established(status.peers_established);
  auto& fib = *out.mutable_fib();
  fib.set_state(status.fib.state);
  fib.set_installed_ipv4(status.fib.installed_v4);
  fib.set_installed_ipv6(status.fib.installed_v6);
  fib.set_pending(status.fib.pending);
  fib.set_refused(status.fib.refused);
  fib.set_adopted(status.fib.adopted);
  fib.set_swept(status.fib.swept);
  fib.set_nexthop_objects(status.fib.nexthop_objects);
  fib.set_nexthop_groups(status.fib.nexthop_groups);
  fib.set_overruns(status.fib.overruns);
  fib.set_resyncs(status.fib.resyncs);
  fib.set_repaired(status.fib.repaired);
  fib.set_table(status.fib_table);
  fib.set_protocol(status.fib_protocol);
  out.set_rss_bytes(status.rss_bytes);
  out.set_ready(status.ready);
  out.set_not_ready_reason(net::utf8_repaired(status.not_ready_reason));
  for (const auto& warning : status.warnings) out.add_warnings(net::utf8_repaired(warning));
  for (const auto& change : status.pending_restart) fill(change, *out.add_pending_restart());
}

void fill(const Diagnostic& diagnostic, v1::Diagnostic& out) {
  out.set_severity(diagnostic.error ? v1::Diagnostic::SEVERITY_ERROR : v1::Diagnostic::SEVERITY_WARNING);
  out.set_file(net::utf8_repaired(diagnostic.file));
  out.set_line(diagnostic.line);
  out.set_column(diagnostic.column);
  out.set_path(net::utf8_repaired(diagnostic.path));
  out.set_message(net::utf8_repaired(diagnostic.message));
  out.set_hint(net::utf8_repaired(diagnostic.hint));
}

void fill(const ConfigChange& change, v1::ConfigChange& out) {
  switch (change.impact) {
    case ConfigChange::Impact::None: out.set_impact(v1::ConfigChange::IMPACT_NONE); break;
    case ConfigChange::Impact::Policy: out.set_impact(v1::ConfigChange::IMPACT_POLICY); break;
    case ConfigChange::Impact::SessionReset: out.set_impact(v1::ConfigChange::IMPACT_SESSION_RESET); break;
    case ConfigChange::Impact::Restart: out.set_impact(v1::ConfigChange::IMPACT_RESTART); break;
  }
  out.set_what(net::utf8_repaired(change.what));
}

void fill(const rib::RibCounters& counters, v1::GetRibSummaryResponse& out) {
  out.set_prefixes_ipv4(counters.prefixes[0]);
  out.set_prefixes_ipv6(counters.prefixes[1]);
  out.set_paths_ipv4(counters.paths[0]);
  out.set_paths_ipv6(counters.paths[1]);
  out.set_attribute_sets(counters.attribute_sets);
  out.set_memory_bytes(counters.memory_bytes);
  out.set_revision(counters.revision);
}

}  // namespace podbgp::api

// Core's side of sessions and of the kernel: what they tell, and what follows from it.
#include <algorithm>

#include <fmt/format.h>

#include "bgpd/core.hpp"

namespace podbgp::bgpd {

namespace {
constexpr auto kRefusalsGather = std::chrono::seconds(1), kRefusalsEvery = std::chrono::seconds(30);
}  // namespace

void Core::accepted(std::unique_ptr<session::Connection> connection) {
  const auto remote = connection->remote_address();
  for (const auto& peer : peers_) {
    if (!peer || peer->settings.endpoint.address != remote) continue;
    peer->session->accept(std::move(connection));
    return;
  }
  const auto untold = refusals_.event(remote, ports_.transport->now());
  if (!untold) return;
  std::string message = "no peer is configured with this address";
  if (*untold > 0) message += fmt::format(" ({} more refused since the last such line)", *untold);
  log(LogLevel::Info, "CONNECTION_REFUSED", std::move(message), nullptr, {{"address", net::to_string(remote)}});
}

void Core::on_state(net::PeerId id, fsm::State from, fsm::State to) {
  auto& peer = *peers_[id.value()];
  peer.since = ports_.transport->now();
  log(LogLevel::Debug, "PEER_STATE", fmt::format("{} -> {}", fsm::to_string(from), fsm::to_string(to)), &peer);
  peer_changed(peer);
}

// The entry of our own address of the session; a link-local one may be there on several links.
const Core::Address* Core::carrier(const Peer& peer) const {
  const auto& interface = peer.settings.endpoint.interface;
  const auto found = std::ranges::find_if(addresses_, [&](const Address& entry) {
    return entry.address == peer.local_address && (interface.empty() || entry.interface == interface);
  });
  return found == addresses_.end() ? nullptr : &*found;
}

// The link that the session runs on, if the peer is on it. One that went stays known: its event may come later.
void Core::note_link(Peer& peer) {
  const auto* entry = carrier(peer);
  if (entry == nullptr) return;
  const auto& address = peer.settings.endpoint.address;
  const auto subnet = net::Prefix::make(entry->address, entry->prefix_length);
  const bool on_link = address.is_link_local() || subnet.contains(address);
  peer.ifindex = on_link ? entry->ifindex : 0;
  peer.link = on_link ? entry->interface : std::string{};
  rib_.update_peer(peer.id, rib_settings(peer));
}

// RFC 2545 §3: a peer that shares our link may send a link-local next hop, alone as well: it is meant on that link.
rib::PeerSettings Core::rib_settings(const Peer& peer) {
  auto settings = peer.settings.rib;
  if (settings.interface.empty()) settings.interface = peer.link;
  return settings;
}

// "Next hop self" for a family is the session's own address if it has that family, else the address of that family on
// the interface that carries the session (RFC 2545 §2, RFC 4760 §3).
rib::SessionInfo Core::session_info(const Peer& peer) const {
  const auto& negotiated = *peer.negotiated;
  rib::SessionInfo session;
  session.receive.four_octet_as = negotiated.four_octet_as;
  session.receive.external = negotiated.external;
  session.receive.families = negotiated.families;
  session.receive.add_path_receive = negotiated.add_path_receive;
  session.receive.extended_next_hop = negotiated.extended_next_hop;
  session.peer_id = negotiated.peer_id;
  session.families = negotiated.families;
  session.add_path_send = negotiated.add_path_send;
  session.four_octet_as = negotiated.four_octet_as;
  session.extended_message = negotiated.extended_message;
  session.expects_end_of_rib = negotiated.graceful_restart;
  session.local_address = peer.local_address;
  const auto* entry_of_session = carrier(peer);
  if (peer.local_address.is_v4()) session.self_v4 = peer.local_address;
  if (peer.local_address.is_v6() && !peer.local_address.is_link_local()) session.self_v6 = peer.local_address;
  // A link-local address is a next hop only for who is on the link: the peer of a session between such addresses.
  const bool link_local_session = peer.local_address.is_v6() && peer.local_address.is_link_local();
  if (link_local_session) session.self_v6_link_local = peer.local_address;
  if (entry_of_session == nullptr) return session;
  for (const auto& entry : addresses_) {
    if (entry.ifindex != entry_of_session->ifindex || entry.address.is_loopback()) continue;
    if (entry.address.is_v4()) {
      if (!session.self_v4) session.self_v4 = entry.address;
    } else if (entry.address.is_link_local()) {
      if (!session.self_v6_link_local) session.self_v6_link_local = entry.address;
    } else if (!session.self_v6) {
      session.self_v6 = entry.address;
    }
  }
  return session;
}

// What keeps routes from being exchanged is said once, and again when it is something else.
void Core::log_warning(Peer& peer) {
  auto why = rib_.counters(peer.id).why_nothing_exchanged;
  if (why == peer.logged_warning) return;
  if (!why.empty()) log(LogLevel::Warn, "PEER_POLICY", why, &peer);
  peer.logged_warning = std::move(why);
}

// A missing next hop is worth a word when there is a route that wants it.
void Core::log_warnings_of_families() {
  bool changed = false;
  for (const auto family : net::kFamilies) {
    const bool has = rib_.has_prefixes(family);
    changed |= std::exchange(has_prefixes_[net::index(family)], has) != has;
  }
  if (!changed) return;
  for (const auto& peer : peers_)
    if (peer && peer->negotiated) log_warning(*peer);
}

void Core::on_up(net::PeerId id, const fsm::Negotiated& negotiated, const net::IpAddress& local_address) {
  auto& peer = *peers_[id.value()];
  peer.negotiated = negotiated;
  peer.local_address = local_address;
  peer.end_of_rib = false;
  peer.logged_failures.clear();
  peer.logged_warning.clear();
  peer.ifindex = 0;
  note_link(peer);
  rib_.peer_up(id, session_info(peer));
  if (config_.fib.install) ports_.to_fib(fib::PeerUp{id});
  std::string families;
  for (const auto family : net::kFamilies)
    if (negotiated.families.contains(family))
      families += (families.empty() ? "" : ",") + std::string(to_string(family));
  log(LogLevel::Info, "PEER_UP", "established", &peer,
      {{"families", families},
       {"hold_time", fmt::format("{}s", negotiated.hold_time.count())},
       {"router_id", net::to_string(negotiated.peer_id)},
       {"local_address", net::to_string(local_address)}});
  log_warning(peer);
  peer_changed(peer);
}

namespace {
std::vector<std::pair<std::string, std::string>> reason_fields(const fsm::DownReason& reason) {
  std::vector<std::pair<std::string, std::string>> fields{{"reason", reason.token}};
  const auto add = [&](const char* direction, const wire::Notification& n) {
    fields.emplace_back("direction", direction);
    fields.emplace_back("code", std::to_string(n.code));
    fields.emplace_back("subcode", std::to_string(n.subcode));
  };
  if (reason.sent) add("sent", *reason.sent);
  if (reason.received) add("received", *reason.received);
  return fields;
}
}  // namespace

void Core::on_down(net::PeerId id, const fsm::DownReason& reason) {
  auto& peer = *peers_[id.value()];
  peer.negotiated.reset();
  peer.end_of_rib = false;
  if (config_.fib.install && !stopping_) ports_.to_fib(fib::PeerDown{id});  // overtakes what is queued
  rib_.peer_down(id);
  log(LogLevel::Warn, "PEER_DOWN", reason.text, &peer, reason_fields(reason));
  peer_changed(peer);
}

void Core::on_attempt_failed(net::PeerId id, const fsm::DownReason& reason) {
  auto& peer = *peers_[id.value()];
  constexpr std::size_t kMostFailures = 16;  // a peer chooses the text of its notifications
  if (peer.logged_failures.size() >= kMostFailures && !peer.logged_failures.contains(reason.text)) peer.logged_failures.clear();
  const auto level = peer.logged_failures.insert(reason.text).second ? LogLevel::Info : LogLevel::Debug;
  log(level, "PEER_ATTEMPT_FAILED", reason.text, &peer, reason_fields(reason));
  peer_changed(peer);
}

net::Result<void, wire::Notification> Core::on_update(net::PeerId id, const wire::UpdateView& update) {
  return rib_.apply_update(id, update, ports_.transport->now());
}

namespace {

std::string hex(std::span<const std::uint8_t> octets) {
  std::string text;
  for (const auto octet : octets) fmt::format_to(std::back_inserter(text), "{:02x}", octet);
  return text;
}

std::string_view reaction_name(wire::Reaction reaction) {
  switch (reaction) {
    case wire::Reaction::AttributeDiscard: return "attribute-discard";
    case wire::Reaction::TreatAsWithdraw: return "treat-as-withdraw";
    case wire::Reaction::FamilyDisable: return "family-disable";
    case wire::Reaction::SessionReset: return "session-reset";
    case wire::Reaction::None: break;
  }
  return "not-accepted";
}

}  // namespace

// RFC 7606 §8 wants the UPDATE in the log: as hex, bounded, and not each one, since a peer may send nothing but such.
void Core::log_issue(const rib::Effects::UpdateIssue& issue) {
  auto& peer = peers_[issue.peer.value()];
  if (!peer) return;
  const bool family = issue.reaction == wire::Reaction::FamilyDisable;  // once in a session: never left out
  auto untold = peer->issues.event(ports_.transport->now());
  if (!untold && !family) {
    peer->issues_not_logged += issue.more;
    return;
  }
  std::vector<std::pair<std::string, std::string>> fields{{"reaction", std::string(reaction_name(issue.reaction))}};
  if (issue.example) fields.emplace_back("prefix", net::to_string(*issue.example));
  if (const auto more = std::exchange(peer->issues_not_logged, 0) + untold.value_or(0) + issue.more; more > 0)
    fields.emplace_back("others_not_logged", std::to_string(more));
  fields.emplace_back("update_octets", std::to_string(issue.update_size));
  fields.emplace_back("update", hex(issue.update) + (issue.update.size() < issue.update_size ? "..." : ""));
  log(family ? LogLevel::Error : LogLevel::Warn, issue.reaction == wire::Reaction::None ? "MARTIAN" : family ? "FAMILY_DISABLED" : "UPDATE_ERROR",
      issue.text, peer.get(), std::move(fields));
}

void Core::on_family_disabled(net::PeerId id, net::Family family, const std::string& why,
                              wire::ByteSpan update) {
  rib_.disable_family(id, family);
  const auto part = update.first(std::min(update.size(), rib::Effects::kIssueOctets));
  log_issue({.peer = id,
             .reaction = wire::Reaction::FamilyDisable,
             .text = fmt::format("{} is ignored until the session restarts: {}", to_string(family), why),
             .example = std::nullopt,
             .update = {part.begin(), part.end()},
             .update_size = update.size()});
  schedule_work();
}

void Core::on_route_refresh(net::PeerId id, const wire::RouteRefresh& refresh) {
  if (refresh.subtype != 0) return;  // demarcations are for those who asked (RFC 7313 §4)
  if (const auto family = net::family_of(refresh.family.afi, refresh.family.safi)) {
    rib_.route_refresh(id, *family);
    schedule_work();
  }
}

void Core::next_output(net::PeerId id, std::size_t budget, std::vector<session::OutSlice>& out) {
  rib_.next_output(id, budget, out);
  if (rib_.needs_run()) schedule_work();
}

// --- from the kernel ---

void Core::handle(fib::FromFib message) {
  std::visit([this](auto& m) { handle_fib(std::move(m)); }, message);
  schedule_work();
}

void Core::handle_fib(fib::NextHopState state) {
  rib_.next_hop_changed(state.next_hop.gateway, state.next_hop.interface, state.reachable, state.metric, state.reason,
                        state.connected);
}

void Core::handle_fib(fib::RouteResults results) {
  bool refused = false;
  for (const auto& result : results.results) {
    if (result.status != fib::RouteStatus::Refused) continue;
    refused_routes_.add(result.prefix, result.reason);
    refused = true;
  }
  if (refused && !refused_routes_timer_) log_refused_routes(kRefusalsGather);
}

// The first lines after a moment, the next ones not before an interval has passed.
void Core::log_refused_routes(net::Duration wait) {
  refused_routes_timer_ = ports_.transport->arm(wait, [this] {
    refused_routes_timer_.reset();
    auto records = refused_routes_.take();
    if (records.empty()) return;
    for (auto& record : records) ports_.log(std::move(record));
    log_refused_routes(kRefusalsEvery);
  });
}

void Core::handle_fib(fib::Warning warning) {
  if (std::ranges::find(host_warnings_, warning.text) == host_warnings_.end()) {
    log(LogLevel::Warn, "HOST_WARNING", warning.text);
    host_warnings_.push_back(std::move(warning.text));
  }
}

void Core::handle_fib(fib::Notice notice) { log(LogLevel::Warn, "FIB_NOTICE", std::move(notice.text)); }

void Core::handle_fib(fib::Counters counters) { fib_counters_ = std::move(counters.counters); }

void Core::handle_fib(fib::InterfaceAddresses addresses) {
  addresses_ = std::move(addresses.addresses);
  std::vector<net::IpAddress> own;
  for (const auto& entry : addresses_)  // a link-local address is ours on its link only; others may have the same on theirs
    if (!(entry.address.is_v6() && entry.address.is_link_local())) own.push_back(entry.address);
  rib_.own_addresses_changed(std::move(own));
  for (const auto& peer : peers_) {
    if (!peer || !peer->negotiated) continue;
    if (peer->ifindex != 0 && carrier(*peer) == nullptr && peer->settings.falls_over()) {
      peer->session->link_lost(fmt::format("{} is no longer an address of ours", peer->local_address));
      continue;
    }
    note_link(*peer);
    rib_.session_addresses_changed(peer->id, session_info(*peer));
    log_warning(*peer);
  }
}

void Core::handle_fib(fib::LinkDown link) {
  for (const auto& peer : peers_)
    if (peer && peer->negotiated && peer->ifindex == link.ifindex && peer->settings.falls_over())
      peer->session->link_lost(link.text);
}

void Core::handle_fib(fib::LinkUp) {
  for (const auto& peer : peers_)
    if (peer && !peer->negotiated) peer->session->link_event();
}

void Core::handle_fib(fib::RouteDump dump) {
  const auto it = dumps_.find(dump.request);
  if (it == dumps_.end()) return;
  std::ranges::move(dump.routes, std::back_inserter(it->second.routes));
  if (!dump.last) return;
  auto finished = std::move(it->second);
  dumps_.erase(it);
  dump.routes = std::move(finished.routes);
  finished.done(std::move(dump));
}

void Core::handle_fib(fib::Synced) {
  fib_synced_ = true;
  log(LogLevel::Info, "FIB_SYNCED", "the kernel's table was read; own routes found there are adopted");
}

void Core::handle_fib(fib::FormerGone gone) {
  if (!gone.error.empty()) {
    log(LogLevel::Warn, "FORMER_ROUTES_STAY",
        fmt::format("routes that a run with other fib settings left cannot be removed: {}; the next start tries again",
                    gone.error));
    return;
  }
  if (gone.routes + gone.nexthop_objects > 0)
    log(LogLevel::Info, "FORMER_ROUTES_REMOVED",
        "what a run with other fib settings had left in the kernel was removed", nullptr,
        {{"routes", std::to_string(gone.routes)}, {"nexthop_objects", std::to_string(gone.nexthop_objects)}});
  ports_.former_gone();
}

void Core::handle_fib(fib::Stopped) {}

}  // namespace podbgp::bgpd

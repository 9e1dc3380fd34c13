// Core's side of sessions and of the kernel: what they tell, and what follows from it.
#include <algorithm>

#include <fmt/format.h>

#include "bgpd/core.hpp"

namespace podbgp::bgpd {

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
  const auto carrier = std::ranges::find(addresses_, peer.local_address, &fib::InterfaceAddresses::Entry::address);
  if (peer.local_address.is_v4()) session.self_v4 = peer.local_address;
  if (peer.local_address.is_v6() && !peer.local_address.is_link_local()) session.self_v6 = peer.local_address;
  if (carrier == addresses_.end()) return session;
  for (const auto& entry : addresses_) {
    if (entry.ifindex != carrier->ifindex || entry.address.is_loopback()) continue;
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

void Core::on_up(net::PeerId id, const fsm::Negotiated& negotiated, const net::IpAddress& local_address) {
  auto& peer = *peers_[id.value()];
  peer.negotiated = negotiated;
  peer.local_address = local_address;
  peer.end_of_rib = false;
  peer.logged_failure.clear();
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
  if (const auto why = rib_.counters(id).why_nothing_exchanged; !why.empty())
    log(LogLevel::Warn, "PEER_POLICY", why, &peer);
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
  const auto level = peer.logged_failure == reason.text ? LogLevel::Debug : LogLevel::Info;
  peer.logged_failure = reason.text;
  log(level, "PEER_ATTEMPT_FAILED", reason.text, &peer, reason_fields(reason));
  peer_changed(peer);
}

net::Result<void, wire::Notification> Core::on_update(net::PeerId id, const wire::UpdateView& update) {
  return rib_.apply_update(id, update, ports_.transport->now());
}

void Core::on_family_disabled(net::PeerId id, net::Family family, const std::string& why) {
  rib_.disable_family(id, family);
  log(LogLevel::Error, "FAMILY_DISABLED",
      fmt::format("{} is ignored until the session restarts: {}", to_string(family), why), peers_[id.value()].get());
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
  rib_.next_hop_changed(state.next_hop.gateway, state.next_hop.interface, state.reachable, state.metric, state.reason);
}

void Core::handle_fib(fib::RouteResults results) {
  for (const auto& result : results.results) {
    if (result.status != fib::RouteStatus::Refused) continue;
    log(LogLevel::Warn, "FIB_REFUSED", result.reason, nullptr, {{"prefix", net::to_string(result.prefix)}});
  }
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
  for (const auto& peer : peers_)
    if (peer && peer->negotiated) rib_.session_addresses_changed(peer->id, session_info(*peer));
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
  finished.done(std::move(finished.routes));
}

void Core::handle_fib(fib::Synced) {
  fib_synced_ = true;
  log(LogLevel::Info, "FIB_SYNCED", "the kernel's table was read; own routes found there are adopted");
}

void Core::handle_fib(fib::Stopped) {}

}  // namespace podbgp::bgpd

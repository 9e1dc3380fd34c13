#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "cli/show.hpp"
#include "cli/table.hpp"

namespace podbgp::cli {

namespace {

// "Idle (prefix limit, restart in 42 s)": where a FRR user would read "Idle (PfxCt)".
std::string held_word(const v1::Peer& peer, std::chrono::system_clock::time_point now) {
  if (!peer.has_held_until()) return fmt::format("Idle ({}, until enabled)", printable(peer.held_down()));
  const auto at = google::protobuf::util::TimeUtil::TimestampToSeconds(peer.held_until());
  const auto seconds = at - std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return fmt::format("Idle ({}, restart in {} s)", printable(peer.held_down()), std::max<std::int64_t>(seconds, 0));
}

std::string state_word(const v1::Peer& peer, std::chrono::system_clock::time_point now) {
  if (!peer.enabled()) return "Disabled";
  if (!peer.held_down().empty()) return held_word(peer, now);
  switch (peer.state()) {
    case v1::Peer::STATE_IDLE: return "Idle";
    case v1::Peer::STATE_CONNECT: return "Connect";
    case v1::Peer::STATE_ACTIVE: return "Active";
    case v1::Peer::STATE_OPEN_SENT: return "OpenSent";
    case v1::Peer::STATE_OPEN_CONFIRM: return "OpenConfirm";
    case v1::Peer::STATE_ESTABLISHED: return "Established";
    default: return "?";
  }
}

bool established(const v1::Peer& peer) { return peer.state() == v1::Peer::STATE_ESTABLISHED; }

Table::Cell state_cell(const v1::Peer& peer, const Style& style) {
  return {state_word(peer, style.now), established(peer) ? Colour::Good : peer.enabled() ? Colour::Bad : Colour::Faint};
}

std::string type_word(const v1::Peer& peer) {
  if (peer.external()) return "eBGP";
  return peer.reflector_client() ? "iBGP client" : "iBGP";
}

std::string family_word(v1::Family family) { return family == v1::FAMILY_IPV6 ? "ipv6" : "ipv4"; }

// What an operator wants to read next: why it is down, or why nothing flows, or what it is.
std::string info(const v1::Peer& peer) {
  if (!peer.held_down().empty()) return peer.warning();
  if (!established(peer) && !peer.last_error().empty()) return peer.last_error();
  if (!peer.warning().empty()) return peer.warning();
  return peer.description();
}

// "not negotiated" shows as dashes, not as zeros.
std::string count(const v1::Peer& peer, const v1::PeerFamily& family, std::uint32_t value) {
  return established(peer) && family.negotiated() ? std::to_string(value) : "-";
}

std::vector<Table::Cell> row(const v1::Peer& peer, const v1::PeerFamily& family, const Style& style) {
  std::vector<Table::Cell> cells{
      peer.name(),
      std::to_string(peer.asn()),
      type_word(peer),
      state_cell(peer, style),
      age(peer.since(), peer.has_since(), style.now),
      family_word(family.family()),
      count(peer, family, family.received()),
      count(peer, family, family.accepted()),
      count(peer, family, family.advertised()),
  };
  if (style.wide()) {
    cells.emplace_back(peer.address());
    cells.emplace_back(peer.router_id());
    cells.emplace_back(std::to_string(peer.flaps()));
    cells.emplace_back(fmt::format("{}/{}", peer.received().update(), peer.sent().update()));
  }
  cells.emplace_back(info(peer));
  return cells;
}

void show_families(std::ostream& out, const Style& style, const v1::Peer& peer) {
  Table table({{"FAMILY"},
               {"RCVD", true},
               {"ACCEPTED", true},
               {"BEST", true},
               {"ADVERTISED", true},
               {"LIMIT", true},
               {"EOR-RCVD"},
               {"EOR-SENT"}});
  for (const auto& f : peer.families()) {
    if (!f.negotiated()) {
      table.add({family_word(f.family()), "-", "-", "-", "-", "-", established(peer) ? "not negotiated" : "-"});
      continue;
    }
    table.add({family_word(f.family()), std::to_string(f.received()), std::to_string(f.accepted()),
               std::to_string(f.best()), std::to_string(f.advertised()),
               f.max_prefixes() == 0 ? "none" : std::to_string(f.max_prefixes()),
               f.end_of_rib_received() ? "yes" : "no", f.end_of_rib_sent() ? "yes" : "no"});
  }
  table.print(out, style.headers, style.colour);
}

void show_messages(std::ostream& out, const Style& style, const v1::Peer& peer) {
  Table table({{"MESSAGES"},
               {"OPEN", true},
               {"UPDATE", true},
               {"NOTIFICATION", true},
               {"KEEPALIVE", true},
               {"ROUTE-REFRESH", true},
               {"OCTETS", true}});
  const auto add = [&](const char* name, const v1::Peer::Messages& m) {
    table.add({name, std::to_string(m.open()), std::to_string(m.update()), std::to_string(m.notification()),
               std::to_string(m.keepalive()), std::to_string(m.route_refresh()), std::to_string(m.octets())});
  };
  add("received", peer.received());
  add("sent", peer.sent());
  table.print(out, style.headers, style.colour);
}

}  // namespace

void show(std::ostream& out, const Style& style, const v1::ListPeersResponse& peers) {
  std::vector<Table::Column> columns{{"PEER"},       {"ASN", true},      {"TYPE"},
                                     {"STATE"},      {"UPTIME", true},   {"FAMILY"},
                                     {"RCVD", true}, {"ACCEPTED", true}, {"ADVERTISED", true}};
  if (style.wide())
    for (const char* more : {"ADDRESS", "ROUTER-ID", "FLAPS", "UPDATES-IN/OUT"}) columns.push_back({more});
  columns.push_back({"INFO"});
  Table table(std::move(columns));
  for (const auto& peer : peers.peers())
    for (const auto& family : peer.families()) table.add(row(peer, family, style));
  table.print(out, style.headers, style.colour);
}

void show(std::ostream& out, const Style& style, const v1::Peer& peer) {
  const auto line = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) out << fmt::format("  {:<14}{}\n", key, printable(value));
  };
  const auto state = state_cell(peer, style);
  out << fmt::format("{} {}, AS {} ({}), {} for {}\n", printable(peer.name()), peer.address(), peer.asn(),
                     type_word(peer), coloured(state.text, state.colour, style.colour),
                     age(peer.since(), peer.has_since(), style.now));
  line("description", peer.description());
  line("group", peer.group());
  line("local AS", std::to_string(peer.local_asn()));
  line("local address", peer.local_address());
  line("router id", peer.router_id());
  if (peer.has_hold_time())
    line("timers", fmt::format("hold {}s, keepalive {}s", peer.hold_time().seconds(), peer.keepalive().seconds()));
  if (peer.passive()) line("passive", "waits for the peer to dial");
  std::string capabilities;
  for (const auto& capability : peer.capabilities()) capabilities += (capabilities.empty() ? "" : ", ") + capability;
  line("capabilities", capabilities);
  line("flaps", std::to_string(peer.flaps()));
  if (!peer.last_error().empty())
    line("last error", fmt::format("{} ({}), {} ago", peer.last_error(), peer.last_error_reason(),
                                   age(peer.last_error_time(), peer.has_last_error_time(), style.now)));
  line("warning", peer.warning());
  if (peer.treat_as_withdraw() + peer.attribute_discard() > 0)
    line("bad updates", fmt::format("{} treated as withdraw, {} attributes discarded (RFC 7606)",
                                    peer.treat_as_withdraw(), peer.attribute_discard()));
  out << '\n';
  show_families(out, style, peer);
  out << '\n';
  show_messages(out, style, peer);
}

void show_change(std::ostream& out, const Style& style, const v1::WatchPeersResponse& change) {
  if (change.snapshot_end()) out << coloured("-- all of them; changes follow --", Colour::Faint, style.colour) << '\n';
  for (const auto& peer : change.peers()) {
    const auto state = state_cell(peer, style);
    out << fmt::format("{}  {}  AS {}  {}", google::protobuf::util::TimeUtil::ToString(peer.since()),
                       printable(peer.name()), peer.asn(), coloured(state.text, state.colour, style.colour));
    if (const auto more = info(peer); !more.empty()) out << "  " << printable(more);
    out << '\n';
  }
  for (const auto& name : change.removed()) out << printable(name) << "  removed\n";
  out.flush();
}

}  // namespace podbgp::cli

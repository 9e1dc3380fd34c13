#include "bgpd/core.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace podbgp::bgpd {

namespace {
// Prefixes worked on before the clock is looked at: some milliseconds.
constexpr std::size_t kWorkSlice = 8192;
constexpr std::size_t kFibSlice = 8192;
}  // namespace

Core::Core(config::Config config, Ports ports)
    : config_(std::move(config)),
      ports_(std::move(ports)),
      started_(ports_.transport->now()),
      rib_(config::rib_settings(config_)),
      owners_(rib_),
      bridge_(
          rib_,
          [this](fib::ToFib message) {
            if (!stopping_) ports_.to_fib(std::move(message));  // sessions that we end must not empty the kernel
          },
          [this](net::PeerId peer) { return rib_settings(*peers_[peer.value()]).interface; }),
      watches_(
          rib_, ports_.to_control, [this](rib::RouteView view) { return entry_of(std::move(view)); },
          [this](net::PeerId id) -> std::optional<api::PeerInfo> {
            if (id.value() >= peers_.size() || !peers_[id.value()]) return std::nullopt;
            return info(*peers_[id.value()]);
          },
          [this] { return list_peers(); }),
      hub_(*ports_.transport, *this) {}

Core::~Core() = default;

void Core::start(std::set<std::string> owners_before) {
  saved_owners_ = owners_before;
  owners_.expect(std::move(owners_before));
  apply_networks({}, config_.networks);
  for (const auto& settings : config_.peers) add_peer(settings);
  ports_.peers_changed(config_.peers);
  if (!config_.fib.install) fib_synced_ = true;
  started_peers_ = true;
  for (auto& peer : peers_)
    if (peer) peer->session->start();
  schedule_work();
}

Core::Peer& Core::add_peer(const config::Peer& settings) {
  auto peer = std::make_unique<Peer>();
  peer->settings = settings;
  peer->since = ports_.transport->now();
  peer->id = rib_.add_peer(settings.rib);
  peer->session = std::make_unique<session::Session>(
      hub_, session::Session::Setup{peer->id, settings.session, settings.endpoint, ports_.seed + peer->id.value()});
  const auto index = peer->id.value();
  if (peers_.size() <= index) peers_.resize(index + 1u);
  peers_[index] = std::move(peer);
  return *peers_[index];
}

void Core::remove_peer(const std::string& name) {
  auto* peer = find(name);
  if (peer == nullptr) return;
  const auto id = peer->id;
  peer->session->stop("peer removed from the configuration", wire::cease::kPeerDeconfigured);
  log(LogLevel::Info, "PEER_REMOVED", "removed from the configuration", peer);
  peers_[id.value()].reset();  // the session closes its socket after the Cease was given to it
  rib_.remove_peer(id);
  watches_.peer_removed(name);
}

void Core::change_peer(const config::Peer& settings) {
  auto* peer = find(settings.name);
  if (peer == nullptr) return;
  peer->settings = settings;
  rib_.update_peer(peer->id, rib_settings(*peer));
  peer->session->reconfigure(settings.session, settings.endpoint);
  peer_changed(*peer);
}

void Core::apply_networks(const std::vector<rib::LocalRoute>& before, const std::vector<rib::LocalRoute>& after) {
  for (const auto& old : before) {
    const bool kept = std::ranges::any_of(after, [&](const auto& route) { return route.prefix == old.prefix; });
    if (!kept) (void)rib_.withdraw(0, old.prefix);
  }
  for (const auto& route : after) rib_.announce(route, ports_.transport->now());
}

void Core::apply(config::Config config, const config::Diff& diff) {
  if (diff.networks) apply_networks(config_.networks, config.networks);
  config_ = std::move(config);
  if (diff.router) rib_.update_router(config::rib_settings(config_));
  for (const auto& name : diff.removed) remove_peer(name);
  const auto settings_of = [this](const std::string& name) {
    return std::ranges::find(config_.peers, name, &config::Peer::name);
  };
  ports_.peers_changed(config_.peers);  // listening sockets know the passwords before anyone dials
  for (const auto& name : diff.added) add_peer(*settings_of(name)).session->start();
  for (const auto& change : diff.changed) change_peer(*settings_of(change.name));
  schedule_work();
}

void Core::stop(std::string text, std::function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  for (auto& peer : peers_)
    if (peer) peer->session->stop(text, wire::cease::kAdminShutdown);
  // Behind what the sessions wrote.
  ports_.transport->post([this] {
    if (stopped_) std::exchange(stopped_, nullptr)();
  });
}

Core::Peer* Core::find(const std::string& name_or_address) {
  return const_cast<Peer*>(std::as_const(*this).find(name_or_address));
}

const Core::Peer* Core::find(const std::string& name_or_address) const {
  const auto address = net::IpAddress::parse(name_or_address);
  const Peer* by_address = nullptr;
  for (const auto& peer : peers_) {
    if (!peer) continue;
    if (peer->settings.name == name_or_address) return peer.get();
    if (address && peer->settings.endpoint.address == *address) by_address = peer.get();
  }
  return by_address;
}

net::WallTime Core::wall(net::TimePoint t) const {
  return ports_.wall_at_start + std::chrono::duration_cast<net::WallTime::duration>(t - started_);
}

void Core::log(LogLevel level, std::string event, std::string message, const Peer* peer,
               std::vector<std::pair<std::string, std::string>> fields) {
  LogRecord record{level, std::move(event), std::move(message), {}};
  if (peer != nullptr) {
    record.fields.emplace_back("peer", peer->settings.name);
    record.fields.emplace_back("address", net::to_string(peer->settings.endpoint.address));
    record.fields.emplace_back("peer_asn", fmt::format("{}", peer->settings.session.peer_asn));
  }
  std::ranges::move(fields, std::back_inserter(record.fields));
  ports_.log(std::move(record));
}

void Core::peer_changed(const Peer& peer) {
  watches_.peer_changed(peer.id);
  schedule_work();
}

// --- work ---

void Core::schedule_work() {
  if (work_scheduled_) return;
  work_scheduled_ = true;
  ports_.transport->post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    work_scheduled_ = false;
    work();
  });
}

void Core::on_batch_end() {
  if (!work_scheduled_) work();
}

// Its parts take turns: one that has used up the time leaves the others to the next turn, which begins with them.
void Core::work() {
  const auto began = ports_.transport->now();
  const auto time_is_up = [&] { return ports_.transport->now() - began >= session::kTurnTime; };
  constexpr unsigned kParts = 3;
  const auto first = next_part_;
  bool more = first != 0;  // what the RIB decides now is news for the others
  for (unsigned i = 0; i < kParts; ++i) {
    switch (std::exchange(next_part_, (next_part_ + 1) % kParts)) {
      case 0:
        more |= rib_.run(kWorkSlice);
        apply_effects();
        log_warnings_of_families();
        break;
      case 1:
        if (config_.fib.install) more |= bridge_.run(kFibSlice);
        break;
      default: more |= watches_.run(time_is_up); break;
    }
    if (i + 1 == kParts) {
      next_part_ = 0;
    } else if (time_is_up()) {
      more = true;
      break;
    }
  }
  if (more)
    schedule_work();
  else
    check_convergence();
}

void Core::apply_effects() {
  auto effects = rib_.take_effects();
  if (config_.fib.install) {
    for (const auto& gateway : effects.track_next_hops) ports_.to_fib(fib::TrackNextHop{{gateway, {}}});
    for (const auto& gateway : effects.untrack_next_hops) ports_.to_fib(fib::UntrackNextHop{{gateway, {}}});
    for (const auto& [gateway, interface] : effects.track_link_local)
      ports_.to_fib(fib::TrackNextHop{{gateway, interface}});
    for (const auto& [gateway, interface] : effects.untrack_link_local)
      ports_.to_fib(fib::UntrackNextHop{{gateway, interface}});
  }
  for (const auto& issue : effects.issues) log_issue(issue);
  for (const auto& reached : effects.max_prefixes) max_prefixes_reached(reached);
  for (const auto id : effects.end_of_rib_received) {
    if (auto& peer = peers_[id.value()]) {
      peer->end_of_rib = true;
      peer_changed(*peer);
    }
  }
  for (const auto id : effects.output_ready) {
    if (!peers_[id.value()]) continue;
    ports_.transport->post([this, id, alive = std::weak_ptr(alive_)] {  // writing to many would be a long turn
      if (!alive.expired() && peers_[id.value()]) peers_[id.value()]->session->kick_output();
    });
  }
}

void Core::max_prefixes_reached(const rib::Effects::MaxPrefixesReached& reached) {
  auto& peer = peers_[reached.peer.value()];
  if (!peer) return;
  const auto text = fmt::format("{} {} prefixes received, {} allowed", reached.count, net::to_string(reached.family),
                                reached.limit.received);
  if (reached.limit.action == rib::MaxPrefixes::Action::Warn) {
    log(LogLevel::Warn, "PREFIX_LIMIT", text + "; max_prefixes.action is warn", peer.get());
    return;
  }
  // RFC 4486 §4: AFI, SAFI and the limit as data.
  const auto limit = reached.limit.received;
  const auto afi = net::afi(reached.family);
  peer->session->end(
      wire::make_notification(wire::ErrorCode::Cease, wire::cease::kMaxPrefixes,
                              {static_cast<std::uint8_t>(afi >> 8), static_cast<std::uint8_t>(afi), net::kSafiUnicast,
                               static_cast<std::uint8_t>(limit >> 24), static_cast<std::uint8_t>(limit >> 16),
                               static_cast<std::uint8_t>(limit >> 8), static_cast<std::uint8_t>(limit)}),
      text);
  peer->session->disable(text);
  peer->held_down = "prefix limit";
  peer->held_down_text = text;
  peer->held_until.reset();
  const auto id = peer->id;
  if (reached.limit.action == rib::MaxPrefixes::Action::Restart) {
    log(LogLevel::Error, "PREFIX_LIMIT",
        fmt::format("{}; the session comes back in {} s", text, reached.limit.restart_after.count()), peer.get());
    peer->held_until = ports_.transport->now() + reached.limit.restart_after;
    peer->restart_timer = ports_.transport->arm(reached.limit.restart_after, [this, id] {
      auto& held = peers_[id.value()];
      if (!held || held->disabled_by_operator) return;
      release(*held);
      (void)held->session->enable();
      peer_changed(*held);
    });
  } else {
    log(LogLevel::Error, "PREFIX_LIMIT", text + "; disabled until `podbgp peer enable`", peer.get());
  }
  peer_changed(*peer);
}

void Core::release(Peer& peer) {
  peer.held_down.clear();
  peer.held_down_text.clear();
  peer.held_until.reset();
}

// Stale kernel routes go when everything that may still come has come: End-of-RIB from every enabled peer, and word
// from every owner that had routes before, and the FIB knows what follows: until a next hop is answered its routes are
// not wanted yet, and would be swept with the stale ones. The cap for peers and owners that never come is the planner's.
void Core::check_convergence() {
  if (converged_ || !started_peers_ || !owners_.all_spoken()) return;
  for (const auto& peer : peers_) {
    if (!peer || peer->settings.session.admin_down || peer->disabled_by_operator) continue;
    if (!peer->negotiated || !peer->end_of_rib) return;
  }
  if (config_.fib.install && rib_.awaits_next_hops()) return;
  converged_ = true;
  ports_.to_fib(fib::Converged{});
  log(LogLevel::Info, "CONVERGED", "initial routes are in; stale kernel routes are swept");
}

void Core::save_owners() {
  auto names = owners_.with_routes();
  if (names == saved_owners_) return;
  saved_owners_ = names;
  ports_.owners_changed(std::move(names));
}

}  // namespace podbgp::bgpd

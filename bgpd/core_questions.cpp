// Core's answers to the API.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bgpd/core.hpp"

namespace podbgp::bgpd {

api::KernelState kernel_state(const fib::KernelRoute& route) {
  using State = api::KernelState::State;
  constexpr State states[] = {State::Installed, State::None, State::Refused, State::Pending};
  return {states[static_cast<std::size_t>(route.status)], route.reason, route.next_hops, route.blackhole};
}

namespace {

api::MessageCounters to_counters(const session::MessageCounters& c) {
  return {c.open, c.update, c.notification, c.keepalive, c.route_refresh, c.octets};
}

std::string with_text(const char* what, const std::string& text) {
  return text.empty() ? what : fmt::format("{}: {}", what, text);
}

}  // namespace

net::Result<api::Changed, api::ApiError> Core::announce(const std::string& owner, std::vector<rib::LocalRoute> routes) {
  auto results = owners_.announce(owner, std::move(routes), ports_.transport->now());
  if (!results) return net::fail(results.error());
  save_owners();
  schedule_work();
  return api::Changed{std::move(*results), rib_.revision()};
}

api::Changed Core::withdraw(const std::string& owner, const std::vector<net::Prefix>& prefixes) {
  auto results = owners_.withdraw(owner, prefixes);
  save_owners();
  schedule_work();
  return {std::move(results), rib_.revision()};
}

net::Result<api::Replaced, api::ApiError> Core::replace(const std::string& owner, std::vector<rib::LocalRoute> routes,
                                                        std::uint64_t generation) {
  auto done = owners_.replace(owner, std::move(routes), generation, ports_.transport->now());
  if (!done) return done;
  save_owners();
  schedule_work();
  done->revision = rib_.revision();
  return done;
}

api::OwnedRoutes Core::list_owned(const std::string& owner, std::size_t limit, const std::string& token) {
  auto page = owners_.page(owner, limit, token);
  for (auto& owned : page.routes) {
    const auto view = rib_.route(owned.route.prefix);
    owned.best = view && !view->paths.empty() && view->paths.front().best &&
                 view->paths.front().source == rib::RouteSource::Api &&
                 view->paths.front().owner == owned.route.owner;
  }
  return page;
}

api::RibEntry Core::entry_of(rib::RouteView view) const {
  api::RibEntry entry;
  for (const auto& path : view.paths)
    entry.owner_names.push_back(path.source == rib::RouteSource::Api ? owners_.name(path.owner) : std::string());
  entry.route = std::move(view);
  return entry;
}

net::Result<std::uint64_t, api::ApiError> Core::parse_page_token(const std::string& token) {
  if (token.empty()) return 0;
  char* end = nullptr;
  const auto cursor = std::strtoull(token.c_str(), &end, 10);
  if (*end == '\0' && cursor != 0) return cursor;
  return net::fail(Refusal{Refusal::Code::InvalidArgument, "BAD_PAGE_TOKEN",
                           "page_token is not one that this daemon gave; start again without it", "page_token", {}});
}

net::Result<api::Paths, api::ApiError> Core::list_paths(const api::ListPaths& query) {
  rib::Query question;
  using View = api::ListPaths::View;
  switch (query.view) {
    case View::All: question.view = rib::Query::View::All; break;
    case View::Received: question.view = rib::Query::View::Received; break;
    case View::Advertised: question.view = rib::Query::View::Advertised; break;
    case View::Best:
    case View::Kernel: question.view = rib::Query::View::Best; break;
  }
  question.family = query.family;
  question.prefix = query.prefix;
  question.match = query.match;
  question.limit = query.limit;
  if (!query.peer.empty()) {
    const auto* peer = find(query.peer);
    if (peer == nullptr) return net::fail(no_such_peer(query.peer));
    question.peer = peer->id;
  }
  const auto cursor = parse_page_token(query.page_token);
  if (!cursor) return net::fail(cursor.error());
  question.cursor = *cursor;
  auto answer = rib_.query(question);
  api::Paths paths;
  paths.revision = rib_.revision();
  if (answer.next_cursor != 0) paths.next_page_token = std::to_string(answer.next_cursor);
  for (auto& route : answer.routes) paths.entries.push_back(entry_of(std::move(route)));
  for (auto& sent : answer.advertised) {
    rib::PathView path;
    path.attributes = std::move(sent.attributes);
    path.path_id = sent.path_id;
    path.source = sent.source;
    path.peer_name = std::move(sent.peer_name);
    path.owner = sent.owner;
    path.best = path.eligible = true;
    rib::RouteView view;
    view.prefix = sent.prefix;
    view.paths.push_back(std::move(path));
    paths.entries.push_back(entry_of(std::move(view)));
  }
  return paths;
}

void Core::kernel_routes(fib::DumpRoutes question, std::move_only_function<void(fib::RouteDump)> done) {
  if (!config_.fib.install) {
    done({});
    return;
  }
  question.request = next_dump_++;
  dumps_.emplace(question.request, Dump{{}, std::move(done)});
  ports_.to_fib(std::move(question));
}

void Core::kernel_states(std::vector<net::Prefix> prefixes,
                         std::move_only_function<void(std::unordered_map<net::Prefix, api::KernelState>)> done) {
  if (prefixes.empty()) {
    done({});
    return;
  }
  fib::DumpRoutes question;
  question.prefixes = std::move(prefixes);
  kernel_routes(std::move(question), [done = std::move(done)](fib::RouteDump dump) mutable {
    std::unordered_map<net::Prefix, api::KernelState> states;
    for (const auto& route : dump.routes) states.emplace(route.prefix, kernel_state(route));
    done(std::move(states));
  });
}

api::ApiError Core::no_such_peer(const std::string& name) {
  return {Refusal::Code::NotFound, "PEER_NOT_FOUND",
          fmt::format("there is no peer '{}'; `podbgp peers` lists them by name and address", name), "peer", {}};
}

api::PeerInfo Core::info(const Peer& peer) const {
  const auto& settings = peer.settings;
  api::PeerInfo info;
  info.name = settings.name;
  info.description = settings.description;
  info.group = settings.group;
  info.address = settings.endpoint.address;
  info.asn = settings.session.peer_asn;
  info.local_asn = settings.session.local_asn;
  info.state = peer.session->state();
  info.enabled = !settings.session.admin_down && !peer.disabled_by_operator;
  info.held_down = peer.held_down;
  if (peer.held_until) info.held_until = wall(*peer.held_until);
  info.external = settings.session.external();
  info.reflector_client = settings.rib.reflector_client;
  info.passive = settings.session.passive;
  info.since = wall(peer.since);
  info.configured_families = settings.session.families;
  info.routes = rib_.counters(peer.id);
  info.max_prefixes = settings.rib.max_prefixes.received;
  const auto& counters = peer.session->counters();
  info.sent = to_counters(counters.sent);
  info.received = to_counters(counters.received);
  info.flaps = counters.flaps;
  if (const auto& error = counters.last_error) {
    info.last_error = error->reason.text;
    info.last_error_reason = error->reason.token;
    info.last_error_time = wall(error->at);
  }
  info.warning = !peer.held_down.empty() ? peer.held_down_text : info.routes.why_nothing_exchanged;
  if (peer.negotiated) {
    const auto& negotiated = *peer.negotiated;
    info.router_id = negotiated.peer_id;
    info.local_address = peer.local_address;
    info.hold_time = negotiated.hold_time;
    info.keepalive = negotiated.keepalive;
    info.negotiated_families = negotiated.families;
    const std::pair<bool, const char*> capabilities[] = {
        {negotiated.four_octet_as, "four-octet-as"},
        {negotiated.route_refresh, "route-refresh"},
        {negotiated.enhanced_route_refresh, "enhanced-route-refresh"},
        {negotiated.extended_message, "extended-message"},
        {negotiated.graceful_restart, "graceful-restart"},
    };
    for (const auto& [has, name] : capabilities)
      if (has) info.capabilities.emplace_back(name);
  }
  return info;
}

std::vector<api::PeerInfo> Core::list_peers() const {
  std::vector<api::PeerInfo> all;
  for (const auto& peer : peers_)
    if (peer) all.push_back(info(*peer));
  return all;
}

net::Result<api::PeerInfo, api::ApiError> Core::get_peer(const std::string& name) const {
  const auto* peer = find(name);
  if (peer == nullptr) return net::fail(no_such_peer(name));
  return info(*peer);
}

net::Result<void, api::ApiError> Core::reset_peer(const std::string& name, const std::string& text) {
  auto* peer = find(name);
  if (peer == nullptr) return net::fail(no_such_peer(name));
  if (peer->disabled_by_operator || peer->settings.session.admin_down)
    return net::fail(Refusal{Refusal::Code::FailedPrecondition, "PEER_DISABLED",
                             fmt::format("peer '{}' is disabled; enable it first", name), "peer", {}});
  log(LogLevel::Info, "PEER_RESET", with_text("reset by the API", text), peer);
  if (peer->held_down.empty()) {
    peer->session->reset(text);
  } else {  // there is no session to end: what is meant is "now"
    release(*peer);
    peer->restart_timer.reset();
    (void)peer->session->enable();
    peer_changed(*peer);
  }
  return {};
}

net::Result<void, api::ApiError> Core::disable_peer(const std::string& name, const std::string& text) {
  auto* peer = find(name);
  if (peer == nullptr) return net::fail(no_such_peer(name));
  if (peer->disabled_by_operator) return {};
  peer->disabled_by_operator = true;
  log(LogLevel::Info, "PEER_DISABLED", with_text("disabled by the API", text), peer);
  peer->session->disable(text);
  peer_changed(*peer);
  return {};
}

net::Result<void, api::ApiError> Core::enable_peer(const std::string& name) {
  auto* peer = find(name);
  if (peer == nullptr) return net::fail(no_such_peer(name));
  if (peer->settings.session.admin_down)
    return net::fail(Refusal{Refusal::Code::FailedPrecondition, "PEER_DISABLED_BY_CONFIG",
                             fmt::format("peer '{}' has `enabled: false` in the configuration; change it there and reload",
                                         name),
                             "peer",
                             {}});
  const bool was_down = std::exchange(peer->disabled_by_operator, false) || !peer->held_down.empty();
  release(*peer);
  peer->restart_timer.reset();
  if (was_down) log(LogLevel::Info, "PEER_ENABLED", "enabled by the API", peer);
  (void)peer->session->enable();
  peer_changed(*peer);
  return {};
}

api::Status Core::status() const {
  api::Status status;
  status.start_time = ports_.wall_at_start;
  status.asn = config_.router.asn;
  status.router_id = config_.router.id.value_or(net::RouterId{});
  for (const auto& peer : peers_) {
    if (!peer) continue;
    ++status.peers;
    if (peer->negotiated) ++status.peers_established;
  }
  status.fib = fib_counters_;
  if (!config_.fib.install) status.fib.state = "off";
  status.fib_table = config_.fib.table;
  status.fib_protocol = config_.fib.protocol;
  status.ready = fib_synced_ && !stopping_;
  if (!status.ready) status.not_ready_reason = stopping_ ? "stopping" : "the kernel's routing table has not been read yet";
  status.warnings = host_warnings_;
  status.rib = rib_.counters();
  status.watches = watches_.count();
  return status;
}

}  // namespace podbgp::bgpd

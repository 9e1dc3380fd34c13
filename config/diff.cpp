#include "config/diff.hpp"

#include <algorithm>

#include "config/fields.hpp"

namespace podbgp::config {

namespace {

class Comparison {
 public:
  // Both sides' fields, by key, in the order in which they are printed. The heaviest impact comes back.
  Impact fields(std::string_view section, const Fields& before, const Fields& after) {
    auto worst = Impact::None;
    const auto text_in = [](const Fields& fields, const std::string& key) {
      const auto found = std::ranges::find(fields, key, &Field::key);
      return found == fields.end() ? std::string{} : found->text;
    };
    for (const auto& field : before)
      if (const auto now = text_in(after, field.key); now != field.text)
        worst = std::max(worst, add(fmt::format("{}.{}", section, field.key), field.text, now, field.impact));
    for (const auto& field : after)
      if (text_in(before, field.key).empty())
        worst = std::max(worst, add(fmt::format("{}.{}", section, field.key), "", field.text, field.impact));
    return worst;
  }

  Impact add(std::string path, std::string before, std::string after, Impact impact) {
    result.changes.push_back({std::move(path), std::move(before), std::move(after), impact});
    if (impact == Impact::Restart) result.needs_restart = true;
    return impact;
  }

  Diff result;
};

std::string policy_text(const rib::Policy& policy) {
  std::string out;
  for (const auto& statement : policy.statements) out += (out.empty() ? "" : " ") + statement_text(statement);
  return out;
}

// The same address on the same link is one row here whatever its name.
std::string peer_text(const Peer& peer) {
  return fmt::format("{} AS {}", net::to_string(peer.endpoint.address), peer.session.peer_asn);
}

void compare_peer(const Peer& before, const Peer& after, Comparison& c) {
  const auto section = fmt::format("peers[{}]", after.name);
  const auto first = c.result.changes.size();
  auto impact = c.fields(section, peer_fields(before), peer_fields(after));
  if (before.endpoint.password != after.endpoint.password)
    impact = std::max(impact, c.add(section + ".password", before.endpoint.password.empty() ? "" : "(hidden)",
                                    after.endpoint.password.empty() ? "" : "(hidden, another)", Impact::SessionReset));
  if (before.group != after.group)
    impact = std::max(impact, c.add(section + ".group", before.group, after.group, Impact::None));
  // Policies of the same names with other content: `policies` tells what; the peer must hear of it.
  if (before.rib.import != after.rib.import || before.rib.export_ != after.rib.export_)
    impact = std::max(impact, Impact::Policy);
  if (c.result.changes.size() > first || impact != Impact::None) c.result.changed.push_back({after.name, impact});
}

void compare_peers(const std::vector<Peer>& before, const std::vector<Peer>& after, Comparison& c) {
  for (const auto& peer : before) {
    if (std::ranges::find(after, peer.name, &Peer::name) != after.end()) continue;
    c.result.removed.push_back(peer.name);
    c.add(fmt::format("peers[{}]", peer.name), peer_text(peer), "", Impact::SessionReset);
  }
  for (const auto& peer : after) {
    const auto old = std::ranges::find(before, peer.name, &Peer::name);
    if (old != before.end()) {
      compare_peer(*old, peer, c);
    } else {
      c.result.added.push_back(peer.name);
      c.add(fmt::format("peers[{}]", peer.name), "", peer_text(peer), Impact::Live);
    }
  }
}

void compare_policies(const std::vector<rib::Policy>& before, const std::vector<rib::Policy>& after, Comparison& c) {
  for (const auto& policy : before) {
    const auto now = std::ranges::find(after, policy.name, &rib::Policy::name);
    const auto text = policy_text(policy), new_text = now == after.end() ? "" : policy_text(*now);
    if (text != new_text) c.add("policies." + policy.name, text, new_text, Impact::Policy);
  }
  for (const auto& policy : after)
    if (std::ranges::find(before, policy.name, &rib::Policy::name) == before.end())
      c.add("policies." + policy.name, "", policy_text(policy), Impact::Policy);
}

void compare_networks(const std::vector<rib::LocalRoute>& before, const std::vector<rib::LocalRoute>& after,
                      Comparison& c) {
  const auto section = [](const rib::LocalRoute& route) { return fmt::format("networks[{}]", route.prefix); };
  const auto count = c.result.changes.size();
  for (const auto& route : before) {
    const auto now = std::ranges::find(after, route.prefix, &rib::LocalRoute::prefix);
    if (now == after.end()) {
      c.add(section(route), net::to_string(route.prefix), "", Impact::Live);
    } else {
      c.fields(section(route), network_fields(route), network_fields(*now));
    }
  }
  for (const auto& route : after)
    if (std::ranges::find(before, route.prefix, &rib::LocalRoute::prefix) == before.end())
      c.add(section(route), "", net::to_string(route.prefix), Impact::Live);
  c.result.networks = c.result.changes.size() > count;
}

}  // namespace

std::string_view to_string(Impact impact) {
  static constexpr std::string_view kWords[] = {"none", "live", "policy", "session reset", "restart"};
  return kWords[static_cast<std::size_t>(impact)];
}

std::string what(const Change& change) {
  if (change.before.empty()) return fmt::format("{}: + {}", change.path, change.after);
  if (change.after.empty()) return fmt::format("{}: - {}", change.path, change.before);
  return fmt::format("{}: {} -> {}", change.path, change.before, change.after);
}

std::string to_string(const Change& change) { return fmt::format("{} ({})", what(change), to_string(change.impact)); }

Diff diff(const Config& before, const Config& after) {
  Comparison c;
  compare_peers(before.peers, after.peers, c);
  auto old_router = before.router, new_router = after.router;
  if (!old_router.id || !new_router.id) old_router.id = new_router.id = std::nullopt;
  c.fields("router", router_fields(old_router), router_fields(new_router));
  c.result.router = rib_settings(before) != rib_settings(after);
  compare_networks(before.networks, after.networks, c);
  compare_policies(before.policies, after.policies, c);
  c.fields("fib", fib_fields(before.fib), fib_fields(after.fib));
  c.fields("api", api_fields(before.api), api_fields(after.api));
  if (before.metrics != after.metrics)
    c.add("metrics.listen", metrics_text(before.metrics), metrics_text(after.metrics), Impact::Restart);
  const auto count = c.result.changes.size();
  c.fields("log", log_fields(before.log), log_fields(after.log));
  c.result.log = c.result.changes.size() > count;
  if (before.state_dir != after.state_dir) c.add("state_dir", before.state_dir, after.state_dir, Impact::Restart);
  return std::move(c.result);
}

void keep_until_restart(const Config& running, Config& next) {
  if (next.router.asn != running.router.asn) next.peers = running.peers;
  next.router.asn = running.router.asn;
  next.router.listen = running.router.listen;
  next.fib = running.fib;
  next.api = running.api;
  next.metrics = running.metrics;
  next.state_dir = running.state_dir;
  if (running.router.id) set_router_id(next, *running.router.id);
}

Plan plan(const Config& running, Config file, const std::vector<Change>& waiting_before) {
  Plan plan;
  plan.next = file;
  keep_until_restart(running, plan.next);
  plan.now = diff(running, plan.next);
  plan.waiting = diff(plan.next, file).changes;
  plan.news = plan.now.changes;
  for (auto& change : plan.waiting) {
    change.impact = Impact::Restart;  // also a peer's that hangs on router.asn
    (std::ranges::find(waiting_before, change) == waiting_before.end() ? plan.news : plan.as_before).push_back(change);
  }
  return plan;
}

}  // namespace podbgp::config

// What becomes of each route, as core is told and as it may ask.
#include <fmt/format.h>

#include "fib/planner.hpp"

namespace podbgp::fib {

namespace {
constexpr auto kRetryRefused = std::chrono::seconds(10);
constexpr std::size_t kDumpPiece = 1024;
}  // namespace

void Planner::count_status(const RouteState& state, int by) {
  if (state.want == 0 || state.status == status_code(RouteStatus::Installed)) return;
  auto& counter = state.status == status_code(RouteStatus::Refused) ? counters_.refused : counters_.pending;
  counter += static_cast<std::uint64_t>(by);
  counters_changed_ = true;
}

void Planner::tell(RouteRef ref, RouteState& state, RouteStatus status, const std::string& reason) {
  count_status(state, -1);
  state.status = status_code(status);
  count_status(state, +1);
  counters_changed_ = true;
  results_.push_back({routes_.prefix(ref), status, reason});
}

void Planner::set_status(RouteRef ref, RouteState& state, RouteStatus status, const std::string& reason) {
  if (status == RouteStatus::Installed) former_.settle(routes_.prefix(ref));
  const bool own_reason = state.flags & kRefused;
  if (own_reason) {
    state.flags &= static_cast<std::uint8_t>(~kRefused);
    refusals_.erase(ref);
  }
  if (own_reason || state.status != status_code(status)) tell(ref, state, status, reason);
}

void Planner::refuse(RouteRef ref, RouteState& state, std::string reason) {
  if (state.flags & kRefused && refusals_[ref] == reason) return;
  state.flags |= kRefused;
  tell(ref, state, RouteStatus::Refused, reason);
  refusals_[ref] = std::move(reason);
  retry_not_before(now_ + kRetryRefused);
}

// What speaks against a route that is wanted, whatever the kernel would say; empty: nothing. A blackhole inside a
// connected subnet would take packets from hosts that are there; one that equals the subnet stays behind it by its
// metric. A peer's route inside a subnet is a host route and taken, one that equals it is not.
std::string Planner::objection(const net::Prefix& prefix, const RouteState& state) const {
  if (state.want == kBlackhole.value()) {
    const auto subnet = resolver_.subnet_around(prefix);
    if (subnet.link == nullptr || subnet.prefix == prefix) return {};
    return fmt::format("{} lies within {}, which is connected on {}: a blackhole would cut it off", prefix,
                       subnet.prefix, *subnet.link);
  }
  const auto* link = resolver_.connected_on(prefix);
  return link == nullptr ? std::string() : fmt::format("{} is connected on {}", prefix, *link);
}

// Nobody wants it and the kernel does not have it: the entry goes.
void Planner::finish(RouteRef ref, RouteState& state) {
  if (state.want != 0 || state.have != kNoTarget || state.flags & kQueued) return;
  if (state.status != 0) set_status(ref, state, RouteStatus::Removed);
  if (state.flags & kRefused) refusals_.erase(ref);
  routes_.erase(ref);
}

void Planner::retry_refused() {
  for (const auto& [ref, reason] : refusals_) queue(ref, routes_.at(ref));
  if (!refusals_.empty()) retry_not_before(now_ + kRetryRefused);
}

void Planner::dump(DumpRoutes question) { dumps_.push_back({std::move(question), 0}); }

KernelRoute Planner::describe(RouteRef ref) const {
  const auto& state = routes_.at(ref);
  KernelRoute route;
  route.prefix = routes_.prefix(ref);
  route.blackhole = state.have == kBlackholeTarget;
  if (state.have > kAlienTarget)
    for (const auto index : next_hops_.target(state.have).members) {
      const auto& hop = next_hops_.single(index).hop;
      route.next_hops.push_back({hop.gateway, resolver_.link_name(hop.ifindex)});
    }
  route.status = state.status == 0 ? (state.have != 0 ? RouteStatus::Installed : RouteStatus::Pending)
                                   : static_cast<RouteStatus>(state.status - 1);
  if (const auto refusal = refusals_.find(ref); refusal != refusals_.end()) {
    route.reason = refusal->second;
  } else if (state.want == 0) {
    route.reason = "found in the kernel at start, not asked for yet";
  } else if (state.want >= kFirstHopSet && route.status != RouteStatus::Installed) {
    const auto& set = sets_[state.want];
    route.reason = set.reason.empty() && set.primary != 0 ? next_hops_.target(set.primary).refusal : set.reason;
  }
  return route;
}

void Planner::next_dump_piece() {
  auto& cursor = dumps_.front();
  RouteDump piece;
  piece.request = cursor.question.request;
  if (cursor.question.prefixes.empty())
    page_of_routes(cursor.question, piece);
  else
    named_routes(cursor, piece);
  const bool last = piece.last;
  events_.emplace_back(std::move(piece));
  if (last) dumps_.pop_front();
}

void Planner::named_routes(DumpCursor& cursor, RouteDump& piece) {
  const auto& prefixes = cursor.question.prefixes;
  for (; cursor.index < prefixes.size() && piece.routes.size() < kDumpPiece; ++cursor.index) {
    const auto ref = routes_.find(prefixes[cursor.index]);
    if (ref == kNoRoute || (routes_.at(ref).want == 0 && !cursor.question.unwanted)) continue;
    piece.routes.push_back(describe(ref));
  }
  piece.last = cursor.index == prefixes.size();
}

// Pages follow the order of memory: a route keeps its place as long as it is there.
void Planner::page_of_routes(DumpRoutes& question, RouteDump& piece) {
  auto ref = routes_.next(question.from);
  for (; ref != kNoRoute && question.limit > 0 && piece.routes.size() < kDumpPiece; ref = routes_.next(ref + 1)) {
    if (question.family && InstalledRoutes::family(ref) != *question.family) continue;
    if (question.within && !question.within->contains(routes_.prefix(ref))) continue;
    piece.routes.push_back(describe(ref));
    --question.limit;
  }
  question.from = ref;
  piece.last = ref == kNoRoute || question.limit == 0;
  if (piece.last && ref != kNoRoute) piece.next = ref;
}

}  // namespace podbgp::fib

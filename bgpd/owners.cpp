#include "bgpd/owners.hpp"

#include <utility>

#include <fmt/format.h>

namespace podbgp::bgpd {

net::Result<Owners::Place, api::ApiError> Owners::place(const std::string& owner) {
  if (const auto known = owners_.find(owner); known != owners_.end()) return known;
  if (owners_.size() >= most_) {
    return net::fail(api::ApiError{
        api::ApiError::Code::ResourceExhausted, "TOO_MANY_OWNERS",
        fmt::format("there are {} owners already, the most podbgp keeps; announce as one of them, or withdraw all routes "
                    "of an owner that has no generation",
                    owners_.size()),
        "owner",
        {}});
  }
  return owners_.try_emplace(owner).first;
}

void Owners::tidy(Place place) {
  auto& mine = place->second;
  if (!mine.routes.empty()) return;
  if (mine.number != 0) {
    names_[mine.number].clear();
    free_.push_back(std::exchange(mine.number, 0));
  }
  if (mine.generation == 0) owners_.erase(place);
}

api::ChangeResult Owners::put(Place place, rib::LocalRoute route, net::TimePoint now) {
  auto& mine = place->second;
  if (mine.number == 0) {  // no more owners than numbers: see place()
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint16_t>(names_.size()));
      names_.emplace_back();
    }
    mine.number = free_.back();
    free_.pop_back();
    names_[mine.number] = place->first;
  }
  route.source = rib::RouteSource::Api;
  route.owner = mine.number;
  const auto [it, fresh] = mine.routes.try_emplace(route.prefix, route);
  if (!fresh) {
    if (it->second == route) return api::ChangeResult::Unchanged;
    it->second = route;
  }
  rib_.announce(it->second, now);
  return fresh ? api::ChangeResult::Added : api::ChangeResult::Updated;
}

net::Result<std::vector<api::ChangeResult>, api::ApiError> Owners::announce(const std::string& owner,
                                                                            std::vector<rib::LocalRoute> routes,
                                                                            net::TimePoint now) {
  const auto mine = place(owner);
  if (!mine) return net::fail(mine.error());
  awaited_.erase(owner);
  std::vector<api::ChangeResult> results;
  results.reserve(routes.size());
  for (auto& route : routes) results.push_back(put(*mine, std::move(route), now));
  tidy(*mine);
  return results;
}

std::vector<api::ChangeResult> Owners::withdraw(const std::string& owner, const std::vector<net::Prefix>& prefixes) {
  awaited_.erase(owner);
  std::vector<api::ChangeResult> results(prefixes.size(), api::ChangeResult::NotFound);
  const auto mine = owners_.find(owner);
  if (mine == owners_.end()) return results;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    if (mine->second.routes.erase(prefixes[i]) == 0) continue;
    (void)rib_.withdraw(mine->second.number, prefixes[i]);
    results[i] = api::ChangeResult::Removed;
  }
  tidy(mine);
  return results;
}

net::Result<api::Replaced, api::ApiError> Owners::replace(const std::string& owner, std::vector<rib::LocalRoute> routes,
                                                          std::uint64_t generation, net::TimePoint now) {
  const auto found = place(owner);
  if (!found) return net::fail(found.error());
  auto& mine = (*found)->second;
  if (generation != 0 && generation < mine.generation) {
    return net::fail(api::ApiError{
        api::ApiError::Code::FailedPrecondition, "GENERATION_TOO_OLD",
        fmt::format("owner '{}' is at generation {}; a set of generation {} is older and was not applied. Another "
                    "announcer may use the same owner name.",
                    owner, mine.generation, generation),
        "generation",
        {{"current_generation", std::to_string(mine.generation)}}});
  }
  awaited_.erase(owner);
  if (generation != 0) mine.generation = generation;
  api::Replaced done;
  std::set<net::Prefix> kept;
  for (auto& route : routes) {
    kept.insert(route.prefix);
    switch (put(*found, std::move(route), now)) {
      case api::ChangeResult::Added: ++done.added; break;
      case api::ChangeResult::Updated: ++done.updated; break;
      default: ++done.unchanged; break;
    }
  }
  for (auto it = mine.routes.begin(); it != mine.routes.end();) {
    if (kept.contains(it->first)) {
      ++it;
      continue;
    }
    (void)rib_.withdraw(mine.number, it->first);
    it = mine.routes.erase(it);
    ++done.removed;
  }
  done.generation = mine.generation;
  tidy(*found);
  return done;
}

std::vector<api::Owner> Owners::list() const {
  std::vector<api::Owner> all;
  for (const auto& [name, entry] : owners_)
    all.push_back({name, static_cast<std::uint32_t>(entry.routes.size()), entry.generation});
  return all;
}

api::OwnedRoutes Owners::page(const std::string& owner, std::size_t limit, const std::string& after) const {
  api::OwnedRoutes page;
  auto it = owner.empty() ? owners_.begin() : owners_.find(owner);
  std::optional<net::Prefix> from;
  if (const auto space = after.find(' '); space != std::string::npos) {
    it = owners_.find(after.substr(0, space));
    if (const auto prefix = net::Prefix::parse(after.substr(space + 1))) from = *prefix;
  }
  for (; it != owners_.end(); ++it) {
    const auto& routes = it->second.routes;
    for (auto r = from ? routes.upper_bound(*from) : routes.begin(); r != routes.end(); ++r) {
      if (page.routes.size() == limit) {
        page.next_page_token = page.routes.back().owner + " " + net::to_string(page.routes.back().route.prefix);
        return page;
      }
      page.routes.push_back({it->first, r->second, false, {}});
    }
    from.reset();
    if (!owner.empty()) break;
  }
  return page;
}

const std::string& Owners::name(std::uint16_t number) const { return names_[number < names_.size() ? number : 0]; }

std::set<std::string> Owners::with_routes() const {
  std::set<std::string> names = awaited_;
  for (const auto& [name, entry] : owners_)
    if (!entry.routes.empty()) names.insert(name);
  return names;
}

}  // namespace podbgp::bgpd

#include "bgpd/owners.hpp"

#include <fmt/format.h>

namespace podbgp::bgpd {

Owners::Entry& Owners::entry(const std::string& owner) {
  const auto [it, fresh] = owners_.try_emplace(owner);
  if (fresh) it->second.number = static_cast<std::uint16_t>(owners_.size());  // 0 is the configuration's; owners are never forgotten
  return it->second;
}

api::ChangeResult Owners::put(Entry& entry, rib::LocalRoute route, net::TimePoint now) {
  route.source = rib::RouteSource::Api;
  route.owner = entry.number;
  const auto [it, fresh] = entry.routes.try_emplace(route.prefix, route);
  if (!fresh) {
    if (it->second == route) return api::ChangeResult::Unchanged;
    it->second = route;
  }
  rib_.announce(it->second, now);
  return fresh ? api::ChangeResult::Added : api::ChangeResult::Updated;
}

std::vector<api::ChangeResult> Owners::announce(const std::string& owner, std::vector<rib::LocalRoute> routes,
                                                net::TimePoint now) {
  auto& mine = entry(owner);
  awaited_.erase(owner);
  std::vector<api::ChangeResult> results;
  results.reserve(routes.size());
  for (auto& route : routes) results.push_back(put(mine, std::move(route), now));
  return results;
}

std::vector<api::ChangeResult> Owners::withdraw(const std::string& owner, const std::vector<net::Prefix>& prefixes) {
  auto& mine = entry(owner);
  awaited_.erase(owner);
  std::vector<api::ChangeResult> results;
  results.reserve(prefixes.size());
  for (const auto& prefix : prefixes) {
    if (mine.routes.erase(prefix) == 0) {
      results.push_back(api::ChangeResult::NotFound);
      continue;
    }
    (void)rib_.withdraw(mine.number, prefix);
    results.push_back(api::ChangeResult::Removed);
  }
  return results;
}

net::Result<api::Replaced, api::ApiError> Owners::replace(const std::string& owner, std::vector<rib::LocalRoute> routes,
                                                          std::uint64_t generation, net::TimePoint now) {
  auto& mine = entry(owner);
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
    switch (put(mine, std::move(route), now)) {
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

std::string Owners::name(std::uint16_t number) const {
  for (const auto& [name, entry] : owners_)
    if (entry.number == number) return name;
  return {};
}

std::set<std::string> Owners::with_routes() const {
  std::set<std::string> names = awaited_;
  for (const auto& [name, entry] : owners_)
    if (!entry.routes.empty()) names.insert(name);
  return names;
}

}  // namespace podbgp::bgpd

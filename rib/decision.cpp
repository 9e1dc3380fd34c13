#include "rib/decision.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <boost/container/small_vector.hpp>

namespace podbgp::rib {

namespace {

using Candidates = std::span<const Candidate>;
using Alive = boost::container::small_vector<std::uint32_t, 32>;  // indices of those still in
using Reasons = std::span<Reason>;

template <class F>
void erase_if(Alive& alive, F&& gone) {
  alive.erase(std::remove_if(alive.begin(), alive.end(), gone), alive.end());
}

// Keeps those whose key is lowest.
template <auto Key>
void lowest(Candidates all, Alive& alive, Reason why, Reasons reasons) {
  auto best = Key(all[alive[0]]);
  for (const auto i : alive) best = std::min(best, Key(all[i]));
  erase_if(alive, [&](std::uint32_t i) {
    if (!(best < Key(all[i]))) return false;
    reasons[i] = why;
    return true;
  });
}

// RFC 4271 §9.1.2.2 c: only among paths from the same neighbouring AS.
void lowest_med_of_each_neighbour(Candidates all, Alive& alive, Reason why, Reasons reasons) {
  boost::container::small_vector<std::pair<std::uint32_t, std::uint32_t>, 16> groups;  // AS, lowest MED
  const auto group_of = [&](std::uint32_t as) {
    return std::find_if(groups.begin(), groups.end(), [as](const auto& group) { return group.first == as; });
  };
  for (const auto i : alive) {
    const auto group = group_of(all[i].neighbour_as);
    if (group == groups.end()) {
      groups.emplace_back(all[i].neighbour_as, all[i].med);
    } else {
      group->second = std::min(group->second, all[i].med);
    }
  }
  erase_if(alive, [&](std::uint32_t i) {
    if (all[i].med == group_of(all[i].neighbour_as)->second) return false;
    reasons[i] = why;
    return true;
  });
}

struct Step {
  Reason reason;
  void (*eliminate)(Candidates, Alive&, Reason, Reasons);
};

// RFC 4271 §9.1.1 and §9.1.2.2 a, b, c, d, e. Those left are equal for multipath.
constexpr std::array kPreference{
    Step{Reason::LocalPref, lowest<[](const Candidate& c) { return ~c.local_pref; }>},
    Step{Reason::LocalRoute, lowest<[](const Candidate& c) { return !c.local; }>},
    Step{Reason::AsPathLength, lowest<[](const Candidate& c) { return c.path_length; }>},
    Step{Reason::Origin, lowest<[](const Candidate& c) { return c.origin; }>},
    Step{Reason::Med, lowest_med_of_each_neighbour},
    Step{Reason::ExternalOverInternal, lowest<[](const Candidate& c) { return !c.external; }>},
    Step{Reason::IgpCost, lowest<[](const Candidate& c) { return c.metric; }>},
};

// RFC 4271 §9.1.2.2 f, RFC 4456 §9, RFC 4271 §9.1.2.2 g; RFC 7911 leaves the last one to us.
constexpr std::array kTieBreak{
    Step{Reason::RouterId, lowest<[](const Candidate& c) { return c.router_id; }>},
    Step{Reason::ClusterListLength, lowest<[](const Candidate& c) { return c.cluster_length; }>},
    Step{Reason::PeerAddress, lowest<[](const Candidate& c) { return c.peer_address; }>},
    Step{Reason::PathIdentifier, lowest<[](const Candidate& c) { return c.path_id; }>},
};

// The tie-break as an order: it is total, because no two paths have the same peer and path identifier.
bool before(const Candidate& a, const Candidate& b) {
  return std::tie(a.router_id, a.cluster_length, a.peer_address, a.path_id) <
         std::tie(b.router_id, b.cluster_length, b.peer_address, b.path_id);
}

}  // namespace

std::size_t decide(Candidates candidates, unsigned max_paths, Reasons reasons) {
  Alive alive;
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    reasons[i] = candidates[i].excluded;
    if (candidates[i].excluded == Reason::Best) alive.push_back(i);
  }
  if (alive.empty()) return kNoBest;
  for (const auto& step : kPreference) {
    if (alive.size() == 1) break;
    step.eliminate(candidates, alive, step.reason, reasons);
  }
  Alive equal;
  if (alive.size() > 1) {
    if (max_paths > 1 && !candidates[alive[0]].local) equal = alive;
    for (const auto& step : kTieBreak) {
      if (alive.size() == 1) break;
      step.eliminate(candidates, alive, step.reason, reasons);
    }
  }
  if (equal.size() > max_paths) {
    std::sort(equal.begin(), equal.end(), [&](auto a, auto b) { return before(candidates[a], candidates[b]); });
    equal.resize(max_paths);
  }
  for (const auto i : equal) reasons[i] = Reason::Multipath;
  reasons[alive[0]] = Reason::Best;
  return alive[0];
}

std::string_view to_string(Reason reason) {
  constexpr std::array kNames{std::string_view{"best"},
                              std::string_view{"multipath"},
                              std::string_view{"not-eligible"},
                              std::string_view{"local-pref"},
                              std::string_view{"local-route"},
                              std::string_view{"as-path-length"},
                              std::string_view{"origin"},
                              std::string_view{"med"},
                              std::string_view{"external-over-internal"},
                              std::string_view{"igp-cost"},
                              std::string_view{"router-id"},
                              std::string_view{"cluster-list-length"},
                              std::string_view{"peer-address"},
                              std::string_view{"path-identifier"},
                              std::string_view{"rejected-by-policy"},
                              std::string_view{"as-loop"},
                              std::string_view{"own-originator"},
                              std::string_view{"cluster-loop"},
                              std::string_view{"next-hop-unreachable"},
                              std::string_view{"martian"},
                              std::string_view{"own-next-hop"}};
  static_assert(kNames.size() == static_cast<std::size_t>(Reason::OwnNextHop) + 1);
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace podbgp::rib

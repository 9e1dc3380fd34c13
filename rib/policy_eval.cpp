#include "rib/policy_eval.hpp"

#include <algorithm>

namespace podbgp::rib {
namespace {

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <class T>
void insert_sorted(std::vector<T>& list, const T& value) {
  const auto at = std::lower_bound(list.begin(), list.end(), value);
  if (at == list.end() || *at != value) list.insert(at, value);
}

bool has_community(const wire::AttributeSet& set, const AnyCommunity& wanted) {
  struct Visitor {
    const wire::AttributeSet& set;
    bool operator()(const wire::Community& c) const { return contains(set.communities, c); }
    bool operator()(const wire::ExtendedCommunity& c) const { return contains(set.extended_communities, c); }
    bool operator()(const wire::LargeCommunity& c) const { return contains(set.large_communities, c); }
  };
  return std::visit(Visitor{set}, wanted);
}

void add_community(wire::AttributeSet& set, const AnyCommunity& community) {
  struct Visitor {
    wire::AttributeSet& set;
    void operator()(const wire::Community& c) const { insert_sorted(set.communities, c); }
    void operator()(const wire::ExtendedCommunity& c) const { insert_sorted(set.extended_communities, c); }
    void operator()(const wire::LargeCommunity& c) const { insert_sorted(set.large_communities, c); }
  };
  std::visit(Visitor{set}, community);
}

void remove_community(wire::AttributeSet& set, const AnyCommunity& community) {
  struct Visitor {
    wire::AttributeSet& set;
    void operator()(const wire::Community& c) const { std::erase(set.communities, c); }
    void operator()(const wire::ExtendedCommunity& c) const { std::erase(set.extended_communities, c); }
    void operator()(const wire::LargeCommunity& c) const { std::erase(set.large_communities, c); }
  };
  std::visit(Visitor{set}, community);
}

bool matches_path(const AsPathMatch& match, const wire::AsPath& path) {
  if (match.neighbour && path.neighbour() != match.neighbour) return false;
  if (match.origin && path.origin_as() != match.origin) return false;
  if (match.min_length && path.length() < *match.min_length) return false;
  if (match.max_length && path.length() > *match.max_length) return false;
  return std::all_of(match.contains.begin(), match.contains.end(), [&](net::Asn asn) { return path.count(asn) > 0; });
}

}  // namespace

bool matches_attributes(const Match& match, const wire::AttributeSet& set) {
  const auto any = [](const auto& list, auto&& test) { return std::any_of(list.begin(), list.end(), test); };
  if (match.community && !any(*match.community, [&](const AnyCommunity& c) { return has_community(set, c); }))
    return false;
  if (match.as_path && !matches_path(*match.as_path, set.as_path)) return false;
  if (match.next_hop && !any(*match.next_hop, [&](const net::Prefix& p) { return p.contains(set.next_hop); }))
    return false;
  if (match.local_pref && set.local_pref != match.local_pref) return false;
  if (match.med && set.med != match.med) return false;
  return true;
}

PolicyProgram::PolicyProgram(PolicyChain chain, net::Asn own_asn) : chain_(std::move(chain)), own_asn_(own_asn) {
  for (const auto& policy : chain_) {
    for (const auto& statement : policy.statements) {
      steps_.push_back({&statement, {}});
      add_conditions(steps_.back());
    }
  }
  if (steps_.empty()) return;
  const auto& first = *steps_.front().statement;
  accepts_unchanged_ = first.then == Verdict::Accept && first.match == Match{} && first.set == Changes{};
}

void PolicyProgram::add_conditions(Step& step) {
  const auto& match = step.statement->match;
  const auto add = [&](Condition::Kind kind) {
    const auto same = [&](const Condition& c) {
      if (c.kind != kind) return false;
      switch (kind) {
        case Condition::Kind::Prefix: return c.match->prefix == match.prefix;
        case Condition::Kind::Source: return c.match->source == match.source;
        case Condition::Kind::Peer: return c.match->peer == match.peer;
        case Condition::Kind::Family: return c.match->family == match.family;
      }
      return false;
    };
    auto at = std::find_if(conditions_.begin(), conditions_.end(), same);
    if (at == conditions_.end()) {
      Condition condition{.prefix = {}, .match = &match, .kind = kind};
      if (kind == Condition::Kind::Prefix) condition.prefix.emplace(*match.prefix);
      at = conditions_.insert(conditions_.end(), std::move(condition));
    }
    step.conditions.push_back(static_cast<std::uint16_t>(at - conditions_.begin()));
  };
  if (match.prefix) add(Condition::Kind::Prefix);
  if (match.source) add(Condition::Kind::Source);
  if (match.peer) add(Condition::Kind::Peer);
  if (match.family) add(Condition::Kind::Family);
}

bool PolicyProgram::holds(const Condition& condition, const RouteContext& context) const {
  switch (condition.kind) {
    case Condition::Kind::Prefix: return condition.prefix->matches(context.prefix);
    case Condition::Kind::Source: return contains(*condition.match->source, context.source);
    case Condition::Kind::Peer:
      return std::any_of(condition.match->peer->begin(), condition.match->peer->end(),
                         [&](const std::string& name) { return name == context.peer; });
    case Condition::Kind::Family: return context.prefix.family() == *condition.match->family;
  }
  return false;
}

std::uint64_t PolicyProgram::context_bits(const RouteContext& context) const {
  std::uint64_t bits = 0;
  const auto count = std::min(conditions_.size(), kMaxBits);
  for (std::size_t i = 0; i < count; ++i) {
    if (holds(conditions_[i], context)) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

bool PolicyProgram::holds(const Step& step, const RouteContext& context, std::uint64_t bits,
                          const wire::AttributeSet& set) const {
  for (const auto i : step.conditions) {
    const bool yes = i < kMaxBits ? ((bits >> i) & 1u) != 0 : holds(conditions_[i], context);
    if (!yes) return false;
  }
  return matches_attributes(step.statement->match, set);
}

void PolicyProgram::apply(const Changes& changes, wire::AttributeSet& set, PolicyResult& result) const {
  if (changes == Changes{}) return;
  result.changed = true;
  if (changes.local_pref) set.local_pref = changes.local_pref;
  if (changes.clear_med) {
    set.med.reset();
    result.med_set = false;
  }
  if (changes.med) {
    set.med = changes.med;
    result.med_set = true;
  }
  if (changes.replace_communities) {
    set.communities.clear();
    set.extended_communities.clear();
    set.large_communities.clear();
    for (const auto& community : *changes.replace_communities) add_community(set, community);
  }
  for (const auto& community : changes.remove_communities) remove_community(set, community);
  for (const auto& community : changes.add_communities) add_community(set, community);
  if (changes.prepend) set.as_path.prepend(changes.prepend->asn.value_or(own_asn_), changes.prepend->times);
  if (!changes.next_hop) return;
  if (const auto* address = std::get_if<net::IpAddress>(&*changes.next_hop)) {
    // An address of the other family cannot be this route's next hop: such a `set` concerns the other family only.
    if (address->family() != set.next_hop.family()) return;
    set.next_hop = *address;
    set.link_local_next_hop.reset();
    result.next_hop_set = true;
    result.next_hop_self = false;
  } else {
    result.next_hop_self = true;
    result.next_hop_set = false;
  }
}

PolicyResult PolicyProgram::run(const RouteContext& context, std::uint64_t bits, wire::AttributeSet& set) const {
  PolicyResult result;
  for (const auto& step : steps_) {
    if (!holds(step, context, bits, set)) continue;
    if (step.statement->then == Verdict::Reject) {
      result.decided_by = step.statement->name;
      return result;
    }
    apply(step.statement->set, set, result);
    if (step.statement->then == Verdict::Accept) {
      result.accepted = true;
      result.decided_by = step.statement->name;
      return result;
    }
  }
  return result;
}

}  // namespace podbgp::rib

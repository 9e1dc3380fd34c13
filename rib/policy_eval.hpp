// Evaluation of policies (rib/policy.hpp).
//
// A policy looks at two things: the attributes, of which there are few, and the context of a route (prefix, source,
// peer, family), of which there is one per route. Every condition on the context becomes one bit. The result of a
// policy is then a function of (attributes, bits) alone, which is what makes it cacheable, also for policies that look
// at the prefix.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "rib/policy.hpp"
#include "rib/prefix_matcher.hpp"

namespace podbgp::rib {

// What a policy may look at besides the attributes.
struct RouteContext {
  net::Prefix prefix;
  RouteSource source = RouteSource::Bgp;
  std::string_view peer;  // name of the peer it was learned from; "" for own routes
};

struct PolicyResult {
  bool accepted = false;
  bool changed = false;         // some `set` was applied; the attributes may still compare equal
  bool med_set = false;         // by a statement: export keeps such a MED
  bool next_hop_set = false;    // to an address, now in the attributes
  bool next_hop_self = false;   // to self: the caller knows what that is
  std::string_view decided_by;  // name of the statement; "" where none decided (rejected). Valid as long as the program
};

class PolicyProgram {
 public:
  // `own_asn`: for prepend without an AS.
  PolicyProgram(PolicyChain chain, net::Asn own_asn);
  PolicyProgram(const PolicyProgram&) = delete;  // steps point into the chain
  PolicyProgram& operator=(const PolicyProgram&) = delete;

  [[nodiscard]] const PolicyChain& chain() const { return chain_; }
  [[nodiscard]] net::Asn own_asn() const { return own_asn_; }
  // False: the result depends on the attributes only, and context_bits() is 0 for every route.
  [[nodiscard]] bool looks_at_context() const { return !conditions_.empty(); }
  // True: accepts every route as it is ("accept all"), so that there is nothing to evaluate or to remember.
  [[nodiscard]] bool accepts_unchanged() const { return accepts_unchanged_; }
  // False (more than 64 conditions on the context): results must not be cached by context_bits().
  [[nodiscard]] bool cacheable() const { return conditions_.size() <= kMaxBits; }
  [[nodiscard]] std::uint64_t context_bits(const RouteContext& context) const;
  // Applies the chain to `set` in place. On rejection `set` may have been changed by statements before the rejecting
  // one.
  PolicyResult run(const RouteContext& context, std::uint64_t bits, wire::AttributeSet& set) const;
  PolicyResult run(const RouteContext& context, wire::AttributeSet& set) const {
    return run(context, context_bits(context), set);
  }

 private:
  static constexpr std::size_t kMaxBits = 64;
  struct Condition {  // one condition on the context
    std::optional<PrefixMatcher> prefix;
    const Match* match = nullptr;  // source, peer or family of this one, by `kind`
    enum class Kind : std::uint8_t { Prefix, Source, Peer, Family } kind = Kind::Prefix;
  };
  struct Step {
    const Statement* statement;
    std::vector<std::uint16_t> conditions;  // indices, all must hold
  };

  void add_conditions(Step& step);
  [[nodiscard]] bool holds(const Condition& condition, const RouteContext& context) const;
  [[nodiscard]] bool holds(const Step& step, const RouteContext& context, std::uint64_t bits,
                           const wire::AttributeSet& set) const;
  void apply(const Changes& changes, wire::AttributeSet& set, PolicyResult& result) const;

  PolicyChain chain_;
  net::Asn own_asn_;
  std::vector<Step> steps_;
  std::vector<Condition> conditions_;
  bool accepts_unchanged_ = false;
};

// The conditions on attributes, for which the context is not needed.
[[nodiscard]] bool matches_attributes(const Match& match, const wire::AttributeSet& set);

}  // namespace podbgp::rib

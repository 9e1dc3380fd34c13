// Import policy on interned attributes: a chain is compiled once, and its results are remembered by (attributes, what
// the chain sees of the route). Decoding, changing and interning again happen only for what was not seen before.
//
// Owner: core's executor.
#pragma once

#include <memory>
#include <vector>

#include "rib/attr_table.hpp"
#include "rib/policy_eval.hpp"
#include "rib/table.hpp"

namespace podbgp::rib {

// A chain with its cache. Chains that compare equal may share one.
class CompiledChain {
 public:
  CompiledChain(PolicyChain chain, net::Asn own_asn) : program_(std::move(chain), own_asn) {}
  [[nodiscard]] const PolicyProgram& program() const { return program_; }
  // False: evaluate() gives the same for every prefix, source and peer.
  [[nodiscard]] bool looks_at_prefix() const { return program_.looks_at_context(); }

 private:
  friend class PolicyEvaluator;
  // Indices are remembered without a reference; the serials say whether they still name the same records.
  struct Result {
    AttrIndex in = kNoAttr, out = kNoAttr;
    std::uint32_t in_serial = 0, out_serial = 0;
    std::uint64_t bits = 0;
  };
  static constexpr std::size_t kFirstSize = 64, kLastSize = 16384;

  PolicyProgram program_;
  std::vector<Result> results_;  // a power of two; a newer result takes the place of an older one
  std::size_t replaced_ = 0;     // since it last grew
};

class PolicyEvaluator {
 public:
  explicit PolicyEvaluator(AttrTable& attributes) : attributes_(&attributes) {}
  PolicyEvaluator(const PolicyEvaluator&) = delete;
  PolicyEvaluator& operator=(const PolicyEvaluator&) = delete;

  // `own_asn`: the local AS of the peer, for `prepend` without an AS. Equal chains in use are compiled once.
  [[nodiscard]] std::shared_ptr<CompiledChain> compile(const PolicyChain& chain, net::Asn own_asn);

  // The attributes after the chain, with a reference that the caller owns (`in` itself where nothing changed); kNoAttr:
  // rejected. `peer_name`: whom the route was learned from, "" for own routes; must outlive the call only. A `next_hop:
  // self` in an import chain means nothing and is ignored (config refuses it).
  [[nodiscard]] AttrIndex evaluate(CompiledChain& chain, const PrefixKey& prefix, AttrIndex in, RouteSource source,
                                   std::string_view peer_name);
  // The same, for people: which statement decided. `decided_by` views the chain.
  [[nodiscard]] PolicyResult explain(const CompiledChain& chain, const PrefixKey& prefix, AttrIndex in,
                                     RouteSource source, std::string_view peer_name) const;

 private:
  AttrTable* attributes_;
  std::vector<std::weak_ptr<CompiledChain>> chains_;
};

}  // namespace podbgp::rib

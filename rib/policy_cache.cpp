#include "rib/policy_cache.hpp"

#include "net/hash.hpp"

namespace podbgp::rib {

std::shared_ptr<CompiledChain> PolicyEvaluator::compile(const PolicyChain& chain, net::Asn own_asn) {
  std::erase_if(chains_, [](const auto& weak) { return weak.expired(); });
  for (const auto& weak : chains_) {
    auto known = weak.lock();
    if (known->program().own_asn() == own_asn && known->program().chain() == chain) return known;
  }
  auto compiled = std::make_shared<CompiledChain>(chain, own_asn);
  chains_.push_back(compiled);
  return compiled;
}

AttrIndex PolicyEvaluator::evaluate(CompiledChain& chain, const PrefixKey& prefix, AttrIndex in, RouteSource source,
                                    std::string_view peer_name) {
  const auto& program = chain.program_;
  if (program.accepts_unchanged()) {
    attributes_->ref(in);
    return in;
  }
  RouteContext context{.prefix = {}, .source = source, .peer = peer_name};
  std::uint64_t bits = 0;
  if (program.looks_at_context()) {
    context.prefix = prefix.prefix();
    bits = program.context_bits(context);
  }
  const auto serial = (*attributes_)[in].serial;
  CompiledChain::Result* place = nullptr;
  if (program.cacheable()) {
    if (chain.results_.empty()) chain.results_.resize(CompiledChain::kFirstSize);
    const auto hash = net::hash_u64((std::uint64_t{in.value()} << 32) ^ net::hash_u64(bits));
    place = &chain.results_[hash & (chain.results_.size() - 1)];
    if (place->in == in && place->in_serial == serial && place->bits == bits &&
        (place->out == kNoAttr || attributes_->alive(place->out, place->out_serial))) {
      attributes_->ref(place->out);
      return place->out;
    }
  }
  auto set = attributes_->decode(in);
  const auto result = program.run(context, bits, set);
  AttrIndex out = kNoAttr;
  if (result.accepted && result.changed) {
    out = attributes_->intern(set);
  } else if (result.accepted) {
    out = in;
    attributes_->ref(out);
  }
  if (place == nullptr) return out;
  const bool replaces = place->in != kNoAttr && attributes_->alive(place->in, place->in_serial);
  *place = {in, out, serial, out == kNoAttr ? 0 : (*attributes_)[out].serial, bits};
  if (replaces && ++chain.replaced_ > chain.results_.size() / 2 && chain.results_.size() < CompiledChain::kLastSize) {
    // More live sets than places: begin again with more of them. What is forgotten is only computed once more.
    chain.results_.assign(chain.results_.size() * 4, {});
    chain.replaced_ = 0;
  }
  return out;
}

PolicyResult PolicyEvaluator::explain(const CompiledChain& chain, const PrefixKey& prefix, AttrIndex in,
                                      RouteSource source, std::string_view peer_name) const {
  auto set = attributes_->decode(in);
  return chain.program().run({.prefix = prefix.prefix(), .source = source, .peer = peer_name}, set);
}

}  // namespace podbgp::rib

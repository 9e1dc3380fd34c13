// The functions that attribute_table.cpp puts into its rows: see AttributeRow for what each must do.
#pragma once

#include "wire/attribute_table.hpp"

namespace podbgp::wire::codec {

#define PODBGP_ATTRIBUTE(name)                                                                       \
  std::optional<Flaw> decode_##name(Reader value, const DecodeContext& context, DecodeState& state); \
  bool encode_##name(const AttributeSet& set, const EncodeContext& context, Writer& writer)

PODBGP_ATTRIBUTE(origin);
PODBGP_ATTRIBUTE(as_path);
PODBGP_ATTRIBUTE(next_hop);
PODBGP_ATTRIBUTE(med);
PODBGP_ATTRIBUTE(local_pref);
PODBGP_ATTRIBUTE(atomic_aggregate);
PODBGP_ATTRIBUTE(aggregator);
PODBGP_ATTRIBUTE(communities);
PODBGP_ATTRIBUTE(originator_id);
PODBGP_ATTRIBUTE(cluster_list);
PODBGP_ATTRIBUTE(extended_communities);
PODBGP_ATTRIBUTE(as4_path);
PODBGP_ATTRIBUTE(as4_aggregator);
PODBGP_ATTRIBUTE(large_communities);
#undef PODBGP_ATTRIBUTE

std::optional<Flaw> check_origin(const DecodeContext& context, DecodeState& state);
std::optional<Flaw> check_as_path(const DecodeContext& context, DecodeState& state);
std::optional<Flaw> check_next_hop(const DecodeContext& context, DecodeState& state);
std::optional<Flaw> check_aggregator(const DecodeContext& context, DecodeState& state);
std::optional<Flaw> check_as4_path(const DecodeContext& context, DecodeState& state);
std::optional<Flaw> check_as4_aggregator(const DecodeContext& context, DecodeState& state);

}  // namespace podbgp::wire::codec

#include "wire/attribute_table.hpp"

#include <array>

#include "wire/attribute_codec.hpp"

namespace podbgp::wire {
namespace {

constexpr std::uint8_t kWellKnown = attribute_flags::kTransitive;
constexpr std::uint8_t kOptional = attribute_flags::kOptional;
constexpr std::uint8_t kOptionalTransitive = attribute_flags::kOptional | attribute_flags::kTransitive;

constexpr auto kWithdraw = Reaction::TreatAsWithdraw;
constexpr auto kDiscard = Reaction::AttributeDiscard;

using Type = AttributeType;
using namespace codec;

constexpr std::array kRows{
    // type, name, flags, internal only, malformed, decode, check, encode
    AttributeRow{Type::Origin, "ORIGIN", kWellKnown, false, kWithdraw, decode_origin, check_origin, encode_origin},
    AttributeRow{Type::AsPath, "AS_PATH", kWellKnown, false, kWithdraw, decode_as_path, check_as_path, encode_as_path},
    AttributeRow{Type::NextHop, "NEXT_HOP", kWellKnown, false, kWithdraw, decode_next_hop, check_next_hop,
                 encode_next_hop},
    AttributeRow{Type::Med, "MULTI_EXIT_DISC", kOptional, false, kWithdraw, decode_med, nullptr, encode_med},
    AttributeRow{Type::LocalPref, "LOCAL_PREF", kWellKnown, true, kWithdraw, decode_local_pref, nullptr,
                 encode_local_pref},
    AttributeRow{Type::AtomicAggregate, "ATOMIC_AGGREGATE", kWellKnown, false, kDiscard, decode_atomic_aggregate,
                 nullptr, encode_atomic_aggregate},
    AttributeRow{Type::Aggregator, "AGGREGATOR", kOptionalTransitive, false, kDiscard, decode_aggregator,
                 check_aggregator, encode_aggregator},
    AttributeRow{Type::Communities, "COMMUNITIES", kOptionalTransitive, false, kWithdraw, decode_communities, nullptr,
                 encode_communities},
    AttributeRow{Type::OriginatorId, "ORIGINATOR_ID", kOptional, true, kWithdraw, decode_originator_id, nullptr,
                 encode_originator_id},
    AttributeRow{Type::ClusterList, "CLUSTER_LIST", kOptional, true, kWithdraw, decode_cluster_list, nullptr,
                 encode_cluster_list},
    AttributeRow{Type::ExtendedCommunities, "EXTENDED_COMMUNITIES", kOptionalTransitive, false, kWithdraw,
                 decode_extended_communities, nullptr, encode_extended_communities},
    AttributeRow{Type::As4Path, "AS4_PATH", kOptionalTransitive, false, kDiscard, decode_as4_path, check_as4_path,
                 encode_as4_path},
    AttributeRow{Type::As4Aggregator, "AS4_AGGREGATOR", kOptionalTransitive, false, kDiscard, decode_as4_aggregator,
                 check_as4_aggregator, encode_as4_aggregator},
    AttributeRow{Type::LargeCommunities, "LARGE_COMMUNITIES", kOptionalTransitive, false, kWithdraw,
                 decode_large_communities, nullptr, encode_large_communities},
};

// Index of a type's row; kRows.size() where there is none.
constexpr auto kIndex = [] {
  std::array<std::uint8_t, 256> index{};
  index.fill(kRows.size());
  for (std::size_t i = 0; i < kRows.size(); ++i)
    index[static_cast<std::size_t>(kRows[i].type)] = static_cast<std::uint8_t>(i);
  return index;
}();

}  // namespace

std::span<const AttributeRow> attribute_rows() { return kRows; }

const AttributeRow* attribute_row(std::uint8_t type) {
  const auto i = kIndex[type];
  return i < kRows.size() ? &kRows[i] : nullptr;
}

void write_attribute(Writer& writer, std::uint8_t flags, std::uint8_t type, ByteSpan value) {
  const bool wide = value.size() > 255;
  const auto kind = static_cast<std::uint8_t>(flags & ~attribute_flags::kExtendedLength);
  writer.u8(wide ? kind | attribute_flags::kExtendedLength : kind);
  writer.u8(type);
  if (wide) {
    writer.u16(static_cast<std::uint16_t>(value.size()));
  } else {
    writer.u8(static_cast<std::uint8_t>(value.size()));
  }
  writer.bytes(value);
}

}  // namespace podbgp::wire

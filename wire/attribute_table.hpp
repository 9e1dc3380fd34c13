// One row for each path attribute podbgp knows: adding one is a row here, its functions in attribute_codec.cpp, and a
// field in AttributeSet. Flag checks, duplicate checks, the reactions of RFC 7606 and the order on the wire follow from
// the table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/attribute_header.hpp"
#include "wire/attributes.hpp"
#include "wire/notification.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {

struct DecodeState {
  AttributeSet set;
  std::optional<AsPath> as4_path;  // RFC 6793: merged into the set at the end
  std::optional<Aggregator> as4_aggregator;
  bool has_next_hop = false;  // NEXT_HOP was there and good
  net::IpAddress next_hop;
};

struct DecodeContext {
  bool four_octet_as = true;
  bool external = true;
};

struct Flaw {
  std::uint8_t subcode = 0;  // of UPDATE Message Error (RFC 4271 §6.3), should it come to that
  std::string text;          // "length 3, expected 4"
};

struct AttributeRow {
  AttributeType type{};
  std::string_view name;
  std::uint8_t flags = 0;                          // Optional and Transitive as defined
  bool internal_only = false;                      // from an external peer: discarded (RFC 7606 §7.5, §7.9, §7.10)
  Reaction malformed = Reaction::TreatAsWithdraw;  // RFC 7606 §7
  // Structure: can it be read? Leaves the state as it was if not.
  std::optional<Flaw> (*decode)(Reader, const DecodeContext&, DecodeState&) = nullptr;
  // Semantics: may it say that on this session? Called after a good decode(); null where every value is allowed. Takes
  // back what it refuses if the row's reaction is to discard.
  std::optional<Flaw> (*check)(const DecodeContext&, DecodeState&) = nullptr;
  // Writes the value, true, or nothing, false, if the set does not have it.
  bool (*encode)(const AttributeSet&, const EncodeContext&, Writer&) = nullptr;
};

[[nodiscard]] std::span<const AttributeRow> attribute_rows();  // ascending by type
[[nodiscard]] const AttributeRow* attribute_row(
    std::uint8_t type);  // null: not known (MP attributes are not in the table)

// Flags, type, length and value, with the extended length only where it must be.
void write_attribute(Writer& writer, std::uint8_t flags, std::uint8_t type, ByteSpan value);

// All rows and the unknown attributes in ascending order of type (RFC 4271 §5), values written by `write(row, set,
// writer)`.
template <class F>
void write_attributes(const AttributeSet& set, Writer& w, F&& write) {
  auto unknown = set.unknown.begin();
  const auto write_unknown_below = [&](unsigned type) {
    for (; unknown != set.unknown.end() && unknown->type < type; ++unknown)
      write_attribute(w, unknown->flags, unknown->type, unknown->value);
  };
  Bytes value;
  for (const auto& row : attribute_rows()) {
    write_unknown_below(static_cast<unsigned>(row.type));
    value.clear();
    Writer v(value);
    if (write(row, v)) write_attribute(w, row.flags, static_cast<std::uint8_t>(row.type), value);
  }
  write_unknown_below(256);
}

}  // namespace podbgp::wire

// What a block of attributes, as it came on the wire, turned out to be: saves decoding what was just decoded.
//
// Keyed by (class of the session, octets of the block without NLRI); octets are compared, a hash alone is never
// believed. Bounded: a sender repeats a block in consecutive UPDATEs and when routes flap, so what is old is not worth
// its memory. Indices are remembered without a reference; serials say whether they still name the same record.
//
// Owner: core's executor.
#pragma once

#include <optional>
#include <vector>

#include "rib/attr_table.hpp"
#include "rib/rib.hpp"
#include "wire/update.hpp"

namespace podbgp::rib {

class WireCache {
 public:
  struct Value {
    AttrIndex attributes = kNoAttr;
    Reason loop = Reason::Best;  // AsLoop, OwnOriginator, ClusterLoop; Best: none
  };

  explicit WireCache(const AttrTable& attributes) : table_(&attributes) {}

  [[nodiscard]] std::optional<Value> find(std::uint32_t session_class, const wire::AttributeKey& key,
                                          std::uint64_t hash) const;
  void insert(std::uint32_t session_class, const wire::AttributeKey& key, std::uint64_t hash, Value value);
  void clear() { places_.clear(); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Place {
    std::uint64_t hash = 0;
    std::uint32_t session_class = 0;
    std::uint32_t serial = 0;
    Value value;
    wire::Bytes octets;
  };
  static constexpr std::size_t kFirstSize = 64, kLastSize = 4096;

  const AttrTable* table_;
  std::vector<Place> places_;  // direct-mapped, a power of two
  mutable wire::Bytes scratch_;
  std::size_t replaced_ = 0;  // living ones, since it last grew
};

}  // namespace podbgp::rib

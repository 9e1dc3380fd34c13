// AttrTable: every attribute set once, by its canonical bytes.
//
// A record is immutable. What the decision and the export rules ask of every path lies in front of the canonical bytes,
// in the first cache line. References are counted without atomics: they never leave core. The record goes with its last
// reference; whoever remembers an index without a reference (a cache) checks alive(index, serial) first.
//
// Owner: core's executor.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "rib/arena.hpp"
#include "rib/index.hpp"
#include "rib/next_hops.hpp"
#include "wire/attributes.hpp"

namespace podbgp::rib {

struct AttrRecord {
  enum Flag : std::uint8_t {
    kHasLocalPref = 1,
    kHasMed = 2,
    kNoExport = 4,
    kNoAdvertise = 8,
    kNoExportSubconfed = 16,
    kHasLinkLocal = 32,
    kSelfNextHop = 64,  // the next hop is unspecified: a route of our own that means "self"
  };
  std::uint32_t refs;
  std::uint32_t serial;         // never the same for two records, never 0 while alive
  std::uint32_t size;           // of the canonical bytes
  std::uint32_t local_pref;     // 100 where absent: the degree of preference of RFC 4271 §9.1.1
  std::uint32_t med;            // 0 where absent (RFC 4271 §9.1.2.2 c)
  std::uint32_t neighbour_as;   // leftmost AS of a leading sequence, 0: none (RFC 4271 §9.1.2.2 c)
  std::uint32_t originator_id;  // RFC 4456; 0: absent
  NextHopIndex next_hop;        // the one that has to be resolved
  std::uint16_t path_length;    // RFC 4271 §9.1.2.2 a
  std::uint8_t cluster_length;  // RFC 4456
  std::uint8_t origin : 2;
  std::uint8_t reserved : 6;
  std::uint8_t flags;
  [[nodiscard]] wire::ByteSpan canonical() const { return {bytes(), size}; }
  [[nodiscard]] const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(this) + kHead; }
  static constexpr std::size_t kHead = 40;  // where the canonical bytes begin
};
static_assert(sizeof(AttrRecord) <= AttrRecord::kHead);

class AttrTable {
 public:
  explicit AttrTable(NextHops& next_hops);
  AttrTable(const AttrTable&) = delete;
  AttrTable& operator=(const AttrTable&) = delete;

  // The record with this content, made if there is none. The caller owns one reference and gives it back with unref().
  [[nodiscard]] AttrIndex intern(const wire::AttributeSet& set);

  [[nodiscard]] const AttrRecord& operator[](AttrIndex index) const {
    return *reinterpret_cast<const AttrRecord*>(arena_.at(index.value()));
  }
  [[nodiscard]] wire::AttributeSet decode(AttrIndex index) const {
    return wire::decode_canonical((*this)[index].canonical());
  }
  // kNoAttr is allowed in both and does nothing.
  void ref(AttrIndex index, std::uint32_t times = 1) {
    if (index != kNoAttr) record(index).refs += times;
  }
  void unref(AttrIndex index, std::uint32_t times = 1) {
    if (index == kNoAttr) return;
    auto& r = record(index);
    if ((r.refs -= times) == 0) erase(index);
  }
  [[nodiscard]] bool alive(AttrIndex index, std::uint32_t serial) const {
    return index != kNoAttr && arena_.begun(index.value()) && (*this)[index].serial == serial;
  }
  void prefetch(AttrIndex index) const { __builtin_prefetch(arena_.at(index.value())); }

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] AttrRecord& record(AttrIndex index) { return *reinterpret_cast<AttrRecord*>(arena_.at(index.value())); }
  void erase(AttrIndex index);
  void rehash(std::size_t capacity);
  void make_room();

  SizedArena arena_;
  NextHops* next_hops_;
  struct Slot {
    std::uint32_t index = 0;  // 0 empty, 1 deleted
    std::uint32_t hash = 0;
  };
  std::vector<Slot> slots_;
  std::size_t count_ = 0;
  std::size_t filled_ = 0;  // slots that are not empty
  std::uint32_t next_serial_ = 1;
  std::uint64_t seed_;
  wire::Bytes scratch_;  // reused by intern()
};

// One reference, held by value. Empty: kNoAttr.
class AttrRef {
 public:
  AttrRef() = default;
  AttrRef(AttrTable& table, AttrIndex owned) : table_(&table), index_(owned) {}  // takes over the caller's reference
  AttrRef(AttrRef&& other) noexcept : table_(other.table_), index_(std::exchange(other.index_, kNoAttr)) {}
  AttrRef& operator=(AttrRef&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(index_, other.index_);
    return *this;
  }
  ~AttrRef() {
    if (index_ != kNoAttr) table_->unref(index_);
  }
  [[nodiscard]] AttrIndex get() const { return index_; }
  [[nodiscard]] AttrIndex release() { return std::exchange(index_, kNoAttr); }
  [[nodiscard]] explicit operator bool() const { return index_ != kNoAttr; }

 private:
  AttrTable* table_ = nullptr;
  AttrIndex index_ = kNoAttr;
};

}  // namespace podbgp::rib

// Table: one entry per prefix of a family, in an open-addressing hash that grows in steps.
//
// An entry is 24 octets and its address (4 or 16). The usual single path lies inside; several are a chain in the path
// arena (paths.hpp), the best one first. Entries keep their index as long as they live: arrays by index (update groups)
// rely on it. Owner: core's executor.
#pragma once

#include <span>
#include <vector>

#include "net/prefix.hpp"
#include "rib/arena.hpp"
#include "rib/index.hpp"

namespace podbgp::rib {

struct Entry {
  enum Flag : std::uint8_t {
    kMulti = 1,        // `received` names the list; else the path, if any, is inside
    kHasBest = 2,      // the inner path, or the first of the list, is best
    kDirty = 4,        // waits to be decided
    kBestTouched = 8,  // the identity of the best path changed (or it went) since the last decision
    kAnyTouched = 16,  // of any path
    kSession = 32,     // of the inner path: Path::kSession
    kTombstone = 64,   // waits in the queue of entries without paths
    kDecide = 128,     // kDirty: the outcome may change; else only readers of Any must be told
  };
  std::uint32_t received;    // attributes as received; kMulti: index of the list of paths
  std::uint32_t attributes;  // after policy; 0: rejected, looped
  std::uint32_t since;       // seconds since the RIB began
  std::uint32_t best_stamp;  // low half of the revision of the last change of best; see journal.hpp
  std::uint32_t any_stamp;
  std::uint16_t peer;   // of the inner path; kNoPeer: none
  std::uint8_t length;  // of the prefix; kFree: entry not in use
  std::uint8_t flags;
  static constexpr std::uint8_t kFree = 0xff;
  [[nodiscard]] bool has_paths() const { return (flags & kMulti) || peer != kNoPeer.value(); }
};
static_assert(sizeof(Entry) == 24);

// A prefix as the RIB handles it: masked octets in network order, as many as the family has.
struct PrefixKey {
  net::Family family{};
  std::uint8_t length = 0;
  std::array<std::uint8_t, 16> octets{};
  [[nodiscard]] static PrefixKey of(const net::Prefix& prefix);
  [[nodiscard]] static PrefixKey of(net::Family family, std::uint8_t length,
                                    const std::uint8_t* octets);  // masks host bits
  [[nodiscard]] net::Prefix prefix() const;
};

class Table {
 public:
  explicit Table(net::Family family);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  [[nodiscard]] net::Family family() const { return family_; }
  [[nodiscard]] Entry& at(EntryIndex index) { return *reinterpret_cast<Entry*>(arena_.at(index.value())); }
  [[nodiscard]] const Entry& at(EntryIndex index) const {
    return *reinterpret_cast<const Entry*>(arena_.at(index.value()));
  }
  // Network order, masked, 4 or 16 octets.
  [[nodiscard]] const std::uint8_t* octets(EntryIndex index) const { return arena_.at(index.value()) + sizeof(Entry); }
  [[nodiscard]] net::Prefix prefix(EntryIndex index) const;
  [[nodiscard]] PrefixKey key(EntryIndex index) const;

  [[nodiscard]] EntryIndex find(const PrefixKey& key) const { return find(key, hash(key)); }
  [[nodiscard]] EntryIndex find(const PrefixKey& key, std::uint64_t hash) const;
  // A new entry has no path, no flags and stamps 0. kNoEntry: the table is full (67 million).
  [[nodiscard]] EntryIndex find_or_insert(const PrefixKey& key) { return find_or_insert(key, hash(key)); }
  [[nodiscard]] EntryIndex find_or_insert(const PrefixKey& key, std::uint64_t hash);
  void erase(EntryIndex index);

  // For batches: hash, prefetch the slot, then (a few prefixes later) the entry, then find.
  [[nodiscard]] std::uint64_t hash(const PrefixKey& key) const;
  void prefetch_slot(std::uint64_t hash) const;
  void prefetch_entry(std::uint64_t hash) const;
  void prefetch_erase(EntryIndex index) const { prefetch_slot(hash(key(index))); }  // reads the entry
  void prefetch(EntryIndex index) const { __builtin_prefetch(arena_.at(index.value())); }

  [[nodiscard]] std::size_t size() const { return arena_.size(); }
  // Indices in use are below this: the size of arrays by entry, and the end of walks.
  [[nodiscard]] std::uint32_t index_limit() const { return index_limit_; }
  [[nodiscard]] bool in_use(EntryIndex index) const {
    return arena_.begun(index.value()) && at(index).length != Entry::kFree;
  }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  // A slot: 26 bits of index + 1 and 6 bits of hash, so that a miss seldom reads an entry.
  using Slot = std::uint32_t;
  struct Slots {
    Slot* slots = nullptr;
    std::size_t capacity = 0;
    std::size_t filled = 0;  // not empty, deleted ones too
  };
  static constexpr std::uint32_t kIndexMask = (1u << 26) - 1;
  static constexpr Slot kEmpty = 0, kDeleted = kIndexMask;
  static constexpr std::uint32_t kMaxEntries = kIndexMask - 1;

  static_assert(sizeof(Slot) == 4);
  [[nodiscard]] static Slot make_slot(EntryIndex index, std::uint64_t hash) {
    return (static_cast<Slot>(hash) << 26) | (index.value() + 1);
  }
  [[nodiscard]] static std::size_t home(const Slots& slots, std::uint64_t hash);
  [[nodiscard]] EntryIndex find_in(const Slots& slots, const PrefixKey& key, std::uint64_t hash) const;
  [[nodiscard]] bool equal(EntryIndex index, const PrefixKey& key) const;
  static void insert_in(Slots& slots, EntryIndex index, std::uint64_t hash);  // nothing if it is there already
  static void erase_in(Slots& slots, EntryIndex index, std::uint64_t hash);
  void begin_move(std::size_t capacity);
  void move_some(std::size_t entries);
  void make_room();
  static void allocate(Slots& slots, std::size_t capacity);
  static void deallocate(Slots& slots);

 public:
  ~Table();

 private:
  net::Family family_;
  std::size_t key_size_;
  FixedArena arena_;
  Slots now_;  // where new ones go
  Slots old_;  // while growing or shrinking: what move_at_ has not reached
  std::uint32_t move_at_ = 0;
  std::uint32_t move_end_ = 0;
  std::uint32_t index_limit_ = 0;
  std::uint64_t seed_;
};

}  // namespace podbgp::rib

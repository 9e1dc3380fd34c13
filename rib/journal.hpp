// The change journal of one family: which entries changed, in order, and who has seen it.
//
// Two lists share the RIB's revision counter: `Best` (the best path changed) and `Any` (any path did). A change stamps
// the entry with the next revision and appends it; a place in the list whose stamp is no longer the entry's is dead and
// skipped. So an entry is in each list at most once alive, at its last change, and a reader who starts at the beginning
// sees everything that is there, then everything that changes, each entry in its last state. Dead places are squeezed
// out a chunk at a time. A reader is a revision: nothing it stands on can move away.
//
// Entries without paths stay (as tombstones) until every reader has passed them.
// Owner: core's executor.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <type_traits>
#include <vector>

#include "rib/table.hpp"

namespace podbgp::rib {

enum class JournalList : std::uint8_t { Best, Any };

class Journal;

// A reader of one list of one family. Registers itself; must not outlive its journal.
class JournalCursor {
 public:
  JournalCursor() = default;                          // reads nothing
  JournalCursor(Journal& journal, JournalList list);  // from the beginning
  JournalCursor(JournalCursor&& other) noexcept;
  JournalCursor& operator=(JournalCursor&& other) noexcept;
  ~JournalCursor();

  // At most `limit` entries, calls each(EntryIndex, std::uint64_t revision); returns how many. Fewer than `limit`:
  // caught up. `each` returns nothing, or bool: false stops after this one. It must not change the table or the
  // journal. Entries may have no best path (any more). Ask Store::best() for the state: it is the last one, also if
  // newer than the revision.
  template <class F>
  std::size_t read(std::size_t limit, F&& each);
  [[nodiscard]] bool caught_up() const;
  // All changes up to and including this revision were read.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  void rewind();                         // from the beginning again (route refresh, resync)
  void move_to(std::uint64_t revision);  // forward or back: next come the changes after this revision
  [[nodiscard]] bool open() const { return journal_ != nullptr; }

 private:
  friend class Journal;
  Journal* journal_ = nullptr;
  JournalList list_{};
  std::uint64_t position_ = 0;
  // Where the list continues; valid while `generation_` is the list's.
  std::size_t chunk_ = 0;
  std::uint32_t offset_ = 0;
  std::uint64_t generation_ = 0;
};

class Journal {
 public:
  Journal(Table& table, std::uint64_t& revision) : table_(&table), revision_(&revision) {
    list(JournalList::Any).kept = false;
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // The best path changed: stamps both lists. Only other paths did: stamps Any.
  void best_changed(EntryIndex entry);
  void any_changed(EntryIndex entry);

  // The entry has no paths left. It is erased from the table when every reader has passed it, by reclaim().
  void bury(EntryIndex entry);
  // About `limit` tombstones, and places of the lists in proportion. True: more could be done now.
  bool reclaim(std::size_t limit);
  [[nodiscard]] std::size_t tombstones() const { return graves_.size(); }

  [[nodiscard]] std::uint64_t revision() const { return *revision_; }
  // The revision that an entry's stamp stands for.
  [[nodiscard]] std::uint64_t widen(std::uint32_t stamp) const {
    return *revision_ - static_cast<std::uint32_t>(static_cast<std::uint32_t>(*revision_) - stamp);
  }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  friend class JournalCursor;
  static constexpr std::uint32_t kChunk = 1024;
  struct Chunk {
    std::uint64_t base = 0;  // revision - base fits 32 bits
    std::uint32_t count = 0;
    std::uint32_t delta[kChunk];
    std::uint32_t entry[kChunk];
  };
  struct List {
    std::vector<std::unique_ptr<Chunk>> chunks;
    std::uint64_t generation = 1;  // counts squeezes: cursors look up their place again
    std::size_t places = 0;
    std::size_t squeeze_at = 0;
    std::uint64_t last = 0;  // revision of the last place
    std::vector<JournalCursor*> cursors;
    bool kept = true;  // Any: only while somebody reads it
  };

  [[nodiscard]] List& list(JournalList which) { return lists_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const List& list(JournalList which) const { return lists_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] static std::uint32_t stamp(const Entry& entry, JournalList which) {
    return which == JournalList::Best ? entry.best_stamp : entry.any_stamp;
  }
  void append(JournalList which, EntryIndex entry, std::uint64_t revision);
  [[nodiscard]] bool loose(const List& l) const;
  void squeeze(JournalList which);
  void rebuild_any();
  void attach(JournalCursor& cursor);
  void detach(JournalCursor& cursor);
  void seek(JournalCursor& cursor);
  [[nodiscard]] std::uint64_t slowest(JournalList which) const;

  Table* table_;
  std::uint64_t* revision_;
  std::array<List, 2> lists_;
  std::deque<EntryIndex> graves_;
};

template <class F>
std::size_t JournalCursor::read(std::size_t limit, F&& each) {
  if (journal_ == nullptr) return 0;
  auto& list = journal_->list(list_);
  if (generation_ != list.generation) journal_->seek(*this);
  std::size_t done = 0;
  constexpr std::uint32_t kAhead = 12;
  while (done < limit && chunk_ < list.chunks.size()) {
    const auto& chunk = *list.chunks[chunk_];
    if (offset_ >= chunk.count) {
      if (chunk_ + 1 == list.chunks.size()) {
        position_ = *journal_->revision_;
        break;
      }
      ++chunk_;
      offset_ = 0;
      continue;
    }
    if (offset_ + kAhead < chunk.count) journal_->table_->prefetch(EntryIndex{chunk.entry[offset_ + kAhead]});
    const EntryIndex entry{chunk.entry[offset_]};
    const std::uint64_t revision = chunk.base + chunk.delta[offset_];
    ++offset_;
    position_ = revision;
    if (!journal_->table_->in_use(entry) ||
        Journal::stamp(journal_->table_->at(entry), list_) != static_cast<std::uint32_t>(revision)) {
      continue;
    }
    ++done;
    if constexpr (std::is_void_v<decltype(each(entry, revision))>) {
      each(entry, revision);
    } else {
      if (!each(entry, revision)) break;
    }
  }
  if (position_ >= list.last || list.chunks.empty()) position_ = *journal_->revision_;
  return done;
}

}  // namespace podbgp::rib

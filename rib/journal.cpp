#include "rib/journal.hpp"

#include <algorithm>
#include <limits>

namespace podbgp::rib {

// --- cursor ---

JournalCursor::JournalCursor(Journal& journal, JournalList list) : journal_(&journal), list_(list) {
  journal.attach(*this);
}

JournalCursor::JournalCursor(JournalCursor&& other) noexcept { *this = std::move(other); }

JournalCursor& JournalCursor::operator=(JournalCursor&& other) noexcept {
  if (this == &other) return *this;
  if (journal_ != nullptr) journal_->detach(*this);
  journal_ = other.journal_;
  list_ = other.list_;
  position_ = other.position_;
  generation_ = 0;
  if (journal_ != nullptr) {
    journal_->list(list_).cursors.push_back(this);
    std::erase(journal_->list(list_).cursors, &other);
    other.journal_ = nullptr;
  }
  return *this;
}

JournalCursor::~JournalCursor() {
  if (journal_ != nullptr) journal_->detach(*this);
}

bool JournalCursor::caught_up() const { return journal_ == nullptr || position_ >= journal_->list(list_).last; }

void JournalCursor::rewind() { move_to(0); }

void JournalCursor::move_to(std::uint64_t revision) {
  position_ = revision;
  generation_ = 0;
}

// --- journal ---

void Journal::best_changed(EntryIndex index) {
  auto& entry = table_->at(index);
  const auto revision = ++*revision_;
  entry.best_stamp = entry.any_stamp = static_cast<std::uint32_t>(revision);
  append(JournalList::Best, index, revision);
  if (list(JournalList::Any).kept) append(JournalList::Any, index, revision);
}

void Journal::any_changed(EntryIndex index) {
  const auto revision = ++*revision_;
  table_->at(index).any_stamp = static_cast<std::uint32_t>(revision);
  if (list(JournalList::Any).kept) append(JournalList::Any, index, revision);
}

void Journal::append(JournalList which, EntryIndex entry, std::uint64_t revision) {
  auto& l = list(which);
  if (l.chunks.empty() || l.chunks.back()->count == kChunk ||
      revision - l.chunks.back()->base > std::numeric_limits<std::uint32_t>::max()) {
    for (int i = 0; i < 4 && loose(l); ++i) squeeze(which);
    l.chunks.push_back(std::make_unique_for_overwrite<Chunk>());
    l.chunks.back()->base = revision;
    l.chunks.back()->count = 0;
  }
  auto& chunk = *l.chunks.back();
  chunk.delta[chunk.count] = static_cast<std::uint32_t>(revision - chunk.base);
  chunk.entry[chunk.count] = entry.value();
  ++chunk.count;
  ++l.places;
  l.last = revision;
}

// At most half of the places are dead, but for a constant.
bool Journal::loose(const List& l) const { return l.places > 2 * table_->size() + 4 * std::size_t{kChunk}; }

// Takes the dead places out of one chunk, and the chunk into the one before if both fit into one.
void Journal::squeeze(JournalList which) {
  auto& l = list(which);
  if (l.squeeze_at >= l.chunks.size()) l.squeeze_at = 0;
  if (l.chunks.empty()) return;
  auto& chunk = *l.chunks[l.squeeze_at];
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < chunk.count; ++i) {
    const EntryIndex entry{chunk.entry[i]};
    if (!table_->in_use(entry) ||
        stamp(table_->at(entry), which) != static_cast<std::uint32_t>(chunk.base + chunk.delta[i])) {
      continue;
    }
    chunk.entry[kept] = chunk.entry[i];
    chunk.delta[kept++] = chunk.delta[i];
  }
  ++l.generation;
  l.places -= chunk.count - kept;
  chunk.count = kept;
  if (l.squeeze_at > 0) {
    auto& before = *l.chunks[l.squeeze_at - 1];
    const auto shift = chunk.base - before.base;
    const bool fits = kept == 0 || shift + chunk.delta[kept - 1] <= std::numeric_limits<std::uint32_t>::max();
    if (before.count + kept <= kChunk && fits) {
      for (std::uint32_t i = 0; i < kept; ++i) {
        before.entry[before.count] = chunk.entry[i];
        before.delta[before.count++] = static_cast<std::uint32_t>(chunk.delta[i] + shift);
      }
      l.chunks.erase(l.chunks.begin() + static_cast<std::ptrdiff_t>(l.squeeze_at));
      return;
    }
  }
  ++l.squeeze_at;
}

// Any is kept only while somebody reads it. What is there when the first reader comes is found in the table.
void Journal::rebuild_any() {
  auto& any = list(JournalList::Any);
  any.kept = true;
  std::vector<std::pair<std::uint64_t, EntryIndex>> found;
  for (std::uint32_t i = 0; i < table_->index_limit(); ++i) {
    const EntryIndex index{i};
    if (!table_->in_use(index)) continue;
    const auto& entry = table_->at(index);
    if (entry.any_stamp != 0 && entry.has_paths()) found.emplace_back(widen(entry.any_stamp), index);
  }
  std::sort(found.begin(), found.end());
  for (const auto& [revision, index] : found) append(JournalList::Any, index, revision);
}

void Journal::attach(JournalCursor& cursor) {
  auto& l = list(cursor.list_);
  l.cursors.push_back(&cursor);
  if (!l.kept) rebuild_any();
}

void Journal::detach(JournalCursor& cursor) {
  auto& l = list(cursor.list_);
  std::erase(l.cursors, &cursor);
  if (cursor.list_ == JournalList::Any && l.cursors.empty()) {
    const auto generation = l.generation + 1;
    l = {};
    l.generation = generation;
    l.kept = false;
  }
}

void Journal::seek(JournalCursor& cursor) {
  auto& l = list(cursor.list_);
  cursor.generation_ = l.generation;
  cursor.chunk_ = 0;
  cursor.offset_ = 0;
  if (l.chunks.empty()) return;
  const auto after = std::upper_bound(l.chunks.begin(), l.chunks.end(), cursor.position_,
                                      [](std::uint64_t position, const auto& chunk) { return position < chunk->base; });
  if (after == l.chunks.begin()) return;
  cursor.chunk_ = static_cast<std::size_t>(after - l.chunks.begin()) - 1;
  const auto& chunk = *l.chunks[cursor.chunk_];
  const auto offset = cursor.position_ - chunk.base;
  cursor.offset_ = static_cast<std::uint32_t>(
      std::upper_bound(chunk.delta, chunk.delta + chunk.count, offset,
                       [](std::uint64_t position, std::uint32_t delta) { return position < delta; }) -
      chunk.delta);
}

std::uint64_t Journal::slowest(JournalList which) const {
  std::uint64_t position = std::numeric_limits<std::uint64_t>::max();
  for (const auto* cursor : list(which).cursors)
    position = std::min(position, cursor->caught_up() ? *revision_ : cursor->position_);
  return position;
}

void Journal::bury(EntryIndex entry) {
  auto& flags = table_->at(entry).flags;
  if (flags & Entry::kTombstone) return;
  flags |= Entry::kTombstone;
  graves_.push_back(entry);
}

bool Journal::reclaim(std::size_t limit) {
  for (const auto which : {JournalList::Best, JournalList::Any}) {
    for (std::size_t i = 0; i <= limit / kChunk && loose(list(which)); ++i) squeeze(which);
  }
  if (graves_.empty()) return loose(lists_[0]) || loose(lists_[1]);
  const auto best = slowest(JournalList::Best), any = slowest(JournalList::Any);
  constexpr std::size_t kAhead = 8;
  for (std::size_t done = 0; !graves_.empty(); ++done) {
    if (done == limit) return true;
    if (graves_.size() > 2 * kAhead) {
      table_->prefetch(graves_[2 * kAhead]);
      table_->prefetch_erase(graves_[kAhead]);
    }
    const auto index = graves_.front();
    auto& entry = table_->at(index);
    if (!entry.has_paths()) {
      if ((entry.flags & Entry::kDirty) || widen(entry.best_stamp) > best || widen(entry.any_stamp) > any) break;
      graves_.pop_front();
      table_->erase(index);
    } else {  // it has paths again
      entry.flags &= static_cast<std::uint8_t>(~Entry::kTombstone);
      graves_.pop_front();
    }
  }
  return loose(lists_[0]) || loose(lists_[1]);
}

std::size_t Journal::memory_bytes() const {
  std::size_t bytes = graves_.size() * sizeof(EntryIndex);
  for (const auto& l : lists_) bytes += l.chunks.size() * sizeof(Chunk);
  return bytes;
}

}  // namespace podbgp::rib

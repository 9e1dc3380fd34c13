#include "rib/store_feed.hpp"

#include <algorithm>

namespace podbgp::rib {

RouteFeed::Cursor StoreFeed::keep(net::Family family, JournalCursor cursor) {
  auto& cursors = cursors_[net::index(family)];
  const auto free = std::find_if(cursors.begin(), cursors.end(), [](const JournalCursor& c) { return !c.open(); });
  if (free == cursors.end()) {
    cursors.push_back(std::move(cursor));
    return static_cast<Cursor>(cursors.size() - 1);
  }
  *free = std::move(cursor);
  return static_cast<Cursor>(free - cursors.begin());
}

RouteFeed::Cursor StoreFeed::open_cursor(net::Family family) {
  return keep(family, JournalCursor(store_->journal(family), JournalList::Best));
}

RouteFeed::Cursor StoreFeed::clone_cursor(net::Family family, Cursor cursor) {
  JournalCursor copy(store_->journal(family), JournalList::Best);
  copy.move_to(cursors_[net::index(family)][cursor].position());
  return keep(family, std::move(copy));
}

void StoreFeed::close_cursor(net::Family family, Cursor cursor) {
  cursors_[net::index(family)][cursor] = JournalCursor();
}

void StoreFeed::fill(const Table& table, EntryIndex entry, ExportItem& item) const {
  const auto best = store_->best(table.at(entry));
  item.entry = entry;
  item.attributes = best.attributes;
  item.peer = best.peer;
  item.source = best.source();
  item.prefix = table.key(entry);
}

std::size_t StoreFeed::read(net::Family family, Cursor cursor, std::span<ExportItem> items) {
  const auto& table = store_->table(family);
  std::size_t count = 0;
  return cursors_[net::index(family)][cursor].read(
      items.size(), [&](EntryIndex entry, std::uint64_t) { fill(table, entry, items[count++]); });
}

bool StoreFeed::at_tail(net::Family family, Cursor cursor) const {
  return cursors_[net::index(family)][cursor].caught_up();
}

std::span<const std::uint8_t> StoreFeed::canonical(AttrIndex attributes) const {
  return store_->attributes[attributes].canonical();
}

ExportItem StoreFeed::item(net::Family family, EntryIndex entry) const {
  ExportItem item;
  fill(store_->table(family), entry, item);
  return item;
}

}  // namespace podbgp::rib

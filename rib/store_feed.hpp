// The feed of update groups from the store: table, journal of best paths, attribute table. Owner: core's executor.
#pragma once

#include <vector>

#include "rib/route_feed.hpp"
#include "rib/store.hpp"

namespace podbgp::rib {

class StoreFeed final : public RouteFeed {
 public:
  explicit StoreFeed(Store& store) : store_(&store) {}

  [[nodiscard]] Cursor open_cursor(net::Family family) override;
  [[nodiscard]] Cursor clone_cursor(net::Family family, Cursor cursor) override;
  void close_cursor(net::Family family, Cursor cursor) override;
  [[nodiscard]] std::size_t read(net::Family family, Cursor cursor, std::span<ExportItem> items) override;
  [[nodiscard]] bool at_tail(net::Family family, Cursor cursor) const override;
  [[nodiscard]] std::span<const std::uint8_t> canonical(AttrIndex attributes) const override;
  void ref(AttrIndex attributes) override { store_->attributes.ref(attributes); }
  void unref(AttrIndex attributes) override { store_->attributes.unref(attributes); }

  // The best path of an entry, for questions.
  [[nodiscard]] ExportItem item(net::Family family, EntryIndex entry) const;

 private:
  [[nodiscard]] Cursor keep(net::Family family, JournalCursor cursor);
  void fill(const Table& table, EntryIndex entry, ExportItem& item) const;

  Store* store_;
  std::array<std::vector<JournalCursor>, net::kFamilyCount> cursors_;  // closed ones are reused
};

}  // namespace podbgp::rib

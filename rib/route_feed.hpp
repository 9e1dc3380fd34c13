// What update groups need of table, journal and attribute table: a seam, so that they can be tested on a table of their
// own. One virtual call per batch of routes, and a few per attribute set; none per route.
//
// Owner: core's executor. Implemented by StoreFeed (store_feed.hpp).
#pragma once

#include <cstdint>
#include <span>

#include "rib/index.hpp"
#include "rib/policy.hpp"
#include "rib/table.hpp"

namespace podbgp::rib {

// The best path of an entry as it is now.
struct ExportItem {
  EntryIndex entry = kNoEntry;     // dense; may be reused after its removal was read
  AttrIndex attributes = kNoAttr;  // after import policy; kNoAttr: no (eligible) path, or the prefix is gone
  net::PeerId peer = kLocalPeer;   // whom the path was learned from
  RouteSource source = RouteSource::Bgp;
  PrefixKey prefix;
};

class RouteFeed {
 public:
  using Cursor = std::uint32_t;
  virtual ~RouteFeed() = default;

  // A cursor on the journal of best paths, at its head: everything that is there now is still to be read.
  [[nodiscard]] virtual Cursor open_cursor(net::Family family) = 0;
  // Another cursor at the same place.
  [[nodiscard]] virtual Cursor clone_cursor(net::Family family, Cursor cursor) = 0;
  virtual void close_cursor(net::Family family, Cursor cursor) = 0;
  // Fills `items` from the cursor on and moves it. Fewer than items.size(): the cursor is at the tail. An entry appears
  // once, with its latest state; one that was removed since appears without attributes until every cursor has passed
  // it.
  [[nodiscard]] virtual std::size_t read(net::Family family, Cursor cursor, std::span<ExportItem> items) = 0;
  [[nodiscard]] virtual bool at_tail(net::Family family, Cursor cursor) const = 0;

  // Attribute sets in canonical form (wire::encode_canonical). A reference keeps index and bytes.
  [[nodiscard]] virtual std::span<const std::uint8_t> canonical(AttrIndex attributes) const = 0;
  virtual void ref(AttrIndex attributes) = 0;
  virtual void unref(AttrIndex attributes) = 0;
};

}  // namespace podbgp::rib

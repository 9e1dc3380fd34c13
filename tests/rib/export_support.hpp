// Shared by the tests of policy, export rules and update groups: short ways to say values, and a feed on a table of its
// own.
#pragma once

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "rib/export_rules.hpp"
#include "rib/route_feed.hpp"
#include "wire/attributes.hpp"

namespace podbgp::rib::testing {

inline net::IpAddress ip(std::string_view text) { return *net::IpAddress::parse(text); }
inline net::Prefix prefix(std::string_view text) { return *net::Prefix::parse(text); }
inline PrefixRange range(std::string_view text, unsigned min, unsigned max) {
  return {prefix(text), static_cast<std::uint8_t>(min), static_cast<std::uint8_t>(max)};
}
inline PrefixRange exactly(std::string_view text) {
  const auto p = prefix(text);
  return {p, static_cast<std::uint8_t>(p.length()), static_cast<std::uint8_t>(p.length())};
}
inline wire::AsPath path(std::initializer_list<std::uint32_t> asns) {
  wire::AsPath p;
  if (asns.size() == 0) return p;
  p.segments.push_back({wire::AsSegment::Type::Sequence, {}});
  for (const auto asn : asns) p.segments.back().asns.emplace_back(asn);
  return p;
}

// An attribute table and a journal of the simplest kind: maps.
class FakeFeed final : public RouteFeed {
 public:
  struct Route {
    EntryIndex entry;
    AttrIndex attributes = kNoAttr;
    net::PeerId peer = kLocalPeer;
    RouteSource source = RouteSource::Bgp;
  };

  // Sets the best path of a prefix; nullopt: it is gone.
  void set(const net::Prefix& p, const std::optional<wire::AttributeSet>& set, net::PeerId peer,
           RouteSource source = RouteSource::Bgp) {
    auto& table = tables_[net::index(p.family())];
    auto [at, made] = table.routes.try_emplace(p);
    if (made) {
      if (table.free.empty()) {
        at->second.entry = EntryIndex{table.next_entry++};
      } else {
        at->second.entry = table.free.back();
        table.free.pop_back();
      }
      table.prefixes[at->second.entry] = p;
    }
    auto& route = at->second;
    const auto attributes = set ? intern(*set) : kNoAttr;
    if (attributes == route.attributes && peer == route.peer && source == route.source) {
      if (set) unref(attributes);
      return;
    }
    if (route.attributes != kNoAttr) unref(route.attributes);
    route.attributes = attributes;
    route.peer = peer;
    route.source = source;
    table.order.erase(table.stamps[route.entry]);
    table.stamps[route.entry] = ++revision_;
    table.order[revision_] = p;
  }
  // Forgets removed prefixes that every cursor has passed, so that their entries are used again.
  void reclaim() {
    for (auto& table : tables_) {
      auto passed = revision_;
      for (const auto& [id, at] : table.cursors) passed = std::min(passed, at);
      for (auto at = table.routes.begin(); at != table.routes.end();) {
        const auto& route = at->second;
        if (route.attributes != kNoAttr || table.stamps[route.entry] > passed) {
          ++at;
          continue;
        }
        table.order.erase(table.stamps[route.entry]);
        table.stamps.erase(route.entry);
        table.prefixes.erase(route.entry);
        table.free.push_back(route.entry);
        at = table.routes.erase(at);
      }
    }
  }
  [[nodiscard]] const std::map<net::Prefix, Route>& routes(net::Family f) const {
    return tables_[net::index(f)].routes;
  }
  [[nodiscard]] ExportItem item(const net::Prefix& p) const {
    const auto& routes = tables_[net::index(p.family())].routes;
    const auto at = routes.find(p);
    ExportItem item;
    item.prefix = PrefixKey::of(p);
    if (at == routes.end()) return item;
    item.entry = at->second.entry;
    item.attributes = at->second.attributes;
    item.peer = at->second.peer;
    item.source = at->second.source;
    return item;
  }
  [[nodiscard]] wire::AttributeSet decode(AttrIndex a) const { return wire::decode_canonical(canonical(a)); }
  [[nodiscard]] std::size_t live_attributes() const { return by_bytes_.size(); }
  [[nodiscard]] std::size_t open_cursors() const { return tables_[0].cursors.size() + tables_[1].cursors.size(); }
  void clear() {  // gives back the table's own references
    for (auto& table : tables_) {
      for (auto& [p, route] : table.routes) {
        if (route.attributes != kNoAttr) unref(route.attributes);
      }
      table.routes.clear();
    }
  }

  Cursor open_cursor(net::Family f) override {
    tables_[net::index(f)].cursors[++next_cursor_] = 0;
    return next_cursor_;
  }
  Cursor clone_cursor(net::Family f, Cursor c) override {
    tables_[net::index(f)].cursors[++next_cursor_] = tables_[net::index(f)].cursors.at(c);
    return next_cursor_;
  }
  void close_cursor(net::Family f, Cursor c) override { ASSERT_EQ(tables_[net::index(f)].cursors.erase(c), 1u); }
  std::size_t read(net::Family f, Cursor c, std::span<ExportItem> items) override {
    auto& table = tables_[net::index(f)];
    auto& at = table.cursors.at(c);
    std::size_t count = 0;
    for (auto i = table.order.upper_bound(at); i != table.order.end() && count < items.size(); ++i) {
      items[count++] = item(i->second);
      at = i->first;
    }
    reads += count;
    return count;
  }
  [[nodiscard]] bool at_tail(net::Family f, Cursor c) const override {
    const auto& table = tables_[net::index(f)];
    return table.order.upper_bound(table.cursors.at(c)) == table.order.end();
  }
  [[nodiscard]] std::span<const std::uint8_t> canonical(AttrIndex a) const override { return by_index_.at(a).bytes; }
  void ref(AttrIndex a) override { ++by_index_.at(a).refs; }
  void unref(AttrIndex a) override {
    auto& record = by_index_.at(a);
    if (--record.refs > 0) return;
    by_bytes_.erase(record.bytes);
    by_index_.erase(a);
    free_.push_back(a);  // indices are reused at once: whoever remembers one without a reference is caught
  }
  AttrIndex intern(const wire::AttributeSet& set) {
    wire::Bytes bytes;
    wire::encode_canonical(set, bytes);
    const auto known = by_bytes_.find(bytes);
    if (known != by_bytes_.end()) {
      ref(known->second);
      return known->second;
    }
    AttrIndex index{next_index_};
    if (free_.empty()) {
      ++next_index_;
    } else {
      index = free_.back();
      free_.pop_back();
    }
    by_bytes_[bytes] = index;
    by_index_[index] = {bytes, 1};
    return index;
  }

  std::size_t reads = 0;

 private:
  struct Table {
    std::map<net::Prefix, Route> routes;
    std::map<EntryIndex, std::uint64_t> stamps;
    std::map<EntryIndex, net::Prefix> prefixes;
    std::map<std::uint64_t, net::Prefix> order;
    std::map<Cursor, std::uint64_t> cursors;
    std::vector<EntryIndex> free;
    std::uint32_t next_entry = 0;
  };
  struct Record {
    wire::Bytes bytes;
    std::uint32_t refs = 0;
  };
  std::array<Table, net::kFamilyCount> tables_;
  std::map<wire::Bytes, AttrIndex> by_bytes_;
  std::map<AttrIndex, Record> by_index_;
  std::vector<AttrIndex> free_;
  std::uint32_t next_index_ = 1;
  std::uint64_t revision_ = 0;
  Cursor next_cursor_ = 0;
};

}  // namespace podbgp::rib::testing

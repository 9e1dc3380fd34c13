// Arenas, attribute table, entries, paths, next hops: what the RIB is made of.
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "rib/attr_table.hpp"
#include "rib/paths.hpp"
#include "rib/table.hpp"
#include "rib/wire_cache.hpp"

namespace podbgp::rib::test {
namespace {

using Family = net::Family;

TEST(FixedArena, IsDenseAndReusesTheLowestSlab) {
  FixedArena arena(28);
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < 3 * FixedArena::kSlabItems; ++i) {
    indices.push_back(arena.allocate());
    ASSERT_EQ(indices.back(), i);
  }
  EXPECT_EQ(arena.size(), indices.size());
  EXPECT_FALSE(arena.begun(3 * FixedArena::kSlabItems));
  arena.release(2 * FixedArena::kSlabItems + 5);
  arena.release(7);
  EXPECT_EQ(arena.allocate(), 7u);
  EXPECT_EQ(arena.allocate(), 2 * FixedArena::kSlabItems + 5);
  const auto full = arena.memory_bytes();
  for (const auto index : indices) arena.release(index);
  EXPECT_EQ(arena.size(), 0u);
  EXPECT_LT(arena.memory_bytes(), full / 2);  // one slab is kept
  EXPECT_FALSE(arena.mapped(2 * FixedArena::kSlabItems));
  EXPECT_EQ(arena.allocate() >> FixedArena::kSlabBits, 0u);
}

TEST(SizedArena, KeepsContentsApartAndGivesMemoryBack) {
  SizedArena arena;
  std::mt19937_64 random(1);
  std::map<std::uint32_t, std::pair<std::size_t, std::uint8_t>> live;
  for (int i = 0; i < 20000; ++i) {
    if (live.empty() || random() % 3 != 0) {
      const auto size = random() % 50 == 0 ? 5000 + random() % 60000 : 16 + random() % 300;
      const auto index = arena.allocate(size);
      ASSERT_NE(index, 0u);
      const auto fill = static_cast<std::uint8_t>(random());
      std::fill_n(arena.at(index), size, fill);
      ASSERT_TRUE(live.emplace(index, std::pair{size, fill}).second);
      ASSERT_TRUE(arena.begun(index));
    } else {
      auto at = live.lower_bound(static_cast<std::uint32_t>(random() % (live.rbegin()->first + 1)));
      const auto [size, fill] = at->second;
      for (std::size_t k = 0; k < size; ++k) ASSERT_EQ(arena.at(at->first)[k], fill);
      arena.release(at->first);
      live.erase(at);
    }
  }
  for (const auto& [index, what] : live) arena.release(index);
  EXPECT_LE(arena.memory_bytes(), SizedArena::kSlabBytes);
  EXPECT_FALSE(arena.begun(0));
  EXPECT_FALSE(arena.begun(0xffff0000u));
}

wire::AttributeSet numbered(std::uint32_t n) {
  wire::AttributeSet set;
  set.as_path.segments.push_back({wire::AsSegment::Type::Sequence, {net::Asn{65001}, net::Asn{n + 1}}});
  set.next_hop = net::IpAddress::v4(0x0a000001);
  return set;
}

TEST(AttrTable, EqualSetsAreOneRecordWhateverTheOrderOfArrival) {
  NextHops next_hops;
  AttrTable table(next_hops);
  auto set = numbered(1);
  set.med = 5;
  set.communities = {wire::kNoExport, wire::kNoAdvertise};
  const auto a = table.intern(set), b = table.intern(set), other = table.intern(numbered(2));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, other);
  EXPECT_EQ(table.size(), 2u);
  const auto& record = table[a];
  EXPECT_EQ(record.refs, 2u);
  EXPECT_EQ(record.med, 5u);
  EXPECT_EQ(record.local_pref, 100u);
  EXPECT_EQ(record.path_length, 2u);
  EXPECT_EQ(record.neighbour_as, 65001u);
  EXPECT_EQ(record.flags, AttrRecord::kHasMed | AttrRecord::kNoExport | AttrRecord::kNoAdvertise);
  EXPECT_EQ(table.decode(a), set);
  const auto serial = record.serial;
  table.unref(a);
  EXPECT_TRUE(table.alive(a, serial));
  table.unref(b);
  EXPECT_FALSE(table.alive(a, serial));
  table.unref(other);
  table.unref(kNoAttr);
  EXPECT_EQ(table.size(), 0u);
}

TEST(AttrTable, AnIndexGivenAgainHasAnotherSerial) {
  NextHops next_hops;
  AttrTable table(next_hops);
  const auto a = table.intern(numbered(1));
  const auto serial = table[a].serial;
  table.unref(a);
  const auto b = table.intern(numbered(2));
  EXPECT_EQ(a, b);
  EXPECT_FALSE(table.alive(a, serial));
  table.unref(b);
}

TEST(AttrTable, ManySetsComeAndGo) {
  NextHops next_hops;
  AttrTable table(next_hops);
  std::mt19937_64 random(7);
  std::map<std::uint32_t, AttrRef> held;
  for (int i = 0; i < 60000; ++i) {
    const auto n = static_cast<std::uint32_t>(random() % 9000);
    if (random() % 2 == 0) {
      AttrRef ref(table, table.intern(numbered(n)));
      const auto found = held.find(n);
      if (found != held.end()) {
        ASSERT_EQ(found->second.get(), ref.get());
      } else {
        held.emplace(n, std::move(ref));
      }
    } else {
      held.erase(n);
    }
    ASSERT_EQ(table.size(), held.size());
  }
  for (auto& [n, ref] : held) ASSERT_EQ(table.decode(ref.get()), numbered(n));
  held.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_LT(table.memory_bytes(), 200000u);
}

TEST(Table, FindsWhatIsThereWhileItGrowsAndShrinks) {
  for (const auto family : net::kFamilies) {
    Table table(family);
    std::mt19937_64 random(3);
    std::map<net::Prefix, EntryIndex> model;
    const auto prefix = [&](std::uint64_t n) {
      const auto length = 8 + static_cast<unsigned>(n % 17);
      if (family == Family::Ipv4Unicast)
        return net::Prefix::make(net::IpAddress::v4(static_cast<std::uint32_t>(n * 2654435761u)), length);
      std::array<std::uint8_t, 16> octets{0x20, 0x01, static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(n >> 8),
                                          static_cast<std::uint8_t>(n >> 16)};
      return net::Prefix::make(net::IpAddress::v6(octets), 40);
    };
    for (const unsigned grow : {90u, 20u, 80u, 5u}) {
      for (int i = 0; i < 30000; ++i) {
        if (random() % 100 < grow || model.empty()) {
          const auto p = prefix(random() % 40000);
          const auto index = table.find_or_insert(PrefixKey::of(p));
          const auto [at, made] = model.emplace(p, index);
          ASSERT_EQ(at->second, index);
          ASSERT_EQ(table.prefix(index), p);
        } else {
          auto at = model.lower_bound(prefix(random() % 40000));
          if (at == model.end()) at = model.begin();
          table.erase(at->second);
          ASSERT_EQ(table.find(PrefixKey::of(at->first)), kNoEntry);
          model.erase(at);
        }
        ASSERT_EQ(table.size(), model.size());
      }
      for (const auto& [p, index] : model) ASSERT_EQ(table.find(PrefixKey::of(p)), index) << to_string(p);
      std::size_t used = 0;
      for (std::uint32_t i = 0; i < table.index_limit(); ++i) used += table.in_use(EntryIndex{i}) ? 1 : 0;
      EXPECT_EQ(used, model.size());
    }
    for (const auto& [p, index] : model) table.erase(index);
    EXPECT_EQ(table.index_limit(), 0u);
    EXPECT_LT(table.memory_bytes(), 400000u);
    EXPECT_EQ(table.find(PrefixKey::of(prefix(1))), kNoEntry);
  }
}

TEST(PrefixKey, MasksHostBits) {
  const std::array<std::uint8_t, 2> octets{10, 0xff};
  EXPECT_EQ(to_string(PrefixKey::of(Family::Ipv4Unicast, 12, octets.data()).prefix()), "10.240.0.0/12");
  EXPECT_EQ(to_string(PrefixKey::of(Family::Ipv4Unicast, 0, octets.data()).prefix()), "0.0.0.0/0");
  EXPECT_EQ(to_string(PrefixKey::of(Family::Ipv4Unicast, 16, octets.data()).prefix()), "10.255.0.0/16");
}

TEST(PathArena, ListsGrowShrinkAndGoAway) {
  PathArena arena;
  const auto path = [](std::uint32_t id) {
    Path p{};
    p.path_id = net::PathId{id};
    return p;
  };
  auto list = arena.create(path(0));
  for (std::uint32_t i = 1; i < 300; ++i) list = arena.append(list, path(i));
  ASSERT_EQ(arena.list(list).size(), 300u);
  for (std::uint32_t i = 0; i < 300; ++i) ASSERT_EQ(arena.list(list)[i].path_id, net::PathId{i});
  list = arena.erase(list, 3);  // the last one takes its place
  EXPECT_EQ(arena.list(list)[3].path_id, net::PathId{299});
  std::set<std::uint32_t> left;
  for (const auto& p : arena.list(list)) left.insert(p.path_id.value());
  while (arena.list(list).size() > 1) {
    left.erase(arena.list(list).back().path_id.value());
    list = arena.erase(list, arena.list(list).size() - 1);
    ASSERT_EQ(arena.list(list).size(), left.size());
  }
  EXPECT_EQ(arena.front(list).path_id, net::PathId{0});
  EXPECT_EQ(arena.erase(list, 0), kNoPath);
}

TEST(NextHops, AFlapBetweenTwoReportsIsNotReported) {
  NextHops hops;
  NextHops::Changes track, untrack;
  const auto gateway = net::IpAddress::v4(0x0a000001);
  auto index = hops.acquire(gateway);
  hops.take(track, untrack);
  EXPECT_EQ(track.size(), 1u);
  track.clear();
  hops.at(index).reachable = true;
  hops.release(index);
  index = hops.acquire(gateway);
  hops.take(track, untrack);
  EXPECT_TRUE(track.empty());
  EXPECT_TRUE(untrack.empty());
  EXPECT_TRUE(hops.at(index).reachable);  // what the FIB said still holds
  hops.release(index);
  index = hops.acquire(gateway);
  hops.release(index);
  hops.take(track, untrack);
  EXPECT_TRUE(track.empty());
  EXPECT_EQ(untrack.size(), 1u);
  EXPECT_EQ(hops.size(), 0u);
  EXPECT_EQ(hops.find(gateway, ""), kNoNextHop);
}

TEST(NextHops, OneThatComesAndGoesUnseenIsNotReported) {
  NextHops hops;
  NextHops::Changes track, untrack;
  hops.release(hops.acquire(net::IpAddress::v4(0x0a000001)));
  hops.take(track, untrack);
  EXPECT_TRUE(track.empty());
  EXPECT_TRUE(untrack.empty());
  const auto self = hops.acquire(net::IpAddress{});  // a route of our own
  EXPECT_TRUE(hops.at(self).reachable);
  hops.take(track, untrack);
  EXPECT_TRUE(track.empty());
}

TEST(WireCache, BelievesOnlyEqualOctetsOfALivingRecord) {
  NextHops next_hops;
  AttrTable table(next_hops);
  WireCache cache(table);
  const wire::Bytes one{1, 2, 3}, other{1, 2, 4};
  const auto key = [](const wire::Bytes& octets) {
    wire::AttributeKey k;
    k.pieces[0] = octets;
    return k;
  };
  const auto index = table.intern(numbered(1));
  EXPECT_FALSE(cache.find(0, key(one), 77).has_value());
  cache.insert(0, key(one), 77, {index, Reason::AsLoop});
  ASSERT_TRUE(cache.find(0, key(one), 77).has_value());
  EXPECT_EQ(cache.find(0, key(one), 77)->attributes, index);
  EXPECT_EQ(cache.find(0, key(one), 77)->loop, Reason::AsLoop);
  EXPECT_FALSE(cache.find(0, key(other), 77).has_value());  // a collision of the hash
  EXPECT_FALSE(cache.find(1, key(one), 77).has_value());    // another class of sessions
  table.unref(index);
  EXPECT_FALSE(cache.find(0, key(one), 77).has_value());
}

TEST(WireCache, GrowsToABound) {
  NextHops next_hops;
  AttrTable table(next_hops);
  WireCache cache(table);
  const auto index = table.intern(numbered(1));
  std::mt19937_64 random(5);
  const wire::Bytes octets(40, 1);
  wire::AttributeKey key;
  key.pieces[0] = octets;
  for (int i = 0; i < 100000; ++i) cache.insert(0, key, random(), {index, Reason::Best});
  EXPECT_LT(cache.memory_bytes(), 1u << 20);
  EXPECT_GT(cache.memory_bytes(), 1u << 18);
  table.unref(index);
}

}  // namespace
}  // namespace podbgp::rib::test

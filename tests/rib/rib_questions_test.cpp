// What is asked of the table: by prefix, by view, in pages, and by readers of the journal.
#include "rib/rib.hpp"

#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

using Family = net::Family;

// --- questions ---

class RibQuery : public ::testing::Test {
 protected:
  RibQuery() {
    one = b.added_up(1);
    two = b.added_up(2);
    b.announce(one, attrs({65101}, "10.1.0.1"), {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "192.0.2.0/24"});
    b.announce(two, attrs({65102, 65103}, "10.1.0.2"), {"10.1.0.0/16", "172.16.0.0/12"});
    b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:1::/48"});
    b.settle();
  }
  std::set<std::string> prefixes(Query query) {
    std::set<std::string> found;
    do {
      const auto result = b.rib.query(query);
      for (const auto& route : result.routes) found.insert(to_string(route.prefix));
      for (const auto& route : result.advertised) found.insert(to_string(route.prefix));
      query.cursor = result.next_cursor;
    } while (query.cursor != 0);
    return found;
  }
  Bench b;
  net::PeerId one, two;
};
using Strings = std::set<std::string>;

TEST_F(RibQuery, MatchesByPrefix) {
  EXPECT_EQ(prefixes({.prefix = P("10.1.0.0/16")}), (Strings{"10.1.0.0/16"}));
  EXPECT_EQ(prefixes({.prefix = P("10.2.0.0/16")}), Strings{});
  EXPECT_EQ(prefixes({.prefix = P("10.1.0.0/16"), .match = PrefixMatch::Longer}),
            (Strings{"10.1.0.0/16", "10.1.1.0/24"}));
  EXPECT_EQ(prefixes({.prefix = P("10.1.1.1/32"), .match = PrefixMatch::Shorter}),
            (Strings{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"}));
  EXPECT_EQ(prefixes({.prefix = P("10.1.2.1/32"), .match = PrefixMatch::LongestMatch}), (Strings{"10.1.0.0/16"}));
  EXPECT_EQ(prefixes({.prefix = P("11.1.2.1/32"), .match = PrefixMatch::LongestMatch}), Strings{});
  EXPECT_EQ(prefixes({.family = Family::Ipv6Unicast, .prefix = P("10.1.0.0/16")}), Strings{});
  EXPECT_EQ(prefixes({.prefix = P("2001:db8::/32"), .match = PrefixMatch::Longer}), (Strings{"2001:db8:1::/48"}));
}

TEST_F(RibQuery, PagesShowEachPrefixOnce) {
  Query query{.limit = 2};
  std::multiset<std::string> seen;
  int pages = 0;
  do {
    const auto result = b.rib.query(query);
    EXPECT_LE(result.routes.size(), 2u);
    for (const auto& route : result.routes) seen.insert(to_string(route.prefix));
    query.cursor = result.next_cursor;
    ++pages;
  } while (query.cursor != 0);
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 6u);
  EXPECT_GE(pages, 3);
  EXPECT_TRUE(b.rib.query({.limit = 0}).routes.empty());
}

TEST_F(RibQuery, Views) {
  EXPECT_EQ(prefixes({.family = Family::Ipv6Unicast}), (Strings{"2001:db8:1::/48"}));
  EXPECT_EQ(prefixes({.view = Query::View::Received, .peer = two}), (Strings{"10.1.0.0/16", "172.16.0.0/12"}));
  const auto received = b.rib.query({.view = Query::View::Received, .prefix = P("10.1.0.0/16"), .peer = two});
  ASSERT_EQ(received.routes.at(0).paths.size(), 1u);
  EXPECT_EQ(received.routes[0].paths[0].reason, Reason::AsPathLength);
  EXPECT_EQ(prefixes({.view = Query::View::Best, .peer = two}), (Strings{"172.16.0.0/12"}));
  EXPECT_EQ(b.rib.query({.view = Query::View::All, .prefix = P("10.1.0.0/16")}).routes.at(0).paths.size(), 2u);
  EXPECT_EQ(b.rib.query({.view = Query::View::Best, .prefix = P("10.1.0.0/16")}).routes.at(0).paths.size(), 1u);
  EXPECT_EQ(prefixes({.view = Query::View::Advertised, .peer = one}), (Strings{"172.16.0.0/12"}));
  EXPECT_EQ(prefixes({.view = Query::View::Advertised, .family = Family::Ipv4Unicast, .peer = two}),
            (Strings{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "192.0.2.0/24"}));
  EXPECT_TRUE(prefixes({.view = Query::View::Advertised}).empty());
}

TEST_F(RibQuery, LongWalksAreCut) {
  Bench::Ids ids;
  for (std::uint32_t i = 0; i < 70000; ++i)
    ids.emplace_back(net::Prefix::make(net::IpAddress::v4(0x0b000000u + (i << 8)), 24), 0);
  b.announce(one, attrs({65101}, "10.1.0.1"), ids);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"203.0.113.0/24"});
  b.settle(100000);
  const auto first = b.rib.query({.prefix = P("203.0.113.0/24"), .match = PrefixMatch::Longer});
  EXPECT_TRUE(first.routes.empty());
  EXPECT_NE(first.next_cursor, 0u);
  EXPECT_EQ(prefixes({.prefix = P("203.0.113.0/24"), .match = PrefixMatch::Longer}), (Strings{"203.0.113.0/24"}));
}

// --- readers ---

std::map<net::Prefix, int> read_all(Rib& rib, Reader& reader) {
  std::map<net::Prefix, int> seen;
  while (rib.read(reader, 3, [&](const net::Prefix& prefix, std::uint64_t) { ++seen[prefix]; }) == 3) {
  }
  EXPECT_TRUE(rib.caught_up(reader));
  return seen;
}

TEST(RibReader, SeesEverythingOnceThenChanges) {
  Bench b;
  const auto one = b.added_up(1), two = b.added_up(2);
  b.announce(one, attrs({65101}, "10.1.0.1"), {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"});
  b.announce(one, attrs({65101}, "2001:db8::1"), {"2001:db8:1::/48"});
  b.settle();
  const auto best = b.rib.open_reader(true), any = b.rib.open_reader(false);
  EXPECT_FALSE(b.rib.caught_up(*best));
  EXPECT_EQ(read_all(b.rib, *best).size(), 4u);
  EXPECT_EQ(read_all(b.rib, *any).size(), 4u);
  EXPECT_TRUE(read_all(b.rib, *best).empty());

  b.announce(two, attrs({65102, 65103}, "10.1.0.2"), {"10.1.0.0/16"});  // not best: only `any` hears of it
  b.settle();
  EXPECT_TRUE(read_all(b.rib, *best).empty());
  EXPECT_EQ(read_all(b.rib, *any), (std::map<net::Prefix, int>{{P("10.1.0.0/16"), 1}}));
  b.withdraw(one, {"10.1.0.0/16", "10.0.0.0/8"});
  b.settle();
  const std::map<net::Prefix, int> both{{P("10.1.0.0/16"), 1}, {P("10.0.0.0/8"), 1}};
  EXPECT_EQ(read_all(b.rib, *best), both);
  EXPECT_EQ(read_all(b.rib, *any), both);
}

TEST(RibReader, SlowWatcherIsResetWhenTooManyTombstonesWaitForIt) {
  Bench b;
  const auto one = b.added_up(1);
  const auto slow = b.rib.open_reader(true, true);
  const auto fib = b.rib.open_reader(false);
  Bench::Ids ids;
  for (std::uint32_t i = 0; i < 70000; ++i)
    ids.emplace_back(net::Prefix::make(net::IpAddress::v4(0x0b000000u + (i << 8)), 24), 0);
  b.announce(one, attrs({65101}, "10.1.0.1"), ids);
  b.settle(100000);
  b.rib.peer_down(one);
  b.held.clear();
  b.settle(100000);
  EXPECT_EQ(b.rib.counters().prefixes[0], 0u);
  EXPECT_TRUE(b.rib.take_reset(*slow));
  EXPECT_FALSE(b.rib.take_reset(*slow));
  EXPECT_FALSE(b.rib.take_reset(*fib));
  std::size_t seen = 0;
  while (b.rib.read(*fib, 1000, [&](const net::Prefix&, std::uint64_t) { ++seen; }) == 1000) {
  }
  EXPECT_EQ(seen, 70000u);
  while (b.rib.read(*slow, 1000, [](const net::Prefix&, std::uint64_t) {}) == 1000) {
  }
  b.settle(100000);
  const auto after = b.rib.counters().memory_bytes;
  EXPECT_LT(after, 600 * 1024u);  // the table is gone, and so is its memory
}

}  // namespace
}  // namespace podbgp::rib::test

#include "rib/journal.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace podbgp::rib::test {
namespace {

PrefixKey key(std::uint32_t n) { return PrefixKey::of(net::Prefix::make(net::IpAddress::v4(n << 8), 24)); }

class JournalTest : public ::testing::Test {
 protected:
  EntryIndex entry(std::uint32_t n) {
    const auto index = table.find_or_insert(key(n));
    table.at(index).peer = 1;  // it has a path
    return index;
  }
  void bury(std::uint32_t n) {
    const auto index = table.find(key(n));
    table.at(index).peer = kNoPeer.value();
    journal.best_changed(index);
    journal.bury(index);
  }
  std::vector<std::uint32_t> read(JournalCursor& cursor, std::size_t limit = 1000000) {
    std::vector<std::uint32_t> seen;
    std::uint64_t last = 0;
    cursor.read(limit, [&](EntryIndex index, std::uint64_t at) {
      EXPECT_GT(at, last);
      last = at;
      seen.push_back(table.prefix(index).address().v4_value() >> 8);
    });
    return seen;
  }
  using Numbers = std::vector<std::uint32_t>;

  std::uint64_t revision = 0;
  Table table{net::Family::Ipv4Unicast};
  Journal journal{table, revision};
};

TEST_F(JournalTest, AReaderSeesTheLastChangeOfEachEntryOnce) {
  for (const auto n : {1u, 2u, 3u, 1u}) journal.best_changed(entry(n));
  JournalCursor cursor(journal, JournalList::Best);
  EXPECT_FALSE(cursor.caught_up());
  EXPECT_EQ(read(cursor), (Numbers{2, 3, 1}));
  EXPECT_TRUE(cursor.caught_up());
  EXPECT_EQ(cursor.position(), revision);
  EXPECT_TRUE(read(cursor).empty());
  journal.best_changed(entry(3));
  EXPECT_EQ(read(cursor), Numbers{3});
  cursor.rewind();
  EXPECT_EQ(read(cursor), (Numbers{2, 1, 3}));
}

TEST_F(JournalTest, AnEntryThatMovesAwayUnderACursorIsNotLost) {
  for (std::uint32_t n = 1; n <= 5; ++n) journal.best_changed(entry(n));
  JournalCursor cursor(journal, JournalList::Best);
  EXPECT_EQ(read(cursor, 2), (Numbers{1, 2}));
  journal.best_changed(entry(3));  // the next one
  journal.best_changed(entry(1));
  EXPECT_EQ(read(cursor), (Numbers{4, 5, 3, 1}));
}

TEST_F(JournalTest, AnyIsKeptFromItsFirstReaderOnAndShowsWhatWasBefore) {
  journal.best_changed(entry(1));
  journal.any_changed(entry(2));
  JournalCursor best(journal, JournalList::Best);
  EXPECT_EQ(read(best), Numbers{1});
  {
    JournalCursor any(journal, JournalList::Any);
    EXPECT_EQ(read(any), (Numbers{1, 2}));
    journal.any_changed(entry(1));
    EXPECT_EQ(read(any), Numbers{1});
    EXPECT_TRUE(read(best).empty());
    const auto before = journal.memory_bytes();
    any = JournalCursor();
    EXPECT_LT(journal.memory_bytes(), before);
  }
  JournalCursor again(journal, JournalList::Any);
  EXPECT_EQ(read(again), (Numbers{2, 1}));
}

TEST_F(JournalTest, TombstonesStayUntilEveryReaderHasPassed) {
  JournalCursor slow(journal, JournalList::Best), any(journal, JournalList::Any);
  journal.best_changed(entry(1));
  journal.best_changed(entry(2));
  EXPECT_EQ(read(any), (Numbers{1, 2}));
  bury(1);
  EXPECT_EQ(journal.tombstones(), 1u);
  (void)journal.reclaim(100);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(read(slow), (Numbers{2, 1}));
  (void)journal.reclaim(100);
  EXPECT_EQ(table.size(), 2u);  // `any` has not read it
  EXPECT_EQ(read(any), Numbers{1});
  (void)journal.reclaim(100);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(journal.tombstones(), 0u);
}

TEST_F(JournalTest, AnEntryThatLivesAgainIsNotReclaimed) {
  journal.best_changed(entry(1));
  bury(1);
  journal.best_changed(entry(1));  // entry() gives it a path again
  (void)journal.reclaim(100);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(journal.tombstones(), 0u);
  bury(1);
  (void)journal.reclaim(100);
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(JournalTest, StampsAreWidenedAcrossTheWrap) {
  revision = 0xfffffffeull;
  journal.best_changed(entry(1));
  journal.best_changed(entry(2));
  journal.best_changed(entry(3));
  EXPECT_EQ(journal.widen(table.at(entry(1)).best_stamp), 0xffffffffull);
  EXPECT_EQ(journal.widen(table.at(entry(3)).best_stamp), 0x100000001ull);
  JournalCursor cursor(journal, JournalList::Best);
  EXPECT_EQ(read(cursor), (Numbers{1, 2, 3}));
  revision += 0x200000000ull;  // far more changes elsewhere than a stamp can count
  journal.best_changed(entry(2));
  EXPECT_EQ(read(cursor), Numbers{2});
  cursor.rewind();
  EXPECT_EQ(read(cursor), (Numbers{1, 3, 2}));
}

// Readers of any speed against maps: what a reader knows after catching up is what is there.
TEST_F(JournalTest, ReadersOfAnySpeedConverge) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    std::map<std::uint32_t, std::uint64_t> content;  // by entry; absent: removed
    std::uint64_t next = 1;
    Table own(net::Family::Ipv4Unicast);
    std::uint64_t counter = 0;
    Journal log(own, counter);
    struct Follower {
      JournalCursor cursor;
      std::map<std::uint32_t, std::uint64_t> known;
    };
    std::vector<Follower> followers;
    for (int i = 0; i < 3; ++i)
      followers.push_back({JournalCursor(log, i == 2 ? JournalList::Any : JournalList::Best), {}});
    const auto follow = [&](Follower& f, std::size_t limit) {
      return f.cursor.read(limit, [&](EntryIndex index, std::uint64_t) {
        const auto n = own.prefix(index).address().v4_value() >> 8;
        if (content.contains(n)) {
          f.known[n] = content[n];
        } else {
          f.known.erase(n);
        }
      });
    };
    for (int step = 0; step < 40000; ++step) {
      const auto n = static_cast<std::uint32_t>(1 + random() % (seed % 2 == 0 ? 50 : 3000));
      const auto index = own.find_or_insert(key(n));
      if (random() % 4 == 0) {
        content.erase(n);
        own.at(index).peer = kNoPeer.value();
        log.best_changed(index);
        log.bury(index);
      } else {
        content[n] = next++;
        own.at(index).peer = 1;
        log.best_changed(index);
      }
      if (step % 7 == 0) (void)follow(followers[0], 5);
      if (step % 997 == 0) (void)follow(followers[1], 400);
      if (step % 3 == 0) (void)follow(followers[2], 10);
      if (step % 11 == 0) (void)log.reclaim(20);
    }
    for (auto& f : followers) {
      while (follow(f, 64) == 64) {
      }
      EXPECT_TRUE(f.cursor.caught_up());
      EXPECT_EQ(f.known, content) << "seed " << seed;
    }
    while (log.reclaim(1000)) {
    }
    EXPECT_EQ(own.size(), content.size());
    EXPECT_EQ(log.tombstones(), 0u);
    // Places of what changed again and again were squeezed out.
    EXPECT_LT(log.memory_bytes(), (2 * content.size() + 12 * 1024) * 8 * 2);
    Follower late{JournalCursor(log, JournalList::Best), {}};
    while (follow(late, 64) == 64) {
    }
    EXPECT_EQ(late.known, content) << "seed " << seed;
  }
}

}  // namespace
}  // namespace podbgp::rib::test

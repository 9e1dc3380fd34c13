#include "bgpd/owners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podbgp::bgpd {
namespace {

using api::ChangeResult;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

net::Prefix P(const char* text) { return *net::Prefix::parse(text); }
rib::LocalRoute route(const char* prefix, std::optional<std::uint32_t> med = {}) {
  rib::LocalRoute r;
  r.prefix = P(prefix);
  r.med = med;
  return r;
}

struct OwnersTest : ::testing::Test {
  std::uint64_t revision() {
    while (rib.run(100)) {
    }
    (void)rib.take_effects();
    return rib.revision();
  }
  std::size_t paths(const char* prefix) {
    (void)revision();
    const auto found = rib.route(P(prefix));
    return found ? found->paths.size() : 0;
  }
  std::vector<std::string> listed(const std::string& owner, std::size_t limit, std::string after = "") {
    std::vector<std::string> all;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = owners.page(owner, limit, after);
      EXPECT_LE(page.routes.size(), limit);
      for (const auto& r : page.routes) all.push_back(r.owner + " " + net::to_string(r.route.prefix));
      after = page.next_page_token;
      if (after.empty()) return all;
    }
    ADD_FAILURE() << "the pages do not end";
    return all;
  }
  rib::Rib rib{rib::RouterSettings{}};
  Owners owners{rib};
  net::TimePoint now{};
};

TEST_F(OwnersTest, TheSameAgainIsUnchangedAndReachesNoReader) {
  EXPECT_THAT(owners.announce("cni", {route("10.0.0.0/24", 5)}, now).value(), ElementsAre(ChangeResult::Added));
  const auto before = revision();
  EXPECT_THAT(owners.announce("cni", {route("10.0.0.0/24", 5)}, now).value(), ElementsAre(ChangeResult::Unchanged));
  EXPECT_EQ(revision(), before);
  EXPECT_THAT(owners.announce("cni", {route("10.0.0.0/24", 6)}, now).value(), ElementsAre(ChangeResult::Updated));
  EXPECT_GT(revision(), before);
  EXPECT_THAT(owners.announce("cni", {route("10.0.0.0/24", 6)}, now).value(), ElementsAre(ChangeResult::Unchanged));
}

TEST_F(OwnersTest, OwnersDoNotTouchEachOther) {
  (void)owners.announce("cni", {route("10.0.0.0/24")}, now).value();
  (void)owners.announce("lb", {route("10.0.0.0/24")}, now).value();
  EXPECT_EQ(paths("10.0.0.0/24"), 2u);
  EXPECT_THAT(owners.withdraw("lb", {P("10.0.0.0/24"), P("10.0.1.0/24")}),
              ElementsAre(ChangeResult::Removed, ChangeResult::NotFound));
  EXPECT_EQ(paths("10.0.0.0/24"), 1u);
  EXPECT_EQ(rib.route(P("10.0.0.0/24"))->paths[0].source, rib::RouteSource::Api);
  ASSERT_TRUE(owners.replace("lb", {route("10.0.2.0/24")}, 0, now));
  EXPECT_EQ(paths("10.0.0.0/24"), 1u);
  EXPECT_EQ(owners.name(1), "cni");
  EXPECT_EQ(owners.name(2), "lb");
  EXPECT_EQ(owners.name(3), "");
}

TEST_F(OwnersTest, ReplaceIsAMinimalDifference) {
  (void)owners.announce("cni", {route("10.0.0.0/24"), route("10.0.1.0/24", 1), route("10.0.2.0/24")}, now).value();
  const auto done = owners.replace("cni", {route("10.0.0.0/24"), route("10.0.1.0/24", 2), route("10.0.3.0/24")}, 7, now);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->added, 1u);
  EXPECT_EQ(done->updated, 1u);
  EXPECT_EQ(done->removed, 1u);
  EXPECT_EQ(done->unchanged, 1u);
  EXPECT_EQ(done->generation, 7u);
  EXPECT_EQ(paths("10.0.2.0/24"), 0u);
  EXPECT_EQ(paths("10.0.3.0/24"), 1u);
}

TEST_F(OwnersTest, AnOlderGenerationIsRefusedAndTheSameIsFine) {
  ASSERT_TRUE(owners.replace("cni", {route("10.0.0.0/24")}, 5, now));
  const auto old = owners.replace("cni", {}, 4, now);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().reason, "GENERATION_TOO_OLD");
  EXPECT_EQ(old.error().metadata.at("current_generation"), "5");
  EXPECT_EQ(paths("10.0.0.0/24"), 1u);
  EXPECT_TRUE(owners.replace("cni", {route("10.0.0.0/24")}, 5, now));
  const auto without = owners.replace("cni", {route("10.0.1.0/24")}, 0, now);  // without a number: not guarded, and it stays
  ASSERT_TRUE(without);
  EXPECT_EQ(without->generation, 5u);
  EXPECT_FALSE(owners.replace("cni", {}, 4, now));
  ASSERT_TRUE(owners.replace("lb", {}, 1, now));  // each owner has its own
}

TEST_F(OwnersTest, PagesGoThroughAllOwnersInOrderAndMissNothing) {
  (void)owners.announce("b", {route("10.0.3.0/24"), route("10.0.1.0/24")}, now).value();
  (void)owners.announce("a", {route("10.0.2.0/24"), route("10.0.0.0/24"), route("fd00::/64")}, now).value();
  const std::vector<std::string> all{"a 10.0.0.0/24", "a 10.0.2.0/24", "a fd00::/64", "b 10.0.1.0/24", "b 10.0.3.0/24"};
  for (std::size_t limit = 1; limit <= 6; ++limit) EXPECT_EQ(listed("", limit), all) << limit;
  for (std::size_t limit = 1; limit <= 3; ++limit)
    EXPECT_EQ(listed("b", limit), (std::vector<std::string>{"b 10.0.1.0/24", "b 10.0.3.0/24"})) << limit;
  EXPECT_TRUE(listed("c", 5).empty());
  const auto first = owners.page("", 1, "");
  (void)owners.withdraw("a", {P("10.0.0.0/24")});  // the route that the token names went meanwhile
  EXPECT_EQ(listed("", 2, first.next_page_token), (std::vector<std::string>(all.begin() + 1, all.end())));
}

TEST_F(OwnersTest, ThoseFromBeforeTheRestartAreAwaitedUntilTheySpeak) {
  owners.expect({"cni", "lb", "vip"});
  EXPECT_FALSE(owners.all_spoken());
  (void)owners.announce("cni", {route("10.0.0.0/24")}, now).value();
  EXPECT_THAT(owners.with_routes(), UnorderedElementsAre("cni", "lb", "vip"));  // who did not speak yet is not forgotten
  (void)owners.withdraw("lb", {P("10.0.1.0/24")});
  EXPECT_FALSE(owners.all_spoken());
  ASSERT_TRUE(owners.replace("vip", {}, 0, now));
  EXPECT_TRUE(owners.all_spoken());
  EXPECT_THAT(owners.with_routes(), ElementsAre("cni"));
}

TEST_F(OwnersTest, AnOldSetIsNotASpokenWord) {
  ASSERT_TRUE(owners.replace("cni", {}, 5, now));
  owners.expect({"cni"});
  EXPECT_FALSE(owners.replace("cni", {}, 4, now));
  EXPECT_FALSE(owners.all_spoken());
}

TEST_F(OwnersTest, ListSaysHowManyRoutesAndWhichGeneration) {
  (void)owners.announce("cni", {route("10.0.0.0/24"), route("10.0.1.0/24")}, now).value();
  ASSERT_TRUE(owners.replace("lb", {}, 3, now));
  const auto list = owners.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "cni");
  EXPECT_EQ(list[0].routes, 2u);
  EXPECT_EQ(list[0].generation, 0u);
  EXPECT_EQ(list[1].routes, 0u);
  EXPECT_EQ(list[1].generation, 3u);
}

}  // namespace
}  // namespace podbgp::bgpd

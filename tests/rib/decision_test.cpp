#include "rib/decision.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace podbgp::rib::test {
namespace {

Candidate candidate() {
  return {.external = true,
          .path_length = 3,
          .med = 50,
          .neighbour_as = 65001,
          .metric = 20,
          .router_id = 20,
          .path_id = 5,
          .peer_address = net::IpAddress::v4(0x0a000014)};
}
template <class F>
Candidate with(F&& change) {
  auto c = candidate();
  change(c);
  return c;
}

std::vector<Reason> reasons_of(const std::vector<Candidate>& candidates, unsigned max_paths, std::size_t& best) {
  std::vector<Reason> reasons(candidates.size());
  best = decide(candidates, max_paths, reasons);
  return reasons;
}

struct Rung {
  Reason reason;  // why the second loses against the first
  Candidate better, worse;
};

// Each rung: the better one wins by this step although it is worse at every step that comes after.
const std::vector<Rung>& ladder() {
  static const auto later_is_worse = [](Candidate& c, Reason from) {
    const auto after = [from](Reason r) { return static_cast<int>(r) > static_cast<int>(from); };
    if (after(Reason::LocalRoute)) c.local = false;
    if (after(Reason::AsPathLength)) c.path_length = 9;
    if (after(Reason::Origin)) c.origin = 2;
    if (after(Reason::Med)) c.med = 99;
    if (after(Reason::ExternalOverInternal)) c.external = false;
    if (after(Reason::IgpCost)) c.metric = 99;
    if (after(Reason::RouterId)) c.router_id = 99;
    if (after(Reason::ClusterListLength)) c.cluster_length = 9;
    if (after(Reason::PeerAddress)) c.peer_address = net::IpAddress::v4(0x0a000063);
    if (after(Reason::PathIdentifier)) c.path_id = 99;
  };
  static const auto rung = [](Reason reason, auto better) {
    auto winner = candidate();
    later_is_worse(winner, reason);
    better(winner);
    return Rung{reason, winner, candidate()};
  };
  static const std::vector<Rung> rungs{
      rung(Reason::LocalPref, [](Candidate& c) { c.local_pref = 101; }),
      rung(Reason::LocalRoute, [](Candidate& c) { c.local = true; }),
      rung(Reason::AsPathLength, [](Candidate& c) { c.path_length = 2; }),
      Rung{Reason::Origin, with([](Candidate& c) { later_is_worse(c, Reason::Origin); }),
           with([](Candidate& c) { c.origin = 1; })},
      rung(Reason::Med, [](Candidate& c) { c.med = 49; }),
      Rung{Reason::ExternalOverInternal, with([](Candidate& c) { later_is_worse(c, Reason::ExternalOverInternal); }),
           with([](Candidate& c) { c.external = false; })},
      rung(Reason::IgpCost, [](Candidate& c) { c.metric = 19; }),
      rung(Reason::RouterId, [](Candidate& c) { c.router_id = 19; }),
      Rung{Reason::ClusterListLength, with([](Candidate& c) { later_is_worse(c, Reason::ClusterListLength); }),
           with([](Candidate& c) { c.cluster_length = 1; })},
      rung(Reason::PeerAddress, [](Candidate& c) { c.peer_address = net::IpAddress::v4(0x0a000013); }),
      rung(Reason::PathIdentifier, [](Candidate& c) { c.path_id = 4; }),
  };
  return rungs;
}

TEST(Rfc4271_9_1_2_2, EachStepDecidesBeforeAllThatComeAfter) {
  for (const auto& [reason, better, worse] : ladder()) {
    SCOPED_TRACE(to_string(reason));
    std::size_t best = 0;
    EXPECT_EQ(reasons_of({better, worse}, 1, best)[1], reason);
    EXPECT_EQ(best, 0u);
    EXPECT_EQ(reasons_of({worse, better}, 1, best)[0], reason);
    EXPECT_EQ(best, 1u);
  }
}

TEST(Rfc4271_9_1_2_2_c, MedOnlyWithinOneNeighbouringAs) {
  const auto one = with([](Candidate& c) { c.med = 100; });
  const auto other = with([](Candidate& c) { c.neighbour_as = 65002, c.med = 10, c.router_id = 30; });
  std::size_t best = 0;
  const auto reasons = reasons_of({one, other}, 1, best);
  EXPECT_EQ(best, 0u);
  EXPECT_EQ(reasons[1], Reason::RouterId);
}

TEST(Rfc4271_9_1_2_2_c, MedTakesOutBeforeLaterStepsLook) {
  // A beats B by MED, B beats C by router id, C beats A by router id: pairwise there is no best.
  const auto a = with([](Candidate& c) { c.med = 10, c.router_id = 3; });
  const auto b = with([](Candidate& c) { c.med = 20, c.router_id = 1; });
  const auto c = with([](Candidate& d) { d.neighbour_as = 65002, d.router_id = 2; });
  std::vector<Candidate> all{a, b, c};
  std::vector<int> order{0, 1, 2};
  do {
    std::size_t best = 0;
    const std::vector<Candidate> shuffled{all[order[0]], all[order[1]], all[order[2]]};
    const auto reasons = reasons_of(shuffled, 1, best);
    EXPECT_EQ(order[best], 2);
    for (std::size_t i = 0; i < 3; ++i) {
      if (order[i] == 1) {
        EXPECT_EQ(reasons[i], Reason::Med);
      }
      if (order[i] == 0) {
        EXPECT_EQ(reasons[i], Reason::RouterId);
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Decision, NothingEligibleMeansNoBest) {
  std::size_t best = 0;
  EXPECT_TRUE(reasons_of({}, 8, best).empty());
  EXPECT_EQ(best, kNoBest);
  const auto loop = with([](Candidate& c) { c.excluded = Reason::AsLoop; });
  const auto unreachable = with([](Candidate& c) { c.excluded = Reason::NextHopUnreachable; });
  EXPECT_EQ(reasons_of({loop, unreachable}, 8, best), (std::vector{Reason::AsLoop, Reason::NextHopUnreachable}));
  EXPECT_EQ(best, kNoBest);
  EXPECT_EQ(reasons_of({loop, candidate()}, 8, best), (std::vector{Reason::AsLoop, Reason::Best}));
  EXPECT_EQ(best, 1u);
}

TEST(Decision, MultipathTakesTheFirstOfTheEqualOnes) {
  const auto number = [](std::uint32_t n) { return with([n](Candidate& c) { c.router_id = n; }); };
  const auto farther = with([](Candidate& c) { c.metric = 21; });
  std::size_t best = 0;
  EXPECT_EQ(reasons_of({number(3), number(1), farther, number(4), number(2)}, 3, best),
            (std::vector{Reason::Multipath, Reason::Best, Reason::IgpCost, Reason::RouterId, Reason::Multipath}));
  EXPECT_EQ(reasons_of({number(2), number(1)}, 1, best), (std::vector{Reason::RouterId, Reason::Best}));
}

TEST(Decision, RoutesOfOurOwnAreNeverMultipath) {
  const auto own = [](std::uint32_t owner) {
    return with([owner](Candidate& c) { c.local = true, c.path_id = owner; });
  };
  std::size_t best = 0;
  EXPECT_EQ(reasons_of({own(2), own(1)}, 8, best), (std::vector{Reason::PathIdentifier, Reason::Best}));
}

TEST(Decision, DoesNotDependOnTheOrderOfCandidates) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Candidate> candidates(1 + random() % 8);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      auto& c = candidates[i];
      c.excluded = random() % 8 == 0 ? Reason::AsLoop : Reason::Best;
      c.external = random() % 2 == 0;
      c.path_length = static_cast<std::uint16_t>(random() % 2);
      c.med = static_cast<std::uint32_t>(random() % 3);
      c.neighbour_as = static_cast<std::uint32_t>(random() % 3);
      c.metric = static_cast<std::uint32_t>(random() % 2);
      c.router_id = static_cast<std::uint32_t>(random() % 3);
      c.cluster_length = static_cast<std::uint8_t>(random() % 2);
      c.path_id = static_cast<std::uint32_t>(i);
    }
    const unsigned max_paths = 1 + static_cast<unsigned>(random() % 3);
    std::size_t best = 0;
    const auto reasons = reasons_of(candidates, max_paths, best);
    auto shuffled = candidates;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    std::size_t other = 0;
    const auto shuffled_reasons = reasons_of(shuffled, max_paths, other);
    ASSERT_EQ(best == kNoBest, other == kNoBest) << "seed " << seed;
    if (best != kNoBest) {
      ASSERT_EQ(candidates[best].path_id, shuffled[other].path_id) << "seed " << seed;
    }
    for (std::size_t i = 0; i < shuffled.size(); ++i) {
      ASSERT_EQ(shuffled_reasons[i], reasons[shuffled[i].path_id]) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace podbgp::rib::test

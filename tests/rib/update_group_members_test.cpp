// Members of update groups over time: who joins, lags, asks again, changes its settings or goes.
#include "rib/update_group.hpp"

#include "rib/out_queue.hpp"
#include "update_group_support.hpp"

namespace podbgp::rib {
namespace {

using namespace testing;

// --- who comes later, lags, changes, asks again ---

TEST(UpdateGroup, WhoJoinsLaterReadsForItselfAndThenMeetsTheOthers) {
  Bench bench;
  const auto first = bench.add_up(65001);
  for (unsigned n = 0; n < 1000; ++n) bench.feed.set(numbered(n), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.drain();
  const auto sent = bench[first].receiver.updates;
  const auto later = bench.add_up(65002), too = bench.add_up(65003);
  static_cast<void>(bench.groups.run(100));
  EXPECT_EQ(bench.groups.groups(), 3u);  // the two that joined together read together
  bench.drain();
  EXPECT_EQ(bench.groups.groups(), 2u);
  EXPECT_EQ(bench[first].receiver.updates, sent);
  EXPECT_EQ(bench[later].receiver.held.size(), 1000u);
  EXPECT_EQ(bench[too].receiver.held.size(), 1000u);
  bench.feed.set(numbered(5), Bench::attributes(2), kLocalPeer, RouteSource::Api);
  bench.drain();
  bench.expect_all_right();
}

TEST(UpdateGroup, WhoDoesNotReadHurtsNobodyElseAndCatchesUp) {
  UpdateGroups::Limits limits{.low_water = 1000, .lag = 4000, .chunk = 1000, .window = 64};
  Bench bench(limits);
  const auto good = bench.add_up(65001), slow = bench.add_up(65002), good2 = bench.add_up(65003);
  bench.drain();
  for (unsigned round = 0; round < 50; ++round) {
    for (unsigned n = 0; n < 1000; ++n)
      bench.feed.set(numbered(n), Bench::attributes(1, round * 10 + n % 7 + 1), kLocalPeer, RouteSource::Api);
    for (int i = 0; i < 100; ++i) {
      static_cast<void>(bench.groups.run(1000));
      bench.pull(good);
      bench.pull(good2);
    }
    ASSERT_EQ(bench[good].receiver.held, bench.expected(good));
  }
  EXPECT_EQ(bench.groups.groups(), 3u);
  EXPECT_LT(bench.groups.memory_bytes(), 900000u);
  const auto before = bench[slow].receiver.announced;
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench.groups.groups(), 2u);
  // Of 50 rounds it got what was queued, and the last state: the rest was coalesced.
  EXPECT_LT(bench[slow].receiver.announced - before, 4000u);
  EXPECT_EQ(bench[good].receiver.repeated, 0u);
}

TEST(UpdateGroup, AGroupWhoseMembersAllWaitDoesNotRead) {
  Bench bench(UpdateGroups::Limits{.low_water = 1000, .lag = 4000, .chunk = 1000, .window = 64});
  bench.add_up(65001);
  bench.drain();
  for (unsigned n = 0; n < 10000; ++n)
    bench.feed.set(numbered(n), Bench::attributes(1, n), kLocalPeer, RouteSource::Api);
  bench.feed.reads = 0;
  while (bench.groups.run(100)) {
  }
  EXPECT_FALSE(bench.groups.has_work());
  EXPECT_LT(bench.feed.reads, 200u);
  bench.pull(net::PeerId{0});
  EXPECT_TRUE(bench.groups.has_work());
}

TEST(UpdateGroup, ChangedPolicySendsOnlyWhatDiffers) {
  Bench bench;
  const auto a = bench.add_up(65001), b = bench.add_up(65002);
  for (unsigned n = 0; n < 100; ++n) bench.feed.set(numbered(n), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.drain();
  Match ten;
  ten.prefix = {range("10.0.0.0/20", 24, 24)};
  Match one;
  one.prefix = {exactly("10.0.99.0/24")};
  Changes tag;
  tag.add_communities = {wire::Community{7}};
  const PolicyChain chain{Policy{
      "p",
      {{"p[0]", ten, {}, Verdict::Reject}, {"p[1]", one, tag, Verdict::Accept}, {"p[2]", {}, {}, Verdict::Accept}}}};
  bench[a].settings.export_ = chain;
  bench.change(a);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[a].receiver.withdrawn, 16u);
  EXPECT_EQ(bench[a].receiver.announced, 101u);
  EXPECT_EQ(bench[b].receiver.announced, 100u);
  // The other follows; both are together again, and nothing is sent to the first.
  const auto sent = bench[a].receiver.updates;
  bench[b].settings.export_ = chain;
  bench.change(b);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[b].receiver.withdrawn, 16u);
  EXPECT_EQ(bench[a].receiver.updates, sent);
  EXPECT_EQ(bench.groups.groups(), 2u);
  // All together: the group stays as it is and is read once.
  bench[a].settings.export_ = bench[b].settings.export_ = Bench::accept_all();
  bench.change(a);
  bench.change(b);
  bench.run();
  EXPECT_EQ(bench.groups.groups(), 2u);
  bench.drain();
  bench.expect_all_right();
}

TEST(UpdateGroup, SettingsThatChangeNothingSendNothing) {
  Bench bench;
  const auto a = bench.add_up(65001);
  bench.feed.set(numbered(1), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.drain();
  bench.feed.reads = 0;
  bench[a].settings.max_prefixes.received = 5;
  bench.change(a);
  bench.groups.set_router(Bench::router());
  bench.drain();
  EXPECT_EQ(bench.feed.reads, 0u);
}

TEST(UpdateGroup, ChangedSelfAddressSendsEverythingWithTheNewNextHop) {
  Bench bench;
  const auto a = bench.add_up(65001), b = bench.add_up(65002), source = bench.add(65009);
  for (unsigned n = 0; n < 10; ++n) {
    bench.feed.set(numbered(n), Bench::attributes(1), kLocalPeer, RouteSource::Api);
    bench.feed.set(numbered6(n), Bench::attributes(1, 0, Family::Ipv6Unicast), source);
  }
  bench.drain();
  bench[a].session.self_v6 = ip("fd00::2");
  bench.groups.session_changed(a, bench[a].session);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[a].receiver.announced, 30u);
  EXPECT_EQ(bench[b].receiver.announced, 20u);
  bench[a].session.self_v6.reset();  // none left: what needs it goes
  bench.groups.session_changed(a, bench[a].session);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[a].receiver.withdrawn, 10u);
}

TEST(UpdateGroup, ChangedClusterIdIsWrittenIntoWhatIsReflected) {
  Bench bench;
  const auto client = bench.add(65000), other = bench.add(65000);
  bench[client].settings.reflector_client = true;
  bench.change(client);
  bench.up(client);
  bench.up(other);
  bench.feed.set(numbered(1), Bench::attributes(1), client);
  bench.feed.set(numbered(2), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[other].receiver.held.at(numbered(1)).originator_id, bench[client].session.peer_id);
  auto router = Bench::router();
  router.cluster_id = net::RouterId{99};
  bench.groups.set_router(router);
  bench.drain();
  EXPECT_EQ(bench[other].receiver.held.at(numbered(1)).cluster_list.at(0), net::RouterId{99});
  EXPECT_EQ(bench[other].receiver.announced, 3u);
}

TEST(UpdateGroup, Rfc4456_8_ANewRouterIdOfTheSourceIsWritten) {
  Bench bench;
  const auto client = bench.add(65000), other = bench.add(65000);
  bench[client].settings.reflector_client = true;
  bench.change(client);
  bench.up(client);
  bench.up(other);
  bench.feed.set(numbered(1), Bench::attributes(1), client);
  bench.drain();
  bench[client].session.peer_id = net::RouterId{77};
  bench.up(client);  // a new session; its path is the same again
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[other].receiver.held.at(numbered(1)).originator_id, net::RouterId{77});
}

TEST(UpdateGroup, APeerThatBecomesAClientIsReflectedToOthers) {
  Bench bench;
  const auto a = bench.add_up(65000), b = bench.add_up(65000);
  bench.feed.set(numbered(1), Bench::attributes(1), a);
  bench.drain();
  EXPECT_EQ(bench.groups.explain(b, bench.feed.item(numbered(1))).reason, ExportReason::NotReflected);
  EXPECT_TRUE(bench[b].receiver.held.empty());
  bench[a].settings.reflector_client = true;
  bench.change(a);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[b].receiver.held.size(), 1u);
}

TEST(UpdateGroup, Rfc2918_4_RefreshSendsEverythingToWhoAskedOnly) {
  Bench bench;
  const auto a = bench.add_up(65001), b = bench.add_up(65002);
  for (unsigned n = 0; n < 100; ++n)
    bench.feed.set(numbered(n), Bench::attributes(1), n % 2 ? a : kLocalPeer,
                   n % 2 ? RouteSource::Bgp : RouteSource::Api);
  bench.drain();
  bench.groups.route_refresh(a, Family::Ipv4Unicast);
  bench[a].receiver.refreshing = true;
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[a].receiver.repeated, 50u);
  EXPECT_EQ(bench[b].receiver.announced, 100u);
  EXPECT_EQ(bench.groups.groups(), 2u);
  for (const auto id : {a, b}) {
    bench.groups.route_refresh(id, Family::Ipv4Unicast);
    bench[id].receiver.refreshing = true;
  }
  bench.feed.reads = 0;
  bench.drain();
  EXPECT_EQ(bench.feed.reads, 100u);  // for both together
  EXPECT_EQ(bench[a].receiver.repeated, 100u);
  EXPECT_EQ(bench[b].receiver.repeated, 100u);
  bench.groups.route_refresh(PeerId{99}, Family::Ipv4Unicast);  // nobody: nothing
  bench.drain();
}

TEST(UpdateGroup, Rfc7606_2_DisabledFamilyIsSentNoMore) {
  Bench bench;
  const auto a = bench.add_up(65001);
  bench.drain();
  bench.groups.disable_family(a, Family::Ipv6Unicast);
  bench.groups.disable_family(PeerId{9}, Family::Ipv6Unicast);
  bench.feed.set(numbered(1), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.feed.set(numbered6(1), Bench::attributes(1, 0, Family::Ipv6Unicast), kLocalPeer, RouteSource::Api);
  bench.drain();
  EXPECT_EQ(bench[a].receiver.held.size(), 1u);
  bench[a].settings.next_hop = NextHopSelf{};  // a change of settings does not bring it back
  bench.change(a);
  bench.drain();
  EXPECT_EQ(bench[a].receiver.held.size(), 1u);
}

TEST(UpdateGroup, SessionDownForgetsAndUpBeginsAgain) {
  Bench bench;
  const auto a = bench.add_up(65001);
  for (unsigned n = 0; n < 100; ++n) bench.feed.set(numbered(n), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.run();
  bench.down(a);
  EXPECT_FALSE(bench.groups.has_output(a));
  EXPECT_TRUE(bench.groups.take_output_ready().empty());
  EXPECT_EQ(bench.groups.advertised(a, Family::Ipv4Unicast), 0u);
  bench.run();
  EXPECT_EQ(bench.feed.open_cursors(), 0u);
  bench.up(a);
  bench.drain();
  bench.expect_all_right();
  bench.groups.remove_peer(a);
  bench.groups.remove_peer(a);
  bench.peers[0].up = false;
  bench.run();
  bench.feed.clear();
  EXPECT_EQ(bench.feed.live_attributes(), 0u);
}

TEST(UpdateGroup, WithAddPathTheBestPathIsNumberOne) {
  Bench bench;
  const auto a = bench.add(65001);
  bench[a].session.add_path_send = {Family::Ipv4Unicast};
  bench.up(a);
  bench[a].receiver.context.add_path_receive = {Family::Ipv4Unicast};
  bench.feed.set(numbered(1), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench.groups.advertised(a, bench.feed.item(numbered(1)))->path_id, net::PathId{1});
}

TEST(UpdateGroup, AttributesThatFitNoMessageAreNotSent) {
  Bench bench;
  const auto a = bench.add_up(65001);
  auto set = Bench::attributes(1);
  bench.feed.set(numbered(1), set, kLocalPeer, RouteSource::Api);
  bench.drain();
  for (std::uint32_t i = 0; i < 1100; ++i) set.communities.emplace_back(i);
  bench.feed.set(numbered(1), set, kLocalPeer, RouteSource::Api);
  bench.drain();
  EXPECT_TRUE(bench[a].receiver.held.empty());  // and what it had before is gone: it is no longer true
  EXPECT_EQ(bench[a].receiver.withdrawn, 1u);
  EXPECT_EQ(bench.groups.advertised(a, Family::Ipv4Unicast), 0u);
}

TEST(UpdateGroup, ReadyIsSaidOnceUntilItIsTaken) {
  Bench bench;
  const auto a = bench.add_up(65001);
  bench.run();
  EXPECT_EQ(bench.groups.take_output_ready(), std::vector{a});
  EXPECT_TRUE(bench.groups.take_output_ready().empty());
  bench.pull(a);
  EXPECT_FALSE(bench.groups.has_output(a));
  bench.feed.set(numbered(1), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  bench.feed.set(numbered6(1), Bench::attributes(1, 0, Family::Ipv6Unicast), kLocalPeer, RouteSource::Api);
  bench.run();
  EXPECT_EQ(bench.groups.take_output_ready(), std::vector{a});
}

// One who reads makes the group go on; the others must hear of it although nothing else happens.
TEST(UpdateGroup, WhatOnePullsIsSaidToTheOthers) {
  Bench bench(UpdateGroups::Limits{.low_water = 1000, .lag = 100000, .chunk = 1000, .window = 64});
  const auto a = bench.add_up(65001), b = bench.add_up(65002);
  bench.drain();
  for (unsigned n = 0; n < 1000; ++n)
    bench.feed.set(numbered(n), Bench::attributes(1, n), kLocalPeer, RouteSource::Api);
  bench.run();
  EXPECT_EQ(bench.groups.take_output_ready().size(), 2u);
  EXPECT_FALSE(bench.groups.needs_run());
  bench.pull(b);
  EXPECT_TRUE(bench.groups.needs_run());
  bench.pull(a);
  bench.pull(a);
  EXPECT_TRUE(bench.groups.needs_run());
  static_cast<void>(bench.groups.run(1));
  EXPECT_EQ(bench.groups.take_output_ready().size(), 2u);
}

TEST(OutQueue, StepsOverWhatIsForOthersAndJoinsNeighbours) {
  const auto buffer = std::make_shared<const wire::Bytes>(100);
  const auto chunk = std::make_shared<Chunk>();
  const PeerId a{1}, b{2};
  chunk->buffer = buffer;
  chunk->pieces = {{10, kNoPeer, Piece::For::All},
                   {30, a, Piece::For::Except},
                   {40, b, Piece::For::Only},
                   {70, kNoPeer, Piece::For::All},
                   {100, a, Piece::For::Only}};
  OutQueue qa, qb;
  EXPECT_TRUE(qa.push(chunk, a));
  EXPECT_TRUE(qb.push(chunk, b));
  std::vector<OutSlice> out;
  qa.take(1000, a, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].size, 10u);
  EXPECT_EQ(out[1].offset, 40u);
  EXPECT_EQ(out[1].size, 60u);
  EXPECT_EQ(qa.backlog(), 0u);
  out.clear();
  qb.take(30, b, out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].size, 30u);
  qb.take(1, b, out);
  qb.take(1, b, out);
  EXPECT_TRUE(qb.empty());  // what is behind is not for b
  EXPECT_EQ(qb.backlog(), 0u);
}

}  // namespace
}  // namespace podbgp::rib

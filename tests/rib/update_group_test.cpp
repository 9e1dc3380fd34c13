// Update groups: who shares, what is sent, what is not, and what the source of a path gets.
#include "rib/update_group.hpp"

#include "update_group_support.hpp"

namespace podbgp::rib {
namespace {

using namespace testing;

TEST(UpdateGroup, PeersWithEqualBytesShareOneReaderAndOneBuffer) {
  Bench bench;
  for (unsigned i = 0; i < 20; ++i) bench.add_up(65100 + i);  // each has its own AS: what they are sent is the same
  bench.run();
  EXPECT_EQ(bench.groups.groups(), 2u);  // one for each family
  bench.drain();
  for (unsigned n = 0; n < 100; ++n)
    bench.feed.set(numbered(n), Bench::attributes(65001), kLocalPeer, RouteSource::Api);
  bench.feed.reads = 0;
  bench.run();
  EXPECT_EQ(bench.feed.reads, 100u);
  std::set<const wire::Bytes*> buffers;
  for (std::uint16_t i = 0; i < 20; ++i) {
    std::vector<OutSlice> slices;
    bench.groups.next_output(net::PeerId{i}, 1 << 20, slices);
    ASSERT_EQ(slices.size(), 1u);
    buffers.insert(slices[0].buffer.get());
    bench[net::PeerId{i}].receiver.read(wire::ByteSpan(*slices[0].buffer).subspan(slices[0].offset, slices[0].size));
    EXPECT_EQ(bench[net::PeerId{i}].receiver.updates, 3u);  // two End-of-RIB and one full UPDATE
  }
  EXPECT_EQ(buffers.size(), 1u);
  bench.expect_all_right();
}

TEST(UpdateGroup, WhatChangesBytesOrPolicySplits) {
  Bench bench;
  bench.add_up(65001);
  const auto group_count = [&] {
    bench.drain();
    return bench.groups.groups();
  };
  EXPECT_EQ(group_count(), 2u);
  const auto add_with = [&](auto&& change) {
    const auto id = bench.add(65002);
    change(bench[id]);
    bench.change(id);
    bench.up(id);
  };
  bench.feed.set(numbered(1), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  add_with([](auto&) {});
  EXPECT_EQ(group_count(), 2u);
  add_with([](auto& p) { p.session.self_v4 = ip("10.0.0.2"); });
  EXPECT_EQ(group_count(), 3u);  // IPv6 still shared
  add_with([](auto& p) { p.session.self_v6_link_local = ip("fe80::1"); });
  EXPECT_EQ(group_count(), 4u);
  add_with([](auto& p) { p.session.four_octet_as = false; });
  EXPECT_EQ(group_count(), 6u);
  add_with([](auto& p) { p.settings.peer_asn = net::Asn{65000}; });
  EXPECT_EQ(group_count(), 8u);
  add_with([](auto& p) {
    p.settings.peer_asn = net::Asn{65000};
    p.settings.reflector_client = true;
  });
  EXPECT_EQ(group_count(), 10u);
  add_with([](auto& p) { (*p.settings.export_)[0].name = "other"; });
  EXPECT_EQ(group_count(), 12u);
  add_with([](auto& p) { p.settings.next_hop = ip("10.0.0.77"); });
  EXPECT_EQ(group_count(), 13u);  // an IPv4 address makes no difference to IPv6
  add_with([](auto& p) { p.session.extended_message = true; });
  EXPECT_EQ(group_count(), 15u);
  add_with([](auto& p) { p.session.add_path_send = {Family::Ipv6Unicast}; });
  EXPECT_EQ(group_count(), 16u);
}

TEST(UpdateGroup, Rfc4724_2_EndOfRibOnceAfterTheInitialRoutesOfEachFamily) {
  Bench bench;
  for (unsigned n = 0; n < 500; ++n) {
    bench.feed.set(numbered(n), Bench::attributes(1), kLocalPeer, RouteSource::Api);
    bench.feed.set(numbered6(n), Bench::attributes(1, 0, Family::Ipv6Unicast), kLocalPeer, RouteSource::Api);
  }
  const auto id = bench.add_up(65001);
  while (bench[id].receiver.end_of_rib[Family::Ipv6Unicast] == 0) {
    static_cast<void>(bench.groups.run(64));
    bench.pull(id);
    if (bench[id].receiver.held.size() < 500) {
      EXPECT_FALSE(bench.groups.end_of_rib_sent(id, Family::Ipv6Unicast));
    }
  }
  bench.drain();
  EXPECT_EQ(bench[id].receiver.held.size(), 1000u);
  EXPECT_TRUE(bench.groups.end_of_rib_sent(id, Family::Ipv4Unicast));
  bench.feed.set(numbered(1), std::nullopt, kLocalPeer);
  bench.drain();
  bench.expect_all_right();  // still one each
}

TEST(UpdateGroup, Rfc8212_2_ExternalWithoutPolicyGetsAnEndOfRibAndNothingElse) {
  Bench bench;
  bench.feed.set(numbered(1), Bench::attributes(1), kLocalPeer, RouteSource::Api);
  const auto id = bench.add(65001);
  bench[id].settings.export_.reset();
  bench.change(id);
  bench.up(id);
  bench.drain();
  EXPECT_EQ(bench.groups.groups(), 0u);
  EXPECT_EQ(bench[id].receiver.updates, 2u);
  EXPECT_TRUE(bench.groups.end_of_rib_sent(id, Family::Ipv4Unicast));
  EXPECT_NE(bench.groups.why_nothing_sent(id).find("RFC 8212"), std::string::npos);
  // With a policy it gets the routes, and no second End-of-RIB; without, all goes again and the group with it.
  bench[id].settings.export_ = Bench::accept_all();
  bench.change(id);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[id].receiver.held.size(), 1u);
  EXPECT_EQ(bench.groups.why_nothing_sent(id), "");
  bench[id].settings.export_.reset();
  bench.change(id);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(bench[id].receiver.withdrawn, 1u);
  EXPECT_EQ(bench.groups.groups(), 0u);
}

TEST(UpdateGroup, FullMessagesWhateverTheOrder) {
  Bench bench;
  const auto id = bench.add_up(65001);
  bench.drain();
  for (unsigned n = 0; n < 3000; ++n)
    bench.feed.set(numbered(n), Bench::attributes(1, n % 3), kLocalPeer, RouteSource::Api);
  const auto before = bench[id].receiver.updates;
  static_cast<void>(bench.groups.run(10000));
  bench.drain();
  // 1000 prefixes of 4 octets in each of three sets: one message each.
  EXPECT_EQ(bench[id].receiver.updates - before, 3u);
  bench.expect_all_right();
}

TEST(UpdateGroup, ThereAndBackBeforeItWasSentSendsNothing) {
  Bench bench;
  const auto id = bench.add_up(65001);
  bench.feed.set(numbered(1), Bench::attributes(1, 1), kLocalPeer, RouteSource::Api);
  bench.drain();
  const auto before = bench[id].receiver.updates;
  bench.feed.set(numbered(1), Bench::attributes(1, 2), kLocalPeer, RouteSource::Api);
  bench.feed.set(numbered(1), Bench::attributes(1, 1), kLocalPeer, RouteSource::Api);
  bench.feed.set(numbered(2), Bench::attributes(1, 1), kLocalPeer, RouteSource::Api);
  bench.feed.set(numbered(2), std::nullopt, kLocalPeer);
  bench.drain();
  EXPECT_EQ(bench[id].receiver.updates, before);
  bench.expect_all_right();
}

TEST(UpdateGroup, WhatDiffersOnlyBeforeExportSendsNothing) {
  Bench bench;
  const auto id = bench.add_up(65001), source = bench.add(65009);
  auto set = Bench::attributes(1);
  set.med = 1;
  set.local_pref = 100;
  bench.feed.set(numbered(1), set, source);
  bench.drain();
  const auto before = bench[id].receiver.updates;
  set.local_pref = 200;
  set.next_hop = ip("10.9.0.10");
  bench.feed.set(numbered(1), set, source);
  bench.drain();
  EXPECT_EQ(bench[id].receiver.updates, before);
}

// --- the source of a path ---

struct SourceTest : ::testing::Test {
  Bench bench;
  PeerId a = bench.add_up(65001), b = bench.add_up(65002), c = bench.add_up(65003);
  net::Prefix p = numbered(1);
  void best(PeerId from, std::uint32_t variant) {
    bench.feed.set(p, Bench::attributes(65009, variant), from);
    bench.drain();
    bench.expect_all_right();
  }
  std::size_t withdrawn(PeerId id) { return bench[id].receiver.withdrawn; }
  std::size_t announced(PeerId id) { return bench[id].receiver.announced; }
};

TEST_F(SourceTest, Rfc4271_9_2_IsNotSentItsOwnPath) {
  best(a, 1);
  EXPECT_EQ(announced(a), 0u);
  EXPECT_EQ(announced(b), 1u);
  bench.feed.set(p, std::nullopt, a);
  bench.drain();
  bench.expect_all_right();
  EXPECT_EQ(withdrawn(a), 0u);
  EXPECT_EQ(withdrawn(b), 1u);
  EXPECT_EQ(bench.groups.groups(), 2u);
}

TEST_F(SourceTest, ThatHeldAnotherPathIsSentOneWithdraw) {
  best(a, 1);
  best(b, 2);  // b becomes the source: it loses what it had of a; a gets b's
  EXPECT_EQ(withdrawn(b), 1u);
  EXPECT_EQ(withdrawn(a), 0u);
  EXPECT_EQ(withdrawn(c), 0u);
  EXPECT_EQ(announced(a), 1u);
  EXPECT_EQ(announced(c), 2u);
}

TEST_F(SourceTest, ChangesWithEqualAttributesConcernOnlyTheTwoSources) {
  best(a, 1);
  best(b, 1);
  EXPECT_EQ(announced(c), 1u);
  EXPECT_EQ(announced(a), 1u);
  EXPECT_EQ(withdrawn(b), 1u);
}

TEST_F(SourceTest, ChangesItsOwnPath) {
  best(a, 1);
  best(a, 2);
  EXPECT_EQ(announced(a), 0u);
  EXPECT_EQ(withdrawn(a), 0u);
  EXPECT_EQ(announced(b), 2u);
}

TEST_F(SourceTest, IsExplained) {
  best(a, 1);
  EXPECT_EQ(bench.groups.explain(a, bench.feed.item(p)).reason, ExportReason::SplitHorizon);
  EXPECT_EQ(bench.groups.explain(b, bench.feed.item(p)).reason, ExportReason::Exported);
  EXPECT_EQ(bench.groups.explain(b, bench.feed.item(numbered(77))).reason, ExportReason::NoPath);
  EXPECT_FALSE(bench.groups.advertised(a, bench.feed.item(p)).has_value());
}

TEST(UpdateGroup, Rfc4271_5_1_3_NoPeerIsSentARouteOfOursWithItselfAsNextHop) {
  Bench bench;
  const auto a = bench.add_up(65001), b = bench.add_up(65002);
  auto set = Bench::attributes(1);
  bench.feed.set(numbered(1), set, kLocalPeer, RouteSource::Api);
  bench.drain();
  set.next_hop = bench[a].settings.address;
  bench.feed.set(numbered(1), set, kLocalPeer, RouteSource::Api);
  bench.drain();
  bench.expect_all_right();
  EXPECT_TRUE(bench[a].receiver.held.empty());
  EXPECT_EQ(bench[b].receiver.held.at(numbered(1)).next_hop, bench[a].settings.address);
  EXPECT_EQ(bench.groups.explain(a, bench.feed.item(numbered(1))).reason, ExportReason::OwnNextHop);
  EXPECT_EQ(bench.groups.explain(b, bench.feed.item(numbered(1))).reason, ExportReason::Exported);
  // Who takes over the address is the next not to be sent it; what was withheld from the other is sent.
  std::swap(bench[a].settings.address, bench[b].settings.address);
  bench.change(a);
  bench.change(b);
  bench.drain();
  bench.expect_all_right();
  EXPECT_TRUE(bench[b].receiver.held.empty());
  bench.down(b);
  bench.groups.remove_peer(b);
  bench.drain();
  EXPECT_EQ(bench[a].receiver.held.size(), 1u);
}

TEST(UpdateGroup, AloneInItsGroupTheSourceCausesNoBytes) {
  Bench bench;
  const auto a = bench.add_up(65001);
  bench.drain();
  const auto before = bench[a].receiver.updates;
  bench.feed.set(numbered(1), Bench::attributes(1), a);
  bench.drain();
  bench.feed.set(numbered(1), std::nullopt, a);
  bench.drain();
  EXPECT_EQ(bench[a].receiver.updates, before);
  EXPECT_TRUE(bench.groups.take_output_ready().empty() || !bench.groups.has_output(a));
}

}  // namespace
}  // namespace podbgp::rib

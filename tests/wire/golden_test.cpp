// What foreign speakers really send. Each message must be understood without a complaint and survive our own encoding.
#include "tests/wire/golden.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/wire/support.hpp"
#include "wire/open.hpp"
#include "wire/route_refresh.hpp"

namespace podbgp::wire {
namespace {

using namespace test;
using net::Family;

SessionContext context_of(GoldenSession session) {
  auto context = session == GoldenSession::Internal ? internal() : external();
  if (session == GoldenSession::TwoOctet) context.four_octet_as = false;
  if (session == GoldenSession::AddPath) context.add_path_receive.insert(Family::Ipv4Unicast);
  return context;
}

std::vector<Golden> golden(MessageType type, std::string_view speaker = "") {
  std::vector<Golden> out;
  for (const auto& g : kGolden)
    if (g.type == type && (speaker.empty() || g.speaker == speaker)) out.push_back(g);
  return out;
}

TEST(Golden, OpensAreUnderstoodAndComeBackEqual) {
  const auto opens = golden(MessageType::Open);
  EXPECT_EQ(opens.size(), 11u);
  for (const auto& g : opens) {
    const auto open = decode_open(hex(g.body));
    ASSERT_TRUE(open) << g.body;
    Bytes again;
    encode_open(*open, again);
    const auto back = decode_open(ByteSpan(again).subspan(kHeaderSize));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, *open) << g.body;
  }
}

TEST(Golden, OpenOfBird) {
  const auto open = decode_open(hex(golden(MessageType::Open, "bird")[0].body));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->my_as, net::kAsTrans);
  EXPECT_EQ(open->as_number(), net::Asn{4200000001});
  EXPECT_EQ(open->hold_time, 9);
  EXPECT_EQ(net::to_string(open->identifier), "10.99.0.1");
  const auto& c = open->capabilities;
  EXPECT_EQ(c.multiprotocol, (std::vector<AfiSafi>{{1, 1}}));
  EXPECT_TRUE(c.route_refresh && c.enhanced_route_refresh && c.extended_message);
  EXPECT_EQ(c.graceful_restart->restart_time, 120);
  EXPECT_EQ(c.add_path, (std::vector<AddPathCapability>{{{1, 1}, true, false}}));
  ASSERT_EQ(c.unknown.size(), 1u);  // long-lived graceful restart
  EXPECT_EQ(c.unknown[0].code, 71);
}

TEST(Golden, OpenOfFrr) {
  const auto open = decode_open(hex(golden(MessageType::Open, "frr")[0].body));
  ASSERT_TRUE(open);
  const auto& c = open->capabilities;
  EXPECT_EQ(open->as_number(), net::Asn{65002});
  EXPECT_EQ(c.add_path, (std::vector<AddPathCapability>{{{1, 1}, true, true}}));
  EXPECT_TRUE(c.graceful_restart->restarting && c.graceful_restart->notification);
  ASSERT_EQ(c.unknown.size(), 3u);  // route refresh as Cisco had it, host name, long-lived graceful restart
  EXPECT_EQ(c.unknown[1].value, hex("0366727200"));
}

TEST(Golden, UpdatesAreUnderstoodAndSurviveOurEncoding) {
  std::size_t announcements = 0, ends = 0, withdrawals = 0, unusable = 0;
  for (const auto& g : golden(MessageType::Update)) {
    const auto context = context_of(g.session);
    const auto body = hex(g.body);
    const auto view = scan_update(body, context);
    ASSERT_TRUE(view) << g.body << ": " << view.error().text;
    EXPECT_FALSE(view->has_unknown_family);
    ends += view->end_of_rib.has_value();
    withdrawals += !view->withdrawn.empty() || (view->mp_unreach && !view->mp_unreach->empty());
    const bool v6 = view->mp_reach.has_value();
    if (!v6 && view->nlri.empty()) continue;
    ++announcements;
    const auto family = v6 ? Family::Ipv6Unicast : Family::Ipv4Unicast;
    const auto decoded = decode_attributes(*view, family, context);
    // OpenBGPD names a loopback as the IPv6 next hop if the session runs over IPv4 and the interface is of no help.
    if (v6 && to_hex(view->mp_reach->next_hop) == "00000000000000000000000000000001") {
      EXPECT_EQ(decoded.reaction, Reaction::TreatAsWithdraw);
      ++unusable;
      continue;
    }
    EXPECT_EQ(decoded.reaction, Reaction::None) << g.body << (decoded.issues.empty() ? "" : decoded.issues[0].text);

    Bytes block, message;
    encode_attributes(decoded.set, {family, context.four_octet_as}, block);
    UpdateEncoder encoder({family, context.add_path_receive.contains(family)}, message);
    ASSERT_TRUE(encoder.begin_announce(block, v6 ? view->mp_reach->next_hop : ByteSpan{}));
    const auto& field = v6 ? view->mp_reach->nlri : view->nlri;
    field.for_each_raw(
        [&](const NlriField::Raw& raw) { encoder.add(raw.length, raw.octets, net::PathId{raw.path_id}); });
    encoder.finish();
    ASSERT_EQ(encoder.messages(), 1u);
    const Decoded back(Bytes(message.begin() + kHeaderSize, message.end()), context, family);
    EXPECT_EQ(back.reaction(), Reaction::None);
    EXPECT_EQ(back.set(), decoded.set) << g.body;
    EXPECT_EQ(to_hex(v6 ? back.scanned->mp_reach->nlri.bytes() : back.scanned->nlri.bytes()), to_hex(field.bytes()));
  }
  EXPECT_GT(announcements, 30u);
  EXPECT_EQ(ends, 14u);  // for each speaker, session and family, where not a repeat
  EXPECT_EQ(unusable, 2u);
  EXPECT_GT(withdrawals, 5u);
}

AttributeSet attributes_of(std::string_view speaker, GoldenSession session, std::string_view body_start) {
  for (const auto& g : kGolden) {
    if (g.speaker != speaker || g.session != session || !g.body.starts_with(body_start)) continue;
    const auto family = g.body.substr(8, 4) == "900e" ? Family::Ipv6Unicast : Family::Ipv4Unicast;
    return Decoded(hex(g.body), context_of(session), family).set();
  }
  ADD_FAILURE() << "no such message";
  return {};
}

TEST(Golden, FrrPathWithCommunitiesAndMed) {
  const auto set = attributes_of("frr", GoldenSession::AddPath, "0000004d");
  EXPECT_EQ(to_string(set.as_path), "65002 4200000099 65002");
  EXPECT_EQ(set.med, 50u);
  EXPECT_EQ(set.next_hop, address("10.99.0.2"));
  EXPECT_EQ(set.communities, (std::vector{*parse_community("65002:100"), *parse_community("65002:200"), kNoExport}));
  EXPECT_EQ(set.large_communities, (std::vector{LargeCommunity{65002, 1, 2}}));
  EXPECT_EQ(to_string(set.extended_communities.at(0)), "rt:65002:77");
}

TEST(Golden, FrrAggregateOverTwoOctets) {  // AGGREGATOR is a real AS and AS4_AGGREGATOR absent: AS4_PATH counts
  const auto set = attributes_of("frr", GoldenSession::TwoOctet, "0000006");
  EXPECT_EQ(set.aggregator, (Aggregator{net::Asn{65002}, address("10.99.0.2")}));
  EXPECT_EQ(to_string(set.as_path), "65002 {65101 65555 4200000001 4200000007}");
}

TEST(Golden, BirdPathOverTwoOctets) {
  const auto set = attributes_of("bird", GoldenSession::TwoOctet, "0000004");
  EXPECT_EQ(to_string(set.as_path), "65101 65101 4200000007");
}

TEST(Golden, FrrReflectsWithOriginatorAndClusterList) {
  const auto set = attributes_of("frr", GoldenSession::Internal, "0000004c");
  EXPECT_EQ(net::to_string(*set.originator_id), "10.99.0.1");
  ASSERT_EQ(set.cluster_list.size(), 1u);
  EXPECT_EQ(net::to_string(set.cluster_list[0]), "10.99.0.2");
  EXPECT_EQ(set.local_pref, 100u);
  EXPECT_EQ(set.med, 7u);
}

TEST(Golden, BothSendGlobalAndLinkLocalNextHops) {
  for (const auto* speaker : {"bird", "frr"}) {
    const auto set = attributes_of(speaker, GoldenSession::External, "00000");
    if (!set.next_hop.is_v6()) continue;
    ASSERT_TRUE(set.link_local_next_hop) << speaker;
    EXPECT_TRUE(set.link_local_next_hop->is_link_local());
  }
  EXPECT_EQ(attributes_of("frr", GoldenSession::External, "00000055900e").next_hop, address("fd99::2"));
  EXPECT_EQ(attributes_of("bird", GoldenSession::External, "00000044900e").next_hop, address("fd99::1"));
}

TEST(Golden, GoBgpOrdersAttributesItsOwnWay) {  // AS_PATH before MED, NEXT_HOP last, extended next hops offered
  const auto set = attributes_of("gobgp", GoldenSession::External, "0000004e");
  EXPECT_EQ(set.origin, Origin::Egp);
  EXPECT_EQ(to_string(set.as_path), "4200000002 65010 65011 {65012}");
  EXPECT_EQ(set.med, 30u);
  EXPECT_EQ(set.next_hop, address("10.98.0.2"));
  const auto open = decode_open(hex(golden(MessageType::Open, "gobgp")[0].body));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->capabilities.extended_next_hop, (std::vector<ExtendedNextHopCapability>{{{1, 1}, 2}}));
  EXPECT_TRUE(open->capabilities.graceful_restart->notification);
}

TEST(Golden, OpenBgpdPutsMpReachLast) {
  const auto body =
      hex("00000034400101004002060201fa56ea03c00804fdeb0006900e001c00020110fd9700000000000000000000000000020030fd300001"
          "0000");
  const Decoded d(body, external(), Family::Ipv6Unicast);
  EXPECT_EQ(d.reaction(), Reaction::None);
  EXPECT_EQ(d.set().next_hop, address("fd97::2"));
  EXPECT_EQ(d.set().communities, (std::vector{*parse_community("65003:6")}));
}

TEST(Golden, NotificationsCarryTheirText) {
  std::vector<std::string> texts;
  for (const auto& g : golden(MessageType::Notification)) texts.push_back(to_string(*decode_notification(hex(g.body))));
  const std::string shutdown = "Cease/Administrative Shutdown";
  EXPECT_EQ(texts, (std::vector{shutdown + ": maintenance at noon", shutdown, shutdown + ": moved to rack 7", shutdown,
                                shutdown + ": bgpd shutting down", shutdown}));
}

TEST(Golden, RouteRefreshWithItsMarks) {  // RFC 7313: request, beginning, end
  for (const auto* speaker : {"bird", "frr"}) {
    std::vector<int> subtypes;
    for (const auto& g : golden(MessageType::RouteRefresh, speaker)) {
      const auto refresh = decode_route_refresh(hex(g.body));
      ASSERT_TRUE(refresh);
      EXPECT_EQ(refresh->family, (AfiSafi{1, 1}));
      subtypes.push_back(refresh->subtype);
    }
    std::ranges::sort(subtypes);
    EXPECT_EQ(subtypes, (std::vector<int>{0, 1, 2})) << speaker;
  }
}

}  // namespace
}  // namespace podbgp::wire

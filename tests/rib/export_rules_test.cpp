// Export rules, by the clause that demands each.
#include "rib/export_rules.hpp"

#include "export_support.hpp"

namespace podbgp::rib {
namespace {

using testing::ip;
using testing::path;
using testing::prefix;

struct ExportRules : ::testing::Test {
  ExportTarget target;
  PathSource source{RouteSource::Bgp, PeerKind::External, net::RouterId{0x0a000001}, "tor-a"};
  wire::AttributeSet set;
  net::Prefix route = prefix("10.244.3.0/24");

  void SetUp() override {
    target.local_asn = net::Asn{65101};
    target.self = ip("10.1.0.11");
    set.as_path = path({65001});
    set.next_hop = ip("10.1.0.1");
    to(PeerKind::External);
    with_policy({{"all", {}, {}, Verdict::Accept}});
  }
  void to(PeerKind kind) {
    target.kind = kind;
    target.cluster_id = kind == PeerKind::External ? net::RouterId{} : net::RouterId{0x0a00000b};
  }
  void from(PeerKind kind) { source.kind = kind; }
  void own(RouteSource kind = RouteSource::Api) {
    source = {kind, {}, {}, ""};
    set.as_path = {};
    set.next_hop = route.family() == net::Family::Ipv4Unicast ? net::IpAddress{} : ip("::");
  }
  void over_ipv6() {
    target.family = net::Family::Ipv6Unicast;
    target.self = ip("fd00::11");
    target.self_link_local = ip("fe80::11");
    route = prefix("fd00:10:244::/64");
    set.next_hop = ip("fd00::1");
    set.link_local_next_hop = ip("fe80::1");
  }
  void with_policy(std::vector<Statement> statements) {
    target.policy = std::make_shared<PolicyProgram>(PolicyChain{Policy{"p", std::move(statements)}}, target.local_asn);
  }
  void with_changes(auto&& fill) {
    Changes changes;
    fill(changes);
    with_policy({{"p[0]", {}, changes, Verdict::Accept}});
  }
  ExportVerdict run() {
    const RouteContext context{route, source.source, source.peer_name};
    return apply_export_rules(target, source, context, target.policy ? target.policy->context_bits(context) : 0, set);
  }
};

#define EXPECT_EXPORTED() EXPECT_EQ(to_string(run().reason), "exported")
#define EXPECT_NOT(why) EXPECT_EQ(to_string(run().reason), to_string(ExportReason::why))

// --- RFC 8212 ---

TEST_F(ExportRules, Rfc8212_2_ExternalWithoutPolicyIsSentNothing) {
  target.policy = nullptr;
  EXPECT_TRUE(target.sends_nothing());
  EXPECT_NOT(NoPolicy);
}

TEST_F(ExportRules, Rfc8212_2_InternalWithoutPolicyIsSentEverything) {
  target.policy = nullptr;
  to(PeerKind::Internal);
  EXPECT_FALSE(target.sends_nothing());
  EXPECT_EXPORTED();
}

TEST_F(ExportRules, PolicyRejectsAndIsNamed) {
  with_policy({{"own-pods[0]", {}, {}, Verdict::Reject}});
  const auto verdict = run();
  EXPECT_EQ(verdict.reason, ExportReason::RejectedByPolicy);
  EXPECT_EQ(describe(verdict), "rejected by export policy (own-pods[0])");
  with_policy({});
  EXPECT_EQ(describe(run()), "rejected by export policy (no statement accepts it)");
}

TEST_F(ExportRules, AcceptingStatementIsNamed) { EXPECT_EQ(describe(run()), "exported (all)"); }

// --- RFC 4360, RFC 5065: what is for the AS or the confederation alone ---

TEST_F(ExportRules, Rfc4360_6_NonTransitiveExtendedCommunitiesDoNotLeaveTheAs) {
  const wire::ExtendedCommunity target_of_vpn{0x0002FDE800000064}, bandwidth{0x4004FDE84CBEBC20};
  set.extended_communities = {target_of_vpn, bandwidth};
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.extended_communities.size(), 2u);
  to(PeerKind::External);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.extended_communities, std::vector{target_of_vpn});
}

TEST_F(ExportRules, Rfc4360_6_WhatTheAnnouncerOfOurOwnRouteSaidIsSent) {
  own();
  set.extended_communities = {wire::ExtendedCommunity{0x4004FDE84CBEBC20}};
  EXPECT_EXPORTED();
  EXPECT_EQ(set.extended_communities.size(), 1u);
}

TEST_F(ExportRules, Rfc5065_4_ConfederationSegmentsDoNotLeaveTheAs) {
  from(PeerKind::Internal);
  set.as_path.segments.insert(set.as_path.segments.begin(), {wire::AsSegment::Type::ConfedSequence, {net::Asn{7}, net::Asn{8}}});
  EXPECT_EXPORTED();
  EXPECT_EQ(set.as_path, path({65101, 65001}));
}

// --- RFC 1997 ---

TEST_F(ExportRules, Rfc1997_NoAdvertiseGoesNowhere) {
  set.communities = {wire::kNoAdvertise};
  for (const auto kind : {PeerKind::External, PeerKind::Internal, PeerKind::Client}) {
    to(kind);
    EXPECT_NOT(NoAdvertise);
  }
}

TEST_F(ExportRules, Rfc1997_NoExportStaysInside) {
  for (const auto& [community, reason] : {std::pair{wire::kNoExport, ExportReason::NoExport},
                                          std::pair{wire::kNoExportSubconfed, ExportReason::NoExportSubconfed}}) {
    set.communities = {community};
    to(PeerKind::External);
    EXPECT_EQ(run().reason, reason);
    to(PeerKind::Internal);
    EXPECT_EXPORTED();
  }
}

TEST_F(ExportRules, Rfc1997_WhatExportPolicyAddsIsForThePeer) {
  with_changes([](Changes& c) { c.add_communities = {wire::kNoExport}; });
  EXPECT_EXPORTED();
  EXPECT_EQ(set.communities, std::vector{wire::kNoExport});
}

// --- RFC 4271 §5 ---

TEST_F(ExportRules, Rfc4271_5_1_1_OriginIsKept) {
  set.origin = wire::Origin::Incomplete;
  EXPECT_EXPORTED();
  EXPECT_EQ(set.origin, wire::Origin::Incomplete);
}

TEST_F(ExportRules, Rfc4271_5_1_2_ExternalPrependsOwnAs) {
  EXPECT_EXPORTED();
  EXPECT_EQ(set.as_path, path({65101, 65001}));
}

TEST_F(ExportRules, Rfc4271_5_1_2_InternalLeavesThePathAlone) {
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.as_path, path({65001}));
}

TEST_F(ExportRules, Rfc4271_5_1_2_OwnRoutes) {
  own();
  EXPECT_EXPORTED();
  EXPECT_EQ(set.as_path, path({65101}));
  own();
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.as_path, path({}));
}

TEST_F(ExportRules, PolicyPrependsBehindOurOwn) {
  with_changes([](Changes& c) { c.prepend = {net::Asn{65001}, 2}; });
  EXPECT_EXPORTED();
  EXPECT_EQ(set.as_path, path({65101, 65001, 65001, 65001}));
}

TEST_F(ExportRules, Rfc4271_5_1_3_ExternalGetsSelf) {
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.11"));
}

TEST_F(ExportRules, Rfc4271_5_1_3_InternalGetsItUnchanged) {
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.1"));
}

TEST_F(ExportRules, Rfc4271_5_1_3_OwnRoutesGetSelfUnlessTheAnnouncerNamedANextHop) {
  for (const auto kind : {PeerKind::External, PeerKind::Internal}) {
    to(kind);
    own();
    EXPECT_EXPORTED();
    EXPECT_EQ(set.next_hop, ip("10.1.0.11"));
    own();
    set.next_hop = ip("10.1.0.77");
    EXPECT_EXPORTED();
    EXPECT_EQ(set.next_hop, ip("10.1.0.77"));
  }
}

TEST_F(ExportRules, NextHopSettingOfThePeer) {
  to(PeerKind::Internal);
  target.next_hop = NextHopSelf{};
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.11"));
  for (const auto kind : {PeerKind::External, PeerKind::Internal}) {
    to(kind);
    target.next_hop = ip("10.1.0.99");
    EXPECT_EXPORTED();
    EXPECT_EQ(set.next_hop, ip("10.1.0.99"));
  }
  target.next_hop = ip("fd00::99");  // meant for the other family
  set.next_hop = ip("10.1.0.1");
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.1"));
}

TEST_F(ExportRules, NextHopOfPolicyWinsOverThatOfThePeer) {
  target.next_hop = ip("10.1.0.99");
  with_changes([](Changes& c) { c.next_hop = ip("10.1.0.55"); });
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.55"));
  with_changes([](Changes& c) { c.next_hop = NextHopSelf{}; });
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.11"));
}

TEST_F(ExportRules, WithoutAnAddressOfOursNothingWithSelfIsSent) {
  target.self.reset();
  EXPECT_NOT(NoNextHop);
  to(PeerKind::Internal);
  set.next_hop = ip("10.1.0.1");
  EXPECT_EXPORTED();
  own();
  EXPECT_NOT(NoNextHop);
}

TEST_F(ExportRules, NextHopOfTheWrongFamilyIsNotSent) {
  to(PeerKind::Internal);
  set.next_hop = ip("fd00::1");
  EXPECT_NOT(NoNextHop);
}

TEST_F(ExportRules, Rfc4271_5_1_4_MedOfANeighbouringAsIsNotPassedToAnother) {
  set.med = 50;
  EXPECT_EXPORTED();
  EXPECT_EQ(set.med, std::nullopt);
  set.med = 50;
  from(PeerKind::Internal);  // it came through our AS
  EXPECT_EXPORTED();
  EXPECT_EQ(set.med, std::nullopt);
}

TEST_F(ExportRules, Rfc4271_5_1_4_MedGoesToInternalPeers) {
  set.med = 50;
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.med, 50u);
}

TEST_F(ExportRules, Rfc4271_5_1_4_MedOfOurOwnIsSent) {
  own(RouteSource::Network);
  set.med = 50;
  EXPECT_EXPORTED();
  EXPECT_EQ(set.med, 50u);
}

TEST_F(ExportRules, Rfc4271_5_1_4_MedOfPolicyIsSent) {
  set.med = 50;
  with_changes([](Changes& c) { c.med = 60; });
  EXPECT_EXPORTED();
  EXPECT_EQ(set.med, 60u);
}

TEST_F(ExportRules, PolicyMatchesTheMedThatIsNotSent) {
  set.med = 50;
  Match match;
  match.med = 50;
  with_policy({{"p[0]", match, {}, Verdict::Accept}});
  EXPECT_EXPORTED();
}

TEST_F(ExportRules, Rfc4271_5_1_5_LocalPrefOnlyInside) {
  set.local_pref = 300;
  EXPECT_EXPORTED();
  EXPECT_EQ(set.local_pref, std::nullopt);
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.local_pref, 100u);
  set.local_pref = 300;
  EXPECT_EXPORTED();
  EXPECT_EQ(set.local_pref, 300u);
}

TEST_F(ExportRules, Rfc4271_5_1_6_7_AggregationIsKept) {
  set.atomic_aggregate = true;
  set.aggregator = wire::Aggregator{net::Asn{65001}, ip("10.0.0.1")};
  const auto before = set;
  EXPECT_EXPORTED();
  EXPECT_TRUE(set.atomic_aggregate);
  EXPECT_EQ(set.aggregator, before.aggregator);
}

TEST_F(ExportRules, Rfc4271_5_UnknownTransitiveGoesOnMarkedPartial) {
  set.unknown = {{0xc0, 99, {1, 2}}, {0x80, 100, {3}}};
  EXPECT_EXPORTED();
  const std::vector<wire::UnknownAttribute> expected{{0xe0, 99, {1, 2}}};
  EXPECT_EQ(set.unknown, expected);
}

// --- RFC 4456 ---

TEST_F(ExportRules, Rfc4456_6_WhoIsReflectedToWhom) {
  target.policy = nullptr;
  for (const auto from_kind : {PeerKind::External, PeerKind::Internal, PeerKind::Client}) {
    for (const auto to_kind : {PeerKind::Internal, PeerKind::Client}) {
      from(from_kind);
      to(to_kind);
      set = {};
      set.next_hop = ip("10.1.0.1");
      const bool refused = from_kind == PeerKind::Internal && to_kind == PeerKind::Internal;
      EXPECT_EQ(run().reason, refused ? ExportReason::NotReflected : ExportReason::Exported);
    }
  }
}

TEST_F(ExportRules, Rfc4456_8_OriginatorAndClusterListAreWritten) {
  target.policy = nullptr;
  from(PeerKind::Client);
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.originator_id, net::RouterId{0x0a000001});
  EXPECT_EQ(set.cluster_list, std::vector{net::RouterId{0x0a00000b}});
}

TEST_F(ExportRules, Rfc4456_8_AnOriginatorIsNotOverwritten) {
  target.policy = nullptr;
  from(PeerKind::Client);
  to(PeerKind::Client);
  set.originator_id = net::RouterId{7};
  set.cluster_list = {net::RouterId{8}};
  EXPECT_EXPORTED();
  EXPECT_EQ(set.originator_id, net::RouterId{7});
  EXPECT_EQ(set.cluster_list, (std::vector{net::RouterId{0x0a00000b}, net::RouterId{8}}));
}

TEST_F(ExportRules, Rfc4456_8_NothingIsWrittenWithoutReflection) {
  target.policy = nullptr;
  to(PeerKind::Client);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.originator_id, std::nullopt);
  EXPECT_TRUE(set.cluster_list.empty());
}

TEST_F(ExportRules, Rfc4456_8_ReflectionAttributesDoNotLeaveTheAs) {
  from(PeerKind::Client);
  set.originator_id = net::RouterId{7};
  set.cluster_list = {net::RouterId{8}};
  EXPECT_EXPORTED();
  EXPECT_EQ(set.originator_id, std::nullopt);
  EXPECT_TRUE(set.cluster_list.empty());
}

TEST_F(ExportRules, Rfc4456_10_AReflectorLeavesTheNextHopAloneUnlessPolicySaysSo) {
  from(PeerKind::Client);
  to(PeerKind::Internal);
  target.next_hop = NextHopSelf{};
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.1"));
  with_changes([](Changes& c) { c.next_hop = NextHopSelf{}; });
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("10.1.0.11"));
}

// --- RFC 2545 ---

TEST_F(ExportRules, Rfc2545_3_SelfHasItsLinkLocal) {
  over_ipv6();
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("fd00::11"));
  EXPECT_EQ(set.link_local_next_hop, ip("fe80::11"));
}

TEST_F(ExportRules, Rfc2545_3_LinkLocalOfOthersIsNotPassedOn) {
  over_ipv6();
  to(PeerKind::Internal);
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("fd00::1"));
  EXPECT_EQ(set.link_local_next_hop, std::nullopt);
}

TEST_F(ExportRules, Rfc2545_2_ALinkLocalNextHopMeansNothingElsewhere) {
  over_ipv6();
  to(PeerKind::Internal);
  set.next_hop = ip("fe80::1");
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("fd00::11"));
}

TEST_F(ExportRules, OwnIpv6RouteOverAnIpv4SessionNeedsAnIpv6Address) {
  over_ipv6();
  own();
  EXPECT_EXPORTED();
  EXPECT_EQ(set.next_hop, ip("fd00::11"));
  own();
  target.self.reset();
  EXPECT_NOT(NoNextHop);
}

TEST(ExportTargets, KindOfAPeer) {
  PeerSettings peer;
  peer.local_asn = net::Asn{1};
  peer.peer_asn = net::Asn{2};
  EXPECT_EQ(kind_of(peer), PeerKind::External);
  peer.peer_asn = net::Asn{1};
  EXPECT_EQ(kind_of(peer), PeerKind::Internal);
  peer.reflector_client = true;
  EXPECT_EQ(kind_of(peer), PeerKind::Client);
}

TEST(ExportTargets, EveryReasonSpeaks) {
  std::set<std::string_view> texts;
  for (int r = 0; r <= static_cast<int>(ExportReason::TooLarge); ++r)
    texts.insert(to_string(static_cast<ExportReason>(r)));
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(ExportReason::TooLarge) + 1);
  EXPECT_FALSE(texts.contains(""));
}

}  // namespace
}  // namespace podbgp::rib

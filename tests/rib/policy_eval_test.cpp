// Policy: what matches, what is set, who decides. And its cache.
#include "rib/policy_eval.hpp"

#include <random>

#include "export_support.hpp"
#include "rib/policy_cache.hpp"

namespace podbgp::rib {
namespace {

using testing::exactly;
using testing::ip;
using testing::path;
using testing::prefix;
using testing::range;

wire::AttributeSet typical() {
  wire::AttributeSet set;
  set.as_path = path({65001, 65002, 65003});
  set.next_hop = ip("10.1.0.1");
  set.med = 50;
  set.local_pref = 200;
  set.communities = {wire::Community{65001u << 16 | 1}};
  set.extended_communities = {wire::ExtendedCommunity{0x0002fde900000064}};
  set.large_communities = {{65001, 1, 2}};
  return set;
}

Statement accept_if(Match match) { return {"s", std::move(match), {}, Verdict::Accept}; }

bool accepts(Match match, const RouteContext& context, const wire::AttributeSet& set) {
  const PolicyProgram program({Policy{"p", {accept_if(std::move(match))}}}, net::Asn{65101});
  auto copy = set;
  return program.run(context, copy).accepted;
}

struct MatchCase {
  const char* name;
  Match match;
  bool expected;
};

class PolicyMatch : public ::testing::TestWithParam<MatchCase> {};

TEST_P(PolicyMatch, OnATypicalRoute) {
  const RouteContext context{prefix("10.244.3.0/24"), RouteSource::Bgp, "tor-a"};
  EXPECT_EQ(accepts(GetParam().match, context, typical()), GetParam().expected);
}

AsPathMatch as_path(auto&& fill) {
  AsPathMatch match;
  fill(match);
  return match;
}

std::vector<MatchCase> match_cases() {
  std::vector<MatchCase> cases;
  const auto add = [&](const char* name, bool expected, auto&& fill) {
    Match match;
    fill(match);
    cases.push_back({name, match, expected});
  };
  add("Empty", true, [](Match&) {});
  add("PrefixInside", true, [](Match& m) { m.prefix = {range("10.244.0.0/16", 16, 28)}; });
  add("PrefixTooLong", false, [](Match& m) { m.prefix = {range("10.244.0.0/16", 16, 23)}; });
  add("PrefixTooShort", false, [](Match& m) { m.prefix = {range("10.244.0.0/16", 25, 32)}; });
  add("PrefixElsewhere", false, [](Match& m) { m.prefix = {range("10.245.0.0/16", 16, 32)}; });
  add("PrefixAnyOf", true, [](Match& m) { m.prefix = {exactly("0.0.0.0/0"), exactly("10.244.3.0/24")}; });
  add("PrefixOtherFamily", false, [](Match& m) { m.prefix = {range("::/0", 0, 128)}; });
  add("PrefixEmptyList", false, [](Match& m) { m.prefix.emplace(); });
  add("Source", true, [](Match& m) { m.source = {RouteSource::Api, RouteSource::Bgp}; });
  add("SourceOther", false, [](Match& m) { m.source = {RouteSource::Api, RouteSource::Network}; });
  add("Peer", true, [](Match& m) { m.peer = {"tor-b", "tor-a"}; });
  add("PeerOther", false, [](Match& m) { m.peer = {"tor-b"}; });
  add("Family", true, [](Match& m) { m.family = net::Family::Ipv4Unicast; });
  add("FamilyOther", false, [](Match& m) { m.family = net::Family::Ipv6Unicast; });
  add("Community", true, [](Match& m) { m.community = {wire::Community{1}, wire::Community{65001u << 16 | 1}}; });
  add("CommunityOther", false, [](Match& m) { m.community = {wire::Community{2}}; });
  add("CommunityExtended", true, [](Match& m) { m.community = {wire::ExtendedCommunity{0x0002fde900000064}}; });
  add("CommunityLarge", true, [](Match& m) { m.community = {wire::LargeCommunity{65001, 1, 2}}; });
  add("CommunityLargeOther", false, [](Match& m) { m.community = {wire::LargeCommunity{65001, 2, 1}}; });
  add("NextHop", true, [](Match& m) { m.next_hop = {prefix("10.9.0.0/16"), prefix("10.1.0.0/24")}; });
  add("NextHopOther", false, [](Match& m) { m.next_hop = {prefix("10.1.1.0/24")}; });
  add("LocalPref", true, [](Match& m) { m.local_pref = 200; });
  add("LocalPrefOther", false, [](Match& m) { m.local_pref = 100; });
  add("Med", true, [](Match& m) { m.med = 50; });
  add("MedOther", false, [](Match& m) { m.med = 0; });
  add("AsPathNeighbour", true, [](Match& m) { m.as_path = as_path([](auto& a) { a.neighbour = net::Asn{65001}; }); });
  add("AsPathNeighbourOther", false,
      [](Match& m) { m.as_path = as_path([](auto& a) { a.neighbour = net::Asn{65002}; }); });
  add("AsPathOrigin", true, [](Match& m) { m.as_path = as_path([](auto& a) { a.origin = net::Asn{65003}; }); });
  add("AsPathOriginOther", false, [](Match& m) { m.as_path = as_path([](auto& a) { a.origin = net::Asn{65001}; }); });
  add("AsPathContainsAll", true,
      [](Match& m) { m.as_path = as_path([](auto& a) { a.contains = {net::Asn{65002}, net::Asn{65003}}; }); });
  add("AsPathContainsOnlyOne", false,
      [](Match& m) { m.as_path = as_path([](auto& a) { a.contains = {net::Asn{65002}, net::Asn{7}}; }); });
  add("AsPathLength", true, [](Match& m) {
    m.as_path = as_path([](auto& a) {
      a.min_length = 3;
      a.max_length = 3;
    });
  });
  add("AsPathTooShort", false, [](Match& m) { m.as_path = as_path([](auto& a) { a.min_length = 4; }); });
  add("AsPathTooLong", false, [](Match& m) { m.as_path = as_path([](auto& a) { a.max_length = 2; }); });
  add("AllMustHold", false, [](Match& m) {
    m.med = 50;
    m.local_pref = 100;
  });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Table, PolicyMatch, ::testing::ValuesIn(match_cases()),
                         [](const auto& c) { return c.param.name; });

struct SetCase {
  const char* name;
  Changes changes;
  wire::AttributeSet expected;
};

class PolicySet : public ::testing::TestWithParam<SetCase> {};

TEST_P(PolicySet, ChangesATypicalRoute) {
  const PolicyProgram program({Policy{"p", {{"s", {}, GetParam().changes, Verdict::Accept}}}}, net::Asn{65101});
  auto set = typical();
  const auto result = program.run({prefix("10.244.3.0/24"), RouteSource::Bgp, "tor-a"}, set);
  EXPECT_TRUE(result.accepted);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(set, GetParam().expected);
}

std::vector<SetCase> set_cases() {
  std::vector<SetCase> cases;
  const auto add = [&](const char* name, auto&& fill, auto&& expect) {
    SetCase c{name, {}, typical()};
    fill(c.changes);
    expect(c.expected);
    cases.push_back(std::move(c));
  };
  const wire::Community old{65001u << 16 | 1}, added{65001u << 16};
  add("LocalPref", [](auto& c) { c.local_pref = 7; }, [](auto& s) { s.local_pref = 7; });
  add("Med", [](auto& c) { c.med = 7; }, [](auto& s) { s.med = 7; });
  add("ClearMed", [](auto& c) { c.clear_med = true; }, [](auto& s) { s.med.reset(); });
  add(
      "AddCommunitySorted", [&](auto& c) { c.add_communities = {added, old}; },
      [&](auto& s) { s.communities = {added, old}; });
  add(
      "AddLargeCommunity", [](auto& c) { c.add_communities = {wire::LargeCommunity{1, 1, 1}}; },
      [](auto& s) { s.large_communities = {{1, 1, 1}, {65001, 1, 2}}; });
  add(
      "AddExtendedCommunity", [](auto& c) { c.add_communities = {wire::ExtendedCommunity{1}}; },
      [](auto& s) { s.extended_communities.insert(s.extended_communities.begin(), wire::ExtendedCommunity{1}); });
  add(
      "RemoveOfEveryKind",
      [&](auto& c) {
        c.remove_communities = {old, wire::ExtendedCommunity{0x0002fde900000064}, wire::LargeCommunity{65001, 1, 2}};
      },
      [](auto& s) {
        s.communities.clear();
        s.extended_communities.clear();
        s.large_communities.clear();
      });
  add(
      "ReplaceByNothing", [](auto& c) { c.replace_communities.emplace(); },
      [](auto& s) {
        s.communities.clear();
        s.extended_communities.clear();
        s.large_communities.clear();
      });
  add(
      "ReplaceThenAdd",
      [&](auto& c) {
        c.replace_communities = {wire::Community{9}};
        c.add_communities = {wire::Community{8}};
      },
      [](auto& s) {
        s.communities = {wire::Community{8}, wire::Community{9}};
        s.extended_communities.clear();
        s.large_communities.clear();
      });
  add(
      "PrependOwn", [](auto& c) { c.prepend = {std::nullopt, 2}; },
      [](auto& s) { s.as_path = path({65101, 65101, 65001, 65002, 65003}); });
  add(
      "PrependOther", [](auto& c) { c.prepend = {net::Asn{7}, 1}; },
      [](auto& s) { s.as_path = path({7, 65001, 65002, 65003}); });
  add("NextHop", [](auto& c) { c.next_hop = ip("10.9.9.9"); }, [](auto& s) { s.next_hop = ip("10.9.9.9"); });
  add("NextHopOfTheOtherFamilyIsNotMeant", [](auto& c) { c.next_hop = ip("fd00::1"); }, [](auto&) {});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Table, PolicySet, ::testing::ValuesIn(set_cases()),
                         [](const auto& c) { return c.param.name; });

const RouteContext kContext{prefix("10.244.3.0/24"), RouteSource::Bgp, "tor-a"};

TEST(Policy, WhatNoStatementDecidesIsRejected) {
  Changes changes;
  changes.local_pref = 1;
  const PolicyProgram program({Policy{"p", {{"p[0]", {}, changes, Verdict::Continue}}}}, net::Asn{1});
  auto set = typical();
  const auto result = program.run(kContext, set);
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.decided_by, "");
  const PolicyProgram empty({}, net::Asn{1});
  EXPECT_FALSE(empty.run(kContext, set).accepted);
}

TEST(Policy, FirstVerdictEndsTheChainAndIsNamed) {
  Match other;
  other.med = 1;
  const PolicyProgram program({Policy{"a", {{"a[0]", other, {}, Verdict::Accept}}},
                               Policy{"b", {{"b[0]", {}, {}, Verdict::Reject}, {"b[1]", {}, {}, Verdict::Accept}}}},
                              net::Asn{1});
  auto set = typical();
  auto result = program.run(kContext, set);
  EXPECT_FALSE(result.accepted);
  EXPECT_EQ(result.decided_by, "b[0]");
  set.med = 1;
  result = program.run(kContext, set);
  EXPECT_TRUE(result.accepted);
  EXPECT_EQ(result.decided_by, "a[0]");
  EXPECT_FALSE(result.changed);
}

TEST(Policy, LaterStatementsSeeWhatEarlierOnesSet) {
  Changes tag, prefer;
  tag.add_communities = {wire::Community{42}};
  prefer.local_pref = 300;
  Match tagged;
  tagged.community = {wire::Community{42}};
  const PolicyProgram program(
      {Policy{"p", {{"p[0]", {}, tag, Verdict::Continue}, {"p[1]", tagged, prefer, Verdict::Accept}}}}, net::Asn{1});
  auto set = typical();
  EXPECT_TRUE(program.run(kContext, set).accepted);
  EXPECT_EQ(set.local_pref, 300u);
}

TEST(Policy, SaysWhatItSetOfMedAndNextHop) {
  Changes first, second;
  first.med = 5;
  first.next_hop = NextHopSelf{};
  second.clear_med = true;
  second.next_hop = ip("10.0.0.9");
  const auto run = [&](std::vector<Statement> statements) {
    statements.push_back({"end", {}, {}, Verdict::Accept});
    const PolicyProgram program({Policy{"p", statements}}, net::Asn{1});
    auto set = typical();
    return program.run(kContext, set);
  };
  auto result = run({{"p[0]", {}, first, Verdict::Continue}});
  EXPECT_TRUE(result.med_set && result.next_hop_self && !result.next_hop_set);
  result = run({{"p[0]", {}, first, Verdict::Continue}, {"p[1]", {}, second, Verdict::Continue}});
  EXPECT_TRUE(!result.med_set && !result.next_hop_self && result.next_hop_set);
  result = run({{"p[0]", {}, second, Verdict::Continue}, {"p[1]", {}, first, Verdict::Continue}});
  EXPECT_TRUE(result.med_set && result.next_hop_self && !result.next_hop_set);
}

TEST(Policy, AcceptAllIsKnownAsSuch) {
  const auto known = [](std::vector<Statement> statements) {
    return PolicyProgram({Policy{"p", std::move(statements)}}, net::Asn{1}).accepts_unchanged();
  };
  Match match;
  match.med = 1;
  Changes changes;
  changes.clear_med = true;
  EXPECT_TRUE(known({{"s", {}, {}, Verdict::Accept}, {"t", {}, {}, Verdict::Reject}}));
  EXPECT_FALSE(known({}));
  EXPECT_FALSE(known({{"s", {}, {}, Verdict::Continue}, {"t", {}, {}, Verdict::Accept}}));
  EXPECT_FALSE(known({{"s", {}, {}, Verdict::Reject}}));
  EXPECT_FALSE(known({{"s", match, {}, Verdict::Accept}}));
  EXPECT_FALSE(known({{"s", {}, changes, Verdict::Accept}}));
}

TEST(Policy, LongPrefixListsAnswerLikeShortOnes) {
  std::mt19937 random(7);
  std::vector<PrefixRange> all;
  for (int i = 0; i < 300; ++i) {
    const bool v6 = random() % 3 == 0;
    const auto length = random() % (v6 ? 65 : 33);
    auto address = v6 ? ip("2001:db8::") : net::IpAddress::v4(static_cast<std::uint32_t>(random() & 0xff0f0f0f));
    const auto p = net::Prefix::make(address, static_cast<unsigned>(length));
    const auto bits = p.address().bit_length();
    const auto a = random() % (bits + 1), b = random() % (bits + 1);
    all.push_back({p, static_cast<std::uint8_t>(std::min(a, b)), static_cast<std::uint8_t>(std::max(a, b))});
  }
  const PrefixMatcher matcher(all);
  int hits = 0;
  for (int i = 0; i < 20000; ++i) {
    const bool v6 = i % 4 == 0;
    const auto address = v6 ? ip("2001:db8::1") : net::IpAddress::v4(static_cast<std::uint32_t>(random() & 0xff0f0f0f));
    const auto p = net::Prefix::make(address, static_cast<unsigned>(random() % (v6 ? 129 : 33)));
    const bool expected = std::any_of(all.begin(), all.end(), [&](const PrefixRange& r) {
      return r.prefix.contains(p) && p.length() >= r.min_length && p.length() <= r.max_length;
    });
    hits += expected;
    ASSERT_EQ(matcher.matches(p), expected) << net::to_string(p);
  }
  EXPECT_GT(hits, 1000);
}

// More conditions on the context than bits: slower, not different.
TEST(Policy, ManyContextConditions) {
  std::vector<Statement> statements;
  for (unsigned i = 0; i < 100; ++i) {
    Match match;
    match.prefix = {exactly(fmt::format("10.{}.0.0/16", i))};
    statements.push_back({fmt::format("s[{}]", i), match, {}, i % 2 ? Verdict::Accept : Verdict::Reject});
  }
  const PolicyProgram program({Policy{"p", statements}}, net::Asn{1});
  EXPECT_FALSE(program.cacheable());
  for (unsigned i = 0; i < 100; ++i) {
    auto set = typical();
    const auto result = program.run({prefix(fmt::format("10.{}.0.0/16", i)), RouteSource::Bgp, ""}, set);
    EXPECT_EQ(result.accepted, i % 2 == 1);
    EXPECT_EQ(result.decided_by, fmt::format("s[{}]", i));
  }
}

// --- the cache of import policies ---

struct PolicyCacheTest : ::testing::Test {
  NextHops next_hops;
  AttrTable attributes{next_hops};
  PolicyEvaluator evaluator{attributes};

  PolicyChain by_prefix() {
    Match pods;
    pods.prefix = {range("10.244.0.0/16", 16, 28)};
    Changes prefer;
    prefer.local_pref = 300;
    return {Policy{"p", {{"p[0]", pods, prefer, Verdict::Accept}, {"p[1]", {}, {}, Verdict::Accept}}}};
  }
};

TEST_F(PolicyCacheTest, EqualChainsAreCompiledOnce) {
  const auto a = evaluator.compile(by_prefix(), net::Asn{1});
  EXPECT_EQ(a, evaluator.compile(by_prefix(), net::Asn{1}));
  EXPECT_NE(a, evaluator.compile(by_prefix(), net::Asn{2}));
  EXPECT_NE(a, evaluator.compile({}, net::Asn{1}));
  EXPECT_TRUE(a->looks_at_prefix());
  EXPECT_FALSE(evaluator.compile({}, net::Asn{1})->looks_at_prefix());
}

TEST_F(PolicyCacheTest, SameAttributesDifferentPrefixesDifferentResults) {
  const auto chain = evaluator.compile(by_prefix(), net::Asn{1});
  const auto in = attributes.intern(typical());
  for (int round = 0; round < 3; ++round) {
    const auto pod = evaluator.evaluate(*chain, PrefixKey::of(prefix("10.244.1.0/24")), in, RouteSource::Bgp, "tor-a");
    const auto other =
        evaluator.evaluate(*chain, PrefixKey::of(prefix("10.245.1.0/24")), in, RouteSource::Bgp, "tor-a");
    EXPECT_EQ(attributes.decode(pod).local_pref, 300u);
    EXPECT_EQ(other, in);
    attributes.unref(pod);
    attributes.unref(other);
  }
  EXPECT_EQ(attributes[in].refs, 1u);
  EXPECT_EQ(attributes.size(), 1u);  // the cache keeps nothing alive
  attributes.unref(in);
  EXPECT_EQ(attributes.size(), 0u);
}

TEST_F(PolicyCacheTest, RejectionIsRememberedAndExplained) {
  Match pods;
  pods.prefix = {range("10.244.0.0/16", 16, 28)};
  const auto chain = evaluator.compile({Policy{"p", {{"p[0]", pods, {}, Verdict::Reject}}}}, net::Asn{1});
  const auto in = attributes.intern(typical());
  const auto key = PrefixKey::of(prefix("10.244.1.0/24"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(evaluator.evaluate(*chain, key, in, RouteSource::Bgp, ""), kNoAttr);
  EXPECT_EQ(evaluator.explain(*chain, key, in, RouteSource::Bgp, "").decided_by, "p[0]");
  attributes.unref(in);
}

TEST_F(PolicyCacheTest, AcceptAllGivesBackWhatItGot) {
  const auto chain = evaluator.compile({Policy{"p", {{"s", {}, {}, Verdict::Accept}}}}, net::Asn{1});
  const auto in = attributes.intern(typical());
  EXPECT_EQ(evaluator.evaluate(*chain, PrefixKey::of(prefix("10.0.0.0/8")), in, RouteSource::Bgp, ""), in);
  EXPECT_EQ(attributes[in].refs, 2u);
  attributes.unref(in, 2);
}

// Indices are reused: results must never be those of an earlier record with the same index.
TEST_F(PolicyCacheTest, AgreesWithTheProgramUnderChurn) {
  std::mt19937 random(3);
  auto chain = by_prefix();
  chain[0].statements[1].match.med = 1;
  const auto compiled = evaluator.compile(chain, net::Asn{1});
  std::vector<AttrIndex> held;
  for (int i = 0; i < 50000; ++i) {
    auto set = typical();
    set.med = static_cast<std::uint32_t>(random() % 3);
    set.communities = {wire::Community{static_cast<std::uint32_t>(random() % 2000)}};
    const auto p = prefix(random() % 2 ? "10.244.1.0/24" : "10.245.1.0/24");
    const auto in = attributes.intern(set);
    const auto out = evaluator.evaluate(*compiled, PrefixKey::of(p), in, RouteSource::Bgp, "tor-a");
    const auto result = compiled->program().run({p, RouteSource::Bgp, "tor-a"}, set);
    ASSERT_EQ(out != kNoAttr, result.accepted);
    if (out != kNoAttr) {
      ASSERT_EQ(attributes.decode(out), set);
      held.push_back(out);
    }
    attributes.unref(in);
    if (held.size() > 1000) {
      for (const auto index : held) attributes.unref(index);
      held.clear();
    }
  }
  for (const auto index : held) attributes.unref(index);
  EXPECT_EQ(attributes.size(), 0u);
}

}  // namespace
}  // namespace podbgp::rib

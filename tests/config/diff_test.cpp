// What a new file changes and what that costs: changes that touch no session parameter reset no session.
#include "config/diff.hpp"

#include <gtest/gtest.h>

#include "config/parse.hpp"
#include "config/secrets.hpp"

namespace podbgp::config {
namespace {

constexpr std::string_view kBase = R"(version: 1
router: { asn: 65101, id: 10.0.0.1 }
groups:
  tors: { asn: 65001, import: [in], export: [accept-all], timers: { hold: 9s } }
peers:
  - { name: a, address: 10.1.0.1, group: tors }
  - { name: b, address: 10.1.0.2, group: tors, description: old }
networks:
  - { prefix: 10.244.1.0/24 }
policies:
  in: [ { match: { prefix: 0.0.0.0/0 }, then: accept } ]
)";

Config config_of(const std::string& text) {
  auto parsed = parse(text, "test.yaml");
  if (!parsed) {
    for (const auto& d : parsed.error()) ADD_FAILURE() << to_string(d);
    return {};
  }
  return std::move(parsed->config);
}

// The base with one piece of text replaced.
Config with(std::string_view from, std::string_view to) {
  std::string text(kBase);
  const auto at = text.find(from);
  if (at == std::string::npos) {
    ADD_FAILURE() << "the base has no " << from;
    return {};
  }
  return config_of(text.replace(at, from.size(), to));
}
const Config& base() {
  static const Config config = config_of(std::string(kBase));
  return config;
}
std::string text_of(const Diff& diff) {
  std::string out;
  for (const auto& change : diff.changes) out += to_string(change) + "\n";
  return out;
}

TEST(Diff, OfTheSameIsEmpty) {
  const auto d = diff(base(), base());
  EXPECT_TRUE(d.empty());
  EXPECT_TRUE(d.changed.empty());
  EXPECT_FALSE(d.networks || d.router || d.log || d.needs_restart);
}

struct PeerCase {
  std::string_view from, to, change;
  Impact impact;
};

class PeerDiff : public testing::TestWithParam<PeerCase> {};

TEST_P(PeerDiff, HasItsImpact) {
  const auto& c = GetParam();
  const auto d = diff(base(), with(c.from, c.to));
  EXPECT_EQ(text_of(d), c.change);
  ASSERT_EQ(d.changed.size(), 1u);
  EXPECT_EQ(d.changed[0].name, "b");
  EXPECT_EQ(d.changed[0].impact, c.impact);
  EXPECT_TRUE(d.added.empty() && d.removed.empty() && !d.needs_restart);
}

INSTANTIATE_TEST_SUITE_P(
    OneChange, PeerDiff,
    testing::Values(
        PeerCase{"description: old", "description: new", "peers[b].description: old -> new (none)\n", Impact::None},
        PeerCase{"description: old", "description: old, passive: on", "peers[b].passive: off -> on (live)\n",
                 Impact::Live},
        PeerCase{"description: old", "description: old, timers: { keepalive: 2s }",
                 "peers[b].timers.keepalive: 3s -> 2s (live)\n", Impact::Live},
        PeerCase{"description: old", "description: old, max_prefixes: { received: 9, action: warn }",
                 "peers[b].max_prefixes.received: + 9 (live)\npeers[b].max_prefixes.action: + warn (live)\n",
                 Impact::Live},
        PeerCase{"description: old", "description: old, import: [accept-all, in]",
                 "peers[b].import: [in] -> [accept-all, in] (policy)\n", Impact::Policy},
        PeerCase{"description: old", "description: old, next_hop: self", "peers[b].next_hop: + self (policy)\n",
                 Impact::Policy},
        PeerCase{"description: old", "description: old, allow_own_as: 1", "peers[b].allow_own_as: + 1 (policy)\n",
                 Impact::Policy},
        PeerCase{"description: old", "description: old, timers: { hold: 30s, keepalive: 3s }",
                 "peers[b].timers.hold: 9s -> 30s (session reset)\n", Impact::SessionReset},
        PeerCase{"description: old", "description: old, asn: 65002", "peers[b].asn: 65001 -> 65002 (session reset)\n",
                 Impact::SessionReset},
        PeerCase{"description: old", "description: old, enabled: off", "peers[b].enabled: on -> off (session reset)\n",
                 Impact::SessionReset},
        PeerCase{"description: old", "description: old, families: [ipv4, ipv6]",
                 "peers[b].families: [ipv4] -> [ipv4, ipv6] (session reset)\n", Impact::SessionReset},
        PeerCase{"description: old", "description: old, multihop: 2", "peers[b].multihop: + 2 (session reset)\n",
                 Impact::SessionReset},
        PeerCase{"address: 10.1.0.2", "address: 10.1.0.3", "peers[b].address: 10.1.0.2 -> 10.1.0.3 (session reset)\n",
                 Impact::SessionReset}));

TEST(Diff, PolicyContentReachesEveryPeerThatNamesIt) {
  const auto d = diff(base(), with("prefix: 0.0.0.0/0", "prefix: 10.0.0.0/8 le 32"));
  EXPECT_EQ(text_of(d),
            "policies.in: { match: { prefix: [0.0.0.0/0] }, then: accept } -> "
            "{ match: { prefix: [10.0.0.0/8 le 32] }, then: accept } (policy)\n");
  ASSERT_EQ(d.changed.size(), 2u);
  EXPECT_EQ(d.changed[0].impact, Impact::Policy);
  EXPECT_EQ(d.changed[1].impact, Impact::Policy);
}

TEST(Diff, PeersComeAndGoByName) {
  const auto d = diff(base(), with("name: a,", "name: c,"));
  EXPECT_EQ(d.removed, std::vector<std::string>{"a"});
  EXPECT_EQ(d.added, std::vector<std::string>{"c"});
  EXPECT_TRUE(d.changed.empty());
}

TEST(Diff, AnotherGroupOfTheSameContentCostsNothing) {
  const auto d = diff(base(), config_of([] {
                        std::string text(kBase);
                        for (auto at = text.find("tors"); at != std::string::npos; at = text.find("tors"))
                          text.replace(at, 4, "leaves");
                        return text;
                      }()));
  EXPECT_EQ(text_of(d), "peers[a].group: tors -> leaves (none)\npeers[b].group: tors -> leaves (none)\n");
}

TEST(Diff, PoliciesAndNetworksComeAndGo) {
  const auto more = config_of(std::string(kBase) + "  out: [ { then: reject } ]\n");
  EXPECT_EQ(text_of(diff(base(), more)), "policies.out: + { then: reject } (policy)\n");
  EXPECT_EQ(text_of(diff(more, base())), "policies.out: - { then: reject } (policy)\n");
  EXPECT_TRUE(diff(base(), more).changed.empty()) << "no peer names it";
  EXPECT_EQ(text_of(diff(base(), with("networks:\n  - { prefix: 10.244.1.0/24 }", "networks: []"))),
            "networks[10.244.1.0/24]: - 10.244.1.0/24 (live)\n");
}

TEST(Diff, Networks) {
  const auto d = diff(
      base(), with("{ prefix: 10.244.1.0/24 }", "{ prefix: 10.244.1.0/24, med: 5 }\n  - { prefix: 10.244.2.0/24 }"));
  EXPECT_EQ(text_of(d), "networks[10.244.1.0/24].med: + 5 (live)\nnetworks[10.244.2.0/24]: + 10.244.2.0/24 (live)\n");
  EXPECT_TRUE(d.networks);
  EXPECT_TRUE(d.changed.empty());
}

TEST(Diff, WhatNeedsARestartSaysSoAndIsKept) {
  for (const std::string_view section :
       {"fib: { table: 100 }", "api: { mode: \"0600\" }", "metrics: { listen: off }", "state_dir: /x"}) {
    auto next = config_of(std::string(kBase) + std::string(section) + "\n");
    const auto d = diff(base(), next);
    EXPECT_TRUE(d.needs_restart) << section;
    EXPECT_EQ(d.changes.size(), 1u) << text_of(d);
    keep_until_restart(base(), next);
    EXPECT_TRUE(diff(base(), next).empty()) << section;
  }
  const auto listen = diff(base(), with("id: 10.0.0.1", "id: 10.0.0.1, listen: []"));
  EXPECT_TRUE(listen.needs_restart);
}

TEST(Diff, AnotherAsnWaitsForTheRestartWithItsPeers) {
  auto next = with("asn: 65101", "asn: 65102");
  EXPECT_EQ(text_of(diff(base(), next)), "router.asn: 65101 -> 65102 (restart)\n");
  keep_until_restart(base(), next);
  EXPECT_EQ(next, base());
}

TEST(Diff, AnotherRouterIdResetsNoSessionBeforeTheRestart) {
  auto next = with("id: 10.0.0.1", "id: 10.0.0.2");
  EXPECT_EQ(text_of(diff(base(), next)), "router.id: 10.0.0.1 -> 10.0.0.2 (restart)\n");
  keep_until_restart(base(), next);
  EXPECT_EQ(next, base());
}

// --- plan ---

TEST(Plan, WhatWaitsForARestartIsNewsOnce) {
  const auto file = with("description: old", "description: new, passive: on");
  auto edited = file;
  edited.fib.table = 100;
  const auto first = plan(base(), edited, {});
  ASSERT_EQ(first.news.size(), 3u);
  EXPECT_EQ(to_string(first.news[2]), "fib.table: main -> 100 (restart)");
  EXPECT_EQ(first.waiting.size(), 1u);
  EXPECT_TRUE(first.as_before.empty());
  EXPECT_EQ(first.next, file);
  const auto again = plan(first.next, edited, first.waiting);
  EXPECT_TRUE(again.news.empty() && again.now.empty());
  EXPECT_EQ(again.as_before, first.waiting);
  EXPECT_EQ(again.waiting, first.waiting);
  edited.fib.table = 101;
  const auto other = plan(first.next, edited, first.waiting);
  ASSERT_EQ(other.news.size(), 1u);
  EXPECT_EQ(what(other.news[0]), "fib.table: main -> 101");
  EXPECT_TRUE(other.as_before.empty());
  EXPECT_TRUE(plan(first.next, file, first.waiting).waiting.empty()) << "taken back";
}

TEST(Plan, APeerThatHangsOnTheAsnWaitsWithIt) {
  auto edited = with("description: old", "description: old, passive: on");
  edited.router.asn = net::Asn(65102);
  const auto result = plan(base(), edited, {});
  EXPECT_TRUE(result.now.empty());
  for (const auto& change : result.news) EXPECT_EQ(change.impact, Impact::Restart) << to_string(change);
  EXPECT_EQ(result.news.size(), 2u);
}

TEST(Diff, ClusterIdAndLogAreLive) {
  const auto cluster = diff(base(), with("id: 10.0.0.1", "id: 10.0.0.1, cluster_id: 10.0.0.9"));
  EXPECT_TRUE(cluster.router);
  EXPECT_FALSE(cluster.needs_restart);
  const auto log = diff(base(), config_of(std::string(kBase) + "log: { level: debug }\n"));
  EXPECT_TRUE(log.log);
  EXPECT_EQ(text_of(log), "log.level: info -> debug (live)\n");
}

// --- secrets ---

Config with_password(const std::string& password, const std::string& source = "file: /etc/podbgp/b.key") {
  auto config = with("description: old", "description: old, password: { " + source + " }");
  const auto loaded =
      load_secrets(config, [&](const SecretSource&) { return net::Result<std::string, std::string>(password); }, "f");
  EXPECT_TRUE(loaded);
  return config;
}

TEST(Secrets, AnotherPasswordResetsTheSessionAndIsNotShown) {
  const auto d = diff(with_password("hunter2\n"), with_password("hunter3\n"));
  EXPECT_EQ(text_of(d), "peers[b].password: (hidden) -> (hidden, another) (session reset)\n");
}

TEST(Secrets, AnotherPlaceOfTheSamePasswordIsLive) {
  const auto d = diff(with_password("hunter2"), with_password("hunter2", "env: KEY"));
  ASSERT_EQ(d.changed.size(), 1u);
  EXPECT_EQ(d.changed[0].impact, Impact::Live) << text_of(d);
}

TEST(Secrets, AreReadOncePerPeerAndCutAtTheNewline) {
  auto config = with("description: old", "description: old, password: { env: KEY }");
  std::vector<SecretSource> asked;
  const auto loaded = load_secrets(
      config,
      [&](const SecretSource& source) {
        asked.push_back(source);
        return net::Result<std::string, std::string>("hunter2\r\n");
      },
      "f");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(asked, (std::vector<SecretSource>{{SecretSource::Kind::Environment, "KEY"}}));
  EXPECT_EQ(config.peers[0].endpoint.password, "");
  EXPECT_EQ(config.peers[1].endpoint.password, "hunter2");
}

TEST(Secrets, ThatAreNoneAreRefusedInWordsWithoutThem) {
  const std::pair<net::Result<std::string, std::string>, std::string_view> kTable[] = {
      {net::fail(std::string("No such file or directory")),
       "f: peers[1].password.file: cannot read password file '/k' for peer 'b': No such file or directory; create it, "
       "readable for "
       "podbgpd only"},
      {"\n",
       "f: peers[1].password.file: password file '/k' for peer 'b' is empty; write one password of 1 to 80 octets into "
       "it"},
      {std::string(81, 'x'),
       "f: peers[1].password.file: password file '/k' for peer 'b' is 81 octets long; Linux takes 80; write one "
       "password of 1 to 80 octets "
       "into it"},
      {"one\ntwo\n",
       "f: peers[1].password.file: password file '/k' for peer 'b' holds more than one line of text; write one "
       "password of 1 to 80 octets "
       "into it"}};
  for (const auto& [content, message] : kTable) {
    auto config = with("description: old", "password: { file: /k }");
    const auto loaded = load_secrets(config, [&](const SecretSource&) { return content; }, "f");
    ASSERT_FALSE(loaded);
    ASSERT_EQ(loaded.error().size(), 1u);
    EXPECT_EQ(to_string(loaded.error()[0]), message);
  }
}

}  // namespace
}  // namespace podbgp::config

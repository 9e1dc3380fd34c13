// What a right file means.
#include "config/parse.hpp"

#include <gtest/gtest.h>

#include "config/scalars.hpp"
#include "tests/config/files.hpp"

namespace podbgp::config {
namespace {

using net::Family;
using std::chrono::seconds;

net::IpAddress ip(std::string_view text) { return *net::IpAddress::parse(text); }
net::Prefix prefix(std::string_view text) { return *net::Prefix::parse(text); }

Config ok(const std::string& text) {
  auto parsed = parse(text, "test.yaml");
  if (!parsed) {
    for (const auto& d : parsed.error()) ADD_FAILURE() << to_string(d);
    return {};
  }
  return std::move(parsed->config);
}
Config with_peer(const std::string& keys) {
  auto config =
      ok("version: 1\nrouter: { asn: 65101, id: 10.0.0.1 }\npeers: [ { address: 10.1.0.1, " + keys + " } ]\n");
  if (config.peers.empty()) config.peers.emplace_back();
  return config;
}
std::vector<Diagnostic> errors(const std::string& text) {
  auto parsed = parse(text, "test.yaml");
  return parsed ? std::vector<Diagnostic>{} : parsed.error();
}

TEST(Defaults, OfTheSmallestFile) {
  const auto config = ok("version: 1\nrouter: { asn: 65101 }\n");
  EXPECT_EQ(config.router.asn, net::Asn(65101));
  EXPECT_FALSE(config.router.id);
  EXPECT_EQ(config.router.listen, (std::vector<Listen>{{ip("0.0.0.0"), 179}, {ip("::"), 179}}));
  EXPECT_EQ(config.fib, fib::Settings{});
  EXPECT_EQ(config.api, Api{});
  EXPECT_EQ(to_string(config.metrics.value()), "127.0.0.1:9179");
  EXPECT_EQ(config.log, Log{});
  EXPECT_EQ(config.state_dir, "/var/lib/podbgp");
  EXPECT_TRUE(config.peers.empty());
}

TEST(Defaults, OfAPeer) {
  const auto peer = with_peer("asn: 65101").peers[0];
  EXPECT_EQ(peer.name, "10.1.0.1");
  EXPECT_TRUE(peer.enabled);
  fsm::PeerSettings session;
  session.local_asn = session.peer_asn = net::Asn(65101);
  session.local_id = net::RouterId(0x0a000001);
  EXPECT_EQ(peer.session, session) << "the FSM's own defaults are those of the file";
  EXPECT_EQ(peer.endpoint.port, 179);
  EXPECT_EQ(peer.endpoint.ttl, 255u) << "iBGP";
  EXPECT_FALSE(peer.rib.import);
  EXPECT_FALSE(peer.rib.export_);
  EXPECT_EQ(peer.rib.max_prefixes, rib::MaxPrefixes{});
  EXPECT_FALSE(peer.password);
}

TEST(Peer, FamiliesAreThoseOfTheAddressUnlessWritten) {
  const auto config =
      ok("version: 1\nrouter: { asn: 1 }\npeers:\n  - { address: \"fd00::1\", asn: 1 }\n"
         "  - { address: 10.0.0.1, asn: 1, families: [ipv6, ipv4] }\n");
  ASSERT_EQ(config.peers.size(), 2u);
  EXPECT_EQ(config.peers[0].session.families, net::FamilySet{Family::Ipv6Unicast});
  EXPECT_EQ(config.peers[1].session.families, (net::FamilySet{Family::Ipv4Unicast, Family::Ipv6Unicast}));
}

TEST(Peer, KeepaliveIsAThirdOfHold) {
  EXPECT_EQ(with_peer("asn: 65101, timers: { hold: 10s }").peers[0].session.keepalive, seconds(3));
  EXPECT_EQ(with_peer("asn: 65101, timers: { hold: 3s }").peers[0].session.keepalive, seconds(1));
  EXPECT_EQ(with_peer("asn: 65101, timers: { hold: 0 }").peers[0].session.keepalive, seconds(0));
  EXPECT_EQ(with_peer("asn: 65101, timers: { hold: 0s }").peers[0].session.hold_time, seconds(0));
}

TEST(Peer, TtlOfEachKind) {
  const std::string policies = ", import: [accept-all], export: [accept-all]";
  EXPECT_EQ(with_peer("asn: 65001" + policies).peers[0].endpoint.ttl, 1u);
  EXPECT_EQ(with_peer("asn: 65001, multihop: 3" + policies).peers[0].endpoint.ttl, 3u);
  const auto gtsm = with_peer("asn: 65001, ttl_security: 2" + policies).peers[0].endpoint;
  EXPECT_EQ(gtsm.ttl, 255u);
  EXPECT_EQ(gtsm.ttl_security_hops, 2u);
  EXPECT_EQ(with_peer("asn: 65101").peers[0].endpoint.ttl, 255u);
}

TEST(Peer, OnlyAnExternalPeerWithoutMultihopMustBeOnALink) {
  const std::string policies = ", import: [accept-all], export: [accept-all]";
  EXPECT_TRUE(with_peer("asn: 65001" + policies).peers[0].rib.on_link);
  EXPECT_TRUE(with_peer("asn: 65001, ttl_security: 1" + policies).peers[0].rib.on_link);
  EXPECT_FALSE(with_peer("asn: 65001, ttl_security: 2" + policies).peers[0].rib.on_link);
  EXPECT_FALSE(with_peer("asn: 65001, multihop: 3" + policies).peers[0].rib.on_link);
  EXPECT_FALSE(with_peer("asn: 65101").peers[0].rib.on_link);
}

TEST(Peer, EnabledOffIsAdminDown) {
  const auto peer = with_peer("asn: 65101, enabled: off, shutdown_text: maintenance").peers[0];
  EXPECT_FALSE(peer.enabled);
  EXPECT_TRUE(peer.session.admin_down);
  EXPECT_EQ(peer.session.shutdown_text, "maintenance");
}

TEST(Groups, KeysOfThePeerHideThoseOfTheGroupAndRecordsAreJoined) {
  const auto config = ok(R"(version: 1
router: { asn: 65101 }
groups:
  g:
    asn: 65101
    port: 1179
    timers: { hold: 30s, connect_retry: 7s }
    password: { file: /etc/a.key }
    max_prefixes: { received: 100, action: warn }
    families: [ipv4, ipv6]
peers:
  - { address: 10.0.0.1, group: g }
  - { address: 10.0.0.2, group: g, port: 2179, timers: { hold: 9s }, password: { env: KEY }, max_prefixes: { received: 5 }, families: [ipv4] }
)");
  ASSERT_EQ(config.peers.size(), 2u);
  const auto& a = config.peers[0];
  EXPECT_EQ(a.group, "g");
  EXPECT_EQ(a.endpoint.port, 1179);
  EXPECT_EQ(a.session.hold_time, seconds(30));
  EXPECT_EQ(a.password, (SecretSource{SecretSource::Kind::File, "/etc/a.key"}));
  const auto& b = config.peers[1];
  EXPECT_EQ(b.endpoint.port, 2179);
  EXPECT_EQ(b.session.hold_time, seconds(9));
  EXPECT_EQ(b.session.keepalive, seconds(3));
  EXPECT_EQ(b.session.connect_retry, seconds(7)) << "from the group";
  EXPECT_EQ(b.password, (SecretSource{SecretSource::Kind::Environment, "KEY"}));
  EXPECT_EQ(b.rib.max_prefixes.received, 5u);
  EXPECT_EQ(b.rib.max_prefixes.action, rib::MaxPrefixes::Action::Warn);
  EXPECT_EQ(b.session.families, net::FamilySet{Family::Ipv4Unicast});
}

TEST(Policies, OfTheExample) {
  const auto config = ok(test::read(test::root() / "deploy/examples/tor-peering.yaml"));
  ASSERT_EQ(config.peers.size(), 2u);
  const auto& peer = config.peers[0];
  ASSERT_TRUE(peer.rib.import && peer.rib.export_);
  ASSERT_EQ(peer.rib.export_->size(), 1u);
  const auto& policy = peer.rib.export_->front();
  EXPECT_EQ(policy.name, "own-pods");
  ASSERT_EQ(policy.statements.size(), 1u);
  const auto& s = policy.statements[0];
  EXPECT_EQ(s.name, "own-pods[0]");
  EXPECT_EQ(s.then, rib::Verdict::Accept);
  EXPECT_EQ(s.match.source, (std::vector{rib::RouteSource::Api, rib::RouteSource::Network}));
  EXPECT_EQ(s.match.prefix,
            (std::vector<rib::PrefixRange>{{prefix("10.244.0.0/16"), 16, 28}, {prefix("fd00:10:244::/48"), 48, 64}}));
  EXPECT_EQ(s.set.add_communities, (std::vector<rib::AnyCommunity>{wire::Community((65101u << 16) | 100)}));
  EXPECT_EQ(peer.rib.max_prefixes.restart_after, seconds(300));
  EXPECT_EQ(config.policies.size(), 2u);
}

TEST(Policies, MatchesAndChangesOfTheExample) {
  const auto config = ok(test::read(test::root() / "deploy/examples/policies.yaml"));
  ASSERT_EQ(config.policies.size(), 4u);
  const auto& from = config.policies[1].statements;
  ASSERT_EQ(from.size(), 5u);
  EXPECT_EQ(from[0].match.as_path->contains, std::vector{net::Asn(64511)});
  EXPECT_EQ(from[1].match.as_path->neighbour, net::Asn(64496));
  EXPECT_EQ(from[1].match.as_path->origin, net::Asn(64499));
  EXPECT_EQ(from[1].match.as_path->max_length, 8u);
  EXPECT_EQ(from[1].then, rib::Verdict::Continue);
  EXPECT_EQ(from[2].match.community->size(), 2u);
  EXPECT_EQ(from[3].match.peer, std::vector<std::string>{"transit-b"});
  EXPECT_EQ(from[3].match.next_hop, (std::vector{prefix("198.51.100.0/24"), prefix("198.51.100.7/32")}));
  EXPECT_EQ(from[3].match.family, Family::Ipv4Unicast);
  EXPECT_EQ(from[3].match.med, 10u);
  EXPECT_TRUE(from[3].set.clear_med);
  EXPECT_EQ(from[4].set.remove_communities.size(), 3u) << "a set and one more";
  const auto& drained = config.policies[2].statements[0];
  EXPECT_EQ(drained.set.prepend, (rib::Changes::Prepend{std::nullopt, 3}));
  EXPECT_EQ(drained.set.add_communities, (std::vector<rib::AnyCommunity>{wire::kGracefulShutdown}));
  const auto& to = config.policies[3].statements;
  EXPECT_EQ(to[0].set.prepend, (rib::Changes::Prepend{net::Asn(4200065101), 2}));
  EXPECT_EQ(to[0].set.replace_communities->front(), rib::AnyCommunity((wire::LargeCommunity{4200065101, 0, 1})));
  EXPECT_TRUE(std::holds_alternative<rib::NextHopSelf>(*to[1].set.next_hop));
  EXPECT_EQ(std::get<net::IpAddress>(*to[2].set.next_hop), ip("192.0.2.100"));
}

TEST(Policies, BuiltInOnes) {
  const auto peer = with_peer("asn: 65001, import: [accept-all], export: [reject-all]").peers[0];
  EXPECT_EQ(peer.rib.import->at(0).statements.at(0).then, rib::Verdict::Accept);
  EXPECT_EQ(peer.rib.export_->at(0).statements.at(0).then, rib::Verdict::Reject);
}

TEST(Networks, AndServices) {
  const auto config = ok(test::read(test::root() / "deploy/examples/policies.yaml"));
  ASSERT_EQ(config.networks.size(), 2u);
  const auto& n = config.networks[0];
  EXPECT_EQ(n.prefix, prefix("203.0.113.0/24"));
  EXPECT_EQ(n.source, rib::RouteSource::Network);
  EXPECT_EQ(n.owner, 0);
  EXPECT_FALSE(n.blackhole);
  EXPECT_EQ(n.med, 50u);
  EXPECT_EQ(n.local_pref, 200u);
  EXPECT_EQ(n.communities.size(), 2u);
  EXPECT_TRUE(std::ranges::is_sorted(n.communities));
  EXPECT_EQ(n.large_communities.size(), 1u);
  EXPECT_EQ(n.extended_communities.size(), 1u);
  EXPECT_EQ(config.networks[1].next_hop, ip("2001:db8::100"));
  EXPECT_EQ(config.fib.table, 100u);
  EXPECT_EQ(config.fib.protocol, 180);
  EXPECT_EQ(config.fib.metric_v4, 50u);
  EXPECT_EQ(config.fib.metric_v6, 1500u);
  EXPECT_FALSE(config.fib.nexthop_objects);
  EXPECT_TRUE(config.fib.remove_on_stop);
  EXPECT_EQ(config.fib.sweep_after, seconds(120));
  EXPECT_EQ(config.api.mode, 0600u);
  EXPECT_FALSE(config.metrics);
  EXPECT_EQ(config.log, (Log{Log::Level::Debug, Log::Format::Json}));
  EXPECT_TRUE(config.router.listen.empty());
  EXPECT_EQ(rib_settings(config).multipath, 16u);
}

TEST(RouterId, ReachesEverySession) {
  auto config = ok("version: 1\nrouter: { asn: 1 }\npeers: [ { address: 10.0.0.1, asn: 1 } ]\n");
  EXPECT_EQ(config.peers.at(0).session.local_id, net::RouterId{});
  set_router_id(config, net::RouterId(7));
  EXPECT_EQ(config.peers.at(0).session.local_id, net::RouterId(7));
  EXPECT_EQ(rib_settings(config).cluster_id, net::RouterId(7));
}

TEST(Diagnostics, AllOfAFileInItsOrder) {
  const auto found = errors(
      "version: 1\nrouter: { asn: x }\npeers:\n  - { adress: 10.0.0.1, asn: 1 }\nlog: { level: loud }\nfoo: 1\n");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].line, 2u);
  EXPECT_EQ(found[1], (Diagnostic{Severity::Error, "test.yaml", 4, 7, "peers[0].adress", "unknown key 'adress'",
                                  "did you mean 'address'?"}));
  EXPECT_EQ(found[2].path, "log.level");
  EXPECT_EQ(found[3].path, "foo");
  EXPECT_EQ(to_string(found[1]), "test.yaml:4:7: peers[0].adress: unknown key 'adress'; did you mean 'address'?");
  EXPECT_EQ(to_json(found[1]), R"({"severity":"error","file":"test.yaml","line":4,"column":7,"path":"peers[0].adress",)"
                               R"("message":"unknown key 'adress'","hint":"did you mean 'address'?"})");
}

TEST(Diagnostics, OfAFileOnTheWholeNameNoLine) {
  EXPECT_EQ(to_string(Diagnostic{Severity::Error, "a.yaml", 0, 0, "", "cannot be read", ""}), "a.yaml: cannot be read");
}

TEST(Diagnostics, ManyAsJson) {
  const Diagnostic d{Severity::Warning, "a.yaml", 1, 2, "p", "a \"quoted\"\n\x01 word", "h"};
  const std::string one = R"({"severity":"warning","file":"a.yaml","line":1,"column":2,"path":"p",)"
                          R"("message":"a \"quoted\"\n\u0001 word","hint":"h"})";
  EXPECT_EQ(to_json(std::vector{d, d}), "[\n" + one + ",\n" + one + "\n]\n");
  EXPECT_EQ(to_json(std::vector<Diagnostic>{}), "[]\n");
}

TEST(Yaml, TooMuchOfIt) {
  const auto found = errors("version: 1\n" + std::string(9 * 1024 * 1024, '#'));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].message, "the file is larger than 8 MiB");
}

TEST(Yaml, OnlyTextIsText) {  // YAML 1.2 §10.3.2: what stands plain and is no text needs quotes to be one
  for (const std::string_view text :
       {"true", "False", "12", "-7", "1.5", ".5", "1e3", "0x1f", "0o17", ".inf", "-.Inf", ".nan"}) {
    const auto file = [&](std::string_view quote) {
      return fmt::format(
          "version: 1\nrouter: {{ asn: 1 }}\npeers: [ {{ address: 10.0.0.1, asn: 1, description: {0}{1}{0} }} ]\n",
          quote, text);
    };
    EXPECT_EQ(errors(file("")).size(), 1u) << text;
    EXPECT_EQ(ok(file("'")).peers.at(0).description, text);
  }
  for (const std::string_view text : {"on", "yes", "1.2.3", "12a", "e5", "0x", "65101:59", "1e", "."}) {
    const auto file = fmt::format(
        "version: 1\nrouter: {{ asn: 1 }}\npeers: [ {{ address: 10.0.0.1, asn: 1, description: {} }} ]\n", text);
    EXPECT_EQ(ok(file).peers.at(0).description, text);
  }
}

TEST(Log, EveryLevel) {
  const std::pair<std::string_view, Log::Level> kTable[] = {{"debug", Log::Level::Debug},
                                                            {"info", Log::Level::Info},
                                                            {"warning", Log::Level::Warning},
                                                            {"error", Log::Level::Error}};
  for (const auto& [word, level] : kTable)
    EXPECT_EQ(ok(fmt::format("version: 1\nrouter: {{ asn: 1 }}\nlog: {{ level: {} }}\n", word)).log.level, level);
}

TEST(Yaml, ByteOrderMarkAndWindowsLinesAreFine) {
  EXPECT_EQ(ok("\xef\xbb\xbfversion: 1\r\nrouter: { asn: 5 }\r\n").router.asn, net::Asn(5));
}

TEST(Durations, TextForms) {
  using std::chrono::milliseconds;
  const std::pair<std::string_view, std::optional<milliseconds>> kTable[] = {
      {"9s", milliseconds(9000)},   {"1m30s", milliseconds(90000)},
      {"500ms", milliseconds(500)}, {"1h1m1s1ms", milliseconds(3661001)},
      {"0s", milliseconds(0)},      {"", std::nullopt},
      {"9", std::nullopt},          {"s", std::nullopt},
      {"1s1m", std::nullopt},       {"1s1s", std::nullopt},
      {"01s", std::nullopt},        {"-1s", std::nullopt},
      {"1.5s", std::nullopt},       {"1 s", std::nullopt},
      {"1d", std::nullopt},         {"4294967296s", std::nullopt}};
  for (const auto& [text, value] : kTable) EXPECT_EQ(parse_duration(text), value) << text;
  for (const int s : {0, 1, 59, 60, 61, 3600, 3661, 86400})
    EXPECT_EQ(parse_duration(to_string(seconds(s))), seconds(s));
}

TEST(PrefixRanges, TextForms) {
  const std::tuple<std::string_view, unsigned, unsigned, std::string_view> kTable[] = {
      {"10.0.0.0/8", 8, 8, "10.0.0.0/8"},
      {"10.0.0.0/8 le 24", 8, 24, "10.0.0.0/8 le 24"},
      {"10.0.0.0/8 ge 24", 24, 32, "10.0.0.0/8 ge 24"},
      {"10.0.0.0/8  le 24 ge 16 ", 16, 24, "10.0.0.0/8 ge 16 le 24"},
      {"10.0.0.0/8 ge 8", 8, 32, "10.0.0.0/8 le 32"},
      {"10.0.0.0/8 le 8", 8, 8, "10.0.0.0/8"},
      {"::/0 ge 128", 128, 128, "::/0 ge 128"},
      {"10.0.0.1/32 le 32", 32, 32, "10.0.0.1/32"}};
  for (const auto& [text, low, high, canonical] : kTable) {
    const auto parsed = parse_range(text);
    ASSERT_TRUE(parsed) << text;
    const auto& range = std::get<rib::PrefixRange>(*parsed);
    EXPECT_EQ(range.min_length, low) << text;
    EXPECT_EQ(range.max_length, high) << text;
    EXPECT_EQ(to_string(range), canonical);
  }
  for (const std::string_view text :
       {"", "le 24", "10.0.0.0/8 24", "10.0.0.0/8 le", "10.0.0.0/8 le x", "10.0.0.0/8 le 7", "10.0.0.0/8 le 024"})
    EXPECT_FALSE(parse_range(text)) << text;
}

}  // namespace
}  // namespace podbgp::config

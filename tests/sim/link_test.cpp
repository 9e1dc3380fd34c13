// What happens to links and addresses, and what follows for sessions (fast external fallover).
#include <fmt/format.h>

#include "tests/sim/sim.hpp"

namespace podbgp::sim {
namespace {

using session::fake::World;

constexpr auto kSoon = 60s;

std::string node(int own, int asn, int peer, int peer_asn, const std::string& extra = "") {
  return fmt::format(
      "version: 1\nrouter: {{ asn: {0}, id: 10.0.0.{1} }}\npeers:\n"
      "  - {{ name: n{2}, address: 10.0.0.{2}, asn: {3}, import: [accept-all], export: [accept-all], "
      "timers: {{ hold: 90s, keepalive: 30s }} {4} }}\n",
      asn, own, peer, peer_asn, extra);
}

fib::InterfaceAddresses addresses(std::initializer_list<fib::InterfaceAddresses::Entry> entries) { return {entries}; }
fib::InterfaceAddresses::Entry on(const std::string& interface, std::uint32_t ifindex, const std::string& text, unsigned length) {
  return {interface, ifindex, address(text), length};
}

struct Pair {
  World world;
  Daemon a, b;
  explicit Pair(int b_asn = 65002, const std::string& extra = "")
      : a(world, "10.0.0.1", node(1, 65001, 2, b_asn, extra)), b(world, "10.0.0.2", node(2, b_asn, 1, 65001)) {
    a.kernel.deliver(addresses({on("eth1", 7, "10.0.0.1", 24), on("eth2", 8, "10.9.0.1", 24)}));
    EXPECT_TRUE(world.run_until([&] { return a.up("n2"); }, kSoon));
  }
  void lose(std::uint32_t ifindex) {
    a.kernel.deliver(fib::LinkDown{"eth1", ifindex, "eth1 lost its carrier"});
    world.run_for(10ms);
  }
};

TEST(FastFallover, ALostLinkEndsTheSessionOnItAtOnce) {
  Pair p;
  const auto notifications = p.a.core().get_peer("n2")->sent.notification;  // of collisions
  p.lose(7);
  const auto info = p.a.core().get_peer("n2");
  EXPECT_NE(info->state, fsm::State::Established);
  EXPECT_EQ(info->last_error, "eth1 lost its carrier");
  EXPECT_EQ(info->last_error_reason, "link-down");
  EXPECT_EQ(info->flaps, 1u);
  EXPECT_EQ(p.a.logged("PEER_DOWN"), 1u);
  EXPECT_EQ(info->sent.notification, notifications) << "nothing can be said on a lost link";
}

TEST(FastFallover, TheSessionComesBackWithTheLink) {
  Pair p;
  p.lose(7);
  p.a.kernel.deliver(fib::LinkUp{"eth1", 7});
  ASSERT_TRUE(p.world.run_until([&] { return p.a.up("n2") && p.b.up("n1"); }, 5s));
}

TEST(FastFallover, OtherLinksDoNotMatter) {
  Pair p;
  p.lose(8);
  EXPECT_TRUE(p.a.up("n2"));
}

TEST(FastFallover, OurAddressOfTheSessionWent) {
  Pair p;
  p.a.kernel.deliver(addresses({on("eth1", 7, "10.0.0.99", 24)}));
  p.world.run_for(10ms);
  EXPECT_FALSE(p.a.up("n2"));
  EXPECT_EQ(p.a.core().get_peer("n2")->last_error, "10.0.0.1 is no longer an address of ours");
}

TEST(FastFallover, AnotherAddressWent) {
  Pair p;
  p.a.kernel.deliver(addresses({on("eth1", 7, "10.0.0.1", 24)}));
  p.world.run_for(10ms);
  EXPECT_TRUE(p.a.up("n2"));
}

TEST(FastFallover, NotForInternalPeers) {
  Pair p(65001);
  p.lose(7);
  EXPECT_TRUE(p.a.up("n2"));
  p.a.kernel.deliver(addresses({}));
  p.world.run_for(10ms);
  EXPECT_TRUE(p.a.up("n2"));
}

TEST(FastFallover, NotForMultihopPeers) {
  Pair p(65002, ", multihop: 2");
  p.lose(7);
  EXPECT_TRUE(p.a.up("n2"));
}

TEST(FastFallover, WithGtsmOfOneHop) {
  Pair p(65002, ", ttl_security: 1");
  p.lose(7);
  EXPECT_FALSE(p.a.up("n2"));
}

TEST(FastFallover, CanBeSwitchedOff) {
  Pair p(65002, ", fast_fallover: off");
  p.lose(7);
  EXPECT_TRUE(p.a.up("n2"));
}

TEST(FastFallover, NotForAPeerThatIsOnNoSubnetOfTheLink) {
  World world;
  Daemon a(world, "10.0.0.1", node(1, 65001, 2, 65002)), b(world, "10.0.0.2", node(2, 65002, 1, 65001));
  a.kernel.deliver(addresses({on("lo", 1, "10.0.0.1", 32)}));
  ASSERT_TRUE(world.run_until([&] { return a.up("n2"); }, kSoon));
  a.kernel.deliver(fib::LinkDown{"lo", 1, "lo was set down"});
  world.run_for(10ms);
  EXPECT_TRUE(a.up("n2"));
}

// --- next hops on the link ---

// As FRR does whose interface had no global address when the session came: RFC 2545 §3, on the link that both are on.
TEST(LinkLocalNextHop, AloneIsMeantOnTheLinkOfTheSession) {
  World world;
  const std::string both = ", families: [ipv4, ipv6]";
  Daemon a(world, "10.0.0.1", node(1, 65001, 2, 65002, both)), b(world, "10.0.0.2", node(2, 65002, 1, 65001, both + ", next_hop: \"fe80::2\""));
  b.announce("fd00:10:244:2::/64");
  ASSERT_TRUE(world.run_until([&] { return a.kernel.route("fd00:10:244:2::/64") == "fe80::2"; }, kSoon));
}

TEST(LinkLocalNextHop, OfAPeerThatIsNotOnALinkOfOursLeadsNowhere) {
  World world;
  const std::string both = ", families: [ipv4, ipv6]";
  Daemon a(world, "10.0.0.1", node(1, 65001, 2, 65002, both), {prefix("10.9.0.0/16")}),
      b(world, "10.0.0.2", node(2, 65002, 1, 65001, both + ", next_hop: \"fe80::2\""));
  a.kernel.deliver(addresses({on("lo", 9, "10.0.0.1", 32)}));
  b.announce("fd00:10:244:2::/64");
  ASSERT_TRUE(world.run_until([&] { return a.up("n2") && a.core().get_peer("n2")->received.update > 0; }, kSoon));
  world.run_for(5s);
  EXPECT_EQ(a.kernel.route("fd00:10:244:2::/64"), "");
}

// RFC 2545 §3: the next hop has a global address where the link has one, and the link-local one beside it.
TEST(LinkLocalSession, TheGlobalAddressOfTheLinkIsTheNextHopAndTheLinkLocalOneStandsBeside) {
  World world;
  const auto node = [](int own, int peer) {
    return fmt::format(
        "version: 1\nrouter: {{ asn: 6500{0}, id: 10.0.0.{0} }}\npeers:\n  - {{ name: n{1}, address: \"fe80::{1}\", interface: eth0, "
        "asn: 6500{1}, families: [ipv6], import: [accept-all], export: [accept-all] }}\n",
        own, peer);
  };
  Daemon a(world, "fe80::1", node(1, 2)), b(world, "fe80::2", node(2, 1));
  a.kernel.deliver(addresses({on("eth0", 1, "fe80::1", 64), on("eth0", 1, "fd00::1", 64)}));
  b.kernel.deliver(addresses({on("eth0", 1, "fe80::2", 64)}));
  ASSERT_TRUE(world.run_until([&] { return a.up("n2") && b.up("n1"); }, kSoon));
  a.announce("fd00:10:244:1::/64");
  b.announce("fd00:10:244:2::/64");
  world.run_for(1s);
  const auto next_hop = [](Daemon& daemon, const std::string& text) {
    api::ListPaths query;
    query.prefix = prefix(text);
    const auto found = daemon.core().list_paths(query);
    if (!found || found->entries.empty()) return std::string("no route");
    const auto& attributes = found->entries[0].route.paths.at(0).attributes;
    return net::to_string(attributes.next_hop) +
           (attributes.link_local_next_hop ? " " + net::to_string(*attributes.link_local_next_hop) : "");
  };
  EXPECT_EQ(next_hop(b, "fd00:10:244:1::/64"), "fd00::1 fe80::1");
  EXPECT_EQ(next_hop(a, "fd00:10:244:2::/64"), "fe80::2") << "a link without a global address";
}

// --- what is said about routes ---

TEST(CoreLog, MartiansOfAPeerAreOneLine) {
  World world;
  auto announcing = node(1, 65001, 2, 65002);
  Daemon a(world, "10.0.0.1", announcing), b(world, "10.0.0.2", node(2, 65002, 1, 65001));
  b.kernel.deliver(addresses({on("eth1", 7, "10.0.0.2", 24), on("lo", 1, "192.0.2.7", 32)}));
  ASSERT_TRUE(world.run_until([&] { return b.up("n1"); }, kSoon));
  for (const auto* text : {"192.0.2.7/32", "127.1.0.0/16", "224.1.0.0/16", "192.0.2.0/24"}) {
    a.announce(text);
    world.run_for(100ms);
  }
  EXPECT_EQ(b.kernel.size(), 1u);
  EXPECT_EQ(b.kernel.route("192.0.2.0/24"), "10.0.0.1");
  ASSERT_EQ(b.logged("MARTIAN"), 1u) << "one line in ten seconds";
  const auto line = std::ranges::find(b.log, "MARTIAN", &bgpd::LogRecord::event);
  EXPECT_EQ(line->message, "192.0.2.7 is an address of this host");
  const auto field = [&](const std::string& name) {
    for (const auto& [key, value] : line->fields)
      if (key == name) return value;
    return std::string();
  };
  EXPECT_EQ(field("peer"), "n1");
  EXPECT_EQ(field("prefix"), "192.0.2.7/32");
  EXPECT_NE(field("update").find("20c0000207"), std::string::npos) << field("update");
  world.run_for(10s);
  a.announce("240.1.0.0/16");
  world.run_for(100ms);
  ASSERT_EQ(b.logged("MARTIAN"), 2u);
  EXPECT_EQ(b.core().get_peer("n1")->routes.martians, 4u);
  const auto& last = *std::ranges::find(b.log.rbegin(), b.log.rend(), "MARTIAN", &bgpd::LogRecord::event);
  EXPECT_NE(std::ranges::find(last.fields, std::pair<std::string, std::string>{"others_not_logged", "2"}), last.fields.end());
}

TEST(CoreLog, WhatKeepsIpv6RoutesBackIsSaidInTheWarningAndTheLog) {
  World world;
  Daemon a(world, "10.0.0.1", node(1, 65001, 2, 65002, ", families: [ipv4, ipv6]")),
      b(world, "10.0.0.2", node(2, 65002, 1, 65001, ", families: [ipv4, ipv6]"));
  a.kernel.deliver(addresses({on("eth1", 7, "10.0.0.1", 24)}));
  ASSERT_TRUE(world.run_until([&] { return a.up("n2") && b.up("n1"); }, kSoon));
  EXPECT_EQ(a.logged("PEER_POLICY"), 0u) << "there is no IPv6 route";
  a.announce("fd00:10:245::/64");
  world.run_for(1s);
  EXPECT_NE(a.core().get_peer("n2")->warning.find("no ipv6 address of ours"), std::string::npos);
  EXPECT_EQ(a.logged("PEER_POLICY"), 1u);
  a.kernel.deliver(addresses({on("eth1", 7, "10.0.0.1", 24), on("eth1", 7, "fd00::1", 64)}));
  world.run_for(1s);
  EXPECT_EQ(a.core().get_peer("n2")->warning, "");
  EXPECT_EQ(b.kernel.route("fd00:10:245::/64"), "fd00::1");
}

}  // namespace
}  // namespace podbgp::sim

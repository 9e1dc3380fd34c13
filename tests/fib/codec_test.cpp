// rtnetlink bytes: requests against known ones, answers as a kernel sends them, and what no kernel would send.
#include <cstring>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "fib/netlink_codec.hpp"
#include "values.hpp"

namespace podbgp::fib::test {
namespace {

class Facts final : public FactSink {
 public:
  void fact(const LinkFact& f) override { links.push_back(f); }
  void fact(const AddressFact& f) override { addresses.push_back(f); }
  void fact(const NeighbourFact& f) override { neighbours.push_back(f); }
  void fact(const NextHopFact& f) override { next_hops.push_back(f); }
  void fact(const RouteFact& f) override { routes.push_back(f); }
  std::vector<LinkFact> links;
  std::vector<AddressFact> addresses;
  std::vector<NeighbourFact> neighbours;
  std::vector<NextHopFact> next_hops;
  std::vector<RouteFact> routes;
};

std::string hex(const Bytes& bytes) {
  std::string text;
  for (const auto b : bytes) text += fmt::format("{:02x}", b);
  return text;
}

Bytes encode(const KernelOp& op, const Settings& settings = {}) {
  Bytes out;
  NetlinkEncoder(settings).append(op, 7, false, out);
  return out;
}

// A request for a route has the same form as the kernel's word about it.
RouteFact round_trip(const KernelOp& op, const Settings& settings = {}) {
  Facts facts;
  std::vector<NetlinkReply> replies;
  NetlinkDecoder().decode(encode(op, settings), facts, replies);
  EXPECT_EQ(facts.routes.size(), 1U);
  return facts.routes.empty() ? RouteFact{} : facts.routes[0];
}

TEST(NetlinkCodec, AnIpv4RouteThroughAnObjectTakes52Bytes) {
  KernelOp op;
  op.kind = OpKind::AddRoute;
  op.prefix = prefix("10.244.1.0/24");
  op.nexthop_id = 179'000'002;
  EXPECT_EQ(hex(encode(op)),
            "34000000"
            "1800"
            "0106"
            "07000000"
            "00000000"  // 52 bytes, RTM_NEWROUTE, REQUEST|CREATE|EXCL
            "02180000"
            "feb30001"
            "00000000"  // inet /24, main, proto 179, universe, unicast
            "08000100"
            "0af40100"  // RTA_DST
            "08000600"
            "c8000000"  // RTA_PRIORITY 200
            "08001e00"
            "c252ab0a");  // RTA_NH_ID
}

TEST(NetlinkCodec, ADeleteAlwaysNamesProtocolAndMetric) {
  KernelOp op;
  op.kind = OpKind::DeleteRoute;
  op.prefix = prefix("fd00:1::/64");
  const auto fact = round_trip(op);
  EXPECT_TRUE(fact.gone);
  EXPECT_EQ(fact.protocol, 179);
  EXPECT_EQ(fact.metric, 2000U);
  EXPECT_EQ(fact.table, 254U);
  EXPECT_EQ(fact.prefix, op.prefix);
}

TEST(NetlinkCodec, PlainRoutesComeBackAsTheyWent) {
  Settings settings;
  settings.table = 70'000;
  for (const std::string family : {"10.{}.0.1", "fd00:{}::1"})
    for (std::size_t hops = 1; hops <= 64; hops *= 4) {
      KernelOp op;
      op.kind = OpKind::ReplaceRoute;
      op.prefix = prefix(family[0] == '1' ? "0.0.0.0/0" : "::/0");
      for (std::uint32_t i = 0; i < hops; ++i)
        op.hops.push_back({address(fmt::format(fmt::runtime(family), i)), i + 1});
      const auto fact = round_trip(op, settings);
      EXPECT_EQ(fact.table, 70'000U);
      EXPECT_EQ(fact.prefix, op.prefix);
      EXPECT_TRUE(fact.replaced);
      ASSERT_EQ(fact.hops.size(), hops);
      for (std::size_t i = 0; i < hops; ++i)
        EXPECT_EQ(fact.hops[i], (FactHop{true, op.hops[i].gateway, op.hops[i].ifindex}));
    }
}

TEST(NetlinkCodec, AnIpv4RouteOverAnIpv6GatewayUsesVia) {
  KernelOp op;
  op.kind = OpKind::AddRoute;
  op.prefix = prefix("10.244.1.0/24");
  op.hops = {{address("fe80::1"), 3}};
  EXPECT_EQ(round_trip(op).hops[0], (FactHop{true, address("fe80::1"), 3}));
}

TEST(NetlinkCodec, ABlackholeIsARouteWithoutHops) {
  KernelOp op;
  op.kind = OpKind::AddRoute;
  op.prefix = prefix("10.244.1.0/24");
  op.blackhole = true;
  const auto fact = round_trip(op);
  EXPECT_EQ(fact.kind, RouteKind::Blackhole);
  EXPECT_TRUE(fact.hops.empty());
}

TEST(NetlinkCodec, ObjectsAndGroupsComeBackAsTheyWent) {
  KernelOp single;
  single.kind = OpKind::NewNextHop;
  single.nexthop_id = 179'000'001;
  single.hops = {{address("fe80::1"), 4}};
  KernelOp group;
  group.kind = OpKind::ReplaceGroup;
  group.nexthop_id = 179'000'002;
  group.members = {179'000'001, 179'000'005};
  KernelOp gone;
  gone.kind = OpKind::DeleteNextHop;
  gone.nexthop_id = 179'000'002;
  Bytes bytes;
  NetlinkEncoder encoder{Settings{}};
  for (const auto& op : {single, group, gone}) encoder.append(op, 1, true, bytes);
  Facts facts;
  std::vector<NetlinkReply> replies;
  NetlinkDecoder().decode(bytes, facts, replies);
  ASSERT_EQ(facts.next_hops.size(), 3U);
  EXPECT_EQ(facts.next_hops[0].hop, (FactHop{true, address("fe80::1"), 4}));
  EXPECT_TRUE(facts.next_hops[0].plain_unicast);
  EXPECT_EQ(facts.next_hops[0].protocol, 179);
  EXPECT_EQ(facts.next_hops[1].members, group.members);
  EXPECT_TRUE(facts.next_hops[1].group);
  EXPECT_TRUE(facts.next_hops[2].gone);
}

TEST(NetlinkCodec, AnErrorKeepsItsSequenceItsNumberAndTheKernelsWords) {
  struct {
    nlmsghdr header;
    nlmsgerr error;
    nlattr attribute;
    char text[8];
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = NLMSG_ERROR;
  message.header.nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
  message.header.nlmsg_seq = 42;
  message.error.error = -EINVAL;
  message.attribute = {sizeof(nlattr) + 8, NLMSGERR_ATTR_MSG};
  std::memcpy(message.text, "too bad", 8);
  Bytes bytes(sizeof message);
  std::memcpy(bytes.data(), &message, sizeof message);
  Facts facts;
  std::vector<NetlinkReply> replies;
  NetlinkDecoder().decode(bytes, facts, replies);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].sequence, 42U);
  EXPECT_EQ(replies[0].error, EINVAL);
  EXPECT_EQ(replies[0].text, "too bad");
  EXPECT_TRUE(replies[0].done);
}

TEST(NetlinkCodec, MutatedAndTruncatedMessagesDoNoHarm) {
  Bytes seed;
  NetlinkEncoder encoder{Settings{}};
  KernelOp plain;
  plain.kind = OpKind::AddRoute;
  plain.prefix = prefix("fd00:1::/64");
  for (std::uint32_t i = 0; i < 4; ++i) plain.hops.push_back({address(fmt::format("fd00:2::{}", i)), i + 1});
  KernelOp group;
  group.kind = OpKind::NewGroup;
  group.nexthop_id = 9;
  group.members = {1, 2, 3};
  KernelOp probe;
  probe.kind = OpKind::ProbeNeighbour;
  probe.hops = {{address("10.0.0.1"), 1}};
  for (const auto& op : {plain, group, probe}) encoder.append(op, 1, true, seed);
  std::mt19937 random(1);
  std::size_t decoded = 0;
  for (int i = 0; i < 100'000; ++i) {
    Bytes bytes(seed.begin(),
                seed.begin() + static_cast<long>(random() % (seed.size() + 1)));  // exact size: ASan sees overruns
    for (auto flips = random() % 4; flips > 0 && !bytes.empty(); --flips)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    bytes.shrink_to_fit();
    Facts facts;
    std::vector<NetlinkReply> replies;
    NetlinkDecoder().decode(bytes, facts, replies);
    decoded += facts.routes.size();
  }
  EXPECT_GT(decoded, 1000U) << "the test decodes nothing";
}

}  // namespace
}  // namespace podbgp::fib::test

#include <gtest/gtest.h>

#include "tests/wire/support.hpp"
#include "wire/frame.hpp"

namespace podbgp::wire {
namespace {

using namespace test;
using net::Family;
using net::Prefix;

Prefix prefix(std::string_view text) { return *Prefix::parse(text); }

Bytes attributes_for(Family family) {
  AttributeSet set;
  set.as_path = path({65001});
  set.next_hop = family == Family::Ipv4Unicast ? address("10.0.0.1") : address("fd00::1");
  Bytes out;
  encode_attributes(set, {family, true}, out);
  return out;
}

const Bytes kNextHopV6 = hex("fd000000000000000000000000000001");

struct Message {
  UpdateView view;
  std::size_t size;
};

std::vector<Message> messages(const Bytes& buffer, const SessionContext& context,
                              std::size_t max_size = kMaxMessageSize) {
  std::vector<Message> out;
  ByteSpan rest = buffer;
  while (!rest.empty()) {
    const auto frame = next_frame(rest, max_size);
    EXPECT_TRUE(frame && *frame);
    if (!frame || !*frame) return out;
    const auto view = scan_update((*frame)->body, context);
    EXPECT_TRUE(view) << (view ? "" : view.error().text);
    if (!view) return out;
    out.push_back({*view, (*frame)->size});
    rest = rest.subspan((*frame)->size);
  }
  return out;
}

TEST(UpdateEncoder, Ipv4AnnounceAndWithdraw) {
  Bytes out = hex("77");
  UpdateEncoder encoder({Family::Ipv4Unicast}, out);
  const auto attributes = attributes_for(Family::Ipv4Unicast);
  ASSERT_TRUE(encoder.begin_announce(attributes, hex("0a000001")));
  encoder.add(prefix("10.244.1.0/24"));
  encoder.add(prefix("0.0.0.0/0"));
  encoder.begin_withdraw();
  encoder.add(prefix("10.1.0.0/16"));
  encoder.finish();
  EXPECT_EQ(encoder.messages(), 2u);
  EXPECT_EQ(to_hex(out),
            "77"
            "ffffffffffffffffffffffffffffffff"
            "0030"
            "02"
            "0000"
            "0014"
            "40010100400206"
            "02010000fde9"
            "4003040a000001"
            "180af401"
            "00"
            "ffffffffffffffffffffffffffffffff"
            "001a"
            "02"
            "0003"
            "100a01"
            "0000");
}

TEST(UpdateEncoder, Ipv6AnnounceAndWithdraw_MpAttributeFirst) {  // RFC 7606 §5.1
  Bytes out;
  UpdateEncoder encoder({Family::Ipv6Unicast}, out);
  const auto attributes = attributes_for(Family::Ipv6Unicast);
  ASSERT_TRUE(encoder.begin_announce(attributes, kNextHopV6));
  encoder.add(prefix("fd00:1::/32"));
  encoder.begin_withdraw();
  encoder.add(prefix("fd00:2::/32"));
  encoder.finish();
  EXPECT_EQ(to_hex(out),
            "ffffffffffffffffffffffffffffffff"
            "0042"
            "02"
            "0000"
            "002b"
            "900e001a"
            "000201"
            "10fd000000000000000000000000000001"
            "00"
            "20fd000001"
            "40010100400206"
            "02010000fde9"
            "ffffffffffffffffffffffffffffffff"
            "0023"
            "02"
            "0000"
            "000c"
            "900f0008"
            "000201"
            "20fd000002");
}

TEST(UpdateEncoder, NothingAddedNothingWritten) {
  Bytes out;
  UpdateEncoder encoder({Family::Ipv4Unicast}, out);
  encoder.begin_withdraw();
  const auto attributes = attributes_for(Family::Ipv4Unicast);
  ASSERT_TRUE(encoder.begin_announce(attributes, {}));
  encoder.finish();
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(encoder.messages(), 0u);
}

TEST(Rfc4724_2_EndOfRib, Octets) {
  Bytes out;
  encode_end_of_rib(Family::Ipv4Unicast, out);
  EXPECT_EQ(to_hex(out),
            "ffffffffffffffffffffffffffffffff"
            "0017"
            "02"
            "00000000");
  out.clear();
  encode_end_of_rib(Family::Ipv6Unicast, out);
  EXPECT_EQ(to_hex(out),
            "ffffffffffffffffffffffffffffffff"
            "001d"
            "02"
            "0000"
            "0006"
            "800f03000201");
}

TEST(Rfc8950_3_ExtendedNextHop, Ipv4PrefixesInMpReach) {
  Bytes out;
  UpdateEncoder encoder({Family::Ipv4Unicast}, out);
  const auto attributes = attributes_for(Family::Ipv6Unicast);
  ASSERT_TRUE(encoder.begin_announce(attributes, kNextHopV6));
  encoder.add(prefix("10.244.1.0/24"));
  encoder.begin_withdraw();
  encoder.add(prefix("10.244.1.0/24"));
  encoder.finish();
  auto context = external();
  context.extended_next_hop.insert(Family::Ipv4Unicast);
  const auto read = messages(out, context);
  ASSERT_EQ(read.size(), 2u);
  ASSERT_TRUE(read[0].view.mp_reach);
  EXPECT_EQ(read[0].view.mp_reach->family, Family::Ipv4Unicast);
  EXPECT_FALSE(read[1].view.withdrawn.empty());
}

TEST(UpdateEncoder, NoRoomForAPrefix) {
  Bytes out;
  UpdateEncoder encoder({Family::Ipv4Unicast}, out);
  const Bytes attributes(4096 - 23 - 4, 0);
  EXPECT_FALSE(encoder.begin_announce(attributes, {}));
  encoder.add(prefix("10.244.1.0/24"));
  encoder.finish();
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(encoder.begin_announce(ByteSpan(attributes).first(4096 - 23 - 5), {}));
  encoder.add(prefix("10.244.1.1/32"));
  encoder.add(prefix("10.244.1.2/32"));
  encoder.finish();
  EXPECT_EQ(out.size(), 2 * kMaxMessageSize);  // full to the last octet
}

// Every way to fill messages: all prefixes come back in order, and no message could have taken the next prefix.
class Fill : public testing::TestWithParam<std::tuple<Family, bool, bool, std::size_t>> {};

TEST_P(Fill, MessagesAreFull) {
  const auto [family, add_path, announce, max_size] = GetParam();
  constexpr std::uint32_t kCount = 20000;
  Bytes out;
  UpdateEncoder encoder({family, add_path, max_size}, out);
  const auto attributes = attributes_for(family);
  const auto prefix_at = [&, f = family](std::uint32_t i) {
    const unsigned length = 16 + i % 17;
    if (f == Family::Ipv4Unicast) return Prefix::make(net::IpAddress::v4(0x0a000000u + (i << 8)), length);
    auto bytes = hex("fd000000000000000000000000000000");
    bytes[2] = static_cast<std::uint8_t>(i >> 8);
    bytes[3] = static_cast<std::uint8_t>(i);
    return Prefix::make(net::IpAddress::v6(std::span<const std::uint8_t, 16>(bytes.data(), 16)), 32 + i % 97);
  };
  if (announce) {
    ASSERT_TRUE(encoder.begin_announce(attributes, family == Family::Ipv6Unicast ? ByteSpan(kNextHopV6) : ByteSpan{}));
  } else {
    encoder.begin_withdraw();
  }
  for (std::uint32_t i = 0; i < kCount; ++i) encoder.add(prefix_at(i), net::PathId{i});
  encoder.finish();

  auto context = external();
  if (add_path) context.add_path_receive.insert(family);
  const auto read = messages(out, context, max_size);
  EXPECT_EQ(read.size(), encoder.messages());
  std::uint32_t next = 0;
  for (std::size_t m = 0; m < read.size(); ++m) {
    const auto& view = read[m].view;
    const bool v4 = family == Family::Ipv4Unicast;
    const NlriField& field =
        v4 ? (announce ? view.nlri : view.withdrawn) : (announce ? view.mp_reach->nlri : *view.mp_unreach);
    field.for_each([&](const Nlri& n) {
      EXPECT_EQ(n.prefix, prefix_at(next));
      EXPECT_EQ(n.path_id.value(), add_path ? next : 0u);
      ++next;
    });
    if (m + 1 < read.size()) {
      const std::size_t need = 1 + (prefix_at(next).length() + 7) / 8 + (add_path ? 4 : 0);
      EXPECT_GT(read[m].size + need, max_size);
    }
    EXPECT_LE(read[m].size, max_size);
    if (announce) {
      EXPECT_EQ(decode_attributes(view, family, context).reaction, Reaction::None);
    }
  }
  EXPECT_EQ(next, kCount);
}

INSTANTIATE_TEST_SUITE_P(UpdateEncoder, Fill,
                         testing::Combine(testing::Values(Family::Ipv4Unicast, Family::Ipv6Unicast), testing::Bool(),
                                          testing::Bool(), testing::Values(kMaxMessageSize, kMaxExtendedMessageSize)));

}  // namespace
}  // namespace podbgp::wire

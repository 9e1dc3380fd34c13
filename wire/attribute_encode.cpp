// Attribute sets to octets: for a peer, and in the canonical form that the RIB compares and keeps.
#include "wire/as_path_codec.hpp"
#include "wire/attribute_table.hpp"

namespace podbgp::wire {
namespace {

constexpr EncodeContext kCanonical{net::Family::Ipv6Unicast, true};  // no NEXT_HOP row: next hops stand in front

}  // namespace

void encode_attributes(const AttributeSet& set, const EncodeContext& context, Bytes& out) {
  Writer w(out);
  write_attributes(set, w, [&](const AttributeRow& row, Writer& value) { return row.encode(set, context, value); });
}

void encode_canonical(const AttributeSet& set, Bytes& out) {
  Writer w(out);
  const auto next_hop = set.next_hop.bytes();
  w.u8(static_cast<std::uint8_t>(next_hop.size() + (set.link_local_next_hop ? 16 : 0)));
  w.bytes(next_hop);
  if (set.link_local_next_hop) w.bytes(set.link_local_next_hop->bytes());
  write_attributes(set, w, [&](const AttributeRow& row, Writer& value) {
    if (row.type != AttributeType::AsPath) return row.encode(set, kCanonical, value);
    codec::write_canonical(set.as_path, value);
    return true;
  });
}

AttributeSet decode_canonical(ByteSpan bytes) {
  Reader r(bytes);
  DecodeState state;
  auto& set = state.set;
  auto next_hop = r.sub(r.u8());
  const auto v6 = [&] { return net::IpAddress::v6(next_hop.take(16).first<16>()); };
  // 4, 16, or either of them with a link-local address of 16 more.
  const bool link_local = next_hop.size() == 20 || next_hop.size() == 32;
  if (next_hop.size() % 16 == 4) {
    set.next_hop = net::IpAddress::v4(next_hop.u32());
  } else if (next_hop.size() >= 16) {
    set.next_hop = v6();
  }
  if (link_local) set.link_local_next_hop = v6();

  constexpr DecodeContext kTrusted{true, false};
  AttributeWalk walk(r.rest());
  for (RawAttribute attribute; walk.next(attribute);) {
    const auto* row = attribute_row(attribute.type);
    if (row == nullptr) {
      set.unknown.push_back({static_cast<std::uint8_t>(attribute.flags & ~attribute_flags::kExtendedLength),
                             attribute.type, Bytes(attribute.value.begin(), attribute.value.end())});
    } else if (row->type == AttributeType::AsPath) {
      set.as_path = codec::read_canonical(Reader(attribute.value));
    } else {
      (void)row->decode(Reader(attribute.value), kTrusted, state);  // structure only: cannot fail on our own octets
    }
  }
  return std::move(state.set);
}

}  // namespace podbgp::wire

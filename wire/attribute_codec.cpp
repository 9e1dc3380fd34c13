// The values of the path attributes, one section each. AS_PATH and AS4_PATH are in as_path_codec.cpp.
#include "wire/attribute_codec.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace podbgp::wire::codec {
namespace {

Flaw wrong_length(std::size_t got, std::string_view expected) {
  return {update_error::kAttributeLength, fmt::format("length {}, expected {}", got, expected)};
}

template <class T, class ReadOne>
std::optional<Flaw> decode_list(Reader r, std::size_t item_size, std::vector<T>& list, ReadOne&& read_one) {
  if (r.empty() || r.size() % item_size != 0)
    return wrong_length(r.size(), fmt::format("a multiple of {} other than 0", item_size));
  list.reserve(r.size() / item_size);
  while (!r.empty()) list.push_back(read_one(r));
  return std::nullopt;
}

// Communities are sets: order and repetition say nothing (RFC 1997, RFC 8092 §3), so equal sets get equal values.
template <class T>
void normalise(std::vector<T>& list) {
  std::ranges::sort(list);
  list.erase(std::ranges::unique(list).begin(), list.end());
}

std::optional<Flaw> decode_u32(Reader r, std::optional<std::uint32_t>& value) {
  if (r.size() != 4) return wrong_length(r.size(), "4");
  value = r.u32();
  return std::nullopt;
}

bool encode_u32(const std::optional<std::uint32_t>& value, Writer& w) {
  if (value) w.u32(*value);
  return value.has_value();
}

net::IpAddress read_v4(Reader& r) { return net::IpAddress::v4(r.u32()); }

}  // namespace

// --- ORIGIN (RFC 4271 §5.1.1) ---

std::optional<Flaw> decode_origin(Reader r, const DecodeContext&, DecodeState& state) {
  if (r.size() != 1) return wrong_length(r.size(), "1");
  state.set.origin = Origin{r.u8()};
  return std::nullopt;
}

std::optional<Flaw> check_origin(const DecodeContext&, DecodeState& state) {
  if (state.set.origin <= Origin::Incomplete) return std::nullopt;
  return Flaw{update_error::kInvalidOrigin, fmt::format("undefined value {}", static_cast<unsigned>(state.set.origin))};
}

bool encode_origin(const AttributeSet& set, const EncodeContext&, Writer& w) {
  w.u8(static_cast<std::uint8_t>(set.origin));
  return true;
}

// --- NEXT_HOP (RFC 4271 §5.1.3) ---

std::optional<Flaw> decode_next_hop(Reader r, const DecodeContext&, DecodeState& state) {
  if (r.size() != 4) return wrong_length(r.size(), "4");
  state.next_hop = read_v4(r);
  state.has_next_hop = true;
  return std::nullopt;
}

std::optional<Flaw> check_next_hop(const DecodeContext&, DecodeState& state) {
  const auto value = state.next_hop.v4_value();
  // Not "this network", a loopback, a multicast group or the broadcast; 240/4 is hosts to Linux, so it is here.
  const bool host = value >> 24 != 0 && !state.next_hop.is_loopback() && !state.next_hop.is_multicast() && value != ~0u;
  if (host) return std::nullopt;
  state.has_next_hop = false;
  return Flaw{update_error::kInvalidNextHop,
              fmt::format("{} is not the address of a host", net::to_string(state.next_hop))};
}

bool encode_next_hop(const AttributeSet& set, const EncodeContext& context, Writer& w) {
  // With IPv6 prefixes, or with an IPv6 next hop (RFC 8950), the next hop is in MP_REACH_NLRI.
  if (context.family != net::Family::Ipv4Unicast || !set.next_hop.is_v4()) return false;
  w.bytes(set.next_hop.bytes());
  return true;
}

// --- MULTI_EXIT_DISC, LOCAL_PREF (RFC 4271 §5.1.4, §5.1.5) ---

std::optional<Flaw> decode_med(Reader r, const DecodeContext&, DecodeState& state) {
  return decode_u32(r, state.set.med);
}
bool encode_med(const AttributeSet& set, const EncodeContext&, Writer& w) { return encode_u32(set.med, w); }

std::optional<Flaw> decode_local_pref(Reader r, const DecodeContext&, DecodeState& state) {
  return decode_u32(r, state.set.local_pref);
}
bool encode_local_pref(const AttributeSet& set, const EncodeContext&, Writer& w) {
  return encode_u32(set.local_pref, w);
}

// --- ATOMIC_AGGREGATE (RFC 4271 §5.1.6) ---

std::optional<Flaw> decode_atomic_aggregate(Reader r, const DecodeContext&, DecodeState& state) {
  if (!r.empty()) return wrong_length(r.size(), "0");
  state.set.atomic_aggregate = true;
  return std::nullopt;
}
bool encode_atomic_aggregate(const AttributeSet& set, const EncodeContext&, Writer&) { return set.atomic_aggregate; }

// --- AGGREGATOR, AS4_AGGREGATOR (RFC 4271 §5.1.7, RFC 6793 §4.2) ---

std::optional<Flaw> decode_aggregator(Reader r, const DecodeContext& context, DecodeState& state) {
  const std::size_t expected = context.four_octet_as ? 8 : 6;
  if (r.size() != expected) return wrong_length(r.size(), context.four_octet_as ? "8" : "6");
  const net::Asn asn{context.four_octet_as ? r.u32() : r.u16()};
  state.set.aggregator = Aggregator{asn, read_v4(r)};
  return std::nullopt;
}

std::optional<Flaw> check_aggregator(const DecodeContext&, DecodeState& state) {
  if (!state.set.aggregator || state.set.aggregator->asn != net::Asn{0}) return std::nullopt;
  state.set.aggregator.reset();
  return Flaw{update_error::kOptionalAttribute, "AS 0 (RFC 7607 §2)"};
}

bool encode_aggregator(const AttributeSet& set, const EncodeContext& context, Writer& w) {
  if (!set.aggregator) return false;
  const auto asn = set.aggregator->asn.value();
  if (context.four_octet_as) {
    w.u32(asn);
  } else {
    w.u16(static_cast<std::uint16_t>(asn > 0xffff ? net::kAsTrans.value() : asn));
  }
  w.bytes(set.aggregator->address.bytes().first(4));
  return true;
}

std::optional<Flaw> decode_as4_aggregator(Reader r, const DecodeContext&, DecodeState& state) {
  if (r.size() != 8) return wrong_length(r.size(), "8");
  const net::Asn asn{r.u32()};
  state.as4_aggregator = Aggregator{asn, read_v4(r)};
  return std::nullopt;
}

std::optional<Flaw> check_as4_aggregator(const DecodeContext& context, DecodeState& state) {
  if (context.four_octet_as) {  // RFC 6793 §4.1
    state.as4_aggregator.reset();
    return Flaw{update_error::kOptionalAttribute, "from a speaker of 4-octet AS numbers"};
  }
  if (!state.as4_aggregator || state.as4_aggregator->asn != net::Asn{0}) return std::nullopt;
  state.as4_aggregator.reset();
  return Flaw{update_error::kOptionalAttribute, "AS 0 (RFC 7607 §2)"};
}

bool encode_as4_aggregator(const AttributeSet& set, const EncodeContext& context, Writer& w) {
  if (context.four_octet_as || !set.aggregator || set.aggregator->asn.value() <= 0xffff) return false;
  w.u32(set.aggregator->asn.value());
  w.bytes(set.aggregator->address.bytes().first(4));
  return true;
}

// --- COMMUNITIES (RFC 1997), EXTENDED_COMMUNITIES (RFC 4360), LARGE_COMMUNITIES (RFC 8092) ---

std::optional<Flaw> decode_communities(Reader r, const DecodeContext&, DecodeState& state) {
  auto& list = state.set.communities;
  auto flaw = decode_list(r, 4, list, [](Reader& item) { return Community{item.u32()}; });
  if (!flaw) normalise(list);
  return flaw;
}

bool encode_communities(const AttributeSet& set, const EncodeContext&, Writer& w) {
  for (const auto c : set.communities) w.u32(c.value());
  return !set.communities.empty();
}

std::optional<Flaw> decode_extended_communities(Reader r, const DecodeContext&, DecodeState& state) {
  auto& list = state.set.extended_communities;
  auto flaw = decode_list(r, 8, list, [](Reader& item) { return ExtendedCommunity{item.u64()}; });
  if (!flaw) normalise(list);
  return flaw;
}

bool encode_extended_communities(const AttributeSet& set, const EncodeContext&, Writer& w) {
  for (const auto c : set.extended_communities) w.u64(c.value());
  return !set.extended_communities.empty();
}

std::optional<Flaw> decode_large_communities(Reader r, const DecodeContext&, DecodeState& state) {
  auto& list = state.set.large_communities;
  auto flaw = decode_list(r, 12, list, [](Reader& item) {
    LargeCommunity c;
    c.global = item.u32();
    c.local1 = item.u32();
    c.local2 = item.u32();
    return c;
  });
  if (!flaw) normalise(list);
  return flaw;
}

bool encode_large_communities(const AttributeSet& set, const EncodeContext&, Writer& w) {
  for (const auto& c : set.large_communities) {
    w.u32(c.global);
    w.u32(c.local1);
    w.u32(c.local2);
  }
  return !set.large_communities.empty();
}

// --- ORIGINATOR_ID, CLUSTER_LIST (RFC 4456 §8) ---

std::optional<Flaw> decode_originator_id(Reader r, const DecodeContext&, DecodeState& state) {
  if (r.size() != 4) return wrong_length(r.size(), "4");
  state.set.originator_id = net::RouterId{r.u32()};
  return std::nullopt;
}

bool encode_originator_id(const AttributeSet& set, const EncodeContext&, Writer& w) {
  if (set.originator_id) w.u32(set.originator_id->value());
  return set.originator_id.has_value();
}

std::optional<Flaw> decode_cluster_list(Reader r, const DecodeContext&, DecodeState& state) {
  return decode_list(r, 4, state.set.cluster_list, [](Reader& item) { return net::RouterId{item.u32()}; });
}

bool encode_cluster_list(const AttributeSet& set, const EncodeContext&, Writer& w) {
  for (const auto id : set.cluster_list) w.u32(id.value());
  return !set.cluster_list.empty();
}

}  // namespace podbgp::wire::codec

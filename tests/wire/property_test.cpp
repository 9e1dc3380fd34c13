// Properties: what is written is read back, and whatever is done to a message yields exactly one reaction. Runs under
// ASan in the asan preset, where a read outside of a span is a failure.
#include <algorithm>
#include <memory>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/wire/golden.hpp"
#include "tests/wire/support.hpp"
#include "wire/frame.hpp"
#include "wire/open.hpp"
#include "wire/route_refresh.hpp"

namespace podbgp::wire {
namespace {

using namespace test;
using net::Family;

// --- generators ---

std::uint32_t any_u32() { return *rc::gen::arbitrary<std::uint32_t>(); }
unsigned below(unsigned n) { return *rc::gen::inRange(0u, n); }

net::Asn any_asn() {
  return net::Asn{*rc::gen::oneOf(rc::gen::inRange(1u, 65536u), rc::gen::inRange(65536u, 4294967295u))};
}

template <class T, class F>
std::vector<T> list_of(unsigned max, F&& one) {
  std::vector<T> list(below(max + 1));
  for (auto& item : list) item = one();
  return list;
}

template <class T>
std::vector<T> sorted_unique(std::vector<T> list) {
  std::ranges::sort(list);
  list.erase(std::ranges::unique(list).begin(), list.end());
  return list;
}

Bytes any_bytes(unsigned max) {
  return list_of<std::uint8_t>(max, [] { return static_cast<std::uint8_t>(below(256)); });
}

AsPath any_path() {  // as a decoder makes it: neighbouring sequences are one
  AsPath path;
  for (unsigned n = below(4); n > 0; --n) {
    AsSegment s{below(2) == 0 ? AsSegment::Type::Set : AsSegment::Type::Sequence, {}};
    s.asns = list_of<net::Asn>(s.type == AsSegment::Type::Set ? 6 : 300, any_asn);
    if (s.asns.empty()) s.asns = {any_asn()};
    const bool joins = !path.segments.empty() && path.segments.back().type == AsSegment::Type::Sequence;
    if (joins && s.type == AsSegment::Type::Sequence) continue;
    path.segments.push_back(s);
  }
  return path;
}

net::IpAddress any_v4_host() { return net::IpAddress::v4((10u << 24) | (any_u32() >> 8)); }
net::IpAddress any_v6(std::uint8_t first, std::uint8_t second) {
  std::array<std::uint8_t, 16> octets{};
  for (auto& o : octets) o = static_cast<std::uint8_t>(below(256));
  octets[0] = first;
  octets[1] = second;
  return net::IpAddress::v6(octets);
}

template <class T, class F>
std::optional<T> maybe(F&& one) {
  return below(2) == 0 ? std::optional<T>(one()) : std::nullopt;
}

AttributeSet any_set(Family family) {
  AttributeSet set;
  set.origin = Origin{static_cast<std::uint8_t>(below(3))};
  set.as_path = any_path();
  set.next_hop = family == Family::Ipv4Unicast ? any_v4_host() : any_v6(0x20, 0x01);
  if (family == Family::Ipv6Unicast) set.link_local_next_hop = maybe<net::IpAddress>([] { return any_v6(0xfe, 0x80); });
  set.med = maybe<std::uint32_t>(any_u32);
  set.local_pref = maybe<std::uint32_t>(any_u32);
  set.atomic_aggregate = below(2) == 0;
  set.aggregator = maybe<Aggregator>([] { return Aggregator{any_asn(), any_v4_host()}; });
  set.communities = sorted_unique(list_of<Community>(80, [] { return Community{any_u32()}; }));
  set.extended_communities = sorted_unique(
      list_of<ExtendedCommunity>(5, [] { return ExtendedCommunity{*rc::gen::arbitrary<std::uint64_t>()}; }));
  set.large_communities =
      sorted_unique(list_of<LargeCommunity>(5, [] { return LargeCommunity{any_u32(), any_u32(), any_u32()}; }));
  set.originator_id = maybe<net::RouterId>([] { return net::RouterId{any_u32()}; });
  set.cluster_list = list_of<net::RouterId>(4, [] { return net::RouterId{any_u32()}; });
  for (const std::uint8_t type : Bytes{20, 25, 40, 128, 255})
    if (below(3) == 0) set.unknown.push_back({0xe0, type, any_bytes(300)});
  return set;
}

Bytes next_hop_octets(const AttributeSet& set) {
  const auto first = set.next_hop.bytes();
  Bytes out(first.begin(), first.end());
  if (set.link_local_next_hop) {
    const auto second = set.link_local_next_hop->bytes();
    out.insert(out.end(), second.begin(), second.end());
  }
  return out;
}

net::Prefix any_prefix(Family family) {
  return family == Family::Ipv4Unicast
             ? net::Prefix::make(net::IpAddress::v4(any_u32()), below(33))
             : net::Prefix::make(any_v6(static_cast<std::uint8_t>(below(256)), 0), below(129));
}

// --- round trips ---

RC_GTEST_PROP(RoundTrip, CanonicalFormIsTheSet, ()) {
  for (const auto family : net::kFamilies) {
    const auto set = any_set(family);
    Bytes bytes;
    encode_canonical(set, bytes);
    RC_ASSERT(decode_canonical(bytes) == set);
  }
}

RC_GTEST_PROP(RoundTrip, DifferentSetsHaveDifferentCanonicalForms, ()) {
  const auto a = any_set(Family::Ipv4Unicast), b = any_set(Family::Ipv4Unicast);
  Bytes bytes_a, bytes_b;
  encode_canonical(a, bytes_a);
  encode_canonical(b, bytes_b);
  RC_ASSERT((a == b) == (bytes_a == bytes_b));
}

RC_GTEST_PROP(RoundTrip, UpdatesCarrySetsAndPrefixes, ()) {
  const auto family = below(2) == 0 ? Family::Ipv4Unicast : Family::Ipv6Unicast;
  const bool add_path = below(2) == 0;
  auto context = internal();
  context.four_octet_as = below(2) == 0;
  if (add_path) context.add_path_receive.insert(family);
  const auto set = any_set(family);
  auto prefixes = list_of<std::pair<net::Prefix, net::PathId>>(
      20, [&] { return std::pair{any_prefix(family), net::PathId{add_path ? any_u32() : 0}}; });
  if (prefixes.empty()) prefixes.emplace_back(any_prefix(family), net::PathId{});

  Bytes block, message;
  encode_attributes(set, {family, context.four_octet_as}, block);
  const auto next_hop = next_hop_octets(set);
  UpdateEncoder encoder({family, add_path, kMaxExtendedMessageSize}, message);
  RC_ASSERT(encoder.begin_announce(block, next_hop));
  for (const auto& [prefix, id] : prefixes) encoder.add(prefix, id);
  encoder.finish();
  RC_ASSERT(encoder.messages() == 1u);

  const auto view = scan_update(ByteSpan(message).subspan(kHeaderSize), context);
  RC_ASSERT(view.has_value());
  const auto decoded = decode_attributes(*view, family, context);
  RC_ASSERT(decoded.reaction == Reaction::None);
  RC_ASSERT(decoded.set == set);
  decltype(prefixes) read;
  const auto& field = family == Family::Ipv6Unicast ? view->mp_reach->nlri : view->nlri;
  field.for_each([&](const Nlri& n) { read.emplace_back(n.prefix, n.path_id); });
  RC_ASSERT(read == prefixes);
}

RC_GTEST_PROP(RoundTrip, CommunityTexts, (std::uint32_t c, std::uint64_t e, std::uint32_t a, std::uint32_t b)) {
  RC_ASSERT(parse_community(to_string(Community{c})) == Community{c});
  RC_ASSERT(parse_large_community(to_string(LargeCommunity{a, b, c})) == (LargeCommunity{a, b, c}));
  // Half of them of the types that have a text of their own.
  const auto named =
      ExtendedCommunity{(e & 0x0000ffffffffffffull) | (std::uint64_t{a % 3} << 56) | (std::uint64_t{2 + b % 2} << 48)};
  for (const auto x : {ExtendedCommunity{e}, named}) RC_ASSERT(parse_extended_community(to_string(x)) == x);
}

RC_GTEST_PROP(RoundTrip, Notifications, (std::uint8_t code, std::uint8_t subcode)) {
  const Notification n{code, subcode, any_bytes(200)};
  Bytes out;
  encode_notification(n, out);
  RC_ASSERT(*decode_notification(ByteSpan(out).subspan(kHeaderSize)) == n);
  RC_ASSERT(!to_string(n).empty());
}

// --- mutations ---

// A copy on the heap of exactly that size, so that ASan sees a read one octet beyond.
struct Exact {
  std::unique_ptr<std::uint8_t[]> octets;
  std::size_t size;
  explicit Exact(const Bytes& bytes) : octets(new std::uint8_t[bytes.size()]), size(bytes.size()) {
    std::ranges::copy(bytes, octets.get());
  }
  [[nodiscard]] ByteSpan span() const { return {octets.get(), size}; }
};

Bytes mutated(Bytes bytes) {
  for (unsigned n = 1 + below(3); n > 0; --n) {
    const auto at = static_cast<std::ptrdiff_t>(below(static_cast<unsigned>(bytes.size()) + 1));
    const bool inside = at < static_cast<std::ptrdiff_t>(bytes.size());
    switch (below(4)) {
      case 0:
        if (inside) bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:
        if (inside) bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(below(256));
        break;
      case 2: bytes.resize(static_cast<std::size_t>(at)); break;
      default: bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(below(256)));
    }
  }
  return bytes;
}

const Golden& any_golden(MessageType type) {
  std::vector<const Golden*> all;
  for (const auto& g : kGolden)
    if (g.type == type) all.push_back(&g);
  return *all[below(static_cast<unsigned>(all.size()))];
}

SessionContext any_context() {
  auto context = below(2) == 0 ? external() : internal();
  context.four_octet_as = below(2) == 0;
  for (const auto family : net::kFamilies) {
    if (below(4) == 0) context.families.erase(family);
    if (below(4) == 0) context.add_path_receive.insert(family);
  }
  if (below(2) == 0) context.extended_next_hop.insert(Family::Ipv4Unicast);
  return context;
}

void expect_usable(const UpdateView& view, Family family, const SessionContext& context) {
  const auto decoded = decode_attributes(view, family, context);
  RC_ASSERT(decoded.reaction != Reaction::FamilyDisable);  // scan_update() has said so before
  RC_ASSERT((decoded.reaction == Reaction::None) == decoded.issues.empty());
  Reaction strongest = Reaction::None;
  for (const auto& issue : decoded.issues) strongest = std::max(strongest, issue.reaction);
  RC_ASSERT(strongest == decoded.reaction || decoded.issues.size() >= 16u);
  if (decoded.reaction == Reaction::SessionReset) RC_ASSERT(decoded.notification.code == 3);
  Bytes canonical;
  encode_canonical(decoded.set, canonical);
  RC_ASSERT(decode_canonical(canonical) == decoded.set);
  // Equal keys decode to equal values: the RIB relies on it.
  Bytes key;
  append(attribute_key(view, family), key);
  RC_ASSERT(!key.empty());
}

RC_GTEST_PROP(Mutation, UpdatesYieldOneReaction, ()) {
  const auto& golden = any_golden(MessageType::Update);
  const Exact body(mutated(hex(golden.body)));
  const auto context = any_context();
  const auto view = scan_update(body.span(), context);
  if (!view) {
    const auto& error = view.error();
    RC_ASSERT(error.reaction == Reaction::SessionReset || error.reaction == Reaction::FamilyDisable);
    RC_ASSERT(error.notification.code == 3);
    RC_ASSERT(!error.text.empty());
    return;
  }
  std::size_t octets = 0;
  const auto count = [&](const Nlri& n) { octets += n.prefix.length(); };
  view->withdrawn.for_each(count);
  view->nlri.for_each(count);
  if (view->mp_reach) view->mp_reach->nlri.for_each(count);
  if (view->mp_unreach) view->mp_unreach->for_each(count);
  for (const auto family : net::kFamilies) expect_usable(*view, family, context);
}

RC_GTEST_PROP(Mutation, OpensAreReadOrRefused, ()) {
  const Exact body(mutated(hex(any_golden(MessageType::Open).body)));
  const auto open = decode_open(body.span());
  if (open) {
    Bytes out;
    encode_open(*open, out);
    const auto back = decode_open(ByteSpan(out).subspan(kHeaderSize));
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == *open);
  } else {
    RC_ASSERT(open.error().code == 2 || open.error().code == 1);
  }
}

RC_GTEST_PROP(Mutation, OtherMessagesAreReadOrRefused, ()) {
  const Exact notification(mutated(hex(any_golden(MessageType::Notification).body)));
  if (const auto n = decode_notification(notification.span())) RC_ASSERT(!reason_token(*n).empty());
  const Exact refresh(mutated(hex(any_golden(MessageType::RouteRefresh).body)));
  RC_ASSERT(decode_route_refresh(refresh.span()).has_value() == (refresh.size == 4));
  const Exact canonical([] {
    Bytes bytes;
    encode_canonical(any_set(Family::Ipv6Unicast), bytes);
    return mutated(bytes);
  }());
  (void)decode_canonical(canonical.span());
}

RC_GTEST_PROP(Mutation, FramesAreReadOrRefused, ()) {
  Bytes stream;
  encode_keepalive(stream);
  encode_end_of_rib(Family::Ipv6Unicast, stream);
  const Exact buffer(mutated(stream));
  auto rest = buffer.span();
  while (true) {
    const auto frame = next_frame(rest, kMaxMessageSize);
    if (!frame || !*frame) break;
    RC_ASSERT((*frame)->size >= kHeaderSize && (*frame)->size <= rest.size());
    rest = rest.subspan((*frame)->size);
  }
}

}  // namespace
}  // namespace podbgp::wire

// UPDATE: the first octet is the session (see context_of), the rest the body. Checks that every outcome is exactly one
// of those of RFC 7606, that NLRI survive re-encoding, and that attribute sets survive both of their encodings.
#include "wire/update.hpp"

#include <algorithm>

#include "tests/fuzz/fuzz.hpp"
#include "wire/frame.hpp"

using namespace podbgp;
using net::Family;
using wire::Reaction;

namespace {

wire::SessionContext context_of(std::uint8_t bits) {
  wire::SessionContext context;
  context.four_octet_as = (bits & 1) != 0;
  context.external = (bits & 2) != 0;
  context.families = {};
  if ((bits & 4) != 0) context.families.insert(Family::Ipv4Unicast);
  if ((bits & 8) != 0) context.families.insert(Family::Ipv6Unicast);
  if ((bits & 16) != 0) context.add_path_receive.insert(Family::Ipv4Unicast);
  if ((bits & 32) != 0) context.add_path_receive.insert(Family::Ipv6Unicast);
  if ((bits & 64) != 0) context.extended_next_hop.insert(Family::Ipv4Unicast);
  return context;
}

// Host bits do not survive, so prefixes are compared as values.
std::vector<std::pair<net::Prefix, net::PathId>> values(const wire::NlriField& field) {
  std::vector<std::pair<net::Prefix, net::PathId>> out;
  field.for_each([&](const wire::Nlri& n) { out.emplace_back(n.prefix, n.path_id); });
  return out;
}

void check_withdraw(const wire::NlriField& field, const wire::SessionContext& context) {
  const auto family = field.family();
  wire::Bytes out;
  wire::UpdateEncoder encoder({family, field.add_path(), wire::kMaxMessageSize}, out);
  encoder.begin_withdraw();
  field.for_each([&](const wire::Nlri& n) { encoder.add(n.prefix, n.path_id); });
  encoder.finish();
  std::vector<std::pair<net::Prefix, net::PathId>> read;
  for (wire::ByteSpan rest = out; !rest.empty();) {
    const auto frame = wire::next_frame(rest, wire::kMaxMessageSize);
    FUZZ_EXPECT(frame && *frame);
    const auto view = wire::scan_update((*frame)->body, context);
    FUZZ_EXPECT(view.has_value());
    const auto part = values(family == Family::Ipv4Unicast ? view->withdrawn : *view->mp_unreach);
    read.insert(read.end(), part.begin(), part.end());
    rest = rest.subspan((*frame)->size);
  }
  FUZZ_EXPECT(read == values(field));
}

wire::Bytes next_hop_octets(const wire::AttributeSet& set) {
  const auto first = set.next_hop.bytes();
  wire::Bytes out(first.begin(), first.end());
  if (set.link_local_next_hop) {
    const auto second = set.link_local_next_hop->bytes();
    out.insert(out.end(), second.begin(), second.end());
  }
  return out;
}

bool has_confederation(const wire::AsPath& path) {
  return std::ranges::any_of(path.segments, [](const wire::AsSegment& segment) {
    return segment.type == wire::AsSegment::Type::ConfedSequence || segment.type == wire::AsSegment::Type::ConfedSet;
  });
}

// What was accepted without a complaint is sent on and understood as the same.
void check_announce(const wire::AttributeSet& set, const wire::NlriField& field, const wire::SessionContext& context) {
  const auto family = field.family();
  wire::Bytes block, out;
  wire::encode_attributes(set, {family, context.four_octet_as}, block);
  const auto next_hop = next_hop_octets(set);
  wire::UpdateEncoder encoder({family, field.add_path(), wire::kMaxExtendedMessageSize}, out);
  if (!encoder.begin_announce(block, next_hop)) return;
  field.for_each([&](const wire::Nlri& n) { encoder.add(n.prefix, n.path_id); });
  encoder.finish();
  const auto frame = wire::next_frame(out, wire::kMaxExtendedMessageSize);
  FUZZ_EXPECT(frame && *frame);
  const auto view = wire::scan_update((*frame)->body, context);
  FUZZ_EXPECT(view.has_value());
  const auto decoded = wire::decode_attributes(*view, family, context);
  FUZZ_EXPECT(decoded.reaction == Reaction::None);
  // AS4_PATH has no confederation segments (RFC 6793 §3), so one amid others is lost on the way to an old speaker.
  if (context.four_octet_as || !has_confederation(set.as_path)) FUZZ_EXPECT(decoded.set == set);
}

void check_family(const wire::UpdateView& view, const wire::NlriField& field, const wire::SessionContext& context) {
  const auto key = wire::attribute_key(view, field.family());
  wire::Bytes key_octets;
  wire::append(key, key_octets);
  FUZZ_EXPECT(key_octets.size() == key.size() + 2);
  (void)wire::hash(key);

  const auto decoded = wire::decode_attributes(view, field.family(), context);
  FUZZ_EXPECT(decoded.reaction != Reaction::FamilyDisable);
  FUZZ_EXPECT((decoded.reaction == Reaction::None) == decoded.issues.empty());
  if (decoded.reaction == Reaction::SessionReset) FUZZ_EXPECT(decoded.notification.code == 3);
  wire::Bytes canonical;
  wire::encode_canonical(decoded.set, canonical);
  FUZZ_EXPECT(wire::decode_canonical(canonical) == decoded.set);
  if (decoded.reaction <= Reaction::AttributeDiscard && !field.empty()) check_announce(decoded.set, field, context);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto context = context_of(data[0]);
  const wire::ByteSpan body{data + 1, size - 1};
  (void)wire::decode_canonical(body);  // must do no harm whatever it is given

  const auto view = wire::scan_update(body, context);
  if (!view) {
    const auto& error = view.error();
    FUZZ_EXPECT(error.reaction == Reaction::SessionReset || error.reaction == Reaction::FamilyDisable);
    FUZZ_EXPECT(error.notification.code == 3 && !error.text.empty());
    if (error.reaction == Reaction::FamilyDisable) FUZZ_EXPECT(context.families.contains(error.family));
    return 0;
  }
  check_withdraw(view->withdrawn, context);
  if (view->mp_unreach) check_withdraw(*view->mp_unreach, context);
  check_family(*view, view->nlri, context);
  if (view->mp_reach) check_family(*view, view->mp_reach->nlri, context);
  return 0;
}

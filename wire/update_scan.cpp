// The first look at an UPDATE: where things are, and whether the NLRI can be trusted. Runs for every message, so it
// allocates nothing unless it has an error to tell.
#include <algorithm>

#include <fmt/format.h>

#include "net/hash.hpp"
#include "wire/attribute_header.hpp"
#include "wire/reader.hpp"
#include "wire/update.hpp"

namespace podbgp::wire {
namespace {

using net::Family;

constexpr auto kMpReach = static_cast<std::uint8_t>(AttributeType::MpReach);
constexpr auto kMpUnreach = static_cast<std::uint8_t>(AttributeType::MpUnreach);

// RFC 7606 §5.3: wrong is a length of more bits than the family has, and a last prefix that goes beyond the field.
template <bool AddPath>
bool valid_nlri(ByteSpan bytes, unsigned max_length) {
  const std::uint8_t* const p = bytes.data();
  const std::size_t size = bytes.size();
  std::size_t i = 0;
  while (i < size) {
    if constexpr (AddPath) {
      i += 4;
      if (i >= size) return false;
    }
    const unsigned length = p[i];
    if (length > max_length) return false;
    i += 1 + (length + 7) / 8;
  }
  return i == size;
}

bool valid_nlri(ByteSpan bytes, Family family, bool add_path) {
  const unsigned max_length = family == Family::Ipv4Unicast ? 32 : 128;
  return add_path ? valid_nlri<true>(bytes, max_length) : valid_nlri<false>(bytes, max_length);
}

UpdateError reset(std::uint8_t subcode, std::string text, ByteSpan data = {}) {
  return {Reaction::SessionReset,
          {},
          make_notification(ErrorCode::Update, subcode, Bytes(data.begin(), data.end())),
          std::move(text)};
}

// An MP attribute that cannot be read (RFC 7606 §5.3, §7.11, §7.12; RFC 4760 §7). Only that family is given up when
// it is known which one and nothing of another family was in the same message; `shared` says whether something was.
UpdateError mp_error(const RawAttribute& attribute, std::optional<Family> family, bool shared,
                     const SessionContext& context, std::string_view why) {
  auto error = reset(update_error::kOptionalAttribute,
                     fmt::format("{}: {}", attribute.type == kMpReach ? "MP_REACH_NLRI" : "MP_UNREACH_NLRI", why),
                     attribute.whole);
  if (!family || shared) return error;
  auto others = context.families;
  others.erase(*family);
  if (others.empty()) return error;  // nothing would be left of the session
  error.reaction = Reaction::FamilyDisable;
  error.family = *family;
  return error;
}

bool valid_next_hop(Family family, std::size_t size, const SessionContext& context) {
  if (family == Family::Ipv4Unicast && size == 4) return true;
  if (family == Family::Ipv4Unicast && !context.extended_next_hop.contains(family)) return false;  // RFC 8950 §4
  return size == 16 || size == 32;                                                                 // RFC 2545 §3
}

struct MpValue {
  std::optional<Family> family;  // if it was negotiated
  ByteSpan next_hop;
  NlriField nlri;
  std::string_view error;
};

MpValue read_mp(const RawAttribute& attribute, const SessionContext& context) {
  MpValue mp;
  Reader r(attribute.value);
  const auto afi = r.u16();
  const auto safi = r.u8();
  if (!r.ok()) {
    mp.error = "too short for address family and subsequent family";
    return mp;
  }
  const auto family = net::family_of(afi, safi);
  if (!family || !context.families.contains(*family)) return mp;  // RFC 4760 §6: ignored
  mp.family = family;
  if (attribute.type == kMpReach) {
    mp.next_hop = r.take(r.u8());
    r.u8();  // reserved (RFC 4760 §3): once the count of SNPAs, now ignored
    if (!r.ok()) {
      mp.error = "next hop goes beyond the attribute";
      return mp;
    }
    if (!valid_next_hop(*family, mp.next_hop.size(), context)) {
      mp.error = "next hop length does not fit the address family";
      return mp;
    }
  }
  const bool add_path = context.add_path_receive.contains(*family);
  if (!valid_nlri(r.rest(), *family, add_path)) mp.error = "prefixes cannot be read";
  mp.nlri = NlriField(*family, add_path, r.rest());
  return mp;
}

struct Fields {
  ByteSpan withdrawn, attributes, nlri;
};

std::optional<Fields> split(ByteSpan body) {
  Reader r(body);
  Fields fields;
  fields.withdrawn = r.take(r.u16());
  fields.attributes = r.take(r.u16());
  fields.nlri = r.rest();
  if (!r.ok()) return std::nullopt;
  return fields;
}

// The fields of IPv4 unicast; they are skipped if that family was not negotiated.
std::optional<UpdateError> scan_ipv4(const Fields& fields, const SessionContext& context, UpdateView& view) {
  const auto family = Family::Ipv4Unicast;
  if (!context.families.contains(family)) {
    view.has_unknown_family = !fields.withdrawn.empty() || !fields.nlri.empty();
    return std::nullopt;
  }
  const bool add_path = context.add_path_receive.contains(family);
  if (!valid_nlri(fields.withdrawn, family, add_path))
    return reset(update_error::kInvalidNetworkField, "withdrawn routes: prefixes cannot be read (RFC 7606 §5.3)");
  if (!valid_nlri(fields.nlri, family, add_path))
    return reset(update_error::kInvalidNetworkField, "NLRI: prefixes cannot be read (RFC 7606 §5.3)");
  view.withdrawn = NlriField(family, add_path, fields.withdrawn);
  view.nlri = NlriField(family, add_path, fields.nlri);
  return std::nullopt;
}

std::optional<UpdateError> take_mp(const RawAttribute& attribute, const SessionContext& context, UpdateView& view) {
  const bool reach = attribute.type == kMpReach;
  auto& place = reach ? view.mp_reach_attribute : view.mp_unreach_attribute;
  if (!place.empty())
    return reset(update_error::kMalformedAttributeList,
                 fmt::format("{} more than once (RFC 7606 §3 g)", reach ? "MP_REACH_NLRI" : "MP_UNREACH_NLRI"));
  place = attribute.whole;
  const auto mp = read_mp(attribute, context);
  if (!mp.error.empty()) {
    const auto other = reach ? (view.mp_unreach ? std::optional(view.mp_unreach->family()) : std::nullopt)
                             : (view.mp_reach ? std::optional(view.mp_reach->family) : std::nullopt);
    const bool shared = (other && other != mp.family) ||
                        (mp.family != Family::Ipv4Unicast && !(view.withdrawn.empty() && view.nlri.empty()));
    return mp_error(attribute, mp.family, shared, context, mp.error);
  }
  if (!mp.family) {
    view.has_unknown_family = true;
  } else if (reach) {
    view.mp_reach = MpReach{*mp.family, mp.next_hop, mp.nlri};
  } else {
    view.mp_unreach = mp.nlri;
  }
  return std::nullopt;
}

bool announces(const UpdateView& view) {
  return !view.nlri.empty() || (view.mp_reach && !view.mp_reach->nlri.empty()) || view.has_unknown_family;
}

// RFC 7606 §5.2: attributes, but nothing announced. If they are also in error, NLRI may have been lost in them, and a
// route that is not known cannot be withdrawn.
std::optional<UpdateError> check_without_nlri(const UpdateView& view, const SessionContext& context) {
  auto decoded = decode_attributes(view, Family::Ipv4Unicast, context);
  if (decoded.reaction <= Reaction::AttributeDiscard) return std::nullopt;
  std::string text = "attributes in error and nothing announced (RFC 7606 §5.2)";
  for (const auto& issue : decoded.issues) text += "; " + issue.text;
  return UpdateError{Reaction::SessionReset, {}, std::move(decoded.notification), std::move(text)};
}

}  // namespace

net::Result<UpdateView, UpdateError> scan_update(ByteSpan body, const SessionContext& context) {
  const auto fields = split(body);
  if (!fields)
    return net::fail(reset(update_error::kMalformedAttributeList,
                           "the lengths of withdrawn routes and attributes exceed the message (RFC 7606 §3 b)"));
  UpdateView view;
  view.body = body;
  view.attributes = fields->attributes;
  if (auto error = scan_ipv4(*fields, context, view)) return net::fail(std::move(*error));

  AttributeWalk walk(fields->attributes);
  for (RawAttribute attribute; walk.next(attribute);) {
    if (attribute.type != kMpReach && attribute.type != kMpUnreach) continue;
    if (auto error = take_mp(attribute, context, view)) return net::fail(std::move(*error));
  }
  // RFC 7606 §3 j: routes cannot be treated as withdrawn when the attribute that names them cannot be read.
  if (walk.truncated() && (walk.truncated_type() == kMpReach || walk.truncated_type() == kMpUnreach))
    return net::fail(
        reset(update_error::kOptionalAttribute, "MP attribute goes beyond the attributes (RFC 7606 §3 j)"));
  if (view.mp_reach && view.mp_reach->family == Family::Ipv4Unicast && !view.nlri.empty())
    return net::fail(
        reset(update_error::kMalformedAttributeList,
              "IPv4 announced in NLRI and in MP_REACH_NLRI at once: two next hops for one set of attributes"));

  if (announces(view)) return view;
  const auto other_attributes =
      view.attributes.size() - view.mp_reach_attribute.size() - view.mp_unreach_attribute.size();
  if (other_attributes != 0 || !view.mp_reach_attribute.empty()) {
    if (auto error = check_without_nlri(view, context)) return net::fail(std::move(*error));
    return view;
  }
  if (!view.withdrawn.empty()) return view;
  // RFC 4724 §2
  if (view.attributes.empty()) {
    if (context.families.contains(Family::Ipv4Unicast)) view.end_of_rib = Family::Ipv4Unicast;
  } else if (view.mp_unreach && view.mp_unreach->empty()) {
    view.end_of_rib = view.mp_unreach->family();
  }
  return view;
}

AttributeKey attribute_key(const UpdateView& update, net::Family family) {
  AttributeKey key;
  key.family = family;
  if (update.mp_reach && update.mp_reach->family == family) key.next_hop = update.mp_reach->next_hop;

  const ByteSpan block = update.attributes;
  auto first = update.mp_reach_attribute;
  auto second = update.mp_unreach_attribute;
  if (first.empty() || (!second.empty() && second.data() < first.data())) std::swap(first, second);
  if (first.empty()) {
    key.pieces[0] = block;
    return key;
  }
  const auto flags_wrong = [](ByteSpan attribute) {
    return !attribute.empty() && (attribute[0] & attribute_flags::kKind) != attribute_flags::kOptional;
  };
  key.mp_flags_wrong = flags_wrong(first) || flags_wrong(second);
  const auto offset = [&](ByteSpan part) { return static_cast<std::size_t>(part.data() - block.data()); };
  std::size_t from = offset(first) + first.size();
  key.pieces[0] = block.first(offset(first));
  if (!second.empty()) {
    key.pieces[1] = block.subspan(from, offset(second) - from);
    from = offset(second) + second.size();
  }
  key.pieces[2] = block.subspan(from);
  return key;
}

namespace {

std::uint8_t head_octet(const AttributeKey& key) {
  return static_cast<std::uint8_t>(net::index(key.family) | (key.mp_flags_wrong ? 0x80 : 0));
}

}  // namespace

std::uint64_t hash(const AttributeKey& key) {
  std::uint64_t h = net::hash_u64(head_octet(key));
  if (!key.next_hop.empty()) h = net::hash_bytes(key.next_hop, h);
  for (const auto piece : key.pieces)
    if (!piece.empty()) h = net::hash_bytes(piece, h);
  return h;
}

void append(const AttributeKey& key, Bytes& out) {
  out.reserve(out.size() + 2 + key.size());
  out.push_back(head_octet(key));
  out.push_back(static_cast<std::uint8_t>(key.next_hop.size()));
  out.insert(out.end(), key.next_hop.begin(), key.next_hop.end());
  for (const auto piece : key.pieces) out.insert(out.end(), piece.begin(), piece.end());
}

}  // namespace podbgp::wire

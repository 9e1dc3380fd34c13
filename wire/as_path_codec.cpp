#include "wire/as_path_codec.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "wire/attribute_codec.hpp"

namespace podbgp::wire::codec {
namespace {

using Type = AsSegment::Type;
constexpr std::size_t kMaxSegment = 255;  // the count is one octet

bool is_confederation(Type type) { return type == Type::ConfedSequence || type == Type::ConfedSet; }
bool is_sequence(Type type) { return type == Type::Sequence || type == Type::ConfedSequence; }

// Neighbouring sequences are one: a long one is cut only because its count is one octet.
void append_segment(AsPath& path, AsSegment&& segment) {
  if (!path.segments.empty() && is_sequence(segment.type) && path.segments.back().type == segment.type) {
    auto& last = path.segments.back().asns;
    last.insert(last.end(), segment.asns.begin(), segment.asns.end());
  } else {
    path.segments.push_back(std::move(segment));
  }
}

// RFC 7606 §7.2: the ways in which a path can be malformed.
std::optional<Flaw> read_path(Reader r, bool four_octets, AsPath& path) {
  const auto flaw = [](std::string text) { return Flaw{update_error::kMalformedAsPath, std::move(text)}; };
  const std::size_t width = four_octets ? 4 : 2;
  while (!r.empty()) {
    const auto type = r.u8();
    const std::size_t count = r.u8();
    if (!r.ok()) return flaw("one octet left where a segment should begin");
    if (type < 1 || type > 4) return flaw(fmt::format("unknown segment type {}", type));
    if (count == 0) return flaw("empty segment");
    auto values = r.sub(count * width);
    if (!values.ok()) return flaw("a segment goes beyond the attribute");
    AsSegment segment{Type{type}, {}};
    segment.asns.reserve(count);
    while (!values.empty()) segment.asns.emplace_back(four_octets ? values.u32() : values.u16());
    append_segment(path, std::move(segment));
  }
  return std::nullopt;
}

bool has_as_zero(const AsPath& path) { return path.count(net::Asn{0}) != 0; }

void write_path(const AsPath& path, bool four_octets, bool confederations, Writer& w) {
  for (const auto& segment : path.segments) {
    if (!confederations && is_confederation(segment.type)) continue;
    std::span<const net::Asn> asns = segment.asns;
    // A set cannot be cut in two (each would count), so it loses what no count can hold; nothing here makes such sets.
    if (!is_sequence(segment.type)) asns = asns.first(std::min(asns.size(), kMaxSegment));
    while (!asns.empty()) {
      const auto piece = asns.first(std::min(asns.size(), kMaxSegment));
      w.u8(static_cast<std::uint8_t>(segment.type));
      w.u8(static_cast<std::uint8_t>(piece.size()));
      for (const auto asn : piece) {
        if (four_octets) {
          w.u32(asn.value());
        } else {
          w.u16(static_cast<std::uint16_t>(asn.value() > 0xffff ? net::kAsTrans.value() : asn.value()));
        }
      }
      asns = asns.subspan(piece.size());
    }
  }
}

bool fits_two_octets(const AsPath& path) {
  return std::ranges::all_of(path.segments, [](const AsSegment& segment) {
    return std::ranges::all_of(segment.asns, [](net::Asn asn) { return asn.value() <= 0xffff; });
  });
}

}  // namespace

std::optional<Flaw> decode_as_path(Reader r, const DecodeContext& context, DecodeState& state) {
  AsPath path;
  if (auto flaw = read_path(r, context.four_octet_as, path)) return flaw;
  state.set.as_path = std::move(path);
  return std::nullopt;
}

std::optional<Flaw> check_as_path(const DecodeContext& context, DecodeState& state) {
  const auto& path = state.set.as_path;
  if (has_as_zero(path)) return Flaw{update_error::kMalformedAsPath, "AS 0 (RFC 7607 §2)"};
  // RFC 5065 §5: confederation segments never leave the confederation. Inside, an internal peer may well be a member.
  if (context.external && std::ranges::any_of(path.segments, is_confederation, &AsSegment::type))
    return Flaw{update_error::kMalformedAsPath, "confederation segment from an external peer"};
  return std::nullopt;
}

bool encode_as_path(const AttributeSet& set, const EncodeContext& context, Writer& w) {
  write_path(set.as_path, context.four_octet_as, true, w);
  return true;  // an empty path is an attribute of length 0 (RFC 4271 §5.1.2)
}

std::optional<Flaw> decode_as4_path(Reader r, const DecodeContext&, DecodeState& state) {
  if (r.empty()) return Flaw{update_error::kOptionalAttribute, "empty"};
  AsPath path;
  if (auto flaw = read_path(r, true, path)) return flaw;
  // RFC 6793 §6: confederation segments have no place here and are dropped, the rest is used.
  std::erase_if(path.segments, [](const AsSegment& segment) { return is_confederation(segment.type); });
  AsPath merged;  // what stood on both sides of a dropped one
  for (auto& segment : path.segments) append_segment(merged, std::move(segment));
  state.as4_path = std::move(merged);
  return std::nullopt;
}

std::optional<Flaw> check_as4_path(const DecodeContext& context, DecodeState& state) {
  if (context.four_octet_as) {  // RFC 6793 §4.1
    state.as4_path.reset();
    return Flaw{update_error::kOptionalAttribute, "from a speaker of 4-octet AS numbers"};
  }
  if (!state.as4_path || !has_as_zero(*state.as4_path)) return std::nullopt;
  state.as4_path.reset();
  return Flaw{update_error::kOptionalAttribute, "AS 0 (RFC 7607 §2)"};
}

// RFC 6793 §4.2.2: only if the path has a number that two octets cannot hold, and without confederation segments.
bool encode_as4_path(const AttributeSet& set, const EncodeContext& context, Writer& w) {
  if (context.four_octet_as || fits_two_octets(set.as_path)) return false;
  write_path(set.as_path, true, false, w);
  return w.size() != 0;
}

AsPath merge_as4_path(const AsPath& as_path, const AsPath& as4_path) {
  const auto seen = as_path.length();
  const auto known = as4_path.length();
  if (seen < known) return as_path;  // some speaker in between took the numbers apart: AS4_PATH is not to be trusted
  // The excess in front was prepended by 2-octet speakers since; confederation segments before or beside it belong to
  // it.
  std::size_t excess = seen - known;
  AsPath merged;
  for (const auto& segment : as_path.segments) {
    if (is_confederation(segment.type)) {
      append_segment(merged, AsSegment(segment));
      continue;
    }
    if (excess == 0) break;
    if (segment.type == Type::Set) {
      append_segment(merged, AsSegment(segment));
      --excess;
      continue;
    }
    const auto count = std::min(excess, segment.asns.size());
    append_segment(merged,
                   {Type::Sequence, {segment.asns.begin(), segment.asns.begin() + static_cast<std::ptrdiff_t>(count)}});
    excess -= count;
    if (count < segment.asns.size()) break;
  }
  for (const auto& segment : as4_path.segments) append_segment(merged, AsSegment(segment));
  return merged;
}

void write_canonical(const AsPath& path, Writer& writer) {
  for (const auto& segment : path.segments) {
    writer.u8(static_cast<std::uint8_t>(segment.type));
    writer.u16(static_cast<std::uint16_t>(segment.asns.size()));
    for (const auto asn : segment.asns) writer.u32(asn.value());
  }
}

AsPath read_canonical(Reader reader) {
  AsPath path;
  while (!reader.empty()) {
    const auto type = reader.u8();
    AsSegment segment{type >= 1 && type <= 4 ? Type{type} : Type::Sequence, {}};
    const std::size_t count = reader.u16();
    auto values = reader.sub(count * 4);
    segment.asns.reserve(values.size() / 4);
    while (!values.empty()) segment.asns.emplace_back(values.u32());
    path.segments.push_back(std::move(segment));
  }
  return path;
}

}  // namespace podbgp::wire::codec

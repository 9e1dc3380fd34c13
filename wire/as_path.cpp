#include <algorithm>

#include <fmt/format.h>

#include "wire/attributes.hpp"

namespace podbgp::wire {
namespace {

using Type = AsSegment::Type;

bool is_confederation(const AsSegment& segment) {
  return segment.type == Type::ConfedSequence || segment.type == Type::ConfedSet;
}

}  // namespace

unsigned AsPath::length() const {
  unsigned n = 0;
  for (const auto& segment : segments) {
    if (segment.type == Type::Sequence) n += static_cast<unsigned>(segment.asns.size());
    if (segment.type == Type::Set) n += 1;
  }
  return n;
}

std::optional<net::Asn> AsPath::neighbour() const {
  // Within a confederation its own members stand in front (RFC 5065 §5.3): the neighbour is who comes first after them.
  const auto first = std::ranges::find_if_not(segments, is_confederation);
  if (first == segments.end() || first->type != Type::Sequence || first->asns.empty()) return std::nullopt;
  return first->asns.front();
}

std::optional<net::Asn> AsPath::origin_as() const {
  if (segments.empty() || segments.back().type != Type::Sequence || segments.back().asns.empty()) return std::nullopt;
  return segments.back().asns.back();
}

unsigned AsPath::count(net::Asn asn) const {
  std::ptrdiff_t n = 0;
  for (const auto& segment : segments) n += std::ranges::count(segment.asns, asn);
  return static_cast<unsigned>(n);
}

void AsPath::prepend(net::Asn asn, unsigned times) {
  if (times == 0) return;
  if (segments.empty() || segments.front().type != Type::Sequence) segments.insert(segments.begin(), AsSegment{});
  auto& first = segments.front().asns;
  first.insert(first.begin(), times, asn);
}

std::string to_string(const AsPath& path) {
  std::string text;
  for (const auto& segment : path.segments) {
    if (!text.empty()) text += ' ';
    const auto numbers = fmt::format("{}", fmt::join(segment.asns, " "));
    switch (segment.type) {
      case Type::Sequence: text += numbers; break;
      case Type::Set: text += '{' + numbers + '}'; break;
      case Type::ConfedSequence: text += '(' + numbers + ')'; break;
      case Type::ConfedSet: text += '[' + numbers + ']'; break;
    }
  }
  return text;
}

}  // namespace podbgp::wire

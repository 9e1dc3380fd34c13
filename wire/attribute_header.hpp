// The header of one path attribute (RFC 4271 §4.3), read off the front of a block.
#pragma once

#include "wire/constants.hpp"

namespace podbgp::wire {

namespace attribute_flags {
inline constexpr std::uint8_t kOptional = 0x80, kTransitive = 0x40, kPartial = 0x20, kExtendedLength = 0x10;
inline constexpr std::uint8_t kKind = kOptional | kTransitive;  // what the attribute's definition fixes (RFC 7606 §3 c)
}  // namespace attribute_flags

struct RawAttribute {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  ByteSpan value;
  ByteSpan whole;  // header and value

  [[nodiscard]] bool kind_is(std::uint8_t kind) const { return (flags & attribute_flags::kKind) == kind; }
};

// Walks a block of attributes. RFC 7606 §4 names the two ways in which a block can end wrongly: fewer octets than a
// header takes, and a length that goes beyond the end. Both end the walk with truncated() set; what came before stays
// good.
class AttributeWalk {
 public:
  explicit AttributeWalk(ByteSpan block) : rest_(block) {}

  bool next(RawAttribute& attribute) {
    if (rest_.empty()) return false;
    const bool wide = (rest_[0] & attribute_flags::kExtendedLength) != 0;
    const std::size_t header = wide ? 4 : 3;
    if (rest_.size() < 2) return stop(0);
    if (rest_.size() < header) return stop(rest_[1]);
    const std::size_t length = wide ? (std::size_t{rest_[2]} << 8 | rest_[3]) : rest_[2];
    if (length > rest_.size() - header) return stop(rest_[1]);
    attribute = {rest_[0], rest_[1], rest_.subspan(header, length), rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return true;
  }
  [[nodiscard]] bool truncated() const { return truncated_; }
  [[nodiscard]] std::uint8_t truncated_type() const { return truncated_type_; }  // 0 where not even that was there

 private:
  bool stop(std::uint8_t type) {
    truncated_ = true;
    truncated_type_ = type;
    return false;
  }

  ByteSpan rest_;
  bool truncated_ = false;
  std::uint8_t truncated_type_ = 0;
};

}  // namespace podbgp::wire

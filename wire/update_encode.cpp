// UPDATE messages, filled to the brim. What grows (the prefixes) is written in place; lengths are patched when a
// message closes.
#include <algorithm>
#include <cstring>

#include "wire/attribute_header.hpp"
#include "wire/update.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {
namespace {

constexpr std::size_t kGrowth =
    512;  // octets made ready at a time: small messages stay cheap, large ones need few steps
constexpr std::uint8_t kMpFlags = attribute_flags::kOptional | attribute_flags::kExtendedLength;

void write_mp_header(Writer& w, AttributeType type, net::Family family) {
  w.u8(kMpFlags);
  w.u8(static_cast<std::uint8_t>(type));
  w.u16(0);
  w.u16(net::afi(family));
  w.u8(net::kSafiUnicast);
}

void patch_u16(std::uint8_t* at, std::size_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

}  // namespace

UpdateEncoder::UpdateEncoder(Options options, Bytes& out) : options_(options), out_(&out) {
  options_.max_size = std::clamp(options_.max_size, std::size_t{64}, kMaxExtendedMessageSize);
}

bool UpdateEncoder::begin_announce(ByteSpan attributes, ByteSpan next_hop) {
  finish();
  announce_ = true;
  attributes_ = attributes;
  next_hop_ = next_hop;
  in_mp_ = options_.family == net::Family::Ipv6Unicast || next_hop.size() > 4;  // RFC 8950: IPv4 over an IPv6 next hop
  const std::size_t fixed = kHeaderSize + 4 + (in_mp_ ? 9 + next_hop.size() : 0) + attributes.size();
  const std::size_t longest = (options_.add_path ? 4 : 0) + (options_.family == net::Family::Ipv6Unicast ? 17 : 5);
  room_ = fixed + longest <= options_.max_size;
  return room_;
}

void UpdateEncoder::begin_withdraw() {
  finish();
  announce_ = false;
  attributes_ = {};
  next_hop_ = {};
  in_mp_ = options_.family == net::Family::Ipv6Unicast;
  room_ = true;
}

// Where things stand: IPv4 prefixes come last in their message (announced) or before an empty attribute block
// (withdrawn). MP attributes come first in the block (RFC 7606 §5.1), so the others follow the prefixes.
void UpdateEncoder::open_message() {
  start_ = out_->size();
  Writer w(*out_);
  write_header(w, MessageType::Update);
  w.u16(0);  // withdrawn routes
  std::size_t tail = 0;
  if (in_mp_) {
    w.u16(0);  // attributes
    write_mp_header(w, announce_ ? AttributeType::MpReach : AttributeType::MpUnreach, options_.family);
    if (announce_) {
      w.u8(static_cast<std::uint8_t>(next_hop_.size()));
      w.bytes(next_hop_);
      w.u8(0);
    }
    tail = attributes_.size();
  } else if (announce_) {
    w.u16(static_cast<std::uint16_t>(attributes_.size()));
    w.bytes(attributes_);
  } else {
    tail = 2;
  }
  position_ = nlri_start_ = out_->size();
  limit_ = start_ + options_.max_size - tail;
  open_ = true;
}

void UpdateEncoder::close_message() {
  out_->resize(position_);
  constexpr std::size_t kWithdrawn = kHeaderSize, kAttributes = kHeaderSize + 2, kMp = kAttributes + 2;
  const std::size_t nlri = position_ - nlri_start_;
  if (in_mp_) {
    out_->insert(out_->end(), attributes_.begin(), attributes_.end());
    std::uint8_t* const message = out_->data() + start_;
    patch_u16(message + kMp + 2, nlri_start_ + nlri - start_ - kMp - 4);
    patch_u16(message + kAttributes, out_->size() - start_ - kMp);
  } else if (!announce_) {
    out_->resize(position_ + 2);
    patch_u16(out_->data() + start_ + kWithdrawn, nlri);
  }
  patch_u16(out_->data() + start_ + 16, out_->size() - start_);
  ++messages_;
  open_ = false;
}

void UpdateEncoder::grow(std::size_t need) {
  if (open_ && position_ + need > limit_) close_message();
  if (!open_) open_message();
  if (position_ + need > out_->size()) out_->resize(std::min(limit_, position_ + std::max(need, kGrowth)));
}

void UpdateEncoder::add(std::uint8_t length, const std::uint8_t* octets, net::PathId path_id) {
  const std::size_t size = (length + 7u) / 8u;
  const std::size_t need = 1 + size + (options_.add_path ? 4 : 0);
  if (!open_ || position_ + need > out_->size()) {
    if (!room_) return;
    grow(need);
  }
  std::uint8_t* p = out_->data() + position_;
  if (options_.add_path) {
    const auto id = path_id.value();
    patch_u16(p, id >> 16);
    patch_u16(p + 2, id & 0xffff);
    p += 4;
  }
  *p = length;
  if (size != 0) std::memcpy(p + 1, octets, size);
  position_ += need;
}

void UpdateEncoder::add(const net::Prefix& prefix, net::PathId path_id) {
  add(static_cast<std::uint8_t>(prefix.length()), prefix.address().bytes().data(), path_id);
}

void UpdateEncoder::finish() {
  if (open_) close_message();
}

void encode_end_of_rib(net::Family family, Bytes& out) {
  Writer w(out);
  write_header(w, MessageType::Update);
  w.u16(0);
  if (family == net::Family::Ipv4Unicast) {
    w.u16(0);
  } else {
    w.u16(6);
    w.u8(attribute_flags::kOptional);
    w.u8(static_cast<std::uint8_t>(AttributeType::MpUnreach));
    w.u8(3);
    w.u16(net::afi(family));
    w.u8(net::kSafiUnicast);
  }
  finish_message(w);
}

}  // namespace podbgp::wire

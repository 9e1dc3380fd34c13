// UPDATE messages, filled to the brim. What grows (the prefixes) is written in place; lengths are patched when a
// message closes.
#include <algorithm>
#include <cstring>

#include "wire/attribute_header.hpp"
#include "wire/update.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {
namespace {

// Octets made ready at a time: little at first, since many messages hold one prefix, then more.
constexpr std::size_t kFirstGrowth = 40, kGrowth = 512;
constexpr std::uint8_t kMpFlags = attribute_flags::kOptional | attribute_flags::kExtendedLength;

// Where things stand in a message.
constexpr std::size_t kLength = 16, kWithdrawn = kHeaderSize, kAttributes = kWithdrawn + 2, kBlock = kAttributes + 2;

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
  // RFC 8950: IPv4 prefixes with an IPv6 next hop stand in MP_REACH_NLRI as well.
  in_mp_ = options_.family == net::Family::Ipv6Unicast || next_hop.size() > 4;
  write_head(next_hop.first(std::min(next_hop.size(), kMaxNextHop)));
  const std::size_t longest = (options_.add_path ? 4 : 0) + (options_.family == net::Family::Ipv6Unicast ? 17 : 5);
  room_ = head_size_ + attributes_.size() + longest <= options_.max_size;
  return room_;
}

void UpdateEncoder::begin_withdraw() {
  finish();
  announce_ = false;
  attributes_ = {};
  in_mp_ = options_.family == net::Family::Ipv6Unicast;
  write_head({});
  room_ = true;
}

// What every message of this batch begins with, lengths open: header, and up to the prefixes if they are in an MP
// attribute. IPv4 prefixes come last in their message (announced) or before an empty attribute block (withdrawn). MP
// attributes come first in the block (RFC 7606 §5.1), so the others follow the prefixes.
void UpdateEncoder::write_head(ByteSpan next_hop) {
  head_.fill(0);
  std::fill_n(head_.begin(), kLength, std::uint8_t{0xff});
  head_[kLength + 2] = static_cast<std::uint8_t>(MessageType::Update);
  if (!in_mp_) {
    head_size_ = announce_ ? kBlock : kAttributes;
    patch_u16(&head_[kAttributes], attributes_.size());
    return;
  }
  auto* p = &head_[kBlock];
  *p++ = kMpFlags;
  *p++ = static_cast<std::uint8_t>(announce_ ? AttributeType::MpReach : AttributeType::MpUnreach);
  p += 2;
  patch_u16(p, net::afi(options_.family));
  p += 2;
  *p++ = net::kSafiUnicast;
  if (announce_) {
    *p++ = static_cast<std::uint8_t>(next_hop.size());
    p = std::copy(next_hop.begin(), next_hop.end(), p) + 1;  // and the reserved octet
  }
  head_size_ = static_cast<std::size_t>(p - head_.data());
}

void UpdateEncoder::open_message() {
  start_ = out_->size();
  const bool block_first = announce_ && !in_mp_;
  nlri_start_ = start_ + head_size_ + (block_first ? attributes_.size() : 0);
  position_ = nlri_start_;
  const std::size_t tail = in_mp_ ? attributes_.size() : announce_ ? 0 : 2;
  limit_ = start_ + options_.max_size - tail;
  out_->resize(std::min(limit_, nlri_start_ + kFirstGrowth));
  std::memcpy(out_->data() + start_, head_.data(), head_size_);
  if (block_first && !attributes_.empty())
    std::memcpy(out_->data() + start_ + head_size_, attributes_.data(), attributes_.size());
  open_ = true;
}

void UpdateEncoder::close_message() {
  const std::size_t nlri = position_ - nlri_start_;
  out_->resize(position_ + (in_mp_ ? attributes_.size() : announce_ ? 0 : 2));
  std::uint8_t* const message = out_->data() + start_;
  if (in_mp_) {
    if (!attributes_.empty()) std::memcpy(out_->data() + position_, attributes_.data(), attributes_.size());
    patch_u16(message + kBlock + 2, position_ - start_ - kBlock - 4);
    patch_u16(message + kAttributes, out_->size() - start_ - kBlock);
  } else if (!announce_) {
    patch_u16(out_->data() + position_, 0);  // may hold what was made ready for prefixes
    patch_u16(message + kWithdrawn, nlri);
  }
  patch_u16(message + kLength, out_->size() - start_);
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

#include "rib/update_packer.hpp"

#include <algorithm>

#include "net/hash.hpp"
#include "wire/update.hpp"

namespace podbgp::rib {
namespace {

bool same(const UpdatePacker::Audience& a, const UpdatePacker::Audience& b) {
  return a.whom == b.whom && a.peer == b.peer;
}

std::size_t place_of(std::uint64_t content, const UpdatePacker::Audience& audience, std::size_t places) {
  const auto who = (std::uint64_t{audience.peer.value()} << 8) | static_cast<std::uint8_t>(audience.whom);
  return net::hash_u64(content ^ net::hash_u64(who)) & (places - 1);
}

}  // namespace

UpdatePacker::Bucket& UpdatePacker::bucket(std::uint64_t content, Audience audience, bool& fresh) {
  fresh = false;
  if (last_ < used_ && buckets_[last_].content == content && same(buckets_[last_].audience, audience))
    return buckets_[last_];
  if (places_.size() < 2 * (used_ + 1)) grow_places();
  auto at = place_of(content, audience, places_.size());
  for (; places_[at] != 0; at = (at + 1) & (places_.size() - 1)) {
    auto& known = buckets_[places_[at] - 1];
    if (known.content != content || !same(known.audience, audience)) continue;
    last_ = places_[at] - 1;
    return known;
  }
  fresh = true;
  if (used_ == buckets_.size()) buckets_.emplace_back();
  last_ = used_++;
  places_[at] = static_cast<std::uint32_t>(used_);
  auto& made = buckets_[last_];
  made.content = content;
  made.audience = audience;
  made.first = made.last = kEnd;
  made.place = static_cast<std::uint32_t>(at);
  return made;
}

void UpdatePacker::grow_places() {
  places_.assign(std::max<std::size_t>(64, places_.size() * 2), 0);
  for (std::size_t i = 0; i < used_; ++i) {
    auto at = place_of(buckets_[i].content, buckets_[i].audience, places_.size());
    while (places_[at] != 0) at = (at + 1) & (places_.size() - 1);
    places_[at] = static_cast<std::uint32_t>(i + 1);
    buckets_[i].place = static_cast<std::uint32_t>(at);
  }
}

void UpdatePacker::append(Bucket& bucket, const PrefixKey& prefix) {
  const auto index = static_cast<std::uint32_t>(routes_.size());
  routes_.push_back({kEnd, prefix.length, prefix.octets});
  if (bucket.first == kEnd) {
    bucket.first = index;
  } else {
    routes_[bucket.last].next = index;
  }
  bucket.last = index;
}

void UpdatePacker::announce(ExportSlots::Id slot, const ExportItem& item, std::string_view peer_name,
                            Audience audience) {
  bool fresh = false;
  auto& target = bucket(slots_->content(slot), audience, fresh);
  if (fresh) target.attributes = slots_->encode(slot, item, peer_name);
  append(target, item.prefix);
}

void UpdatePacker::withdraw(const ExportItem& item, Audience audience) {
  bool fresh = false;
  append(bucket(0, audience, fresh), item.prefix);
}

void UpdatePacker::flush(const ExportTarget& target, std::vector<std::shared_ptr<const Chunk>>& chunks) {
  const net::PathId path_id{target.add_path ? 1u : 0u};
  wire::UpdateEncoder encoder({.family = target.family, .add_path = target.add_path, .max_size = target.max_message},
                              out_);
  for (std::size_t i = 0; i < used_; ++i) {
    const auto& bucket = buckets_[i];
    if (bucket.content == 0) {
      encoder.begin_withdraw();
    } else {
      // Always true: slots whose attributes leave no room have no content.
      static_cast<void>(encoder.begin_announce(bucket.attributes.block, bucket.attributes.next_hop));
    }
    for (auto r = bucket.first; r != kEnd; r = routes_[r].next)
      encoder.add(routes_[r].length, routes_[r].octets.data(), path_id);
    encoder.finish();
    const auto end = static_cast<std::uint32_t>(out_.size());
    if (!pieces_.empty() && same({pieces_.back().whom, pieces_.back().peer}, bucket.audience)) {
      pieces_.back().end = end;
    } else {
      pieces_.push_back({end, bucket.audience.peer, bucket.audience.whom});
    }
    if (out_.size() >= chunk_size_) seal(chunks);
  }
  seal(chunks);
  routes_.clear();
  for (std::size_t i = 0; i < used_; ++i) places_[buckets_[i].place] = 0;
  used_ = 0;
}

void UpdatePacker::seal(std::vector<std::shared_ptr<const Chunk>>& chunks) {
  if (out_.empty()) return;
  auto chunk = std::make_shared<Chunk>();
  chunk->buffer = std::make_shared<const wire::Bytes>(out_);  // as large as it is, not as large as it could have become
  chunk->pieces = std::move(pieces_);
  chunks.push_back(std::move(chunk));
  out_.clear();
  pieces_.clear();
}

void UpdatePacker::release_memory() {
  routes_ = {};
  buckets_ = {};
  places_ = {};
  out_ = {};
  last_ = 0;
}

std::size_t UpdatePacker::memory_bytes() const {
  std::size_t bytes = routes_.capacity() * sizeof(Route) + buckets_.capacity() * sizeof(Bucket) +
                      places_.capacity() * sizeof(std::uint32_t) + out_.capacity();
  for (const auto& bucket : buckets_)
    bytes += bucket.attributes.block.capacity() + bucket.attributes.next_hop.capacity();
  return bytes;
}

}  // namespace podbgp::rib

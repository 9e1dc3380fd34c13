#include "rib/wire_cache.hpp"

namespace podbgp::rib {

std::optional<WireCache::Value> WireCache::find(std::uint32_t session_class, const wire::AttributeKey& key,
                                                std::uint64_t hash) const {
  if (places_.empty()) return std::nullopt;
  const auto& place = places_[hash & (places_.size() - 1)];
  if (place.hash != hash || place.session_class != session_class) return std::nullopt;
  if (!table_->alive(place.value.attributes, place.serial)) return std::nullopt;
  scratch_.clear();
  wire::append(key, scratch_);
  if (scratch_ != place.octets) return std::nullopt;
  return place.value;
}

void WireCache::insert(std::uint32_t session_class, const wire::AttributeKey& key, std::uint64_t hash, Value value) {
  if (places_.empty() || (replaced_ > places_.size() / 2 && places_.size() < kLastSize)) {
    const auto size = places_.empty() ? kFirstSize : places_.size() * 2;
    places_.clear();
    places_.resize(size);
    replaced_ = 0;
  }
  auto& place = places_[hash & (places_.size() - 1)];
  if (table_->alive(place.value.attributes, place.serial)) ++replaced_;
  place.hash = hash;
  place.session_class = session_class;
  place.serial = (*table_)[value.attributes].serial;
  place.value = value;
  place.octets.clear();
  wire::append(key, place.octets);
}

std::size_t WireCache::memory_bytes() const {
  std::size_t bytes = places_.capacity() * sizeof(Place);
  for (const auto& place : places_) bytes += place.octets.capacity();
  return bytes;
}

}  // namespace podbgp::rib

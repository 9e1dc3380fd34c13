#include "rib/attr_table.hpp"

#include <algorithm>
#include <cstring>

#include "net/hash.hpp"

namespace podbgp::rib {

namespace {

constexpr std::uint32_t kEmpty = 0, kDeleted = 1;  // SizedArena gives no index below its first slab
constexpr std::size_t kSmallest = 64;

std::uint8_t flags_of(const wire::AttributeSet& set) {
  std::uint8_t flags = 0;
  if (set.local_pref) flags |= AttrRecord::kHasLocalPref;
  if (set.med) flags |= AttrRecord::kHasMed;
  if (set.link_local_next_hop) flags |= AttrRecord::kHasLinkLocal;
  if (set.next_hop.is_unspecified() && !set.link_local_next_hop) flags |= AttrRecord::kSelfNextHop;
  for (const auto community : set.communities) {
    if (community == wire::kNoExport) flags |= AttrRecord::kNoExport;
    if (community == wire::kNoAdvertise) flags |= AttrRecord::kNoAdvertise;
    if (community == wire::kNoExportSubconfed) flags |= AttrRecord::kNoExportSubconfed;
  }
  return flags;
}

}  // namespace

AttrTable::AttrTable(NextHops& next_hops) : next_hops_(&next_hops), seed_(detail::process_seed()) {}

AttrIndex AttrTable::intern(const wire::AttributeSet& set) {
  scratch_.clear();
  wire::encode_canonical(set, scratch_);
  const auto hash = static_cast<std::uint32_t>(net::hash_bytes(scratch_, seed_));
  make_room();
  const std::size_t mask = slots_.size() - 1;
  std::size_t place = slots_.size();
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const auto& slot = slots_[i];
    if (slot.index == kDeleted && place == slots_.size()) place = i;
    if (slot.index == kEmpty) {
      if (place == slots_.size()) {
        place = i;
        ++filled_;
      }
      break;
    }
    if (slot.index == kDeleted || slot.hash != hash) continue;
    const AttrIndex index{slot.index};
    const auto& record = (*this)[index];
    if (record.size != scratch_.size() || std::memcmp(record.bytes(), scratch_.data(), record.size) != 0) continue;
    ref(index);
    return index;
  }

  const AttrIndex index{arena_.allocate(AttrRecord::kHead + scratch_.size())};
  slots_[place] = {index.value(), hash};
  ++count_;
  auto& record = *new (arena_.at(index.value())) AttrRecord{};
  record.refs = 1;
  record.serial = next_serial_++;
  if (next_serial_ == 0) next_serial_ = 1;
  record.size = static_cast<std::uint32_t>(scratch_.size());
  record.local_pref = set.local_pref.value_or(100);
  record.med = set.med.value_or(0);
  record.neighbour_as = set.as_path.neighbour().value_or(net::Asn{0}).value();
  record.originator_id = set.originator_id.value_or(net::RouterId{}).value();
  record.path_length = static_cast<std::uint16_t>(std::min(set.as_path.length(), 0xffffu));
  record.cluster_length = static_cast<std::uint8_t>(std::min<std::size_t>(set.cluster_list.size(), 0xff));
  record.origin = static_cast<std::uint8_t>(set.origin) & 3u;
  record.flags = flags_of(set);
  // RFC 2545 §3: a global address of :: beside a link-local one says nothing.
  record.next_hop = next_hops_->acquire(
      set.next_hop.is_unspecified() && set.link_local_next_hop ? *set.link_local_next_hop : set.next_hop);
  std::memcpy(arena_.at(index.value()) + AttrRecord::kHead, scratch_.data(), scratch_.size());
  return index;
}

void AttrTable::erase(AttrIndex index) {
  auto& gone = record(index);
  const auto hash = static_cast<std::uint32_t>(net::hash_bytes(gone.canonical(), seed_));
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].index != index.value()) i = (i + 1) & mask;
  slots_[i].index = kDeleted;
  if (slots_[(i + 1) & mask].index == kEmpty) {
    for (; slots_[i].index == kDeleted; i = (i - 1) & mask) {
      slots_[i].index = kEmpty;
      --filled_;
    }
  }
  next_hops_->release(gone.next_hop);
  gone.serial = 0;
  arena_.release(index.value());
  --count_;
  if (slots_.size() > 1024 && count_ * 8 < slots_.size()) rehash(std::max(kSmallest, slots_.size() / 4));
}

void AttrTable::make_room() {
  if ((filled_ + 1) * 5 < slots_.size() * 4) return;
  std::size_t capacity = kSmallest;
  while (capacity * 2 < (count_ + 1) * 3) capacity *= 2;
  rehash(capacity);
}

void AttrTable::rehash(std::size_t capacity) {
  std::vector<Slot> fresh(capacity);
  for (const auto& slot : slots_) {
    if (slot.index <= kDeleted) continue;
    std::size_t i = slot.hash & (capacity - 1);
    while (fresh[i].index != kEmpty) i = (i + 1) & (capacity - 1);
    fresh[i] = slot;
  }
  slots_ = std::move(fresh);
  filled_ = count_;
}

std::size_t AttrTable::memory_bytes() const { return arena_.memory_bytes() + slots_.capacity() * sizeof(Slot); }

}  // namespace podbgp::rib

#include "rib/table.hpp"

#include <algorithm>
#include <cstring>

#include "net/hash.hpp"

namespace podbgp::rib {

namespace {

constexpr std::size_t kSmallest = 64;
constexpr std::size_t kMoveStep = 16;  // entries moved with each insertion while the hash grows

[[nodiscard]] bool full(std::size_t filled, std::size_t capacity) { return filled * 5 >= capacity * 4; }

}  // namespace

// --- PrefixKey ---

PrefixKey PrefixKey::of(const net::Prefix& prefix) {
  const auto octets = prefix.address().bytes();
  PrefixKey key{prefix.family(), static_cast<std::uint8_t>(prefix.length()), {}};
  std::copy(octets.begin(), octets.end(), key.octets.begin());
  return key;
}

PrefixKey PrefixKey::of(net::Family family, std::uint8_t length, const std::uint8_t* octets) {
  PrefixKey key{family, length, {}};
  const std::size_t n = (length + 7u) / 8u;
  for (std::size_t i = 0; i < n; ++i) key.octets[i] = octets[i];  // three or four, mostly: no call
  if (length % 8 != 0) key.octets[n - 1] &= static_cast<std::uint8_t>(0xff00u >> (length % 8));
  return key;
}

net::Prefix PrefixKey::prefix() const {
  const auto address = family == net::Family::Ipv4Unicast
                           ? net::IpAddress::v4(std::span<const std::uint8_t, 4>(octets.data(), 4))
                           : net::IpAddress::v6(octets);
  return net::Prefix::make(address, length);
}

// --- Table ---

Table::Table(net::Family family)
    : family_(family),
      key_size_(family == net::Family::Ipv4Unicast ? 4 : 16),
      arena_(sizeof(Entry) + key_size_),
      seed_(detail::process_seed()) {}

Table::~Table() {
  deallocate(now_);
  deallocate(old_);
}

void Table::allocate(Slots& slots, std::size_t capacity) {
  slots = {reinterpret_cast<Slot*>(detail::map_pages(capacity * sizeof(Slot))), capacity, 0};
}

void Table::deallocate(Slots& slots) {
  if (slots.slots != nullptr)
    detail::unmap_pages(reinterpret_cast<std::uint8_t*>(slots.slots), slots.capacity * sizeof(Slot));
  slots = {};
}

net::Prefix Table::prefix(EntryIndex index) const { return key(index).prefix(); }

PrefixKey Table::key(EntryIndex index) const {
  PrefixKey key{family_, at(index).length, {}};
  std::memcpy(key.octets.data(), octets(index), key_size_);
  return key;
}

std::uint64_t Table::hash(const PrefixKey& key) const {
  if (family_ == net::Family::Ipv4Unicast) {
    std::uint32_t address;
    std::memcpy(&address, key.octets.data(), sizeof address);
    return net::hash_u64((std::uint64_t{key.length} << 32 | address) ^ seed_);
  }
  const auto high = net::detail::read64(key.octets.data());
  const auto low = net::detail::read64(key.octets.data() + 8);
  return net::hash_u64(net::detail::mul_fold(high ^ seed_, low ^ 0xe7037ed1a0b428dbull ^ key.length));
}

std::size_t Table::home(const Slots& slots, std::uint64_t hash) {
  return static_cast<std::size_t>(((hash >> 32) * slots.capacity) >> 32);
}

bool Table::equal(EntryIndex index, const PrefixKey& key) const {
  return at(index).length == key.length && std::memcmp(octets(index), key.octets.data(), key_size_) == 0;
}

EntryIndex Table::find_in(const Slots& slots, const PrefixKey& key, std::uint64_t hash) const {
  if (slots.capacity == 0) return kNoEntry;
  const Slot tag = static_cast<Slot>(hash) << 26;
  for (std::size_t i = home(slots, hash);; i = i + 1 == slots.capacity ? 0 : i + 1) {
    const Slot slot = slots.slots[i];
    if (slot == kEmpty) return kNoEntry;
    if ((slot & ~kIndexMask) != tag || slot == kDeleted) continue;
    const EntryIndex index{(slot & kIndexMask) - 1};
    if (equal(index, key)) return index;
  }
}

EntryIndex Table::find(const PrefixKey& key, std::uint64_t hash) const {
  const auto index = find_in(now_, key, hash);
  return index != kNoEntry || old_.capacity == 0 ? index : find_in(old_, key, hash);
}

void Table::prefetch_slot(std::uint64_t hash) const {
  if (now_.capacity != 0) __builtin_prefetch(now_.slots + home(now_, hash));
  if (old_.capacity != 0) __builtin_prefetch(old_.slots + home(old_, hash));
}

void Table::prefetch_entry(std::uint64_t hash) const {
  if (now_.capacity == 0) return;
  const Slot tag = static_cast<Slot>(hash) << 26;
  std::size_t i = home(now_, hash);
  for (int probes = 0; probes < 8; ++probes) {
    const Slot slot = now_.slots[i];
    if (slot == kEmpty) return;
    if ((slot & ~kIndexMask) == tag && slot != kDeleted) {
      prefetch(EntryIndex{(slot & kIndexMask) - 1});
      return;
    }
    if (++i == now_.capacity) i = 0;
  }
}

void Table::insert_in(Slots& slots, EntryIndex index, std::uint64_t hash) {
  const Slot slot = make_slot(index, hash);
  Slot* deleted = nullptr;
  for (std::size_t i = home(slots, hash);; i = i + 1 == slots.capacity ? 0 : i + 1) {
    Slot& place = slots.slots[i];
    if (place == slot) return;
    if (place == kDeleted && deleted == nullptr) deleted = &place;
    if (place != kEmpty) continue;
    if (deleted != nullptr) {
      *deleted = slot;
    } else {
      place = slot;
      ++slots.filled;
    }
    return;
  }
}

// Deleted slots in front of an empty one end no search: they become empty at once, so churn does not fill the table.
void Table::erase_in(Slots& slots, EntryIndex index, std::uint64_t hash) {
  if (slots.capacity == 0) return;
  const Slot slot = make_slot(index, hash);
  std::size_t i = home(slots, hash);
  while (slots.slots[i] != slot) {
    if (slots.slots[i] == kEmpty) return;
    if (++i == slots.capacity) i = 0;
  }
  slots.slots[i] = kDeleted;
  if (slots.slots[i + 1 == slots.capacity ? 0 : i + 1] != kEmpty) return;
  while (slots.slots[i] == kDeleted) {
    slots.slots[i] = kEmpty;
    --slots.filled;
    i = i == 0 ? slots.capacity - 1 : i - 1;
  }
}

void Table::begin_move(std::size_t capacity) {
  while (old_.capacity != 0) move_some(kMoveStep);  // at most one at a time; normally long done
  old_ = now_;
  allocate(now_, std::max(capacity, kSmallest));
  move_at_ = 0;
  move_end_ = index_limit_;
}

void Table::move_some(std::size_t entries) {
  std::array<std::pair<EntryIndex, std::uint64_t>, kMoveStep> batch;
  std::size_t n = 0;
  for (; entries > 0 && move_at_ < move_end_; --entries, ++move_at_) {
    const EntryIndex index{move_at_};
    if (!arena_.mapped(move_at_)) {
      move_at_ |= FixedArena::kSlabItems - 1;
      continue;
    }
    if (!in_use(index)) continue;
    batch[n] = {index, hash(key(index))};
    __builtin_prefetch(now_.slots + home(now_, batch[n].second), 1);
    if (++n == batch.size()) break;
  }
  if (n == batch.size()) ++move_at_;
  for (std::size_t i = 0; i < n; ++i) insert_in(now_, batch[i].first, batch[i].second);
  if (move_at_ >= move_end_) deallocate(old_);
}

void Table::make_room() {
  if (old_.capacity != 0) move_some(kMoveStep);
  if (now_.capacity != 0 && !full(now_.filled + 1, now_.capacity)) return;
  begin_move((size() + 1) * 15 / 8);  // load 0.53 at first, 0.8 before the next time
  if (old_.capacity == 0) return;
  if (old_.capacity <= 1024) {
    while (old_.capacity != 0) move_some(kMoveStep);
  }
}

EntryIndex Table::find_or_insert(const PrefixKey& key, std::uint64_t hash) {
  const auto found = find(key, hash);
  if (found != kNoEntry) return found;
  if (size() >= kMaxEntries) return kNoEntry;
  make_room();
  const EntryIndex index{arena_.allocate()};
  index_limit_ = std::max(index_limit_, index.value() + 1);
  Entry& entry = at(index);
  entry = {};
  entry.peer = kNoPeer.value();
  entry.length = key.length;
  std::memcpy(arena_.at(index.value()) + sizeof(Entry), key.octets.data(), key_size_);
  insert_in(now_, index, hash);
  return index;
}

void Table::erase(EntryIndex index) {
  const auto h = hash(key(index));
  erase_in(now_, index, h);
  erase_in(old_, index, h);
  at(index).length = Entry::kFree;
  arena_.release(index.value());
  if (size() == 0) {
    deallocate(old_);
    deallocate(now_);
    index_limit_ = 0;
    return;
  }
  if (old_.capacity != 0) {
    move_some(kMoveStep);
  } else if (now_.capacity > 4096 && size() * 8 < now_.capacity) {
    begin_move(size() * 15 / 8);
  }
}

std::size_t Table::memory_bytes() const {
  return arena_.memory_bytes() + (now_.capacity + old_.capacity) * sizeof(Slot);
}

}  // namespace podbgp::rib

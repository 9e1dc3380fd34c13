#include "rib/arena.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

#include <sys/mman.h>

namespace podbgp::rib {

namespace detail {

std::uint8_t* map_pages(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fputs("rib: out of memory\n", stderr);
    std::abort();
  }
  return static_cast<std::uint8_t*>(memory);
}

void unmap_pages(std::uint8_t* memory, std::size_t bytes) { ::munmap(memory, bytes); }

std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }();
  return seed;
}

}  // namespace detail

// --- FixedArena ---

FixedArena::FixedArena(std::size_t item_size) : item_size_(item_size) {}

FixedArena::~FixedArena() {
  for (auto& slab : slabs_) {
    if (slab.memory != nullptr) detail::unmap_pages(slab.memory, item_size_ * kSlabItems);
  }
}

std::uint32_t FixedArena::allocate() {
  while (true) {
    if (partial_.empty()) {
      slabs_.push_back({.listed = true});
      partial_.push_back(static_cast<std::uint32_t>(slabs_.size() - 1));
    }
    const auto number = partial_.front();
    auto& slab = slabs_[number];
    if (slab.memory == nullptr) {
      slab.memory = detail::map_pages(item_size_ * kSlabItems);
      slab.fresh = 0;
      slab.free_head = kNone;
    }
    if (slab.live == kSlabItems) {
      std::pop_heap(partial_.begin(), partial_.end(), std::greater<>{});
      partial_.pop_back();
      slab.listed = false;
      continue;
    }
    if (number == spare_) spare_ = kNone;
    std::uint32_t slot;
    if (slab.free_head != kNone) {
      slot = slab.free_head;
      std::memcpy(&slab.free_head, slab.memory + static_cast<std::size_t>(slot) * item_size_, sizeof slab.free_head);
    } else {
      slot = slab.fresh++;
      ++begun_;
    }
    ++slab.live;
    ++live_;
    return number << kSlabBits | slot;
  }
}

void FixedArena::release(std::uint32_t index) {
  const auto number = index >> kSlabBits;
  auto& slab = slabs_[number];
  const auto slot = index & (kSlabItems - 1);
  std::memcpy(slab.memory + static_cast<std::size_t>(slot) * item_size_, &slab.free_head, sizeof slab.free_head);
  slab.free_head = slot;
  --slab.live;
  --live_;
  if (!slab.listed) {
    slab.listed = true;
    partial_.push_back(number);
    std::push_heap(partial_.begin(), partial_.end(), std::greater<>{});
  }
  if (slab.live > 0) return;
  if (spare_ == kNone) {
    spare_ = number;
    return;
  }
  // The lower one of the two stays: it is the one that is filled next.
  auto& gone = slabs_[std::max(spare_, number)];
  spare_ = std::min(spare_, number);
  detail::unmap_pages(gone.memory, item_size_ * kSlabItems);
  begun_ -= gone.fresh;
  gone.memory = nullptr;
  gone.fresh = 0;
  gone.free_head = kNone;
}

std::size_t FixedArena::memory_bytes() const { return begun_ * item_size_ + slabs_.capacity() * sizeof(Slab); }

// --- SizedArena ---

SizedArena::SizedArena() : slabs_(1), partial_(kClasses + 1) {}  // slab 0 has no memory, so that index 0 is nothing

SizedArena::~SizedArena() {
  for (auto& slab : slabs_) {
    if (slab.memory != nullptr) detail::unmap_pages(slab.memory, slab.bytes);
  }
}

std::uint32_t SizedArena::new_slab(std::size_t bytes, std::uint32_t size_class) {
  std::uint32_t number;
  if (!empty_.empty()) {
    number = empty_.back();
    empty_.pop_back();
  } else {
    number = static_cast<std::uint32_t>(slabs_.size());
    slabs_.emplace_back();
  }
  slabs_[number] = {.memory = detail::map_pages(bytes), .bytes = bytes, .size_class = size_class};
  memory_ += bytes;
  return number;
}

std::uint32_t SizedArena::allocate(std::size_t bytes) {
  const std::size_t units = (bytes + kUnit - 1) / kUnit;
  if (units > kClasses) {
    const auto number = new_slab((bytes + 4095) & ~std::size_t{4095}, 0);
    slabs_[number].live = 1;
    return number << kUnitBits;
  }
  auto& partial = partial_[units];
  if (partial.empty()) {
    partial.push_back(new_slab(kSlabBytes, static_cast<std::uint32_t>(units)));
    slabs_[partial.back()].listed = true;
  }
  const auto number = partial.back();
  auto& slab = slabs_[number];
  if (number + 1 == spare_) spare_ = 0;
  std::uint32_t unit;
  if (slab.free_head != 0) {
    unit = slab.free_head - 1;
    std::memcpy(&slab.free_head, slab.memory + unit * kUnit, sizeof slab.free_head);
  } else {
    unit = slab.fresh;
    slab.fresh += static_cast<std::uint32_t>(units);
  }
  ++slab.live;
  if (slab.free_head == 0 && slab.fresh + units > (1u << kUnitBits)) {
    slab.listed = false;
    partial.pop_back();
  }
  return number << kUnitBits | unit;
}

void SizedArena::release(std::uint32_t index) {
  const auto number = index >> kUnitBits;
  auto& slab = slabs_[number];
  --slab.live;
  if (slab.size_class != 0) {
    const auto unit = index & ((1u << kUnitBits) - 1);
    std::memcpy(slab.memory + unit * kUnit, &slab.free_head, sizeof slab.free_head);
    slab.free_head = unit + 1;
    if (!slab.listed) {
      slab.listed = true;
      partial_[slab.size_class].push_back(number);
    }
    if (slab.live > 0) return;
    const auto previous = spare_;
    spare_ = number + 1;
    if (previous != 0) drop(previous - 1);
    return;
  }
  drop(number);
}

void SizedArena::drop(std::uint32_t number) {
  auto& slab = slabs_[number];
  if (slab.listed) std::erase(partial_[slab.size_class], number);
  detail::unmap_pages(slab.memory, slab.bytes);
  memory_ -= slab.bytes;
  slab = {};
  empty_.push_back(number);
}

bool SizedArena::begun(std::uint32_t index) const {
  const auto number = index >> kUnitBits;
  if (number >= slabs_.size() || slabs_[number].memory == nullptr) return false;
  const auto& slab = slabs_[number];
  const auto unit = index & ((1u << kUnitBits) - 1);
  return slab.size_class == 0 ? unit == 0 : unit < slab.fresh && unit % slab.size_class == 0;
}

}  // namespace podbgp::rib

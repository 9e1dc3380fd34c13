// Slab memory named by 32-bit indices: what attribute sets, paths and entries live in.
//
// Pages come straight from the kernel and go straight back when a slab is empty, so that a withdrawn table does not
// stay resident inside malloc's heap. Addresses are stable for the life of an item. Owner: core's executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace podbgp::rib {

namespace detail {
[[nodiscard]] std::uint8_t* map_pages(std::size_t bytes);  // zeroed; terminates the process when there is no memory
void unmap_pages(std::uint8_t* memory, std::size_t bytes);
[[nodiscard]] std::uint64_t process_seed();  // of the hashes: peers must not be able to choose collisions
}  // namespace detail

// Items of one size (fixed at construction, multiple of 4). Index = slab << kSlabBits | slot. Slots are handed out
// densely from below: a table that only grows is numbered 0, 1, 2, …, so arrays by index stay dense.
class FixedArena {
 public:
  static constexpr std::uint32_t kSlabBits = 13;
  static constexpr std::uint32_t kSlabItems = 1u << kSlabBits;

  explicit FixedArena(std::size_t item_size);
  ~FixedArena();
  FixedArena(const FixedArena&) = delete;
  FixedArena& operator=(const FixedArena&) = delete;

  [[nodiscard]] std::uint32_t allocate();  // contents: undefined
  void release(std::uint32_t index);       // the first four octets are used for the free list
  [[nodiscard]] std::uint8_t* at(std::uint32_t index) const {
    return slabs_[index >> kSlabBits].memory + static_cast<std::size_t>(index & (kSlabItems - 1)) * item_size_;
  }
  // One more than the highest index that can be in use.
  [[nodiscard]] std::uint32_t limit() const { return static_cast<std::uint32_t>(slabs_.size()) << kSlabBits; }
  // False for the whole of a slab that was given back (its memory must not be touched) or that was never begun.
  [[nodiscard]] bool mapped(std::uint32_t index) const {
    return (index >> kSlabBits) < slabs_.size() && slabs_[index >> kSlabBits].memory != nullptr;
  }
  // It was handed out at least once since its slab has memory: its contents are defined.
  [[nodiscard]] bool begun(std::uint32_t index) const {
    return (index >> kSlabBits) < slabs_.size() && (index & (kSlabItems - 1)) < slabs_[index >> kSlabBits].fresh;
  }
  [[nodiscard]] std::size_t size() const { return live_; }
  [[nodiscard]] std::size_t memory_bytes() const;  // of pages handed out at least once

 private:
  struct Slab {
    std::uint8_t* memory = nullptr;
    std::uint32_t live = 0;
    std::uint32_t fresh = 0;  // slots from here on were never used
    std::uint32_t free_head = kNone;
    bool listed = false;  // on partial_
  };
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::vector<Slab> slabs_;
  std::vector<std::uint32_t> partial_;  // heap of the slabs that may have room, the lowest on top
  std::size_t item_size_;
  std::size_t live_ = 0;
  std::size_t begun_ = 0;
  std::uint32_t spare_ = kNone;  // one empty slab keeps its memory: a single route that flaps maps nothing
};

// Items of any size up to some 128 KB. Index = slab << kUnitBits | unit of 16 octets within the slab; 0 is never given.
class SizedArena {
 public:
  static constexpr std::uint32_t kUnitBits = 12;
  static constexpr std::size_t kUnit = 16;
  static constexpr std::size_t kSlabBytes = kUnit << kUnitBits;  // 64 KB

  SizedArena();
  ~SizedArena();
  SizedArena(const SizedArena&) = delete;
  SizedArena& operator=(const SizedArena&) = delete;

  [[nodiscard]] std::uint32_t allocate(std::size_t bytes);
  void release(std::uint32_t index);
  [[nodiscard]] std::uint8_t* at(std::uint32_t index) const {
    return slabs_[index >> kUnitBits].memory + static_cast<std::size_t>(index & ((1u << kUnitBits) - 1)) * kUnit;
  }
  [[nodiscard]] bool begun(std::uint32_t index) const;  // an item begins there, or did
  [[nodiscard]] std::size_t memory_bytes() const { return memory_; }

 private:
  struct Slab {
    std::uint8_t* memory = nullptr;
    std::size_t bytes = 0;
    std::uint32_t size_class = 0;  // units per item; 0: one large item
    std::uint32_t live = 0;
    std::uint32_t fresh = 0;      // unit
    std::uint32_t free_head = 0;  // unit + 1; 0: none
    bool listed = false;
  };
  static constexpr std::size_t kClasses = 256;  // up to 4 KB; larger items have slabs of their own
  void drop(std::uint32_t number);
  [[nodiscard]] std::uint32_t new_slab(std::size_t bytes, std::uint32_t size_class);

  std::vector<Slab> slabs_;
  std::vector<std::uint32_t> empty_;                 // directory places without memory
  std::vector<std::vector<std::uint32_t>> partial_;  // by class
  std::size_t memory_ = 0;
  std::uint32_t spare_ = 0;  // slab + 1
};

}  // namespace podbgp::rib

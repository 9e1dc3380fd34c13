// InstalledRoutes: what is wanted of each prefix and what the kernel holds, as small as it goes.
//
// Entries live in chunked arenas and are named by 32-bit references; an open-addressing table of references finds them
// by prefix. Cost of a route: entry 16 bytes (IPv4) or 28 (IPv6), and 5 to 7.5 for its slot. Pure; owned by the
// planner.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "net/hash.hpp"
#include "net/prefix.hpp"

namespace podbgp::fib {

enum RouteFlag : std::uint8_t {
  kLive = 1,      // the entry is in use
  kQueued = 2,    // waits for a decision
  kAdopted = 4,   // found at start, nobody has asked for it yet
  kSeen = 8,      // the running dump has shown it
  kRefused = 16,  // the kernel said no; the reason is kept beside
};

struct RouteState {
  std::uint32_t want = 0;  // hop set id; 0: no route
  std::uint32_t have = 0;  // target in the nexthop table; 0: not in the kernel
  std::uint8_t length = 0;
  std::uint8_t flags = 0;
  std::uint8_t status = 0;  // last told to core: 0 nothing, else RouteStatus + 1
  std::uint8_t spare = 0;
};

// The family is the top bit.
using RouteRef = std::uint32_t;
inline constexpr RouteRef kNoRoute = 0xffffffff;

template <std::size_t AddressBytes>
class RouteTable {
 public:
  struct Entry {
    std::array<std::uint8_t, AddressBytes> address;
    RouteState state;
  };
  static constexpr std::uint32_t kNone = 0x7fffffff;

  [[nodiscard]] std::uint32_t find(const std::uint8_t* address, std::uint8_t length) const {
    if (slots_.empty()) return kNone;
    const auto hash = hash_of(address, length);
    for (std::uint32_t i = home(hash);; i = next(i)) {
      if (slots_[i] == kEmpty) return kNone;
      if (slots_[i] >> kTagShift != tag(hash)) continue;  // most others, without a look at their entry
      const auto index = slots_[i] & kIndexMask;
      const auto& entry = at(index);
      if (entry.state.length == length && std::memcmp(entry.address.data(), address, AddressBytes) == 0) return index;
    }
  }

  // The prefix must not be there.
  std::uint32_t insert(const std::uint8_t* address, std::uint8_t length) {
    if (live_ + 1 > slots_.size() / 5 * 4) grow();
    const auto index = take_entry();
    auto& entry = at(index);
    std::memcpy(entry.address.data(), address, AddressBytes);
    entry.state = {};
    entry.state.length = length;
    entry.state.flags = kLive;
    place(index);
    ++live_;
    return index;
  }

  void erase(std::uint32_t index) {
    auto& entry = at(index);
    std::uint32_t hole = home(hash_of(entry.address.data(), entry.state.length));
    while ((slots_[hole] & kIndexMask) != index) hole = next(hole);
    // Backward shift: no tombstones, so that lookups stay short under churn.
    for (std::uint32_t i = next(hole); slots_[i] != kEmpty; i = next(i)) {
      const auto& other = at(slots_[i] & kIndexMask);
      const auto ideal = home(hash_of(other.address.data(), other.state.length));
      if (distance(ideal, i) < distance(hole, i)) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = kEmpty;
    entry.state = {};
    entry.state.want = free_;
    free_ = index;
    --live_;
    if (live_ == 0) reset();
  }

  [[nodiscard]] Entry& at(std::uint32_t index) { return chunks_[index >> kChunkBits][index & kChunkMask]; }
  [[nodiscard]] const Entry& at(std::uint32_t index) const { return chunks_[index >> kChunkBits][index & kChunkMask]; }
  [[nodiscard]] std::uint32_t end() const { return used_; }  // indices below may be live
  [[nodiscard]] std::size_t size() const { return live_; }
  [[nodiscard]] std::size_t memory() const {
    return chunks_.size() * sizeof(Entry) * (kChunkMask + 1) + slots_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t kChunkBits = 12, kChunkMask = (1u << kChunkBits) - 1;

  // A slot is 24 bits of index (16 million routes a family) and 8 bits of hash.
  static constexpr std::uint32_t kTagShift = 24, kIndexMask = (1u << kTagShift) - 1, kEmpty = 0xffffffff;

  [[nodiscard]] static std::uint64_t hash_of(const std::uint8_t* address, std::uint8_t length) {
    std::uint64_t key = length;
    if constexpr (AddressBytes == 4) {
      std::uint32_t word;
      std::memcpy(&word, address, 4);
      key |= std::uint64_t{word} << 8;
    } else {
      std::uint64_t high, low;
      std::memcpy(&high, address, 8);
      std::memcpy(&low, address + 8, 8);
      key = net::hash_u64(high + key) ^ low;
    }
    return net::hash_u64(key);
  }
  [[nodiscard]] std::uint32_t home(std::uint64_t hash) const {  // range reduction without a power of two
    return static_cast<std::uint32_t>(((hash >> 32) * slots_.size()) >> 32);
  }
  [[nodiscard]] static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash & 0xff); }
  [[nodiscard]] std::uint32_t next(std::uint32_t i) const { return i + 1 == slots_.size() ? 0 : i + 1; }
  [[nodiscard]] std::uint32_t distance(std::uint32_t from, std::uint32_t to) const {
    return to >= from ? to - from : to + static_cast<std::uint32_t>(slots_.size()) - from;
  }
  void place(std::uint32_t index) {
    const auto& entry = at(index);
    const auto hash = hash_of(entry.address.data(), entry.state.length);
    std::uint32_t i = home(hash);
    while (slots_[i] != kEmpty) i = next(i);
    slots_[i] = tag(hash) << kTagShift | index;
  }
  std::uint32_t take_entry() {
    if (free_ != kNone) {
      const auto index = free_;
      free_ = at(index).state.want;
      return index;
    }
    if (used_ == chunks_.size() << kChunkBits) chunks_.push_back(std::make_unique<Entry[]>(kChunkMask + 1));
    return used_++;
  }
  void grow() {
    const auto size = slots_.empty() ? std::size_t{64} : slots_.size() + slots_.size() / 2;
    std::vector<std::uint32_t>(size, kEmpty).swap(slots_);
    for (std::uint32_t i = 0; i < used_; ++i)
      if (at(i).state.flags & kLive) place(i);
  }
  void reset() {  // all gone: give the memory back
    chunks_.clear();
    std::vector<std::uint32_t>().swap(slots_);
    used_ = 0;
    free_ = kNone;
  }

  std::vector<std::unique_ptr<Entry[]>> chunks_;
  std::vector<std::uint32_t> slots_;
  std::uint32_t used_ = 0;
  std::uint32_t free_ = kNone;
  std::size_t live_ = 0;
};

class InstalledRoutes {
 public:
  [[nodiscard]] RouteRef find(const net::Prefix& prefix) const {
    const auto* bytes = prefix.address().bytes().data();
    const auto length = static_cast<std::uint8_t>(prefix.length());
    if (prefix.family() == net::Family::Ipv4Unicast) {
      const auto index = v4_.find(bytes, length);
      return index == decltype(v4_)::kNone ? kNoRoute : index;
    }
    const auto index = v6_.find(bytes, length);
    return index == decltype(v6_)::kNone ? kNoRoute : index | kV6;
  }
  RouteRef insert(const net::Prefix& prefix) {
    const auto* bytes = prefix.address().bytes().data();
    const auto length = static_cast<std::uint8_t>(prefix.length());
    if (prefix.family() == net::Family::Ipv4Unicast) return v4_.insert(bytes, length);
    return v6_.insert(bytes, length) | kV6;
  }
  void erase(RouteRef ref) {
    if (ref & kV6)
      v6_.erase(ref & ~kV6);
    else
      v4_.erase(ref);
  }
  [[nodiscard]] RouteState& at(RouteRef ref) { return ref & kV6 ? v6_.at(ref & ~kV6).state : v4_.at(ref).state; }
  [[nodiscard]] const RouteState& at(RouteRef ref) const {
    return ref & kV6 ? v6_.at(ref & ~kV6).state : v4_.at(ref).state;
  }
  [[nodiscard]] net::Prefix prefix(RouteRef ref) const {
    if (ref & kV6) {
      const auto& entry = v6_.at(ref & ~kV6);
      return net::Prefix::make(net::IpAddress::v6(entry.address), entry.state.length);
    }
    const auto& entry = v4_.at(ref);
    return net::Prefix::make(net::IpAddress::v4(std::span<const std::uint8_t, 4>(entry.address)), entry.state.length);
  }
  // In order of memory: half a million entries are 8 MB read in sequence. `visit` may erase the entry it is given.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < v4_.end(); ++i)
      if (auto& state = v4_.at(i).state; state.flags & kLive) visit(RouteRef{i}, state);
    for (std::uint32_t i = 0; i < v6_.end(); ++i)
      if (auto& state = v6_.at(i).state; state.flags & kLive) visit(RouteRef{i | kV6}, state);
  }
  // The first live entry at or behind the cursor, for walks in slices; kNoRoute at the end.
  [[nodiscard]] RouteRef next(RouteRef cursor) const {
    if (!(cursor & kV6)) {
      for (auto i = cursor; i < v4_.end(); ++i)
        if (v4_.at(i).state.flags & kLive) return i;
      cursor = kV6;
    }
    for (auto i = cursor & ~kV6; i < v6_.end(); ++i)
      if (v6_.at(i).state.flags & kLive) return i | kV6;
    return kNoRoute;
  }
  [[nodiscard]] static net::Family family(RouteRef ref) {
    return ref & kV6 ? net::Family::Ipv6Unicast : net::Family::Ipv4Unicast;
  }
  [[nodiscard]] std::size_t size() const { return v4_.size() + v6_.size(); }
  [[nodiscard]] std::size_t memory() const { return v4_.memory() + v6_.memory(); }

 private:
  static constexpr RouteRef kV6 = 0x80000000;
  RouteTable<4> v4_;
  RouteTable<16> v6_;
};

}  // namespace podbgp::fib

// Paths: what a peer (or an owner of local routes) says of one prefix. Lists of paths live in an arena: for entries
// with more than one path, or with a path that does not fit inside the entry (ADD-PATH, local routes). A list is
// contiguous, because the decision reads all of it. Owner: core's executor.
#pragma once

#include <span>

#include "rib/arena.hpp"
#include "rib/index.hpp"
#include "rib/policy.hpp"

namespace podbgp::rib {

struct Path {
  enum Flag : std::uint8_t {
    kSession = 1,    // which session of the peer it came in; differs from Peer::session_bit: stale, being withdrawn
    kMultipath = 2,  // one of the equal best ones (set on the best one, too)
    kApi = 4,        // local: source is the API, else `networks:`
    kBlackhole = 8,  // local: the kernel gets a blackhole
  };
  AttrIndex received;
  AttrIndex attributes;  // after policy; kNoAttr: rejected by policy or a loop
  net::PathId path_id;   // kLocalPeer: the owner
  std::uint32_t since;
  net::PeerId peer;
  std::uint8_t flags;
  std::uint8_t reserved;
};
static_assert(sizeof(Path) == 20);

// A path as a value, wherever it is stored. `attributes` == kNoAttr as a result of best(): there is none.
struct PathInfo {
  net::PeerId peer = kNoPeer;
  net::PathId path_id;
  AttrIndex received = kNoAttr;
  AttrIndex attributes = kNoAttr;
  std::uint32_t since = 0;
  std::uint8_t flags = 0;
  [[nodiscard]] bool exists() const { return attributes != kNoAttr; }
  [[nodiscard]] bool local() const { return peer == kLocalPeer; }
  [[nodiscard]] RouteSource source() const {
    if (!local()) return RouteSource::Bgp;
    return (flags & Path::kApi) ? RouteSource::Api : RouteSource::Network;
  }
  friend bool operator==(const PathInfo&, const PathInfo&) = default;
};

class PathArena {
 public:
  [[nodiscard]] std::span<Path> list(PathIndex index) const {
    auto& block = at(index);
    return {reinterpret_cast<Path*>(&block + 1), block.count};
  }
  [[nodiscard]] const Path& front(PathIndex index) const { return *reinterpret_cast<const Path*>(&at(index) + 1); }
  [[nodiscard]] PathIndex create(const Path& first);
  // These may move the list: use what they return, spans are invalid.
  [[nodiscard]] PathIndex append(PathIndex index, const Path& path);
  [[nodiscard]] PathIndex erase(PathIndex index,
                                std::size_t position);  // the last one takes its place; kNoPath: none left
  void release(PathIndex index) { arena_.release(index.value()); }
  void prefetch(PathIndex index) const { __builtin_prefetch(arena_.at(index.value())); }
  [[nodiscard]] std::size_t memory_bytes() const { return arena_.memory_bytes(); }

 private:
  struct Block {
    std::uint32_t count;
    std::uint32_t capacity;
  };
  [[nodiscard]] Block& at(PathIndex index) const { return *reinterpret_cast<Block*>(arena_.at(index.value())); }
  [[nodiscard]] PathIndex allocate(std::size_t capacity);
  [[nodiscard]] PathIndex move(PathIndex index, std::size_t capacity);

  SizedArena arena_;
};

}  // namespace podbgp::rib

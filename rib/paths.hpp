// Paths: what a peer (or an owner of local routes) says of one prefix. The arena for entries with more than one path,
// or with a path that does not fit inside the entry (ADD-PATH, local routes). Owner: core's executor.
#pragma once

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
  PathIndex next;
  std::uint32_t since;
  net::PeerId peer;
  std::uint8_t flags;
  std::uint8_t reserved;
};
static_assert(sizeof(Path) == 24);

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
  PathArena() : arena_(sizeof(Path)) {}
  [[nodiscard]] PathIndex allocate() { return PathIndex{arena_.allocate()}; }
  void release(PathIndex index) { arena_.release(index.value()); }
  [[nodiscard]] Path& at(PathIndex index) { return *reinterpret_cast<Path*>(arena_.at(index.value())); }
  [[nodiscard]] const Path& at(PathIndex index) const {
    return *reinterpret_cast<const Path*>(arena_.at(index.value()));
  }
  [[nodiscard]] std::size_t memory_bytes() const { return arena_.memory_bytes(); }

 private:
  FixedArena arena_;
};

}  // namespace podbgp::rib

// Store: what the RIB holds, for those inside rib/ who read it (policy, update groups, queries). Only rib.cpp and its
// parts write to it. Owner: core's executor.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "rib/attr_table.hpp"
#include "rib/journal.hpp"
#include "rib/next_hops.hpp"
#include "rib/paths.hpp"
#include "rib/rib.hpp"
#include "rib/settings.hpp"
#include "rib/table.hpp"

namespace podbgp::rib {

// A peer, dense by PeerId.
struct Peer {
  PeerSettings settings;
  SessionInfo session;    // of the current session, or of the last one
  bool used = false;      // false: the id is free
  bool removing = false;  // removed, its paths are still going
  bool up = false;
  bool session_bit = false;  // toggles with each session: paths with the other bit are stale
  struct PerFamily {
    std::uint32_t received = 0;  // paths of the current session
    std::uint32_t accepted = 0;
    std::uint32_t best = 0;
    bool disabled = false;  // RFC 7606 §2, until the next session
  };
  std::array<PerFamily, net::kFamilyCount> family;

  // A path with these flags is of the current session: it counts and may be best.
  [[nodiscard]] bool fresh(net::Family f, std::uint8_t path_flags) const {
    return up && ((path_flags & Path::kSession) != 0) == session_bit && !family[net::index(f)].disabled;
  }
};

struct Store {
  explicit Store(RouterSettings router_settings);

  RouterSettings router;
  std::uint64_t revision = 0;
  NextHops next_hops;
  AttrTable attributes{next_hops};
  PathArena paths;
  std::array<Table, net::kFamilyCount> tables{Table{net::Family::Ipv4Unicast}, Table{net::Family::Ipv6Unicast}};
  std::array<Journal, net::kFamilyCount> journals{Journal{tables[0], revision}, Journal{tables[1], revision}};
  std::vector<Peer> peers;
  std::vector<net::IpAddress> own_addresses;  // sorted

  [[nodiscard]] bool is_own(const net::IpAddress& address) const {
    return std::binary_search(own_addresses.begin(), own_addresses.end(), address);
  }
  [[nodiscard]] Table& table(net::Family family) { return tables[net::index(family)]; }
  [[nodiscard]] const Table& table(net::Family family) const { return tables[net::index(family)]; }
  [[nodiscard]] Journal& journal(net::Family family) { return journals[net::index(family)]; }
  [[nodiscard]] const Journal& journal(net::Family family) const { return journals[net::index(family)]; }
  [[nodiscard]] Peer& peer(net::PeerId id) { return peers[id.value()]; }
  [[nodiscard]] const Peer& peer(net::PeerId id) const { return peers[id.value()]; }

  // The best path of an entry; !exists(): none. Borrowed: take a reference on what outlives the call.
  [[nodiscard]] PathInfo best(const Entry& entry) const {
    if (!(entry.flags & Entry::kHasBest)) return {};
    if (entry.flags & Entry::kMulti) return info(paths.front(PathIndex{entry.received}));
    return inner(entry);
  }
  [[nodiscard]] PathInfo best(net::Family family, EntryIndex entry) const { return best(table(family).at(entry)); }

  // Every path, the best one (if any) first.
  template <class F>
  void for_each_path(const Entry& entry, F&& f) const {
    if (entry.flags & Entry::kMulti) {
      for (const auto& path : paths.list(PathIndex{entry.received})) f(info(path));
    } else if (entry.peer != kNoPeer.value()) {
      f(inner(entry));
    }
  }

  // What a change of the entry will touch.
  void prefetch_paths(const Entry& entry) const {
    if (entry.flags & Entry::kMulti) {
      paths.prefetch(PathIndex{entry.received});
    } else if (entry.received != 0) {
      attributes.prefetch(AttrIndex{entry.received});
    }
  }

  [[nodiscard]] static PathInfo info(const Path& path) {
    return {path.peer, path.path_id, path.received, path.attributes, path.since, path.flags};
  }
  [[nodiscard]] static PathInfo inner(const Entry& entry) {
    return {net::PeerId{entry.peer},
            net::PathId{},
            AttrIndex{entry.received},
            AttrIndex{entry.attributes},
            entry.since,
            static_cast<std::uint8_t>((entry.flags & Entry::kSession ? Path::kSession : 0) |
                                      (entry.flags & Entry::kHasBest ? Path::kMultipath : 0))};
  }
};

// The export record of a group names the attributes *before* export policy and rules (PathInfo::attributes) and the
// source peer: what was sent follows from them, and a full table needs no second copy of every attribute set. A group
// holds one reference for each recorded prefix.

}  // namespace podbgp::rib

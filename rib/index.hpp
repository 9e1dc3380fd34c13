// The names of things inside the RIB: dense 32-bit indices, strong so that they cannot be confused.
#pragma once

#include <cstdint>

#include "net/ids.hpp"
#include "net/strong.hpp"

namespace podbgp::rib {

using AttrIndex = net::Strong<struct AttrIndexTag, std::uint32_t>;        // attr_table.hpp
using EntryIndex = net::Strong<struct EntryIndexTag, std::uint32_t>;      // table.hpp; each family counts for itself
using PathIndex = net::Strong<struct PathIndexTag, std::uint32_t>;        // paths.hpp
using NextHopIndex = net::Strong<struct NextHopIndexTag, std::uint32_t>;  // next_hops.hpp

inline constexpr AttrIndex kNoAttr{0};
inline constexpr EntryIndex kNoEntry{0xffffffff};
inline constexpr PathIndex kNoPath{0xffffffff};
inline constexpr NextHopIndex kNoNextHop{0xffffffff};

// Peers are dense from 0; these two are none.
inline constexpr net::PeerId kLocalPeer{0xfffe};  // routes of our own; the path id is then the owner's number
inline constexpr net::PeerId kNoPeer{0xffff};

}  // namespace podbgp::rib

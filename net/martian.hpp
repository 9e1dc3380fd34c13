// Martians: address blocks that are never routed between nodes, whoever says so (RFC 1122 §3.2.1.3, RFC 1812 §5.3.7,
// RFC 4291 §2.4). One classification for what peers announce, what owners announce and `networks:`.
#pragma once

#include <cstdint>

#include "net/prefix.hpp"

namespace podbgp::net {

// The name of the block that holds the whole prefix ("loopback"), or nullptr: it may be routed. Default routes and what
// only covers such a block among others are not martian. `octets`: ceil(length / 8) of them are read, host bits masked.
[[nodiscard]] const char* martian(Family family, unsigned length, const std::uint8_t* octets);
[[nodiscard]] const char* martian(const Prefix& prefix);

}  // namespace podbgp::net

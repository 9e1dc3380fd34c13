#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bench/load/bytes.hpp"

// A BGP encoder and decoder of the load generator's own, knowing just what the benchmarks send and check. It shares
// nothing with wire/, so that an error there cannot hide itself here.
namespace podbgp::bench {

inline constexpr std::size_t kHeader = 19;
inline constexpr std::size_t kMaxMessage = 4096;
enum class MessageType : std::uint8_t { Open = 1, Update = 2, Notification = 3, Keepalive = 4, RouteRefresh = 5 };

struct Nlri {
  std::uint32_t address = 0;  // host byte order
  std::uint8_t length = 0;
};

struct AttributeSet {
  std::uint8_t origin = 0;
  std::vector<std::uint32_t> path;  // first the sender's own AS
  std::optional<std::uint32_t> med;
  std::vector<std::uint32_t> communities;  // ascending
};

Bytes open_message(std::uint32_t asn, std::uint16_t hold_s, std::uint32_t router_id);
Bytes keepalive_message();
Bytes end_of_rib_message();  // IPv4 unicast: an UPDATE of nothing (RFC 4724 §2)

Bytes encode_attributes(const AttributeSet& set, std::uint32_t next_hop);
// Appends as many UPDATEs as it takes; each is filled before the next is begun.
void append_announcements(Bytes& out, ByteView attributes, const std::vector<Nlri>& prefixes);
void append_withdrawals(Bytes& out, const std::vector<Nlri>& prefixes);

// What a correct relay must not change: AS path behind its own AS, and the communities in any order.
std::uint32_t attribute_key(const AttributeSet& set);

struct Update {
  std::uint32_t key = 0;  // attribute_key of what was received; 0 without attributes
  ByteView withdrawn;     // IPv4 NLRI as encoded, from the UPDATE's own field or from MP_UNREACH_NLRI
  ByteView announced;     // likewise, from the UPDATE's own field or from MP_REACH_NLRI
};
// nullopt: the message is malformed. `own_asn`: the AS of the speaker that sent it, left out of the key when it is
// first.
std::optional<Update> parse_update(ByteView body, std::uint32_t own_asn);

struct Open {
  std::uint32_t asn = 0;
  std::uint16_t hold_s = 0;
};
std::optional<Open> parse_open(ByteView body);

// Calls `each` for every prefix; false when the encoding is broken.
template <typename Each>
bool for_each_prefix(ByteView field, Each&& each) {
  while (!field.empty()) {
    const std::uint8_t length = field[0];
    const std::size_t octets = (length + 7U) / 8U;
    if (length > 32 || field.size() < 1 + octets) return false;
    std::uint32_t address = 0;
    for (std::size_t i = 0; i < octets; ++i) address |= static_cast<std::uint32_t>(field[1 + i]) << (24 - 8 * i);
    each(Nlri{address, length});
    field = field.subspan(1 + octets);
  }
  return true;
}

}  // namespace podbgp::bench

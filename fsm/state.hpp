// The six states of RFC 4271 §8.2.2 and the two connections a peer may have at once (§8.2.1, §6.8).
#pragma once

#include <cstdint>
#include <string_view>

namespace podbgp::fsm {

enum class State : std::uint8_t { Idle, Connect, Active, OpenSent, OpenConfirm, Established };
enum class Slot : std::uint8_t { Outgoing = 0, Incoming = 1 };  // who dialled: we, or the peer

[[nodiscard]] constexpr std::string_view to_string(State s) {
  constexpr std::string_view names[] = {"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"};
  return names[static_cast<std::size_t>(s)];
}

[[nodiscard]] constexpr std::string_view to_string(Slot s) { return s == Slot::Outgoing ? "out" : "in"; }
[[nodiscard]] constexpr Slot other(Slot s) { return s == Slot::Outgoing ? Slot::Incoming : Slot::Outgoing; }

}  // namespace podbgp::fsm

// What can happen to a peer. The numbers in comments are the events of RFC 4271 §8.1.
#pragma once

#include <string>
#include <variant>

#include "fsm/settings.hpp"
#include "fsm/state.hpp"
#include "wire/notification.hpp"
#include "wire/open.hpp"

namespace podbgp::fsm {

// clang-format off
enum class TimerKind : std::uint8_t {
  ConnectRetry,   // one per peer
  IdleHold,       // one per peer: damping between attempts (§8.1.1 DampPeerOscillations)
  Hold,           // one per connection, as all below
  Keepalive,
  SendHold,       // RFC 9687
  Stable,         // one per peer, while Established: when it fires the session counts as stable and the back-off starts anew
  Collision,      // one per peer, while a connection is held: how long the other one may stay silent
};
// clang-format on
inline constexpr std::size_t kTimerKinds = 7;
[[nodiscard]] constexpr bool per_peer(TimerKind k) {  // its slot is always Slot::Outgoing
  return k == TimerKind::ConnectRetry || k == TimerKind::IdleHold || k == TimerKind::Stable || k == TimerKind::Collision;
}

// clang-format off
namespace event {

struct ManualStart {};                                   // 1 (and 3 to 7: passive and damping are settings)
struct ManualStop { std::string text; std::uint8_t cease_subcode = wire::cease::kAdminShutdown; };  // 2
struct Reset { std::string text; };                      // administrative reset: Cease 4, then start again
struct TimerExpired { TimerKind kind; Slot slot; std::uint32_t generation; };  // 9, 10, 11, 13; late ones are ignored by generation
struct IncomingOffered {};                               // the listener accepted a connection of this peer: answered by exactly
                                                         // one of AcceptIncoming and RefuseIncoming
struct TcpConnected { Slot slot; };                      // 16 (Outgoing), 17 (Incoming, after AcceptIncoming)
struct TcpFailed { Slot slot; std::string error; };      // 18: connect failed, or an open connection broke
struct OpenReceived { Slot slot; wire::Open open; };     // 19
struct KeepaliveReceived { Slot slot; };                 // 26
struct UpdateReceived { Slot slot; };                    // 27: well-formed as far as the session goes; restarts the hold timer
struct RouteRefreshReceived { Slot slot; };
struct NotificationReceived { Slot slot; wire::Notification notification; };  // 24, 25
struct MessageError { Slot slot; wire::Notification notification; std::string text; };  // 21, 22, 28: ours to send
struct LocalError { wire::Notification notification; std::string text; };  // the RIB demands an end: e.g. Cease/max prefixes
struct MessageSent { Slot slot; };                       // bytes left for the peer: restarts the send-hold timer
struct LinkEvent {};                                     // a link or address came: dial again at once
struct LinkLost { std::string text; };                   // the link or address of the connection went: as 18, at once

}  // namespace event
// clang-format on

using Event =
    std::variant<event::ManualStart, event::ManualStop, event::Reset, event::TimerExpired, event::IncomingOffered,
                 event::TcpConnected, event::TcpFailed, event::OpenReceived, event::KeepaliveReceived,
                 event::UpdateReceived, event::RouteRefreshReceived, event::NotificationReceived, event::MessageError,
                 event::LocalError, event::MessageSent, event::LinkEvent, event::LinkLost>;

}  // namespace podbgp::fsm

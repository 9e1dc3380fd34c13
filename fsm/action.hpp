// What a driver must do, in the order given.
#pragma once

#include <boost/container/small_vector.hpp>

#include "fsm/event.hpp"
#include "net/time.hpp"

namespace podbgp::fsm {

// Why a session ended or could not come up: one line of log, the API's last_error, and a metric label.
struct DownReason {
  std::string
      token;  // stable, lower case: "hold-timer-expired", "notification-received", "tcp-closed", "admin-shutdown", …
  std::string text;  // for people
  std::optional<wire::Notification> sent;
  std::optional<wire::Notification> received;
};

// clang-format off
namespace action {

struct Dial {};                                          // open the outgoing connection
struct AcceptIncoming {};                                // take the offered connection as Slot::Incoming, then say TcpConnected
struct RefuseIncoming { std::optional<wire::Notification> notification; };  // send this if there is one, and close it
struct Close { Slot slot; };                             // after what was queued on it has been tried to be written once
struct SendOpen { Slot slot; wire::Open open; };
struct SendKeepalive { Slot slot; };
struct SendNotification { Slot slot; wire::Notification notification; };
struct ArmTimer { TimerKind kind; Slot slot; net::Duration after; std::uint32_t generation; };
struct StopTimer { TimerKind kind; Slot slot; };
struct SessionUp { Slot slot; Negotiated negotiated; };  // entered Established
struct SessionDown { DownReason reason; };               // left Established
struct AttemptFailed { DownReason reason; };             // a connection ended before Established
struct StateChanged { State from; State to; };           // of the peer: the further of its two connections

}  // namespace action
// clang-format on

using Action =
    std::variant<action::Dial, action::AcceptIncoming, action::RefuseIncoming, action::Close, action::SendOpen,
                 action::SendKeepalive, action::SendNotification, action::ArmTimer, action::StopTimer,
                 action::SessionUp, action::SessionDown, action::AttemptFailed, action::StateChanged>;
using Actions = boost::container::small_vector<Action, 6>;

}  // namespace podbgp::fsm

// What a session tells its owner (core) and asks of it. Everything happens on core's executor.
#pragma once

#include <vector>

#include "fsm/action.hpp"
#include "net/ids.hpp"
#include "rib/out_slice.hpp"
#include "wire/route_refresh.hpp"
#include "wire/update.hpp"

namespace podbgp::session {

using rib::OutSlice;

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;

  virtual void on_state(net::PeerId peer, fsm::State from, fsm::State to) = 0;
  virtual void on_up(net::PeerId peer, const fsm::Negotiated& negotiated, const net::IpAddress& local_address) = 0;
  virtual void on_down(net::PeerId peer, const fsm::DownReason& reason) = 0;
  virtual void on_attempt_failed(net::PeerId peer, const fsm::DownReason& reason) = 0;

  // `update` views the receive buffer and is valid during the call only. An error with SessionReset ends the session
  // with the notification given; the owner has dealt with weaker reactions itself.
  [[nodiscard]] virtual net::Result<void, wire::Notification> on_update(net::PeerId peer,
                                                                        const wire::UpdateView& update) = 0;
  // `update`: the body of the message that was to blame, for the log.
  virtual void on_family_disabled(net::PeerId peer, net::Family family, const std::string& why, wire::ByteSpan update) = 0;
  virtual void on_route_refresh(net::PeerId peer, const wire::RouteRefresh& refresh) = 0;

  // Called when the session can take more output: appends whole messages, at most about `budget` octets (one more
  // buffer than that is fine). Nothing appended = nothing to send now; the owner calls Session::kick_output() when
  // there is again.
  virtual void next_output(net::PeerId peer, std::size_t budget, std::vector<OutSlice>& out) = 0;

  // Once per wake-up of the executor in which sessions read something, after all of it was applied.
  virtual void on_batch_end() = 0;
};

}  // namespace podbgp::session

// TCP connections of a peer: dialling, accepting, collision (RFC 4271 §6.8), and what follows a failure.
#include "fsm/negotiate.hpp"
#include "fsm/peer.hpp"
#include "fsm/reason.hpp"

namespace podbgp::fsm {

void Peer::dial(Actions& out) {
  at(Slot::Outgoing).state = State::Connect;
  dialled_for_link_ = false;
  out.emplace_back(action::Dial{});
  arm(TimerKind::ConnectRetry, Slot::Outgoing, backoff_.dial_timeout(settings_), out);
}

// Active: ready for the peer's connection, and our own next dial after `after`. Passive peers never dial.
void Peer::wait(net::Duration after, Actions& out) {
  at(Slot::Outgoing).state = State::Active;
  if (!settings_.passive) arm(TimerKind::ConnectRetry, Slot::Outgoing, after, out);
}

// The incoming connection that made us stop dialling is gone.
void Peer::resume_outgoing(Actions& out) {
  if (mode_ != Mode::Running || at(Slot::Outgoing).state != State::Idle) return;
  wait(backoff_.next(settings_), out);
}

void Peer::on(const event::IncomingOffered&, Actions& out) {
  if (mode_ == Mode::Stopped) {
    out.emplace_back(action::RefuseIncoming{wire::make_shutdown(wire::cease::kAdminShutdown, stop_text_)});
    return;
  }
  if (mode_ == Mode::Damped) {  // §8.2.2: Idle refuses connections
    out.emplace_back(action::RefuseIncoming{});
    return;
  }
  if (const auto slot = established_slot()) {
    out.emplace_back(action::SendKeepalive{*slot});  // the probe, see the head of peer.hpp
    out.emplace_back(action::RefuseIncoming{collision_cease()});
    return;
  }
  // A peer that dials again has given up its earlier connection.
  if (open_or_further(Slot::Incoming)) {
    fail(Slot::Incoming, collision_cease(), dialled_again_reason(at(Slot::Incoming).state), After::Retry, out);
  }
  out.emplace_back(action::AcceptIncoming{});
}

void Peer::on(const event::TcpConnected& e, Actions& out) {
  const bool expected = e.slot == Slot::Outgoing ? at(e.slot).state == State::Connect
                                                 : expects_incoming() && !open_or_further(Slot::Incoming);
  if (expected) {
    open(e.slot, out);
  } else if (at(e.slot).state < State::OpenSent) {
    out.emplace_back(action::Close{e.slot});
  }
}

void Peer::open(Slot slot, Actions& out) {
  // An incoming connection does not stop our own dialling before its OPEN has come: it may be a half-open one that
  // stays silent for the whole of open_hold_time.
  if (slot == Slot::Outgoing) stop(TimerKind::ConnectRetry, slot, out);
  at(slot).state = State::OpenSent;
  out.emplace_back(action::SendOpen{slot, make_open(settings_)});
  arm(TimerKind::Hold, slot, settings_.open_hold_time, out);
}

void Peer::on(const event::TcpFailed& e, Actions& out) {
  const State state = at(e.slot).state;
  if (state == State::Connect) {
    stop(TimerKind::ConnectRetry, Slot::Outgoing, out);
    out.emplace_back(action::AttemptFailed{connect_reason(e.error)});
    wait(backoff_.next(settings_), out);
  } else if (state >= State::OpenSent) {
    fail(e.slot, std::nullopt, tcp_reason(e.error, state), After::Retry, out);
  }
}

// `slot` has just received its OPEN. See the head of peer.hpp.
Peer::Collision Peer::resolve_collision(Slot slot, const Negotiated& negotiated, Actions& out) {
  const auto& rival = at(other(slot));
  if (rival.state < State::OpenSent) return Collision::Stays;
  const bool wins = collision_winner(settings_, negotiated.peer_id, negotiated.peer_asn) == slot;
  if (rival.state == State::OpenSent) return wins ? Collision::Stays : Collision::Held;
  if (wins && !rival.held) return Collision::Held;
  end(wins ? other(slot) : slot, collision_cease(), out);
  return wins ? Collision::Stays : Collision::Closed;
}

// The other connection has kept the held one waiting for too long.
void Peer::give_up_silent(Actions& out) {
  for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) {
    if (at(slot).held) end(other(slot), collision_cease(), out);
  }
}

// After every event: what a connection was held for may be over, whatever way the other one ended.
void Peer::release_held(Actions& out) {
  bool held = false;
  for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) {
    auto& connection = at(slot);
    if (connection.held && !open_or_further(other(slot))) {
      connection.held = false;
      out.emplace_back(action::SendKeepalive{slot});
      arm_keepalive(slot, out);
      if (connection.heard) establish(slot, out);
    }
    held |= connection.held;
  }
  if (!held) stop(TimerKind::Collision, Slot::Outgoing, out);
}

// Ends one connection and its timers, without a word about what comes next.
void Peer::end(Slot slot, std::optional<wire::Notification> notification, Actions& out) {
  auto& connection = at(slot);
  if (connection.state == State::Idle) return;
  if (connection.state >= State::OpenSent && notification) {
    out.emplace_back(action::SendNotification{slot, std::move(*notification)});
  }
  if (connection.state != State::Active) out.emplace_back(action::Close{slot});
  for (const auto kind : {TimerKind::Hold, TimerKind::Keepalive, TimerKind::SendHold}) stop(kind, slot, out);
  if (slot == Slot::Outgoing) stop(TimerKind::ConnectRetry, slot, out);
  if (connection.state == State::Established) stop(TimerKind::Stable, Slot::Outgoing, out);
  connection = Connection{};
}

void Peer::fail(Slot slot, std::optional<wire::Notification> notification, DownReason reason, After after,
                Actions& out) {
  const bool was_up = at(slot).state == State::Established;
  end(slot, std::move(notification), out);
  if (was_up) {
    out.emplace_back(action::SessionDown{std::move(reason)});
  } else {
    out.emplace_back(action::AttemptFailed{std::move(reason)});
  }
  if (open_or_further(other(slot))) {  // the other connection is still in the race
    if (at(Slot::Incoming).state == State::OpenSent) resume_outgoing(out);
    return;
  }
  switch (after) {
    case After::Retry: resume_outgoing(out); break;
    case After::RetrySoon:
      if (at(Slot::Outgoing).state == State::Idle) wait(backoff_.jittered(settings_.connect_retry), out);
      break;
    case After::Damp:
      end(Slot::Outgoing, std::nullopt, out);
      mode_ = Mode::Damped;
      arm(TimerKind::IdleHold, Slot::Outgoing, backoff_.next(settings_), out);
      break;
  }
}

}  // namespace podbgp::fsm

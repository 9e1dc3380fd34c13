// What comes over a connection: messages, their errors, and the timers that they restart.
#include <algorithm>

#include "fsm/negotiate.hpp"
#include "fsm/peer.hpp"
#include "fsm/reason.hpp"

namespace podbgp::fsm {

namespace {

constexpr Seconds kSendHoldMinimum{8 * 60};  // RFC 9687 §5

std::uint8_t unexpected_subcode(State state) {  // RFC 6608 §3
  switch (state) {
    case State::OpenSent: return wire::fsm_error::kInOpenSent;
    case State::OpenConfirm: return wire::fsm_error::kInOpenConfirm;
    case State::Established: return wire::fsm_error::kInEstablished;
    default: return wire::fsm_error::kUnspecific;
  }
}

// The peer's word that tells of no mistake in what we say: it ended the session on purpose, or had not heard from us.
// All other codes will most likely come again.
bool says_try_again(const wire::Notification& notification) {
  switch (static_cast<wire::ErrorCode>(notification.code)) {
    case wire::ErrorCode::Cease:
    case wire::ErrorCode::HoldTimer:
    case wire::ErrorCode::SendHold: return true;
    default: return false;
  }
}

std::string_view name(wire::MessageType type) {
  switch (type) {
    case wire::MessageType::Open: return "OPEN";
    case wire::MessageType::Update: return "UPDATE";
    case wire::MessageType::Notification: return "NOTIFICATION";
    case wire::MessageType::Keepalive: return "KEEPALIVE";
    case wire::MessageType::RouteRefresh: return "ROUTE-REFRESH";
  }
  return "a message";
}

}  // namespace

// RFC 6608 §4: the data is the type of the message that was not expected. Messages of a slot without a connection are
// late echoes of one that we have closed: nothing is done.
void Peer::unexpected(Slot slot, wire::MessageType type, Actions& out) {
  const State state = at(slot).state;
  if (state < State::OpenSent) return;
  const auto notification =
      wire::make_notification(wire::ErrorCode::Fsm, unexpected_subcode(state), {static_cast<std::uint8_t>(type)});
  fail(slot, notification, sent_reason(notification, fmt::format("unexpected {} in {}", name(type), to_string(state))),
       After::Damp, out);
}

void Peer::on(const event::OpenReceived& e, Actions& out) {
  if (at(e.slot).state != State::OpenSent) return unexpected(e.slot, wire::MessageType::Open, out);
  auto negotiated = negotiate(settings_, make_open(settings_), e.open);
  if (!negotiated) {
    auto& refusal = negotiated.error();
    return fail(e.slot, refusal.notification, sent_reason(refusal.notification, refusal.text), After::Damp, out);
  }
  const auto outcome = resolve_collision(e.slot, *negotiated, out);
  if (outcome == Collision::Closed) return;
  if (e.slot == Slot::Incoming && at(Slot::Outgoing).state < State::OpenSent) {
    end(Slot::Outgoing, std::nullopt, out);  // the peer is there: no second connection is needed
  }
  auto& connection = at(e.slot);
  connection.state = State::OpenConfirm;
  connection.negotiated = std::move(*negotiated);
  connection.held = outcome == Collision::Held;
  if (!connection.held) out.emplace_back(action::SendKeepalive{e.slot});
  arm_hold(e.slot, out);
  if (connection.held) {
    arm(TimerKind::Collision, Slot::Outgoing, kCollisionWait, out);
  } else {
    arm_keepalive(e.slot, out);
  }
}

void Peer::on(const event::KeepaliveReceived& e, Actions& out) {
  auto& connection = at(e.slot);
  switch (connection.state) {
    case State::OpenConfirm:
      if (!connection.held) return establish(e.slot, out);
      connection.heard = true;
      arm_hold(e.slot, out);
      // The other one has both OPENs as well, so the peer has chosen, and this is the one.
      if (at(other(e.slot)).state == State::OpenConfirm) end(other(e.slot), collision_cease(), out);
      return;
    case State::Established: return arm_hold(e.slot, out);
    default: return unexpected(e.slot, wire::MessageType::Keepalive, out);
  }
}

// §6.8: from here on this connection wins over any other.
void Peer::establish(Slot slot, Actions& out) {
  end(other(slot), collision_cease(), out);
  auto& connection = at(slot);
  connection.state = State::Established;
  arm_hold(slot, out);
  arm_send_hold(slot, out);
  arm(TimerKind::Stable, Slot::Outgoing, std::max(settings_.connect_retry, settings_.connect_retry_max), out);
  out.emplace_back(action::SessionUp{slot, *connection.negotiated});
}

void Peer::on(const event::UpdateReceived& e, Actions& out) {
  if (at(e.slot).state != State::Established) return unexpected(e.slot, wire::MessageType::Update, out);
  arm_hold(e.slot, out);
}

void Peer::on(const event::RouteRefreshReceived& e, Actions& out) {
  if (at(e.slot).state != State::Established) return unexpected(e.slot, wire::MessageType::RouteRefresh, out);
  arm_hold(e.slot, out);
}

void Peer::on(const event::NotificationReceived& e, Actions& out) {
  if (!open_or_further(e.slot)) return;
  const bool ceased = e.notification.code == static_cast<std::uint8_t>(wire::ErrorCode::Cease);
  const bool collided = ceased && e.notification.subcode == wire::cease::kCollision;
  if (collided && at(e.slot).state != State::Established && open_or_further(other(e.slot))) {
    end(e.slot, std::nullopt, out);  // the peer has chosen the other one: no failure
    return;
  }
  // Cease/Collision on our only connection: the peer believes in a session that we have lost. It will notice by its
  // hold timer, so asking again at a steady pace finds the moment; a growing back-off would miss it.
  const After after = collided ? After::RetrySoon : says_try_again(e.notification) ? After::Retry : After::Damp;
  fail(e.slot, std::nullopt, received_reason(e.notification, settings_), after, out);
}

void Peer::on(const event::MessageError& e, Actions& out) {
  if (!open_or_further(e.slot)) return;
  fail(e.slot, e.notification, sent_reason(e.notification, e.text), After::Damp, out);
}

void Peer::on(const event::LocalError& e, Actions& out) {
  const auto slot = established_slot();
  if (!slot) return;
  fail(*slot, e.notification, sent_reason(e.notification, e.text), After::Damp, out);
}

void Peer::on(const event::MessageSent& e, Actions& out) {
  if (at(e.slot).state == State::Established) arm_send_hold(e.slot, out);
}

// RFC 4271 §4.2, §8.2.2: with a negotiated hold time of 0 neither hold nor keepalive timer runs, and RFC 9687 §4 says
// the same of the send-hold timer.
void Peer::arm_hold(Slot slot, Actions& out) {
  const auto hold_time = at(slot).negotiated->hold_time;
  if (hold_time.count() == 0) return stop(TimerKind::Hold, slot, out);
  arm(TimerKind::Hold, slot, hold_time, out);
}

void Peer::arm_keepalive(Slot slot, Actions& out) {
  const auto interval = at(slot).negotiated->keepalive;
  if (interval.count() == 0) return;
  arm(TimerKind::Keepalive, slot, backoff_.jittered(interval), out);
}

void Peer::arm_send_hold(Slot slot, Actions& out) {
  const auto hold_time = at(slot).negotiated->hold_time;
  const auto send_hold = settings_.send_hold_time.value_or(std::max(kSendHoldMinimum, 2 * hold_time));
  if (hold_time.count() == 0 || send_hold.count() == 0) return stop(TimerKind::SendHold, slot, out);
  arm(TimerKind::SendHold, slot, send_hold, out);
}

}  // namespace podbgp::fsm

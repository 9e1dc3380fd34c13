// The peer as a whole: start, stop, reset, timers, link events, new settings.
#include "fsm/peer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "fsm/negotiate.hpp"
#include "fsm/reason.hpp"

namespace podbgp::fsm {

namespace {

wire::Notification cease(std::uint8_t subcode, std::string_view text) {
  const bool speaks = subcode == wire::cease::kAdminShutdown || subcode == wire::cease::kAdminReset;  // RFC 9003 §2
  return speaks ? wire::make_shutdown(subcode, text) : wire::make_notification(wire::ErrorCode::Cease, subcode);
}

bool needs_new_session(const PeerSettings& a, const PeerSettings& b) {
  return a.local_asn != b.local_asn || a.peer_asn != b.peer_asn || a.local_id != b.local_id ||
         !(a.families == b.families) || a.hold_time != b.hold_time;
}

}  // namespace

Peer::Peer(PeerSettings settings, std::uint64_t seed) : settings_(std::move(settings)), backoff_(seed) {}

Actions Peer::step(const Event& event) {
  const State before = state();
  Actions out;
  std::visit([&](const auto& e) { on(e, out); }, event);
  release_held(out);
  note_state(before, out);
  return out;
}

void Peer::note_state(State before, Actions& out) const {
  if (const State now = state(); now != before) out.emplace_back(action::StateChanged{before, now});
}

State Peer::state() const { return std::max(connections_[0].state, connections_[1].state); }

const Negotiated* Peer::negotiated() const {
  const auto slot = established_slot();
  return slot ? &*at(*slot).negotiated : nullptr;
}

std::optional<Slot> Peer::established_slot() const {
  for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) {
    if (at(slot).state == State::Established) return slot;
  }
  return std::nullopt;
}

bool Peer::expects_incoming() const { return mode_ == Mode::Running && !established_slot(); }

Peer::TimerState& Peer::timer(TimerKind kind, Slot slot) {
  return timers_[static_cast<std::size_t>(slot)][static_cast<std::size_t>(kind)];
}

void Peer::arm(TimerKind kind, Slot slot, net::Duration after, Actions& out) {
  auto& t = timer(kind, slot);
  t.armed = true;
  out.emplace_back(action::ArmTimer{kind, slot, after, ++t.generation});
}

void Peer::stop(TimerKind kind, Slot slot, Actions& out) {
  auto& t = timer(kind, slot);
  if (!t.armed) return;
  t.armed = false;
  ++t.generation;  // one that has fired already and is on its way is late
  out.emplace_back(action::StopTimer{kind, slot});
}

void Peer::on(const event::ManualStart&, Actions& out) {
  if (mode_ != Mode::Stopped || settings_.admin_down) return;
  backoff_.reset();
  start(out);
}

void Peer::start(Actions& out) {
  mode_ = Mode::Running;
  if (settings_.passive) {
    at(Slot::Outgoing).state = State::Active;
  } else {
    dial(out);
  }
}

void Peer::on(const event::ManualStop& e, Actions& out) {
  stop_text_ = e.text;
  if (mode_ == Mode::Stopped) return;
  mode_ = Mode::Stopped;
  const auto notification = cease(e.cease_subcode, e.text);
  const bool up = established_slot().has_value();
  for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) end(slot, notification, out);
  stop(TimerKind::IdleHold, Slot::Outgoing, out);
  if (up) out.emplace_back(action::SessionDown{stop_reason(notification)});
}

void Peer::on(const event::Reset& e, Actions& out) {
  const auto notification = cease(wire::cease::kAdminReset, e.text);
  restart(notification, stop_reason(notification), out);
}

// Ends what there is and begins again: with nothing to end at once, else after the quick retry, when the peer has seen
// the end.
void Peer::restart(wire::Notification notification, DownReason reason, Actions& out) {
  if (mode_ == Mode::Stopped) return;
  const State before = state();
  for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) end(slot, notification, out);
  stop(TimerKind::IdleHold, Slot::Outgoing, out);
  if (before == State::Established) out.emplace_back(action::SessionDown{std::move(reason)});
  mode_ = Mode::Running;
  backoff_.reset();
  if (before >= State::OpenSent) {
    wait(backoff_.jittered(Backoff::kQuickRetry), out);
  } else {
    start(out);
  }
}

void Peer::on(const event::TimerExpired& e, Actions& out) {
  const Slot slot = per_peer(e.kind) ? Slot::Outgoing : e.slot;
  auto& t = timer(e.kind, slot);
  if (!t.armed || t.generation != e.generation) return;
  t.armed = false;
  switch (e.kind) {
    case TimerKind::ConnectRetry:
      // §8.2.2: in Connect the attempt is given up and begun anew; in Active it is time to dial.
      if (at(slot).state == State::Connect) {
        end(Slot::Outgoing, std::nullopt, out);
        out.emplace_back(action::AttemptFailed{
            connect_reason("no answer: host down, firewall, or a TCP MD5 password that differs")});
        (void)backoff_.next(settings_);
      }
      dial(out);
      break;
    case TimerKind::IdleHold: start(out); break;
    case TimerKind::Hold: {
      const auto notification = wire::make_notification(wire::ErrorCode::HoldTimer, 0);
      const auto& negotiated = at(slot).negotiated;
      const auto waited = negotiated ? negotiated->hold_time : settings_.open_hold_time;
      auto text = fmt::format("nothing was heard from the peer for {} s", waited.count());
      if (!negotiated) text += ", not even its OPEN: is ttl_security on one side only?";
      fail(slot, notification, sent_reason(notification, text), After::Retry, out);
      break;
    }
    case TimerKind::Keepalive:
      out.emplace_back(action::SendKeepalive{slot});
      arm_keepalive(slot, out);
      break;
    case TimerKind::SendHold: {  // RFC 9687 §4: the peer does not read
      const auto notification = wire::make_notification(wire::ErrorCode::SendHold, 0);
      fail(slot, notification, sent_reason(notification, "the peer took nothing from us for the send hold time"),
           After::Retry, out);
      break;
    }
    case TimerKind::Stable: backoff_.reset(); break;
    case TimerKind::Collision: give_up_silent(out); break;
  }
}

// A link or an address came: what was unreachable may be reachable now. A dial under way may hang on a lost SYN, so it
// begins anew, but only once: a storm of link events must not keep it from ever ending.
void Peer::on(const event::LinkEvent&, Actions& out) {
  if (mode_ != Mode::Running || settings_.passive || open_or_further(Slot::Incoming)) return;
  const State outgoing = at(Slot::Outgoing).state;
  if (outgoing != State::Active && outgoing != State::Connect) return;
  if (outgoing == State::Connect && dialled_for_link_) return;
  backoff_.reset();
  end(Slot::Outgoing, std::nullopt, out);
  dial(out);
  dialled_for_link_ = true;
}

// Nothing can be said to the peer any more, so no NOTIFICATION; it may be back any moment, so no damping.
void Peer::on(const event::LinkLost& e, Actions& out) {
  for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) {
    if (open_or_further(slot)) fail(slot, std::nullopt, link_reason(e.text), After::Retry, out);
  }
}

Actions Peer::reconfigure(PeerSettings settings, bool new_endpoint) {
  const State before = state();
  const PeerSettings old = std::exchange(settings_, std::move(settings));
  Actions out;
  if (settings_.admin_down) {
    on(event::ManualStop{settings_.shutdown_text, wire::cease::kAdminShutdown}, out);
  } else if (old.admin_down) {
    on(event::ManualStart{}, out);
  } else if (mode_ != Mode::Stopped && (new_endpoint || needs_new_session(old, settings_))) {
    const auto notification = cease(wire::cease::kOtherConfigChange, "");
    restart(notification, stop_reason(notification), out);
  } else {
    for (auto& connection : connections_) {
      if (connection.negotiated) {
        connection.negotiated->keepalive = keepalive_interval(settings_, connection.negotiated->hold_time);
      }
    }
    const State outgoing = at(Slot::Outgoing).state;
    if (old.passive != settings_.passive && (outgoing == State::Active || outgoing == State::Connect)) {
      end(Slot::Outgoing, std::nullopt, out);
      start(out);
    }
  }
  release_held(out);
  note_state(before, out);
  return out;
}

}  // namespace podbgp::fsm

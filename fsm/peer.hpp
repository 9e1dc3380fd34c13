// fsm::Peer: the finite state machine of one peer over both of its connections (RFC 4271 §8), as a value.
//
// Pure: step() takes an event and returns what must be done; time enters as durations to arm and events that come back.
// Every (state, event) pair has an answer; unexpected messages yield NOTIFICATION Finite State Machine Error with the
// subcode of RFC 6608 and a return to Idle. Owner: core (the session driver holds it).
//
// How the one machine of the RFC becomes two slots:
//  - Slot::Outgoing is where we dial: Connect while dialling, Active while waiting for ConnectRetry (passive: for
//  ever).
//  - Slot::Incoming is what the listener gave us: Idle or OpenSent and further. It is accepted while Outgoing is
//  anywhere
//    below Established.
//  - Two connections past OpenSent: §6.8 decides by identifier which one stays, and the other is closed with
//    Cease/Collision. One Established: it wins.
//  - Our KEEPALIVE lets the peer become Established, so it is the word that must not be taken back. While the other
//    connection may still win, a connection is held: OpenConfirm, with the KEEPALIVE to come.
//      - OPEN on the one that loses, while the winner has had no OPEN yet: held until the winner has it or is gone.
//      - OPEN on the one that wins, when the loser has had our KEEPALIVE already: the peer may be Established there.
//        Held until the peer says which one it took: KEEPALIVE on one, or the end of one.
//    A connection that stays silent for kCollisionWait is closed, and the held one goes on. See docs/adr/0005.
//
// After a failure:
//  - lost TCP, expired hold timer, Cease of the peer: at once back to Active, the next dial after the back-off. The
//  peer may
//    dial us meanwhile and is accepted.
//  - protocol error, sent or received, and what the RIB demands (too many prefixes): IdleHold for the back-off,
//  connections
//    are refused, since the next attempt would most likely end the same way (§8.1.1, DampPeerOscillations).
// The back-off starts anew once a session was Established for connect_retry_max.
//
// A peer that crashed and dials again while we still believe in the old session: by default the Established connection
// wins (§6.8), so the new one is refused, but a KEEPALIVE is sent on the old one. If the peer has forgotten it, its
// kernel answers with RST, the old session ends now instead of at the end of the hold time, and the peer's next attempt
// is accepted.
#pragma once

#include <array>
#include <cstdint>

#include "fsm/action.hpp"
#include "fsm/backoff.hpp"

namespace podbgp::fsm {

// How long the one of two colliding connections may stay silent that keeps the other waiting. Shorter than the least
// hold time, which the peer may be counting already.
inline constexpr Seconds kCollisionWait{2};

class Peer {
 public:
  // `seed` drives the jitter of intervals (RFC 4271 §10: 0.75 to 1.0), so that tests are repeatable.
  Peer(PeerSettings settings, std::uint64_t seed);

  [[nodiscard]] Actions step(const Event& event);

  // New settings. Those that need a new session end it with Cease/Other Configuration Change and start again; timers
  // for the next attempt, keepalive, send-hold, passive and shutdown text do not. `new_endpoint`: address, password or
  // TTL changed.
  [[nodiscard]] Actions reconfigure(PeerSettings settings, bool new_endpoint = false);

  [[nodiscard]] State state() const;  // the further of the two connections
  [[nodiscard]] State state(Slot slot) const { return at(slot).state; }
  [[nodiscard]] const PeerSettings& settings() const { return settings_; }
  [[nodiscard]] const Negotiated* negotiated() const;  // while Established
  [[nodiscard]] std::optional<Slot> established_slot() const;
  [[nodiscard]] bool expects_incoming() const;  // false: a connection accepted now will be refused
  [[nodiscard]] bool stopped() const { return mode_ == Mode::Stopped; }
  [[nodiscard]] bool damped() const { return mode_ == Mode::Damped; }      // Idle until IdleHold expires
  [[nodiscard]] unsigned failures() const { return backoff_.failures(); }  // attempts that failed in a row

 private:
  enum class Mode : std::uint8_t { Stopped, Running, Damped };
  enum class After : std::uint8_t { Retry, RetrySoon, Damp };  // what follows a failure
  struct Connection {
    State state = State::Idle;
    std::optional<Negotiated> negotiated;  // in OpenConfirm and Established
    bool held = false;                     // in OpenConfirm: our KEEPALIVE waits for the other connection
    bool heard = false;                    // while held: the peer's KEEPALIVE has come
  };
  enum class Collision : std::uint8_t { Stays, Held, Closed };  // what becomes of the connection that has its OPEN
  struct TimerState {
    std::uint32_t generation = 0;
    bool armed = false;
  };

  // peer.cpp: life as a whole
  void on(const event::ManualStart&, Actions& out);
  void on(const event::ManualStop& e, Actions& out);
  void on(const event::Reset& e, Actions& out);
  void on(const event::TimerExpired& e, Actions& out);
  void on(const event::LinkEvent&, Actions& out);
  void on(const event::LinkLost& e, Actions& out);
  void start(Actions& out);
  void restart(wire::Notification notification, DownReason reason, Actions& out);
  void arm(TimerKind kind, Slot slot, net::Duration after, Actions& out);
  void stop(TimerKind kind, Slot slot, Actions& out);

  // peer_connections.cpp: TCP, collision, failure
  void on(const event::IncomingOffered&, Actions& out);
  void on(const event::TcpConnected& e, Actions& out);
  void on(const event::TcpFailed& e, Actions& out);
  void dial(Actions& out);
  void wait(net::Duration after, Actions& out);
  void resume_outgoing(Actions& out);
  void open(Slot slot, Actions& out);
  Collision resolve_collision(Slot slot, const Negotiated& negotiated, Actions& out);
  void give_up_silent(Actions& out);
  void release_held(Actions& out);
  void end(Slot slot, std::optional<wire::Notification> notification, Actions& out);
  void fail(Slot slot, std::optional<wire::Notification> notification, DownReason reason, After after, Actions& out);

  // peer_messages.cpp: what comes over a connection
  void on(const event::OpenReceived& e, Actions& out);
  void on(const event::KeepaliveReceived& e, Actions& out);
  void on(const event::UpdateReceived& e, Actions& out);
  void on(const event::RouteRefreshReceived& e, Actions& out);
  void on(const event::NotificationReceived& e, Actions& out);
  void on(const event::MessageError& e, Actions& out);
  void on(const event::LocalError& e, Actions& out);
  void on(const event::MessageSent& e, Actions& out);
  void establish(Slot slot, Actions& out);
  void unexpected(Slot slot, wire::MessageType type, Actions& out);
  void arm_hold(Slot slot, Actions& out);
  void arm_keepalive(Slot slot, Actions& out);
  void arm_send_hold(Slot slot, Actions& out);

  [[nodiscard]] Connection& at(Slot slot) { return connections_[static_cast<std::size_t>(slot)]; }
  [[nodiscard]] const Connection& at(Slot slot) const { return connections_[static_cast<std::size_t>(slot)]; }
  [[nodiscard]] TimerState& timer(TimerKind kind, Slot slot);
  [[nodiscard]] bool open_or_further(Slot slot) const { return at(slot).state >= State::OpenSent; }
  void note_state(State before, Actions& out) const;

  PeerSettings settings_;
  Backoff backoff_;
  std::array<Connection, 2> connections_;
  std::array<std::array<TimerState, kTimerKinds>, 2> timers_{};
  std::string stop_text_;
  Mode mode_ = Mode::Stopped;
  bool dialled_for_link_ = false;  // this dial was already begun anew by a link event
};

}  // namespace podbgp::fsm

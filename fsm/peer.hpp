// fsm::Peer: the finite state machine of one peer over both of its connections (RFC 4271 §8), as a value.
//
// Pure: step() takes an event and returns what must be done; time enters as durations to arm and events that come back.
// Every (state, event) pair has an answer; unexpected ones yield NOTIFICATION Finite State Machine Error with the subcode of
// RFC 6608 and a return to Idle. Owner: core (the session driver holds it).
#pragma once

#include <array>
#include <cstdint>

#include "fsm/action.hpp"

namespace podbgp::fsm {

class Peer {
 public:
  // `seed` drives the jitter of retry intervals (RFC 4271 §10: 0.75 to 1.0), so that tests are repeatable.
  Peer(PeerSettings settings, std::uint64_t seed);

  [[nodiscard]] Actions step(const Event& event);

  // New settings. Those that need a new session end it with Cease/Other Configuration Change and start again; timers for the
  // next attempt, passive and shutdown text do not.
  [[nodiscard]] Actions reconfigure(PeerSettings settings);

  [[nodiscard]] State state() const;                 // the further of the two connections
  [[nodiscard]] const PeerSettings& settings() const { return settings_; }
  [[nodiscard]] const Negotiated* negotiated() const;  // while Established
  [[nodiscard]] std::optional<Slot> established_slot() const;
  [[nodiscard]] bool expects_incoming() const;       // false: a connection accepted now must be refused (Idle, §8.2.2)

 private:
  struct Connection {
    State state = State::Idle;
    std::optional<wire::Open> received_open;
    std::optional<Negotiated> negotiated;
    std::array<std::uint32_t, 5> timer_generation{};
  };
  PeerSettings settings_;
  std::array<Connection, 2> connections_;
};

}  // namespace podbgp::fsm

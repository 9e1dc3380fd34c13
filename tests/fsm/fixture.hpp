// Settings, OPENs and scripts that bring a peer into a wanted situation.
#pragma once

#include <map>

#include <gtest/gtest.h>

#include "fsm/negotiate.hpp"
#include "fsm/peer.hpp"
#include "fsm/print.hpp"

namespace podbgp::fsm::test {

inline constexpr Slot kOut = Slot::Outgoing, kIn = Slot::Incoming;

// We are AS 65101 with the lower router id, so that in a collision the peer's connection (in) wins unless a test says
// otherwise.
inline PeerSettings settings() {
  PeerSettings s;
  s.local_asn = net::Asn{65101};
  s.peer_asn = net::Asn{65001};
  s.local_id = net::RouterId{0x0a000001};
  return s;
}

inline wire::Open peer_open(std::uint16_t hold_time = 90) {
  wire::Open open;
  open.my_as = net::Asn{65001};
  open.hold_time = hold_time;
  open.identifier = net::RouterId{0x0a000002};
  open.capabilities.multiprotocol = {{1, 1}};
  open.capabilities.four_octet_as = net::Asn{65001};
  open.capabilities.route_refresh = true;
  open.capabilities.graceful_restart = wire::GracefulRestartCapability{};
  return open;
}

inline wire::Notification notification(std::uint8_t code, std::uint8_t subcode) { return {code, subcode, {}}; }

// A peer and what a driver would know of it: the armed timers.
class Driven {
 public:
  explicit Driven(PeerSettings s = settings(), std::uint64_t seed = 1) : peer(std::move(s), seed) {}

  Actions step(const Event& event) {
    if (const auto* fired = std::get_if<event::TimerExpired>(&event)) armed[{fired->kind, fired->slot}].running = false;
    return take(peer.step(event));
  }
  Actions reconfigure(PeerSettings s, bool new_endpoint = false) {
    return take(peer.reconfigure(std::move(s), new_endpoint));
  }
  // The timer fires as it was armed last (also if it was stopped since: then it must be ignored).
  [[nodiscard]] Event expiry(TimerKind kind, Slot slot = kOut) const {
    const auto it = armed.find({kind, slot});
    return event::TimerExpired{kind, slot, it == armed.end() ? 0 : it->second.generation};
  }
  Actions expire(TimerKind kind, Slot slot = kOut) { return step(expiry(kind, slot)); }
  [[nodiscard]] bool running(TimerKind kind, Slot slot = kOut) const {
    const auto it = armed.find({kind, slot});
    return it != armed.end() && it->second.running;
  }
  [[nodiscard]] net::Duration after(TimerKind kind, Slot slot = kOut) const { return armed.at({kind, slot}).after; }

  Driven& start() { return with(event::ManualStart{}); }
  Driven& tcp(Slot slot) {
    if (slot == kIn) with(event::IncomingOffered{});
    return with(event::TcpConnected{slot});
  }
  Driven& open(Slot slot, wire::Open o = peer_open()) { return with(event::OpenReceived{slot, std::move(o)}); }
  Driven& keepalive(Slot slot) { return with(event::KeepaliveReceived{slot}); }
  Driven& establish(Slot slot) { return start().tcp(slot).open(slot).keepalive(slot); }
  Driven& with(const Event& event) {
    step(event);
    return *this;
  }

  struct Armed {
    std::uint32_t generation = 0;
    net::Duration after{};
    bool running = false;
  };
  Peer peer;
  std::map<std::pair<TimerKind, Slot>, Armed> armed;

 private:
  Actions take(Actions actions) {
    for (const auto& a : actions) {
      if (const auto* arm = std::get_if<action::ArmTimer>(&a)) {
        armed[{arm->kind, arm->slot}] = {arm->generation, arm->after, true};
      } else if (const auto* stop = std::get_if<action::StopTimer>(&a)) {
        armed[{stop->kind, stop->slot}].running = false;
      }
    }
    return actions;
  }
};

template <class A>
const A* find(const Actions& actions) {
  for (const auto& a : actions) {
    if (const auto* found = std::get_if<A>(&a)) return found;
  }
  return nullptr;
}

inline std::string text(const Actions& actions) { return to_string(actions, Durations::Hidden); }
inline double seconds(net::Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace podbgp::fsm::test

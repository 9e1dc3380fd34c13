// Session: one peer. Drives fsm::Peer through a Transport: sockets, framing, timers, output; decides nothing about BGP
// itself.
//
// Owner: core, on whose executor everything here runs. The owner may call any method from within a SessionOwner
// callback (what changes the FSM then happens after the callback), but must not destroy a session from within its own
// callback. kick_output() calls next_output() and nothing else of the owner: write errors are reported later.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <variant>

#include "fsm/peer.hpp"
#include "session/counters.hpp"
#include "session/hub.hpp"
#include "session/out_queue.hpp"
#include "wire/frame.hpp"

namespace podbgp::session {

class Session {
 public:
  struct Setup {
    net::PeerId id;
    fsm::PeerSettings settings;
    Endpoint endpoint;
    std::uint64_t seed = 1;  // jitter
  };
  Session(Hub& hub, Setup setup);
  ~Session();  // closes what is open without a word; stop() first says why
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  void stop(std::string text, std::uint8_t cease_subcode = wire::cease::kAdminShutdown);
  // By an operator at run time; outlives reconfigure(). enable() returns false if the configuration keeps the peer
  // down.
  void disable(std::string text);
  bool enable();
  [[nodiscard]] bool disabled() const { return disabled_text_.has_value(); }
  void reset(std::string text);
  // The RIB demands an end, outside of on_update(): e.g. Cease/Maximum Number of Prefixes.
  void end(wire::Notification notification, std::string text);
  // A changed endpoint needs a new session (Cease/Other Configuration Change); for settings see fsm::Peer::reconfigure.
  void reconfigure(fsm::PeerSettings settings, Endpoint endpoint);

  void accept(std::unique_ptr<Connection> connection);  // from the listener, whatever the state
  void link_event();                                    // a link or an address came
  void link_lost(std::string text);                     // the one under the session went: ends it with this reason
  void kick_output();                                   // next_output() has something again
  bool request_refresh(net::Family family);             // ROUTE-REFRESH; false if not Established or not negotiated

  [[nodiscard]] net::PeerId id() const { return id_; }
  [[nodiscard]] fsm::State state() const { return fsm_.state(); }
  [[nodiscard]] bool damped() const { return fsm_.damped(); }
  [[nodiscard]] bool expects_incoming() const { return fsm_.expects_incoming(); }
  [[nodiscard]] const fsm::Negotiated* negotiated() const { return fsm_.negotiated(); }  // while Established
  [[nodiscard]] const fsm::PeerSettings& settings() const { return fsm_.settings(); }    // in effect
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] const SessionCounters& counters() const { return counters_; }
  [[nodiscard]] const Connection* connection() const;  // the Established one: addresses and ports; else null
  [[nodiscard]] std::size_t out_queue_octets() const;
  // When ConnectRetry or IdleHold will fire: "next attempt in …". Null if neither runs.
  [[nodiscard]] std::optional<net::TimePoint> next_attempt() const;

 private:
  struct Channel {  // one slot's connection
    std::unique_ptr<Timer> dial;
    std::unique_ptr<Connection> connection;
    wire::Bytes leftover;  // the beginning of a message
    OutQueue out;
    std::uint32_t generation = 0;  // tells a connection from the next one in the same slot
    bool blocked = false;          // waiting for on_writable
    bool broken = false;           // a write failed, the FSM will hear of it
    bool heard = false;            // a message came in this turn: restart the hold timer at its end
  };
  struct TimerSlot {
    std::unique_ptr<Timer> handle;
    net::TimePoint scheduled;  // of the handle; may be before the deadline, then it is armed again when it fires
    net::TimePoint deadline;
    std::uint32_t generation = 0;
    bool armed = false;
  };
  struct Reconfigure {
    fsm::PeerSettings settings;
    bool new_endpoint = false;
  };
  using Input = std::variant<fsm::Event, Reconfigure>;

  // session.cpp: FSM steps and their actions
  void feed(Input input);
  void apply(const fsm::Actions& actions);
  void perform(const fsm::action::Dial& a);
  void perform(const fsm::action::AcceptIncoming& a);
  void perform(const fsm::action::RefuseIncoming& a);
  void perform(const fsm::action::Close& a);
  void perform(const fsm::action::SendOpen& a);
  void perform(const fsm::action::SendKeepalive& a);
  void perform(const fsm::action::SendNotification& a);
  void perform(const fsm::action::ArmTimer& a);
  void perform(const fsm::action::StopTimer& a);
  void perform(const fsm::action::SessionUp& a);
  void perform(const fsm::action::SessionDown& a);
  void perform(const fsm::action::AttemptFailed& a);
  void perform(const fsm::action::StateChanged& a);
  [[nodiscard]] fsm::PeerSettings effective() const;
  [[nodiscard]] TimerSlot& timer(fsm::TimerKind kind, fsm::Slot slot);
  void schedule(fsm::TimerKind kind, fsm::Slot slot);
  void on_timer(fsm::TimerKind kind, fsm::Slot slot);
  [[nodiscard]] Channel& channel(fsm::Slot slot) { return channels_[static_cast<std::size_t>(slot)]; }
  [[nodiscard]] const Channel& channel(fsm::Slot slot) const { return channels_[static_cast<std::size_t>(slot)]; }
  void attach(fsm::Slot slot, std::unique_ptr<Connection> connection);
  // Runs `work` later if the session and this very connection still exist.
  void post_for(fsm::Slot slot, std::function<void()> work);
  void drop(fsm::Slot slot);

  // session_io.cpp: octets
  void read_turn(fsm::Slot slot);
  [[nodiscard]] std::optional<std::size_t> process(fsm::Slot slot, std::span<const std::uint8_t> buffer);
  [[nodiscard]] bool dispatch(fsm::Slot slot, const wire::Frame& frame, std::uint32_t generation);
  void on_update(fsm::Slot slot, wire::ByteSpan body);
  void heard(fsm::Slot slot);
  void send_control(fsm::Slot slot, std::shared_ptr<const wire::Bytes> message);
  void write_turn(fsm::Slot slot, bool ask_owner);
  void write_failed(fsm::Slot slot, std::string error);

  Hub& hub_;
  net::PeerId id_;
  fsm::PeerSettings configured_;
  Endpoint endpoint_;
  fsm::Peer fsm_;
  std::optional<std::string> disabled_text_;
  std::array<Channel, 2> channels_;
  std::array<TimerSlot, 2 * fsm::kTimerKinds> timers_;
  std::unique_ptr<Connection> offered_;  // between accept() and the FSM's answer
  std::deque<Input> inputs_;
  SessionCounters counters_;
  wire::SessionContext context_;  // while Established
  std::size_t max_message_ = wire::kMaxMessageSize;
  std::shared_ptr<bool> alive_;
  bool stepping_ = false;
  bool writing_ = false;
};

}  // namespace podbgp::session

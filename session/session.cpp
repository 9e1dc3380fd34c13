// FSM steps and what follows from them. Octets are in session_io.cpp.
#include "session/session.hpp"

#include <algorithm>

#include "fsm/print.hpp"
#include "wire/route_refresh.hpp"

namespace podbgp::session {

namespace {

wire::SessionContext context_of(const fsm::Negotiated& n) {
  wire::SessionContext context;
  context.four_octet_as = n.four_octet_as;
  context.external = n.external;
  context.families = n.families;
  context.add_path_receive = n.add_path_receive;
  context.extended_next_hop = n.extended_next_hop;
  return context;
}

std::shared_ptr<const wire::Bytes> keepalive_message() {
  static const auto message = [] {
    auto bytes = std::make_shared<wire::Bytes>();
    wire::encode_keepalive(*bytes);
    return std::shared_ptr<const wire::Bytes>(std::move(bytes));
  }();
  return message;
}

std::shared_ptr<const wire::Bytes> encode(const wire::Notification& notification) {
  auto bytes = std::make_shared<wire::Bytes>();
  wire::encode_notification(notification, *bytes);
  return bytes;
}

}  // namespace

Session::Session(Hub& hub, Setup setup)
    : hub_(hub),
      id_(setup.id),
      configured_(std::move(setup.settings)),
      endpoint_(std::move(setup.endpoint)),
      fsm_(configured_, setup.seed),
      alive_(std::make_shared<bool>(true)) {
  counters_.state_since = hub_.transport().now();
}

Session::~Session() = default;

void Session::start() { feed(fsm::Event{fsm::event::ManualStart{}}); }

void Session::stop(std::string text, std::uint8_t cease_subcode) {
  feed(fsm::Event{fsm::event::ManualStop{std::move(text), cease_subcode}});
}

fsm::PeerSettings Session::effective() const {
  auto settings = configured_;
  if (disabled_text_) {
    settings.admin_down = true;
    settings.shutdown_text = *disabled_text_;
  }
  return settings;
}

void Session::disable(std::string text) {
  disabled_text_ = std::move(text);
  feed(Reconfigure{effective(), false});
}

bool Session::enable() {
  disabled_text_.reset();
  feed(Reconfigure{effective(), false});
  return !configured_.admin_down;
}

void Session::reset(std::string text) { feed(fsm::Event{fsm::event::Reset{std::move(text)}}); }

void Session::end(wire::Notification notification, std::string text) {
  feed(fsm::Event{fsm::event::LocalError{std::move(notification), std::move(text)}});
}

void Session::reconfigure(fsm::PeerSettings settings, Endpoint endpoint) {
  configured_ = std::move(settings);
  const bool new_endpoint = !(endpoint == endpoint_);
  endpoint_ = std::move(endpoint);
  feed(Reconfigure{effective(), new_endpoint});
}

void Session::accept(std::unique_ptr<Connection> connection) {
  if (offered_) return;  // one is being answered just now: this one is closed
  offered_ = std::move(connection);
  feed(fsm::Event{fsm::event::IncomingOffered{}});
}

void Session::link_event() { feed(fsm::Event{fsm::event::LinkEvent{}}); }

void Session::link_lost(std::string text) { feed(fsm::Event{fsm::event::LinkLost{std::move(text)}}); }

bool Session::request_refresh(net::Family family) {
  const auto slot = fsm_.established_slot();
  if (!slot || !fsm_.negotiated()->route_refresh || !fsm_.negotiated()->families.contains(family)) return false;
  auto bytes = std::make_shared<wire::Bytes>();
  wire::encode_route_refresh({{net::afi(family), net::kSafiUnicast}, 0}, *bytes);
  send_control(*slot, std::move(bytes));
  return true;
}

const Connection* Session::connection() const {
  const auto slot = fsm_.established_slot();
  return slot ? channel(*slot).connection.get() : nullptr;
}

std::size_t Session::out_queue_octets() const { return channels_[0].out.octets() + channels_[1].out.octets(); }

std::optional<net::TimePoint> Session::next_attempt() const {
  for (const auto kind : {fsm::TimerKind::ConnectRetry, fsm::TimerKind::IdleHold}) {
    const auto& t = timers_[static_cast<std::size_t>(kind)];
    if (t.armed) return t.deadline;
  }
  return std::nullopt;
}

// Inputs are worked off one by one: an action may yield a new input, but the FSM is never entered from within an
// action.
void Session::feed(Input input) {
  inputs_.push_back(std::move(input));
  if (stepping_) return;
  stepping_ = true;
  while (!inputs_.empty()) {
    const Input next = std::move(inputs_.front());
    inputs_.pop_front();
    const auto* event = std::get_if<fsm::Event>(&next);
    const auto actions = event != nullptr ? fsm_.step(*event)
                                          : fsm_.reconfigure(std::get<Reconfigure>(next).settings,
                                                             std::get<Reconfigure>(next).new_endpoint);
    if (hub_.trace) {
      hub_.trace(id_, (event != nullptr ? fsm::to_string(*event) : "Reconfigure") + " => " + fsm::to_string(actions));
    }
    apply(actions);
  }
  stepping_ = false;
}

void Session::apply(const fsm::Actions& actions) {
  for (const auto& action : actions) {
    std::visit([this](const auto& a) { perform(a); }, action);
  }
}

void Session::post_for(fsm::Slot slot, std::function<void()> work) {
  hub_.transport().post(
      [this, slot, work = std::move(work), generation = channel(slot).generation, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired() || channel(slot).generation != generation || !channel(slot).connection) return;
        work();
      });
}

void Session::drop(fsm::Slot slot) {
  Channel fresh;
  fresh.generation = channel(slot).generation + 1;
  channel(slot) = std::move(fresh);
}

void Session::attach(fsm::Slot slot, std::unique_ptr<Connection> connection) {
  drop(slot);
  auto& c = channel(slot);
  c.connection = std::move(connection);
  c.connection->start({.on_readable = [this, slot] { read_turn(slot); },
                       .on_writable =
                           [this, slot] {
                             channel(slot).blocked = false;
                             write_turn(slot, true);
                           }});
}

void Session::perform(const fsm::action::Dial&) {
  channel(fsm::Slot::Outgoing).dial =
      hub_.transport().dial(endpoint_, [this](net::Result<std::unique_ptr<Connection>, std::string> result) {
        const auto done = std::move(channel(fsm::Slot::Outgoing).dial);  // not destroyed before its callback is over
        if (result) {
          attach(fsm::Slot::Outgoing, std::move(*result));
          feed(fsm::Event{fsm::event::TcpConnected{fsm::Slot::Outgoing}});
        } else {
          feed(fsm::Event{fsm::event::TcpFailed{fsm::Slot::Outgoing, std::move(result.error())}});
        }
      });
}

void Session::perform(const fsm::action::AcceptIncoming&) {
  if (!offered_) return;
  auto connection = std::move(offered_);
  if (auto error = connection->configure(endpoint_)) {
    perform(
        fsm::action::AttemptFailed{{.token = "socket-option", .text = std::move(*error), .sent = {}, .received = {}}});
    return;
  }
  attach(fsm::Slot::Incoming, std::move(connection));
  inputs_.emplace_front(fsm::Event{fsm::event::TcpConnected{fsm::Slot::Incoming}});
}

void Session::perform(const fsm::action::RefuseIncoming& a) {
  if (!offered_) return;
  const auto connection = std::move(offered_);
  if (!a.notification) return;
  const auto message = encode(*a.notification);
  const OutSlice slice{message, 0, message->size()};
  (void)connection->write({&slice, 1});
  ++counters_.sent.notification;
  counters_.sent.octets += message->size();
  counters_.count_notification(Direction::Sent, *a.notification);
}

void Session::perform(const fsm::action::Close& a) {
  auto& c = channel(a.slot);
  if (c.connection && !c.broken && !c.out.empty()) {
    const auto result = c.connection->write(c.out.pending());  // once; whoever does not read gets no more
    c.out.consume(result.size, counters_.sent);
  }
  drop(a.slot);
}

void Session::perform(const fsm::action::SendOpen& a) {
  auto bytes = std::make_shared<wire::Bytes>();
  wire::encode_open(a.open, *bytes);
  send_control(a.slot, std::move(bytes));
}

void Session::perform(const fsm::action::SendKeepalive& a) { send_control(a.slot, keepalive_message()); }

void Session::perform(const fsm::action::SendNotification& a) {
  counters_.count_notification(Direction::Sent, a.notification);
  send_control(a.slot, encode(a.notification));
}

Session::TimerSlot& Session::timer(fsm::TimerKind kind, fsm::Slot slot) {
  return timers_[static_cast<std::size_t>(slot) * fsm::kTimerKinds + static_cast<std::size_t>(kind)];
}

// Hold and send-hold timers are armed again with every batch: only the deadline moves then, and the timer in the
// transport is looked at when it fires.
void Session::perform(const fsm::action::ArmTimer& a) {
  auto& t = timer(a.kind, a.slot);
  t.deadline = hub_.transport().now() + a.after;
  t.generation = a.generation;
  t.armed = true;
  if (t.handle && t.scheduled <= t.deadline) return;
  schedule(a.kind, a.slot);
}

void Session::schedule(fsm::TimerKind kind, fsm::Slot slot) {
  auto& t = timer(kind, slot);
  t.scheduled = t.deadline;
  const auto after = std::max(net::Duration::zero(), net::Duration(t.deadline - hub_.transport().now()));
  t.handle = hub_.transport().arm(after, [this, kind, slot] { on_timer(kind, slot); });
}

void Session::perform(const fsm::action::StopTimer& a) {
  auto& t = timer(a.kind, a.slot);
  t.armed = false;
  t.handle.reset();
}

void Session::on_timer(fsm::TimerKind kind, fsm::Slot slot) {
  auto& t = timer(kind, slot);
  const auto fired = std::move(t.handle);  // destroyed when this call is over
  if (!t.armed) return;
  if (hub_.transport().now() < t.deadline) return schedule(kind, slot);
  const auto generation = t.generation;
  // Our own pause must not end a session: what the peer sent in time may still wait in the kernel.
  if (kind == fsm::TimerKind::Hold && channel(slot).connection && channel(slot).connection->has_unread()) {
    read_turn(slot);
    if (!t.armed || t.generation != generation) return;
  }
  t.armed = false;
  feed(fsm::Event{fsm::event::TimerExpired{kind, slot, generation}});
}

void Session::perform(const fsm::action::SessionUp& a) {
  context_ = context_of(a.negotiated);
  max_message_ = a.negotiated.extended_message ? wire::kMaxExtendedMessageSize : wire::kMaxMessageSize;
  ++counters_.established;
  counters_.established_since = hub_.transport().now();
  hub_.owner().on_up(id_, a.negotiated, channel(a.slot).connection->local_address());
  post_for(a.slot, [this] { kick_output(); });
}

void Session::perform(const fsm::action::SessionDown& a) {
  ++counters_.flaps;
  counters_.established_since.reset();
  counters_.last_error = LastError{a.reason, hub_.transport().now()};
  max_message_ = wire::kMaxMessageSize;
  hub_.owner().on_down(id_, a.reason);
}

void Session::perform(const fsm::action::AttemptFailed& a) {
  ++counters_.attempts_failed;
  counters_.last_error = LastError{a.reason, hub_.transport().now()};
  hub_.owner().on_attempt_failed(id_, a.reason);
}

void Session::perform(const fsm::action::StateChanged& a) {
  counters_.state_since = hub_.transport().now();
  hub_.owner().on_state(id_, a.from, a.to);
}

void Session::kick_output() {
  const auto slot = fsm_.established_slot();
  if (!slot || writing_ || channel(*slot).blocked) return;
  write_turn(*slot, true);
}

void Session::write_failed(fsm::Slot slot, std::string error) {
  channel(slot).broken = true;
  // Later, so that kick_output() reports nothing by itself; and reading first, since the peer's last word may tell why.
  post_for(slot, [this, slot, error = std::move(error)] {
    const auto generation = channel(slot).generation;
    read_turn(slot);
    if (channel(slot).generation == generation) feed(fsm::Event{fsm::event::TcpFailed{slot, error}});
  });
}

}  // namespace podbgp::session

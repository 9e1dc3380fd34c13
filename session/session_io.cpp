// Octets in and out of a session: turns of reading and writing, framing, and the hot path of UPDATE.
#include <algorithm>
#include <cstring>

#include "session/session.hpp"
#include "wire/route_refresh.hpp"

namespace podbgp::session {

namespace event = fsm::event;

// Reads until the socket is dry or the turn is over; then the next session has its turn and ours comes again by post.
void Session::read_turn(fsm::Slot slot) {
  auto& c = channel(slot);
  if (!c.connection) return;
  const auto generation = c.generation;
  const auto buffer = hub_.receive_buffer();
  std::size_t have = c.leftover.size();
  if (have > 0) std::memcpy(buffer.data(), c.leftover.data(), have);
  c.leftover.clear();

  std::size_t total = 0;
  std::optional<std::string> end;
  bool again = false;
  const auto began = hub_.transport().now();
  for (;;) {
    const auto into = buffer.subspan(have, std::min(kReadPiece, buffer.size() - have));
    const auto result = c.connection->read(into);
    total += result.size;
    have += result.size;
    if (result.size > 0) {
      counters_.received.octets += result.size;
      const auto used = process(slot, buffer.first(have));
      if (!used) break;  // this connection is gone
      have -= *used;
      if (have > 0 && *used > 0) std::memmove(buffer.data(), buffer.data() + *used, have);
    }
    if (result.error) {
      end = result.error;
      break;
    }
    if (result.would_block || result.size < into.size()) break;
    if (total >= kReadTurn || hub_.transport().now() - began >= kTurnTime) {
      again = true;
      break;
    }
  }
  if (total > 0) hub_.note_input();
  if (c.generation != generation) return;
  if (have > 0) c.leftover.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(have));
  heard(slot);
  if (c.generation != generation) return;
  if (end) {
    feed(fsm::Event{event::TcpFailed{slot, std::move(*end)}});
  } else if (again) {
    post_for(slot, [this, slot] { read_turn(slot); });
  }
}

// Whole messages in `buffer`, one by one. Returns the octets used, nothing if the connection was closed meanwhile.
std::optional<std::size_t> Session::process(fsm::Slot slot, std::span<const std::uint8_t> buffer) {
  const auto generation = channel(slot).generation;
  std::size_t used = 0;
  while (buffer.size() - used >= wire::kHeaderSize) {
    const auto frame = wire::next_frame(buffer.subspan(used), max_message_);
    if (!frame) {
      feed(fsm::Event{event::MessageError{slot, frame.error(), "malformed message header"}});
      return std::nullopt;
    }
    if (!*frame) break;
    used += (*frame)->size;
    if (!dispatch(slot, **frame, generation)) return std::nullopt;
  }
  return used;
}

// False if the connection was closed by what the message led to.
bool Session::dispatch(fsm::Slot slot, const wire::Frame& frame, std::uint32_t generation) {
  counters_.received.count(frame.type);
  const bool established = fsm_.state(slot) == fsm::State::Established;
  auto& c = channel(slot);
  switch (frame.type) {
    case wire::MessageType::Update:
      if (established) {
        c.heard = true;
        on_update(slot, frame.body);
      } else {
        feed(fsm::Event{event::UpdateReceived{slot}});
      }
      break;
    case wire::MessageType::Keepalive:
      if (established) {
        c.heard = true;
      } else {
        feed(fsm::Event{event::KeepaliveReceived{slot}});
      }
      break;
    case wire::MessageType::Open:
      if (auto open = wire::decode_open(frame.body)) {
        feed(fsm::Event{event::OpenReceived{slot, std::move(*open)}});
      } else {
        feed(fsm::Event{event::MessageError{slot, open.error(), "malformed OPEN"}});
      }
      break;
    case wire::MessageType::Notification: {
      // RFC 4271 §6.4: an error in a NOTIFICATION is not answered with another one.
      const auto notification = wire::decode_notification(frame.body);
      if (notification) {
        counters_.count_notification(Direction::Received, *notification);
        feed(fsm::Event{event::NotificationReceived{slot, *notification}});
      } else {
        feed(fsm::Event{event::TcpFailed{slot, "malformed NOTIFICATION"}});
      }
      break;
    }
    case wire::MessageType::RouteRefresh:
      if (auto refresh = wire::decode_route_refresh(frame.body); !refresh) {
        feed(fsm::Event{event::MessageError{slot, refresh.error(), "malformed ROUTE-REFRESH"}});
      } else {
        feed(fsm::Event{event::RouteRefreshReceived{slot}});
        if (c.generation == generation) hub_.owner().on_route_refresh(id_, *refresh);
      }
      break;
  }
  return c.generation == generation;
}

void Session::on_update(fsm::Slot slot, wire::ByteSpan body) {
  const auto view = wire::scan_update(body, context_);
  if (view) {
    auto result = hub_.owner().on_update(id_, *view);
    if (!result) feed(fsm::Event{event::MessageError{slot, std::move(result.error()), ""}});
    return;
  }
  const auto& error = view.error();
  if (error.reaction == wire::Reaction::FamilyDisable) {  // RFC 7606 §7.11
    context_.families.erase(error.family);
    hub_.owner().on_family_disabled(id_, error.family, error.text, body);
  } else {
    feed(fsm::Event{event::MessageError{slot, error.notification, error.text}});
  }
}

// One step for all messages of a turn: the hold timer needs no more.
void Session::heard(fsm::Slot slot) {
  auto& c = channel(slot);
  if (!std::exchange(c.heard, false)) return;
  counters_.last_received = hub_.transport().now();
  feed(fsm::Event{event::UpdateReceived{slot}});
}

void Session::send_control(fsm::Slot slot, std::shared_ptr<const wire::Bytes> message) {
  auto& c = channel(slot);
  if (!c.connection || c.broken) return;
  c.out.push_control(std::move(message));
  if (!c.blocked && !writing_) write_turn(slot, false);
}

void Session::write_turn(fsm::Slot slot, bool ask_owner) {
  auto& c = channel(slot);
  if (!c.connection || c.broken) return;
  writing_ = true;
  std::size_t total = 0;
  const auto began = hub_.transport().now();
  for (;;) {
    if (c.out.empty()) {
      if (!ask_owner || fsm_.state(slot) != fsm::State::Established) break;
      if (total >= kWriteTurn || hub_.transport().now() - began >= kTurnTime) {
        post_for(slot, [this] { kick_output(); });
        break;
      }
      hub_.owner().next_output(id_, kOutputBudget, c.out.refill());
      if (c.out.empty()) break;
    }
    const auto asked = c.out.octets();
    auto result = c.connection->write(c.out.pending());
    c.out.consume(result.size, counters_.sent);
    total += result.size;
    if (result.error) {
      write_failed(slot, std::move(*result.error));
      break;
    }
    if (result.size < asked) {
      c.blocked = true;
      break;
    }
  }
  writing_ = false;
  if (total > 0 && fsm_.state(slot) == fsm::State::Established) feed(fsm::Event{event::MessageSent{slot}});
}

}  // namespace podbgp::session

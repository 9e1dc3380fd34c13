// Hub: what all sessions of one executor share: the transport, the owner, one receive buffer, and the end of a batch.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "session/owner.hpp"
#include "session/transport.hpp"
#include "session/turns.hpp"

namespace podbgp::session {

// One session reads or writes so many octets, or as many as kTurnTime allows, before the next one has its turn.
inline constexpr std::size_t kReadTurn = 256 * 1024;
inline constexpr std::size_t kWriteTurn = 1024 * 1024;
inline constexpr std::size_t kReadPiece = 32 * 1024;     // read and worked on before the clock is looked at
inline constexpr std::size_t kOutputBudget = 64 * 1024;  // asked of the owner at a time, likewise

class Hub {
 public:
  Hub(Transport& transport, SessionOwner& owner);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  [[nodiscard]] Transport& transport() { return transport_; }
  [[nodiscard]] SessionOwner& owner() { return owner_; }
  // Only valid within one turn of one session: what is left of a message at its end is copied away.
  [[nodiscard]] std::span<std::uint8_t> receive_buffer() { return receive_buffer_; }
  // A session has read: on_batch_end() follows once, behind everything that is ready now.
  void note_input();

  // For debugging: every step of every FSM as "event => actions". Empty = off.
  std::function<void(net::PeerId, const std::string&)> trace;

 private:
  Transport& transport_;
  SessionOwner& owner_;
  std::vector<std::uint8_t> receive_buffer_;
  std::shared_ptr<bool> batch_posted_;  // shared, since a posted end may outlive the hub
};

}  // namespace podbgp::session

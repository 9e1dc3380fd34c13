// OutQueue: what one connection still has to send: shared buffers by reference, and control messages that overtake
// them.
//
// A KEEPALIVE or NOTIFICATION never waits behind bulk output: it goes in at the next message boundary, which may be in
// the middle of a shared buffer. Message headers are walked once, as octets leave, which counts the messages as well.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "session/counters.hpp"
#include "session/owner.hpp"

namespace podbgp::session {

class OutQueue {
 public:
  [[nodiscard]] bool empty() const { return head_ == slices_.size(); }
  [[nodiscard]] std::span<const OutSlice> pending() const { return std::span(slices_).subspan(head_); }
  [[nodiscard]] std::size_t octets() const;

  // One whole message, before all bulk output but behind earlier control messages.
  void push_control(std::shared_ptr<const wire::Bytes> message);
  // For SessionOwner::next_output: whole messages may be appended. Only while empty().
  [[nodiscard]] std::vector<OutSlice>& refill();
  // `octets` of pending() have left; messages of which the first octet left are counted.
  void consume(std::size_t octets, MessageCounters& sent);

 private:
  void walk(const OutSlice& slice, std::size_t octets, MessageCounters& sent);

  std::vector<OutSlice> slices_;
  std::size_t head_ = 0;             // first slice that has not left entirely
  std::size_t urgent_ = 0;           // slices from head_ on that must stay in front: control, and the rest of a message
  std::size_t rest_of_message_ = 0;  // octets until the next message boundary; 0 = at one
};

}  // namespace podbgp::session

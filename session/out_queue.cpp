#include "session/out_queue.hpp"

#include <algorithm>

namespace podbgp::session {

std::size_t OutQueue::octets() const {
  std::size_t sum = 0;
  for (const auto& slice : pending()) sum += slice.size;
  return sum;
}

void OutQueue::push_control(std::shared_ptr<const wire::Bytes> message) {
  if (empty()) (void)refill();
  if (urgent_ == 0 && rest_of_message_ > 0) {  // a bulk message is half out: cut the slice behind it
    auto& first = slices_[head_];
    if (rest_of_message_ < first.size) {
      OutSlice rest{first.buffer, first.offset + rest_of_message_, first.size - rest_of_message_};
      first.size = rest_of_message_;
      slices_.insert(slices_.begin() + static_cast<std::ptrdiff_t>(head_) + 1, std::move(rest));
    }
    urgent_ = 1;
  }
  const auto size = message->size();
  slices_.insert(slices_.begin() + static_cast<std::ptrdiff_t>(head_ + urgent_), OutSlice{std::move(message), 0, size});
  ++urgent_;
}

std::vector<OutSlice>& OutQueue::refill() {
  slices_.clear();
  head_ = 0;
  return slices_;
}

void OutQueue::walk(const OutSlice& slice, std::size_t octets, MessageCounters& sent) {
  const std::uint8_t* const data = slice.buffer->data() + slice.offset;
  std::size_t position = 0;
  while (position < octets) {
    if (rest_of_message_ == 0) {
      const std::size_t left = slice.size - position;
      std::size_t length = left;
      if (left >= wire::kHeaderSize) {
        const std::uint8_t* const header = data + position;
        length = std::clamp((std::size_t{header[16]} << 8) | header[17], wire::kHeaderSize, left);
        sent.count(static_cast<wire::MessageType>(header[18]));
      }
      rest_of_message_ = length;
    }
    const std::size_t step = std::min(rest_of_message_, octets - position);
    position += step;
    rest_of_message_ -= step;
  }
}

void OutQueue::consume(std::size_t octets, MessageCounters& sent) {
  sent.octets += octets;
  while (octets > 0 && head_ < slices_.size()) {
    auto& slice = slices_[head_];
    const std::size_t taken = std::min(octets, slice.size);
    walk(slice, taken, sent);
    octets -= taken;
    slice.offset += taken;
    slice.size -= taken;
    if (slice.size > 0) break;
    slice.buffer.reset();
    ++head_;
    if (urgent_ > 0) --urgent_;
  }
}

}  // namespace podbgp::session

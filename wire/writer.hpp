// Writer: appends numbers in network order to a buffer, never more than `limit` octets of its own. What does not fit
// sets a sticky failure and is not written at all; lengths are patched in when their field is complete.
#pragma once

#include <limits>

#include "wire/constants.hpp"

namespace podbgp::wire {

class Writer {
 public:
  explicit Writer(Bytes& out, std::size_t limit = std::numeric_limits<std::size_t>::max())
      : out_(&out), start_(out.size()), limit_(limit) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return out_->size() - start_; }  // written by this writer

  void u8(std::uint8_t v) { number<1>(v); }
  void u16(std::uint16_t v) { number<2>(v); }
  void u32(std::uint32_t v) { number<4>(v); }
  void u64(std::uint64_t v) { number<8>(v); }
  void bytes(ByteSpan b) {
    if (fits(b.size())) out_->insert(out_->end(), b.begin(), b.end());
  }

  // Overwrites what was written before, `at` counted from this writer's start.
  void patch_u8(std::size_t at, std::size_t v) {
    if (ok_) (*out_)[start_ + at] = static_cast<std::uint8_t>(v);
  }
  void patch_u16(std::size_t at, std::size_t v) {
    patch_u8(at, v >> 8);
    patch_u8(at + 1, v & 0xff);
  }
  // Takes back everything from `at` on, and the failure with it.
  void rewind(std::size_t at) {
    out_->resize(start_ + at);
    ok_ = true;
  }

 private:
  bool fits(std::size_t n) {
    ok_ = ok_ && n <= limit_ - size();
    return ok_;
  }
  template <std::size_t N>
  void number(std::uint64_t v) {
    std::uint8_t octets[N];
    for (std::size_t i = 0; i < N; ++i) octets[i] = static_cast<std::uint8_t>(v >> (8 * (N - 1 - i)));
    bytes(octets);
  }

  Bytes* out_;
  std::size_t start_;
  std::size_t limit_;
  bool ok_ = true;
};

// The 19 octets of RFC 4271 §4.1 with the length left open, and what closes it.
void write_header(Writer& writer, MessageType type);
void finish_message(Writer& writer);

}  // namespace podbgp::wire

// Reader: reads numbers and sub-spans off a span. A read past the end sets a sticky failure and yields zeros, so a
// decoder reads a whole structure and asks ok() once. A TLV value always gets a Reader of its own: no field can read
// its neighbour.
#pragma once

#include "wire/constants.hpp"

namespace podbgp::wire {

class Reader {
 public:
  constexpr Reader() = default;
  constexpr explicit Reader(ByteSpan bytes) : bytes_(bytes) {}

  [[nodiscard]] constexpr bool ok() const { return ok_; }
  [[nodiscard]] constexpr bool empty() const { return bytes_.empty(); }
  [[nodiscard]] constexpr std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] constexpr ByteSpan rest() const { return bytes_; }

  constexpr std::uint8_t u8() { return static_cast<std::uint8_t>(number<1>()); }
  constexpr std::uint16_t u16() { return static_cast<std::uint16_t>(number<2>()); }
  constexpr std::uint32_t u32() { return static_cast<std::uint32_t>(number<4>()); }
  constexpr std::uint64_t u64() { return number<8>(); }

  constexpr ByteSpan take(std::size_t n) {
    if (n > bytes_.size()) {
      fail();
      return {};
    }
    const auto head = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return head;
  }
  constexpr Reader sub(std::size_t n) {
    Reader r(take(n));
    r.ok_ = ok_;
    return r;
  }

 private:
  constexpr void fail() {
    ok_ = false;
    bytes_ = {};
  }
  template <std::size_t N>
  constexpr std::uint64_t number() {
    std::uint64_t value = 0;
    for (const auto octet : take(N)) value = (value << 8) | octet;
    return value;
  }

  ByteSpan bytes_;
  bool ok_ = true;
};

}  // namespace podbgp::wire

// One byte hash for interning and tables: fast on short keys, well mixed, not for adversaries who can choose collisions
// offline (a per-process seed keeps them from doing so).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace podbgp::net {

namespace detail {
inline std::uint64_t read64(const std::uint8_t* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
inline std::uint64_t mul_fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide r = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(r) ^ static_cast<std::uint64_t>(r >> 64);
}
}  // namespace detail

// Well-mixed 64-bit finaliser for integer keys.
inline std::uint64_t hash_u64(std::uint64_t key) {
  return detail::mul_fold(key ^ 0x9e3779b97f4a7c15ull, 0xd6e8feb86659fd93ull);
}

inline std::uint64_t hash_bytes(std::span<const std::uint8_t> bytes, std::uint64_t seed = 0) {
  constexpr std::uint64_t k0 = 0xa0761d6478bd642full, k1 = 0xe7037ed1a0b428dbull;
  std::uint64_t h = seed ^ k0;
  const std::uint8_t* p = bytes.data();
  std::size_t n = bytes.size();
  while (n > 16) {
    h = detail::mul_fold(detail::read64(p) ^ k1, detail::read64(p + 8) ^ h);
    p += 16;
    n -= 16;
  }
  std::uint8_t tail[16] = {};
  if (n > 0) std::memcpy(tail, p, n);
  h = detail::mul_fold(detail::read64(tail) ^ k1, detail::read64(tail + 8) ^ h);
  return detail::mul_fold(h ^ bytes.size(), k1);
}

}  // namespace podbgp::net

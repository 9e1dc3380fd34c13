// Is a prefix in a list of ranges ("10.244.0.0/16 le 28")? Linear for short lists; for long ones a hash per range
// length, so that a list of 100,000 ranges costs one look-up for each distinct length in it.
#pragma once

#include <array>
#include <unordered_map>
#include <vector>

#include "rib/policy.hpp"

namespace podbgp::rib {

class PrefixMatcher {
 public:
  PrefixMatcher() = default;
  explicit PrefixMatcher(std::vector<PrefixRange> ranges);
  [[nodiscard]] bool matches(const net::Prefix& prefix) const;

 private:
  struct Lengths {  // the lengths accepted under one prefix: bit n = length n
    std::array<std::uint64_t, 3> bits{};
    void insert(unsigned from, unsigned to);
    [[nodiscard]] bool contains(unsigned length) const { return (bits[length / 64] >> (length % 64)) & 1u; }
  };
  static constexpr std::size_t kLinearLimit = 8;

  std::vector<PrefixRange> ranges_;                                   // short lists
  std::array<std::vector<std::uint8_t>, net::kFamilyCount> lengths_;  // long lists: distinct range lengths, ascending
  std::unordered_map<net::Prefix, Lengths> index_;
};

}  // namespace podbgp::rib

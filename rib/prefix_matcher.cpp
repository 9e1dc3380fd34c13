#include "rib/prefix_matcher.hpp"

#include <algorithm>

namespace podbgp::rib {

void PrefixMatcher::Lengths::insert(unsigned from, unsigned to) {
  for (unsigned n = from; n <= to; ++n) bits[n / 64] |= std::uint64_t{1} << (n % 64);
}

PrefixMatcher::PrefixMatcher(std::vector<PrefixRange> ranges) : ranges_(std::move(ranges)) {
  if (ranges_.size() <= kLinearLimit) return;
  index_.reserve(ranges_.size());
  for (const auto& range : ranges_) {
    auto& lengths = lengths_[net::index(range.prefix.family())];
    const auto length = static_cast<std::uint8_t>(range.prefix.length());
    const auto at = std::lower_bound(lengths.begin(), lengths.end(), length);
    if (at == lengths.end() || *at != length) lengths.insert(at, length);
    // A range never accepts what is shorter than its own prefix, whatever its bounds say.
    const auto from = std::max<unsigned>(range.min_length, length);
    const auto to = std::min<unsigned>(range.max_length, range.prefix.address().bit_length());
    index_[range.prefix].insert(from, to);
  }
  ranges_.clear();
  ranges_.shrink_to_fit();
}

bool PrefixMatcher::matches(const net::Prefix& prefix) const {
  for (const auto& range : ranges_) {
    if (prefix.length() >= range.min_length && prefix.length() <= range.max_length && range.prefix.contains(prefix))
      return true;
  }
  for (const auto length : lengths_[net::index(prefix.family())]) {
    if (length > prefix.length()) break;
    const auto found = index_.find(net::Prefix::make(prefix.address(), length));
    if (found != index_.end() && found->second.contains(prefix.length())) return true;
  }
  return false;
}

}  // namespace podbgp::rib

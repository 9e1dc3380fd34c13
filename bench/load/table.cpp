#include "bench/load/table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

namespace podbgp::bench {
namespace {

// Share of each prefix length in per mille, roughly that of the global table.
constexpr std::array<std::pair<std::uint8_t, std::uint32_t>, 14> kLengths{{{24, 600},
                                                                           {23, 98},
                                                                           {22, 112},
                                                                           {21, 50},
                                                                           {20, 45},
                                                                           {19, 26},
                                                                           {18, 14},
                                                                           {17, 9},
                                                                           {16, 26},
                                                                           {15, 6},
                                                                           {14, 5},
                                                                           {13, 4},
                                                                           {12, 3},
                                                                           {11, 2}}};

std::uint8_t random_length(Random& random) {
  std::uint32_t draw = random.below(1000);
  for (const auto& [length, share] : kLengths) {
    if (draw < share) return length;
    draw -= share;
  }
  return 24;
}

// 10/8 holds the benchmark's own addresses; the others are those no router accepts.
bool usable(std::uint32_t first_octet) {
  return first_octet >= 1 && first_octet < 224 && first_octet != 10 && first_octet != 100 && first_octet != 127 &&
         first_octet != 169 && first_octet != 172 && first_octet != 192 && first_octet != 198 && first_octet != 203;
}

// Transit networks occur in many paths, origins in few.
std::uint32_t random_asn(Random& random, bool origin) {
  return origin ? 1000 + random.below(60000) : 200 + static_cast<std::uint32_t>(std::pow(random.unit(), 3) * 8000);
}

template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[random.below(static_cast<std::uint32_t>(i))]);
}

}  // namespace

Table::Table(const TableOptions& options) : options_(options) {
  sets_ = std::max(1U, static_cast<std::uint32_t>(options.prefixes * options.sets_per_prefix));
  make_prefixes();
  make_sets();
}

std::size_t Table::slot_of(const Nlri& prefix) const {
  return (prefix.address * 0x9e3779b97f4a7c15U + prefix.length * 0xd6e8feb86659fd93U) >>
         (64 - std::countr_zero(slots_.size()));
}

bool Table::insert(const Nlri& prefix) {
  std::size_t at = slot_of(prefix);
  for (; slots_[at].id_and_length != kUnknown; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].address == prefix.address && (slots_[at].id_and_length & 0xff) == prefix.length) return false;
  }
  slots_[at] = {prefix.address, static_cast<std::uint32_t>(prefixes_.size() << 8) | prefix.length};
  prefixes_.push_back(prefix);
  return true;
}

std::uint32_t Table::find(const Nlri& prefix) const {
  for (std::size_t at = slot_of(prefix); slots_[at].id_and_length != kUnknown; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].address == prefix.address && (slots_[at].id_and_length & 0xff) == prefix.length)
      return slots_[at].id_and_length >> 8;
  }
  return kUnknown;
}

void Table::make_prefixes() {
  slots_.resize(std::bit_ceil(options_.prefixes * std::size_t{2}));
  prefixes_.reserve(options_.prefixes);
  Random random(options_.seed);
  while (prefixes_.size() < options_.prefixes) {
    const std::uint8_t length = random_length(random);
    const auto address = static_cast<std::uint32_t>(random.next()) & (0xffffffffU << (32 - length));
    if (usable(address >> 24)) insert({address, length});
  }
}

void Table::make_sets() {
  members_.resize(sets_);
  std::vector<std::uint32_t> set_of(prefixes_.size());
  Random random(options_.seed + 1);
  for (std::uint32_t id = 0; id < size(); ++id) {
    // Every set has one prefix; the rest fall to the sets by the cube of a uniform draw: a few large ones.
    const double draw = random.unit();
    set_of[id] = id < sets_ ? id : std::min(sets_ - 1, static_cast<std::uint32_t>(sets_ * draw * draw * draw));
    members_[set_of[id]].push_back(prefixes_[id]);
  }
  std::vector<std::uint32_t> keys(sets_);
  for (std::uint32_t set = 0; set < sets_; ++set) keys[set] = attribute_key(attributes(set, preferred(set)));
  expected_.resize(prefixes_.size());
  for (std::uint32_t id = 0; id < size(); ++id) expected_[id] = keys[set_of[id]];
}

std::uint32_t Table::preferred(std::uint32_t set) const {
  if (options_.preference == Preference::FirstSender) return 0;
  return static_cast<std::uint32_t>(mix(set ^ options_.seed << 32) % options_.senders);
}

AttributeSet Table::attributes(std::uint32_t set, std::uint32_t sender) const {
  Random random(mix(options_.seed) ^ static_cast<std::uint64_t>(set) << 20 ^ sender);
  std::uint32_t behind = 2 + (random.below(4) + random.below(4)) / 2 + random.below(4);  // AS behind the sender: 2 to 8
  if (options_.senders > 1) {
    // The preferred sender's path is the shortest of all for this set, whatever the others drew.
    const auto shortest = 2 + static_cast<std::uint32_t>(mix(set + options_.seed) % 3);
    behind = sender == preferred(set) ? shortest : shortest + 1 + random.below(8 - shortest);
  }
  AttributeSet result;
  result.path.push_back(options_.first_asn + sender);
  for (std::uint32_t i = 0; i < behind; ++i) result.path.push_back(random_asn(random, i + 1 == behind));
  result.origin = random.below(10) == 0 ? 2 : 0;
  if (random.below(100) < 20) result.med = random.below(1000);
  if (random.below(100) < 70) {
    const std::uint32_t count = 1 + random.below(8);
    for (std::uint32_t i = 0; i < count; ++i)
      result.communities.push_back((200 + random.below(8000)) << 16 | random.below(5000));
    std::ranges::sort(result.communities);
    const auto repeated = std::ranges::unique(result.communities);
    result.communities.erase(repeated.begin(), repeated.end());
  }
  return result;
}

std::vector<std::uint32_t> Table::order(std::uint32_t sender) const {
  std::vector<std::uint32_t> sets(sets_);
  for (std::uint32_t i = 0; i < sets_; ++i) sets[i] = i;
  Random random(options_.seed + 1000 + sender);
  shuffle(sets, random);
  return sets;
}

Bytes Table::announcements(std::uint32_t sender, std::uint32_t next_hop) const {
  Bytes out;
  for (const std::uint32_t set : order(sender))
    append_announcements(out, encode_attributes(attributes(set, sender), next_hop), members_[set]);
  return out;
}

Bytes Table::withdrawals(std::uint32_t sender) const {
  std::vector<Nlri> all;
  all.reserve(prefixes_.size());
  for (const std::uint32_t set : order(sender)) all.insert(all.end(), members_[set].begin(), members_[set].end());
  Bytes out;
  append_withdrawals(out, all);
  return out;
}

}  // namespace podbgp::bench

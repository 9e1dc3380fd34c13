#pragma once

#include <cstdint>
#include <vector>

#include "bench/load/messages.hpp"

namespace podbgp::bench {

// Which sender's path must win.
enum class Preference { Spread, FirstSender };

struct TableOptions {
  std::uint32_t prefixes = 1000;
  double sets_per_prefix = 0.15;
  std::uint32_t senders = 1;
  std::uint32_t first_asn = 65001;  // of sender 0; the others follow
  Preference preference = Preference::Spread;
  std::uint64_t seed = 1;
};

// A synthetic Internet-like table: 60 % /24, attribute sets shared by skewed numbers of prefixes, paths of 3 to 9 AS,
// 70 % with communities, 20 % with MED. The same options give the same table.
class Table {
 public:
  static constexpr std::uint32_t kUnknown = 0xffffffff;

  explicit Table(const TableOptions& options);

  std::uint32_t size() const { return static_cast<std::uint32_t>(prefixes_.size()); }
  std::uint32_t set_count() const { return sets_; }
  const Nlri& prefix(std::uint32_t id) const { return prefixes_[id]; }

  // Index of a prefix, or kUnknown.
  std::uint32_t find(const Nlri& prefix) const;
  void prefetch(const Nlri& prefix) const { __builtin_prefetch(&slots_[slot_of(prefix)]); }

  // The key that a sink must see for this prefix when all senders have announced it.
  std::uint32_t expected_key(std::uint32_t id) const { return expected_[id]; }

  AttributeSet attributes(std::uint32_t set, std::uint32_t sender) const;
  Bytes announcements(std::uint32_t sender, std::uint32_t next_hop) const;
  Bytes withdrawals(std::uint32_t sender) const;

 private:
  struct Slot {
    std::uint32_t address = 0;
    std::uint32_t id_and_length = kUnknown;  // 24 bits of index, 8 of length
  };

  std::uint32_t preferred(std::uint32_t set) const;
  std::vector<std::uint32_t> order(std::uint32_t sender) const;
  void make_prefixes();
  void make_sets();
  bool insert(const Nlri& prefix);
  std::size_t slot_of(const Nlri& prefix) const;

  TableOptions options_;
  std::uint32_t sets_ = 1;
  std::vector<Nlri> prefixes_;
  std::vector<std::uint32_t> expected_;
  std::vector<std::vector<Nlri>> members_;  // by set
  std::vector<Slot> slots_;
};

}  // namespace podbgp::bench

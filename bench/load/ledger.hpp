#pragma once

#include <cstdint>
#include <vector>

#include "bench/load/table.hpp"

namespace podbgp::bench {

// What a sink holds of the table, and since when it is as it should be.
class Ledger {
 public:
  enum class Goal { AllRight, NoneHeld };

  Ledger(const Table& table, std::uint32_t target_asn)
      : table_(table), target_asn_(target_asn), state_(table.size(), State::Absent) {}

  // From now on `first_ns` and `complete_ns` speak of this goal.
  void aim(Goal goal);
  void update(ByteView body);

  std::uint32_t held() const { return held_; }
  std::uint32_t right() const { return right_; }
  std::uint32_t foreign() const { return foreign_; }         // prefixes that nobody announced
  std::uint32_t malformed() const { return malformed_; }     // messages
  std::uint64_t changes() const { return changes_; }         // prefixes received, announced or withdrawn
  std::int64_t first_ns() const { return first_ns_; }        // first change since the goal was set; 0: none
  std::int64_t complete_ns() const { return complete_ns_; }  // since when the goal is met without a break; 0: not met

 private:
  enum class State : std::uint8_t { Absent, Wrong, Right };

  void set(std::uint32_t id, State state);
  bool met() const { return goal_ == Goal::AllRight ? right_ == table_.size() : held_ == 0; }

  const Table& table_;
  std::uint32_t target_asn_;
  std::vector<State> state_;
  Goal goal_ = Goal::AllRight;
  std::uint32_t held_ = 0;
  std::uint32_t right_ = 0;
  std::uint32_t foreign_ = 0;
  std::uint32_t malformed_ = 0;
  std::uint64_t changes_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t complete_ns_ = 0;
};

}  // namespace podbgp::bench

#include "bench/load/ledger.hpp"

#include <array>

#include "bench/load/clock.hpp"

namespace podbgp::bench {

void Ledger::aim(Goal goal) {
  goal_ = goal;
  first_ns_ = 0;
  complete_ns_ = met() ? now_ns() : 0;
  foreign_ = malformed_ = 0;
  changes_ = 0;
}

void Ledger::set(std::uint32_t id, State state) {
  State& now = state_[id];
  held_ += (state != State::Absent) - (now != State::Absent);
  right_ += (state == State::Right) - (now == State::Right);
  now = state;
}

void Ledger::update(ByteView body) {
  const auto update = parse_update(body, target_asn_);
  if (!update) {
    ++malformed_;
    return;
  }
  if (update->withdrawn.empty() && update->announced.empty()) return;  // End-of-RIB
  // The lookups miss the cache: all of a message's are started before the first is waited for.
  static std::array<Nlri, 4096> batch;
  const auto apply = [&](ByteView field, bool announced) {
    std::size_t count = 0;
    const bool whole = for_each_prefix(field, [&](const Nlri& prefix) {
      table_.prefetch(prefix);
      if (count < batch.size()) batch[count++] = prefix;
    });
    if (!whole) ++malformed_;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id = table_.find(batch[i]);
      ++changes_;
      if (id == Table::kUnknown) {
        ++foreign_;
      } else {
        set(id, !announced ? State::Absent : table_.expected_key(id) == update->key ? State::Right : State::Wrong);
      }
    }
  };
  apply(update->withdrawn, false);
  apply(update->announced, true);
  if (first_ns_ == 0) first_ns_ = now_ns();
  if (!met()) {
    complete_ns_ = 0;
  } else if (complete_ns_ == 0) {
    complete_ns_ = now_ns();
  }
}

}  // namespace podbgp::bench

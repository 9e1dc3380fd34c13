#include "bgpd/kernel_marks.hpp"

#include <algorithm>

namespace podbgp::bgpd {

net::Result<void, std::string> KernelMarks::take(const fib::Settings& settings) {
  const auto own = settings.mark();
  const auto lock_of = [](const fib::Mark& mark) { return std::pair(mark.table, mark.protocol); };
  std::vector<std::pair<std::uint32_t, std::uint8_t>> held;
  if (settings.install) {
    auto lock = KernelLock::take(own.table, own.protocol);
    if (!lock) return net::fail(lock.error());
    lock_ = std::move(*lock);
    own_ = {own};
    held.push_back(lock_of(own));
  }
  for (const auto& mark : state_.marks()) {
    if (settings.install && mark == own) continue;
    if (std::ranges::find(held, lock_of(mark)) == held.end()) {
      auto lock = KernelLock::take(mark.table, mark.protocol);
      if (!lock) {
        others_.push_back(mark);
        continue;
      }
      former_locks_.push_back(std::move(*lock));
      held.push_back(lock_of(mark));
    }
    former_.push_back(mark);
  }
  return {};
}

void KernelMarks::former_gone() {
  former_.clear();
  former_locks_.clear();
  keep();
}

void KernelMarks::keep() {
  auto marks = own_;
  marks.insert(marks.end(), former_.begin(), former_.end());
  marks.insert(marks.end(), others_.begin(), others_.end());
  if (marks == state_.marks()) return;
  if (auto kept = state_.keep(marks); !kept) not_kept_(kept.error());
}

}  // namespace podbgp::bgpd

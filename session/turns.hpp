// Turns: what an executor does in one go. Timers that are due run between any two turns, so a keepalive waits for one turn
// and not for all that is queued; turns are timed, because nothing else runs meanwhile.
//
// Owner: the executor's thread. No Boost.Asio here.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <utility>

#include "net/time.hpp"

namespace podbgp::session {

// Work that could take longer stops after about this and goes on in a later turn.
inline constexpr std::chrono::milliseconds kTurnTime{5};

class Turns {
 public:
  using Clock = std::function<net::TimePoint()>;
  explicit Turns(Clock clock) : clock_(std::move(clock)) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Runs the timers that are due, then `work`.
  template <class F>
  void run(F&& work) {
    const auto begin = run_due();
    work();
    note(begin);
  }
  net::TimePoint run_due() {
    const auto due = clock_();
    auto now = due;
    while (!timers_.empty() && timers_.begin()->first.first <= due) {
      const auto timer = timers_.extract(timers_.begin());
      timer.mapped()();
      now = note(now);
    }
    return now;
  }

  using Key = std::pair<net::TimePoint, std::uint64_t>;
  [[nodiscard]] Key arm(net::TimePoint when, std::function<void()> fire) {
    const Key key{when, ++last_};
    timers_.emplace(key, std::move(fire));
    return key;
  }
  void cancel(const Key& key) { timers_.erase(key); }  // one that has fired is no more
  [[nodiscard]] const net::TimePoint* next() const { return timers_.empty() ? nullptr : &timers_.begin()->first.first; }
  [[nodiscard]] net::Duration longest() const { return longest_; }

 private:
  net::TimePoint note(net::TimePoint begin) {
    const auto end = clock_();
    longest_ = std::max<net::Duration>(longest_, end - begin);
    return end;
  }

  Clock clock_;
  std::map<Key, std::function<void()>> timers_;
  std::uint64_t last_ = 0;
  net::Duration longest_{0};
};

}  // namespace podbgp::session

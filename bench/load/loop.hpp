#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include <sys/epoll.h>

namespace podbgp::bench {

// The one event loop of the load generator, around epoll (level-triggered).
class Loop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void add(int fd, std::uint32_t events, Handler handler);
  void change(int fd, std::uint32_t events);
  void remove(int fd);
  // Called at least every 50 ms while the loop runs.
  void on_tick(std::function<void()> tick) { ticks_.push_back(std::move(tick)); }

  // Runs until `done` holds (asked after each round of events) or `deadline_ns` has passed; false: deadline.
  bool run_until(const std::function<bool()>& done, std::int64_t deadline_ns);
  void run_for(std::int64_t duration_ns);

 private:
  int epoll_;
  std::unordered_map<int, Handler> handlers_;
  std::vector<std::function<void()>> ticks_;
  std::int64_t last_tick_ns_ = 0;
};

}  // namespace podbgp::bench

#include "bench/load/loop.hpp"

#include <array>
#include <system_error>

#include <unistd.h>

#include "bench/load/clock.hpp"

namespace podbgp::bench {
namespace {
constexpr std::int64_t kTickNs = 50'000'000;
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Loop::~Loop() { close(epoll_); }

void Loop::add(int fd, std::uint32_t events, Handler handler) {
  handlers_[fd] = std::move(handler);
  epoll_event event{.events = events, .data = {.fd = fd}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Loop::change(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::remove(int fd) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  handlers_.erase(fd);
}

bool Loop::run_until(const std::function<bool()>& done, std::int64_t deadline_ns) {
  std::array<epoll_event, 256> events{};
  for (;;) {
    const std::int64_t now = now_ns();
    if (now - last_tick_ns_ >= kTickNs) {
      last_tick_ns_ = now;
      for (const auto& tick : ticks_) tick();
    }
    if (done()) return true;
    if (now >= deadline_ns) return false;
    const int wait_ms = static_cast<int>(std::min<std::int64_t>(kTickNs, deadline_ns - now) / 1'000'000) + 1;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
    for (int i = 0; i < count; ++i) {
      const auto found = handlers_.find(events[static_cast<std::size_t>(i)].data.fd);
      if (found == handlers_.end()) continue;  // removed by a handler before it in this round
      const Handler handler = found->second;   // a copy: the handler may remove itself
      handler(events[static_cast<std::size_t>(i)].events);
    }
  }
}

void Loop::run_for(std::int64_t duration_ns) {
  run_until([] { return false; }, now_ns() + duration_ns);
}

}  // namespace podbgp::bench

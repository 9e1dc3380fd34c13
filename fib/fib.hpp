// The fib executor: one thread that owns the planner and the netlink sockets.
//
// core posts ToFib messages from its thread; `deliver` is called from the fib thread with each FromFib message and must
// only push it into a mailbox. PeerDown overtakes route batches that are queued: between two kernel batches (about 2
// ms) the mailbox is read and peers are handled first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "fib/messages.hpp"
#include "fib/settings.hpp"
#include "net/mailbox.hpp"
#include "net/result.hpp"

namespace podbgp::fib {

struct FibTuning {
  int monitor_buffer = 16 << 20;  // bytes of notifications the kernel may queue for us before it drops them
  std::size_t batch = 560;        // requests per send: 32 KB
};

class Fib {
 public:
  using Deliver = std::function<void(FromFib)>;

  // With `settings.install` false there is a thread as well, because links and addresses are still watched; tracked
  // next hops are answered as reachable and routes as Installed, and the kernel's routes are neither read nor written.
  Fib(Settings settings, Deliver deliver, FibTuning tuning = {});
  ~Fib();  // stops without removing routes if Stop was not posted
  Fib(const Fib&) = delete;
  Fib& operator=(const Fib&) = delete;

  // Opens the sockets in the caller's network namespace, then starts the thread. Needs CAP_NET_ADMIN to install. On
  // failure there is no thread, and core is told by a Warning as well. `former`: see Planner; answered by FormerGone, also
  // with `settings.install` false.
  net::Result<void, std::string> start(std::vector<Mark> former = {});
  void post(ToFib message);  // any thread
  void join();               // after Stop was posted; returns when Stopped was delivered

 private:
  class Loop;

  void wake() const;

  Settings settings_;
  Deliver deliver_;
  FibTuning tuning_;
  int wake_fd_ = -1;
  net::Mailbox<ToFib> mailbox_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace podbgp::fib

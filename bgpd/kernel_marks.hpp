// KernelMarks: under which marks (table, protocol, metrics) routes of ours may be in the kernel. Holds the locks of this
// run's and of those that earlier runs used, and keeps the list in the state folder until their routes are gone.
//
// Thread: control.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bgpd/kernel_lock.hpp"
#include "bgpd/state.hpp"
#include "fib/settings.hpp"
#include "net/result.hpp"

namespace podbgp::bgpd {

class KernelMarks {
 public:
  // `not_kept` is told when the state folder cannot be written: what this run leaves is then not found by one with other
  // settings.
  KernelMarks(const StateFolder& state, std::function<void(std::string)> not_kept)
      : state_(state), not_kept_(std::move(not_kept)) {}

  // Before anything touches a peer or the kernel; writes nothing. An error: another podbgpd has the mark of this run. A
  // former run's mark that another podbgpd has now is that one's, for the time.
  [[nodiscard]] net::Result<void, std::string> take(const fib::Settings& settings);
  void keep();  // before the first route is written, and not before the start is sure to succeed
  [[nodiscard]] const std::vector<fib::Mark>& former() const { return former_; }
  void former_gone();  // from the kernel

 private:
  const StateFolder& state_;
  std::function<void(std::string)> not_kept_;
  std::vector<fib::Mark> own_;  // one, or none where nothing is installed
  std::vector<fib::Mark> former_, others_;
  KernelLock lock_;
  std::vector<KernelLock> former_locks_;
};

}  // namespace podbgp::bgpd

#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace podbgp::bench {

struct Memory {
  double rss_mib = 0;
  double peak_rss_mib = 0;
  double pss_mib = 0;
};

// CPU and memory of the target's processes, read from /proc.
class ProcessStats {
 public:
  explicit ProcessStats(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  bool empty() const { return pids_.empty(); }
  bool alive() const;
  // User and system time of all threads, also of those that ended; in steps of the kernel's tick (10 ms).
  double cpu_s() const;
  Memory memory() const;
  double rss_mib() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace podbgp::bench

#include "bench/load/process_stats.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include <unistd.h>

namespace podbgp::bench {
namespace {

std::string path_of(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

// The number behind `field` in a file of "Field:   123 kB" lines.
double kib_of(pid_t pid, const char* file, const std::string& field) {
  std::ifstream in(path_of(pid, file));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size(), nullptr);
  }
  return 0;
}

}  // namespace

bool ProcessStats::alive() const {
  for (const pid_t pid : pids_) {
    std::ifstream in(path_of(pid, "stat"));
    std::string line;
    if (!std::getline(in, line)) return false;
    const char state = line[line.rfind(')') + 2];
    if (state == 'Z' || state == 'X') return false;
  }
  return true;
}

double ProcessStats::cpu_s() const {
  double ticks = 0;
  for (const pid_t pid : pids_) {
    std::ifstream in(path_of(pid, "stat"));
    std::string line;
    if (!std::getline(in, line)) continue;
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string field;
    for (int i = 3; i < 16 && fields >> field; ++i) {
      if (i >= 14) ticks += std::strtod(field.c_str(), nullptr);  // utime, stime
    }
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ProcessStats::rss_mib() const {
  double kib = 0;
  for (const pid_t pid : pids_) kib += kib_of(pid, "status", "VmRSS:");
  return kib / 1024;
}

Memory ProcessStats::memory() const {
  Memory sum;
  for (const pid_t pid : pids_) {
    sum.rss_mib += kib_of(pid, "status", "VmRSS:") / 1024;
    sum.peak_rss_mib += kib_of(pid, "status", "VmHWM:") / 1024;
    sum.pss_mib += kib_of(pid, "smaps_rollup", "Pss:") / 1024;
  }
  return sum;
}

}  // namespace podbgp::bench

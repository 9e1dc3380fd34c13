#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/types.h>

#include "bench/load/kernel_monitor.hpp"
#include "bench/load/ledger.hpp"
#include "bench/load/loop.hpp"
#include "bench/load/peer.hpp"
#include "bench/load/process_stats.hpp"
#include "bench/load/report.hpp"
#include "bench/load/table.hpp"

namespace podbgp::bench {

enum class Kind {
  Table,     // announce a table, see it at all sinks and in the kernel, withdraw it
  Failover,  // two senders; the better one's session is reset: see the kernel move to the other
};

struct ScenarioOptions {
  Kind kind = Kind::Table;
  std::uint32_t prefixes = 1000;
  std::uint32_t senders = 1;
  std::uint32_t sinks = 1;
  std::uint32_t cycles = 1;  // announce and withdraw so many times (Table)
  std::uint16_t hold_s = 90;
  std::uint32_t dial_at_once = 4;  // sessions being set up at a time: some listen queues hold 5
  std::uint64_t seed = 1;
  std::int64_t timeout_ns = 60'000'000'000;  // of each phase
  std::uint32_t target_asn = 65000;
  sockaddr_in target{};
  std::string kernel_netns;  // empty: no kernel monitor
  std::vector<pid_t> pids;   // of the target
  bool step = false;         // wait for a line on standard input before each phase that matters
};

// One run of one scenario against a target that is already there. Throws std::runtime_error when the target fails it.
class Scenario {
 public:
  explicit Scenario(const ScenarioOptions& options);
  Report run();

 private:
  void connect_all();
  void wait_quiet();
  void step(const std::string& name);
  void run_cycle(bool first);
  void announce(const std::string& suffix);
  void withdraw(const std::string& suffix);
  void run_failover();
  void report_gaps();
  void sample_rss();
  std::int64_t complete_ns() const;
  std::int64_t first_ns() const;
  void wait_complete(const std::string& what, std::int64_t start_ns);
  std::string state_of_all() const;
  void check_sessions() const;
  std::uint32_t sender_address(std::uint32_t index) const;

  ScenarioOptions options_;
  Loop loop_;
  Table table_;
  ProcessStats stats_;
  std::vector<std::unique_ptr<Peer>> peers_;  // senders, then sinks
  std::vector<std::unique_ptr<Ledger>> ledgers_;
  std::unique_ptr<KernelMonitor> kernel_;
  std::vector<Bytes> announcements_;
  std::vector<Bytes> withdrawals_;
  Report report_;
  double rss_highest_mib_ = 0;
};

// Addresses in the load generator's namespace (host byte order); bench/harness/lab.py assigns them to its interface.
std::uint32_t peer_address(bool sink, std::uint32_t index);
std::uint32_t peer_asn(bool sink, std::uint32_t index);

}  // namespace podbgp::bench

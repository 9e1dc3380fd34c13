// Daemon: who owns whom, in which order things start and stop. The executors: core (its own thread), fib (its own), control
// (the main thread), gRPC's callback threads.
#pragma once

#include <string>

namespace podbgp::bgpd {

struct DaemonOptions {
  std::string config_file = "/etc/podbgp/podbgp.yaml";
  bool keep_privileges = false;  // tests only: an unprivileged test cannot drop what it does not have
};

// EX_CONFIG of sysexits.h: the file has errors, and starting again does not help. Service managers tell it from 1.
inline constexpr int kBadConfig = 78;

// Runs until SIGTERM or SIGINT. The exit code: 0 after a clean stop; kBadConfig, or 1 when it cannot start for another
// reason (which went to stderr).
[[nodiscard]] int run_daemon(const DaemonOptions& options);

}  // namespace podbgp::bgpd

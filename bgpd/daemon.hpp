// Daemon: who owns whom, in which order things start and stop. The executors: core (its own thread), fib (its own), control
// (the main thread), gRPC's callback threads.
#pragma once

#include <string>

namespace podbgp::bgpd {

struct DaemonOptions {
  std::string config_file = "/etc/podbgp/podbgp.yaml";
  bool keep_privileges = false;  // tests only: an unprivileged test cannot drop what it does not have
};

// Runs until SIGTERM or SIGINT. The exit code: 0 after a clean stop, 1 when it cannot start (the reason went to stderr).
[[nodiscard]] int run_daemon(const DaemonOptions& options);

}  // namespace podbgp::bgpd

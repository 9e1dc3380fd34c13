// sd_notify(3) without a library: one datagram to $NOTIFY_SOCKET. Does nothing when not started by a service manager.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace podbgp::bgpd {

void notify(std::string_view message);  // "READY=1\nSTATUS=2 of 2 peers up"
// Half of WATCHDOG_USEC, if a watchdog was asked for and meant for this process.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace podbgp::bgpd

// What the host is set to, as far as it decides whether packets follow our routes, and who is behind a netlink port id.
// Reads /proc of the calling thread's network namespace; changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace podbgp::fib {

// Warnings with remedy where the host would not forward: ip_forward, IPv6 forwarding.
[[nodiscard]] std::vector<std::string> forwarding_warnings();
// Strict reverse-path filtering on an interface that our routes leave by; empty when there is none.
[[nodiscard]] std::string reverse_path_warning(const std::string& interface);
// "ip (pid 4711)", "port id 123 (no process found)".
[[nodiscard]] std::string who_is(std::uint32_t port);

}  // namespace podbgp::fib

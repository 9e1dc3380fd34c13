// One netlink route socket: requests in large sends, or notifications behind a filter. Owned by the fib thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/result.hpp"

namespace podbgp::fib {

class NetlinkSocket {
 public:
  // For requests and dumps: ext-ack, capped acks, strict checking of dump requests.
  [[nodiscard]] static net::Result<NetlinkSocket, std::string> open_requests();
  // For notifications. What `own_port` caused is dropped by a BPF filter before it is queued: replacing a group
  // notifies once per route that uses it. `routes`: false for links and addresses only. `buffer`: bytes the kernel may
  // queue.
  [[nodiscard]] static net::Result<NetlinkSocket, std::string> open_monitor(std::uint32_t own_port, bool routes,
                                                                            int buffer);

  NetlinkSocket() = default;
  NetlinkSocket(NetlinkSocket&& other) noexcept;
  NetlinkSocket& operator=(NetlinkSocket&& other) noexcept;
  ~NetlinkSocket();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint32_t port() const { return port_; }
  [[nodiscard]] net::Result<void, int> send(std::span<const std::uint8_t> bytes);  // errno
  // One datagram from the kernel; valid until the next receive(). Errors: EAGAIN nothing there, ENOBUFS overrun,
  // ETIMEDOUT no answer within five seconds.
  [[nodiscard]] net::Result<std::span<const std::uint8_t>, int> receive(bool wait);

 private:
  [[nodiscard]] net::Result<void, std::string> open(int buffer);

  int fd_ = -1;
  std::uint32_t port_ = 0;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace podbgp::fib

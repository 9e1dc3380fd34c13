// KernelLock: one podbgpd for each routing table and protocol of a network namespace. Two would take each other's routes
// for leftovers and sweep them. Held as the name of an abstract Unix socket, which belongs to the network namespace, needs
// no file and goes with the process.
//
// Thread: any one at a time.
#pragma once

#include <cstdint>
#include <string>

#include "net/result.hpp"

namespace podbgp::bgpd {

class KernelLock {
 public:
  KernelLock() = default;
  KernelLock(KernelLock&& other) noexcept;
  KernelLock& operator=(KernelLock&& other) noexcept;
  ~KernelLock();

  // An error names the process that has it, and the remedy.
  [[nodiscard]] static net::Result<KernelLock, std::string> take(std::uint32_t table, std::uint8_t protocol);

 private:
  explicit KernelLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace podbgp::bgpd

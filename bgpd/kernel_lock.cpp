#include "bgpd/kernel_lock.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace podbgp::bgpd {

namespace {

int unix_socket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// Who listens there; nullopt: nobody that could be asked.
std::optional<ucred> holder(const sockaddr_un& address, socklen_t size) {
  const int fd = unix_socket();
  ucred who{};
  socklen_t length = sizeof who;
  const bool known = connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0;
  close(fd);
  return known ? std::optional(who) : std::nullopt;
}

}  // namespace

KernelLock::KernelLock(KernelLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
KernelLock& KernelLock::operator=(KernelLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
KernelLock::~KernelLock() {
  if (fd_ >= 0) close(fd_);
}

net::Result<KernelLock, std::string> KernelLock::take(std::uint32_t table, std::uint8_t protocol) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = fmt::format("podbgpd/table-{}/protocol-{}", table, protocol);
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  KernelLock lock(unix_socket());
  if (lock.fd_ >= 0 && bind(lock.fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0 && listen(lock.fd_, 1) == 0)
    return lock;
  if (errno != EADDRINUSE)
    return net::fail(fmt::format("cannot make sure that no other podbgpd writes this routing table: {}", std::strerror(errno)));
  const auto who = holder(address, size);
  // Any user may take such a name: only root or our own user can keep us from working.
  if (who && who->uid != 0 && who->uid != geteuid()) return KernelLock();
  return net::fail(fmt::format(
      "another podbgpd{} writes routes of protocol {} into table {} of this network namespace; stop it, or give this one "
      "another fib.table or fib.protocol, or `fib: {{ install: off }}`",
      who && who->pid != 0 ? fmt::format(" (pid {})", who->pid) : "", protocol, table));
}

}  // namespace podbgp::bgpd

#include "fib/netlink_socket.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

namespace podbgp::fib {

namespace {

constexpr std::size_t kDatagram = 65536;  // the kernel fills at most 32 KB of a dump
constexpr int kRequestBuffer = 4 << 20;   // the answers of a batch that fails as a whole: 600 of about 1 KB

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

// Buffers beyond net.core.rmem_max need CAP_NET_ADMIN, which we have when it matters.
void set_receive_buffer(int fd, int bytes) {
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

// Loads are big-endian, the fields are in host order: constants are swapped instead.
bool attach_filter(int fd, std::uint32_t own_port) {
  constexpr std::uint32_t kType = offsetof(nlmsghdr, nlmsg_type), kPort = offsetof(nlmsghdr, nlmsg_pid);
  constexpr std::uint32_t kFamily = NLMSG_HDRLEN + offsetof(ndmsg, ndm_family);
  constexpr std::uint32_t kState = NLMSG_HDRLEN + offsetof(ndmsg, ndm_state);
  const std::uint32_t kPassing = htons(NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE);
  const std::array<sock_filter, 11> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kPort),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own_port), 8, 0),  // ours: drop
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kType),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 0, 4),  // not a neighbour: take
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFamily),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_BRIDGE, 3, 0),  // forwarding database: drop
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kState),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kPassing, 1, 0),  // a look-up in progress: drop
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

}  // namespace

NetlinkSocket::NetlinkSocket(NetlinkSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), port_(other.port_), buffer_(std::move(other.buffer_)) {}

NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

NetlinkSocket::~NetlinkSocket() {
  if (fd_ >= 0) ::close(fd_);
}

net::Result<void, std::string> NetlinkSocket::open(int buffer) {
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t length = sizeof address;
  if (fd_ < 0 || ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return net::fail(fmt::format("cannot open a netlink socket: {}", std::strerror(errno)));
  port_ = address.nl_pid;
  set_receive_buffer(fd_, buffer);
  set_option(fd_, SOL_SOCKET, SO_SNDBUF, 1 << 20);
  const timeval patience{5, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  buffer_.resize(kDatagram);
  return {};
}

net::Result<NetlinkSocket, std::string> NetlinkSocket::open_requests() {
  NetlinkSocket socket;
  if (auto opened = socket.open(kRequestBuffer); !opened) return net::fail(std::move(opened.error()));
  set_option(socket.fd_, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  set_option(socket.fd_, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  set_option(socket.fd_, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  return socket;
}

net::Result<NetlinkSocket, std::string> NetlinkSocket::open_monitor(std::uint32_t own_port, bool routes, int buffer) {
  NetlinkSocket socket;
  if (auto opened = socket.open(buffer); !opened) return net::fail(std::move(opened.error()));
  if (!attach_filter(socket.fd_, own_port))
    return net::fail(fmt::format("cannot filter netlink notifications: {}", std::strerror(errno)));
  const auto join = [&](int group) { set_option(socket.fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group); };
  for (const int group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR}) join(group);
  if (routes)
    for (const int group : {RTNLGRP_NEIGH, RTNLGRP_NEXTHOP, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE}) join(group);
  return socket;
}

net::Result<void, int> NetlinkSocket::send(std::span<const std::uint8_t> bytes) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const auto sent = ::sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    if (sent >= 0) return {};
    if (errno != EINTR) return net::fail(errno);
  }
}

net::Result<std::span<const std::uint8_t>, int> NetlinkSocket::receive(bool wait) {
  for (;;) {
    sockaddr_nl from{};
    iovec part{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const auto got = ::recvmsg(fd_, &message, wait ? 0 : MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      return net::fail(errno == EAGAIN && wait ? ETIMEDOUT : errno);
    }
    if (from.nl_pid != 0) continue;  // only the kernel is believed
    if (message.msg_flags & MSG_TRUNC) return net::fail(ENOBUFS);
    return std::span<const std::uint8_t>(buffer_.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace podbgp::fib

#include "session/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <unistd.h>

#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73  // linux/in6.h, which does not go together with netinet/in.h
#endif

namespace podbgp::session::socket {

namespace {

constexpr int kTrafficClass =
    IPTOS_PREC_INTERNETCONTROL;  // CS6, RFC 4271 Appendix E says precedence "Internet control"
// What the kernel holds unsent delays a KEEPALIVE, so it is kept small; what is in flight is TCP's affair.
constexpr int kUnsentLowWater = 256 * 1024;

int set_int(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value); }

std::string error_text(int error) { return std::strerror(error); }

}  // namespace

Fd::~Fd() {
  if (value_ >= 0) ::close(value_);
}

net::Result<Address, std::string> make_address(const net::IpAddress& address, std::uint16_t port,
                                               const std::string& interface) {
  Address result;
  if (address.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(result.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    result.size = sizeof in;
    return result;
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(result.storage);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
  result.size = sizeof in6;
  if (address.is_link_local()) {
    if (interface.empty()) {
      return net::fail(fmt::format("{} is link-local: name the interface it is on", address));
    }
    in6.sin6_scope_id = if_nametoindex(interface.c_str());
    if (in6.sin6_scope_id == 0)
      return net::fail(fmt::format("interface {} does not exist (for {})", interface, address));
  }
  return result;
}

AddressPort to_address_port(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    return {net::IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
  return {net::IpAddress::v6(std::span<const std::uint8_t, 16>(in6.sin6_addr.s6_addr)), ntohs(in6.sin6_port)};
}

std::string to_string(const AddressPort& ap) {
  return ap.address.is_v6() ? fmt::format("[{}]:{}", ap.address, ap.port) : fmt::format("{}:{}", ap.address, ap.port);
}

void set_common(int fd, bool v6) {
  // Each of these helps and none is needed: an old kernel or a sandbox that refuses one does not stop a session.
  (void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  (void)set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentLowWater);
  (void)(v6 ? set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, kTrafficClass) : set_int(fd, IPPROTO_IP, IP_TOS, kTrafficClass));
}

std::optional<std::string> set_ttl(int fd, const Endpoint& endpoint) {
  const bool v6 = endpoint.address.is_v6();
  const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const int ttl = endpoint.ttl_security_hops ? 255 : static_cast<int>(std::clamp(endpoint.ttl, 1u, 255u));
  if (set_int(fd, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, ttl) != 0) {
    return fmt::format("cannot set TTL {} for {}: {}", ttl, endpoint.address, error_text(errno));
  }
  if (!endpoint.ttl_security_hops) return std::nullopt;
  const int least = 256 - static_cast<int>(std::clamp(*endpoint.ttl_security_hops, 1u, 255u));
  if (set_int(fd, level, v6 ? IPV6_MINHOPCOUNT : IP_MINTTL, least) != 0) {
    return fmt::format("cannot require TTL {} from {} (TTL security): {}", least, endpoint.address, error_text(errno));
  }
  return std::nullopt;
}

std::optional<std::string> set_md5(int fd, const net::IpAddress& remote, const std::string& password) {
  if (password.size() > TCP_MD5SIG_MAXKEYLEN) {
    return fmt::format("the TCP MD5 password for {} has {} octets, but Linux takes at most {}", remote, password.size(),
                       TCP_MD5SIG_MAXKEYLEN);
  }
  tcp_md5sig key{};
  // The scope is left out on purpose: the key belongs to the address, on whatever link.
  if (remote.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(key.tcpm_addr);
    in.sin_family = AF_INET;
    std::memcpy(&in.sin_addr, remote.bytes().data(), 4);
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(key.tcpm_addr);
    in6.sin6_family = AF_INET6;
    std::memcpy(&in6.sin6_addr, remote.bytes().data(), 16);
  }
  key.tcpm_keylen = static_cast<std::uint16_t>(password.size());
  std::memcpy(key.tcpm_key, password.data(), password.size());
  if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) == 0) return std::nullopt;
  if (password.empty() && errno == ENOENT) return std::nullopt;
  const char* remedy = errno == EPERM         ? "; give podbgpd CAP_NET_ADMIN"
                       : errno == ENOPROTOOPT ? "; the kernel has no TCP MD5 (CONFIG_TCP_MD5SIG)"
                                              : "";
  return fmt::format("cannot set the TCP MD5 password for {}: {}{}", remote, error_text(errno), remedy);
}

net::Result<Fd, std::string> make_dialing(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.is_v6();
  Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (fd.get() < 0)
    return net::fail(fmt::format("cannot make a socket for {}: {}", endpoint.address, error_text(errno)));
  set_common(fd.get(), v6);
  if (auto error = set_ttl(fd.get(), endpoint)) return net::fail(std::move(*error));
  if (!endpoint.password.empty()) {
    if (auto error = set_md5(fd.get(), endpoint.address, endpoint.password)) return net::fail(std::move(*error));
  }
  if (endpoint.local_address) {
    const auto local = make_address(*endpoint.local_address, 0, endpoint.interface);
    if (!local) return net::fail(local.error());
    if (::bind(fd.get(), local->get(), local->size) != 0) {
      const char* remedy = errno == EADDRNOTAVAIL ? "; no interface of this host has it" : "";
      return net::fail(fmt::format("cannot use local address {} for {}: {}{}", *endpoint.local_address,
                                   endpoint.address, error_text(errno), remedy));
    }
  }
  return fd;
}

net::Result<Fd, std::string> make_listening(const net::IpAddress& address, std::uint16_t port, int backlog) {
  const auto where = to_string(AddressPort{address, port});
  const bool v6 = address.is_v6();
  Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (fd.get() < 0) {
    const char* remedy =
        errno == EAFNOSUPPORT ? "; IPv6 is off on this host: leave this address out of router.listen" : "";
    return net::fail(fmt::format("cannot listen on {}: {}{}", where, error_text(errno), remedy));
  }
  (void)set_int(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (v6) (void)set_int(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  set_common(fd.get(), v6);
  (void)set_int(fd.get(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, 255);
  const auto local = make_address(address, port);
  if (!local) return net::fail(fmt::format("cannot listen on {}: {}", where, local.error()));
  if (::bind(fd.get(), local->get(), local->size) == 0 && ::listen(fd.get(), backlog) == 0) return fd;
  std::string remedy;
  switch (errno) {
    case EADDRINUSE:
      remedy = fmt::format("; another program listens there (ss -ltnp 'sport = :{}' shows it)", port);
      break;
    case EACCES: remedy = "; ports below 1024 need CAP_NET_BIND_SERVICE"; break;
    case EADDRNOTAVAIL: remedy = "; no interface of this host has this address"; break;
    default: break;
  }
  return net::fail(fmt::format("cannot listen on {}: {}{}", where, error_text(errno), remedy));
}

std::string explain_connect_error(int error, const Endpoint& endpoint) {
  const auto where = to_string(AddressPort{endpoint.address, endpoint.port});
  std::string remedy;
  switch (error) {
    case ECONNREFUSED: remedy = "; nothing listens there, or it does not take us for a peer"; break;
    case ENETUNREACH:
    case EHOSTUNREACH: remedy = "; is the link up, and is there a route?"; break;
    case EADDRNOTAVAIL: remedy = "; this host has no usable source address"; break;
    case ETIMEDOUT: remedy = "; host down, firewall, or a TCP MD5 password that differs"; break;
    default: break;
  }
  return fmt::format("{}: {}{}", where, error_text(error), remedy);
}

}  // namespace podbgp::session::socket

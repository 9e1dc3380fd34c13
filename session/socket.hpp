// Socket options of BGP as plain system calls: addresses, TTL and GTSM, TCP MD5, traffic class. No Asio here.
//
// Errors are texts which name the address and what to do. Owner: core's thread.
#pragma once

#include <optional>
#include <string>

#include <sys/socket.h>

#include "net/result.hpp"
#include "session/transport.hpp"

namespace podbgp::session::socket {

// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int value) : value_(value) {}
  Fd(Fd&& other) noexcept : value_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Fd();
  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] int release() { return std::exchange(value_, -1); }

 private:
  int value_ = -1;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
struct AddressPort {
  net::IpAddress address;
  std::uint16_t port = 0;
};

// `interface` gives the scope of a link-local IPv6 address; an unknown one is an error.
[[nodiscard]] net::Result<Address, std::string> make_address(const net::IpAddress& address, std::uint16_t port,
                                                             const std::string& interface = {});
[[nodiscard]] AddressPort to_address_port(const sockaddr_storage& storage);
[[nodiscard]] std::string to_string(const AddressPort& ap);  // "10.0.0.1:179", "[::1]:179"

// A non-blocking TCP socket for dialling, with everything the endpoint asks for, bound to its local address.
[[nodiscard]] net::Result<Fd, std::string> make_dialing(const Endpoint& endpoint);
// A non-blocking listening socket: reuse of the address, V6ONLY, TTL 255 (a peer with GTSM checks the SYN-ACK too).
[[nodiscard]] net::Result<Fd, std::string> make_listening(const net::IpAddress& address, std::uint16_t port,
                                                          int backlog);

// What every connection has: no delay, traffic class CS6, little unsent data in the kernel.
void set_common(int fd, bool v6);
// TTL, and with GTSM the least TTL that is accepted (RFC 5082).
[[nodiscard]] std::optional<std::string> set_ttl(int fd, const Endpoint& endpoint);
// The key for one remote address (RFC 2385); an empty password removes it.
[[nodiscard]] std::optional<std::string> set_md5(int fd, const net::IpAddress& remote, const std::string& password);

[[nodiscard]] std::string explain_connect_error(int error, const Endpoint& endpoint);

}  // namespace podbgp::session::socket

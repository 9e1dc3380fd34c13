// The seam between a session's logic and the world: real sockets and clocks (asio_*), or memory and virtual time
// (tests/sim). All calls and callbacks on core's executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "net/ip_address.hpp"
#include "net/time.hpp"
#include "session/owner.hpp"

namespace podbgp::session {

// How to reach a peer, and what the socket must be like.
struct Endpoint {
  net::IpAddress address;
  std::uint16_t port = 179;
  std::optional<net::IpAddress> local_address;
  std::string interface;                      // for link-local addresses; SO_BINDTODEVICE is not used
  std::string password;                       // TCP MD5 (RFC 2385); empty = none
  std::optional<unsigned> ttl_security_hops;  // GTSM (RFC 5082): accept only TTL >= 256 - hops, send 255
  unsigned ttl = 1;                           // eBGP single hop 1, multihop as set, iBGP 255
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// One TCP connection. Destroying it closes it.
class Connection {
 public:
  struct Events {
    std::function<void()> on_readable;  // read() will give something, or the end
    std::function<void()> on_writable;  // after write() took less than everything
  };
  struct ReadResult {
    std::size_t size = 0;
    bool would_block = false;
    std::optional<std::string> error;  // "" = closed by the peer
  };
  struct WriteResult {
    std::size_t size = 0;  // octets taken; less than asked = would block
    std::optional<std::string> error;
  };
  virtual ~Connection() = default;
  // Callbacks come from the executor's loop, never from within a call of ours, and none after destruction.
  virtual void start(Events events) = 0;
  // For accepted connections: TTL, GTSM and what else of the endpoint a socket can still take. An error names what
  // failed.
  [[nodiscard]] virtual std::optional<std::string> configure(const Endpoint& endpoint) = 0;
  virtual ReadResult read(std::span<std::uint8_t> into) = 0;  // less than asked = dry for now: on_readable comes again
  virtual WriteResult write(std::span<const OutSlice> slices) = 0;  // gathers; never blocks
  virtual bool has_unread() = 0;  // octets wait in the kernel: asked before a hold timer is believed
  [[nodiscard]] virtual net::IpAddress local_address() const = 0;
  [[nodiscard]] virtual net::IpAddress remote_address() const = 0;
  [[nodiscard]] virtual std::uint16_t local_port() const = 0;
  [[nodiscard]] virtual std::uint16_t remote_port() const = 0;
};

class Timer {  // destroying it cancels it
 public:
  virtual ~Timer() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual net::TimePoint now() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Timer> arm(net::Duration after, std::function<void()> fire) = 0;
  virtual void post(std::function<void()> work) = 0;  // behind what is ready now
  // `done` is called once, not from within dial(), unless the returned handle is destroyed first.
  using DialDone = std::function<void(net::Result<std::unique_ptr<Connection>, std::string>)>;
  [[nodiscard]] virtual std::unique_ptr<Timer> dial(const Endpoint& endpoint, DialDone done) = 0;
};

}  // namespace podbgp::session

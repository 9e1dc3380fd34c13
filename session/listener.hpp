// Listener: the addresses podbgp listens on, and the TCP MD5 keys of peers that may dial us.
//
// Owner: core; but listen() may be called before AsioTransport::run() from the thread that sets things up.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/result.hpp"
#include "session/asio_transport.hpp"

namespace podbgp::session {

class Listener {
 public:
  using Accept = std::function<void(std::unique_ptr<Connection>)>;
  using Unknown = std::function<void(const net::IpAddress&)>;

  // `accept` gets connections of known peers (see set_peers). Those of anybody else are closed at once and counted, and
  // `unknown` is told; without `unknown`, `accept` gets them too and decides.
  Listener(AsioTransport& transport, Accept accept, Unknown unknown = {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // An error names the address and the remedy. Port 0 = any free one, see ports().
  [[nodiscard]] net::Result<void, std::string> listen(const net::IpAddress& address, std::uint16_t port);

  // Who may connect, and with which password. Called again after every change: keys are added, replaced and removed on
  // all listening sockets. Returns what the kernel refused, in words.
  [[nodiscard]] std::vector<std::string> set_peers(const std::vector<Endpoint>& peers);

  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused_unknown = 0;
    std::uint64_t errors = 0;  // of accept(): e.g. no file descriptor left
  };
  [[nodiscard]] const Counters& counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace podbgp::session

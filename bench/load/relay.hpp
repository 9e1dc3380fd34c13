#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <netinet/in.h>

#include "bench/load/loop.hpp"
#include "bench/load/messages.hpp"

namespace podbgp::bench {

// The ceiling: a target that does nothing but pass each UPDATE of a sender on to every other session, byte for byte.
// What it reaches is what the load generator, the sockets and the machine allow.
class Relay {
 public:
  Relay(Loop& loop, sockaddr_in listen, std::uint32_t asn);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

 private:
  struct Session {
    int fd = -1;
    Bytes leftover;
    std::size_t sent = 0;  // of log_
    std::uint32_t asn = 0;
    bool sender = false;
    bool up = false;
    bool writing = false;
  };

  void accept_all();
  void read(Session& session);
  bool handle(Session& session, ByteView message);
  void pump();
  void flush(Session& session);
  void drop(Session& session);

  Loop& loop_;
  std::uint32_t asn_;
  int listener_;
  std::vector<std::unique_ptr<Session>> sessions_;
  Bytes log_;  // all UPDATEs so far; a session is sent what follows its cursor
};

}  // namespace podbgp::bench

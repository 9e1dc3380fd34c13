// Listener: the API's Unix socket, and who is on the other end. gRPC 1.51 does not tell a Unix peer's credentials, so
// the socket is ours: accept, read SO_PEERCRED, hand the descriptor over; gRPC then names the call's peer "fd:N", which
// leads back to the credentials.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "api/server.hpp"
#include "net/result.hpp"

namespace podbgp::api {

// Which connection belongs to whom. Thread: any.
class Callers {
 public:
  // Remembers who is behind `fd`. False: there are too many connections already.
  [[nodiscard]] bool add(int fd, std::string caller);
  // "uid=0 gid=0 pid=123" for gRPC's "fd:N".
  [[nodiscard]] std::string name(std::string_view grpc_peer) const;

 private:
  struct Caller {
    std::string text;
    std::uint64_t inode = 0;  // of the socket: tells a closed or reused descriptor from a live one
  };
  void forget_closed();

  mutable std::mutex mutex_;
  std::map<int, Caller> callers_;
};

class Listener {
 public:
  using Accepted = std::function<void(int fd)>;  // called in the listener's own thread; takes the descriptor

  // Binds and listens; a socket file that nobody answers on is replaced. Accepts only after run().
  static net::Result<std::unique_ptr<Listener>, std::string> open(const ServerSettings& settings);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void run(Callers& callers, Accepted accepted);
  void close();  // no accept after this returns; the socket file is removed if it is still ours

 private:
  Listener(std::string path, int fd);
  void accept_loop(Callers& callers, const Accepted& accepted);
  [[nodiscard]] int spread(int fd);

  std::string path_;
  int fd_ = -1;
  int stop_ = -1;  // eventfd
  std::uint64_t device_ = 0, inode_ = 0;
  int next_number_ = 0;
  std::thread thread_;
};

}  // namespace podbgp::api

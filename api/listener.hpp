// Listener: the API's Unix socket, and who is on the other end. gRPC 1.51 does not tell a Unix peer's credentials, so
// the socket is ours: accept, read SO_PEERCRED, hand the descriptor over; gRPC then names the call's peer "fd:N", which
// leads back to the credentials. The socket file is made again when somebody removes it.
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
#include "net/throttle.hpp"

namespace podbgp::api {

// Who is on the other end, as the kernel says (SO_PEERCRED).
struct Credentials {
  unsigned uid = 0, gid = 0;
  int pid = 0;  // 0: a process that our PID namespace does not show
};
[[nodiscard]] std::string to_string(const Credentials& who);  // "uid=0 gid=0 pid=123"

// How many connections there may be. One process must not shut out others, nor one user the operator; processes of other
// PID namespaces cannot be told apart and share a limit.
struct ConnectionLimits {
  std::size_t total = kMaxConnections, per_user = kMaxConnections * 3 / 4, unseen = kMaxConnections / 2,
              per_process = kMaxConnections / 4;
};
// What fits into a process that may have `descriptors`: three quarters of them stay for BGP sessions and all else.
[[nodiscard]] ConnectionLimits limits_for(std::uint64_t descriptors);

// Which connection belongs to whom. Thread: any.
class Callers {
 public:
  explicit Callers(ConnectionLimits limits) : limits_(limits) {}
  // Remembers who is behind `fd`; an error says which limit is reached.
  [[nodiscard]] net::Result<void, std::string> add(int fd, const Credentials& who);
  // "uid=0 gid=0 pid=123" for gRPC's "fd:N".
  [[nodiscard]] std::string name(std::string_view grpc_peer) const;

 private:
  struct Caller {
    Credentials who;
    std::uint64_t inode = 0;  // of the socket: tells a closed or reused descriptor from a live one
  };
  void forget_closed();

  const ConnectionLimits limits_;
  mutable std::mutex mutex_;
  std::map<int, Caller> callers_;
};

class Listener {
 public:
  // Both are called in the listener's own thread.
  using Accepted = std::function<void(int fd)>;  // takes the descriptor

  // Binds and listens; a socket file that nobody answers on is replaced. Accepts only after run().
  static net::Result<std::unique_ptr<Listener>, std::string> open(const ServerSettings& settings);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void run(Callers& callers, Accepted accepted, Notice notice);
  void close();  // no accept after this returns; the socket file is removed if it is still ours

 private:
  explicit Listener(ServerSettings settings);
  [[nodiscard]] net::Result<void, std::string> bind_socket();
  void accept_loop(Callers& callers, const Accepted& accepted);
  void accept_one(Callers& callers, const Accepted& accepted);
  void look_after_file();
  [[nodiscard]] bool file_is_ours() const;
  [[nodiscard]] int spread(int fd);
  void tell(net::Throttle& throttle, const char* event, std::string message);

  const ServerSettings settings_;
  int fd_ = -1;    // of the thread, while it runs
  int stop_ = -1;  // eventfd
  std::uint64_t device_ = 0, inode_ = 0;
  int next_number_ = 0;
  Notice notice_;
  net::Throttle refused_, exhausted_, replaced_, not_made_;
  std::thread thread_;
};

}  // namespace podbgp::api

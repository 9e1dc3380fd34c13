// Server: the API on a Unix socket. Handlers validate, translate, post to the Backend and answer from its reply; they
// decide nothing. No gRPC type is in this header.
//
// Thread: start(), set_ready() and shutdown() from any one thread at a time. gRPC's own threads run the handlers,
// replies are written on control.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/backend.hpp"
#include "net/result.hpp"

namespace podbgp::api {

struct ServerSettings {
  std::string unix_path = "/run/podbgp/api.sock";
  unsigned mode = 0660;
  std::string group;  // "": the process's own
  std::chrono::milliseconds idle = std::chrono::minutes(2);  // a connection without a call is closed after so long
};

// One line for each call that changes something, or tried to. Called from any thread.
using Audit = std::function<void(std::string method, std::string caller /* "uid=0 gid=0 pid=123" */,
                                 std::string summary, bool ok)>;

// What happens to the socket and deserves a line in the log; rate-limited. Called from the listener's thread.
// API_CONNECTION_REFUSED, API_EXHAUSTED, API_SOCKET_RESTORED, API_SOCKET_REPLACED, API_SOCKET_LOST.
using Notice = std::function<void(std::string event, std::string message)>;

// How much the server takes on at once. Beyond: RESOURCE_EXHAUSTED, which a client may try again.
inline constexpr std::size_t kMaxMessageBytes = 16u << 20;  // of one request
inline constexpr std::size_t kMaxItems = 10'000;            // of one batch, and of one page
inline constexpr std::size_t kMaxCallsInFlight = 1024;
inline constexpr std::size_t kMaxBytesInFlight = 64u << 20;  // of requests
inline constexpr std::size_t kMaxWatchers = 256;
inline constexpr std::size_t kMaxConnections = 256;  // fewer where there are few descriptors: see ConnectionLimits

class Server {
 public:
  // An error names the path and the remedy.
  static net::Result<std::unique_ptr<Server>, std::string> start(const ServerSettings& settings, Backend& backend,
                                                                 Audit audit, Notice notice);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void set_ready(bool ready);  // what health says for "podbgp.ready"
  // No new calls, calls and streams under way end with UNAVAILABLE, the socket is removed. Returns when done, after 2 s
  // at most; replies that come later are dropped. Does not need control to run.
  void shutdown();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace podbgp::api

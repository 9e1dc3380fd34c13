// Calls under way: who called, how many there are, and that each is finished exactly once, by its answer or by the end
// of the server, whichever comes first.
//
// Thread: any. The mutex guards a set and two counters and is never held across a call into gRPC or the Backend.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "api/listener.hpp"
#include "api/problem.hpp"
#include "api/server.hpp"

namespace podbgp::api {

[[nodiscard]] grpc::Status to_status(const Problem& problem);

// Something that the end of the server must end.
class Ending {
 public:
  virtual ~Ending() = default;
  virtual void end(const grpc::Status& status) = 0;
};

enum class Kind : std::uint8_t { Reads, Changes };  // Changes: audited
struct Method {
  const char* name;  // "RouteService/AnnounceRoute"
  Kind kind = Kind::Reads;
};

class Host;

// One unary call, from its arrival to its answer.
class Call final : public Ending, public std::enable_shared_from_this<Call> {
 public:
  Call(Host& host, const Method& method, grpc::ServerUnaryReactor* reactor, std::string caller, std::size_t bytes)
      : host_(host), method_(method), reactor_(reactor), caller_(std::move(caller)), bytes_(bytes) {}

  void describe(std::string summary) { summary_ = std::move(summary); }  // for the audit; before the call is posted

  // Refuses because of the request itself. True: it is refused and the handler has nothing more to do.
  [[nodiscard]] bool refuse(const Violations& violations);
  void fail(const Problem& problem);
  void fail(const ApiError& error) { fail(to_problem(error)); }
  void end(const grpc::Status& status) override;

  // Answers: `fill` writes the response and returns what the audit should say. The response is gRPC's and is there only
  // while the call is not finished, so it is written by whoever finishes the call, and not at all if that is another.
  template <class Fill>
  void answer(Fill fill) {
    if (!claim()) return;
    const std::string outcome = fill();
    finish(grpc::Status::OK, outcome);
  }

 private:
  [[nodiscard]] bool claim() { return !claimed_.exchange(true); }
  void finish(const grpc::Status& status, const std::string& outcome);

  Host& host_;
  const Method& method_;
  grpc::ServerUnaryReactor* reactor_;
  std::string caller_;
  std::string summary_;
  std::size_t bytes_;
  std::atomic<bool> claimed_{false};
};

// What all services share.
class Host {
 public:
  Host(Backend& backend, Audit audit, ConnectionLimits connections)
      : backend_(backend), audit_(std::move(audit)), callers_(connections) {}

  [[nodiscard]] Backend& backend() { return backend_; }
  [[nodiscard]] Callers& callers() { return callers_; }

  // Takes a call in, and runs `body(call)` unless there are too many or the server ends.
  template <class Body>
  grpc::ServerUnaryReactor* serve(grpc::CallbackServerContext* context, const Method& method, std::size_t bytes,
                                  Body body) {
    auto* reactor = context->DefaultReactor();
    auto call = std::make_shared<Call>(*this, method, reactor, callers_.name(context->peer()), bytes);
    if (const auto refused = admit(call, bytes))
      reactor->Finish(*refused);
    else
      body(std::move(call));
    return reactor;
  }

  // nullopt: taken in; remove it when it is finished.
  [[nodiscard]] std::optional<grpc::Status> admit(const std::shared_ptr<Ending>& call, std::size_t bytes);
  [[nodiscard]] std::optional<grpc::Status> admit_watch(const std::shared_ptr<Ending>& watch);
  void remove(const Ending* call, std::size_t bytes);
  void remove_watch(const Ending* watch);
  void end_all();  // from now on nothing is admitted
  void audit(const Method& method, const std::string& caller, const std::string& summary, bool ok) {
    if (audit_ && method.kind == Kind::Changes) audit_(method.name, caller, summary, ok);
  }

 private:
  using Set = std::unordered_map<const Ending*, std::weak_ptr<Ending>>;

  Backend& backend_;
  Audit audit_;
  Callers callers_;
  std::mutex mutex_;
  Set calls_, watches_;
  std::size_t bytes_ = 0;
  bool ended_ = false;
};

}  // namespace podbgp::api

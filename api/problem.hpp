// Problems: what a refused call tells its caller. A canonical code, a sentence, and google.rpc details.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/backend.hpp"

namespace podbgp::api {

struct Violation {
  std::string field;  // "routes[3].prefix"
  std::string description;
  friend bool operator==(const Violation&, const Violation&) = default;
};

// All that is wrong with a request; a caller learns everything at once.
class Violations {
 public:
  void add(std::string field, std::string description) {
    ++total_;
    if (list_.size() < kKept) list_.push_back({std::move(field), std::move(description)});
  }
  [[nodiscard]] bool empty() const { return total_ == 0; }
  [[nodiscard]] std::size_t total() const { return total_; }
  [[nodiscard]] const std::vector<Violation>& list() const { return list_; }  // the first ones

 private:
  static constexpr std::size_t kKept = 64;
  std::vector<Violation> list_;
  std::size_t total_ = 0;
};

// Small enough to travel in HTTP/2 trailers, of which clients take 8 KiB by default.
struct Problem {
  int code = 0;        // a grpc::StatusCode
  std::string reason;  // stable UPPER_SNAKE
  std::string message;
  std::string details;  // a serialised google.rpc.Status
};

[[nodiscard]] Problem bad_request(const Violations& violations);
[[nodiscard]] Problem to_problem(const ApiError& error);
[[nodiscard]] Problem too_busy(std::string message);  // RESOURCE_EXHAUSTED with a delay to try again after
[[nodiscard]] Problem stopping();                     // UNAVAILABLE: the daemon ends

// At most `limit` octets, cut between characters of UTF-8.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t limit);

}  // namespace podbgp::api

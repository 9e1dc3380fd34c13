#include "api/calls.hpp"

#include <fmt/format.h>

namespace podbgp::api {

grpc::Status to_status(const Problem& problem) {
  return {static_cast<grpc::StatusCode>(problem.code), problem.message, problem.details};
}

bool Call::refuse(const Violations& violations) {
  if (violations.empty()) return false;
  fail(bad_request(violations));
  return true;
}

void Call::fail(const Problem& problem) {
  if (claim()) finish(to_status(problem), problem.reason);
}

void Call::end(const grpc::Status& status) {
  if (claim()) finish(status, "the server ends");
}

void Call::finish(const grpc::Status& status, const std::string& outcome) {
  host_.remove(this, bytes_);
  if (status.ok())
    host_.audit(method_, caller_, outcome.empty() ? summary_ : fmt::format("{}: {}", summary_, outcome), true);
  else
    host_.audit(method_, caller_, fmt::format("{}: {}: {}", summary_, outcome, status.error_message()), false);
  reactor_->Finish(status);
}

std::optional<grpc::Status> Host::admit(const std::shared_ptr<Ending>& call, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (ended_) return to_status(stopping());
  if (calls_.size() >= kMaxCallsInFlight)
    return to_status(too_busy(fmt::format("{} calls are under way; try again in a moment", calls_.size())));
  if (bytes_ > 0 && bytes_ + bytes > kMaxBytesInFlight)
    return to_status(too_busy("requests under way are too large together; try again in a moment"));
  calls_.emplace(call.get(), call);
  bytes_ += bytes;
  return std::nullopt;
}

std::optional<grpc::Status> Host::admit_watch(const std::shared_ptr<Ending>& watch) {
  const std::lock_guard lock(mutex_);
  if (ended_) return to_status(stopping());
  if (watches_.size() >= kMaxWatchers)
    return to_status(too_busy(fmt::format("{} watchers are there already; end some of them", watches_.size())));
  watches_.emplace(watch.get(), watch);
  return std::nullopt;
}

void Host::remove(const Ending* call, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (calls_.erase(call) == 1) bytes_ -= bytes;
}

void Host::remove_watch(const Ending* watch) {
  const std::lock_guard lock(mutex_);
  watches_.erase(watch);
}

void Host::end_all() {
  std::vector<std::shared_ptr<Ending>> open;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const auto* set : {&calls_, &watches_})
      for (const auto& [pointer, weak] : *set)
        if (auto live = weak.lock()) open.push_back(std::move(live));
  }
  const auto status = to_status(stopping());
  for (const auto& one : open) one->end(status);
}

}  // namespace podbgp::api

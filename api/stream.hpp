// Stream: the writing half of a watch. A short queue of messages, one write in flight, one Finish.
//
// What bounds it: the Backend sends a batch for each credit it was granted, and a credit comes back only when the last
// message of its batch was written, so a client that does not read stops its own cursor in the journal and nothing
// else.
//
// Thread: send(), restart() and the watch itself on control; end() and gRPC's callbacks anywhere. The mutex guards the
// queue and the flags, and is never held across a call into gRPC or the Backend.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "api/calls.hpp"

namespace podbgp::api {

inline constexpr unsigned kStreamCredits = 2;                   // batches under way: one being written, one waiting
inline constexpr std::size_t kStreamMessageBytes = 256u << 10;  // clients take 4 MiB by default

template <class Response>
class Stream : public Ending, public std::enable_shared_from_this<Stream<Response>> {
 public:
  explicit Stream(Host& host) : host_(host) {}

  // Makes the reactor for gRPC and lets `open` start the watch on control. `open` returns the Watch.
  template <class Open>
  grpc::ServerWriteReactor<Response>* start(Open open) {
    auto self = this->shared_from_this();
    auto* reactor = new Reactor(self);
    reactor_ = reactor;
    if (auto refused = host_.admit_watch(self)) {
      end(*refused);
      return reactor;
    }
    host_.backend().post_control([self, open = std::move(open)]() mutable {
      if (self->ended()) return;
      self->watch_ = open();
      self->watch_->grant(kStreamCredits);
    });
    return reactor;
  }

  // Ends at once with an error about the request.
  grpc::ServerWriteReactor<Response>* refuse(const Violations& violations) {
    auto* reactor = new Reactor(this->shared_from_this());
    reactor_ = reactor;
    end(to_status(bad_request(violations)));
    return reactor;
  }

  void end(const grpc::Status& status) override {
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      ending_ = true;
      status_ = status;
      queue_.clear();
    }
    host_.backend().post_control([self = this->shared_from_this()] { self->watch_.reset(); });
    pump();
  }

 protected:
  // `last_of_batch`: its credit comes back when this was written.
  void send(Response message, bool last_of_batch) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      queue_.push_back({std::move(message), last_of_batch});
    }
    pump();
  }

  // What was not written yet is void: it is dropped, its credits come back, and `message` is next.
  void restart(Response message) {
    unsigned credits = 0;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      for (const auto& item : queue_) credits += item.last_of_batch ? 1 : 0;
      queue_.clear();
      queue_.push_back({std::move(message), false});
    }
    if (credits > 0 && watch_) watch_->grant(credits);
    pump();
  }

 private:
  struct Item {
    Response message;
    bool last_of_batch = false;
  };

  // gRPC's handle of the stream; lives until OnDone and keeps the stream alive as long.
  class Reactor final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Reactor(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
    void OnWriteDone(bool ok) override { stream_->written(ok); }
    void OnCancel() override { stream_->end(grpc::Status::CANCELLED); }
    void OnDone() override {
      stream_->host_.remove_watch(stream_.get());
      delete this;
    }

   private:
    std::shared_ptr<Stream> stream_;
  };

  [[nodiscard]] bool ended() const {
    const std::lock_guard lock(mutex_);
    return ending_;
  }

  void written(bool ok) {
    bool credit = false;
    {
      const std::lock_guard lock(mutex_);
      in_flight_ = false;
      credit = ok && current_.last_of_batch && !ending_;
      current_ = {};
    }
    if (!ok) end(grpc::Status::CANCELLED);
    if (credit) {
      host_.backend().post_control([self = this->shared_from_this()] {
        if (self->watch_) self->watch_->grant(1);
      });
    }
    pump();
  }

  // Starts what comes next. Finish waits for the write in flight; a write to a client that does not read fails as soon
  // as the call is cancelled, by the client or by the server's deadline.
  void pump() {
    const Response* next = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (finished_ || in_flight_) return;
      if (ending_) {
        finished_ = true;
      } else if (!queue_.empty()) {
        current_ = std::move(queue_.front());
        queue_.pop_front();
        in_flight_ = true;
        next = &current_.message;
      } else {
        return;
      }
    }
    if (next != nullptr)
      reactor_->StartWrite(next);
    else
      reactor_->Finish(status_);
  }

  Host& host_;
  Reactor* reactor_ = nullptr;    // valid until Finish
  std::unique_ptr<Watch> watch_;  // on control
  mutable std::mutex mutex_;
  std::deque<Item> queue_;
  Item current_;
  grpc::Status status_;
  bool in_flight_ = false, ending_ = false, finished_ = false;
};

}  // namespace podbgp::api

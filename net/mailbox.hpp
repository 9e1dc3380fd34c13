// Mailbox<T>: the only way between executors. Producers append under a short mutex; the first append after empty wakes the
// consumer; the consumer swaps the whole batch out. The one exception to the purity of net/.
//
// Thread: push() from any thread; take() from the consumer only.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace podbgp::net {

template <class T>
class Mailbox {
 public:
  // `wake` is called outside the lock, once per transition from empty to non-empty; it must be callable from any thread.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void push(T message) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = messages_.empty();
      messages_.push_back(std::move(message));
    }
    if (first) wake_();
  }

  // Everything that came since the last take(), in order of arrival.
  [[nodiscard]] std::vector<T> take() {
    std::vector<T> batch;
    const std::lock_guard lock(mutex_);
    batch.swap(messages_);
    return batch;
  }

  [[nodiscard]] std::size_t depth() const {
    const std::lock_guard lock(mutex_);
    return messages_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<T> messages_;
  std::function<void()> wake_;
};

}  // namespace podbgp::net

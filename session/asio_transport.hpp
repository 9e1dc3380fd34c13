// AsioTransport: sockets and clock of the real world on one single-threaded Boost.Asio executor.
//
// Everything belongs to the thread that calls run(), but for post() and stop(), which any thread may call. Boost.Asio
// stays inside asio_transport.cpp and listener.cpp.
#pragma once

#include "session/transport.hpp"

namespace podbgp::session {

class AsioTransport final : public Transport {
 public:
  AsioTransport();
  ~AsioTransport() override;
  AsioTransport(const AsioTransport&) = delete;
  AsioTransport& operator=(const AsioTransport&) = delete;

  void run();                            // until stop()
  void run_for(net::Duration duration);  // for tests
  void stop();                           // from any thread

  [[nodiscard]] net::TimePoint now() const override;
  [[nodiscard]] std::unique_ptr<Timer> arm(net::Duration after, std::function<void()> fire) override;
  void post(std::function<void()> work) override;  // from any thread
  [[nodiscard]] std::unique_ptr<Timer> dial(const Endpoint& endpoint, DialDone done) override;

  // How long callbacks kept the executor in one go, at most, since it began: so long everything else waited.
  [[nodiscard]] net::Duration longest_turn() const;

  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }  // for Listener

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace podbgp::session

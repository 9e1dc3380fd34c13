// Shared by asio_transport.cpp and listener.cpp only: it includes Boost.Asio.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "session/asio_transport.hpp"
#include "session/socket.hpp"
#include "session/turns.hpp"

namespace podbgp::session {

struct AsioTransport::Impl {
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  // Every handler goes through this one. Shared, since timers may outlive the transport.
  std::shared_ptr<Turns> turns = std::make_shared<Turns>([] { return std::chrono::steady_clock::now(); });
  boost::asio::steady_timer alarm{io};  // for the first of the timers in `turns`
  net::TimePoint alarm_at = net::TimePoint::max();

  template <class F>
  void turn(F&& f) {
    turns->run(std::forward<F>(f));
    set_alarm();
  }
  // An alarm that comes too early (its timer was cancelled) does no harm.
  void set_alarm() {
    const auto* next = turns->next();
    if (next == nullptr || *next >= alarm_at) return;
    alarm_at = *next;
    alarm.expires_at(alarm_at);
    alarm.async_wait([this](const boost::system::error_code& error) {
      if (error) return;  // set anew
      alarm_at = net::TimePoint::max();
      turn([] {});
    });
  }
};

// A connected socket as a Connection.
[[nodiscard]] std::unique_ptr<Connection> make_connection(AsioTransport::Impl& impl, socket::Fd fd,
                                                          socket::AddressPort remote);

}  // namespace podbgp::session

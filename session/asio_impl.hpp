// Shared by asio_transport.cpp and listener.cpp only: it includes Boost.Asio.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "session/asio_transport.hpp"
#include "session/socket.hpp"

namespace podbgp::session {

struct AsioTransport::Impl {
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
};

// A connected socket as a Connection.
[[nodiscard]] std::unique_ptr<Connection> make_connection(boost::asio::io_context& io, socket::Fd fd,
                                                          socket::AddressPort remote);

}  // namespace podbgp::session

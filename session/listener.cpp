#include "session/listener.hpp"

#include <cerrno>

#include <fmt/format.h>

#include "session/asio_impl.hpp"

namespace podbgp::session {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 4096;   // a rack that comes back dials all at once
constexpr int kAcceptTurn = 64;  // then others have their turn
constexpr auto kErrorPause = std::chrono::milliseconds(200);

}  // namespace

struct Listener::State {
  struct Socket {
    Socket(asio::io_context& io, bool is_v6) : descriptor(io), pause(io), v6(is_v6) {}
    asio::posix::stream_descriptor descriptor;
    asio::steady_timer pause;
    bool v6;
  };

  State(AsioTransport::Impl& transport, Accept a, Unknown u)
      : impl(transport), io(transport.io), accept(std::move(a)), unknown(std::move(u)) {}

  static void wait(const std::shared_ptr<State>& self, const std::shared_ptr<Socket>& socket) {
    socket->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [weak = std::weak_ptr<State>(self), socket](const boost::system::error_code& error) {
          const auto state = weak.lock();
          if (error || !state || !state->open) return;
          if (state->accept_some(*socket)) return wait(state, socket);
          // accept() failed for want of something, and would fail again at once: a pause.
          socket->pause.expires_after(kErrorPause);
          socket->pause.async_wait([weak, socket](const boost::system::error_code& cancelled) {
            const auto later = weak.lock();
            if (!cancelled && later && later->open) wait(later, socket);
          });
        });
  }

  // False if the kernel cannot give more just now.
  bool accept_some(Socket& socket) {
    for (int i = 0; i < kAcceptTurn && open; ++i) {
      sockaddr_storage storage{};
      socklen_t size = sizeof storage;
      socket::Fd fd(::accept4(socket.descriptor.native_handle(), reinterpret_cast<sockaddr*>(&storage), &size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.get() < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        ++counters.errors;
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
      }
      const auto remote = socket::to_address_port(storage);
      if (!peers.contains(remote.address)) {
        ++counters.refused_unknown;
        if (unknown) {
          unknown(remote.address);
          continue;
        }
      } else {
        ++counters.accepted;
      }
      socket::set_common(fd.get(), socket.v6);
      impl.turn([&] { accept(make_connection(impl, std::move(fd), remote)); });
    }
    return true;
  }

  AsioTransport::Impl& impl;
  asio::io_context& io;
  Accept accept;
  Unknown unknown;
  std::map<net::IpAddress, std::string> peers;  // and their passwords
  std::vector<std::shared_ptr<Socket>> sockets;
  Counters counters;
  bool open = true;
};

Listener::Listener(AsioTransport& transport, Accept accept, Unknown unknown)
    : state_(std::make_shared<State>(transport.impl(), std::move(accept), std::move(unknown))) {}

Listener::~Listener() {
  state_->open = false;
  for (const auto& socket : state_->sockets) {
    boost::system::error_code ignored;
    socket->descriptor.close(ignored);
    socket->pause.cancel();
  }
}

net::Result<void, std::string> Listener::listen(const net::IpAddress& address, std::uint16_t port) {
  auto fd = socket::make_listening(address, port, kBacklog);
  if (!fd) return net::fail(fd.error());
  for (const auto& [remote, password] : state_->peers) {
    if (password.empty() || remote.is_v6() != address.is_v6()) continue;
    if (auto error = socket::set_md5(fd->get(), remote, password)) return net::fail(std::move(*error));
  }
  auto socket = std::make_shared<State::Socket>(state_->io, address.is_v6());
  boost::system::error_code failed;
  socket->descriptor.assign(fd->get(), failed);
  if (failed) {
    return net::fail(fmt::format("cannot listen on {}: {}", socket::to_string({address, port}), failed.message()));
  }
  (void)fd->release();
  state_->sockets.push_back(socket);
  State::wait(state_, socket);
  return {};
}

std::vector<std::string> Listener::set_peers(const std::vector<Endpoint>& peers) {
  std::map<net::IpAddress, std::string> wanted;
  for (const auto& peer : peers) wanted[peer.address] = peer.password;
  std::vector<std::string> errors;
  const auto set = [&](const net::IpAddress& remote, const std::string& password) {
    for (const auto& socket : state_->sockets) {
      if (socket->v6 != remote.is_v6()) continue;
      if (auto error = socket::set_md5(socket->descriptor.native_handle(), remote, password)) {
        errors.push_back(std::move(*error));
      }
    }
  };
  for (const auto& [remote, password] : state_->peers) {
    if (!password.empty() && !wanted.contains(remote)) set(remote, "");
  }
  for (const auto& [remote, password] : wanted) {
    const auto before = state_->peers.find(remote);
    if ((before == state_->peers.end() ? std::string() : before->second) != password) set(remote, password);
  }
  state_->peers = std::move(wanted);
  return errors;
}

std::vector<std::uint16_t> Listener::ports() const {
  std::vector<std::uint16_t> result;
  for (const auto& socket : state_->sockets) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    (void)getsockname(socket->descriptor.native_handle(), reinterpret_cast<sockaddr*>(&storage), &size);
    result.push_back(socket::to_address_port(storage).port);
  }
  return result;
}

const Listener::Counters& Listener::counters() const { return state_->counters; }

}  // namespace podbgp::session

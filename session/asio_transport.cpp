#include "session/asio_transport.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/post.hpp>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "session/asio_impl.hpp"

namespace podbgp::session {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr std::size_t kMaxPieces = 256;  // of one sendmsg
constexpr std::size_t kDrainAtClose = 4 * 1024 * 1024;

// Waits hold a share of this, so it outlives its AsioConnection until they are over.
struct Socket : std::enable_shared_from_this<Socket> {
  Socket(AsioTransport::Impl& transport, socket::Fd fd) : impl(transport), descriptor(transport.io) {
    boost::system::error_code error;  // e.g. no memory for one more in epoll: then read() says "Bad file descriptor"
    descriptor.assign(fd.get(), error);
    if (!error) (void)fd.release();
  }

  void wait_readable() {
    if (std::exchange(waits_readable, true)) return;
    descriptor.async_wait(Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
      self->waits_readable = false;
      if (!error && self->open) self->impl.turn([&] { self->readable(); });
    });
  }
  void wait_writable() {
    if (std::exchange(waits_writable, true)) return;
    descriptor.async_wait(Descriptor::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
      self->waits_writable = false;
      if (error || !self->open) return;
      self->impl.turn([&] {
        if (self->open) self->events.on_writable();
      });
    });
  }

  void readable() {  // a timer that ran before may have closed it
    if (open) events.on_readable();
  }

  AsioTransport::Impl& impl;
  Descriptor descriptor;
  Connection::Events events;
  bool open = true;
  bool started = false;
  bool waits_readable = false;
  bool waits_writable = false;
};

class AsioConnection final : public Connection {
 public:
  AsioConnection(AsioTransport::Impl& impl, socket::Fd fd, socket::AddressPort remote)
      : socket_(std::make_shared<Socket>(impl, std::move(fd))), remote_(remote) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockname(native(), reinterpret_cast<sockaddr*>(&storage), &size) == 0)
      local_ = socket::to_address_port(storage);
  }

  // Unread octets at close() make the kernel send RST, which can destroy our last NOTIFICATION on its way: so they are
  // thrown away first.
  ~AsioConnection() override {
    socket_->open = false;
    for (std::size_t drained = 0; drained < kDrainAtClose;) {
      const auto n = ::recv(native(), nullptr, 1 << 20, MSG_DONTWAIT | MSG_TRUNC);
      if (n <= 0) break;
      drained += static_cast<std::size_t>(n);
    }
    (void)::shutdown(native(), SHUT_WR);
    boost::system::error_code ignored;
    socket_->descriptor.close(ignored);
  }

  void start(Events events) override {
    socket_->events = std::move(events);
    socket_->started = true;
    if (socket_->descriptor.is_open()) return socket_->wait_readable();
    asio::post(socket_->descriptor.get_executor(), [self = socket_] {
      self->impl.turn([&] { self->readable(); });
    });
  }

  std::optional<std::string> configure(const Endpoint& endpoint) override {
    return socket::set_ttl(native(), endpoint);
  }

  ReadResult read(std::span<std::uint8_t> into) override {
    ReadResult result;
    ssize_t n = 0;
    do {
      n = ::recv(native(), into.data(), into.size(), MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
      result.size = static_cast<std::size_t>(n);
      if (result.size < into.size() && socket_->started) socket_->wait_readable();
    } else if (n == 0) {
      result.error = "";
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      result.would_block = true;
      if (socket_->started) socket_->wait_readable();
    } else {
      result.error = std::strerror(errno);
    }
    return result;
  }

  WriteResult write(std::span<const OutSlice> slices) override {
    WriteResult result;
    while (!slices.empty()) {
      std::array<iovec, kMaxPieces> pieces;
      const auto count = std::min(slices.size(), kMaxPieces);
      std::size_t asked = 0;
      for (std::size_t i = 0; i < count; ++i) {
        pieces[i] = {const_cast<std::uint8_t*>(slices[i].buffer->data()) + slices[i].offset, slices[i].size};
        asked += slices[i].size;
      }
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = count;
      const auto n = ::sendmsg(native(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        result.error = std::strerror(errno);
        return result;
      }
      result.size += static_cast<std::size_t>(n);
      if (static_cast<std::size_t>(n) < asked) break;
      slices = slices.subspan(count);
    }
    if (!slices.empty() && socket_->started) socket_->wait_writable();
    return result;
  }

  bool has_unread() override {
    int octets = 0;
    return ::ioctl(native(), FIONREAD, &octets) == 0 && octets > 0;
  }
  [[nodiscard]] net::IpAddress local_address() const override { return local_.address; }
  [[nodiscard]] net::IpAddress remote_address() const override { return remote_.address; }
  [[nodiscard]] std::uint16_t local_port() const override { return local_.port; }
  [[nodiscard]] std::uint16_t remote_port() const override { return remote_.port; }

 private:
  [[nodiscard]] int native() const { return socket_->descriptor.native_handle(); }
  std::shared_ptr<Socket> socket_;
  socket::AddressPort local_, remote_;
};

class AsioTimer final : public Timer {
 public:
  AsioTimer(AsioTransport::Impl& impl, net::Duration after, std::function<void()> fire)
      : turns_(impl.turns), key_(turns_->arm(std::chrono::steady_clock::now() + after, std::move(fire))) {
    impl.set_alarm();
  }
  ~AsioTimer() override { turns_->cancel(key_); }

 private:
  std::shared_ptr<Turns> turns_;
  Turns::Key key_;
};

// One attempt to connect; destroying the handle gives it up.
class Dialer final : public Timer {
 public:
  Dialer(AsioTransport::Impl& impl, const Endpoint& endpoint, Transport::DialDone done)
      : state_(std::make_shared<State>(impl, endpoint, std::move(done))) {
    if (auto error = begin()) {
      asio::post(impl.io, [state = state_, error = std::move(*error)] { state->finish(net::fail(error)); });
    }
  }
  ~Dialer() override {
    state_->cancelled = true;
    boost::system::error_code ignored;
    state_->descriptor.close(ignored);
  }

 private:
  struct State {
    State(AsioTransport::Impl& transport, Endpoint e, Transport::DialDone d)
        : impl(transport), endpoint(std::move(e)), done(std::move(d)), descriptor(transport.io) {}
    void finish(net::Result<std::unique_ptr<Connection>, std::string> result) {
      impl.turn([&] {
        if (!cancelled) std::exchange(done, {})(std::move(result));
      });
    }
    AsioTransport::Impl& impl;
    Endpoint endpoint;
    Transport::DialDone done;
    Descriptor descriptor;
    bool cancelled = false;
  };

  [[nodiscard]] std::optional<std::string> begin() {
    const auto& endpoint = state_->endpoint;
    const auto remote = socket::make_address(endpoint.address, endpoint.port, endpoint.interface);
    if (!remote) return remote.error();
    auto fd = socket::make_dialing(endpoint);
    if (!fd) return fd.error();
    if (::connect(fd->get(), remote->get(), remote->size) != 0 && errno != EINPROGRESS) {
      return socket::explain_connect_error(errno, endpoint);
    }
    boost::system::error_code failed;
    state_->descriptor.assign(fd->get(), failed);
    if (failed) return socket::explain_connect_error(failed.value(), endpoint);
    (void)fd->release();
    state_->descriptor.async_wait(Descriptor::wait_write, [state = state_](const boost::system::error_code& error) {
      if (error || state->cancelled) return;
      int result = 0;
      socklen_t size = sizeof result;
      (void)getsockopt(state->descriptor.native_handle(), SOL_SOCKET, SO_ERROR, &result, &size);
      if (result != 0) return state->finish(net::fail(socket::explain_connect_error(result, state->endpoint)));
      socket::Fd connected(state->descriptor.release());
      state->finish(make_connection(state->impl, std::move(connected), {state->endpoint.address, state->endpoint.port}));
    });
    return std::nullopt;
  }

  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Connection> make_connection(AsioTransport::Impl& impl, socket::Fd fd, socket::AddressPort remote) {
  return std::make_unique<AsioConnection>(impl, std::move(fd), remote);
}

AsioTransport::AsioTransport() : impl_(std::make_unique<Impl>()) {}
AsioTransport::~AsioTransport() = default;

void AsioTransport::run() { impl_->io.run(); }
void AsioTransport::run_for(net::Duration duration) {
  impl_->io.restart();
  impl_->io.run_for(duration);
}
void AsioTransport::stop() { impl_->io.stop(); }

net::TimePoint AsioTransport::now() const { return std::chrono::steady_clock::now(); }

std::unique_ptr<Timer> AsioTransport::arm(net::Duration after, std::function<void()> fire) {
  return std::make_unique<AsioTimer>(*impl_, after, std::move(fire));
}

void AsioTransport::post(std::function<void()> work) {
  asio::post(impl_->io, [impl = impl_.get(), work = std::move(work)] { impl->turn(work); });
}

net::Duration AsioTransport::longest_turn() const { return impl_->turns->longest(); }

std::unique_ptr<Timer> AsioTransport::dial(const Endpoint& endpoint, DialDone done) {
  return std::make_unique<Dialer>(*impl_, endpoint, std::move(done));
}

}  // namespace podbgp::session

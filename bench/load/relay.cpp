#include "bench/load/relay.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace podbgp::bench {
namespace {
constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::uint32_t kSendersBelow = 66000;  // sinks have AS numbers above (scenario.cpp)
}  // namespace

Relay::Relay(Loop& loop, sockaddr_in listen_at, std::uint32_t asn) : loop_(loop), asn_(asn) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&listen_at), sizeof listen_at) != 0 ||
      listen(listener_, 4096) != 0)
    throw std::runtime_error(std::string("cannot listen: ") + std::strerror(errno));
  loop_.add(listener_, EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

Relay::~Relay() {
  loop_.remove(listener_);
  close(listener_);
}

void Relay::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Session* session = sessions_.emplace_back(std::make_unique<Session>()).get();
    session->fd = fd;
    loop_.add(fd, EPOLLIN, [this, session](std::uint32_t events) {
      if ((events & EPOLLOUT) != 0) flush(*session);
      if (session->fd >= 0 && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read(*session);
    });
  }
}

void Relay::drop(Session& session) {
  loop_.remove(session.fd);
  close(session.fd);
  session.fd = -1;
  session.up = false;
}

void Relay::read(Session& session) {
  static Bytes buffer(kReadSize + 65536);
  std::copy(session.leftover.begin(), session.leftover.end(), buffer.begin());
  std::size_t size = session.leftover.size();
  const ssize_t got = ::read(session.fd, buffer.data() + size, kReadSize);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop(session);
  size += static_cast<std::size_t>(got);
  std::size_t at = 0;
  while (size - at >= kHeader) {
    const std::size_t length = get16(&buffer[at + 16]);
    if (length < kHeader) return drop(session);
    if (size - at < length) break;
    if (!handle(session, ByteView(buffer).subspan(at, length))) return drop(session);
    at += length;
  }
  session.leftover.assign(buffer.begin() + static_cast<std::ptrdiff_t>(at),
                          buffer.begin() + static_cast<std::ptrdiff_t>(size));
  pump();
}

bool Relay::handle(Session& session, ByteView message) {
  switch (static_cast<MessageType>(message[18])) {
    case MessageType::Open: {
      const auto open = parse_open(message.subspan(kHeader));
      if (!open) return false;
      session.asn = open->asn;
      session.sender = open->asn < kSendersBelow;
      session.sent = log_.size();
      Bytes answer = open_message(asn_, open->hold_s, 0x0a630001);
      const Bytes keepalive = keepalive_message();
      answer.insert(answer.end(), keepalive.begin(), keepalive.end());
      return ::send(session.fd, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
    }
    case MessageType::Keepalive: session.up = true; return true;
    case MessageType::Update:
      if (session.sender && message.size() > kHeader + 4) log_.insert(log_.end(), message.begin(), message.end());
      return true;
    default: return false;
  }
}

void Relay::pump() {
  for (const auto& session : sessions_) {
    if (session->up && !session->sender && !session->writing) flush(*session);
  }
}

void Relay::flush(Session& session) {
  bool blocked = false;
  while (session.sent < log_.size()) {
    const ssize_t put =
        ::send(session.fd, &log_[session.sent], std::min(log_.size() - session.sent, kReadSize), MSG_NOSIGNAL);
    if (put < 0) {
      if (errno != EAGAIN) return drop(session);
      blocked = true;
      break;
    }
    session.sent += static_cast<std::size_t>(put);
  }
  if (blocked != session.writing) {
    session.writing = blocked;
    loop_.change(session.fd, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
}

}  // namespace podbgp::bench

#include "bench/load/peer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/clock.hpp"

namespace podbgp::bench {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::int64_t kRetryNs = 100'000'000;

// Shared by all sessions: one thread, and nothing is kept in it between two reads.
Bytes& read_buffer() {
  static Bytes buffer(kReadSize + 65536);
  return buffer;
}

}  // namespace

Peer::~Peer() {
  if (fd_ >= 0) {
    loop_.remove(fd_);
    close(fd_);
  }
}

void Peer::dial() {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&settings_.local), sizeof settings_.local) != 0)
    throw std::runtime_error(std::string("cannot bind a session's local address: ") + std::strerror(errno));
  state_ = State::Connecting;
  last_sent_ns_ = now_ns();
  last_keepalive_ns_ = 0;
  writing_ = true;
  loop_.add(fd_, EPOLLIN | EPOLLOUT, [this](std::uint32_t events) { on_events(events); });
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&settings_.remote), sizeof settings_.remote) != 0 &&
      errno != EINPROGRESS)
    fail(std::strerror(errno));
}

void Peer::fail(const std::string& reason) {
  const bool was_up = state_ == State::Established;
  trouble_ = reason;
  loop_.remove(fd_);
  close(fd_);
  fd_ = -1;
  control_.clear();
  leftover_.clear();
  stream_ = {};
  state_ = was_up ? State::Closed : State::Idle;
  retry_at_ns_ = now_ns() + kRetryNs;
}

void Peer::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  loop_.remove(fd_);
  close(fd_);
  fd_ = -1;
  state_ = State::Closed;
}

void Peer::on_events(std::uint32_t events) {
  if (state_ == State::Connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::strerror(error));
    if ((events & EPOLLOUT) == 0) return;
    state_ = State::OpenSent;
    queue(open_message(settings_.asn, settings_.hold_s, ntohl(settings_.local.sin_addr.s_addr)));
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_messages();
  if (fd_ >= 0 && (events & EPOLLOUT) != 0) flush();
}

void Peer::read_messages() {
  Bytes& buffer = read_buffer();
  std::copy(leftover_.begin(), leftover_.end(), buffer.begin());
  std::size_t size = leftover_.size();
  const ssize_t got = read(fd_, buffer.data() + size, kReadSize);
  if (got == 0) return fail("the target closed the connection");
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return fail(std::strerror(errno));
  }
  size += static_cast<std::size_t>(got);
  std::size_t at = 0;
  while (size - at >= kHeader) {
    const std::size_t length = get16(&buffer[at + 16]);
    if (length < kHeader) return fail("message length below 19");
    if (size - at < length) break;
    handle(static_cast<MessageType>(buffer[at + 18]), ByteView(buffer).subspan(at + kHeader, length - kHeader));
    if (fd_ < 0) return;
    at += length;
  }
  leftover_.assign(buffer.begin() + static_cast<std::ptrdiff_t>(at),
                   buffer.begin() + static_cast<std::ptrdiff_t>(size));
}

void Peer::handle(MessageType type, ByteView body) {
  switch (type) {
    case MessageType::Open: return handle_open(body);
    case MessageType::Keepalive: return handle_keepalive();
    case MessageType::Update:
      if (on_update_) on_update_(body);
      return;
    case MessageType::Notification:
      return fail(body.size() < 2 ? "NOTIFICATION"
                                  : "NOTIFICATION " + std::to_string(body[0]) + "/" + std::to_string(body[1]));
    case MessageType::RouteRefresh: return;
  }
}

void Peer::handle_open(ByteView body) {
  const auto open = parse_open(body);
  if (!open) return fail("malformed OPEN");
  if (open->asn != settings_.target_asn) return fail("the target is AS " + std::to_string(open->asn));
  hold_s_ = std::min(settings_.hold_s, open->hold_s);
  state_ = State::OpenConfirm;
  queue(keepalive_message());
}

void Peer::handle_keepalive() {
  const std::int64_t now = now_ns();
  if (state_ == State::OpenConfirm) {
    state_ = State::Established;
    trouble_.clear();
    queue(end_of_rib_message());
  } else if (last_keepalive_ns_ != 0) {
    const std::int64_t gap = now - last_keepalive_ns_;
    gaps_.count++;
    gaps_.sum_ns += gap;
    gaps_.longest_ns = std::max(gaps_.longest_ns, gap);
  }
  last_keepalive_ns_ = now;
}

void Peer::queue(const Bytes& message) {
  control_.insert(control_.end(), message.begin(), message.end());
  last_sent_ns_ = now_ns();
  flush();
}

void Peer::send(ByteView stream) {
  stream_ = stream;
  flush();
}

bool Peer::write_some(const std::uint8_t* data, std::size_t size, std::size_t& written) {
  const ssize_t put = ::send(fd_, data, std::min(size, kReadSize), MSG_NOSIGNAL);
  if (put < 0) {
    if (errno != EAGAIN && errno != EINTR) fail(std::strerror(errno));
    return false;
  }
  written = static_cast<std::size_t>(put);
  last_sent_ns_ = now_ns();
  return true;
}

void Peer::flush() {
  std::size_t written = 0;
  while (!control_.empty()) {
    if (!write_some(control_.data(), control_.size(), written)) break;
    control_.erase(control_.begin(), control_.begin() + static_cast<std::ptrdiff_t>(written));
  }
  // One write a round, so that reading from the target is never starved by writing to it.
  if (fd_ >= 0 && control_.empty() && !stream_.empty() && write_some(stream_.data(), stream_.size(), written))
    stream_ = stream_.subspan(written);
  if (fd_ >= 0) want_write(!sent());
}

void Peer::want_write(bool on) {
  if (on == writing_) return;
  writing_ = on;
  loop_.change(fd_, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Peer::tick() {
  const std::int64_t now = now_ns();
  if (state_ == State::Idle && retry_at_ns_ != 0 && now >= retry_at_ns_) return dial();
  if ((state_ == State::Connecting || state_ == State::OpenSent) && now - last_sent_ns_ > 5'000'000'000 && fd_ >= 0)
    return fail("no answer to the OPEN in 5 s");
  // UPDATEs count as signs of life, and a KEEPALIVE cannot go into the middle of one.
  if (state_ == State::Established && hold_s_ != 0 && sent() && now - last_sent_ns_ >= hold_s_ * 1'000'000'000LL / 3)
    queue(keepalive_message());
}

}  // namespace podbgp::bench

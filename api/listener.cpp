#include "api/listener.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace podbgp::api {

namespace {

constexpr int kBacklog = 128;
constexpr int kBreathMs = 100;     // out of descriptors: wait before the next accept
constexpr int kFileLookMs = 1000;  // how often to look whether the socket file is still there

// Descriptors of connections take turns over this range, so that a number comes back only long after its connection
// went: a call that is still under way is never taken for the next caller's.
constexpr int kFirstNumber = 256, kLastNumber = 1000;

std::string error_text(int error) { return std::strerror(error); }

struct Fd {
  int value = -1;
  ~Fd() {
    if (value >= 0) ::close(value);
  }
  int release() { return std::exchange(value, -1); }
};

std::optional<sockaddr_un> to_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

using Step = net::Result<void, std::string>;

// The folder of the socket, one level: what is above it is not ours to make.
Step make_folder(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  const auto folder = path.substr(0, slash);
  if (mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return net::fail(
      fmt::format("cannot make the folder {} for the API socket: {}; make it, or set api.unix to another path", folder,
                  error_text(errno)));
}

// A socket that a daemon left behind is in the way; one that a daemon answers on is not ours to take.
Step clear_stale(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return net::fail(fmt::format("{} exists and is not a socket; remove it, or set api.unix to another path", path));
  const Fd probe{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int connected = connect(probe.value, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno == EAGAIN)
    return net::fail(fmt::format("another process answers on {}; stop it, or set api.unix to another path", path));
  if (errno != ECONNREFUSED)
    return net::fail(
        fmt::format("cannot tell whether {} is in use: {}; remove it if no podbgpd runs", path, error_text(errno)));
  if (unlink(path.c_str()) != 0)
    return net::fail(fmt::format("cannot remove the stale socket {}: {}", path, error_text(errno)));
  return {};
}

net::Result<gid_t, std::string> find_group(const std::string& name) {
  std::vector<char> buffer(16384);
  group entry{};
  group* found = nullptr;
  getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr)
    return net::fail(fmt::format(
        "api.group: there is no group '{}'; make it (addgroup --system {}) or leave api.group out", name, name));
  return found->gr_gid;
}

Step give_to(const std::string& path, const ServerSettings& settings) {
  if (!settings.group.empty()) {
    const auto gid = find_group(settings.group);
    if (!gid) return net::fail(gid.error());
    struct stat now{};
    const bool already = stat(path.c_str(), &now) == 0 && now.st_gid == *gid;
    if (!already && chown(path.c_str(), static_cast<uid_t>(-1), *gid) != 0)
      return net::fail(
          fmt::format("cannot give {} to the group {}: {}; run the daemon as a member of it "
                      "(systemd: SupplementaryGroups={})",
                      path, settings.group, error_text(errno), settings.group));
  }
  if (chmod(path.c_str(), settings.mode) != 0)
    return net::fail(fmt::format("cannot set mode {:04o} on {}: {}", settings.mode, path, error_text(errno)));
  return {};
}

std::uint64_t inode_of(int fd) {
  struct stat found{};
  return fstat(fd, &found) == 0 ? found.st_ino : 0;
}

Credentials credentials(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
  return {who.uid, who.gid, who.pid};
}

}  // namespace

std::string to_string(const Credentials& who) { return fmt::format("uid={} gid={} pid={}", who.uid, who.gid, who.pid); }

ConnectionLimits limits_for(std::uint64_t descriptors) {
  const auto total = static_cast<std::size_t>(std::clamp<std::uint64_t>(descriptors / 4, 8, kMaxConnections));
  return {total, total * 3 / 4, total / 2, total / 4};
}

net::Result<void, std::string> Callers::add(int fd, const Credentials& who) {
  const std::lock_guard lock(mutex_);
  callers_.erase(fd);
  const auto of_process = [&](const auto& item) { return item.second.who.pid == who.pid; };
  const auto of_user = [&](const auto& item) { return item.second.who.uid == who.uid; };
  const auto full = [&]() -> std::string {
    if (callers_.size() >= limits_.total) return fmt::format("{} connections are open, all there may be", callers_.size());
    const auto same = std::ranges::count_if(callers_, of_process);
    if (who.pid == 0 && std::cmp_greater_equal(same, limits_.unseen))
      return fmt::format("processes of other PID namespaces have {} connections, all that they may have", limits_.unseen);
    if (who.pid != 0 && std::cmp_greater_equal(same, limits_.per_process))
      return fmt::format("this process has {} connections, all that one may have", limits_.per_process);
    if (std::cmp_greater_equal(std::ranges::count_if(callers_, of_user), limits_.per_user))
      return fmt::format("this user has {} connections, all that one may have", limits_.per_user);
    return {};
  };
  if (!full().empty()) forget_closed();
  if (auto why = full(); !why.empty()) return net::fail(std::move(why));
  callers_.emplace(fd, Caller{who, inode_of(fd)});
  return {};
}

void Callers::forget_closed() {
  std::erase_if(callers_, [](const auto& item) { return inode_of(item.first) != item.second.inode; });
}

std::string Callers::name(std::string_view grpc_peer) const {
  constexpr std::string_view kPrefix = "fd:";
  int fd = -1;
  if (grpc_peer.starts_with(kPrefix)) {
    grpc_peer.remove_prefix(kPrefix.size());
    std::from_chars(grpc_peer.data(), grpc_peer.data() + grpc_peer.size(), fd);
  }
  const std::lock_guard lock(mutex_);
  const auto it = callers_.find(fd);
  return it == callers_.end() ? "unknown" : to_string(it->second.who);
}

net::Result<std::unique_ptr<Listener>, std::string> Listener::open(const ServerSettings& settings) {
  std::unique_ptr<Listener> listener(new Listener(settings));
  if (auto bound = listener->bind_socket(); !bound) return net::fail(bound.error());
  return listener;
}

Listener::Listener(ServerSettings settings)
    : settings_(std::move(settings)), stop_(eventfd(0, EFD_CLOEXEC)), next_number_(kFirstNumber) {}

Listener::~Listener() { close(); }

Step Listener::bind_socket() {
  const auto& path = settings_.unix_path;
  const auto address = to_address(path);
  if (!address)
    return net::fail(
        fmt::format("api.unix: '{}' must be a path of 1 to {} octets", path, sizeof(sockaddr_un::sun_path) - 1));
  if (auto made = make_folder(path); !made) return made;
  if (auto cleared = clear_stale(path, *address); !cleared) return cleared;
  Fd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // The mode of the descriptor becomes the mode of the file: nobody slips in between bind() and chmod().
  if (fd.value < 0 || fchmod(fd.value, 0600) != 0 ||
      bind(fd.value, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return net::fail(
        fmt::format("cannot make the API socket {}: {}; the daemon must be able to write there, or set api.unix "
                    "to another path",
                    path, error_text(errno)));
  const auto give_up = [&](std::string why) -> Step {
    (void)unlink(path.c_str());
    return net::fail(std::move(why));
  };
  if (auto given = give_to(path, settings_); !given) return give_up(given.error());
  if (listen(fd.value, kBacklog) != 0) return give_up(fmt::format("cannot listen on {}: {}", path, error_text(errno)));
  struct stat mine{};
  if (lstat(path.c_str(), &mine) == 0) {
    device_ = mine.st_dev;
    inode_ = mine.st_ino;
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd.release();
  return {};
}

void Listener::run(Callers& callers, Accepted accepted, Notice notice) {
  notice_ = std::move(notice);
  thread_ = std::thread([this, &callers, accepted = std::move(accepted)] { accept_loop(callers, accepted); });
}

void Listener::close() {
  if (stop_ < 0) return;
  const std::uint64_t one = 1;
  (void)!write(stop_, &one, sizeof one);
  if (thread_.joinable()) thread_.join();
  ::close(std::exchange(stop_, -1));
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  if (file_is_ours()) (void)unlink(settings_.unix_path.c_str());
}

bool Listener::file_is_ours() const {
  struct stat now{};
  return lstat(settings_.unix_path.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_;
}

int Listener::spread(int fd) {
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, next_number_);
  if (moved < 0) return fd;  // the limit of descriptors is low: correct, only less far from reuse
  next_number_ = moved >= kLastNumber ? kFirstNumber : moved + 1;
  ::close(fd);
  return moved;
}

void Listener::tell(net::Throttle& throttle, const char* event, std::string message) {
  const auto untold = throttle.event(std::chrono::steady_clock::now());
  if (!untold || !notice_) return;
  if (*untold > 0) message += fmt::format(" ({} more since the last such line)", *untold);
  notice_(event, std::move(message));
}

void Listener::accept_loop(Callers& callers, const Accepted& accepted) {
  auto next_look = std::chrono::steady_clock::now();
  for (;;) {
    pollfd waiting[] = {{fd_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(waiting, 2, kFileLookMs) < 0 && errno != EINTR) return;
    if (waiting[1].revents != 0) return;
    if ((waiting[0].revents & POLLIN) != 0) accept_one(callers, accepted);
    if (const auto now = std::chrono::steady_clock::now(); now >= next_look) {
      next_look = now + std::chrono::milliseconds(kFileLookMs);
      look_after_file();
    }
  }
}

void Listener::accept_one(Callers& callers, const Accepted& accepted) {
  int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    const int error = errno;
    if (error != EMFILE && error != ENFILE && error != ENOMEM && error != ENOBUFS) return;
    tell(exhausted_, "API_EXHAUSTED",
         fmt::format("cannot accept a connection: {}; raise the limit of descriptors (LimitNOFILE)", error_text(error)));
    pollfd stop{stop_, POLLIN, 0};
    (void)poll(&stop, 1, kBreathMs);
    return;
  }
  fd = spread(fd);
  const auto who = credentials(fd);
  if (const auto added = callers.add(fd, who); !added) {
    ::close(fd);  // the client sees UNAVAILABLE
    tell(refused_, "API_CONNECTION_REFUSED",
         fmt::format("{}: {}; a client should keep one connection and close it when done", to_string(who), added.error()));
    return;
  }
  accepted(fd);
}

// A socket without a file is an API that nobody finds.
void Listener::look_after_file() {
  if (file_is_ours()) return;
  const auto& path = settings_.unix_path;
  struct stat found{};
  if (lstat(path.c_str(), &found) == 0) {
    tell(replaced_, "API_SOCKET_REPLACED",
         fmt::format("{} is no longer this daemon's socket, somebody put another file there; remove it, and the socket "
                     "is made again",
                     path));
    return;
  }
  if (auto bound = bind_socket(); !bound) {
    tell(not_made_, "API_SOCKET_LOST", fmt::format("{} was removed: {}", path, bound.error()));
    return;
  }
  if (notice_) notice_("API_SOCKET_RESTORED", fmt::format("somebody removed {}; it was made again", path));
}

}  // namespace podbgp::api

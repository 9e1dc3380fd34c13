#include "fib/host_checks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace podbgp::fib {

namespace {

std::string read_file(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> piece;
  for (ssize_t got = 0; (got = ::read(fd, piece.data(), piece.size())) > 0;)
    text.append(piece.data(), static_cast<std::size_t>(got));
  ::close(fd);
  return text;
}

std::optional<int> read_number(const std::string& path) {
  const auto text = read_file(path);
  int value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) return std::nullopt;
  return value;
}

std::string command_of(const std::string& pid) {
  auto name = read_file("/proc/" + pid + "/comm");
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

// The inode of the route socket with this port id, from /proc/net/netlink (sk Eth Pid Groups Rmem Wmem Dump Locks Drops
// Inode).
std::string inode_of(std::uint32_t port) {
  std::istringstream lines(read_file("/proc/thread-self/net/netlink"));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string address, protocol, id, skip, inode;
    fields >> address >> protocol >> id;
    for (int i = 0; i < 6; ++i) fields >> skip;
    fields >> inode;
    if (protocol == "0" && id == std::to_string(port)) return inode;
  }
  return {};
}

std::string owner_of_inode(const std::string& inode) {
  const auto wanted = "socket:[" + inode + "]";
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const auto pid = process.path().filename().string();
    if (!std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::error_code denied;
    for (auto it = std::filesystem::directory_iterator(process.path() / "fd", denied);
         !denied && it != std::filesystem::directory_iterator(); it.increment(denied)) {
      std::error_code gone;
      if (std::filesystem::read_symlink(it->path(), gone).string() == wanted) return pid;
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> forwarding_warnings() {
  std::vector<std::string> warnings;
  if (read_number("/proc/sys/net/ipv4/ip_forward") == 0)
    warnings.emplace_back(
        "this host does not forward IPv4: net.ipv4.ip_forward is 0; set it to 1 (sysctl -w net.ipv4.ip_forward=1)");
  if (read_number("/proc/sys/net/ipv6/conf/all/forwarding") == 0)
    warnings.emplace_back(
        "this host does not forward IPv6: net.ipv6.conf.all.forwarding is 0; set it to 1 (sysctl -w "
        "net.ipv6.conf.all.forwarding=1)");
  return warnings;
}

std::string reverse_path_warning(const std::string& interface) {
  // The kernel takes the larger of "all" and the interface's own; 1 is strict, 2 loose.
  const auto all = read_number("/proc/sys/net/ipv4/conf/all/rp_filter").value_or(0);
  const auto own = read_number(fmt::format("/proc/sys/net/ipv4/conf/{}/rp_filter", interface)).value_or(0);
  if (std::max(all, own) != 1) return {};
  return fmt::format(
      "{} drops packets that come in by another way than they would go out: rp_filter is 1 (strict); with more than "
      "one "
      "path set it to 2 (sysctl -w net.ipv4.conf.{}.rp_filter=2)",
      interface, all == 1 && own != 1 ? "all" : interface);
}

std::string who_is(std::uint32_t port) {
  // A process' first netlink socket has its pid for port id. Others need a look at who holds the socket, through the
  // descriptors of every process: tens of milliseconds.
  const auto pid = std::to_string(port);
  if (const auto name = command_of(pid); !name.empty()) return fmt::format("{} (pid {})", name, pid);
  if (const auto inode = inode_of(port); !inode.empty())
    if (const auto owner = owner_of_inode(inode); !owner.empty())
      return fmt::format("{} (pid {})", command_of(owner), owner);
  return fmt::format("port id {} (its process is gone)", port);
}

}  // namespace podbgp::fib

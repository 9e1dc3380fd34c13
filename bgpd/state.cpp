#include "bgpd/state.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "net/hash.hpp"
#include "net/ip_address.hpp"
#include "net/read_file.hpp"

namespace podbgp::bgpd {

namespace {

// One kernel's routing tables, from boot to shutdown: "BOOT-ID NETWORK-NAMESPACE".
std::string this_kernel() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat netns{};
  (void)stat("/proc/self/ns/net", &netns);
  return fmt::format("{} {}:{}", boot.empty() ? "-" : boot, netns.st_dev, netns.st_ino);
}

}  // namespace

std::optional<std::string> StateFolder::read(const std::string& name) const {
  auto content = net::read_file(path_ + "/" + name);
  if (!content) return std::nullopt;
  return std::move(*content);
}

net::Result<void, std::string> StateFolder::write(const std::string& name, const std::string& content) const {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error)
    return net::fail(fmt::format("cannot make the folder {}: {}; set state_dir to a folder that can be made and written",
                                 path_, error.message()));
  const auto target = path_ + "/" + name;
  const auto temporary = target + ".new";
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << content;
    file.flush();
    if (!file) return net::fail(fmt::format("cannot write {}: {}; set state_dir to a folder that can be written", temporary,
                                            std::strerror(errno)));
  }
  std::filesystem::rename(temporary, target, error);
  if (error) return net::fail(fmt::format("cannot replace {}: {}", target, error.message()));
  return {};
}

std::optional<net::RouterId> StateFolder::router_id() const {
  const auto text = read("router-id");
  if (!text) return std::nullopt;
  const auto address = net::IpAddress::parse(text->substr(0, text->find('\n')));
  if (!address || !address->is_v4() || address->is_unspecified()) return std::nullopt;
  return net::RouterId{address->v4_value()};
}

net::Result<void, std::string> StateFolder::keep(net::RouterId id) const {
  return write("router-id", net::to_string(id) + "\n");
}

std::set<std::string> StateFolder::owners() const {
  std::set<std::string> names;
  std::istringstream lines(read("owners").value_or(""));
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) names.insert(line);
  return names;
}

net::Result<void, std::string> StateFolder::keep(const std::set<std::string>& owners) const {
  std::string content;
  for (const auto& name : owners) content += name + "\n";
  return write("owners", content);
}

std::vector<fib::Mark> StateFolder::marks() const {
  std::istringstream lines(read("kernel-marks").value_or(""));
  std::string line;
  if (!std::getline(lines, line) || line != this_kernel()) return {};
  std::vector<fib::Mark> marks;
  while (std::getline(lines, line)) {
    fib::Mark mark;
    unsigned protocol = 0;
    std::istringstream fields(line);
    if (!(fields >> mark.table >> protocol >> mark.metric_v4 >> mark.metric_v6) || protocol < 5 || protocol > 255) continue;
    mark.protocol = static_cast<std::uint8_t>(protocol);
    marks.push_back(mark);
  }
  return marks;
}

net::Result<void, std::string> StateFolder::keep(const std::vector<fib::Mark>& marks) const {
  auto content = this_kernel() + "\n";
  for (const auto& mark : marks)
    content += fmt::format("{} {} {} {}\n", mark.table, mark.protocol, mark.metric_v4, mark.metric_v6);
  return write("kernel-marks", content);
}

std::optional<net::RouterId> derive_router_id() {
  std::uint32_t best = 0;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) == 0) {
    for (const auto* i = list; i != nullptr; i = i->ifa_next) {
      if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET) continue;
      sockaddr_in address;
      std::memcpy(&address, i->ifa_addr, sizeof address);
      const auto value = net::IpAddress::v4(ntohl(address.sin_addr.s_addr));
      if (!value.is_loopback() && !value.is_link_local()) best = std::max(best, value.v4_value());
    }
    freeifaddrs(list);
  }
  if (best != 0) return net::RouterId{best};
  std::ifstream machine("/etc/machine-id");
  std::string id;
  if (!(machine >> id)) return std::nullopt;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(id.data()), id.size());
  const auto hash = static_cast<std::uint32_t>(net::hash_bytes(bytes));
  return net::RouterId{hash == 0 ? 1 : hash};
}

}  // namespace podbgp::bgpd

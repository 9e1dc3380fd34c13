// What outlives a restart, in the state folder: the derived router id, which owners had routes, and the marks under which
// routes may be in the kernel.
//
// Thread: control. Files are replaced atomically. A folder that cannot be written is a warning, never the end.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fib/settings.hpp"
#include "net/ids.hpp"
#include "net/result.hpp"

namespace podbgp::bgpd {

class StateFolder {
 public:
  explicit StateFolder(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::optional<net::RouterId> router_id() const;
  [[nodiscard]] net::Result<void, std::string> keep(net::RouterId id) const;
  [[nodiscard]] std::set<std::string> owners() const;
  [[nodiscard]] net::Result<void, std::string> keep(const std::set<std::string>& owners) const;
  // Only what was kept since this boot and in this network namespace: other kernels' routes are none of ours.
  [[nodiscard]] std::vector<fib::Mark> marks() const;
  [[nodiscard]] net::Result<void, std::string> keep(const std::vector<fib::Mark>& marks) const;

 private:
  [[nodiscard]] std::optional<std::string> read(const std::string& name) const;
  [[nodiscard]] net::Result<void, std::string> write(const std::string& name, const std::string& content) const;
  std::string path_;
};

// The highest global IPv4 address of the host (RFC 6286 asks for uniqueness within the AS; an address is the custom), else a
// hash of the machine id. nullopt: neither is there.
[[nodiscard]] std::optional<net::RouterId> derive_router_id();

}  // namespace podbgp::bgpd

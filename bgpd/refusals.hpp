// Which refused connections deserve a line in the log: each address for itself, as long as there are few of them.
#pragma once

#include <map>

#include "net/ip_address.hpp"
#include "net/throttle.hpp"

namespace podbgp::bgpd {

class Refusals {
 public:
  // As Throttle::event, for connections from `remote`.
  [[nodiscard]] std::optional<std::uint64_t> event(const net::IpAddress& remote, net::TimePoint now) {
    if (const auto it = by_address_.find(remote); it != by_address_.end()) return it->second.event(now);
    if (by_address_.size() >= kMaxAddresses)
      std::erase_if(by_address_, [now](const auto& item) { return item.second.is_new(now); });
    if (by_address_.size() >= kMaxAddresses) return others_.event(now);
    return by_address_[remote].event(now);
  }

 private:
  static constexpr std::size_t kMaxAddresses = 64;  // who dials from more shares one budget of lines
  std::map<net::IpAddress, net::Throttle> by_address_;
  net::Throttle others_;
};

}  // namespace podbgp::bgpd

// How podbgp writes the kernel's routing table.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "net/prefix.hpp"

namespace podbgp::fib {

// What makes a kernel route ours: its protocol AND table AND metric.
struct Mark {
  std::uint32_t table = 254;   // 254: RT_TABLE_MAIN
  std::uint8_t protocol = 179;  // rtm_protocol
  std::uint32_t metric_v4 = 200;
  std::uint32_t metric_v6 = 2000;
  [[nodiscard]] std::uint32_t metric(net::Family family) const {
    return family == net::Family::Ipv4Unicast ? metric_v4 : metric_v6;
  }
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

struct Settings {
  bool install = true;               // false: no kernel at all; every next hop counts as resolved
  std::uint32_t table = 254;         // RT_TABLE_MAIN
  std::uint8_t protocol = 179;       // rtm_protocol
  std::uint32_t metric_v4 = 200;
  std::uint32_t metric_v6 = 2000;    // behind connected (256), RA and static routes (1024)
  unsigned multipath = 8;            // most members of an ECMP group, 1..64
  bool nexthop_objects = true;       // RTM_NEWNEXTHOP; falls back to plain next hops where the kernel has none
  std::uint32_t nexthop_id_base = 179'000'000;  // our range of nexthop ids: [base, base + 1'000'000)
  bool remove_on_stop = false;       // fib: { on_stop: keep | remove }
  std::chrono::seconds sweep_after{60};  // cap of the wait for convergence before stale routes are swept
  [[nodiscard]] Mark mark() const { return {table, protocol, metric_v4, metric_v6}; }
  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace podbgp::fib

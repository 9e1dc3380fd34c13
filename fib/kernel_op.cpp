#include "fib/kernel_op.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace podbgp::fib {

std::string error_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? std::string(name) : fmt::format("error {}", error);
}

std::string protocol_name(std::uint8_t protocol) {
  // The registry of rtnetlink.h and iproute2's rt_protos.
  switch (protocol) {
    case 1: return "redirect";
    case 2: return "kernel";
    case 3: return "boot";
    case 4: return "static";
    case 9: return "ra";
    case 11: return "zebra";
    case 12: return "bird";
    case 16: return "dhcp";
    case 18: return "keepalived";
    case 186: return "bgp";
    case 187: return "isis";
    case 188: return "ospf";
    case 189: return "rip";
    case 196: return "static (FRR)";
    default: return fmt::format("{}", protocol);
  }
}

}  // namespace podbgp::fib

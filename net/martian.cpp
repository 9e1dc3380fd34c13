#include "net/martian.hpp"

#include <algorithm>

namespace podbgp::net {

namespace {

const char* martian_v4(unsigned length, const std::uint8_t* octets) {
  if (length >= 3 && octets[0] >= 224) {
    if (length == 3) return "multicast and reserved";
    return octets[0] < 240 ? "multicast" : "reserved";
  }
  if (length < 8) return nullptr;
  switch (octets[0]) {
    case 0: return "this network";
    case 127: return "loopback";
    case 169: return length >= 16 && octets[1] == 254 ? "link-local" : nullptr;
    default: return nullptr;
  }
}

const char* martian_v6(unsigned length, const std::uint8_t* octets) {
  if (length >= 8 && octets[0] == 0xff) return "multicast";
  if (length >= 10 && octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) return "link-local";
  if (length < 96 || std::any_of(octets, octets + 10, [](auto octet) { return octet != 0; })) return nullptr;
  if (octets[10] == 0xff && octets[11] == 0xff) return "IPv4-mapped";
  if (length < 128 || std::any_of(octets + 10, octets + 15, [](auto octet) { return octet != 0; })) return nullptr;
  return octets[15] == 0 ? "unspecified" : octets[15] == 1 ? "loopback" : nullptr;
}

}  // namespace

const char* martian(Family family, unsigned length, const std::uint8_t* octets) {
  return family == Family::Ipv4Unicast ? martian_v4(length, octets) : martian_v6(length, octets);
}

const char* martian(const Prefix& prefix) {
  return martian(prefix.family(), prefix.length(), prefix.address().bytes().data());
}

}  // namespace podbgp::net

#include "net/ip_address.hpp"

#include <arpa/inet.h>

#include "net/hash.hpp"

namespace podbgp::net {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  IpAddress a;
  if (inet_pton(AF_INET, buffer, a.bytes_.data()) == 1) return a;
  a.is_v6_ = true;
  if (inet_pton(AF_INET6, buffer, a.bytes_.data()) == 1) return a;
  return std::nullopt;
}

bool IpAddress::is_unspecified() const { return bytes_ == std::array<std::uint8_t, 16>{}; }

bool IpAddress::is_loopback() const {
  if (!is_v6_) return bytes_[0] == 127;
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  return bytes_ == one;
}

bool IpAddress::is_multicast() const { return is_v6_ ? bytes_[0] == 0xff : (bytes_[0] & 0xf0) == 0xe0; }

bool IpAddress::is_link_local() const {
  return is_v6_ ? bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80 : bytes_[0] == 169 && bytes_[1] == 254;
}

bool IpAddress::is_v4_mapped() const {
  if (!is_v6_) return false;
  for (int i = 0; i < 10; ++i)
    if (bytes_[i] != 0) return false;
  return bytes_[10] == 0xff && bytes_[11] == 0xff;
}

std::string to_string(const IpAddress& address) {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.bytes().data(), buffer, sizeof buffer);
  return buffer;
}

}  // namespace podbgp::net

std::size_t std::hash<podbgp::net::IpAddress>::operator()(const podbgp::net::IpAddress& a) const noexcept {
  return podbgp::net::hash_bytes(a.bytes(), a.is_v6() ? 1 : 0);
}

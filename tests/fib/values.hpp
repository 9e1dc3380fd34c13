// Values by their text, for tests.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "fib/messages.hpp"

namespace podbgp::fib::test {

inline net::Prefix prefix(std::string_view text) {
  auto p = net::Prefix::parse(text);
  if (!p) ADD_FAILURE() << p.error();
  return p.value_or(net::Prefix{});
}
inline net::IpAddress address(std::string_view text) { return net::IpAddress::parse(text).value(); }
inline Hop hop(int peer, std::string_view gateway, std::string interface = {}) {
  return {net::PeerId{static_cast<std::uint16_t>(peer)}, {address(gateway), std::move(interface)}};
}
inline DumpRoutes dump_page(std::uint64_t request, std::size_t limit = 1000) {
  DumpRoutes question;
  question.request = request;
  question.limit = limit;
  return question;
}

}  // namespace podbgp::fib::test

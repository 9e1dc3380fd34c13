// What a scalar of the file can mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "config/config.hpp"

namespace podbgp::config {

using Value = std::variant<std::monostate, std::int64_t, bool, std::string, std::chrono::milliseconds, net::IpAddress,
                           net::RouterId, net::Prefix, rib::PrefixRange, Listen, rib::AnyCommunity>;

}  // namespace podbgp::config

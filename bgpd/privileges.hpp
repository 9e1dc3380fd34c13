// Least privilege: after start the process keeps CAP_NET_ADMIN (routes, TCP MD5, large socket buffers) and
// CAP_NET_BIND_SERVICE (port 179) in its permitted, effective and bounding sets, and nothing else.
#pragma once

#include <string>

#include "net/result.hpp"

namespace podbgp::bgpd {

// Call in the first thread, before others exist: capabilities belong to threads, children inherit them.
// The value is a warning for the log, empty when everything was dropped as wanted.
[[nodiscard]] net::Result<std::string, std::string> drop_privileges();

}  // namespace podbgp::bgpd

// RefusedRoutes: what the log is told of routes that the kernel refused. One line for each reason and interval, with a
// count and the first prefixes, however many routes it are; each prefix keeps its own reason in the API.
//
// Owner: core. Cost: a short string a refused route, and at most 17 lines an interval.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bgpd/log.hpp"
#include "net/prefix.hpp"

namespace podbgp::bgpd {

class RefusedRoutes {
 public:
  void add(const net::Prefix& prefix, const std::string& reason);
  [[nodiscard]] std::vector<LogRecord> take();  // what came since the last call

 private:
  static constexpr std::size_t kReasons = 16, kNamed = 3;
  struct Group {
    std::size_t count = 0;
    std::string reason;  // of the first, with its prefix
    std::string prefixes;
  };
  [[nodiscard]] static LogRecord record(const std::string& text, const Group& group);

  std::map<std::string, Group, std::less<>> groups_;  // by the reason without the prefix
  Group others_;                                      // beyond kReasons
};

}  // namespace podbgp::bgpd

#include "bgpd/refused_routes.hpp"

#include <utility>

#include <fmt/format.h>

namespace podbgp::bgpd {

void RefusedRoutes::add(const net::Prefix& prefix, const std::string& reason) {
  const auto name = net::to_string(prefix);
  auto text = reason;  // "EEXIST: 10.1.0.0/24 is held by …" is one reason, whatever the prefix
  if (const auto at = text.find(name); at != std::string::npos) text.replace(at, name.size(), "the prefix");
  auto found = groups_.find(text);
  if (found == groups_.end() && groups_.size() < kReasons) found = groups_.try_emplace(std::move(text)).first;
  auto& group = found == groups_.end() ? others_ : found->second;
  if (group.count++ == 0) group.reason = reason;
  if (group.count <= kNamed) group.prefixes += (group.prefixes.empty() ? "" : " ") + name;
}

LogRecord RefusedRoutes::record(const std::string& text, const Group& group) {
  if (group.count == 1) return {LogLevel::Warn, "FIB_REFUSED", group.reason, {{"prefix", group.prefixes}}};
  return {LogLevel::Warn,
          "FIB_REFUSED",
          fmt::format("{} routes, `podbgp routes --view kernel` shows each: {}", group.count, text),
          {{"count", std::to_string(group.count)}, {"prefixes", group.prefixes}}};
}

std::vector<LogRecord> RefusedRoutes::take() {
  std::vector<LogRecord> records;
  for (const auto& [text, group] : groups_) records.push_back(record(text, group));
  if (others_.count > 0) records.push_back(record("for other reasons, such as: " + others_.reason, others_));
  groups_.clear();
  others_ = {};
  return records;
}

}  // namespace podbgp::bgpd

// What a session has counted since it was made. Plain values; owner: core, copied to whoever shows them.
#pragma once

#include <optional>
#include <vector>

#include "fsm/action.hpp"
#include "net/time.hpp"

namespace podbgp::session {

struct MessageCounters {
  std::uint64_t open = 0, update = 0, notification = 0, keepalive = 0, route_refresh = 0;
  std::uint64_t octets = 0;
  [[nodiscard]] std::uint64_t messages() const { return open + update + notification + keepalive + route_refresh; }
  void count(wire::MessageType type) {
    switch (type) {
      case wire::MessageType::Open: ++open; break;
      case wire::MessageType::Update: ++update; break;
      case wire::MessageType::Notification: ++notification; break;
      case wire::MessageType::Keepalive: ++keepalive; break;
      case wire::MessageType::RouteRefresh: ++route_refresh; break;
    }
  }
};

enum class Direction : std::uint8_t { Sent, Received };

struct NotificationCount {
  Direction direction{};
  std::uint8_t code = 0;
  std::uint8_t subcode = 0;
  std::uint64_t count = 0;
};

struct LastError {
  fsm::DownReason reason;
  net::TimePoint at;
};

struct SessionCounters {
  MessageCounters received, sent;
  std::vector<NotificationCount> notifications;  // one entry per (direction, code, subcode) that occurred
  std::uint64_t established = 0;                 // times the session came up
  std::uint64_t flaps = 0;                       // times it went down from Established
  std::uint64_t attempts_failed = 0;             // connections that ended before Established
  std::optional<LastError> last_error;           // of a session or an attempt
  std::optional<net::TimePoint> established_since;
  net::TimePoint state_since;
  std::optional<net::TimePoint> last_received;  // any message

  void count_notification(Direction direction, const wire::Notification& n) {
    for (auto& entry : notifications) {
      if (entry.direction == direction && entry.code == n.code && entry.subcode == n.subcode) {
        ++entry.count;
        return;
      }
    }
    notifications.push_back({direction, n.code, n.subcode, 1});
  }
};

}  // namespace podbgp::session

#include "fsm/reason.hpp"

#include <fmt/format.h>

namespace podbgp::fsm {

DownReason sent_reason(const wire::Notification& notification, std::string_view detail) {
  DownReason reason;
  reason.token = wire::reason_token(notification);
  reason.text = detail.empty() ? fmt::format("sent NOTIFICATION {}", wire::to_string(notification))
                               : fmt::format("{}; sent NOTIFICATION {}", detail, wire::to_string(notification));
  reason.sent = notification;
  return reason;
}

DownReason received_reason(const wire::Notification& notification) {
  DownReason reason;
  reason.token = "notification-received";
  reason.text = fmt::format("received NOTIFICATION {}", wire::to_string(notification));
  reason.received = notification;
  return reason;
}

DownReason tcp_reason(std::string_view error, State state) {
  DownReason reason;
  reason.token = error.empty() ? "tcp-closed" : "tcp-failed";
  reason.text = error.empty() ? "the peer closed the connection" : fmt::format("connection lost: {}", error);
  if (state == State::OpenSent) reason.text += " before its OPEN came: does it have this address of ours as a peer, or does it still pause after an error? its log says";
  return reason;
}

DownReason link_reason(std::string_view text) {
  DownReason reason;
  reason.token = "link-down";
  reason.text = text;
  return reason;
}

DownReason connect_reason(std::string_view error) {
  DownReason reason;
  reason.token = "connect-failed";
  reason.text = fmt::format("cannot connect: {}", error);
  return reason;
}

DownReason stop_reason(const wire::Notification& notification) {
  DownReason reason;
  switch (notification.subcode) {
    case wire::cease::kAdminShutdown: reason.token = "admin-shutdown"; break;
    case wire::cease::kAdminReset: reason.token = "admin-reset"; break;
    case wire::cease::kPeerDeconfigured: reason.token = "peer-deconfigured"; break;
    case wire::cease::kOtherConfigChange: reason.token = "config-change"; break;
    default: reason.token = wire::reason_token(notification); break;
  }
  reason.text = fmt::format("ended by us: {}", wire::to_string(notification));
  reason.sent = notification;
  return reason;
}

}  // namespace podbgp::fsm

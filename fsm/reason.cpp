#include "fsm/reason.hpp"

#include <fmt/format.h>

namespace podbgp::fsm {

namespace {

// What an operator can do about a NOTIFICATION of the peer, where its name alone leaves that open.
std::string remedy(const wire::Notification& n, const PeerSettings& settings) {
  const auto is = [&n](wire::ErrorCode code, std::uint8_t subcode) {
    return n.code == static_cast<std::uint8_t>(code) && n.subcode == subcode;
  };
  if (is(wire::ErrorCode::Open, wire::open_error::kBadPeerAs)) {
    return fmt::format("; the peer expects another AS than ours, which is {}", settings.local_asn);
  }
  if (is(wire::ErrorCode::Open, wire::open_error::kBadIdentifier)) {
    return fmt::format("; the peer refuses our router id {}: has it, or another router of the AS, the same one?",
                       settings.local_id);
  }
  if (is(wire::ErrorCode::Cease, wire::cease::kMaxPrefixes)) {
    return "; we announce more than the peer takes from us: announce less, or raise its limit";
  }
  return {};
}

}  // namespace

DownReason sent_reason(const wire::Notification& notification, std::string_view detail) {
  DownReason reason;
  reason.token = wire::reason_token(notification);
  reason.text = detail.empty() ? fmt::format("sent NOTIFICATION {}", wire::to_string(notification))
                               : fmt::format("{}; sent NOTIFICATION {}", detail, wire::to_string(notification));
  reason.sent = notification;
  return reason;
}

DownReason received_reason(const wire::Notification& notification, const PeerSettings& settings) {
  DownReason reason;
  reason.token = "notification-received";
  reason.text = fmt::format("received NOTIFICATION {}", wire::to_string(notification)) + remedy(notification, settings);
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

DownReason dialled_again_reason(State state) {
  DownReason reason;
  reason.token = "peer-dialled-again";
  // Before its OPEN nothing is wrong yet: links come and go while both sides dial.
  reason.text = state == State::OpenSent
                    ? "the peer dialled again before its OPEN came on its earlier connection"
                    : "the peer dialled again instead of a KEEPALIVE on its earlier connection: does it hear what we "
                      "send? is ttl_security on one side only?";
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

#include "fsm/print.hpp"

#include <fmt/format.h>

namespace podbgp::fsm {

namespace {

std::string codes(const wire::Notification& n) { return fmt::format("NOTIFICATION {}/{}", n.code, n.subcode); }

std::string seconds(net::Duration d) { return fmt::format("{:.3g}s", std::chrono::duration<double>(d).count()); }

std::string timer_name(TimerKind kind, Slot slot) {
  return per_peer(kind) ? std::string(to_string(kind)) : fmt::format("{}/{}", to_string(kind), to_string(slot));
}

struct EventPrinter {
  std::string operator()(const event::ManualStart&) const { return "ManualStart"; }
  std::string operator()(const event::ManualStop&) const { return "ManualStop"; }
  std::string operator()(const event::Reset&) const { return "Reset"; }
  std::string operator()(const event::TimerExpired& e) const {
    return fmt::format("TimerExpired({})", timer_name(e.kind, e.slot));
  }
  std::string operator()(const event::IncomingOffered&) const { return "IncomingOffered"; }
  std::string operator()(const event::TcpConnected& e) const { return on("TcpConnected", e.slot); }
  std::string operator()(const event::TcpFailed& e) const { return on("TcpFailed", e.slot); }
  std::string operator()(const event::OpenReceived& e) const { return on("OpenReceived", e.slot); }
  std::string operator()(const event::KeepaliveReceived& e) const { return on("KeepaliveReceived", e.slot); }
  std::string operator()(const event::UpdateReceived& e) const { return on("UpdateReceived", e.slot); }
  std::string operator()(const event::RouteRefreshReceived& e) const { return on("RouteRefreshReceived", e.slot); }
  std::string operator()(const event::NotificationReceived& e) const {
    return fmt::format("NotificationReceived({} {}/{})", to_string(e.slot), e.notification.code,
                       e.notification.subcode);
  }
  std::string operator()(const event::MessageError& e) const {
    return fmt::format("MessageError({} {}/{})", to_string(e.slot), e.notification.code, e.notification.subcode);
  }
  std::string operator()(const event::LocalError& e) const {
    return fmt::format("LocalError({}/{})", e.notification.code, e.notification.subcode);
  }
  std::string operator()(const event::MessageSent& e) const { return on("MessageSent", e.slot); }
  std::string operator()(const event::LinkEvent&) const { return "LinkEvent"; }
  std::string operator()(const event::LinkLost&) const { return "LinkLost"; }
  static std::string on(std::string_view what, Slot slot) { return fmt::format("{}({})", what, to_string(slot)); }
};

struct ActionPrinter {
  Durations durations;
  std::string operator()(const action::Dial&) const { return "dial"; }
  std::string operator()(const action::AcceptIncoming&) const { return "accept"; }
  std::string operator()(const action::RefuseIncoming& a) const {
    return a.notification ? fmt::format("refuse({})", codes(*a.notification)) : "refuse";
  }
  std::string operator()(const action::Close& a) const { return fmt::format("close({})", to_string(a.slot)); }
  std::string operator()(const action::SendOpen& a) const { return fmt::format("send({} OPEN)", to_string(a.slot)); }
  std::string operator()(const action::SendKeepalive& a) const {
    return fmt::format("send({} KEEPALIVE)", to_string(a.slot));
  }
  std::string operator()(const action::SendNotification& a) const {
    return fmt::format("send({} {})", to_string(a.slot), codes(a.notification));
  }
  std::string operator()(const action::ArmTimer& a) const {
    const auto name = timer_name(a.kind, a.slot);
    return durations == Durations::Shown ? fmt::format("arm({} {})", name, seconds(a.after))
                                         : fmt::format("arm({})", name);
  }
  std::string operator()(const action::StopTimer& a) const {
    return fmt::format("stop({})", timer_name(a.kind, a.slot));
  }
  std::string operator()(const action::SessionUp& a) const { return fmt::format("up({})", to_string(a.slot)); }
  std::string operator()(const action::SessionDown& a) const { return fmt::format("down({})", a.reason.token); }
  std::string operator()(const action::AttemptFailed& a) const { return fmt::format("failed({})", a.reason.token); }
  std::string operator()(const action::StateChanged& a) const {
    return fmt::format("{}->{}", to_string(a.from), to_string(a.to));
  }
};

}  // namespace

std::string_view to_string(TimerKind kind) {
  constexpr std::string_view names[] = {"ConnectRetry", "IdleHold", "Hold",     "Keepalive",
                                        "SendHold",     "Stable",   "Collision"};
  return names[static_cast<std::size_t>(kind)];
}

std::string to_string(const Event& event) { return std::visit(EventPrinter{}, event); }

std::string to_string(const Action& action, Durations durations) {
  return std::visit(ActionPrinter{durations}, action);
}

std::string to_string(const Actions& actions, Durations durations) {
  std::string text;
  for (const auto& a : actions) {
    if (!text.empty()) text += ", ";
    text += to_string(a, durations);
  }
  return text;
}

}  // namespace podbgp::fsm

// Why sessions end, in words and tokens. Pure.
#pragma once

#include <string_view>

#include "fsm/action.hpp"

namespace podbgp::fsm {

[[nodiscard]] DownReason sent_reason(const wire::Notification& notification, std::string_view detail);
[[nodiscard]] DownReason received_reason(const wire::Notification& notification);
[[nodiscard]] DownReason tcp_reason(std::string_view error, State state);  // "" = closed by the peer
[[nodiscard]] DownReason link_reason(std::string_view text);
[[nodiscard]] DownReason connect_reason(std::string_view error);
[[nodiscard]] DownReason stop_reason(const wire::Notification& notification);

}  // namespace podbgp::fsm

// Why sessions end, in words and tokens. Pure.
#pragma once

#include <string_view>

#include "fsm/action.hpp"

namespace podbgp::fsm {

[[nodiscard]] DownReason sent_reason(const wire::Notification& notification, std::string_view detail);
// `settings` are ours, for what the peer does not like of them.
[[nodiscard]] DownReason received_reason(const wire::Notification& notification, const PeerSettings& settings);
[[nodiscard]] DownReason tcp_reason(std::string_view error, State state);  // "" = closed by the peer
[[nodiscard]] DownReason dialled_again_reason(State state);                // of the peer's earlier connection
[[nodiscard]] DownReason link_reason(std::string_view text);
[[nodiscard]] DownReason connect_reason(std::string_view error);
[[nodiscard]] DownReason stop_reason(const wire::Notification& notification);

}  // namespace podbgp::fsm

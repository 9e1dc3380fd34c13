// Events and actions in one line each, for trace logs and tests.
#pragma once

#include <string>

#include "fsm/action.hpp"

namespace podbgp::fsm {

enum class Durations : std::uint8_t { Shown, Hidden };

[[nodiscard]] std::string_view to_string(TimerKind kind);
[[nodiscard]] std::string to_string(const Event& event);  // "OpenReceived(in)"
[[nodiscard]] std::string to_string(const Action& action,
                                    Durations durations = Durations::Shown);  // "arm(Hold/out 90s)"
[[nodiscard]] std::string to_string(const Actions& actions, Durations durations = Durations::Shown);  // joined by ", "

}  // namespace podbgp::fsm

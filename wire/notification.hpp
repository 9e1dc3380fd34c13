// NOTIFICATION (RFC 4271 §4.5) with shutdown text (RFC 9003), and the reactions of RFC 7606.
// A Notification value is also the error type of every decoder that can end a session: what is returned is what is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/family.hpp"
#include "net/result.hpp"
#include "wire/constants.hpp"

namespace podbgp::wire {

struct Notification {
  std::uint8_t code = 0;     // raw, so that unknown codes of a peer survive to the log
  std::uint8_t subcode = 0;
  Bytes data;
  friend bool operator==(const Notification&, const Notification&) = default;
};

[[nodiscard]] Notification make_notification(ErrorCode code, std::uint8_t subcode, Bytes data = {});
// Cease with RFC 9003 communication; text is cut to 255 octets at a UTF-8 boundary. Only for subcodes 2 and 4.
[[nodiscard]] Notification make_shutdown(std::uint8_t cease_subcode, std::string_view text);
[[nodiscard]] std::optional<std::string> shutdown_text(const Notification& notification);  // control characters replaced
[[nodiscard]] std::string to_string(const Notification& notification);                     // "Cease/Administrative Shutdown: text"
// The stable lower-case token for metrics and events, e.g. "hold-timer-expired", "cease-admin-shutdown".
[[nodiscard]] std::string reason_token(const Notification& notification);

[[nodiscard]] net::Result<Notification, Notification> decode_notification(ByteSpan body);
void encode_notification(const Notification& notification, Bytes& out);  // whole message, header included

// RFC 7606 §2, ordered by strength: the strongest wins.
enum class Reaction : std::uint8_t { None, AttributeDiscard, TreatAsWithdraw, FamilyDisable, SessionReset };

}  // namespace podbgp::wire

#include "wire/notification.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "wire/reader.hpp"
#include "net/utf8.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {
namespace {

constexpr std::size_t kMaxCommunication = 255;  // RFC 9003 §2

struct Name {
  std::uint8_t code;
  std::uint8_t subcode;
  std::string_view text;   // as IANA registers it
  std::string_view token;  // stable: metrics and events carry it
};

constexpr std::array kCodes{
    Name{1, 0, "Message Header Error", "header-error"},
    Name{2, 0, "OPEN Message Error", "open-error"},
    Name{3, 0, "UPDATE Message Error", "update-error"},
    Name{4, 0, "Hold Timer Expired", "hold-timer-expired"},
    Name{5, 0, "Finite State Machine Error", "fsm-error"},
    Name{6, 0, "Cease", "cease"},
    Name{7, 0, "ROUTE-REFRESH Message Error", "route-refresh-error"},
    Name{8, 0, "Send Hold Timer Expired", "send-hold-timer-expired"},
};

constexpr std::array kSubcodes{
    Name{1, 1, "Connection Not Synchronized", "header-not-synchronized"},
    Name{1, 2, "Bad Message Length", "header-bad-length"},
    Name{1, 3, "Bad Message Type", "header-bad-type"},
    Name{2, 1, "Unsupported Version Number", "open-bad-version"},
    Name{2, 2, "Bad Peer AS", "open-bad-peer-as"},
    Name{2, 3, "Bad BGP Identifier", "open-bad-identifier"},
    Name{2, 4, "Unsupported Optional Parameter", "open-bad-parameter"},
    Name{2, 5, "Authentication Failure", "open-authentication-failure"},  // deprecated, still seen
    Name{2, 6, "Unacceptable Hold Time", "open-bad-hold-time"},
    Name{2, 7, "Unsupported Capability", "open-bad-capability"},
    Name{2, 11, "Role Mismatch", "open-role-mismatch"},  // RFC 9234
    Name{3, 1, "Malformed Attribute List", "update-malformed-attribute-list"},
    Name{3, 2, "Unrecognized Well-known Attribute", "update-unrecognized-well-known"},
    Name{3, 3, "Missing Well-known Attribute", "update-missing-well-known"},
    Name{3, 4, "Attribute Flags Error", "update-attribute-flags"},
    Name{3, 5, "Attribute Length Error", "update-attribute-length"},
    Name{3, 6, "Invalid ORIGIN Attribute", "update-invalid-origin"},
    Name{3, 7, "AS Routing Loop", "update-as-routing-loop"},  // deprecated, still seen
    Name{3, 8, "Invalid NEXT_HOP Attribute", "update-invalid-next-hop"},
    Name{3, 9, "Optional Attribute Error", "update-optional-attribute"},
    Name{3, 10, "Invalid Network Field", "update-invalid-network-field"},
    Name{3, 11, "Malformed AS_PATH", "update-malformed-as-path"},
    Name{5, 1, "Receive Unexpected Message in OpenSent State", "fsm-error-open-sent"},
    Name{5, 2, "Receive Unexpected Message in OpenConfirm State", "fsm-error-open-confirm"},
    Name{5, 3, "Receive Unexpected Message in Established State", "fsm-error-established"},
    Name{6, 1, "Maximum Number of Prefixes Reached", "cease-max-prefixes"},
    Name{6, 2, "Administrative Shutdown", "cease-admin-shutdown"},
    Name{6, 3, "Peer De-configured", "cease-peer-deconfigured"},
    Name{6, 4, "Administrative Reset", "cease-admin-reset"},
    Name{6, 5, "Connection Rejected", "cease-connection-rejected"},
    Name{6, 6, "Other Configuration Change", "cease-other-config-change"},
    Name{6, 7, "Connection Collision Resolution", "cease-collision"},
    Name{6, 8, "Out of Resources", "cease-out-of-resources"},
    Name{6, 9, "Hard Reset", "cease-hard-reset"},  // RFC 8538
    Name{6, 10, "BFD Down", "cease-bfd-down"},     // RFC 9384
    Name{7, 1, "Invalid Message Length", "route-refresh-bad-length"},
};

const Name* find_code(std::uint8_t code) {
  const auto* it = std::ranges::find(kCodes, code, &Name::code);
  return it == kCodes.end() ? nullptr : it;
}

const Name* find_subcode(std::uint8_t code, std::uint8_t subcode) {
  const auto* it =
      std::ranges::find_if(kSubcodes, [&](const Name& n) { return n.code == code && n.subcode == subcode; });
  return it == kSubcodes.end() ? nullptr : it;
}

bool carries_text(std::uint8_t code, std::uint8_t subcode) {  // RFC 9003 §2
  return code == static_cast<std::uint8_t>(ErrorCode::Cease) &&
         (subcode == cease::kAdminShutdown || subcode == cease::kAdminReset);
}

// RFC 8538 §3.1: a Hard Reset carries the NOTIFICATION it stands for.
std::optional<Notification> inner_of_hard_reset(const Notification& n) {
  if (n.code != static_cast<std::uint8_t>(ErrorCode::Cease) || n.subcode != cease::kHardReset || n.data.size() < 2)
    return std::nullopt;
  return Notification{n.data[0], n.data[1], Bytes(n.data.begin() + 2, n.data.end())};
}

std::string name_of(const Notification& n) {
  const auto* code = find_code(n.code);
  std::string text = code ? std::string(code->text) : fmt::format("code {}", n.code);
  if (n.subcode == 0) return text;
  const auto* subcode = find_subcode(n.code, n.subcode);
  return text + "/" + (subcode ? std::string(subcode->text) : fmt::format("subcode {}", n.subcode));
}

// RFC 4486 §4: AFI, SAFI and the upper bound, which the sender may leave out.
std::optional<std::string> prefix_limit(const Notification& n) {
  if (n.code != static_cast<std::uint8_t>(ErrorCode::Cease) || n.subcode != cease::kMaxPrefixes) return std::nullopt;
  Reader r(n.data);
  const auto afi = r.u16();
  const auto safi = r.u8();
  const auto limit = r.u32();
  if (!r.ok() || !r.empty()) return std::nullopt;
  const auto family = net::family_of(afi, safi);
  const auto name = family ? std::string(net::to_string(*family)) : fmt::format("AFI {} SAFI {}", afi, safi);
  return fmt::format("{}, limit {}", name, limit);
}

std::string hex(ByteSpan bytes) {
  constexpr std::size_t kShown = 16;
  std::string text;
  for (const auto octet : bytes.first(std::min(bytes.size(), kShown))) text += fmt::format("{:02x}", octet);
  return bytes.size() > kShown ? fmt::format("{}… {} octets", text, bytes.size()) : text;
}

}  // namespace

Notification make_notification(ErrorCode code, std::uint8_t subcode, Bytes data) {
  return {static_cast<std::uint8_t>(code), subcode, std::move(data)};
}

Notification make_shutdown(std::uint8_t cease_subcode, std::string_view text) {
  auto n = make_notification(ErrorCode::Cease, cease_subcode);
  if (text.empty() || !carries_text(n.code, n.subcode)) return n;
  const auto cut = net::utf8_prefix(text, kMaxCommunication);
  n.data.push_back(static_cast<std::uint8_t>(cut.size()));
  n.data.insert(n.data.end(), cut.begin(), cut.end());
  return n;
}

std::optional<std::string> shutdown_text(const Notification& notification) {
  if (const auto inner = inner_of_hard_reset(notification); inner && carries_text(inner->code, inner->subcode))
    return shutdown_text(*inner);
  if (!carries_text(notification.code, notification.subcode)) return std::nullopt;
  Reader r(notification.data);
  const auto text = r.take(r.u8());
  if (!r.ok() || text.empty()) return std::nullopt;
  return net::utf8_printable({reinterpret_cast<const char*>(text.data()), text.size()});
}

std::string to_string(const Notification& notification) {
  std::string text = name_of(notification);
  if (const auto inner = inner_of_hard_reset(notification)) {
    text += " for " + name_of(*inner);
    if (const auto reason = shutdown_text(notification)) text += ": " + *reason;
    return text;
  }
  if (const auto reason = shutdown_text(notification)) return text + ": " + *reason;
  if (const auto limit = prefix_limit(notification)) return fmt::format("{} ({})", text, *limit);
  if (!notification.data.empty()) text += fmt::format(" (data {})", hex(notification.data));
  return text;
}

std::string reason_token(const Notification& notification) {
  if (const auto* subcode = find_subcode(notification.code, notification.subcode)) return std::string(subcode->token);
  const auto* code = find_code(notification.code);
  const std::string token = code ? std::string(code->token) : fmt::format("code-{}", notification.code);
  return notification.subcode == 0 ? token : fmt::format("{}-{}", token, notification.subcode);
}

net::Result<Notification, Notification> decode_notification(ByteSpan body) {
  Reader r(body);
  Notification n{r.u8(), r.u8(), {}};
  if (!r.ok()) {
    const std::size_t size = kHeaderSize + body.size();
    return net::fail(make_notification(ErrorCode::MessageHeader, header_error::kBadLength,
                                       {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)}));
  }
  n.data.assign(r.rest().begin(), r.rest().end());
  return n;
}

void encode_notification(const Notification& notification, Bytes& out) {
  Writer w(out, kMaxMessageSize);
  write_header(w, MessageType::Notification);
  w.u8(notification.code);
  w.u8(notification.subcode);
  // What quotes a longer message back is cut: the data field is a help for the reader, not a message of its own.
  const ByteSpan data = notification.data;
  w.bytes(data.first(std::min(data.size(), kMaxMessageSize - kHeaderSize - 2)));
  finish_message(w);
}

}  // namespace podbgp::wire

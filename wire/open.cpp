#include "wire/open.hpp"

#include "wire/capabilities.hpp"

namespace podbgp::wire {
namespace {

constexpr std::uint8_t kVersion = 4;
constexpr std::uint8_t kCapabilitiesParameter = 2;      // RFC 5492 §4
constexpr std::uint8_t kExtendedLengthParameter = 255;  // RFC 9072 §2

Notification open_error_of(std::uint8_t subcode, Bytes data = {}) {
  return make_notification(ErrorCode::Open, subcode, std::move(data));
}

// The optional parameters, `wide` with the two-octet lengths of RFC 9072 §2.
net::Result<Capabilities, Notification> decode_parameters(Reader r, bool wide) {
  Capabilities capabilities;
  while (!r.empty()) {
    const auto type = r.u8();
    const std::size_t length = wide ? r.u16() : r.u8();
    const auto value = r.sub(length);
    if (!r.ok()) return net::fail(open_error_of(open_error::kUnspecific));
    // RFC 4271 §6.2: unrecognised: Unsupported Optional Parameter; recognised but malformed: Unspecific.
    if (type != kCapabilitiesParameter) return net::fail(open_error_of(open_error::kBadParameter));
    if (!decode_capabilities(value, capabilities)) return net::fail(open_error_of(open_error::kUnspecific));
  }
  return capabilities;
}

}  // namespace

net::Result<Open, Notification> decode_open(ByteSpan body) {
  Reader r(body);
  Open open;
  open.version = r.u8();
  open.my_as = net::Asn{r.u16()};
  open.hold_time = r.u16();
  open.identifier = net::RouterId{r.u32()};
  std::size_t parameters_size = r.u8();
  if (!r.ok()) {
    const std::size_t size = kHeaderSize + body.size();
    return net::fail(make_notification(ErrorCode::MessageHeader, header_error::kBadLength,
                                       {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)}));
  }
  // RFC 4271 §6.2: the data field holds the version we do speak.
  if (open.version != kVersion) return net::fail(open_error_of(open_error::kBadVersion, {0, kVersion}));

  // RFC 9072 §2: a first parameter of type 255 says that the extended form follows, whatever the one-octet length is,
  // as long as it is not 0.
  const bool wide = parameters_size != 0 && !r.empty() && r.rest()[0] == kExtendedLengthParameter;
  if (wide) {
    r.u8();
    parameters_size = r.u16();
  }
  if (!r.ok() || r.size() != parameters_size) return net::fail(open_error_of(open_error::kUnspecific));
  auto capabilities = decode_parameters(r, wide);
  if (!capabilities) return net::fail(std::move(capabilities.error()));
  open.capabilities = std::move(*capabilities);

  if (open.my_as == net::Asn{0} || open.as_number() == net::Asn{0})  // RFC 7607 §2
    return net::fail(open_error_of(open_error::kBadPeerAs));
  if (open.hold_time == 1 || open.hold_time == 2) return net::fail(open_error_of(open_error::kBadHoldTime));
  if (open.identifier == net::RouterId{}) return net::fail(open_error_of(open_error::kBadIdentifier));  // RFC 6286 §2.1
  return open;
}

void encode_open(const Open& open, Bytes& out) {
  constexpr std::size_t kFixed = kHeaderSize + 10;
  constexpr std::size_t kWideOverhead = 6;  // type 255 and length, then type 2 and length
  Bytes capabilities;
  Writer list(capabilities, kMaxMessageSize - kFixed - kWideOverhead);
  encode_capabilities(open.capabilities, list);

  Writer w(out, kMaxMessageSize);
  write_header(w, MessageType::Open);
  w.u8(open.version);
  w.u16(static_cast<std::uint16_t>(open.my_as.value() > 0xffff ? net::kAsTrans.value() : open.my_as.value()));
  w.u16(open.hold_time);
  w.u32(open.identifier.value());
  if (capabilities.empty()) {
    w.u8(0);
  } else if (capabilities.size() + 2 <= 255) {
    w.u8(static_cast<std::uint8_t>(capabilities.size() + 2));
    w.u8(kCapabilitiesParameter);
    w.u8(static_cast<std::uint8_t>(capabilities.size()));
  } else {  // RFC 9072 §2: only where the short form cannot hold it
    w.u8(255);
    w.u8(kExtendedLengthParameter);
    w.u16(static_cast<std::uint16_t>(capabilities.size() + 3));
    w.u8(kCapabilitiesParameter);
    w.u16(static_cast<std::uint16_t>(capabilities.size()));
  }
  w.bytes(capabilities);
  finish_message(w);
}

}  // namespace podbgp::wire

#include "wire/route_refresh.hpp"

#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace podbgp::wire {

net::Result<RouteRefresh, Notification> decode_route_refresh(ByteSpan body) {
  Reader r(body);
  RouteRefresh refresh;
  refresh.family.afi = r.u16();
  refresh.subtype = r.u8();  // reserved in RFC 2918; unknown subtypes are for the caller to ignore (RFC 7313 §5)
  refresh.family.safi = r.u8();
  if (r.ok() && r.empty()) return refresh;

  // RFC 7313 §5: wrong length; the data field holds the whole message. ORF entries (RFC 5291) are not offered, so what
  // has them is too long as well.
  constexpr std::uint8_t kInvalidMessageLength = 1;
  Bytes message;
  Writer w(message);
  write_header(w, MessageType::RouteRefresh);
  w.bytes(body);
  finish_message(w);
  return net::fail(make_notification(ErrorCode::RouteRefresh, kInvalidMessageLength, std::move(message)));
}

void encode_route_refresh(const RouteRefresh& refresh, Bytes& out) {
  Writer w(out);
  write_header(w, MessageType::RouteRefresh);
  w.u16(refresh.family.afi);
  w.u8(refresh.subtype);
  w.u8(refresh.family.safi);
  finish_message(w);
}

}  // namespace podbgp::wire

// A stream of octets cut into messages, each handed to its decoder. The first octet says whether extended messages are
// on.
#include "wire/frame.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "wire/route_refresh.hpp"
#include "wire/update.hpp"

using namespace podbgp;

namespace {

void decode(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::MessageType::Open: (void)wire::decode_open(frame.body); break;
    case wire::MessageType::Update: (void)wire::scan_update(frame.body, {}); break;
    case wire::MessageType::Notification: FUZZ_EXPECT(wire::decode_notification(frame.body).has_value()); break;
    case wire::MessageType::Keepalive: FUZZ_EXPECT(frame.body.empty()); break;
    case wire::MessageType::RouteRefresh: (void)wire::decode_route_refresh(frame.body); break;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t max_size = (data[0] & 1) != 0 ? wire::kMaxExtendedMessageSize : wire::kMaxMessageSize;
  wire::ByteSpan rest{data + 1, size - 1};
  while (true) {
    const auto frame = wire::next_frame(rest, max_size);
    if (!frame) {
      FUZZ_EXPECT(frame.error().code == 1);
      return 0;
    }
    if (!*frame) return 0;
    FUZZ_EXPECT((*frame)->size <= max_size && (*frame)->size <= rest.size());
    FUZZ_EXPECT((*frame)->body.size() + wire::kHeaderSize == (*frame)->size);
    decode(**frame);
    rest = rest.subspan((*frame)->size);
  }
}

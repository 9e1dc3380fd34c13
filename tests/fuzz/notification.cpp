#include "wire/notification.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "net/utf8.hpp"

using namespace podbgp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto n = wire::decode_notification({data, size});
  if (!n) return 0;
  FUZZ_EXPECT(!wire::to_string(*n).empty());
  FUZZ_EXPECT(!wire::reason_token(*n).empty());
  if (const auto text = wire::shutdown_text(*n)) {
    FUZZ_EXPECT(net::utf8_printable(*text) == *text);
    const auto again = wire::make_shutdown(2, *text);
    FUZZ_EXPECT(again.data.size() <= 256);
    if (text->size() <= 255) FUZZ_EXPECT(wire::shutdown_text(again) == text);
  }
  wire::Bytes message;
  wire::encode_notification(*n, message);
  FUZZ_EXPECT(message.size() <= wire::kMaxMessageSize);
  if (size <= 4000) FUZZ_EXPECT(*wire::decode_notification(wire::ByteSpan(message).subspan(wire::kHeaderSize)) == *n);
  return 0;
}

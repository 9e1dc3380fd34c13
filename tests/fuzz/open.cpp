// OPEN: what is accepted comes back equal through our encoding, what is refused says so with a code of its own.
#include "wire/open.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "wire/frame.hpp"

using namespace podbgp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto open = wire::decode_open({data, size});
  if (!open) {
    FUZZ_EXPECT(open.error().code == 1 || open.error().code == 2);
    return 0;
  }
  wire::Bytes message;
  wire::encode_open(*open, message);
  const auto frame = wire::next_frame(message, wire::kMaxMessageSize);
  FUZZ_EXPECT(frame && *frame && (*frame)->size == message.size());
  const auto again = wire::decode_open((*frame)->body);
  FUZZ_EXPECT(again.has_value());
  // What cannot be sent in one message was left out; everything else is the same.
  if (size <= 3000) FUZZ_EXPECT(*again == *open);
  return 0;
}

#include "wire/route_refresh.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace podbgp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto refresh = wire::decode_route_refresh({data, size});
  FUZZ_EXPECT(refresh.has_value() == (size == 4));
  if (!refresh) {
    FUZZ_EXPECT(refresh.error().code == 7);
    return 0;
  }
  wire::Bytes message;
  wire::encode_route_refresh(*refresh, message);
  FUZZ_EXPECT(*wire::decode_route_refresh(wire::ByteSpan(message).subspan(wire::kHeaderSize)) == *refresh);
  return 0;
}

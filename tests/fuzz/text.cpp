// Communities as text come from configurations and the API: what is read prints to what reads as the same.
#include <string_view>

#include "tests/fuzz/fuzz.hpp"
#include "wire/attributes.hpp"
#include "net/utf8.hpp"

using namespace podbgp;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto c = wire::parse_community(text)) FUZZ_EXPECT(wire::parse_community(wire::to_string(*c)) == c);
  if (const auto c = wire::parse_large_community(text))
    FUZZ_EXPECT(wire::parse_large_community(wire::to_string(*c)) == c);
  if (const auto c = wire::parse_extended_community(text))
    FUZZ_EXPECT(wire::parse_extended_community(wire::to_string(*c)) == c);
  const auto printable = net::utf8_printable(text);
  FUZZ_EXPECT(net::utf8_printable(printable) == printable);
  FUZZ_EXPECT(net::utf8_prefix(text, 7).size() <= 7);
  return 0;
}

// Runs a fuzz target over the files of its corpus, without libFuzzer: usage: <target> FILE|FOLDER...
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/fuzz.hpp"

namespace {

std::size_t replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> read{std::istreambuf_iterator<char>(in), {}};
  // On the heap and of exactly that size: ASan sees a read one octet beyond.
  std::vector<std::uint8_t> data(read.begin(), read.end());
  data.shrink_to_fit();
  LLVMFuzzerTestOneInput(data.data(), data.size());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      count += replay(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
      if (entry.is_regular_file()) count += replay(entry.path());
  }
  std::printf("%zu inputs\n", count);
  return count == 0 ? 1 : 0;  // an empty corpus is a broken test
}

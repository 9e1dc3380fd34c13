#include "net/read_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace podbgp::net {

Result<std::string, std::string> read_file(const std::string& name, std::size_t limit) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(name.c_str(), "re"), std::fclose);
  if (!file) return fail(std::string(std::strerror(errno)));
  std::string content;
  std::array<char, 64 * 1024> chunk;
  while (const auto got = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    content.append(chunk.data(), got);
    if (content.size() > limit) return fail(fmt::format("more than {} MiB", limit >> 20));
  }
  if (std::ferror(file.get()) != 0) return fail(std::string(std::strerror(errno)));
  return content;
}

}  // namespace podbgp::net

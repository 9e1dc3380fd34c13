#include "rib/paths.hpp"

#include <algorithm>

namespace podbgp::rib {

PathIndex PathArena::allocate(std::size_t capacity) {
  // Rounded up to what the arena gives anyway.
  const std::size_t bytes =
      (sizeof(Block) + capacity * sizeof(Path) + SizedArena::kUnit - 1) / SizedArena::kUnit * SizedArena::kUnit;
  const PathIndex index{arena_.allocate(bytes)};
  at(index) = {0, static_cast<std::uint32_t>((bytes - sizeof(Block)) / sizeof(Path))};
  return index;
}

PathIndex PathArena::create(const Path& first) {
  const auto index = allocate(1);
  at(index).count = 1;
  list(index)[0] = first;
  return index;
}

PathIndex PathArena::move(PathIndex index, std::size_t capacity) {
  const auto moved = allocate(capacity);
  const auto from = list(index);
  at(moved).count = at(index).count;
  std::copy(from.begin(), from.end(), list(moved).begin());
  release(index);
  return moved;
}

PathIndex PathArena::append(PathIndex index, const Path& path) {
  if (at(index).count == at(index).capacity)
    index = move(index, at(index).capacity + std::max(1u, at(index).capacity / 2));
  const auto position = at(index).count++;
  list(index)[position] = path;
  return index;
}

PathIndex PathArena::erase(PathIndex index, std::size_t position) {
  auto paths = list(index);
  if (paths.size() == 1) {
    release(index);
    return kNoPath;
  }
  paths[position] = paths.back();
  auto& block = at(index);
  --block.count;
  return block.capacity > 4 && block.count * 3 <= block.capacity ? move(index, block.count + 1) : index;
}

}  // namespace podbgp::rib

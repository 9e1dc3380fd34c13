// A piece of an encoded, immutable buffer which many sessions share: written by reference, never copied.
#pragma once

#include <cstddef>
#include <memory>

#include "wire/constants.hpp"

namespace podbgp::rib {

struct OutSlice {
  std::shared_ptr<const wire::Bytes> buffer;
  std::size_t offset = 0;
  std::size_t size = 0;
};

}  // namespace podbgp::rib

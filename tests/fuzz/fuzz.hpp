// What the fuzz targets share. Each target is one file with LLVMFuzzerTestOneInput(); libFuzzer drives it in the preset
// `fuzz`, replay.cpp everywhere else, with the corpus kept beside it.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "wire/constants.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// A property that does not hold is a finding, in every build type.
#define FUZZ_EXPECT(condition)                                                            \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

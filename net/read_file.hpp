// The one way to read a whole file (or a pipe): bounded, never throws, and a folder is an error like any other.
// Beside the mailbox the other impure thing of net/, because the daemon and the command line both need it.
#pragma once

#include <cstddef>
#include <string>

#include "net/result.hpp"

namespace podbgp::net {

// The error is in words: "No such file or directory", "Is a directory", "more than 16 MiB".
[[nodiscard]] Result<std::string, std::string> read_file(const std::string& name, std::size_t limit = 16u << 20);

}  // namespace podbgp::net

// Passwords: the file names where they are kept, this puts them where the session needs them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/diagnostic.hpp"

namespace podbgp::config {

// Gives the whole content of the file or variable, or says why not ("No such file or directory"). The caller's impure
// part.
using SecretReader = std::function<net::Result<std::string, std::string>(const SecretSource&)>;

// Fills endpoint.password of every peer that has a source. One newline at the end is cut. Errors: unreadable, empty,
// longer than the 80 octets that Linux takes (TCP_MD5SIG_MAXKEYLEN), or with a NUL inside. The password is in no
// message.
[[nodiscard]] net::Result<void, std::vector<Diagnostic>> load_secrets(Config& config, const SecretReader& reader,
                                                                      std::string_view file_name);

}  // namespace podbgp::config

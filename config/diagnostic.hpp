// A finding in a configuration file: where it is, what is wrong, and what to do about it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace podbgp::config {

enum class Severity : std::uint8_t { Error, Warning };

struct Diagnostic {
  Severity severity = Severity::Error;
  std::string file;
  unsigned line = 0;    // from 1; 0: the file as a whole
  unsigned column = 0;  // from 1, in characters
  std::string path;     // "peers[1].timers.hold"; "" for the file as a whole
  std::string message;  // "hold time 2s is not possible"
  std::string hint;     // the remedy: "write 0 or at least 3s"; may be empty
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// "file:3:5: peers[0].adress: unknown key 'adress'; did you mean 'address'?"; warnings say "warning:" behind the place.
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

// One object, or an array of them with one object a line:
// {"severity":"error","file":…,"line":3,"column":5,"path":…,"message":…,"hint":…}
[[nodiscard]] std::string to_json(const Diagnostic& diagnostic);
[[nodiscard]] std::string to_json(std::span<const Diagnostic> diagnostics);

}  // namespace podbgp::config

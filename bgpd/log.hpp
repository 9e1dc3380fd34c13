// Structured log lines to stderr: logfmt-like text or one JSON object a line. Keys are stable: ts level event msg and the
// fields given (peer, peer_asn, reason, code, subcode, afi, prefix, errno, …).
//
// Thread: control only; other executors send LogRecords there.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace podbgp::bgpd {

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };
enum class LogFormat : std::uint8_t { Text, Json };

struct LogRecord {
  LogLevel level = LogLevel::Info;
  std::string event;    // UPPER_SNAKE, from a small catalogue: PEER_UP, PEER_DOWN, CONFIG_APPLIED, …
  std::string message;  // for people
  std::vector<std::pair<std::string, std::string>> fields;
};

class Log {
 public:
  Log(LogLevel level, LogFormat format);
  ~Log();
  void write(const LogRecord& record);
  void configure(LogLevel level, LogFormat format);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podbgp::bgpd

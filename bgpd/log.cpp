#include "bgpd/log.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace podbgp::bgpd {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return spdlog::level::debug;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warn: return spdlog::level::warn;
    case LogLevel::Error: break;
  }
  return spdlog::level::err;
}

std::string_view name(LogLevel level) {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error"};
  return names[static_cast<std::size_t>(level)];
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\\n\t") != std::string_view::npos;
}

// A peer's text must not be able to forge a line: control characters are escaped.
std::string escaped(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

struct Log::Impl {
  std::shared_ptr<spdlog::logger> logger =
      std::make_shared<spdlog::logger>("podbgpd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  LogFormat format = LogFormat::Text;
};

Log::Log(LogLevel level, LogFormat format) : impl_(std::make_unique<Impl>()) {
  impl_->logger->flush_on(spdlog::level::trace);
  configure(level, format);
}
Log::~Log() = default;

void Log::configure(LogLevel level, LogFormat format) {
  impl_->format = format;
  impl_->logger->set_level(to_spdlog(level));
  const auto* pattern = format == LogFormat::Text ? "%Y-%m-%dT%H:%M:%S.%eZ %v" : "{\"ts\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v";
  impl_->logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
}

void Log::write(const LogRecord& record) {
  const auto level = to_spdlog(record.level);
  if (!impl_->logger->should_log(level)) return;
  if (impl_->format == LogFormat::Json) {
    nlohmann::ordered_json line;
    line["level"] = name(record.level);
    line["event"] = record.event;
    line["msg"] = record.message;
    for (const auto& [key, value] : record.fields) line[key] = value;
    // The opening brace stands in the pattern, before the time stamp.
    impl_->logger->log(level, "{}", line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).substr(1));
    return;
  }
  std::string line = fmt::format("{:<7} {} {}", name(record.level), record.event, escaped(record.message));
  for (const auto& [key, value] : record.fields)
    line += fmt::format(" {}={}", key, needs_quotes(value) ? escaped(value) : value);
  impl_->logger->log(level, "{}", line);
}

}  // namespace podbgp::bgpd

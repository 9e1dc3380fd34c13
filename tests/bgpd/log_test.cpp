#include "bgpd/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace podbgp::bgpd {
namespace {

using ::testing::MatchesRegex;

std::string written(LogLevel level, LogFormat format, const std::vector<LogRecord>& records) {
  Log log(level, format);
  ::testing::internal::CaptureStderr();
  for (const auto& record : records) log.write(record);
  return ::testing::internal::GetCapturedStderr();
}

const LogRecord kRecord{LogLevel::Warn, "PEER_DOWN", "hold timer", {{"peer", "tor-a"}, {"reason", "HOLD TIMER"}, {"text", ""}, {"kv", "a=b"}}};

TEST(Log, TextIsOneLineWithQuotesWhereTheyAreNeeded) {
  EXPECT_THAT(written(LogLevel::Info, LogFormat::Text, {kRecord}),
              MatchesRegex("[0-9-]+T[0-9:.]+Z warning PEER_DOWN \"hold timer\" peer=tor-a reason=\"HOLD TIMER\" text=\"\" kv=\"a=b\"\n"));
}

TEST(Log, JsonIsOneObjectALineInTheOrderGiven) {
  const auto text = written(LogLevel::Info, LogFormat::Json, {kRecord, kRecord});
  ASSERT_EQ(std::ranges::count(text, '\n'), 2);
  const auto line = nlohmann::ordered_json::parse(text.substr(0, text.find('\n')));
  std::vector<std::string> keys;
  for (const auto& [key, value] : line.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"ts", "level", "event", "msg", "peer", "reason", "text", "kv"}));
  EXPECT_EQ(line["level"], "warning");
  EXPECT_EQ(line["event"], "PEER_DOWN");
  EXPECT_EQ(line["msg"], "hold timer");
  EXPECT_THAT(std::string(line["ts"]), MatchesRegex("[0-9-]+T[0-9:.]+Z"));
}

// What a peer sends (a shutdown text, a host name) must not be able to forge a line or drive a terminal.
TEST(Log, ForeignTextCannotForgeALine) {
  const LogRecord forged{LogLevel::Info, "PEER_DOWN", "bye\n2026 info STARTED \"x\"\x1b[2J\\", {{"text", "a\nb"}}};
  const auto text = written(LogLevel::Info, LogFormat::Text, {forged});
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_THAT(text, ::testing::HasSubstr(R"("bye\x0a2026 info STARTED \"x\"\x1b[2J\\" text="a\x0ab")"));
  const auto json = written(LogLevel::Info, LogFormat::Json, {{LogLevel::Info, "E", "\xff\n", {}}});
  EXPECT_EQ(std::ranges::count(json, '\n'), 1);
  EXPECT_TRUE(nlohmann::json::accept(json));
}

TEST(Log, LevelsFilterAndCanBeChanged) {
  const std::vector<LogRecord> all{{LogLevel::Debug, "A", "", {}}, {LogLevel::Info, "B", "", {}}, {LogLevel::Warn, "C", "", {}},
                                   {LogLevel::Error, "D", "", {}}};
  const std::pair<LogLevel, int> levels[] = {
      {LogLevel::Debug, 4}, {LogLevel::Info, 3}, {LogLevel::Warn, 2}, {LogLevel::Error, 1}};
  for (const auto& [level, lines] : levels)
    EXPECT_EQ(std::ranges::count(written(level, LogFormat::Text, all), '\n'), lines);
  Log log(LogLevel::Error, LogFormat::Json);
  log.configure(LogLevel::Debug, LogFormat::Text);
  ::testing::internal::CaptureStderr();
  log.write(all[0]);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), MatchesRegex("[^{]+Z debug   A \"\"\n"));
}

}  // namespace
}  // namespace podbgp::bgpd

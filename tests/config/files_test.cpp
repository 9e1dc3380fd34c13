// Data-driven: every example is accepted without a warning, every broken file is refused with exactly the messages
// beside it, and no bytes whatever bring the parser down.
#include "tests/config/files.hpp"

#include <random>

#include <gtest/gtest.h>

#include "config/parse.hpp"
#include "config/print.hpp"

namespace podbgp::config {
namespace {

using Path = std::filesystem::path;

std::string name_of(const testing::TestParamInfo<Path>& info) {
  auto name = info.param.stem().string();
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

std::string text_of(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const auto& d : diagnostics) out += to_string(d) + "\n";
  return out;
}

class Example : public testing::TestWithParam<Path> {};

TEST_P(Example, ParsesWithoutWarning) {
  const auto parsed = parse(test::read(GetParam()), GetParam().filename().string());
  ASSERT_TRUE(parsed) << text_of(parsed.error());
  EXPECT_EQ(text_of(parsed->warnings), "");
}

TEST_P(Example, PrintedEffectiveConfigurationMeansTheSame) {
  auto parsed = parse(test::read(GetParam()), "example");
  ASSERT_TRUE(parsed) << text_of(parsed.error());
  const auto printed = to_yaml(parsed->config);
  const auto again = parse(printed, "printed");
  ASSERT_TRUE(again) << text_of(again.error()) << printed;
  for (auto& peer : parsed->config.peers) peer.group.clear();  // groups are resolved, and shown as comments
  EXPECT_EQ(again->config, parsed->config) << printed;
  EXPECT_EQ(to_yaml(again->config), to_yaml(parsed->config));
}

INSTANTIATE_TEST_SUITE_P(Examples, Example, testing::ValuesIn(test::yaml_files("deploy/examples")), name_of);

class BrokenFile : public testing::TestWithParam<Path> {};

TEST_P(BrokenFile, IsRefusedWithTheseMessages) {
  const auto parsed = parse(test::read(GetParam()), GetParam().filename().string());
  ASSERT_FALSE(parsed) << "this file must be refused";
  auto expected = GetParam();
  expected.replace_extension(".txt");
  const auto found = text_of(parsed.error());
  EXPECT_EQ(found, test::made_document(expected, found));
  for (const auto& d : parsed.error()) {
    EXPECT_GE(d.line, 1u);
    EXPECT_GE(d.column, 1u);
    EXPECT_EQ(d.file, GetParam().filename().string());
  }
}

INSTANTIATE_TEST_SUITE_P(Broken, BrokenFile, testing::ValuesIn(test::yaml_files("tests/config/broken")), name_of);

class WarnedFile : public testing::TestWithParam<Path> {};

TEST_P(WarnedFile, IsTakenWithTheseWarnings) {
  const auto parsed = parse(test::read(GetParam()), GetParam().filename().string());
  ASSERT_TRUE(parsed) << text_of(parsed.error());
  ASSERT_FALSE(parsed->warnings.empty());
  auto expected = GetParam();
  expected.replace_extension(".txt");
  const auto found = text_of(parsed->warnings);
  EXPECT_EQ(found, test::made_document(expected, found));
}

INSTANTIATE_TEST_SUITE_P(Warned, WarnedFile, testing::ValuesIn(test::yaml_files("tests/config/warned")), name_of);

// One octet, one line or one piece changed at a time: the result is a Config or at least one error in words.
class Mutation : public testing::TestWithParam<Path> {};

TEST_P(Mutation, NeverBringsTheParserDown) {
  const auto original = test::read(GetParam());
  static constexpr std::string_view kPieces[] = {
      "{",      "}",  "[",     "]",     ":",    ",",   "\n",
      " ",      "\"", "'",     "- ",    "#",    "&a ", "*a",
      "!!int ", "|",  ">",     "? ",    "0",    "-1",  "99999999999999999999",
      "\t",     "%",  "---\n", "...\n", "\xff", "~"};
  std::mt19937 random(static_cast<unsigned>(std::hash<std::string>{}(GetParam().filename().string())));
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  std::size_t accepted = 0, refused = 0;
  for (int i = 0; i < 1500; ++i) {
    auto text = original;
    for (std::size_t k = 1 + below(3); k > 0 && !text.empty(); --k) {
      const auto at = below(text.size());
      switch (below(5)) {
        case 0: text[at] = static_cast<char>(below(256)); break;
        case 1: text.erase(at, 1 + below(20)); break;
        case 2: text.insert(at, kPieces[below(std::size(kPieces))]); break;
        case 3: text.insert(at, text.substr(below(text.size()), below(60))); break;
        default: text.resize(at); break;
      }
    }
    const auto parsed = parse(text, "mutant");
    if (parsed) {
      ++accepted;
    } else {
      ++refused;
      ASSERT_FALSE(parsed.error().empty()) << text;
      ASSERT_TRUE(std::ranges::any_of(parsed.error(), [](const auto& d) { return d.severity == Severity::Error; }))
          << text;
    }
  }
  EXPECT_GT(refused, 100u) << "the mutations change too little";
  EXPECT_GT(accepted, 10u) << "the mutations change too much";
}

INSTANTIATE_TEST_SUITE_P(Examples, Mutation, testing::ValuesIn(test::yaml_files("deploy/examples")), name_of);

}  // namespace
}  // namespace podbgp::config

// What is made from the table of keys agrees with what is in the repository.
#include <gtest/gtest.h>

#include "config/schema.hpp"
#include "config/shape.hpp"
#include "tests/config/files.hpp"

namespace podbgp::config {
namespace {

TEST(Schema, FileInDocsIsWhatTheDaemonPrints) {
  EXPECT_EQ(test::made_document(test::root() / "docs/podbgp.schema.json", json_schema()), json_schema())
      << "run config_tests with PODBGP_UPDATE=1 and look at the difference";
}

TEST(Reference, InTheUserGuideIsThatOfTheTable) {
  const auto path = test::root() / "docs/configuration.md";
  auto guide = test::read(path);
  const std::string begin = "<!-- reference: made from config/keys.cpp -->\n", end = "<!-- end of reference -->";
  const auto from = guide.find(begin), to = guide.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  const auto start = from + begin.size();
  const auto made = guide.substr(0, start) + reference_markdown() + "\n" + guide.substr(to);
  EXPECT_EQ(test::made_document(path, made), made)
      << "run config_tests with PODBGP_UPDATE=1 and look at the difference";
}

// Keys without a meaning, refused keys without a remedy, and refused keys that exist would be shown to users.
void check_words(const Shape& shape, const std::string& path) {
  for (const auto& key : shape.keys) {
    EXPECT_FALSE(key.meaning.empty()) << path << "." << key.name;
    EXPECT_FALSE(key.shape->noun.empty()) << path << "." << key.name;
    check_words(*key.shape, path + "." + std::string(key.name));
  }
  for (const auto& refused : shape.refused) {
    EXPECT_FALSE(refused.remedy.empty()) << path << "." << refused.name;
    EXPECT_EQ(shape.find(refused.name), nullptr) << path << "." << refused.name;
  }
  if (shape.element != nullptr) check_words(*shape.element, path);
  for (const auto* each : shape.either) check_words(*each, path);
}

TEST(Keys, AllHaveWords) { check_words(file_shape(), "file"); }

}  // namespace
}  // namespace podbgp::config

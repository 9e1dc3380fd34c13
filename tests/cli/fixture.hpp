// `podbgp` in this process, against a server of this process.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/server.hpp"
#include "cli/run.hpp"
#include "fake_backend.hpp"

namespace podbgp::cli::testing {

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

struct CliTest : ::testing::Test {
  CliTest() {
    char name[] = "/tmp/podbgp-cli-XXXXXX";
    folder = mkdtemp(name);
    path = folder + "/api.sock";
    api::testing::fill_with_examples(backend);
    auto started = api::Server::start({path, 0660, ""}, backend, nullptr, nullptr);
    if (!started) ADD_FAILURE() << started.error();
    server = std::move(*started);
  }
  ~CliTest() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }

  Outcome podbgp(std::vector<std::string> arguments, const std::string& input = "", bool colour = false) {
    std::istringstream in(input);
    std::ostringstream out, err;
    World world{in,
                out,
                err,
                [this](const char* name) -> std::optional<std::string> {
                  return std::string(name) == "PODBGP_SERVER" ? std::optional("unix://" + path) : std::nullopt;
                },
                colour,
                [] { return api::testing::noon(); }};
    Outcome outcome;
    outcome.exit_code = run(std::move(arguments), world);
    outcome.out = out.str();
    outcome.err = err.str();
    return outcome;
  }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  }

  std::string folder, path;
  api::testing::FakeBackend backend;
  std::unique_ptr<api::Server> server;
};

// What tests/cli/golden/NAME says. With PODBGP_WRITE_GOLDEN=1 the file is written instead: look at the difference in
// git. Times of paths come from a monotonic clock and may be off by a millisecond: fractions of seconds do not count.
inline void expect_golden(const std::string& name, const std::string& text) {
  const auto seen = std::regex_replace(text, std::regex(R"((\d\d:\d\d:\d\d)\.\d+Z)"), "$1Z");
  const std::string file = std::string(PODBGP_GOLDEN) + "/" + name;
  if (std::getenv("PODBGP_WRITE_GOLDEN") != nullptr) {
    std::ofstream(file) << seen;
    return;
  }
  std::ifstream stream(file);
  ASSERT_TRUE(stream) << file << " is missing";
  const std::string wanted(std::istreambuf_iterator<char>(stream), {});
  EXPECT_EQ(seen, wanted) << "differs from " << file;
}

}  // namespace podbgp::cli::testing

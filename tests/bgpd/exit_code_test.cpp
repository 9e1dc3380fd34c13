// The exit codes of podbgpd that docs/operations.md promises, and what is said with them.
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bgpd/state.hpp"
#include "support.hpp"

namespace podbgp::bgpd {
namespace {

using ::testing::HasSubstr;

struct PodbgpdTest : ::testing::Test {
  // Exit code; what was printed is in `out` and `err`.
  int podbgpd(const std::string& arguments) {
    const auto command =
        std::string(PODBGPD_BINARY) + " " + arguments + " >" + folder.file("out") + " 2>" + folder.file("err") + " </dev/null";
    const int status = std::system(command.c_str());
    out = folder.read("out");
    err = folder.read("err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  test::Folder folder;
  std::string out, err;
};

TEST_F(PodbgpdTest, UsageIsTwo) {
  EXPECT_EQ(podbgpd("bogus"), 2);
  EXPECT_EQ(err, "podbgpd: The following argument was not expected: bogus\nSee podbgpd --help.\n");
  EXPECT_EQ(podbgpd("check --bogus"), 2);
  EXPECT_EQ(podbgpd("--help"), 0);
  EXPECT_THAT(out, HasSubstr("Exit codes: 0 stopped as asked, 1 could not start"));
  EXPECT_EQ(podbgpd("--version"), 0);
}

TEST_F(PodbgpdTest, CheckSaysUsableErrorsOrUnreadable) {
  folder.write("good.yaml", "version: 1\nrouter: { asn: 65101 }\n");
  folder.write("bad.yaml", "version: 1\nrouter: { asn: 0 }\n");
  EXPECT_EQ(podbgpd("check " + folder.file("good.yaml")), 0);
  EXPECT_EQ(out, folder.file("good.yaml") + ": OK (0 peers, 0 warnings)\n");
  EXPECT_EQ(podbgpd("check " + folder.file("bad.yaml")), 1);
  EXPECT_THAT(err, HasSubstr(folder.file("bad.yaml") + ":2:16: router.asn: "));
  EXPECT_EQ(podbgpd("check --json " + folder.file("bad.yaml")), 1);
  EXPECT_THAT(out, HasSubstr("\"path\""));
  EXPECT_EQ(podbgpd("check " + folder.file("none.yaml")), 2);
  EXPECT_EQ(err, "podbgpd: cannot read " + folder.file("none.yaml") + ": No such file or directory\n");
  EXPECT_EQ(podbgpd("check " + folder.file(".")), 2);
  EXPECT_THAT(err, HasSubstr("Is a directory"));
  EXPECT_EQ(podbgpd("schema"), 0);
  EXPECT_THAT(out, HasSubstr("\"$schema\""));
}

TEST_F(PodbgpdTest, OneOfAKindIsNotCalledSeveral) {
  folder.write("one.yaml", "version: 1\nrouter: { asn: 65101 }\npeers: [ { name: a, address: 10.0.0.1, asn: 65001 } ]\n");
  EXPECT_EQ(podbgpd("check " + folder.file("one.yaml")), 0);
  EXPECT_EQ(out, folder.file("one.yaml") + ": OK (1 peer, 1 warning)\n") << err;
}

// What a script redirects into a file must not be cut without a word.
TEST_F(PodbgpdTest, OutputThatCannotBeWrittenIsOne) {
  folder.write("good.yaml", "version: 1\nrouter: { asn: 65101 }\n");
  for (const auto& arguments : {std::string("schema"), std::string("--help"), std::string("--version"), std::string("check --help"),
                                "check " + folder.file("good.yaml"), "check --json " + folder.file("good.yaml")}) {
    const auto command = std::string(PODBGPD_BINARY) + " " + arguments + " >/dev/full 2>" + folder.file("err");
    const int status = std::system(command.c_str());
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1) << arguments;
    EXPECT_EQ(folder.read("err"), "podbgpd: cannot write the output: No space left on device\n") << arguments;
  }
}

TEST_F(PodbgpdTest, CheckSaysWhatItDoesNotLookAt) {
  EXPECT_EQ(podbgpd("check --help"), 0);
  EXPECT_THAT(out, HasSubstr("Not looked at: password files and variables, api.group, addresses,"));
}

TEST_F(PodbgpdTest, CheckWithoutAFileTakesTheDaemonsOwn) {
  folder.write("own.yaml", "version: 1\nrouter: { asn: 65101 }\n");
  EXPECT_EQ(podbgpd("--config " + folder.file("own.yaml") + " check"), 0);
  EXPECT_EQ(out, folder.file("own.yaml") + ": OK (0 peers, 0 warnings)\n");
}

// A service manager must not try again and again what only an editor can mend (sysexits.h: EX_CONFIG).
TEST_F(PodbgpdTest, ABadConfigurationIsSeventyEight) {
  EXPECT_EQ(podbgpd("--config " + folder.file("none.yaml")), 78);
  EXPECT_THAT(err, HasSubstr("cannot be read: No such file or directory; name another file with --config, or create this one\n"));
  EXPECT_THAT(err, HasSubstr("podbgpd: not started: the configuration has errors\n"));
}

TEST_F(PodbgpdTest, AStartThatCannotBeIsOne) {
  folder.write("podbgp.yaml", "version: 1\nrouter: { asn: 65101, id: 10.0.0.1, listen: [] }\nfib: { install: off }\nmetrics: { listen: off }\n"
               "state_dir: " + folder.file("state") + "\napi: { unix: " + folder.file("no/such/api.sock") + " }\n");
  EXPECT_EQ(podbgpd("--config " + folder.file("podbgp.yaml")), 1);
  EXPECT_THAT(err, HasSubstr("podbgpd: not started: cannot make the folder " + folder.file("no/such") + " for the API socket: "));
}

TEST_F(PodbgpdTest, AStateDirThatCannotBeMadeNamesFolderReasonAndRemedy) {
  folder.write("file", "");
  const auto kept = StateFolder(folder.file("file/state")).keep(net::RouterId{1});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error(), "cannot make the folder " + folder.file("file/state") +
                              ": Not a directory; set state_dir to a folder that can be made and written");
}

}  // namespace
}  // namespace podbgp::bgpd

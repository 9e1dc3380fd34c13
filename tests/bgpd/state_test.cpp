#include "bgpd/state.hpp"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.hpp"

namespace podbgp::bgpd {
namespace {

TEST(StateFolder, KeepsTheRouterIdOverARestart) {
  const test::Folder folder;
  EXPECT_EQ(StateFolder(folder.file("state")).router_id(), std::nullopt);
  ASSERT_TRUE(StateFolder(folder.file("state")).keep(net::RouterId(0x0a01000b)));  // the folder is made
  EXPECT_EQ(StateFolder(folder.file("state")).router_id(), net::RouterId(0x0a01000b));
  EXPECT_EQ(folder.read("state/router-id"), "10.1.0.11\n");
}

TEST(StateFolder, ARouterIdThatIsNoneIsNotUsed) {
  const test::Folder folder;
  for (const char* text : {"", "0.0.0.0\n", "fd00::1\n", "10.1.0\n", "10.1.0.1 \n", "\n10.1.0.1\n"}) {
    folder.write("router-id", text);
    EXPECT_EQ(StateFolder(folder.file(".")).router_id(), std::nullopt) << text;
  }
  folder.write("router-id", "10.1.0.1");  // without a newline
  EXPECT_EQ(StateFolder(folder.file(".")).router_id(), net::RouterId(0x0a010001));
}

TEST(StateFolder, KeepsOwnersAndForgetsThoseThatAreGone) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  EXPECT_TRUE(state.owners().empty());
  ASSERT_TRUE(state.keep(std::set<std::string>{"cni", "lb"}));
  EXPECT_EQ(state.owners(), (std::set<std::string>{"cni", "lb"}));
  ASSERT_TRUE(state.keep(std::set<std::string>{"lb"}));
  EXPECT_EQ(state.owners(), std::set<std::string>{"lb"});
  ASSERT_TRUE(state.keep(std::set<std::string>{}));
  EXPECT_TRUE(state.owners().empty());
  folder.write("state/owners", "cni\n\nlb\n");  // somebody edited it
  EXPECT_EQ(state.owners(), (std::set<std::string>{"cni", "lb"}));
}

TEST(StateFolder, ReplacesAtomicallyAndSaysWhatToDoWhereItCannot) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  ASSERT_TRUE(state.keep(std::set<std::string>{"cni"}));
  EXPECT_FALSE(std::filesystem::exists(folder.file("state/owners.new")));
  std::filesystem::create_directory(folder.file("state/owners.new"));
  const auto kept = state.keep(std::set<std::string>{"lb"});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error(), "cannot write " + folder.file("state/owners.new") +
                              ": Is a directory; set state_dir to a folder that can be written");
  EXPECT_EQ(state.owners(), std::set<std::string>{"cni"});  // what was there stays
}

TEST(StateFolder, KeepsTheMarksOfRoutesForThisKernelOnly) {
  const test::Folder folder;
  const StateFolder state(folder.file("state"));
  EXPECT_TRUE(state.marks().empty());
  const std::vector<fib::Mark> marks = {{254, 179, 200, 2000}, {4294967295, 255, 1, 4294967295}};
  ASSERT_TRUE(state.keep(marks));
  EXPECT_EQ(state.marks(), marks);
  const auto content = folder.read("state/kernel-marks");
  const auto lines = content.substr(content.find('\n'));
  folder.write("state/kernel-marks", content + "254 4 200 2000\nnonsense\n100 180 7 8\n");  // somebody edited it
  EXPECT_EQ(state.marks().size(), 3U);
  folder.write("state/kernel-marks", "another-boot 4:4026531840" + lines);
  EXPECT_TRUE(state.marks().empty());
}

TEST(RouterIdOfTheHost, IsNoLoopbackAndTheSameEachTime) {
  const auto id = derive_router_id();
  ASSERT_TRUE(id);
  EXPECT_NE(id->value() >> 24, 127u);
  EXPECT_NE(id->value(), 0u);
  EXPECT_EQ(derive_router_id(), id);
}

// A link-local address (RFC 3927) is no identity: other hosts may have it on their links. Of the others the highest, as BIRD and FRR do.
TEST(RouterIdOfTheHost, IsTheHighestAddressThatIsNotLinkLocal) {
  if (::geteuid() != 0) GTEST_SKIP() << "makes a network namespace: needs root";
  std::optional<net::RouterId> id;
  std::thread([&] {  // the namespace is this thread's alone
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    ASSERT_EQ(std::system("ip link set lo up && ip addr add 10.9.8.7/32 dev lo && ip addr add 10.1.0.1/32 dev lo && "
                          "ip addr add 169.254.200.1/16 dev lo"),
              0);
    id = derive_router_id();
  }).join();
  ASSERT_TRUE(id);
  EXPECT_EQ(net::to_string(*id), "10.9.8.7");
}

}  // namespace
}  // namespace podbgp::bgpd

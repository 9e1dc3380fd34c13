// A daemon of its own, without privileges and without the kernel: what a reload and a narrow container make it say.
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "podbgp/v1/peer_service.grpc.pb.h"
#include "support.hpp"

namespace podbgp::bgpd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct RunningTest : ::testing::Test {
#ifdef __SANITIZE_THREAD__
  void SetUp() override { GTEST_SKIP() << "these go through gRPC, whose locks ThreadSanitizer does not see"; }
#endif
  ~RunningTest() override {
    if (pid <= 0) return;
    kill(pid, SIGTERM);
    waitpid(pid, nullptr, 0);
  }

  void configure(const std::string& more) {
    folder.write("podbgp.yaml", "version: 1\nrouter: { asn: 65101, id: 10.0.0.1, listen: [] }\nmetrics: { listen: off }\n"
                 "state_dir: " + folder.file("state") + "\napi: { unix: " + folder.file("api.sock") + " }\n" + more);
  }

  // `before`: words in front of the command line.
  void start(const std::string& before = "") {
    const auto command = "exec " + before + " " PODBGPD_BINARY " --config " + folder.file("podbgp.yaml") + " >" +
                         folder.file("log") + " 2>&1 </dev/null";
    pid = fork();
    if (pid == 0) {
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    ASSERT_TRUE(logged("STARTED")) << folder.read("log");
  }

  // Lines of this event; waits until there are `count`.
  bool logged(const std::string& event, std::size_t count = 1) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (lines(event).size() < count) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  std::vector<std::string> lines(const std::string& event) {
    std::vector<std::string> found;
    std::istringstream log(folder.read("log"));
    for (std::string line; std::getline(log, line);)
      if (line.find(" " + event + " ") != std::string::npos) found.push_back(line);
    return found;
  }

  std::string podbgp(const std::string& arguments) {
    (void)std::system((PODBGP_BINARY " --server " + folder.file("api.sock") + " " + arguments + " >" + folder.file("out") + " 2>&1").c_str());
    return folder.read("out");
  }

  test::Folder folder;
  pid_t pid = -1;
};

TEST_F(RunningTest, AReloadWithoutAnEditChangesNothingAndNamesWhatWaits) {
  configure("fib: { install: off }\n");
  start();
  configure("fib: { install: off, table: 100 }\nlog: { level: debug }\n");
  EXPECT_EQ(podbgp("config check"), "the daemon's configuration: valid; it would change\n"
                                    "  log.level: info -> debug\n  fib.table: main -> 100 (with the next start of podbgpd)\n");
  EXPECT_EQ(podbgp("config reload"), "changed:\n  log.level: info -> debug\n  fib.table: main -> 100 (with the next start of podbgpd)\n");
  ASSERT_TRUE(logged("CONFIG_APPLIED"));
  EXPECT_THAT(lines("CONFIG_APPLIED")[0], HasSubstr("1 change, 1 setting waits for a restart"));
  EXPECT_EQ(podbgp("config check"), "the daemon's configuration: valid, and what is running\n"
                                    "waiting for a restart of podbgpd:\n  fib.table: main -> 100\n");
  EXPECT_EQ(podbgp("config reload"), "nothing changed\nwaiting for a restart of podbgpd:\n  fib.table: main -> 100\n");
  EXPECT_THAT(podbgp("config reload -o json"), HasSubstr("\"changes\": []"));
  kill(pid, SIGHUP);
  ASSERT_TRUE(logged("CONFIG_APPLIED", 4));
  for (std::size_t i = 1; i < 4; ++i)
    EXPECT_THAT(lines("CONFIG_APPLIED")[i], HasSubstr("0 changes, 1 setting waits for a restart"));
  EXPECT_EQ(lines("CONFIG_CHANGE").size(), 2u);
  EXPECT_EQ(lines("CONFIG_NEEDS_RESTART").size(), 4u) << "as long as it is so";
  EXPECT_THAT(podbgp("status"), HasSubstr("\nrestart needed: fib.table: main -> 100\n"));
  configure("fib: { install: off, table: 101 }\nlog: { level: debug }\n");
  EXPECT_EQ(podbgp("config reload"), "changed:\n  fib.table: main -> 101 (with the next start of podbgpd)\n");
  configure("fib: { install: off }\nlog: { level: debug }\n");
  EXPECT_EQ(podbgp("config reload"), "nothing changed\n");
  EXPECT_THAT(podbgp("status"), Not(HasSubstr("restart needed")));
}

// The bytes of a client that speaks no UTF-8 end in an error of the call and not in lines of libprotobuf's in our log.
TEST_F(RunningTest, ARequestThatIsNotUtf8LeavesNoForeignLineInTheLog) {
  configure("fib: { install: off }\n");
  start();
  const auto channel = grpc::CreateChannel("unix:" + folder.file("api.sock"), grpc::InsecureChannelCredentials());
  const auto stub = v1::PeerService::NewStub(channel);
  google::protobuf::LogSilencer here;
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    v1::GetPeerRequest request;
    request.set_peer("\xff");
    v1::Peer peer;
    EXPECT_FALSE(stub->GetPeer(&context, request, &peer).ok());
  }
  EXPECT_THAT(folder.read("log"), Not(HasSubstr("libprotobuf")));
}

TEST_F(RunningTest, AWatchWhoseOutputCannotBeWrittenEnds) {
  configure("fib: { install: off }\n");
  start();
  for (const char* watch : {"watch peers", "watch routes", "watch peers -o json"}) {
    const int status = std::system(("timeout 20 " PODBGP_BINARY " --server " + folder.file("api.sock") + " " + watch + " >/dev/full 2>" +
                                    folder.file("err")).c_str());
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 1) << watch;
    EXPECT_EQ(folder.read("err"), "podbgp: cannot write the output: No space left on device\n") << watch;
  }
}

TEST_F(RunningTest, MissingCapabilitiesAreNamedInTheLogAndInTheStatus) {
  configure("fib: { install: off }\n");
  start(geteuid() == 0 ? "setpriv --bounding-set=-net_admin" : "");
  ASSERT_TRUE(logged("HOST_WARNING")) << folder.read("log");
  EXPECT_THAT(lines("HOST_WARNING")[0], HasSubstr("not permitted: CAP_NET_ADMIN"));
  EXPECT_THAT(podbgp("status"), HasSubstr("\nwarning: not permitted: CAP_NET_ADMIN"));
}

}  // namespace
}  // namespace podbgp::bgpd

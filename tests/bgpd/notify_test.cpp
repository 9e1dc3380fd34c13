// What systemd is told, on a socket like systemd's.
#include "bgpd/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>

#include "support.hpp"

namespace podbgp::bgpd {
namespace {

struct Service {
  Service(const std::string& path, bool abstract) : fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path + (abstract ? 1 : 0), sizeof address.sun_path - 2);
    const auto size = offsetof(sockaddr_un, sun_path) + path.size() + 1;  // NUL before or behind
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)), 0) << std::strerror(errno);
  }
  ~Service() { close(fd); }
  std::string heard() const {
    char buffer[256];
    const auto size = recv(fd, buffer, sizeof buffer, 0);
    return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
  }
  int fd;
};

struct NotifyTest : ::testing::Test {
  ~NotifyTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
};

TEST_F(NotifyTest, ReachesAPathAndAnAbstractName) {
  const test::Folder folder;
  const Service at_path(folder.file("notify"), false);
  setenv("NOTIFY_SOCKET", folder.file("notify").c_str(), 1);
  notify("READY=1\nSTATUS=running");
  EXPECT_EQ(at_path.heard(), "READY=1\nSTATUS=running");
  const auto name = "podbgp-notify-test-" + std::to_string(getpid());
  const Service abstract(name, true);
  setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  notify("STOPPING=1");
  EXPECT_EQ(abstract.heard(), "STOPPING=1");
  EXPECT_EQ(at_path.heard(), "");
}

TEST_F(NotifyTest, WithoutSystemdNothingHappens) {
  notify("READY=1");
  for (const auto& bad : {std::string(), std::string("relative"), "/" + std::string(200, 'x'), std::string("/does/not/exist")}) {
    setenv("NOTIFY_SOCKET", bad.c_str(), 1);
    notify("READY=1");
  }
}

TEST_F(NotifyTest, TheWatchdogIsFedTwiceInItsTime) {
  EXPECT_EQ(watchdog_interval(), std::nullopt);
  setenv("WATCHDOG_USEC", "3000000", 1);
  EXPECT_EQ(watchdog_interval(), std::chrono::microseconds(1'500'000));
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_interval(), std::chrono::microseconds(1'500'000));
  setenv("WATCHDOG_PID", "1", 1);  // meant for another process
  EXPECT_EQ(watchdog_interval(), std::nullopt);
  unsetenv("WATCHDOG_PID");
  for (const char* bad : {"", "soon", "-5", "0", "3s"}) {
    setenv("WATCHDOG_USEC", bad, 1);
    EXPECT_EQ(watchdog_interval(), std::nullopt) << bad;
  }
  setenv("WATCHDOG_USEC", "1", 1);
  EXPECT_EQ(watchdog_interval(), std::chrono::microseconds(1));
}

}  // namespace
}  // namespace podbgp::bgpd

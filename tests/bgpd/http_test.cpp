// /metrics, /livez and /readyz as a prober speaks to them, and as somebody who means no good does.
#include "bgpd/http.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace podbgp::bgpd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct HttpTest : ::testing::Test {
  HttpTest() {
    for (port = 20000; port < 20200; ++port) {  // a port of ours, whatever else runs
      auto listening = HttpServer::listen(control, *net::IpAddress::parse("127.0.0.1"), port,
                                          [this](std::string_view target, HttpDone done) {
                                            seen.emplace_back(target);
                                            if (target == "/later") waiting.push_back(std::move(done));
                                            else done({target == "/readyz" ? 503u : 200u, "text/plain", "body\n"});
                                          });
      if (!listening) continue;
      server = std::move(*listening);
      break;
    }
    thread = std::thread([this] { control.run(); });
  }
  ~HttpTest() override {
    keep.reset();
    control.stop();
    thread.join();
  }
  int connection() const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static std::string all(int fd) {
    std::string text;
    char buffer[4096];
    for (pollfd one{fd, POLLIN, 0}; poll(&one, 1, 10'000) == 1;) {
      const auto size = read(fd, buffer, sizeof buffer);
      if (size <= 0) break;
      text.append(buffer, static_cast<std::size_t>(size));
    }
    close(fd);
    return text;
  }
  std::string ask(const std::string& request) {
    const int fd = connection();
    EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
    return all(fd);
  }
  boost::asio::io_context control{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> keep{control.get_executor()};
  std::uint16_t port = 0;
  std::vector<std::string> seen;
  std::vector<HttpDone> waiting;
  std::unique_ptr<HttpServer> server;
  std::thread thread;
};

TEST_F(HttpTest, AnswersGetAndHeadAndClosesTheConnection) {
  const auto get = ask("GET /metrics?name[]=x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(get, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(get, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(get, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(get, EndsWith("\r\n\r\nbody\n"));
  const auto head = ask("HEAD /readyz HTTP/1.0\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.0 503 "));
  EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  EXPECT_EQ(seen, (std::vector<std::string>{"/metrics", "/readyz"}));  // without the query
}

TEST_F(HttpTest, OtherMethodsAreRefusedAndReachNobody) {
  EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_TRUE(seen.empty());
}

TEST_F(HttpTest, ARequestThatIsTooLongOrNoneEndsTheConnection) {
  EXPECT_EQ(ask("GET /" + std::string(20'000, 'a')), "");
  EXPECT_EQ(ask("\x16\x03\x01 not HTTP\r\n\r\n"), "");
  EXPECT_TRUE(seen.empty());
}

TEST_F(HttpTest, ConnectionsAtOnceAreBoundedAndMakeRoomAgain) {
  std::vector<int> silent;
  for (int i = 0; i < 64; ++i) silent.push_back(connection());
  EXPECT_EQ(all(connection()), "");  // one too many: closed without an answer
  for (const int fd : silent) close(fd);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string answer;
  while (!answer.starts_with("HTTP/1.1 200") && std::chrono::steady_clock::now() < deadline)
    answer = ask("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpTest, APortThatIsTakenIsNamedWithARemedy) {
  const auto again = HttpServer::listen(control, *net::IpAddress::parse("127.0.0.1"), port, nullptr);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), "cannot listen on 127.0.0.1 port " + std::to_string(port) +
                               " for metrics: Address already in use; set metrics.listen to another address, or to off");
}

}  // namespace
}  // namespace podbgp::bgpd

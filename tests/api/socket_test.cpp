// The socket: mode, group, who may be in its place, what remains; and health and reflection on it.
#include <fstream>

#include <google/protobuf/descriptor.pb.h>
#include <grp.h>
#include <grpc/health/v1/health.grpc.pb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/listener.hpp"
#include "fixture.hpp"

namespace podbgp::api::testing {
namespace {

using ::testing::HasSubstr;

struct Bound {  // a socket file, with or without somebody behind it
  Bound(const std::string& path, bool listening) : fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (listening) {
      EXPECT_EQ(listen(fd, 1), 0);
    }
  }
  ~Bound() { close(fd); }
  int fd;
};

struct SocketTest : ::testing::Test {
  net::Result<std::unique_ptr<Server>, std::string> start(ServerSettings settings) {
    if (settings.unix_path == ServerSettings().unix_path) settings.unix_path = path;
    return Server::start(settings, backend, nullptr, [this](std::string event, std::string message) {
      const std::lock_guard lock(notices_mutex);
      notices.push_back(event + ": " + message);
    });
  }
  std::vector<std::string> noticed() {
    const std::lock_guard lock(notices_mutex);
    return notices;
  }
  int raw_connection() {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // Whether the server ends the connection within the limit; what it says before (HTTP/2 settings) does not matter.
  static bool closed_by_server(int fd, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    char buffer[4096];
    while (std::chrono::steady_clock::now() < end) {
      pollfd one{fd, POLLIN, 0};
      if (poll(&one, 1, 100) == 1 && read(fd, buffer, sizeof buffer) <= 0) return true;
    }
    return false;
  }
  bool answers() {
    const auto stub = v1::DaemonService::NewStub(connect(path));
    v1::GetStatusResponse response;
    return stub->GetStatus(context().get(), {}, &response).ok();
  }
  TemporaryFolder folder;
  std::string path = folder.file("api.sock");
  FakeBackend backend;
  std::mutex notices_mutex;
  std::vector<std::string> notices;
};

TEST_F(SocketTest, HasTheModeAskedForAndGoesWithTheServer) {
  for (const unsigned mode : {0660u, 0600u, 0666u}) {
    ServerSettings settings;
    settings.mode = mode;
    auto server = start(settings);
    ASSERT_TRUE(server) << server.error();
    struct stat found{};
    ASSERT_EQ(lstat(path.c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 07777, mode);
    EXPECT_TRUE(answers());
    (*server)->shutdown();
    EXPECT_NE(lstat(path.c_str(), &found), 0);
  }
}

TEST_F(SocketTest, BelongsToTheGroupAskedFor) {
  const auto* mine = getgrgid(getgid());
  ASSERT_NE(mine, nullptr);
  ServerSettings settings;
  settings.group = mine->gr_name;
  auto server = start(settings);
  ASSERT_TRUE(server) << server.error();
  struct stat found{};
  ASSERT_EQ(lstat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_gid, getgid());
}

TEST_F(SocketTest, AnUnknownGroupIsNamedWithARemedyAndLeavesNothing) {
  ServerSettings settings;
  settings.group = "nobody-has-this";
  const auto server = start(settings);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(),
            "api.group: there is no group 'nobody-has-this'; make it (addgroup --system nobody-has-this) or leave "
            "api.group out");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SocketTest, AStaleSocketIsReplaced) {
  {
    const Bound dead(path, true);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  auto server = start({});
  ASSERT_TRUE(server) << server.error();
  EXPECT_TRUE(answers());
}

TEST_F(SocketTest, ASocketThatSomebodyAnswersOnIsNotTaken) {
  auto first = start({});
  ASSERT_TRUE(first) << first.error();
  const auto second = start({});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "another process answers on " + path + "; stop it, or set api.unix to another path");
  EXPECT_TRUE(answers());
}

TEST_F(SocketTest, AFileThatIsNoSocketIsNotRemoved) {
  std::ofstream(path) << "precious";
  const auto server = start({});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(), path + " exists and is not a socket; remove it, or set api.unix to another path");
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(SocketTest, TheFolderIsMadeOneLevelDeep) {
  ServerSettings settings;
  settings.unix_path = folder.file("run/api.sock");
  EXPECT_TRUE(start(settings));
  settings.unix_path = folder.file("not/there/api.sock");
  const auto server = start(settings);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(),
            "cannot make the folder " + folder.file("not/there") +
                " for the API socket: No such file or directory; make it, or set api.unix to another path");
}

TEST_F(SocketTest, APathThatNoSocketCanHaveIsRefused) {
  for (const auto& bad : {std::string(), "/" + std::string(200, 'x')}) {
    ServerSettings settings;
    settings.unix_path = bad;
    const auto server = start(settings);
    ASSERT_FALSE(server);
    EXPECT_THAT(server.error(), HasSubstr("must be a path of 1 to 107 octets"));
  }
}

TEST_F(SocketTest, ASocketThatReplacedOursIsLeftAlone) {
  auto server = start({});
  ASSERT_TRUE(server) << server.error();
  std::filesystem::remove(path);
  const Bound other(path, true);
  (*server)->shutdown();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(SocketTest, ASocketFileThatWasRemovedIsMadeAgainWithItsMode) {
  ServerSettings settings;
  settings.mode = 0606;
  auto server = start(settings);
  ASSERT_TRUE(server) << server.error();
  const auto before = connect(path);
  v1::GetStatusResponse response;
  ASSERT_TRUE(v1::DaemonService::NewStub(before)->GetStatus(context().get(), {}, &response).ok());
  std::filesystem::remove(path);
  ASSERT_TRUE(backend.wait([&] { return !noticed().empty(); }));
  EXPECT_EQ(noticed()[0], "API_SOCKET_RESTORED: somebody removed " + path + "; it was made again");
  struct stat found{};
  ASSERT_EQ(lstat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0606u);
  EXPECT_TRUE(answers());
  EXPECT_TRUE(v1::DaemonService::NewStub(before)->GetStatus(context().get(), {}, &response).ok());  // as before
  (*server)->shutdown();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SocketTest, AFolderThatWasRemovedIsMadeAgain) {
  ServerSettings settings;
  settings.unix_path = path = folder.file("run/api.sock");
  auto server = start(settings);
  ASSERT_TRUE(server) << server.error();
  std::filesystem::remove_all(folder.file("run"));
  ASSERT_TRUE(backend.wait([&] { return std::filesystem::exists(path) && answers(); }));
}

TEST_F(SocketTest, AFileInThePlaceOfTheSocketIsNamedAndLeftAlone) {
  auto server = start({});
  ASSERT_TRUE(server) << server.error();
  std::filesystem::remove(path);
  std::ofstream(path) << "precious";
  ASSERT_TRUE(backend.wait([&] { return !noticed().empty(); }));
  EXPECT_EQ(noticed()[0], "API_SOCKET_REPLACED: " + path +
                              " is no longer this daemon's socket, somebody put another file there; remove it, and the "
                              "socket is made again");
  std::filesystem::remove(path);
  ASSERT_TRUE(backend.wait([&] { return answers(); }));
  (*server)->shutdown();
}

TEST_F(SocketTest, ConnectionsThatEndMakeRoom) {
  auto server = start({});
  ASSERT_TRUE(server) << server.error();
  for (std::size_t i = 0; i < 3 * kMaxConnections; ++i) close(raw_connection());
  ASSERT_TRUE(backend.wait([&] { return answers(); }));
}

// One leaking agent must not shut out the operator: the limit of a process is far below that of all.
TEST_F(SocketTest, OneProcessHasABoundedNumberOfConnectionsAndTheLogSaysWho) {
  auto server = start({});
  ASSERT_TRUE(server) << server.error();
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::size_t good = 0;
  for (std::size_t i = 0; i < ConnectionLimits().per_process + 20; ++i) {
    channels.push_back(connect(path));
    v1::GetStatusResponse response;
    good += v1::DaemonService::NewStub(channels.back())->GetStatus(context().get(), {}, &response).ok() ? 1 : 0;
  }
  EXPECT_EQ(good, ConnectionLimits().per_process);
  // Many were refused, and one line was written.
  ASSERT_EQ(noticed().size(), 1u);
  EXPECT_EQ(noticed()[0], "API_CONNECTION_REFUSED: uid=" + std::to_string(getuid()) + " gid=" + std::to_string(getgid()) +
                              " pid=" + std::to_string(getpid()) +
                              ": this process has 64 connections, all that one may have; a client should keep one "
                              "connection and close it when done");
  const pid_t other = fork();
  if (other == 0) {  // another process is let in meanwhile: it waits longer than a refusal takes
    const int fd = raw_connection();
    pollfd one{fd, POLLIN, 0};
    char octet = 0;
    _exit(poll(&one, 1, 10'000) == 1 && read(fd, &octet, 1) == 1 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
  channels.clear();
  ASSERT_TRUE(backend.wait([&] { return answers(); }));
}

struct CallersTest : ::testing::Test {
  // A live descriptor, as a connection has it.
  int live() {
    fds.push_back(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return fds.back();
  }
  ~CallersTest() override {
    for (const int fd : fds) close(fd);
  }
  std::vector<int> fds;
};

TEST_F(CallersTest, BoundsAreOfAllOfAUserAndOfAProcess) {
  Callers callers({8, 6, 4, 2});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(callers.add(live(), {1000, 1000, 7}));
  EXPECT_EQ(callers.add(live(), {1000, 1000, 7}).error(), "this process has 2 connections, all that one may have");
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(callers.add(live(), {1000, 1000, 0}));  // in other containers
  EXPECT_EQ(callers.add(live(), {1001, 1001, 0}).error(),
            "processes of other PID namespaces have 4 connections, all that they may have");
  EXPECT_EQ(callers.add(live(), {1000, 1000, 8}).error(), "this user has 6 connections, all that one may have");
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(callers.add(live(), {0, 0, 9}));
  EXPECT_EQ(callers.add(live(), {0, 0, 10}).error(), "8 connections are open, all there may be");
  close(fds.front());  // the first ended, though nobody said so
  fds.erase(fds.begin());
  EXPECT_TRUE(callers.add(live(), {0, 0, 10}));
}

TEST_F(CallersTest, FewDescriptorsMeanFewConnections) {
  EXPECT_EQ(limits_for(1'000'000).total, kMaxConnections);
  EXPECT_EQ(limits_for(1024).total, 256u);
  EXPECT_EQ(limits_for(1024).per_user, 192u);
  EXPECT_EQ(limits_for(1024).unseen, 128u);
  EXPECT_EQ(limits_for(1024).per_process, 64u);
  EXPECT_EQ(limits_for(256).total, 64u);
  EXPECT_EQ(limits_for(0).total, 8u);
}

TEST_F(SocketTest, AConnectionWithoutACallIsClosedAfterAWhile) {
  ServerSettings settings;
  settings.idle = std::chrono::milliseconds(300);
  auto server = start(settings);
  ASSERT_TRUE(server) << server.error();
  const auto watching = connect(path);  // a watch is a call, however quiet
  const auto ctx = context();
  const auto watch = v1::PeerService::NewStub(watching)->WatchPeers(ctx.get(), {});
  ASSERT_TRUE(backend.wait([&] { return backend.watches() == 1; }));
  const int silent = raw_connection();  // says nothing at all
  EXPECT_TRUE(closed_by_server(silent, std::chrono::seconds(10)));
  close(silent);
  EXPECT_EQ(backend.watches(), 1u);
  EXPECT_TRUE(answers());
  ctx->TryCancel();
  (void)watch->Finish();
}

TEST_F(ApiTest, HealthSaysReadyWhenItIsSet) {
  using grpc::health::v1::HealthCheckResponse;
  const auto health = grpc::health::v1::Health::NewStub(channel);
  const auto ask = [&](const std::string& service) -> std::string {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const auto status = health->Check(context().get(), request, &response);
    return status.ok() ? HealthCheckResponse::ServingStatus_Name(response.status())
                       : std::to_string(status.error_code());
  };
  EXPECT_EQ(ask(""), "SERVING");
  EXPECT_EQ(ask("podbgp.ready"), "NOT_SERVING");
  server->set_ready(true);
  EXPECT_EQ(ask("podbgp.ready"), "SERVING");
  server->set_ready(false);
  EXPECT_EQ(ask("podbgp.ready"), "NOT_SERVING");
  EXPECT_EQ(ask("no.such.service"), std::to_string(grpc::StatusCode::NOT_FOUND));
}

// Reflection as grpcurl uses it, spoken by hand: ListServices is field 7 of the request, the names are in field 6.1.1
// of the answer (grpc.reflection.v1alpha).
TEST_F(ApiTest, ReflectionNamesOurServices) {
  grpc::internal::RpcMethod method("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                   grpc::internal::RpcMethod::BIDI_STREAMING);
  const auto ctx = context();
  const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel.get(), method,
                                                                                            ctx.get()));
  const grpc::Slice list_services("\x3a\x01*", 3);
  ASSERT_TRUE(stream->Write(grpc::ByteBuffer(&list_services, 1)));
  stream->WritesDone();
  grpc::ByteBuffer answer;
  ASSERT_TRUE(stream->Read(&answer));
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(answer.Dump(&slices).ok());
  std::string text;
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  for (const char* name : {"podbgp.v1.RouteService", "podbgp.v1.RibService", "podbgp.v1.PeerService",
                           "podbgp.v1.DaemonService", "grpc.reflection.v1alpha.ServerReflection"})
    EXPECT_THAT(text, HasSubstr(name));
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace podbgp::api::testing

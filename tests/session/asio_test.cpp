// AsioTransport and Listener on real sockets of the loopback interface: 127.0.1.1 is we, 127.0.1.2 the peer.
#include <thread>

#include <netinet/in.h>

#include "fixture.hpp"
#include "session/asio_transport.hpp"
#include "session/listener.hpp"
#include "session/socket.hpp"

namespace podbgp::session::test {
namespace {

using fsm::State;

// One daemon's worth: a listener and a session, on a shared executor.
struct Side {
  Side(AsioTransport& transport, const char* address, fsm::PeerSettings s)
      : local(ip(address)), settings(std::move(s)), hub(transport, owner), listener(transport, [this](auto c) {
          ++accepted;
          session->accept(std::move(c));
        }) {
    const auto listening = listener.listen(local, 0);
    EXPECT_TRUE(listening) << listening.error();
  }
  void face(const Side& other, Endpoint endpoint = {}) {
    endpoint.address = other.local;
    endpoint.port = other.listener.ports().at(0);
    endpoint.local_address = local;
    EXPECT_TRUE(listener.set_peers({endpoint}).empty());
    if (session) {
      session->reconfigure(settings, endpoint);
    } else {
      session = std::make_unique<Session>(hub, Session::Setup{net::PeerId{1}, settings, endpoint, 1});
    }
  }
  [[nodiscard]] bool up() const { return session->state() == State::Established; }

  net::IpAddress local;
  fsm::PeerSettings settings;
  RecordingOwner owner;
  Hub hub;
  std::unique_ptr<Session> session;
  Listener listener;
  int accepted = 0;
};

fsm::PeerSettings passive(fsm::PeerSettings s) {
  s.passive = true;
  return s;
}

class AsioTest : public ::testing::Test {
 protected:
  // Runs until the condition holds; false after `limit`, with both sides' logs in the failure message.
  template <class Condition>
  bool wait(Condition condition, net::Duration limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      transport.run_for(1ms);
    }
    return true;
  }
  void make(const char* our_address = "127.0.1.1", const char* their_address = "127.0.1.2") {
    us = std::make_unique<Side>(transport, our_address, settings());
    them = std::make_unique<Side>(transport, their_address, passive(mirrored(settings())));
  }
  void start() {
    us->session->start();
    them->session->start();
  }
  [[nodiscard]] bool both_up() const { return us->up() && them->up(); }
  [[nodiscard]] std::string logs() const { return "us: " + us->owner.text() + "\nthem: " + them->owner.text(); }

  AsioTransport transport;
  std::unique_ptr<Side> us, them;
};

TEST_F(AsioTest, SessionComesUpAndCarriesUpdates) {
  make();
  us->face(*them);
  them->face(*us);
  start();
  ASSERT_TRUE(wait([&] { return both_up(); })) << logs();
  EXPECT_EQ(us->session->connection()->local_address(), us->local);
  EXPECT_EQ(them->session->connection()->remote_address(), us->local);
  EXPECT_EQ(us->session->connection()->remote_port(), them->listener.ports()[0]);
  auto buffer = std::make_shared<wire::Bytes>(update(0, 1000));
  us->owner.output.push_back({buffer, 0, buffer->size()});
  us->session->kick_output();
  EXPECT_TRUE(wait([&] { return them->owner.updates == 1000; })) << them->owner.updates;
  us->session->stop("enough");
  EXPECT_TRUE(wait([&] { return !them->up(); })) << logs();
  EXPECT_NE(them->owner.down_text.find("enough"), std::string::npos) << them->owner.down_text;
}

TEST_F(AsioTest, Ipv6AndIpv4ListenOnTheSamePort) {
  RecordingOwner owner;
  Listener listener(transport, [](auto) {});
  ASSERT_TRUE(listener.listen(ip("0.0.0.0"), 0));
  const auto both = listener.listen(ip("::"), listener.ports()[0]);
  EXPECT_TRUE(both) << both.error();
  make("::1", "::1");
  us->face(*them);
  them->face(*us);
  start();
  EXPECT_TRUE(wait([&] { return both_up(); })) << logs();
}

TEST_F(AsioTest, Rfc2385_EqualPasswordsConnect) {
  make();
  Endpoint secret;
  secret.password = "correct horse battery staple";
  us->face(*them, secret);
  them->face(*us, secret);
  start();
  EXPECT_TRUE(wait([&] { return both_up(); })) << logs();
}

TEST_F(AsioTest, Rfc2385_APasswordOnOneSideOnlyDoesNot) {
  make();
  Endpoint secret;
  secret.password = "secret";
  us->face(*them);
  them->face(*us, secret);
  start();
  EXPECT_FALSE(wait([&] { return them->accepted > 0; }, 300ms))
      << "unsigned segments must not reach a listener with a key";
  us->face(*them, secret);
  EXPECT_TRUE(wait([&] { return both_up(); })) << logs();
}

TEST_F(AsioTest, Rfc2385_AChangedPasswordIsChangedOnTheListenerToo) {
  make();
  Endpoint before, after;
  before.password = "before";
  after.password = "after";
  us->face(*them, before);
  them->face(*us, before);
  start();
  ASSERT_TRUE(wait([&] { return both_up(); })) << logs();
  us->face(*them, after);
  EXPECT_FALSE(wait([&] { return both_up(); }, 1500ms)) << "the peer still has the old one";
  them->face(*us, after);
  ASSERT_TRUE(wait([&] { return both_up(); })) << logs();
  us->face(*them);
  them->face(*us);
  EXPECT_TRUE(wait([&] { return both_up() && us->session->counters().established == 3; })) << logs();
}

TEST_F(AsioTest, Rfc2385_ATooLongPasswordIsAnErrorInWords) {
  Listener listener(transport, [](auto) {});
  ASSERT_TRUE(listener.listen(ip("127.0.1.1"), 0));
  Endpoint peer;
  peer.address = ip("127.0.1.2");
  peer.password = std::string(81, 'x');
  const auto errors = listener.set_peers({peer});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], "the TCP MD5 password for 127.0.1.2 has 81 octets, but Linux takes at most 80");
}

TEST_F(AsioTest, Rfc5082_TtlSecurityOnBothSidesConnects) {
  make();
  Endpoint gtsm;
  gtsm.ttl_security_hops = 1;
  us->face(*them, gtsm);
  them->face(*us, gtsm);
  start();
  EXPECT_TRUE(wait([&] { return both_up(); })) << logs();
}

TEST_F(AsioTest, Rfc5082_ALowTtlIsNotHeard) {
  make();
  Endpoint gtsm, near;
  gtsm.ttl_security_hops = 1;
  near.ttl = 64;
  us->face(*them, gtsm);
  them->face(*us, near);
  start();
  EXPECT_FALSE(wait([&] { return us->session->state() >= State::OpenConfirm; }, 300ms)) << logs();
  EXPECT_GT(them->accepted, 0) << "the handshake itself has TTL 255";
  them->face(*us, gtsm);
  us->session->reset("");
  EXPECT_TRUE(wait([&] { return both_up(); })) << logs();
}

TEST_F(AsioTest, PasswordAndTtlSecurityOverIpv6) {
  make("::1", "::1");
  Endpoint endpoint, other;
  endpoint.password = "secret";
  endpoint.ttl_security_hops = 1;
  other.password = "other";
  us->face(*them, endpoint);
  them->face(*us, other);
  start();
  EXPECT_FALSE(wait([&] { return them->accepted > 0; }, 300ms));
  them->face(*us, endpoint);
  us->session->reset("");
  EXPECT_TRUE(wait([&] { return both_up(); })) << logs();
}

int option(const socket::Fd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

TEST(Socket, Rfc4271_AppendixE_InternetControl) {
  Endpoint v4, v6;
  v4.address = ip("127.0.1.2");
  v6.address = ip("::1");
  EXPECT_EQ(option(*socket::make_dialing(v4), IPPROTO_IP, IP_TOS), 0xc0);
  EXPECT_EQ(option(*socket::make_dialing(v6), IPPROTO_IPV6, IPV6_TCLASS), 0xc0);
}

TEST(Socket, Rfc5082_3_TtlIsThatOfTheEndpoint) {
  Endpoint endpoint;
  endpoint.address = ip("127.0.1.2");
  EXPECT_EQ(option(*socket::make_dialing(endpoint), IPPROTO_IP, IP_TTL), 1) << "external peers are one hop away";
  endpoint.ttl = 255;
  EXPECT_EQ(option(*socket::make_dialing(endpoint), IPPROTO_IP, IP_TTL), 255);
  endpoint.ttl = 1;
  endpoint.ttl_security_hops = 3;
  const auto fd = socket::make_dialing(endpoint);
  EXPECT_EQ(option(*fd, IPPROTO_IP, IP_TTL), 255);
  EXPECT_EQ(option(*fd, IPPROTO_IP, IP_MINTTL), 253);
  EXPECT_EQ(option(*socket::make_listening(ip("127.0.1.1"), 0, 1), IPPROTO_IP, IP_TTL), 255)
      << "a peer with GTSM checks our SYN-ACK too";
}

TEST_F(AsioTest, DialErrorsNameThePlaceAndARemedy) {
  std::string error;
  const auto dial = [&](Endpoint endpoint) {
    error.clear();
    const auto handle = transport.dial(endpoint, [&](auto result) { error = result ? "connected" : result.error(); });
    EXPECT_EQ(error, "") << "not from within dial()";
    EXPECT_TRUE(wait([&] { return !error.empty(); }));
    return error;
  };
  Endpoint endpoint;
  endpoint.address = ip("127.0.1.2");
  endpoint.port = 1;
  EXPECT_EQ(dial(endpoint),
            "127.0.1.2:1: Connection refused; nothing listens there, or it does not take us for a peer");
  endpoint.local_address = ip("192.0.2.1");
  EXPECT_EQ(
      dial(endpoint),
      "cannot use local address 192.0.2.1 for 127.0.1.2: Cannot assign requested address; no interface of this host "
      "has it");
  endpoint.local_address.reset();
  endpoint.address = ip("fe80::1");
  EXPECT_EQ(dial(endpoint), "fe80::1 is link-local: name the interface it is on");
  endpoint.interface = "nosuchif0";
  EXPECT_EQ(dial(endpoint), "interface nosuchif0 does not exist (for fe80::1)");
}

TEST_F(AsioTest, ListenErrorsNameThePlaceAndARemedy) {
  Listener first(transport, [](auto) {});
  ASSERT_TRUE(first.listen(ip("127.0.1.1"), 0));
  const auto port = first.ports()[0];
  Listener second(transport, [](auto) {});
  const auto taken = second.listen(ip("127.0.1.1"), port);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error(),
            fmt::format("cannot listen on 127.0.1.1:{0}: Address already in use; another program listens "
                        "there (ss -ltnp 'sport = :{0}' shows it)",
                        port));
  const auto absent = second.listen(ip("192.0.2.1"), 0);
  ASSERT_FALSE(absent);
  EXPECT_EQ(
      absent.error(),
      "cannot listen on 192.0.2.1:0: Cannot assign requested address; no interface of this host has this address");
}

TEST_F(AsioTest, UnknownRemotesAreClosedAndCounted) {
  std::vector<std::string> strangers;
  int accepted = 0;
  Listener listener(
      transport, [&](auto) { ++accepted; },
      [&](const net::IpAddress& who) { strangers.push_back(net::to_string(who)); });
  ASSERT_TRUE(listener.listen(ip("127.0.1.1"), 0));
  Endpoint endpoint;
  endpoint.address = ip("127.0.1.1");
  endpoint.port = listener.ports()[0];
  endpoint.local_address = ip("127.0.1.9");
  std::unique_ptr<Speaker> speaker;
  const auto dial = transport.dial(endpoint, [&](auto c) { speaker = std::make_unique<Speaker>(std::move(*c)); });
  EXPECT_TRUE(wait([&] { return speaker && speaker->ended; }));
  EXPECT_EQ(strangers, std::vector<std::string>{"127.0.1.9"});
  EXPECT_EQ(accepted, 0);
  EXPECT_EQ(listener.counters().refused_unknown, 1u);
}

TEST_F(AsioTest, ADialThatIsGivenUpCallsNobody) {
  Listener listener(transport, [](auto) {});
  ASSERT_TRUE(listener.listen(ip("127.0.1.1"), 0));
  Endpoint endpoint;
  endpoint.address = ip("127.0.1.1");
  endpoint.port = listener.ports()[0];
  for (const unsigned port : {unsigned{endpoint.port}, 1u}) {
    endpoint.port = static_cast<std::uint16_t>(port);
    bool called = false;
    auto dial = transport.dial(endpoint, [&](auto) { called = true; });
    dial.reset();
    transport.run_for(20ms);
    EXPECT_FALSE(called);
  }
}

TEST_F(AsioTest, TimersFireInOrderAndNotWhenDestroyed) {
  std::string fired;
  const auto b = transport.arm(20ms, [&] { fired += "b"; });
  const auto a = transport.arm(10ms, [&] { fired += "a"; });
  auto never = transport.arm(15ms, [&] { fired += "x"; });
  never.reset();
  std::unique_ptr<Timer> self;
  self = transport.arm(1ms, [&] {
    self.reset();  // from within its own callback
    fired += "s";
  });
  EXPECT_TRUE(wait([&] { return fired == "sab"; })) << fired;
}

TEST_F(AsioTest, PostComesFromAnyThread) {
  int count = 0;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) transport.post([&] { ++count; });
    transport.post([&] { transport.stop(); });
  });
  transport.run();
  other.join();
  EXPECT_EQ(count, 1000);
}

TEST_F(AsioTest, TheLastNotificationArrivesThoughWeHaveUnreadOctets) {
  make();
  us->face(*them);
  them->face(*us);
  start();
  ASSERT_TRUE(wait([&] { return both_up(); })) << logs();
  // They send a lot; we stop in the middle of it.
  for (int i = 0; i < 40; ++i) {
    auto buffer = std::make_shared<wire::Bytes>(update(0, 4000));
    them->owner.output.push_back({buffer, 0, buffer->size()});
  }
  them->session->kick_output();
  us->session->stop("in the middle");
  EXPECT_TRUE(wait([&] { return !them->up(); })) << logs();
  EXPECT_NE(them->owner.down_text.find("in the middle"), std::string::npos) << them->owner.down_text;
}

TEST_F(AsioTest, ManyMegabytesArriveWholeAndKeepalivesWithThem) {
  make();
  us->face(*them);
  them->face(*us);
  start();
  ASSERT_TRUE(wait([&] { return both_up(); })) << logs();
  const auto buffer = std::make_shared<const wire::Bytes>(update(0, 20000));  // shared by all slices
  constexpr int kTimes = 50;
  for (int i = 0; i < kTimes; ++i) us->owner.output.push_back({buffer, 0, buffer->size()});
  us->session->kick_output();
  EXPECT_TRUE(wait([&] { return them->owner.updates == 20000 * kTimes; }, 60s)) << them->owner.updates;
  EXPECT_EQ(us->session->counters().sent.update, 20000u * kTimes);
  EXPECT_TRUE(both_up()) << logs();
}

}  // namespace
}  // namespace podbgp::session::test

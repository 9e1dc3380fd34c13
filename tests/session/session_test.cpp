#include "fixture.hpp"

namespace podbgp::session::test {
namespace {

using fsm::State;

TEST_F(SessionTest, ComesUpWhenWeDial) {
  establish();
  EXPECT_EQ(speaker->text(), "OPEN, KEEPALIVE");
  EXPECT_EQ(owner.text(),
            "Idle->Connect, Connect->OpenSent, OpenSent->OpenConfirm, up at 10.0.0.1, OpenConfirm->Established");
  ASSERT_NE(session->connection(), nullptr);
  EXPECT_EQ(session->connection()->remote_port(), 179);
  EXPECT_EQ(session->counters().sent.open, 1u);
  EXPECT_EQ(session->counters().received.keepalive, 1u);
  EXPECT_EQ(session->counters().established, 1u);
}

TEST_F(SessionTest, ComesUpWhenThePeerDials) {
  auto s = settings();
  s.passive = true;
  make(s);
  session->start();
  run();
  EXPECT_EQ(here.dials, 0);
  Endpoint us;
  us.address = here.address();
  const auto dial = there.dial(us, [this](auto c) { speaker = std::make_unique<Speaker>(std::move(*c)); });
  run();
  speaker->send_open(mirrored(settings()));
  speaker->send_keepalive();
  run();
  EXPECT_EQ(session->state(), State::Established);
  EXPECT_EQ(session->connection()->local_port(), 179);
}

TEST_F(SessionTest, AcceptedConnectionsGetTheEndpointsSocketOptions) {
  auto s = settings();
  s.passive = true;
  make(s);
  auto endpoint = session->endpoint();
  endpoint.ttl_security_hops = 1;
  session->reconfigure(s, endpoint);
  session->start();
  auto end = std::make_shared<fake::End>();
  end->world = &world;
  auto connection = std::make_unique<fake::FakeConnection>(end);
  auto* const raw = connection.get();
  session->accept(std::move(connection));
  ASSERT_TRUE(raw->configured.has_value());
  EXPECT_EQ(raw->configured->ttl_security_hops, 1u);

  auto bad = std::make_unique<fake::FakeConnection>(end);
  bad->configure_error = "cannot set IP_MINTTL on 10.0.0.2: not permitted";
  session->accept(std::move(bad));
  EXPECT_EQ(session->counters().last_error->reason.text, "cannot set IP_MINTTL on 10.0.0.2: not permitted");
}

TEST_F(SessionTest, RefusesWhenStoppedAndSaysWhy) {
  make();
  session->stop("maintenance");
  Endpoint us;
  us.address = here.address();
  const auto dial = there.dial(us, [this](auto c) { speaker = std::make_unique<Speaker>(std::move(*c)); });
  run();
  EXPECT_EQ(speaker->text(), "NOTIFICATION 6/2");
  EXPECT_TRUE(speaker->ended.has_value());
}

TEST_F(SessionTest, KeepalivesKeepTheirInterval) {
  establish();
  const int before = speaker->count("KEEPALIVE");
  run_alive(30s);
  const int sent = speaker->count("KEEPALIVE") - before;
  EXPECT_GE(sent, 10);  // 30 s / 3 s
  EXPECT_LE(sent, 14);  // jitter 0.75
  EXPECT_EQ(session->state(), State::Established);
}

TEST_F(SessionTest, HoldTimerEndsASilentSession) {
  establish();
  run(8900ms);
  EXPECT_EQ(session->state(), State::Established);
  run(200ms);
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 4/0");
  EXPECT_EQ(owner.log[owner.log.size() - 2], "down hold-timer-expired");
  EXPECT_EQ(session->counters().flaps, 1u);
}

TEST_F(SessionTest, OurOwnPauseEndsNothing) {
  establish();
  run(8s);
  speaker->send_keepalive();
  // The executor is busy elsewhere: octets arrive in the kernel, but on_readable has not run when the timer fires.
  auto& end = *static_cast<fake::FakeConnection*>(const_cast<Connection*>(session->connection()))->raw();
  end.notified = true;  // swallow the notification
  run(1500ms);
  EXPECT_EQ(session->state(), State::Established) << owner.text();
  end.notified = false;
  run(10s);
  EXPECT_NE(session->state(), State::Established) << "and only as long as something was unread";
}

TEST_F(SessionTest, ComesBackAfterThePeerClosed) {
  establish();
  speaker.reset();
  run(100ms);
  EXPECT_EQ(session->state(), State::Active);
  EXPECT_EQ(owner.log[owner.log.size() - 2], "down tcp-closed");
  ASSERT_TRUE(session->next_attempt().has_value());
  run(1s);
  ASSERT_NE(speaker, nullptr);
  speaker->send_open(mirrored(settings()));
  speaker->send_keepalive();
  run();
  EXPECT_EQ(session->state(), State::Established);
  EXPECT_EQ(session->counters().established, 2u);
  EXPECT_FALSE(session->next_attempt().has_value());
}

TEST_F(SessionTest, LinkEventDialsAtOnce) {
  make();
  there.close_listener(179);
  session->start();
  run(60s);
  EXPECT_EQ(session->state(), State::Active);
  there.listen(179, [this](std::unique_ptr<Connection> c) { speaker = std::make_unique<Speaker>(std::move(c)); });
  session->link_event();
  run();
  EXPECT_NE(speaker, nullptr);
}

TEST_F(SessionTest, UpdatesReachTheOwnerInOneBatch) {
  establish();
  const int batches = owner.batches;
  speaker->send(update(0, 100));
  run();
  EXPECT_EQ(owner.updates, 100);
  EXPECT_EQ(owner.prefixes.front(), "10.0.0.0/24");
  EXPECT_EQ(owner.prefixes.back(), "10.0.99.0/24");
  EXPECT_EQ(owner.batches, batches + 1);
  EXPECT_EQ(session->counters().received.update, 100u);
}

TEST_F(SessionTest, MessagesMayArriveInAnyPieces) {
  for (const std::size_t chunk : {1, 7, 18, 19, 20, 4095}) {
    world.chunk = chunk;
    owner.updates = 0;
    establish();
    speaker->send(update(0, 50));
    run(100ms);
    EXPECT_EQ(owner.updates, 50) << chunk;
    EXPECT_EQ(session->state(), State::Established);
    session.reset();
    speaker.reset();
    run();
  }
}

TEST_F(SessionTest, AFloodIsReadInTurns) {
  establish();
  world.capacity = 8 << 20;
  const auto flood = update(0, 30000);  // some 1.5 MB
  speaker->send(flood);
  const int batches = owner.batches;
  run();
  EXPECT_EQ(owner.updates, 30000);
  EXPECT_GE(owner.batches - batches, static_cast<int>(flood.size() / kReadTurn));
  EXPECT_EQ(session->state(), State::Established);
}

TEST_F(SessionTest, TimersAreNotArmedForEveryBatch) {
  establish();
  const int before = here.timers_armed;
  for (int i = 0; i < 1000; ++i) {
    speaker->send(update(i, 1));
    run(1ms);
  }
  EXPECT_LT(here.timers_armed - before, 10);
  EXPECT_EQ(session->state(), State::Established);
}

TEST_F(SessionTest, AnUpdateTheOwnerRefusesEndsTheSession) {
  establish();
  owner.refuse_updates = wire::make_notification(wire::ErrorCode::Cease, wire::cease::kMaxPrefixes);
  speaker->send(update(0, 10));
  run();
  EXPECT_EQ(owner.updates, 1) << "nothing behind it is read";
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 6/1");
  EXPECT_EQ(session->state(), State::Idle);
  EXPECT_TRUE(session->damped());
}

TEST_F(SessionTest, TheOwnerCanEndASession) {
  establish();
  session->end(wire::make_notification(wire::ErrorCode::Cease, wire::cease::kOutOfResources), "table full");
  run();
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 6/8");
  EXPECT_NE(owner.down_text.find("table full"), std::string::npos);
}

TEST_F(SessionTest, AMalformedHeaderIsAnsweredWithItsError) {
  establish();
  speaker->send(wire::Bytes(19, 0));
  run();
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 1/1");
  EXPECT_EQ(session->state(), State::Idle);
}

TEST_F(SessionTest, AMalformedUpdateIsAnsweredWithItsError) {
  establish();
  auto bad = update(0, 1);
  bad[19] = 0xff;  // withdrawn routes length beyond the message
  speaker->send(bad);
  run();
  EXPECT_EQ(speaker->notification->code, 3);
  EXPECT_EQ(owner.updates, 0);
}

TEST_F(SessionTest, TheWrongAsIsToldApartInTheLog) {
  make();
  session->start();
  run();
  auto wrong = mirrored(settings());
  wrong.local_asn = net::Asn{65009};
  speaker->send_open(wrong);
  run();
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 2/2");
  const auto text = session->counters().last_error->reason.text;
  EXPECT_NE(text.find("65009"), std::string::npos) << text;
  EXPECT_EQ(session->counters().attempts_failed, 1u);
}

TEST_F(SessionTest, TheLastWordOfThePeerIsReadBeforeAWriteError) {
  establish();
  wire::Bytes farewell;
  wire::encode_notification(wire::make_shutdown(wire::cease::kAdminShutdown, "bye"), farewell);
  speaker->send(farewell);
  static_cast<fake::FakeConnection&>(*speaker->connection).abort();
  auto& end = *static_cast<fake::FakeConnection*>(const_cast<Connection*>(session->connection()))->raw();
  end.notified = true;  // we write before we read
  run();
  owner.output.push_back({std::make_shared<wire::Bytes>(update(0, 1)), 0, update(0, 1).size()});
  session->kick_output();
  run();
  EXPECT_FALSE(owner.up);
  EXPECT_NE(owner.down_text.find("bye"), std::string::npos) << owner.down_text;
}

TEST_F(SessionTest, OutputIsSharedNotCopied) {
  establish();
  auto buffer = std::make_shared<wire::Bytes>(update(0, 20));
  owner.output.push_back({buffer, 0, buffer->size()});
  session->kick_output();
  run();
  EXPECT_EQ(speaker->count("UPDATE"), 20);
  EXPECT_EQ(session->counters().sent.update, 20u);
  EXPECT_EQ(buffer.use_count(), 1) << "released when it has left";
}

TEST_F(SessionTest, AKeepaliveWaitsForOneMessageAtMost) {
  establish();
  world.capacity = 1000;  // the peer takes little
  speaker->reading = false;
  auto buffer = std::make_shared<wire::Bytes>(update(0, 2000));
  owner.output.push_back({buffer, 0, buffer->size()});
  session->kick_output();
  const int before = speaker->count("UPDATE");
  speaker->messages.clear();
  for (int i = 0; i < 4; ++i) {  // 4 s: a KEEPALIVE is due
    speaker->send_keepalive();
    run(1s);
  }
  speaker->reading = true;
  speaker->read();
  run(1ms);
  const auto first = std::ranges::find(speaker->messages, "KEEPALIVE");
  ASSERT_NE(first, speaker->messages.end());
  EXPECT_LE(first - speaker->messages.begin(), 1000 / 40 + 2) << "behind what the kernel had taken, before the rest";
  EXPECT_TRUE(world.run_until([&] { return speaker->count("UPDATE") - before == 2000; }, 20s));
  EXPECT_EQ(session->state(), State::Established);
}

TEST_F(SessionTest, APeerThatDoesNotReadStopsItsOwnOutputOnly) {
  establish();
  world.capacity = 5000;
  speaker->reading = false;
  for (int i = 0; i < 100; ++i) {
    auto buffer = std::make_shared<wire::Bytes>(update(i * 100, 100));
    owner.output.push_back({buffer, 0, buffer->size()});
  }
  session->kick_output();
  session->kick_output();
  const auto left = owner.output.size();
  run_alive(20s);
  session->kick_output();
  EXPECT_EQ(owner.output.size(), left) << "nothing more is asked for while the peer does not read";
  EXPECT_GT(session->out_queue_octets(), 0u);
}

TEST_F(SessionTest, SendHoldTimerEndsAPeerThatDoesNotRead) {
  auto s = settings();
  s.send_hold_time = fsm::Seconds{20};
  make(s);
  session->start();
  run();
  speaker->send_open(mirrored(settings()));
  speaker->send_keepalive();
  run();
  static_cast<fake::FakeConnection*>(const_cast<Connection*>(session->connection()))->raw()->limit = 10;
  speaker->reading = false;
  run_alive(19s);
  EXPECT_EQ(session->state(), State::Established);
  run_alive(8s);
  EXPECT_FALSE(owner.up);
  EXPECT_NE(std::find(owner.log.begin(), owner.log.end(), "down send-hold-timer-expired"), owner.log.end())
      << owner.text();
}

TEST_F(SessionTest, RouteRefreshGoesBothWays) {
  establish();
  EXPECT_TRUE(session->request_refresh(net::Family::Ipv4Unicast));
  EXPECT_FALSE(session->request_refresh(net::Family::Ipv6Unicast)) << "not negotiated";
  wire::Bytes refresh;
  wire::encode_route_refresh({{1, 1}, 0}, refresh);
  speaker->send(refresh);
  run();
  EXPECT_EQ(speaker->messages.back(), "ROUTE-REFRESH");
  EXPECT_EQ(owner.log.back(), "refresh 1/1");
}

TEST_F(SessionTest, DisableOutlivesAReload) {
  establish();
  session->disable("drained");
  run();
  EXPECT_EQ(wire::shutdown_text(*speaker->notification), "drained");
  session->reconfigure(settings(), session->endpoint());
  run(5s);
  EXPECT_EQ(session->state(), State::Idle);
  EXPECT_TRUE(session->disabled());
  EXPECT_TRUE(session->enable());
  run();
  EXPECT_EQ(session->state(), State::OpenSent);
  auto down = settings();
  down.admin_down = true;
  session->reconfigure(down, session->endpoint());
  EXPECT_FALSE(session->enable()) << "the configuration keeps it down";
}

TEST_F(SessionTest, ResetComesBackByItself) {
  establish();
  session->reset("try again");
  run();
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 6/4");
  run(1s);
  speaker->send_open(mirrored(settings()));
  speaker->send_keepalive();
  run();
  EXPECT_EQ(session->state(), State::Established);
}

TEST_F(SessionTest, ANewPasswordNeedsANewSession) {
  establish();
  auto endpoint = session->endpoint();
  endpoint.password = "new";
  session->reconfigure(settings(), endpoint);
  run();
  EXPECT_EQ(speaker->messages.back(), "NOTIFICATION 6/6");
  EXPECT_EQ(session->endpoint().password, "new");
}

TEST_F(SessionTest, StopSaysSoAndCloses) {
  establish();
  session->stop("daemon stops");
  EXPECT_EQ(session->state(), State::Idle);
  run();
  EXPECT_EQ(wire::shutdown_text(*speaker->notification), "daemon stops");
  EXPECT_TRUE(speaker->ended.has_value());
  const auto& counts = session->counters().notifications;
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].subcode, wire::cease::kAdminShutdown);
}

TEST_F(SessionTest, DestroyedAtAnyMomentLeavesNoCallbacks) {
  for (int steps = 0; steps < 40; ++steps) {
    make();
    session->start();
    speaker.reset();
    for (int i = 0; i < steps && world.step(); ++i) {
      if (speaker && speaker->messages.size() == 1 && speaker->open) {
        speaker->send_open(mirrored(settings()));
        speaker->send_keepalive();
        speaker->send(update(0, 3));
        speaker->open.reset();
      }
    }
    session.reset();
    here.close_listener(179);
    run(30s);  // ASan watches
  }
}

// Two of ours, both dial at the same moment: RFC 4271 §6.8 leaves exactly one connection.
class TwoSessions : public ::testing::Test {
 protected:
  void SetUp() override {
    Endpoint to_b, to_a;
    to_b.address = b.address();
    to_a.address = a.address();
    session_a = std::make_unique<Session>(hub_a, Session::Setup{net::PeerId{1}, settings(), to_b, 1});
    session_b = std::make_unique<Session>(hub_b, Session::Setup{net::PeerId{2}, mirrored(settings()), to_a, 2});
    a.listen(179, [this](std::unique_ptr<Connection> c) { session_a->accept(std::move(c)); });
    b.listen(179, [this](std::unique_ptr<Connection> c) { session_b->accept(std::move(c)); });
  }
  [[nodiscard]] bool both_up() const {
    return session_a->state() == State::Established && session_b->state() == State::Established;
  }

  fake::World world;
  fake::Node a{world, {"10.0.0.1"}}, b{world, {"10.0.0.2"}};
  RecordingOwner owner_a, owner_b;
  Hub hub_a{a, owner_a}, hub_b{b, owner_b};
  std::unique_ptr<Session> session_a, session_b;
};

TEST_F(TwoSessions, SimultaneousDialsLeaveOneConnection) {
  for (int offset_us = -300; offset_us <= 300; offset_us += 10) {
    SetUp();
    owner_a.log.clear();
    owner_b.log.clear();
    const auto start = world.now() + 1ms;
    world.at(start, [this] { session_a->start(); });
    world.at(start + std::chrono::microseconds(offset_us), [this] { session_b->start(); });
    ASSERT_TRUE(world.run_until([this] { return both_up(); }, 20s)) << offset_us << '\n'
                                                                    << owner_a.text() << '\n'
                                                                    << owner_b.text();
    world.run_for(30s);
    EXPECT_TRUE(both_up()) << offset_us;
    EXPECT_EQ(session_a->connection()->local_port(), session_b->connection()->remote_port());
    session_a.reset();
    session_b.reset();
    world.run_for(1s);
  }
}

TEST_F(TwoSessions, AnUnreachablePeerIsNoticedAndFoundAgain) {
  session_a->start();
  session_b->start();
  ASSERT_TRUE(world.run_until([this] { return both_up(); }, 20s));
  world.cut(a.address(), b.address());
  world.run_for(10s);
  EXPECT_FALSE(owner_a.up);
  EXPECT_FALSE(owner_b.up);
  world.run_for(60s);
  world.heal(a.address(), b.address());
  EXPECT_TRUE(world.run_until([this] { return both_up(); }, 70s)) << owner_a.text() << '\n' << owner_b.text();
}

TEST_F(TwoSessions, APeerThatCrashedIsProbedAndComesBackBeforeTheHoldTime) {
  session_a->start();
  session_b->start();
  ASSERT_TRUE(world.run_until([this] { return both_up(); }, 20s));
  // b's host loses power and is back at once, with no memory of the connection.
  static_cast<fake::FakeConnection*>(const_cast<Connection*>(session_b->connection()))->vanish();
  session_b.reset();
  Endpoint to_a;
  to_a.address = a.address();
  session_b = std::make_unique<Session>(hub_b, Session::Setup{net::PeerId{2}, mirrored(settings()), to_a, 3});
  session_b->start();
  ASSERT_TRUE(world.run_until([this] { return both_up(); }, 3s)) << owner_a.text() << '\n' << owner_b.text();
  EXPECT_NE(owner_a.text().find("down tcp-failed"), std::string::npos) << owner_a.text();
}

}  // namespace
}  // namespace podbgp::session::test

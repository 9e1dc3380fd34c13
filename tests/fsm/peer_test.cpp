// Behaviour by clause: what the state × event table shows only as names, with its durations and its reasons.
#include "fixture.hpp"

namespace podbgp::fsm::test {
namespace {

TEST(Rfc4271_8_2_2_Idle, AdminDownStaysDown) {
  auto s = settings();
  s.admin_down = true;
  Driven d(s);
  EXPECT_EQ(text(d.step(event::ManualStart{})), "");
  EXPECT_FALSE(d.peer.expects_incoming());
  s.admin_down = false;
  EXPECT_EQ(text(d.reconfigure(s)), "dial, arm(ConnectRetry), Idle->Connect");
}

TEST(Rfc9003_2_Shutdown, TextReachesThePeer) {
  Driven d;
  d.establish(kOut);
  const auto actions = d.step(event::ManualStop{"node drained, ticket 4711"});
  const auto* sent = find<action::SendNotification>(actions);
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(wire::shutdown_text(sent->notification), "node drained, ticket 4711");
  const auto* down = find<action::SessionDown>(actions);
  ASSERT_NE(down, nullptr);
  EXPECT_EQ(down->reason.token, "admin-shutdown");
  EXPECT_EQ(down->reason.sent, sent->notification);
  // The peer dials again: it is told once more why not.
  const auto refused = d.step(event::IncomingOffered{});
  ASSERT_NE(find<action::RefuseIncoming>(refused), nullptr);
  EXPECT_EQ(wire::shutdown_text(*find<action::RefuseIncoming>(refused)->notification), "node drained, ticket 4711");
}

TEST(Rfc9003_2_Shutdown, ConfiguredShutdownCarriesItsText) {
  Driven d;
  d.establish(kIn);
  auto s = settings();
  s.admin_down = true;
  s.shutdown_text = "rack move";
  const auto actions = d.reconfigure(s);
  EXPECT_EQ(wire::shutdown_text(find<action::SendNotification>(actions)->notification), "rack move");
  EXPECT_EQ(d.peer.state(), State::Idle);
}

TEST(Rfc4486_4_Cease, DeconfiguredPeerIsToldSo) {
  Driven d;
  d.establish(kOut);
  const auto actions = d.step(event::ManualStop{"", wire::cease::kPeerDeconfigured});
  EXPECT_EQ(find<action::SendNotification>(actions)->notification, notification(6, 3));
  EXPECT_EQ(find<action::SessionDown>(actions)->reason.token, "peer-deconfigured");
}

TEST(Rfc4271_8_2_2_OpenSent, HoldTimerHasALargeValue) {
  Driven d;
  d.start().tcp(kOut);
  EXPECT_EQ(seconds(d.after(TimerKind::Hold)), 240);
  d.open(kOut, peer_open(9));
  EXPECT_EQ(seconds(d.after(TimerKind::Hold)), 9);
}

TEST(Rfc4271_10_Jitter, KeepalivesComeBetweenThreeQuartersAndTheWhole) {
  double lowest = 100, highest = 0;
  Driven d;
  d.establish(kOut);
  for (int i = 0; i < 500; ++i) {
    d.expire(TimerKind::Keepalive);
    lowest = std::min(lowest, seconds(d.after(TimerKind::Keepalive)));
    highest = std::max(highest, seconds(d.after(TimerKind::Keepalive)));
  }
  EXPECT_GE(lowest, 22.5);
  EXPECT_LE(highest, 30.0);
  EXPECT_LT(lowest, 23.5);
  EXPECT_GT(highest, 29.0);
}

TEST(Rfc4271_4_2_HoldTime, ZeroRunsNoTimers) {
  Driven d;
  d.start().tcp(kOut).open(kOut, peer_open(0));
  EXPECT_FALSE(d.running(TimerKind::Hold));
  EXPECT_FALSE(d.running(TimerKind::Keepalive));
  d.keepalive(kOut);
  EXPECT_EQ(d.peer.state(), State::Established);
  for (const auto kind : {TimerKind::Hold, TimerKind::Keepalive, TimerKind::SendHold}) EXPECT_FALSE(d.running(kind));
  EXPECT_EQ(text(d.step(event::UpdateReceived{kOut})), "");
  EXPECT_EQ(text(d.step(event::MessageSent{kOut})), "");
}

TEST(Rfc9687_SendHold, DefaultIsEightMinutesOrTwiceTheHoldTime) {
  Driven d;
  d.establish(kOut);
  EXPECT_EQ(seconds(d.after(TimerKind::SendHold)), 480);
  auto s = settings();
  s.hold_time = Seconds{600};
  Driven slow(s);
  slow.start().tcp(kOut).open(kOut, peer_open(600)).keepalive(kOut);
  EXPECT_EQ(seconds(slow.after(TimerKind::SendHold)), 1200);
}

TEST(Rfc9687_SendHold, CanBeSetAndSwitchedOff) {
  auto s = settings();
  s.send_hold_time = Seconds{60};
  Driven d(s);
  d.establish(kOut);
  EXPECT_EQ(seconds(d.after(TimerKind::SendHold)), 60);
  s.send_hold_time = Seconds{0};
  Driven off(s);
  off.establish(kOut);
  EXPECT_FALSE(off.running(TimerKind::SendHold));
}

TEST(Rfc9687_SendHold, ExpiryEndsTheSessionWithCode8) {
  Driven d;
  d.establish(kOut);
  const auto actions = d.expire(TimerKind::SendHold);
  EXPECT_EQ(find<action::SendNotification>(actions)->notification, notification(8, 0));
  EXPECT_EQ(find<action::SessionDown>(actions)->reason.token, "send-hold-timer-expired");
}

TEST(Rfc6608_4_FsmError, DataIsTheTypeOfTheMessage) {
  Driven d;
  d.establish(kOut);
  const auto actions = d.step(event::OpenReceived{kOut, peer_open()});
  const wire::Notification expected{5, 3, {1}};
  EXPECT_EQ(find<action::SendNotification>(actions)->notification, expected);
  Driven early;
  early.start().tcp(kIn);
  const wire::Notification refresh{5, 1, {5}};
  EXPECT_EQ(find<action::SendNotification>(early.step(event::RouteRefreshReceived{kIn}))->notification, refresh);
}

TEST(Timers, LateExpiryIsIgnored) {
  Driven d;
  d.establish(kOut);
  const auto early = d.expiry(TimerKind::Hold);
  d.keepalive(kOut);
  EXPECT_EQ(text(d.step(early)), "");
  EXPECT_EQ(d.peer.state(), State::Established);
  EXPECT_NE(text(d.expire(TimerKind::Hold)), "");
  EXPECT_EQ(text(d.expire(TimerKind::Hold)), "") << "fires once";
}

TEST(Rfc4271_6_8_Collision, BothInOpenConfirmTheHigherIdentifierKeepsItsConnection) {
  // The peer's identifier is higher: the connection that the peer dialled stays, whichever OPEN comes first.
  for (const Slot first : {kOut, kIn}) {
    Driven d;
    d.start().tcp(kIn).tcp(kOut).open(first).open(other(first));
    EXPECT_EQ(d.peer.state(kOut), State::Idle);
    EXPECT_EQ(d.peer.state(kIn), State::OpenConfirm);
  }
  auto s = settings();
  s.local_id = net::RouterId{0xffffffff};
  for (const Slot first : {kOut, kIn}) {
    Driven d(s);
    d.start().tcp(kIn).tcp(kOut).open(first).open(other(first));
    EXPECT_EQ(d.peer.state(kOut), State::OpenConfirm);
    EXPECT_EQ(d.peer.state(kIn), State::Idle);
  }
}

TEST(Rfc4271_6_8_Collision, LoserIsClosedWithCeaseCollisionAndIsNoFailure) {
  Driven d;
  d.start().tcp(kIn).tcp(kOut).open(kOut);
  const auto actions = d.step(event::OpenReceived{kIn, peer_open()});
  EXPECT_EQ(find<action::SendNotification>(actions)->notification, notification(6, 7));
  EXPECT_EQ(find<action::AttemptFailed>(actions), nullptr);
  EXPECT_EQ(d.peer.failures(), 0u);
}

// The peer's connection (in) would win, but has had no OPEN yet: ours gets no KEEPALIVE, so that the peer cannot be
// Established on it when we close it.
TEST(Rfc4271_6_8_Collision, TheLoserIsHeldUntilTheWinnerIsGone) {
  Driven d;
  d.start().tcp(kIn).tcp(kOut).open(kOut).keepalive(kOut);
  EXPECT_EQ(d.peer.state(), State::OpenConfirm);
  EXPECT_EQ(seconds(d.after(TimerKind::Collision)), 2);
  EXPECT_EQ(text(d.step(event::TcpFailed{kIn, ""})),
            "close(in), stop(Hold/in), failed(tcp-closed), send(out KEEPALIVE), arm(Keepalive/out), arm(Hold/out), "
            "arm(SendHold/out), arm(Stable), up(out), stop(Collision), OpenConfirm->Established");
}

TEST(Rfc4271_6_8_Collision, ASilentWinnerIsGivenUp) {
  Driven d;
  d.start().tcp(kIn).tcp(kOut).open(kOut).keepalive(kOut);
  EXPECT_EQ(text(d.expire(TimerKind::Collision)),
            "send(in NOTIFICATION 6/7), close(in), stop(Hold/in), send(out KEEPALIVE), arm(Keepalive/out), "
            "arm(Hold/out), arm(SendHold/out), arm(Stable), up(out), OpenConfirm->Established");
}

// Our connection has had our KEEPALIVE before the peer's came, so the peer may be Established on it: it has the word.
TEST(Rfc4271_6_8_Collision, WhatHasOurKeepaliveEndsOnlyByTheWordOfThePeer) {
  const auto both = [] { return Driven().start().tcp(kOut).open(kOut).tcp(kIn).open(kIn); };
  for (const Slot chosen : {kOut, kIn}) {
    Driven confirmed = both();
    confirmed.keepalive(chosen);
    EXPECT_EQ(confirmed.peer.established_slot(), chosen);
    EXPECT_EQ(confirmed.peer.state(other(chosen)), State::Idle);
    Driven ended = both();
    ended.with(event::NotificationReceived{other(chosen), notification(6, 7)}).keepalive(chosen);
    EXPECT_EQ(ended.peer.established_slot(), chosen);
    EXPECT_EQ(ended.peer.failures(), 0u);
  }
}

TEST(Rfc4271_6_8_Collision, EstablishedWinsAndIsProbed) {
  Driven d;
  d.establish(kIn);
  EXPECT_EQ(text(d.step(event::IncomingOffered{})), "send(in KEEPALIVE), refuse(NOTIFICATION 6/7)");
  // The peer had crashed: its kernel answers the probe with RST, and its next attempt is welcome.
  d.with(event::TcpFailed{kIn, "Connection reset by peer"});
  EXPECT_EQ(text(d.step(event::IncomingOffered{})), "accept");
}

TEST(Rfc4271_6_8_Collision, CeaseCollisionFromAPeerThatStillHasTheOldSessionKeepsASteadyPace) {
  Driven d;
  for (int i = 0; i < 6; ++i) {
    if (i == 0)
      d.start();
    else
      d.expire(TimerKind::ConnectRetry);
    d.tcp(kOut).with(event::NotificationReceived{kOut, notification(6, 7)});
    EXPECT_LE(seconds(d.after(TimerKind::ConnectRetry)), 5.0);
    EXPECT_GE(seconds(d.after(TimerKind::ConnectRetry)), 3.75);
  }
}

TEST(Rfc4271_8_Connect, DialIsGivenUpWhenThePeerHasOpened) {
  Driven d;
  d.start().tcp(kIn);
  EXPECT_EQ(d.peer.state(kOut), State::Connect);
  EXPECT_EQ(
      text(d.step(event::OpenReceived{kIn, peer_open()})),
      "close(out), stop(ConnectRetry), send(in KEEPALIVE), arm(Hold/in), arm(Keepalive/in), OpenSent->OpenConfirm");
}

TEST(Rfc4271_8_2_1_Incoming, ANewConnectionOfThePeerReplacesItsOlderOne) {
  Driven d;
  d.start().tcp(kIn);
  EXPECT_EQ(text(d.step(event::IncomingOffered{})),
            "send(in NOTIFICATION 6/7), close(in), stop(Hold/in), failed(peer-dialled-again), accept, "
            "OpenSent->Connect");
  EXPECT_NE(text(d.step(event::TcpConnected{kIn})).find("send(in OPEN)"), std::string::npos);
}

// With ttl_security on one side only this is all that is seen of it here.
TEST(Rfc4271_8_2_1_Incoming, APeerThatDialsAgainIsTold) {
  Driven d;
  d.start().tcp(kIn);
  const auto silent = d.step(event::IncomingOffered{});
  ASSERT_NE(find<action::AttemptFailed>(silent), nullptr);
  EXPECT_EQ(find<action::AttemptFailed>(silent)->reason.text,
            "the peer dialled again before its OPEN came on its earlier connection");
  d.with(event::TcpConnected{kIn}).open(kIn);
  const auto deaf = d.step(event::IncomingOffered{});
  ASSERT_NE(find<action::AttemptFailed>(deaf), nullptr);
  EXPECT_NE(find<action::AttemptFailed>(deaf)->reason.text.find("is ttl_security on one side only?"), std::string::npos);
}

TEST(Backoff, FirstRetryIsQuickThenItDoublesUpToTheLimit) {
  Driven d;
  d.start();
  const double nominal[] = {1, 5, 10, 20, 40, 60, 60};
  for (const double want : nominal) {
    d.with(event::TcpFailed{kOut, "Connection refused"});
    const double got = seconds(d.after(TimerKind::ConnectRetry));
    EXPECT_LE(got, want);
    EXPECT_GE(got, want * 0.75);
    d.expire(TimerKind::ConnectRetry);
    EXPECT_EQ(d.peer.state(), State::Connect);
    EXPECT_GE(seconds(d.after(TimerKind::ConnectRetry)), 3.75) << "a handshake needs time, however quick the retry";
  }
}

TEST(Backoff, UnansweredDialsGrowToo) {
  Driven d;
  d.start();
  for (int i = 0; i < 6; ++i) d.expire(TimerKind::ConnectRetry);
  EXPECT_EQ(d.peer.state(), State::Connect);
  EXPECT_GE(seconds(d.after(TimerKind::ConnectRetry)), 45.0);
}

TEST(Backoff, StartsAnewAfterAStableSession) {
  Driven d;
  d.start();
  for (int i = 0; i < 5; ++i) {
    d.with(event::TcpFailed{kOut, "Connection refused"});
    d.expire(TimerKind::ConnectRetry);
  }
  d.tcp(kOut).open(kOut).keepalive(kOut);
  EXPECT_EQ(seconds(d.after(TimerKind::Stable)), 60);
  EXPECT_EQ(d.peer.failures(), 5u);
  d.expire(TimerKind::Stable);
  EXPECT_EQ(d.peer.failures(), 0u);
  d.with(event::TcpFailed{kOut, ""});
  EXPECT_LE(seconds(d.after(TimerKind::ConnectRetry)), 1.0);
}

TEST(Backoff, AFlappingSessionIsNotStable) {
  Driven d;
  d.start();
  for (int i = 0; i < 7; ++i) {
    d.tcp(kOut).open(kOut).keepalive(kOut).with(event::TcpFailed{kOut, ""});
    d.expire(TimerKind::ConnectRetry);
  }
  d.tcp(kOut).open(kOut).keepalive(kOut).with(event::TcpFailed{kOut, ""});
  EXPECT_GE(seconds(d.after(TimerKind::ConnectRetry)), 45.0);
}

TEST(Backoff, ConnectRetryBelowOneSecondIsTaken) {
  auto s = settings();
  s.connect_retry = Seconds{0};
  s.connect_retry_max = Seconds{0};
  Driven d(s);
  d.start().with(event::TcpFailed{kOut, "x"});
  EXPECT_EQ(seconds(d.after(TimerKind::ConnectRetry)), 0);
}

TEST(Rfc4271_8_1_1_Damping, ProtocolErrorsHoldThePeerInIdle) {
  Driven d;
  d.start();
  for (int i = 0; i < 3; ++i) {
    d.tcp(kOut).with(event::OpenReceived{kOut, [] {
                                           auto o = peer_open();
                                           o.capabilities.four_octet_as = net::Asn{1};
                                           return o;
                                         }()});
    EXPECT_EQ(d.peer.state(), State::Idle);
    EXPECT_TRUE(d.peer.damped());
    EXPECT_FALSE(d.peer.expects_incoming());
    EXPECT_EQ(text(d.step(event::IncomingOffered{})), "refuse");
    d.expire(TimerKind::IdleHold);
    EXPECT_EQ(d.peer.state(), State::Connect);
  }
  EXPECT_EQ(d.peer.failures(), 3u);
}

TEST(Rfc4271_8_1_1_Damping, LostConnectionsDoNotKeepThePeerOut) {
  Driven d;
  d.establish(kOut).with(event::TcpFailed{kOut, ""});
  EXPECT_EQ(d.peer.state(), State::Active);
  EXPECT_TRUE(d.peer.expects_incoming());
}

TEST(Rfc4271_8_1_1_Damping, DependsOnWhatThePeerSays) {
  for (const int code : {4, 6, 8}) {  // it had not heard from us, or ended on purpose: come back
    Driven d;
    d.establish(kOut).with(event::NotificationReceived{kOut, notification(static_cast<std::uint8_t>(code), 0)});
    EXPECT_EQ(d.peer.state(), State::Active) << code;
  }
  for (const int code : {1, 2, 3, 5, 7, 99}) {  // it did not understand us: it will not next time
    Driven d;
    d.establish(kOut).with(event::NotificationReceived{kOut, notification(static_cast<std::uint8_t>(code), 0)});
    EXPECT_TRUE(d.peer.damped()) << code;
  }
}

TEST(Passive, NeverDials) {
  auto s = settings();
  s.passive = true;
  Driven d(s);
  d.start();
  EXPECT_EQ(d.peer.state(), State::Active);
  EXPECT_FALSE(d.running(TimerKind::ConnectRetry));
  EXPECT_EQ(text(d.step(event::LinkEvent{})), "");
  d.tcp(kIn).open(kIn).keepalive(kIn);
  EXPECT_EQ(d.peer.state(), State::Established);
  d.with(event::TcpFailed{kIn, ""});
  EXPECT_EQ(d.peer.state(), State::Active);
  EXPECT_FALSE(d.running(TimerKind::ConnectRetry));
}

TEST(LinkEvent, DialsAtOnceAndForgetsTheBackOff) {
  Driven d;
  d.start();
  for (int i = 0; i < 4; ++i) d.with(event::TcpFailed{kOut, "No route to host"}).expire(TimerKind::ConnectRetry);
  d.with(event::TcpFailed{kOut, "No route to host"});
  EXPECT_EQ(text(d.step(event::LinkEvent{})), "stop(ConnectRetry), dial, arm(ConnectRetry), Active->Connect");
  EXPECT_EQ(d.peer.failures(), 0u);
}

TEST(LinkEvent, AStormDoesNotKeepADialFromEnding) {
  Driven d;
  d.start();
  EXPECT_EQ(text(d.step(event::LinkEvent{})), "close(out), stop(ConnectRetry), dial, arm(ConnectRetry)");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(text(d.step(event::LinkEvent{})), "");
}

TEST(Reconfigure, TimersForTheNextAttemptLeaveTheSessionAlone) {
  Driven d;
  d.establish(kOut);
  auto s = settings();
  s.connect_retry = Seconds{17};
  s.open_hold_time = Seconds{20};
  s.shutdown_text = "x";
  s.passive = true;
  s.keepalive = Seconds{2};
  EXPECT_EQ(text(d.reconfigure(s)), "");
  EXPECT_EQ(d.peer.state(), State::Established);
  d.expire(TimerKind::Keepalive);
  EXPECT_LE(seconds(d.after(TimerKind::Keepalive)), 2.0) << "keepalives follow at once";
}

TEST(Rfc4486_4_Cease, ChangesOfTheSessionEndItWithOtherConfigurationChange) {
  const std::function<void(PeerSettings&)> changes[] = {
      [](auto& s) { s.local_asn = net::Asn{65102}; }, [](auto& s) { s.peer_asn = net::Asn{65002}; },
      [](auto& s) { s.local_id = net::RouterId{77}; }, [](auto& s) { s.hold_time = Seconds{30}; },
      [](auto& s) { s.families.insert(net::Family::Ipv6Unicast); }};
  for (const auto& change : changes) {
    Driven d;
    d.establish(kOut);
    auto s = settings();
    change(s);
    const auto actions = d.reconfigure(s);
    ASSERT_NE(find<action::SendNotification>(actions), nullptr);
    EXPECT_EQ(find<action::SendNotification>(actions)->notification, notification(6, 6));
    EXPECT_EQ(find<action::SessionDown>(actions)->reason.token, "config-change");
    EXPECT_EQ(d.peer.state(), State::Active);
    EXPECT_LE(seconds(d.after(TimerKind::ConnectRetry)), 1.0);
  }
}

TEST(Reconfigure, ANewEndpointIsDialledAnew) {
  Driven d;
  d.establish(kOut);
  EXPECT_NE(find<action::SessionDown>(d.reconfigure(settings(), true)), nullptr);
  Driven waiting;
  waiting.start().with(event::TcpFailed{kOut, "refused"});
  EXPECT_EQ(text(waiting.reconfigure(settings(), true)),
            "stop(ConnectRetry), dial, arm(ConnectRetry), Active->Connect");
  Driven stopped;
  EXPECT_EQ(text(stopped.reconfigure(settings(), true)), "");
}

TEST(Reconfigure, PassiveStopsAndActiveBeginsDialling) {
  Driven d;
  d.start();
  auto s = settings();
  s.passive = true;
  EXPECT_EQ(text(d.reconfigure(s)), "close(out), stop(ConnectRetry), Connect->Active");
  EXPECT_EQ(text(d.reconfigure(settings())), "dial, arm(ConnectRetry), Active->Connect");
}

TEST(Reconfigure, SameSettingsDoNothing) {
  Driven d;
  d.establish(kIn);
  EXPECT_EQ(text(d.reconfigure(settings())), "");
  ASSERT_NE(d.peer.negotiated(), nullptr);
  EXPECT_EQ(d.peer.established_slot(), kIn);
}

TEST(DownReason, NamesWhatHappened) {
  Driven d;
  d.establish(kOut);
  const auto closed = d.step(event::TcpFailed{kOut, ""});
  EXPECT_EQ(find<action::SessionDown>(closed)->reason.token, "tcp-closed");
  Driven reset;
  reset.establish(kOut);
  const auto broken = reset.step(event::TcpFailed{kOut, "Connection reset by peer"});
  EXPECT_EQ(find<action::SessionDown>(broken)->reason.token, "tcp-failed");
  EXPECT_NE(find<action::SessionDown>(broken)->reason.text.find("Connection reset by peer"), std::string::npos);
  Driven told;
  told.establish(kOut);
  const auto received = told.step(event::NotificationReceived{kOut, wire::make_shutdown(2, "upgrade")});
  const auto& reason = find<action::SessionDown>(received)->reason;
  EXPECT_EQ(reason.token, "notification-received");
  EXPECT_NE(reason.text.find("upgrade"), std::string::npos);
  ASSERT_TRUE(reason.received.has_value());
}

TEST(DownReason, SaysWhatThePeerDoesNotLike) {
  const auto text_of = [](wire::Notification n) {
    Driven d;
    d.start().tcp(kOut);
    return find<action::AttemptFailed>(d.step(event::NotificationReceived{kOut, std::move(n)}))->reason.text;
  };
  EXPECT_EQ(text_of({2, 2, {}}),
            "received NOTIFICATION OPEN Message Error/Bad Peer AS; the peer expects another AS than ours, which is "
            "65101");
  EXPECT_EQ(text_of({2, 3, {}}),
            "received NOTIFICATION OPEN Message Error/Bad BGP Identifier; the peer refuses our router id 10.0.0.1: has "
            "it, or another router of the AS, the same one?");
  EXPECT_EQ(text_of({6, 1, {0, 2, 1, 0, 0, 3, 0xe8}}),
            "received NOTIFICATION Cease/Maximum Number of Prefixes Reached (ipv6, limit 1000); we announce more than "
            "the peer takes from us: announce less, or raise its limit");
  EXPECT_EQ(text_of({6, 5, {}}), "received NOTIFICATION Cease/Connection Rejected");
}

TEST(DownReason, SaysWhatToLookFor) {
  Driven silent;
  silent.start();
  EXPECT_NE(find<action::AttemptFailed>(silent.expire(TimerKind::ConnectRetry))->reason.text.find("MD5"),
            std::string::npos);
  Driven shut;
  shut.start().tcp(kOut);
  const auto actions = shut.step(event::TcpFailed{kOut, ""});
  EXPECT_EQ(find<action::AttemptFailed>(actions)->reason.text,
            "the peer closed the connection before its OPEN came: does it have this address of ours as a peer, or does it still pause after an error? its log says");
  Driven quiet;
  quiet.establish(kIn);
  const auto expired = quiet.expire(TimerKind::Hold, kIn);
  EXPECT_EQ(find<action::SessionDown>(expired)->reason.text,
            "nothing was heard from the peer for 90 s; sent NOTIFICATION Hold Timer Expired");
}

TEST(Print, EventsAndActionsInOneLine) {
  EXPECT_EQ(to_string(Event{event::TimerExpired{TimerKind::Hold, kIn, 3}}), "TimerExpired(Hold/in)");
  EXPECT_EQ(to_string(Event{event::LocalError{notification(6, 1), ""}}), "LocalError(6/1)");
  EXPECT_EQ(to_string(Action{action::ArmTimer{TimerKind::Hold, kOut, Seconds{90}, 1}}), "arm(Hold/out 90s)");
  EXPECT_EQ(to_string(Action{action::RefuseIncoming{}}), "refuse");
}

}  // namespace
}  // namespace podbgp::fsm::test

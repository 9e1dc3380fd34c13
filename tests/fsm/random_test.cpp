// Random event sequences: whatever comes, in whatever order, these stay true.
#include <random>

#include "fixture.hpp"

namespace podbgp::fsm::test {
namespace {

// What a driver knows: which slot has a dial under way or a connection.
class Checker {
 public:
  enum class Link : std::uint8_t { None, Dialling, Up };

  Checker(PeerSettings s, std::uint64_t seed) : driven(std::move(s), seed) {}

  void check(const Event& event, const Actions& actions) {
    std::optional<Slot> must_close;
    int answers = 0;
    for (const auto& a : actions) {
      if (must_close) {
        const auto* close = std::get_if<action::Close>(&a);
        EXPECT_TRUE(close != nullptr && close->slot == *must_close) << "NOTIFICATION is followed by Close";
        must_close.reset();
      }
      std::visit([&](const auto& value) { take(value, must_close, answers); }, a);
    }
    EXPECT_FALSE(must_close.has_value()) << "NOTIFICATION is followed by Close";
    EXPECT_EQ(answers, std::holds_alternative<event::IncomingOffered>(event) ? 1 : 0);
    invariants();
  }

  Driven driven;
  std::array<Link, 2> links{Link::None, Link::None};
  bool accepted = false;  // the next event must be TcpConnected(in)

 private:
  Link& link(Slot s) { return links[static_cast<std::size_t>(s)]; }

  template <class A>
  void take(const A& a, std::optional<Slot>& must_close, int& answers) {
    if constexpr (std::is_same_v<A, action::Dial>) {
      EXPECT_EQ(link(kOut), Link::None);
      EXPECT_FALSE(driven.peer.settings().passive);
      link(kOut) = Link::Dialling;
    } else if constexpr (std::is_same_v<A, action::AcceptIncoming>) {
      EXPECT_EQ(link(kIn), Link::None);
      accepted = true;
      ++answers;
    } else if constexpr (std::is_same_v<A, action::RefuseIncoming>) {
      ++answers;
    } else if constexpr (std::is_same_v<A, action::Close>) {
      EXPECT_NE(link(a.slot), Link::None);
      link(a.slot) = Link::None;
    } else if constexpr (std::is_same_v<A, action::SendNotification>) {
      EXPECT_EQ(link(a.slot), Link::Up);
      must_close = a.slot;
    } else if constexpr (std::is_same_v<A, action::SendOpen> || std::is_same_v<A, action::SendKeepalive>) {
      EXPECT_EQ(link(a.slot), Link::Up);
    } else if constexpr (std::is_same_v<A, action::SessionUp>) {
      EXPECT_FALSE(up) << "Up and Down alternate";
      up = true;
    } else if constexpr (std::is_same_v<A, action::SessionDown>) {
      EXPECT_TRUE(up) << "Up and Down alternate";
      up = false;
    } else if constexpr (std::is_same_v<A, action::StateChanged>) {
      EXPECT_EQ(a.from, state);
      EXPECT_NE(a.from, a.to);
      state = a.to;
    }
  }

  void invariants() {
    const auto& peer = driven.peer;
    EXPECT_EQ(state, peer.state()) << "every change is told";
    EXPECT_EQ(up, peer.state() == State::Established);
    EXPECT_FALSE(peer.state(kIn) == State::Established && peer.state(kOut) == State::Established);
    EXPECT_EQ(peer.negotiated() != nullptr, up);
    for (const Slot slot : {kOut, kIn}) {
      const State s = peer.state(slot);
      EXPECT_EQ(link(slot) == Link::Up, s >= State::OpenSent) << to_string(slot) << ' ' << to_string(s);
      EXPECT_EQ(link(slot) == Link::Dialling, s == State::Connect);
      for (const auto kind : {TimerKind::Hold, TimerKind::Keepalive, TimerKind::SendHold}) {
        EXPECT_FALSE(s < State::OpenSent && driven.running(kind, slot)) << to_string(kind);
      }
      if (hold_zero && s >= State::OpenConfirm) {
        EXPECT_FALSE(driven.running(TimerKind::Hold, slot));
        EXPECT_FALSE(driven.running(TimerKind::Keepalive, slot));
        EXPECT_FALSE(driven.running(TimerKind::SendHold, slot));
      }
      EXPECT_TRUE(hold_zero || s < State::OpenSent || driven.running(TimerKind::Hold, slot));
    }
    // Never stuck: something will happen by itself, unless the peer is stopped or passive.
    if (peer.stopped()) {
      EXPECT_EQ(peer.state(), State::Idle);
    } else if (peer.damped()) {
      EXPECT_TRUE(driven.running(TimerKind::IdleHold));
      EXPECT_EQ(peer.state(), State::Idle);
    } else if (peer.state() < State::OpenSent) {
      EXPECT_NE(peer.state(), State::Idle);
      EXPECT_EQ(driven.running(TimerKind::ConnectRetry), !peer.settings().passive);
    }
    EXPECT_EQ(driven.running(TimerKind::Stable) && !up, false);
    if (driven.running(TimerKind::Collision)) {
      EXPECT_GE(std::min(peer.state(kOut), peer.state(kIn)), State::OpenSent) << "nothing to wait for";
      EXPECT_EQ(peer.state(), State::OpenConfirm);
    } else if (peer.state() == State::OpenConfirm && !hold_zero) {
      const Slot slot = peer.state(kOut) == State::OpenConfirm ? kOut : kIn;
      EXPECT_TRUE(driven.running(TimerKind::Keepalive, slot)) << "held without end";
    }
  }

 public:
  bool hold_zero = false;

 private:
  bool up = false;
  State state = State::Idle;
};

Event random_event(std::mt19937& random, Checker& c) {
  if (std::exchange(c.accepted, false)) {
    c.links[1] = Checker::Link::Up;
    return event::TcpConnected{kIn};
  }
  const Slot slot = random() % 2 ? kIn : kOut;
  auto& link = c.links[static_cast<std::size_t>(slot)];
  switch (random() % 24) {
    case 0: return event::ManualStart{};
    case 1:
      return random() % 4 == 0   ? Event{event::LinkLost{"eth1 lost its carrier"}}
             : random() % 8 != 0 ? Event{event::LinkEvent{}}
                                 : Event{event::ManualStop{"stop"}};
    case 2: return random() % 4 ? Event{event::LinkEvent{}} : Event{event::Reset{"reset"}};
    case 3:
    case 4: return event::IncomingOffered{};
    case 5:
    case 6:
    case 7:
      if (c.links[0] == Checker::Link::Dialling) {
        c.links[0] = Checker::Link::Up;
        return event::TcpConnected{kOut};
      }
      return c.driven.expiry(TimerKind::ConnectRetry);
    case 8:
      if (c.links[0] == Checker::Link::Dialling) {
        c.links[0] = Checker::Link::None;
        return event::TcpFailed{kOut, "refused"};
      }
      return c.driven.expiry(TimerKind::IdleHold);
    case 9: return link == Checker::Link::Up ? Event{event::TcpFailed{slot, "reset"}} : Event{event::MessageSent{slot}};
    case 10:
    case 11:
    case 12:
    case 13: {
      auto open = peer_open(c.hold_zero ? 0 : 9);
      if (random() % 16 == 0) open.capabilities.four_octet_as = net::Asn{1};
      if (random() % 2) open.identifier = net::RouterId{1};
      return event::OpenReceived{slot, open};
    }
    case 14:
    case 15:
    case 16:
    case 17: return event::KeepaliveReceived{slot};
    case 18: return random() % 4 ? Event{event::UpdateReceived{slot}} : Event{event::RouteRefreshReceived{slot}};
    case 19: return event::NotificationReceived{slot, notification(random() % 2 ? 6 : 2, random() % 2 ? 2 : 7)};
    case 20: return event::MessageError{slot, notification(3, 1), "bad"};
    case 21: return event::LocalError{notification(6, 1), "too many"};
    case 22: return event::MessageSent{slot};
    default: {
      const auto kind = static_cast<TimerKind>(random() % kTimerKinds);
      return c.driven.expiry(kind, per_peer(kind) ? kOut : slot);
    }
  }
}

TEST(RandomSequences, KeepTheInvariants) {
  int sessions = 0;
  for (unsigned seed = 0; seed < 700; ++seed) {
    std::mt19937 random(seed);
    auto s = settings();
    s.passive = seed % 5 == 0;
    s.hold_time = Seconds{seed % 3 == 0 ? 0 : 9};
    Checker c(s, seed);
    c.hold_zero = s.hold_time.count() == 0;
    std::string history;
    for (int i = 0; i < 500; ++i) {
      const Event event = random_event(random, c);
      const auto actions = c.driven.step(event);
      history += to_string(event) + " => " + to_string(actions) + "\n";
      sessions += find<action::SessionUp>(actions) != nullptr;
      c.check(event, actions);
      if (::testing::Test::HasFailure()) FAIL() << "seed " << seed << '\n' << history;
    }
  }
  EXPECT_GT(sessions, 1000) << "the sequences must reach Established often enough to mean something";
}

TEST(RandomSequences, SameSeedSameActions) {
  for (int run = 0; run < 2; ++run) {
    static std::string first;
    std::mt19937 random(7);
    Checker c(settings(), 7);
    std::string history;
    for (int i = 0; i < 1000; ++i) history += to_string(c.driven.step(random_event(random, c))) + "\n";
    if (run == 0)
      first = history;
    else
      EXPECT_EQ(first, history);
  }
}

}  // namespace
}  // namespace podbgp::fsm::test

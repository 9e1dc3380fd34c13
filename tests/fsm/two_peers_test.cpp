// Two speakers that dial each other at once, in every order in which what they say can arrive (RFC 4271 §6.8): there is
// one session in the end, none has gone down on the way, and a connection that carries nothing costs seconds at most.
#include <deque>
#include <set>

#include "fixture.hpp"

namespace podbgp::fsm::test {
namespace {

using Side = std::size_t;  // 0: always fsm::Peer; 1: the other speaker

PeerSettings settings_of(Side side, std::uint32_t id) {
  PeerSettings s;
  s.local_asn = net::Asn{side == 0 ? 65101u : 65001u};
  s.peer_asn = net::Asn{side == 0 ? 65001u : 65101u};
  s.local_id = net::RouterId{id};
  return s;
}

// A speaker that does what §6.8 says and no more: an OPEN is answered at once with KEEPALIVE, and closes or is closed
// by another connection in OpenConfirm (so does BIRD), or in OpenSent too (so does FRR).
class PlainSpeaker {
 public:
  PlainSpeaker(PeerSettings s, bool examines_open_sent) : settings_(std::move(s)), examine_(examines_open_sent) {}

  Actions step(const Event& event) {
    Actions out;
    std::visit([&](const auto& e) { on(e, out); }, event);
    return out;
  }
  [[nodiscard]] std::optional<Slot> established_slot() const {
    for (const Slot slot : {kOut, kIn}) {
      if (state(slot) == State::Established) return slot;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] State state(Slot slot) const { return states_[static_cast<std::size_t>(slot)]; }
  void set(Slot slot, State s) { states_[static_cast<std::size_t>(slot)] = s; }
  void lose(Slot slot, Actions& out) {
    if (state(slot) >= State::OpenSent) out.emplace_back(action::SendNotification{slot, notification(6, 7)});
    if (state(slot) >= State::Connect) out.emplace_back(action::Close{slot});
    set(slot, State::Idle);
  }
  void on(const event::ManualStart&, Actions& out) {
    set(kOut, State::Connect);
    out.emplace_back(action::Dial{});
  }
  void on(const event::IncomingOffered&, Actions& out) {
    if (established_slot() || state(kIn) >= State::OpenSent) {
      out.emplace_back(action::RefuseIncoming{notification(6, 7)});
    } else {
      out.emplace_back(action::AcceptIncoming{});
    }
  }
  void on(const event::TcpConnected& e, Actions& out) {
    set(e.slot, State::OpenSent);
    out.emplace_back(action::SendOpen{e.slot, make_open(settings_)});
  }
  void on(const event::OpenReceived& e, Actions& out) {
    const State rival = state(other(e.slot));
    const bool collides = rival == State::OpenConfirm || (examine_ && rival == State::OpenSent);
    if (collides) {
      const Slot winner = collision_winner(settings_, e.open.identifier, e.open.as_number());
      lose(other(winner), out);
      if (winner != e.slot) return;
    } else if (rival < State::OpenSent) {
      lose(other(e.slot), out);  // our dial is not needed any more
    }
    set(e.slot, State::OpenConfirm);
    out.emplace_back(action::SendKeepalive{e.slot});
  }
  void on(const event::KeepaliveReceived& e, Actions& out) {
    if (state(e.slot) != State::OpenConfirm) return;
    set(e.slot, State::Established);
    lose(other(e.slot), out);
    out.emplace_back(action::SessionUp{e.slot, {}});
  }
  void on(const event::TcpFailed& e, Actions& out) { end(e.slot, out); }
  void on(const event::NotificationReceived& e, Actions& out) { end(e.slot, out); }
  template <class Unused>
  void on(const Unused&, Actions&) {}
  void end(Slot slot, Actions& out) {
    const bool up = state(slot) == State::Established;
    if (state(slot) >= State::Connect) out.emplace_back(action::Close{slot});
    set(slot, State::Idle);
    if (up) out.emplace_back(action::SessionDown{});
  }

  PeerSettings settings_;
  bool examine_;
  std::array<State, 2> states_{};
};

// A message under way, or the end of the connection.
struct Item {
  std::variant<wire::Open, std::monostate, wire::Notification, std::string> what;  // monostate: KEEPALIVE; string: FIN
  unsigned sent = 0;  // in the order of sending, over both connections

  [[nodiscard]] Event event(Slot slot) const {
    switch (what.index()) {
      case 0: return event::OpenReceived{slot, std::get<0>(what)};
      case 1: return event::KeepaliveReceived{slot};
      case 2: return event::NotificationReceived{slot, std::get<2>(what)};
      default: return event::TcpFailed{slot, std::get<3>(what)};
    }
  }
};

// One TCP connection. Its number is the side that dialled it.
struct Tcp {
  bool dialled = false;
  bool silent = false;                      // the handshake was heard, and nothing after it
  bool offered = true;                      // false: and only by who dialled
  std::array<bool, 2> open{}, closed{};     // by side: what its program knows of
  std::array<std::deque<Item>, 2> towards;  // by receiving side, in order
};

struct Move {
  enum class Kind : std::uint8_t { Confirm, Offer, Deliver, Reset, Timer } kind;
  std::size_t tcp = 0;
  Side side = 0;
  TimerKind timer{};
  Slot slot{};
};

template <class Other>
class World {
 public:
  World(PeerSettings first, Other second, bool second_reads_in_order)
      : us_(std::move(first), 1), them_(std::move(second)), in_order_(second_reads_in_order) {}

  void start() {
    for (const Side side : {0u, 1u}) step(side, event::ManualStart{});
  }
  void silence(std::size_t tcp, bool offered) {
    tcp_[tcp].silent = true;
    tcp_[tcp].offered = offered;
  }

  [[nodiscard]] std::vector<Move> moves() const {
    std::vector<Move> all;
    for (std::size_t c = 0; c < 2; ++c) {
      const auto& t = tcp_[c];
      if (!t.dialled) continue;
      if (!t.open[c] && !t.closed[c]) all.push_back({Move::Kind::Confirm, c, c});
      if (t.offered && !t.open[1 - c] && !t.closed[1 - c]) all.push_back({Move::Kind::Offer, c, 1 - c});
      for (const Side side : {0u, 1u}) {
        const auto& queue = t.towards[side];
        if (!t.open[side] || t.closed[side] || queue.empty()) continue;
        if (side == 1 && in_order_ && !is_oldest(queue.front().sent)) continue;
        all.push_back({Move::Kind::Deliver, c, side});
        // Who closes a socket with octets unread resets the connection: what was said before may be lost.
        if (queue.size() > 1 && queue.back().what.index() == 3) all.push_back({Move::Kind::Reset, c, side});
      }
    }
    return all;
  }
  // The timers that fire next, not later than `limit`, when nothing is under way.
  [[nodiscard]] std::vector<Move> next_timers(net::Duration limit) const {
    std::vector<Move> all;
    net::Duration first = limit;
    for (const Side side : {0u, 1u}) {
      for (const auto& [key, deadline] : deadlines_[side]) {
        if (deadline < first) all.clear();
        if (deadline > first) continue;
        first = deadline;
        all.push_back({Move::Kind::Timer, 0, side, key.first, key.second});
      }
    }
    return all;
  }

  void play(const Move& m) {
    auto& t = tcp_[m.tcp];
    switch (m.kind) {
      case Move::Kind::Confirm:
        t.open[m.side] = true;
        step(m.side, event::TcpConnected{kOut});
        break;
      case Move::Kind::Offer: offer(m.tcp, m.side); break;
      case Move::Kind::Reset: {
        t.towards[m.side].clear();
        step(m.side, event::TcpFailed{slot_of(m.tcp, m.side), "reset"});
        break;
      }
      case Move::Kind::Deliver: {
        const Item item = t.towards[m.side].front();
        t.towards[m.side].pop_front();
        step(m.side, item.event(slot_of(m.tcp, m.side)));
        break;
      }
      case Move::Kind::Timer: {
        now_ = deadlines_[m.side].at({m.timer, m.slot});
        deadlines_[m.side].erase({m.timer, m.slot});
        if (m.side == 0) step(0, us_.expiry(m.timer, m.slot));
        if constexpr (std::is_same_v<Other, Driven>) {
          if (m.side == 1) step(1, them_.expiry(m.timer, m.slot));
        }
        break;
      }
    }
  }

  [[nodiscard]] bool both_up() const {
    const auto a = us_.peer.established_slot();
    const auto b = their_slot();
    return a && b && *a != *b;  // what one dialled the other accepted
  }
  [[nodiscard]] int downs() const { return downs_; }
  [[nodiscard]] net::Duration now() const { return now_; }
  // What each side has seen decides its state, and what both have seen decides what is under way.
  [[nodiscard]] std::pair<std::size_t, std::size_t> key() const { return {seen_[0], seen_[1]}; }
  std::string history;

 private:
  static Slot slot_of(std::size_t tcp, Side side) { return tcp == side ? kOut : kIn; }
  static std::size_t tcp_of(Slot slot, Side side) { return slot == kOut ? side : 1 - side; }
  [[nodiscard]] std::optional<Slot> their_slot() const {
    if constexpr (std::is_same_v<Other, Driven>) {
      return them_.peer.established_slot();
    } else {
      return them_.established_slot();
    }
  }
  [[nodiscard]] bool is_oldest(unsigned sent) const {
    for (const auto& t : tcp_) {
      if (t.open[1] && !t.closed[1] && !t.towards[1].empty() && t.towards[1].front().sent < sent) return false;
    }
    return true;
  }

  void offer(std::size_t tcp, Side side) {
    auto& t = tcp_[tcp];
    t.open[side] = true;
    const auto actions = step(side, event::IncomingOffered{});
    if (find<action::AcceptIncoming>(actions) != nullptr) {
      step(side, event::TcpConnected{kIn});
    } else if (const auto* refused = find<action::RefuseIncoming>(actions)) {
      if (refused->notification) send(tcp, side, *refused->notification);
      close(tcp, side);
    }
  }
  Actions step(Side side, const Event& event) {
    const auto actions = side == 0 ? us_.step(event) : them_.step(event);
    history += (side == 0 ? "us   " : "them ") + to_string(event) + " => " + to_string(actions) + "\n";
    seen_[side] = std::hash<std::string>{}(to_string(event)) ^ (seen_[side] * 1099511628211u);
    for (const auto& a : actions) {
      std::visit([&](const auto& value) { take(side, value); }, a);
    }
    return actions;
  }
  void send(std::size_t tcp, Side from, decltype(Item::what) what) {
    auto& t = tcp_[tcp];
    if (!t.silent && !t.closed[1 - from]) t.towards[1 - from].push_back({std::move(what), ++sent_});
  }
  void close(std::size_t tcp, Side side) {
    auto& t = tcp_[tcp];
    if (t.closed[side]) return;
    send(tcp, side, std::string());
    t.closed[side] = true;
    t.towards[side].clear();
  }
  void take(Side side, const action::Dial&) {
    EXPECT_FALSE(tcp_[side].dialled) << "nobody has a reason to dial again\n" << history;
    tcp_[side].dialled = true;
  }
  void take(Side side, const action::Close& a) { close(tcp_of(a.slot, side), side); }
  void take(Side side, const action::SendOpen& a) { send(tcp_of(a.slot, side), side, a.open); }
  void take(Side side, const action::SendKeepalive& a) { send(tcp_of(a.slot, side), side, std::monostate{}); }
  void take(Side side, const action::SendNotification& a) { send(tcp_of(a.slot, side), side, a.notification); }
  void take(Side, const action::SessionDown&) { ++downs_; }
  void take(Side side, const action::ArmTimer& a) { deadlines_[side][{a.kind, a.slot}] = now_ + a.after; }
  void take(Side side, const action::StopTimer& a) { deadlines_[side].erase({a.kind, a.slot}); }
  template <class Unused>
  void take(Side, const Unused&) {}

  Driven us_;
  Other them_;
  bool in_order_;
  std::array<Tcp, 2> tcp_;
  std::array<std::map<std::pair<TimerKind, Slot>, net::Duration>, 2> deadlines_;
  std::array<std::size_t, 2> seen_{};
  net::Duration now_{};
  unsigned sent_ = 0;
  int downs_ = 0;
};

struct Leave {
  net::Duration patience{};     // timers may fire until then
  bool may_dial_again = false;  // both connections may end, if no session went down by it
};

// Every order, each situation once. A session must stand when nothing is under way any more.
template <class Other>
class Search {
 public:
  explicit Search(Leave leave = {}) : leave_(leave) {}

  void run(const World<Other>& world) {
    if (::testing::Test::HasFailure() || !seen_.insert(world.key()).second) return;
    auto moves = world.moves();
    if (moves.empty()) {
      if (world.both_up()) {
        ++ends;
        EXPECT_EQ(world.downs(), 0) << world.history;
        return;
      }
      if (leave_.may_dial_again) return;
      moves = world.next_timers(leave_.patience);
      ASSERT_FALSE(moves.empty()) << "no session\n" << world.history;
    }
    EXPECT_EQ(world.downs(), 0) << world.history;
    for (const auto& move : moves) {
      auto next = world;
      next.play(move);
      run(next);
    }
  }
  std::size_t ends = 0;
  [[nodiscard]] std::size_t situations() const { return seen_.size(); }

 private:
  Leave leave_;
  std::set<std::pair<std::size_t, std::size_t>> seen_;
};

constexpr std::uint32_t kLow = 0x0a000001, kHigh = 0x0a000009;

World<Driven> two_podbgpds(std::uint32_t our_id, std::uint32_t their_id) {
  return {settings_of(0, our_id), Driven(settings_of(1, their_id), 2), false};
}

TEST(Rfc4271_6_8_SimultaneousDials, EveryOrderEndsInOneSession) {
  for (const auto& [ours, theirs] : {std::pair{kLow, kHigh}, {kHigh, kLow}, {kLow, kLow}}) {
    auto world = two_podbgpds(ours, theirs);
    world.start();
    Search<Driven> search;
    search.run(world);
    EXPECT_GT(search.situations(), 500u) << "all orders were tried";
    EXPECT_GT(search.ends, 10u);
  }
}

// Of the silent connection both heard the handshake, or only who dialled it.
TEST(Rfc4271_6_8_SimultaneousDials, AConnectionThatCarriesNothingCostsTwoSeconds) {
  for (const std::size_t silent : {0u, 1u}) {
    for (const bool offered : {true, false}) {
      for (const auto& [ours, theirs] : {std::pair{kLow, kHigh}, {kHigh, kLow}}) {
        auto world = two_podbgpds(ours, theirs);
        world.silence(silent, offered);
        world.start();
        Search<Driven> search({.patience = kCollisionWait});
        search.run(world);
        EXPECT_GT(search.ends, 0u);
      }
    }
  }
}

// Where the peer's identifier is the higher one it has the last word, and may say it before it has read all of ours. It
// is asked here to read what we send in the order in which we sent it, as one path brings it.
TEST(Rfc4271_6_8_SimultaneousDials, WithASpeakerThatExaminesOnlyOpenConfirm) {
  for (const auto& [ours, theirs] : {std::pair{kLow, kHigh}, {kHigh, kLow}}) {
    World<PlainSpeaker> world(settings_of(0, ours), PlainSpeaker(settings_of(1, theirs), false), theirs > ours);
    world.start();
    Search<PlainSpeaker> search;
    search.run(world);
    EXPECT_GT(search.ends, 10u);
  }
}

// Such a speaker also ends a connection for one that we have just given up: then both dial again, but no session goes
// down.
TEST(Rfc4271_6_8_SimultaneousDials, WithASpeakerThatExaminesOpenSentToo) {
  for (const auto& [ours, theirs] : {std::pair{kLow, kHigh}, {kHigh, kLow}}) {
    World<PlainSpeaker> world(settings_of(0, ours), PlainSpeaker(settings_of(1, theirs), true), false);
    world.start();
    Search<PlainSpeaker> search({.may_dial_again = true});
    search.run(world);
    EXPECT_GT(search.ends, 10u);
  }
}

}  // namespace
}  // namespace podbgp::fsm::test

// Every situation a peer can be in × every event × both slots, against one readable table (state_event_table.hpp).
//
// The table is written by hand-checked generation: PODBGP_PRINT_TABLE=1 prints the present behaviour in its format.
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "fixture.hpp"
#include "state_event_table.hpp"

namespace podbgp::fsm::test {
namespace {

struct Situation {
  std::string name;
  std::function<Driven()> make;
};

PeerSettings passive_settings() {
  auto s = settings();
  s.passive = true;
  return s;
}

std::vector<Situation> situations() {
  std::vector<Situation> all{
      {"Idle, stopped", [] { return Driven(); }},
      {"Idle, damped",
       [] {
         Driven d;
         d.start().tcp(kOut).with(event::MessageError{kOut, notification(1, 2), ""});
         return d;
       }},
      {"Connect", [] { return Driven().start(); }},
      {"Active",
       [] {
         Driven d;
         d.start().with(event::TcpFailed{kOut, "refused"});
         return d;
       }},
      {"Active, passive", [] { return Driven(passive_settings()).start(); }},
      {"OpenSent out", [] { return Driven().start().tcp(kOut); }},
      {"OpenConfirm out", [] { return Driven().start().tcp(kOut).open(kOut); }},
      {"Established out", [] { return Driven().establish(kOut); }},
      {"OpenSent in, Connect out", [] { return Driven().start().tcp(kIn); }},
      {"OpenConfirm in", [] { return Driven().start().tcp(kIn).open(kIn); }},
      {"Established in", [] { return Driven().establish(kIn); }},
      {"OpenSent in, OpenSent out", [] { return Driven().start().tcp(kIn).tcp(kOut); }},
      {"OpenSent in, OpenConfirm out held", [] { return Driven().start().tcp(kIn).tcp(kOut).open(kOut); }},
      {"OpenSent in, OpenConfirm out", [] { return Driven().start().tcp(kOut).open(kOut).tcp(kIn); }},
      {"OpenConfirm in, OpenSent out", [] { return Driven().start().tcp(kIn).tcp(kOut).open(kIn); }},
      {"OpenConfirm in held, OpenConfirm out", [] { return Driven().start().tcp(kOut).open(kOut).tcp(kIn).open(kIn); }},
  };
  return all;
}

std::vector<Event> events(const Driven& d) {
  std::vector<Event> all{event::ManualStart{}, event::ManualStop{"bye"}, event::Reset{"again"},
                         event::LinkEvent{},   event::LinkLost{"eth1 lost its carrier"},
                         event::IncomingOffered{}, event::LocalError{notification(6, 1), ""}};
  for (const auto kind : {TimerKind::ConnectRetry, TimerKind::IdleHold, TimerKind::Stable, TimerKind::Collision})
    all.push_back(d.expiry(kind));
  for (const Slot slot : {kOut, kIn}) {
    for (const auto kind : {TimerKind::Hold, TimerKind::Keepalive, TimerKind::SendHold}) {
      all.push_back(d.expiry(kind, slot));
    }
    all.push_back(event::TcpConnected{slot});
    all.push_back(event::TcpFailed{slot, ""});
    all.push_back(event::OpenReceived{slot, peer_open()});
    all.push_back(event::KeepaliveReceived{slot});
    all.push_back(event::UpdateReceived{slot});
    all.push_back(event::RouteRefreshReceived{slot});
    all.push_back(event::NotificationReceived{slot, notification(6, 2)});
    all.push_back(event::NotificationReceived{slot, notification(6, 7)});
    all.push_back(event::NotificationReceived{slot, notification(2, 2)});
    all.push_back(event::MessageError{slot, notification(1, 2), ""});
    all.push_back(event::MessageSent{slot});
  }
  return all;
}

std::string table() {
  std::ostringstream lines;
  for (const auto& situation : situations()) {
    lines << "## " << situation.name << '\n';
    for (const auto& event : events(situation.make())) {
      Driven d = situation.make();
      const auto actions = text(d.step(event));
      if (!actions.empty()) lines << to_string(event) << ": " << actions << '\n';
    }
    lines << '\n';
  }
  return lines.str();
}

TEST(Rfc4271_8_2_2, EveryStateTimesEveryEvent) {
  const std::string actual = table();
  if (std::getenv("PODBGP_PRINT_TABLE") != nullptr) std::cout << actual;
  std::istringstream want(kStateEventTable + 1), got(actual);  // + 1: the line break after R"(
  std::string want_line, got_line, section;
  for (int number = 1;; ++number) {
    const bool more = static_cast<bool>(std::getline(want, want_line));
    ASSERT_EQ(more, static_cast<bool>(std::getline(got, got_line))) << "table ends at line " << number;
    if (!more) break;
    if (got_line.starts_with("## ")) section = got_line;
    EXPECT_EQ(got_line, want_line) << section;
  }
}

// A situation is a name for a state of both slots: the names above must tell the truth.
TEST(Rfc4271_8_2_2, SituationsAreWhatTheySay) {
  for (const auto& situation : situations()) {
    Driven d = situation.make();
    const auto slots = std::string(to_string(d.peer.state(kIn))) + "/" + std::string(to_string(d.peer.state(kOut)));
    std::string expected = "Idle/Idle";
    const auto& name = situation.name;
    for (const auto state : {State::Connect, State::Active, State::OpenSent, State::OpenConfirm, State::Established}) {
      const std::string word(to_string(state));
      if (name == word || name.starts_with(word + ", passive")) expected = "Idle/" + word;
    }
    const auto in = name.find(" in"), out = name.find(" out");
    if (in != std::string::npos || out != std::string::npos) {
      const std::string in_word = in == std::string::npos ? "Idle" : name.substr(0, in);
      std::string out_word = "Idle";
      if (out != std::string::npos) {
        const auto comma = name.find(", ");
        const auto begin = comma == std::string::npos ? 0 : comma + 2;
        out_word = name.substr(begin, out - begin);
      }
      expected = in_word + "/" + out_word;
    }
    EXPECT_EQ(slots, expected) << name;
  }
}

}  // namespace
}  // namespace podbgp::fsm::test

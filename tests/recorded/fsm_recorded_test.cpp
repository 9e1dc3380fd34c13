// Plays tests/recorded/fsm/*.yaml against fsm::Peer. The format is in README.md beside this file.
#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "fsm/peer.hpp"
#include "fsm/print.hpp"

namespace podbgp::fsm {
namespace {

std::uint32_t quad(const std::string& text) { return net::IpAddress::parse(text).value().v4_value(); }

PeerSettings settings_of(const YAML::Node& node) {
  PeerSettings s;
  s.local_asn = net::Asn{node["local_asn"].as<std::uint32_t>(65101)};
  s.peer_asn = net::Asn{node["peer_asn"].as<std::uint32_t>(65001)};
  s.local_id = net::RouterId{quad(node["local_id"].as<std::string>("10.0.0.1"))};
  s.hold_time = Seconds{node["hold_time"].as<int>(90)};
  s.passive = node["passive"].as<bool>(false);
  s.admin_down = node["admin_down"].as<bool>(false);
  return s;
}

class Player {
 public:
  explicit Player(PeerSettings s) : peer(std::move(s), 1) {}

  std::string play(const std::string& line) {
    std::istringstream words(line);
    std::string verb, where, rest;
    words >> verb >> where;
    std::getline(words >> std::ws, rest);
    const auto actions = peer.step(event(verb, where, rest));
    std::string text;
    for (const auto& a : actions) {
      if (const auto* arm = std::get_if<action::ArmTimer>(&a)) generations[{arm->kind, arm->slot}] = arm->generation;
      if (std::holds_alternative<action::StateChanged>(a)) continue;
      text += (text.empty() ? "" : ", ") + to_string(a, Durations::Hidden);
    }
    return text;
  }

  Peer peer;
  std::map<std::pair<TimerKind, Slot>, std::uint32_t> generations;

 private:
  static Slot slot_of(const std::string& word) {
    EXPECT_TRUE(word == "in" || word == "out") << "no such slot: " << word;
    return word == "in" ? Slot::Incoming : Slot::Outgoing;
  }
  static wire::Notification notification_of(const std::string& codes) {
    const auto slash = codes.find('/');
    return {
        static_cast<std::uint8_t>(std::stoi(codes)), static_cast<std::uint8_t>(std::stoi(codes.substr(slash + 1))), {}};
  }
  static wire::Open open_of(const std::string& options) {
    wire::Open open;
    open.hold_time = 90;
    open.identifier = net::RouterId{quad("10.0.0.2")};
    std::uint32_t asn = 65001;
    std::string families = "ipv4", word;
    for (std::istringstream words(options); words >> word;) {
      const auto value = word.substr(word.find('=') + 1);
      if (word.starts_with("as=")) asn = static_cast<std::uint32_t>(std::stoul(value));
      if (word.starts_with("hold=")) open.hold_time = static_cast<std::uint16_t>(std::stoi(value));
      if (word.starts_with("id=")) open.identifier = net::RouterId{quad(value)};
      if (word.starts_with("families=")) families = value;
    }
    open.my_as = asn > 65535 ? net::kAsTrans : net::Asn{asn};
    open.capabilities.four_octet_as = net::Asn{asn};
    if (families.find("ipv4") != std::string::npos) open.capabilities.multiprotocol.push_back({1, 1});
    if (families.find("ipv6") != std::string::npos) open.capabilities.multiprotocol.push_back({2, 1});
    return open;
  }
  Event expiry(const std::string& name) {
    for (std::size_t k = 0; k < kTimerKinds; ++k) {
      const auto kind = static_cast<TimerKind>(k);
      for (const Slot slot : {Slot::Outgoing, Slot::Incoming}) {
        const std::string full = per_peer(kind) ? std::string(to_string(kind))
                                                : std::string(to_string(kind)) + "/" + std::string(to_string(slot));
        if (full == name) return event::TimerExpired{kind, slot, generations[{kind, slot}]};
      }
    }
    ADD_FAILURE() << "no such timer: " << name;
    return event::LinkEvent{};
  }
  Event event(const std::string& verb, const std::string& where, const std::string& rest) {
    const std::string text = where + (rest.empty() ? "" : " " + rest);
    if (verb == "start") return event::ManualStart{};
    if (verb == "stop") return event::ManualStop{text};
    if (verb == "reset") return event::Reset{text};
    if (verb == "link") return event::LinkEvent{};
    if (verb == "offer") return event::IncomingOffered{};
    if (verb == "expire") return expiry(where);
    const Slot slot = slot_of(where);
    if (verb == "tcp") return event::TcpConnected{slot};
    if (verb == "lost") return event::TcpFailed{slot, rest};
    if (verb == "open") return event::OpenReceived{slot, open_of(rest)};
    if (verb == "keepalive") return event::KeepaliveReceived{slot};
    if (verb == "update") return event::UpdateReceived{slot};
    if (verb == "refresh") return event::RouteRefreshReceived{slot};
    if (verb == "notification") return event::NotificationReceived{slot, notification_of(rest)};
    if (verb == "bad") return event::MessageError{slot, notification_of(rest), ""};
    ADD_FAILURE() << "no such event: " << verb;
    return event::LinkEvent{};
  }
};

class RecordedFsm : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(RecordedFsm, Steps) {
  const auto file = YAML::LoadFile(GetParam().string());
  ASSERT_TRUE(file["description"].IsDefined());
  Player player(settings_of(file["settings"] ? file["settings"] : YAML::Node(YAML::NodeType::Map)));
  int number = 0;
  for (const auto& step : file["steps"]) {
    const auto line = step["on"].as<std::string>();
    const auto where = GetParam().filename().string() + ":" + std::to_string(step.Mark().line + 1) + ": " + line;
    EXPECT_EQ(player.play(line), step["do"].as<std::string>("")) << where;
    if (step["state"]) {
      EXPECT_EQ(to_string(player.peer.state()), step["state"].as<std::string>()) << where;
    }
    ++number;
  }
  EXPECT_GT(number, 2) << "a scenario has steps";
}

std::vector<std::filesystem::path> scenarios() {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::directory_iterator(RECORDED_DIR "/fsm")) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(Fsm, RecordedFsm, ::testing::ValuesIn(scenarios()), [](const auto& scenario) {
  auto name = scenario.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace podbgp::fsm

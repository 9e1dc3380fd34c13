// States that an operator must be able to tell apart at first sight.
#include "fixture.hpp"

namespace podbgp::cli::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(CliTest, AHeldPeerIsIdleAndSaysWhyAndHowLong) {
  auto held = api::testing::make_peer("tor-c", "10.1.0.3", 65001, fsm::State::Idle);
  held.held_down = "prefix limit";
  held.held_until = api::testing::noon() + std::chrono::seconds(42);
  held.warning = "1001 ipv4 prefixes received, 1000 allowed";
  held.last_error = "Cease/Maximum Number of Prefixes Reached";
  backend.peers = {held};
  auto out = podbgp({"peers"}).out;
  EXPECT_THAT(out, HasSubstr("Idle (prefix limit, restart in 42 s)"));
  EXPECT_THAT(out, HasSubstr("1001 ipv4 prefixes received, 1000 allowed"));
  EXPECT_THAT(out, Not(HasSubstr("Disabled")));
  EXPECT_THAT(podbgp({"peer", "show", "tor-c"}).out, HasSubstr("Idle (prefix limit, restart in 42 s)"));
  out = podbgp({"peers", "-o", "json"}).out;
  EXPECT_THAT(out, HasSubstr("\"held_down\": \"prefix limit\""));
  EXPECT_THAT(out, HasSubstr("\"held_until\": \"2026-11-21T12:00:42"));
  backend.peers[0].held_until.reset();
  EXPECT_THAT(podbgp({"peers"}).out, HasSubstr("Idle (prefix limit, until enabled)"));
  backend.peers[0].held_until = api::testing::noon() - std::chrono::seconds(5);  // its timer is about to run
  EXPECT_THAT(podbgp({"peers"}).out, HasSubstr("restart in 0 s)"));
}

TEST_F(CliTest, StatusSaysWhichSettingsWaitForARestart) {
  EXPECT_THAT(podbgp({"status"}).out, Not(HasSubstr("restart")));
  backend.status_now.pending_restart = {{api::ConfigChange::Impact::Restart, "fib.table: main -> 100"}};
  EXPECT_THAT(podbgp({"status"}).out, HasSubstr("\nrestart needed: fib.table: main -> 100\n"));
  const auto json = podbgp({"status", "-o", "json"}).out;
  EXPECT_THAT(json, HasSubstr("\"pending_restart\""));
  EXPECT_THAT(json, HasSubstr("\"IMPACT_RESTART\""));
}

}  // namespace
}  // namespace podbgp::cli::testing

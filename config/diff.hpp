// What a new configuration changes in a running daemon, and what each change costs.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace podbgp::config {

enum class Impact : std::uint8_t {
  None,          // shown only, e.g. a description
  Live,          // applied at once, nobody notices
  Policy,        // routes are evaluated again; no session is touched
  SessionReset,  // the peer's session ends with a Cease and comes back
  Restart,       // kept as it was until podbgpd starts again
};
[[nodiscard]] std::string_view to_string(Impact impact);  // "none", "live", "policy", "session reset", "restart"

struct Change {
  std::string path;    // "peers[tor-a].timers.hold", "fib.table"; a whole peer: "peers[tor-a]"
  std::string before;  // "" = was not there
  std::string after;   // "" = is not there any more
  Impact impact = Impact::None;
  friend bool operator==(const Change&, const Change&) = default;
};
[[nodiscard]] std::string what(const Change& change);       // "peers[tor-a].timers.hold: 9s -> 30s"
[[nodiscard]] std::string to_string(const Change& change);  // "peers[tor-a].timers.hold: 9s -> 30s (session reset)"

struct PeerChange {
  std::string name;
  Impact impact = Impact::None;  // the heaviest of its changes
};

struct Diff {
  std::vector<std::string> removed;  // peers by name: end and remove these first
  std::vector<std::string> added;    // then add these
  std::vector<PeerChange> changed;   // then hand these their new settings
  bool networks = false;             // announce/withdraw by comparing the two lists
  bool router = false;               // Rib::update_router (multipath, cluster id)
  bool log = false;
  bool needs_restart = false;   // something cannot be changed while running (see `changes`)
  std::vector<Change> changes;  // everything, for people: peers in the order of the file, then the sections
  [[nodiscard]] bool empty() const { return changes.empty(); }
};

// A peer is known by its name: a new name is a new peer. Passwords are compared as loaded (endpoint.password) and as
// referenced, and never shown. router.id is compared only where both have one.
[[nodiscard]] Diff diff(const Config& before, const Config& after);

// What only a restart changes goes back into `next` as it is running, so that `next` says what the daemon does from now
// on. With another router.asn that is every
// peer too, since what a session is (iBGP or eBGP) hangs on it.
void keep_until_restart(const Config& running, Config& next);

// A file against what is running, for a reload and for the question what one would do.
struct Plan {
  Config next;                     // in force from now on
  Diff now;                        // from `running` to it: apply this
  std::vector<Change> waiting;     // from it to the file: in force with the next start
  std::vector<Change> news;        // for people: `now`, and what of `waiting` did not wait before
  std::vector<Change> as_before;   // the rest of `waiting`
};
[[nodiscard]] Plan plan(const Config& running, Config file, const std::vector<Change>& waiting_before);

}  // namespace podbgp::config

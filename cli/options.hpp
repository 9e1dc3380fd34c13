// What the command line said, as a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace podbgp::cli {

// Documented in docs/cli.md; scripts rely on them.
enum ExitCode : int { kOk = 0, kNegative = 1, kUsage = 2, kUnreachable = 3, kRefused = 4 };

enum class Verb : std::uint8_t {
  Status,
  Peers,
  PeerShow,
  PeerReset,
  PeerEnable,
  PeerDisable,
  Routes,
  Announce,
  Withdraw,
  Replace,
  Owners,
  WatchPeers,
  WatchRoutes,
  ConfigCheck,
  ConfigReload,
  Health,
};
enum class Output : std::uint8_t { Table, Wide, Json };
enum class View : std::uint8_t { Best, Received, Advertised, All, Kernel, Announced };
enum class PrefixMatch : std::uint8_t { Default, Longer, Shorter, Longest };

struct Options {
  Verb verb{};
  std::string server = "unix:///run/podbgp/api.sock";
  Output output = Output::Table;
  std::chrono::milliseconds timeout{5000};
  bool headers = true;
  std::optional<std::string> owner;  // announce, withdraw, replace: "cli" where not given; routes: a filter

  std::string peer;                   // peer show|reset|enable|disable NAME; routes --peer
  std::string text;                   // --text: what the peer is told
  std::vector<std::string> prefixes;  // announce, withdraw; routes and watch routes: none or one
  View view = View::Best;
  PrefixMatch match = PrefixMatch::Default;
  bool ipv4 = false, ipv6 = false;
  bool all_paths = false, once = false;  // watch
  std::string file;                      // replace -f, config check FILE
  std::uint64_t generation = 0;
  bool allow_missing = false, dry_run = false, live = false;

  std::vector<std::string> communities, large_communities, extended_communities;
  std::optional<std::uint32_t> med, local_pref;
  std::string next_hop;
  bool no_blackhole = false;
};

// What to print instead of doing anything: help and version (kOk), or what is wrong with the command line (kUsage).
struct Stop {
  int exit_code = kOk;
  std::string text;
};

using Environment = std::function<std::optional<std::string>(const char* name)>;

// `arguments` without the program's name.
[[nodiscard]] std::variant<Options, Stop> parse(std::vector<std::string> arguments, const Environment& environment);

}  // namespace podbgp::cli

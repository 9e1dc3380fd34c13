#include "cli/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "net/utf8.hpp"

namespace podbgp::cli {

namespace {

constexpr const char* kHelp = R"(podbgp: look at podbgpd and tell it what to announce

  podbgp status                       the daemon, its peers, its kernel routes
  podbgp peers                        sessions and what they carry
  podbgp peer show|reset|enable|disable PEER [--text REASON]
  podbgp routes [PREFIX]              best paths; PREFIX with --longer, --shorter, --lpm
         --view best|all|received|advertised|kernel|announced   --peer PEER   -4 | -6
  podbgp announce PREFIX...           [--community C] [--large-community C] [--med N]
         [--local-pref N] [--next-hop A] [--no-blackhole] [--dry-run]
  podbgp withdraw PREFIX...           [--allow-missing]
  podbgp replace -f FILE              an owner's whole set of routes, from YAML or JSON
  podbgp owners                       who announces through the API
  podbgp watch peers | routes [PREFIX]
  podbgp config check [FILE] | reload
  podbgp health                       exit code 0 ready, 1 not ready

Anywhere on the line: --server unix:///run/podbgp/api.sock (or PODBGP_SERVER), -o table|wide|json,
  --owner NAME (default cli), --timeout 5s, --no-headers. Each command has its own --help.

  podbgp announce 10.244.3.0/24 fd00:10:244:3::/64 --owner cni --community 65101:100
  podbgp routes 10.244.7.9            which route would that address take?
  podbgp routes --view advertised --peer tor-a
  podbgp peer disable tor-a --text "maintenance until 14:00"
  podbgp peers -o json | jq -r '.peers[] | select(.state != "STATE_ESTABLISHED").name'

Exit codes: 0 done, 1 the answer is no, 2 usage, 3 podbgpd cannot be reached, 4 refused.
)";

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value == 0 || value > 86'400'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return std::chrono::milliseconds(value);
  if (unit == "s" || unit.empty()) return std::chrono::seconds(value);
  if (unit == "m") return std::chrono::minutes(value);
  return std::nullopt;
}

template <class T, std::size_t N>
std::optional<T> find(const std::array<std::pair<const char*, T>, N>& names, const std::string& name) {
  for (const auto& [known, value] : names)
    if (name == known) return value;
  return std::nullopt;
}
constexpr std::array<std::pair<const char*, Output>, 3> kOutputs{
    {{"table", Output::Table}, {"wide", Output::Wide}, {"json", Output::Json}}};
constexpr std::array<std::pair<const char*, View>, 6> kViews{{{"best", View::Best},
                                                              {"all", View::All},
                                                              {"received", View::Received},
                                                              {"advertised", View::Advertised},
                                                              {"kernel", View::Kernel},
                                                              {"announced", View::Announced}}};

// Whole numbers in decimal; CLI11's own conversion would not say which ones.
template <class T>
const CLI::Validator& number_of() {
  static const CLI::Validator check(
      [](const std::string& value) {
        T parsed = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
        if (error == std::errc{} && end == value.data() + value.size()) return std::string();
        return fmt::format("'{}' is not a number from 0 to {}", value, std::numeric_limits<T>::max());
      },
      "");
  return check;
}

// What the parser fills in before it becomes Options.
struct Raw {
  Options options;
  std::string owner, timeout = "5s", output = "table", view;
  bool longer = false, shorter = false, longest = false, no_headers = false;
  std::string prefix;
};

CLI::Option* list(CLI::App* app, const std::string& name, std::vector<std::string>& into, const std::string& help) {
  return app->add_option(name, into, help)->allow_extra_args(false)->delimiter(',');
}

void add_globals(CLI::App& app, Raw& raw) {
  app.add_option("--server", raw.options.server, "where podbgpd listens: unix:///PATH")->take_last();
  app.add_option("-o,--output", raw.output, "table, wide or json")->take_last();
  app.add_option("--owner", raw.owner, "owner of the routes")->take_last();
  app.add_option("--timeout", raw.timeout, "how long to wait for an answer: 500ms, 5s, 1m")->take_last();
  app.add_flag("--no-headers", raw.no_headers, "tables without their first line");
}

void add_peers(CLI::App& app, Raw& raw,
               const std::function<CLI::App*(CLI::App&, const char*, const char*, Verb)>& verb) {
  verb(app, "peers", "Sessions and what they carry", Verb::Peers);
  auto* peer = app.add_subcommand("peer", "One session: show, reset, enable, disable")->fallthrough();
  peer->require_subcommand(0, 1);
  const auto named = [&](CLI::App* sub) {
    sub->add_option("PEER", raw.options.peer, "its name or address")->required();
  };
  const auto told = [&](CLI::App* sub) {
    sub->add_option("--text", raw.options.text, "what the peer is told, at most 255 octets");
  };
  named(verb(*peer, "show", "All there is to know about a session", Verb::PeerShow));
  auto* reset = verb(*peer, "reset", "End the session (Cease, Administrative Reset) and dial again", Verb::PeerReset);
  named(reset);
  told(reset);
  named(verb(*peer, "enable", "Let a disabled session come up", Verb::PeerEnable));
  auto* disable =
      verb(*peer, "disable", "End the session (Cease, Administrative Shutdown) and stay down", Verb::PeerDisable);
  named(disable);
  told(disable);
}

void add_routes(CLI::App& app, Raw& raw,
                const std::function<CLI::App*(CLI::App&, const char*, const char*, Verb)>& verb) {
  auto* routes = verb(app, "routes", "Routes: what was learnt, chosen, sent, installed, announced", Verb::Routes);
  routes->add_option("PREFIX", raw.prefix, "a prefix, or an address: the route that it would take");
  routes->add_option("--view", raw.view, "best, all, received, advertised, kernel or announced");
  routes->add_option("--peer", raw.options.peer, "of this peer; goes with received (its default) and advertised");
  auto* longer = routes->add_flag("--longer", raw.longer, "the prefix and what is inside it");
  auto* shorter = routes->add_flag("--shorter", raw.shorter, "the prefix and what covers it");
  auto* lpm = routes->add_flag("--lpm", raw.longest, "the longest match, which is what forwards");
  longer->excludes(shorter)->excludes(lpm);
  shorter->excludes(lpm);
  auto* v4 = routes->add_flag("-4", raw.options.ipv4, "IPv4 only");
  routes->add_flag("-6", raw.options.ipv6, "IPv6 only")->excludes(v4);

  auto* announce = verb(app, "announce", "Announce prefixes, or change what they are announced with", Verb::Announce);
  announce->add_option("PREFIX", raw.options.prefixes, "10.244.3.0/24, fd00:10:244:3::/64")->required();
  list(announce, "--community", raw.options.communities, "ASN:VALUE or e.g. no-export; may be repeated");
  list(announce, "--large-community", raw.options.large_communities, "ASN:VALUE:VALUE; may be repeated");
  list(announce, "--extended-community", raw.options.extended_communities, "rt:ASN:VALUE; may be repeated");
  announce->add_option("--med", raw.options.med, "multi-exit discriminator")->check(number_of<std::uint32_t>());
  announce->add_option("--local-pref", raw.options.local_pref, "local preference")->check(number_of<std::uint32_t>());
  announce->add_option("--next-hop", raw.options.next_hop, "default: this node");
  announce->add_flag("--no-blackhole", raw.options.no_blackhole, "announce only; put nothing into the kernel");
  announce->add_flag("--dry-run", raw.options.dry_run, "say whether it would be accepted");

  auto* withdraw = verb(app, "withdraw", "Withdraw prefixes", Verb::Withdraw);
  withdraw->add_option("PREFIX", raw.options.prefixes, "what was announced by this owner")->required();
  withdraw->add_flag("--allow-missing", raw.options.allow_missing, "no error where the owner does not have it");

  auto* replace =
      verb(app, "replace", "Make FILE the owner's whole set: what is not in it is withdrawn", Verb::Replace);
  replace->add_option("-f,--file", raw.options.file, "YAML or JSON; - reads standard input")->required();
  replace->add_option("--generation", raw.options.generation,
                      "refused if podbgpd has seen a greater one of this owner")
      ->check(number_of<std::uint64_t>());
  replace->add_flag("--dry-run", raw.options.dry_run, "say whether it would be accepted");

  verb(app, "owners", "Who announces through the API", Verb::Owners);
}

void add_rest(CLI::App& app, Raw& raw,
              const std::function<CLI::App*(CLI::App&, const char*, const char*, Verb)>& verb) {
  verb(app, "status", "The daemon, its peers, its kernel routes", Verb::Status);
  auto* watch =
      app.add_subcommand("watch", "What is there now, and then what changes, until interrupted")->fallthrough();
  watch->require_subcommand(0, 1);
  auto* peers = verb(*watch, "peers", "Sessions", Verb::WatchPeers);
  auto* routes = verb(*watch, "routes", "Best paths", Verb::WatchRoutes);
  routes->add_option("PREFIX", raw.prefix, "this prefix and what is inside it");
  routes->add_flag("--all-paths", raw.options.all_paths, "also when other paths than the best change");
  auto* v4 = routes->add_flag("-4", raw.options.ipv4, "IPv4 only");
  routes->add_flag("-6", raw.options.ipv6, "IPv6 only")->excludes(v4);
  for (auto* sub : {peers, routes}) sub->add_flag("--once", raw.options.once, "end after what is there now");

  auto* config = app.add_subcommand("config", "The daemon's configuration")->fallthrough();
  config->require_subcommand(0, 1);
  auto* check = verb(*config, "check", "Say what is wrong with FILE, and what it would change", Verb::ConfigCheck);
  check->add_option("FILE", raw.options.file, "default: the daemon's own; - reads standard input");
  verb(*config, "reload", "Let the daemon read its file again", Verb::ConfigReload);

  auto* health = verb(app, "health", "Exit code 0: ready; 1: not ready, and why", Verb::Health);
  health->add_flag("--live", raw.options.live, "only whether it answers");
}

// A script whose variable is empty must not get the answer to another question.
const CLI::Validator kNotEmpty(
    [](const std::string& value) { return value.empty() ? std::string("is empty; leave it out or write a value") : ""; }, "");

// A string of the API is UTF-8. Names of files and sockets are the system's: any octets.
const CLI::Validator kUtf8(
    [](const std::string& value) { return net::utf8_valid(value) == value.size() ? "" : std::string("is not UTF-8"); }, "");

void check_values(CLI::App& app) {
  for (auto* option : app.get_options()) {
    if (option->get_items_expected_max() == 0) continue;
    const auto name = option->get_name();
    if (name != "--text") option->check(kNotEmpty);
    if (name != "--file" && name != "FILE" && name != "--server") option->check(kUtf8);
  }
  for (auto* sub : app.get_subcommands({})) check_values(*sub);
}

std::string usage(const std::string& message) { return fmt::format("podbgp: {}\nSee podbgp --help.\n", message); }

std::optional<std::string> finish(Raw& raw) {
  auto& options = raw.options;
  if (!raw.owner.empty()) options.owner = raw.owner;
  const auto timeout = parse_duration(raw.timeout);
  if (!timeout) return fmt::format("--timeout: '{}' is not a duration; write 500ms, 5s or 1m", raw.timeout);
  options.timeout = *timeout;
  const auto output = find(kOutputs, raw.output);
  if (!output) return fmt::format("-o: '{}' is none of table, wide, json", raw.output);
  options.output = *output;
  options.headers = !raw.no_headers;
  if (!raw.prefix.empty()) options.prefixes = {raw.prefix};
  if (options.verb == Verb::Routes) {
    const auto view = find(kViews, raw.view.empty() ? (options.peer.empty() ? "best" : "received") : raw.view);
    if (!view)
      return fmt::format("--view: '{}' is none of best, all, received, advertised, kernel, announced", raw.view);
    options.view = *view;
    options.match = raw.longer    ? PrefixMatch::Longer
                    : raw.shorter ? PrefixMatch::Shorter
                    : raw.longest ? PrefixMatch::Longest
                                  : PrefixMatch::Default;
    if (options.match != PrefixMatch::Default && raw.prefix.empty())
      return "--longer, --shorter and --lpm need a PREFIX, e.g. podbgp routes --longer 10.244.0.0/16";
    // Who asks for an address asks where its packets go.
    if (options.match == PrefixMatch::Default && !raw.prefix.empty() && raw.prefix.find('/') == std::string::npos)
      options.match = PrefixMatch::Longest;
    if (options.peer.empty() && (options.view == View::Received || options.view == View::Advertised))
      return "--view received and --view advertised need --peer; podbgp peers lists them";
    if (!options.peer.empty() && options.view != View::Received && options.view != View::Advertised)
      return "--peer goes with --view received or --view advertised";
    if (options.view == View::Announced &&
        (options.match == PrefixMatch::Longer || options.match == PrefixMatch::Shorter))
      return "--view announced takes a PREFIX as it was announced, without --longer or --shorter";
  }
  return std::nullopt;
}

}  // namespace

std::variant<Options, Stop> parse(std::vector<std::string> arguments, const Environment& environment) {
  Raw raw;
  // Set and empty is not set, as with KUBECONFIG.
  if (const auto server = environment("PODBGP_SERVER"); server && !server->empty()) raw.options.server = *server;

  CLI::App app("look at podbgpd and tell it what to announce", "podbgp");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "podbgp " PODBGP_VERSION);
  add_globals(app, raw);
  app.footer("\nAlso: --server unix:///PATH, -o table|wide|json, --owner NAME, --timeout 5s, --no-headers; see podbgp --help.");
  bool chosen = false;
  const std::function verb = [&](CLI::App& parent, const char* name, const char* help, Verb which) {
    auto* sub = parent.add_subcommand(name, help)->fallthrough();
    sub->callback([&raw, &chosen, which] {
      raw.options.verb = which;
      chosen = true;
    });
    return sub;
  };
  add_rest(app, raw, verb);
  add_peers(app, raw, verb);
  add_routes(app, raw, verb);
  check_values(app);

  if (arguments.empty()) return Stop{kUsage, kHelp};
  // The root's help is one screen of our own; commands have CLI11's.
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help"))
    return Stop{kOk, kHelp};
  std::ranges::reverse(arguments);  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    auto* innermost = &app;
    std::string path = "podbgp";  // CLI11 adds the innermost name itself
    while (!innermost->get_subcommands().empty()) {
      if (innermost != &app) path += " " + innermost->get_name();
      innermost = innermost->get_subcommands().front();
    }
    return Stop{kOk, innermost == &app ? std::string(kHelp) : innermost->help(path)};
  } catch (const CLI::CallForVersion& version) {
    return Stop{kOk, std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    return Stop{kUsage, usage(error.what())};
  }
  if (!chosen) {
    const auto groups = app.get_subcommands();
    if (groups.empty()) return Stop{kUsage, usage("a command is missing")};
    std::string names;
    for (const auto* sub : groups.front()->get_subcommands({})) names += (names.empty() ? "" : ", ") + sub->get_name();
    return Stop{kUsage, usage(fmt::format("{} needs one of: {}", groups.front()->get_name(), names))};
  }
  if (const auto wrong = finish(raw)) return Stop{kUsage, usage(*wrong)};
  return raw.options;
}

}  // namespace podbgp::cli

#include "cli/run.hpp"

#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "cli/client.hpp"
#include "cli/routes_file.hpp"
#include "cli/show.hpp"
#include "cli/table.hpp"
#include "net/counted.hpp"
#include "net/prefix.hpp"
#include "net/read_file.hpp"
#include "net/utf8.hpp"

namespace podbgp::cli {

namespace {

constexpr const char* kNotUtf8 = "this is not UTF-8";
constexpr const char* kSaveAsUtf8 = "save the file as plain UTF-8 text";

class Command {
 public:
  Command(const Options& options, World& world, Client& client) : options_(options), world_(world), client_(client) {}

  int run() {
    switch (options_.verb) {
      case Verb::Status: return status();
      case Verb::Peers: return print(client_.list_peers());
      case Verb::PeerShow: return print(client_.get_peer(options_.peer));
      case Verb::PeerReset: return done(client_.reset_peer(options_.peer, options_.text), "is reset");
      case Verb::PeerEnable: return done(client_.enable_peer(options_.peer), "is enabled");
      case Verb::PeerDisable: return done(client_.disable_peer(options_.peer, options_.text), "is disabled");
      case Verb::Routes: return options_.view == View::Announced ? announced() : routes();
      case Verb::Announce: return announce();
      case Verb::Withdraw: return withdraw();
      case Verb::Replace: return replace();
      case Verb::Owners: return print(client_.list_owners());
      case Verb::WatchPeers: return watch_peers();
      case Verb::WatchRoutes: return watch_routes();
      case Verb::ConfigCheck: return check_config();
      case Verb::ConfigReload: return reload_config();
      case Verb::Health: return health();
    }
    return kUsage;
  }

 private:
  [[nodiscard]] bool json() const { return options_.output == Output::Json; }
  [[nodiscard]] Style style() const { return {options_.output, options_.headers, world_.colour, world_.now()}; }
  [[nodiscard]] std::string owner() const { return options_.owner.value_or("cli"); }

  int failed(const Failure& failure) {
    world_.err << "podbgp: ";
    // Line by line: the daemon's words may quote what came over the network.
    std::string_view rest = failure.message;
    for (bool first = true; first || !rest.empty(); first = false) {
      const auto end = rest.find('\n');
      world_.err << (first ? "" : "\n") << printable(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    if (!failure.reason.empty()) world_.err << " [" << printable(failure.reason) << "]";
    world_.err << '\n';
    return failure.exit_code;
  }

  int wrong(int exit_code, const std::string& message) { return failed({exit_code, "", message}); }

  template <class T>
  int print(const Answer<T>& answer) {
    if (!answer) return failed(answer.error());
    if (json())
      show_json(world_.out, *answer);
    else
      show(world_.out, style(), *answer);
    return kOk;
  }

  int done(const Answer<void>& answer, const char* outcome) {
    if (!answer) return failed(answer.error());
    if (json())
      world_.out << "{}\n";
    else
      world_.out << "peer " << options_.peer << ' ' << outcome << '\n';
    return kOk;
  }

  // One message of a watch; false: that was enough.
  template <class Change>
  bool shown(const Change& change) {
    if (json())
      show_json(world_.out, change, true);
    else
      show_change(world_.out, style(), change);
    return world_.out.good() && !(options_.once && change.snapshot_end());
  }

  // "-" is standard input.
  Answer<std::string> read_file() {
    if (options_.file == "-") return std::string(std::istreambuf_iterator<char>(world_.in), {});
    auto content = net::read_file(options_.file);
    if (!content)
      return net::fail(Failure{kUsage, "", fmt::format("cannot read {}: {}", options_.file, content.error())});
    return std::move(*content);
  }
  // Where the first octet stands that is not UTF-8, as `file:line:column`.
  struct Place {
    std::uint32_t line = 1, column = 1;
  };
  static std::optional<Place> not_utf8(std::string_view text) {
    const auto valid = net::utf8_valid(text);
    if (valid == text.size()) return std::nullopt;
    Place place;
    for (const char c : text.substr(0, valid)) {
      if (c == '\n')
        place = {place.line + 1, 1};
      else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
        ++place.column;
    }
    return place;
  }
  Answer<v1::CheckConfigResponse> check(const std::string& content);
  [[nodiscard]] std::string file_name() const { return options_.file == "-" ? "<stdin>" : options_.file; }

  int status();
  int routes();
  int announced();
  int announce();
  int withdraw();
  int replace();
  int watch_peers();
  int watch_routes();
  int check_config();
  int reload_config();
  int health();

  const Options& options_;
  World& world_;
  Client& client_;
};

v1::Family family_of(const Options& options) {
  return options.ipv4 ? v1::FAMILY_IPV4 : options.ipv6 ? v1::FAMILY_IPV6 : v1::FAMILY_UNSPECIFIED;
}

int Command::status() {
  const auto status = client_.status();
  if (!status) return failed(status.error());
  if (json()) {
    show_json(world_.out, *status);
    return kOk;
  }
  const auto rib = client_.rib_summary();
  show(world_.out, style(), *status, rib ? &*rib : nullptr);
  return kOk;
}

int Command::routes() {
  v1::ListPathsRequest request;
  switch (options_.view) {
    case View::Best: request.set_view(v1::VIEW_BEST); break;
    case View::Received: request.set_view(v1::VIEW_RECEIVED); break;
    case View::Advertised: request.set_view(v1::VIEW_ADVERTISED); break;
    case View::All: request.set_view(v1::VIEW_ALL); break;
    case View::Kernel: request.set_view(v1::VIEW_KERNEL); break;
    case View::Announced: break;  // another call
  }
  switch (options_.match) {
    case PrefixMatch::Default: break;
    case PrefixMatch::Longer: request.set_match(v1::PREFIX_MATCH_LONGER); break;
    case PrefixMatch::Shorter: request.set_match(v1::PREFIX_MATCH_SHORTER); break;
    case PrefixMatch::Longest: request.set_match(v1::PREFIX_MATCH_LONGEST); break;
  }
  request.set_family(family_of(options_));
  request.set_peer(options_.peer);
  if (!options_.prefixes.empty()) request.set_prefix(options_.prefixes.front());
  const auto paths = client_.list_paths(std::move(request));
  if (!paths) return failed(paths.error());
  if (json())
    show_json(world_.out, *paths);
  else
    show(world_.out, style(), *paths, options_.view);
  return kOk;
}

int Command::announced() {
  auto routes = client_.list_routes(options_.owner.value_or(""));
  if (!routes) return failed(routes.error());
  std::optional<net::Prefix> wanted;
  if (!options_.prefixes.empty()) {
    const auto prefix = net::Prefix::parse(options_.prefixes.front());
    if (!prefix) return wrong(kUsage, prefix.error());
    wanted = *prefix;
  }
  v1::ListRoutesResponse kept;
  for (auto& owned : *routes->mutable_routes()) {
    const auto prefix = net::Prefix::parse(owned.route().prefix());
    if (!prefix) continue;
    if (options_.ipv4 && !prefix->address().is_v4()) continue;
    if (options_.ipv6 && !prefix->address().is_v6()) continue;
    if (wanted && (options_.match == PrefixMatch::Longest ? !prefix->contains(*wanted) : *prefix != *wanted)) continue;
    kept.add_routes()->Swap(&owned);
  }
  return print(Answer<v1::ListRoutesResponse>(std::move(kept)));
}

int Command::announce() {
  v1::BatchAnnounceRoutesRequest request;
  request.set_owner(owner());
  request.set_validate_only(options_.dry_run);
  for (const auto& prefix : options_.prefixes) {
    auto* route = request.add_routes();
    route->set_prefix(prefix);
    route->set_next_hop(options_.next_hop);
    for (const auto& c : options_.communities) route->add_communities(c);
    for (const auto& c : options_.large_communities) route->add_large_communities(c);
    for (const auto& c : options_.extended_communities) route->add_extended_communities(c);
    if (options_.med) route->set_med(*options_.med);
    if (options_.local_pref) route->set_local_pref(*options_.local_pref);
    route->set_install(options_.no_blackhole ? v1::Route::INSTALL_NONE : v1::Route::INSTALL_BLACKHOLE);
  }
  const auto answer = client_.announce(request);
  if (!answer) return failed(answer.error());
  if (json()) {
    show_json(world_.out, *answer);
    return kOk;
  }
  for (int i = 0; i < request.routes_size(); ++i)
    world_.out << request.routes(i).prefix() << ' '
               << (i < answer->results_size() ? to_word(answer->results(i)) : std::string("valid")) << '\n';
  return kOk;
}

int Command::withdraw() {
  v1::BatchWithdrawRoutesRequest request;
  request.set_owner(owner());
  request.set_allow_missing(options_.allow_missing);
  for (const auto& prefix : options_.prefixes) request.add_prefixes(prefix);
  const auto answer = client_.withdraw(request);
  if (!answer) return failed(answer.error());
  if (json()) {
    show_json(world_.out, *answer);
    return kOk;
  }
  for (int i = 0; i < request.prefixes_size() && i < answer->results_size(); ++i)
    world_.out << request.prefixes(i) << ' ' << to_word(answer->results(i)) << '\n';
  return kOk;
}

int Command::replace() {
  const auto text = read_file();
  if (!text) return failed(text.error());
  if (const auto place = not_utf8(*text))
    return wrong(kUsage, fmt::format("{}:{}:{}: {}; {}", file_name(), place->line, place->column, kNotUtf8, kSaveAsUtf8));
  auto file = parse_routes(*text, file_name());
  if (!file) return wrong(kUsage, file.error());
  v1::ReplaceRoutesRequest request;
  request.set_owner(options_.owner.value_or(file->owner.value_or("cli")));
  request.set_generation(options_.generation != 0 ? options_.generation : file->generation.value_or(0));
  request.set_validate_only(options_.dry_run);
  for (auto& route : file->routes) request.add_routes()->Swap(&route);
  const auto answer = client_.replace(request);
  if (!answer) return failed(answer.error());
  if (json()) {
    show_json(world_.out, *answer);
  } else if (options_.dry_run) {
    world_.out << fmt::format("{}: {}, valid\n", request.owner(), net::counted(request.routes_size(), "route"));
  } else {
    world_.out << fmt::format("{}: {} added, {} updated, {} removed, {} unchanged (generation {})\n", request.owner(),
                              answer->added(), answer->updated(), answer->removed(), answer->unchanged(),
                              answer->generation());
  }
  return kOk;
}

int Command::watch_peers() {
  const auto end = client_.watch_peers([this](const v1::WatchPeersResponse& change) { return shown(change); });
  return end ? kOk : failed(end.error());
}

int Command::watch_routes() {
  v1::WatchRoutesRequest request;
  request.set_family(family_of(options_));
  request.set_all_paths(options_.all_paths);
  if (!options_.prefixes.empty()) request.set_prefix(options_.prefixes.front());
  const auto end = client_.watch_routes(request, [this](const v1::WatchRoutesResponse& change) { return shown(change); });
  return end ? kOk : failed(end.error());
}

// What cannot be asked is answered here. The daemon does not know the name of FILE.
Answer<v1::CheckConfigResponse> Command::check(const std::string& content) {
  if (const auto place = not_utf8(content)) {
    v1::CheckConfigResponse report;
    auto& finding = *report.add_diagnostics();
    finding.set_severity(v1::Diagnostic::SEVERITY_ERROR);
    finding.set_file(printable(file_name()));
    finding.set_line(place->line);
    finding.set_column(place->column);
    finding.set_message(kNotUtf8);
    finding.set_hint(kSaveAsUtf8);
    return report;
  }
  auto report = client_.check_config(content);
  if (report)
    for (auto& finding : *report->mutable_diagnostics())
      if (finding.file() == "<request>") finding.set_file(printable(file_name()));
  return report;
}

int Command::check_config() {
  std::string content;
  if (!options_.file.empty()) {
    auto text = read_file();
    if (!text) return failed(text.error());
    if (text->empty()) return wrong(kNegative, file_name() + " is empty");
    content = std::move(*text);
  }
  const auto report = check(content);
  if (!report) return failed(report.error());
  const int exit_code = report->valid() ? kOk : kNegative;
  if (json()) {
    show_json(world_.out, *report);
    return exit_code;
  }
  show_diagnostics(report->valid() ? world_.out : world_.err, report->diagnostics());
  if (!report->valid()) return exit_code;
  const auto name = options_.file.empty() ? std::string("the daemon's configuration") : file_name();
  world_.out << fmt::format("{}: valid{}\n", name,
                            report->changes().empty() ? ", and what is running" : "; it would change");
  show_changes(world_.out, report->changes());
  show_pending(world_.out, report->pending_restart());
  return exit_code;
}

int Command::reload_config() {
  const auto answer = client_.reload_config();
  if (!answer && answer.error().reason == "CONFIG_INVALID") {
    // An error has room for few findings; the check has room for all.
    const auto report = client_.check_config("");
    if (report && !report->valid()) {
      show_diagnostics(world_.err, report->diagnostics());
      return wrong(kRefused, "the file has errors; nothing was changed [CONFIG_INVALID]");
    }
  }
  if (!answer) return failed(answer.error());
  if (json()) {
    show_json(world_.out, *answer);
    return kOk;
  }
  show_diagnostics(world_.out, answer->diagnostics());
  world_.out << (answer->changes().empty() ? "nothing changed\n" : "changed:\n");
  show_changes(world_.out, answer->changes());
  show_pending(world_.out, answer->pending_restart());
  return kOk;
}

int Command::health() {
  const char* service = options_.live ? "" : "podbgp.ready";
  const auto health = client_.health(service);
  if (!health) return failed(health.error());
  const bool ready = *health == Health::Ready;
  if (json()) {
    world_.out << fmt::format("{{\"service\": \"{}\", \"status\": \"{}\"}}\n", service,
                              ready ? "SERVING" : "NOT_SERVING");
  } else if (ready) {
    world_.out << (options_.live ? "alive\n" : "ready\n");
  } else {
    const auto status = client_.status();
    const auto why = status ? status->not_ready_reason() : std::string();
    world_.out << "not ready" << (why.empty() ? "" : ": ") << printable(why) << '\n';
  }
  return ready ? kOk : kNegative;
}

// `code`, unless the output could not be written.
int written(World& world, int code) {
  if (world.out.flush()) return code;
  if (errno == EPIPE) return code;  // who reads has read enough
  world.err << "podbgp: cannot write the output: " << std::strerror(errno) << '\n';
  return code == kOk ? kNegative : code;
}

}  // namespace

int run(std::vector<std::string> arguments, World& world) {
  auto parsed = parse(std::move(arguments), world.environment);
  if (const auto* stop = std::get_if<Stop>(&parsed)) {
    (stop->exit_code == kOk ? world.out : world.err) << stop->text;
    return written(world, stop->exit_code);
  }
  const auto& options = std::get<Options>(parsed);
  auto client = Client::open(options.server, options.timeout);
  if (!client) {
    world.err << "podbgp: " << client.error().message << '\n';
    return client.error().exit_code;
  }
  return written(world, Command(options, world, **client).run());
}

}  // namespace podbgp::cli

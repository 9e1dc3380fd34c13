// What all answers share, and the short ones.
#include "cli/show.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "cli/table.hpp"
#include "net/counted.hpp"

namespace podbgp::cli {

void show_json(std::ostream& out, const google::protobuf::Message& message, bool one_line) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !one_line;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (const auto status = google::protobuf::util::MessageToJsonString(message, &text, options); !status.ok())
    text = "{}";  // cannot be: there is nothing in our messages that JSON lacks
  out << text;
  if (one_line) out << '\n';
  out.flush();
}

std::string age(const google::protobuf::Timestamp& since, bool has, std::chrono::system_clock::time_point now) {
  if (!has) return "-";
  const auto now_s = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto s = std::max<std::int64_t>(0, now_s - since.seconds());
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d{:02}h", s / 86400, s % 86400 / 3600);
}

std::string to_word(v1::ChangeResult result) {
  switch (result) {
    case v1::CHANGE_RESULT_ADDED: return "added";
    case v1::CHANGE_RESULT_UPDATED: return "updated";
    case v1::CHANGE_RESULT_UNCHANGED: return "unchanged";
    case v1::CHANGE_RESULT_REMOVED: return "removed";
    case v1::CHANGE_RESULT_NOT_FOUND: return "not found";
    default: return "valid";  // of a dry run
  }
}

void show(std::ostream& out, const Style& style, const v1::GetStatusResponse& status,
          const v1::GetRibSummaryResponse* rib) {
  const auto line = [&](std::string_view key, std::string_view value) {
    out << fmt::format("  {:<10}{}\n", key, value);
  };
  const auto ready = status.ready()
                         ? coloured("ready", Colour::Good, style.colour)
                         : coloured("not ready: " + printable(status.not_ready_reason()), Colour::Bad, style.colour);
  out << fmt::format("podbgpd {} ({}), up {}, {}\n", status.version(), status.commit(),
                     age(status.start_time(), status.has_start_time(), style.now), ready);
  line("router", fmt::format("AS {}, router id {}", status.asn(), status.router_id()));
  line("config", fmt::format("{}, loaded {} ago", status.config_file(),
                             age(status.config_time(), status.has_config_time(), style.now)));
  line("peers", fmt::format("{} of {} established", status.peers_established(), status.peers()));
  if (rib != nullptr)
    line("rib", fmt::format("{} IPv4 and {} IPv6 prefixes, {}, {}", rib->prefixes_ipv4(), rib->prefixes_ipv6(),
                            net::counted(rib->paths_ipv4() + rib->paths_ipv6(), "path"),
                            net::counted(rib->attribute_sets(), "attribute set")));
  const auto& fib = status.fib();
  if (fib.state() == "off") {
    line("kernel", "off: nothing is installed");
  } else {
    line("kernel", fmt::format("{}: {} IPv4 and {} IPv6 routes in table {} as protocol {}", fib.state(),
                               fib.installed_ipv4(), fib.installed_ipv6(), fib.table(), fib.protocol()));
    line("", fmt::format("{} pending, {} refused, {} adopted, {} swept", fib.pending(), fib.refused(), fib.adopted(),
                         fib.swept()));
    line("nexthops", fmt::format("{}, {}", net::counted(fib.nexthop_objects(), "object"), net::counted(fib.nexthop_groups(), "group")));
    if (style.wide())
      line("netlink",
           fmt::format("{}, {}, {} repaired", net::counted(fib.overruns(), "overrun"), net::counted(fib.resyncs(), "resync"), fib.repaired()));
  }
  line("memory", fmt::format("{:.1f} MiB", static_cast<double>(status.rss_bytes()) / (1024 * 1024)));
  if (style.wide()) line("instance", status.instance_id());
  for (const auto& change : status.pending_restart())
    out << coloured("restart needed:", Colour::Bad, style.colour) << ' ' << printable(change.what()) << '\n';
  for (auto warning : status.warnings()) {
    constexpr std::string_view kSaid = ": warning:";  // those of the configuration say so behind their place
    if (const auto at = warning.find(kSaid); at != std::string::npos) warning.erase(at + 1, kSaid.size() - 1);
    out << coloured("warning:", Colour::Bad, style.colour) << ' ' << printable(warning) << '\n';
  }
}

void show(std::ostream& out, const Style& style, const v1::ListOwnersResponse& owners) {
  Table table({{"OWNER"}, {"ROUTES", true}, {"GENERATION", true}});
  for (const auto& owner : owners.owners())
    table.add({owner.owner(), std::to_string(owner.routes()), std::to_string(owner.generation())});
  table.print(out, style.headers, style.colour);
}

void show_diagnostics(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::Diagnostic>& diagnostics) {
  for (const auto& d : diagnostics) {
    out << printable(d.file());
    if (d.line() > 0) out << ':' << d.line() << ':' << d.column();
    out << ": ";
    if (d.severity() == v1::Diagnostic::SEVERITY_WARNING) out << "warning: ";
    if (!d.path().empty()) out << printable(d.path()) << ": ";
    out << printable(d.message());
    if (!d.hint().empty()) out << "; " << printable(d.hint());
    out << '\n';
  }
}

void show_changes(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::ConfigChange>& changes) {
  for (const auto& change : changes) {
    const char* impact = "";
    switch (change.impact()) {
      case v1::ConfigChange::IMPACT_POLICY: impact = " (routes are evaluated again)"; break;
      case v1::ConfigChange::IMPACT_SESSION_RESET: impact = " (resets the session)"; break;
      case v1::ConfigChange::IMPACT_RESTART: impact = " (with the next start of podbgpd)"; break;
      default: break;
    }
    out << "  " << printable(change.what()) << impact << '\n';
  }
}

void show_pending(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::ConfigChange>& pending) {
  if (pending.empty()) return;
  out << "waiting for a restart of podbgpd:\n";
  for (const auto& change : pending) out << "  " << printable(change.what()) << '\n';
}

}  // namespace podbgp::cli

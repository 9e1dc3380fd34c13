#include <fmt/format.h>

#include "cli/show.hpp"
#include "cli/table.hpp"

namespace podbgp::cli {

namespace {

constexpr int kMaxNotes = 20;

template <class List>
std::string joined(const List& list, const char* separator) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : separator) + item;
  return out;
}

Table::Cell kernel_cell(const v1::KernelState& kernel) {
  switch (kernel.state()) {
    case v1::KernelState::STATE_INSTALLED: return {kernel.blackhole() ? "blackhole" : "installed", Colour::Good};
    case v1::KernelState::STATE_PENDING: return {"pending", Colour::Faint};
    case v1::KernelState::STATE_REFUSED: return {"refused", Colour::Bad};
    default: return {"-"};
  }
}

std::string kernel_next_hops(const v1::KernelState& kernel) {
  return kernel.blackhole() ? "blackhole" : joined(kernel.next_hops(), ",");
}

// As FRR marks them: > best, = shares its load, * could be.
std::string mark(const v1::Path& path) {
  return std::string(path.eligible() ? "*" : " ") + (path.best() ? ">" : path.multipath() ? "=" : " ");
}

std::string from(const v1::Path& path) {
  switch (path.source()) {
    case v1::ROUTE_SOURCE_API: return "api:" + path.owner();
    case v1::ROUTE_SOURCE_NETWORK: return "network";
    default: return path.peer();
  }
}

// The path and the origin behind it, as "65001 65002 i".
std::string as_path(const v1::PathAttributes& attributes) {
  const char* origin = attributes.origin() == v1::PathAttributes::ORIGIN_IGP   ? "i"
                       : attributes.origin() == v1::PathAttributes::ORIGIN_EGP ? "e"
                                                                               : "?";
  return attributes.as_path().empty() ? origin : attributes.as_path() + " " + origin;
}

std::string communities(const v1::PathAttributes& attributes) {
  std::string out = joined(attributes.communities(), " ");
  for (const auto& more : {joined(attributes.large_communities(), " "), joined(attributes.extended_communities(), " ")})
    if (!more.empty()) out += (out.empty() ? "" : " ") + more;
  return out;
}

template <class Message>
std::string number(bool has, const Message& value) {
  return has ? std::to_string(value) : "-";
}

std::string next_hop(const v1::PathAttributes& attributes) {
  return attributes.next_hop().empty() ? "self" : attributes.next_hop();
}

std::vector<Table::Cell> row(const v1::RibEntry& entry, const v1::Path& path, bool first, const Style& style) {
  const auto& attributes = path.attributes();
  std::vector<Table::Cell> cells{
      mark(path),
      entry.prefix(),
      next_hop(attributes),
      from(path),
      number(attributes.has_local_pref(), attributes.local_pref()),
      number(attributes.has_med(), attributes.med()),
      as_path(attributes),
      age(path.since(), path.has_since(), style.now),
      first ? kernel_cell(entry.kernel()) : Table::Cell("-"),
      communities(attributes),
  };
  if (style.wide()) {
    cells.emplace_back(path.reason_text().empty() ? path.reason() : path.reason_text());
    cells.emplace_back(attributes.originator_id());
    cells.emplace_back(joined(attributes.cluster_list(), ","));
  }
  return cells;
}

void note_refusals(std::ostream& out, const v1::ListPathsResponse& paths) {
  int notes = 0, more = 0;
  for (const auto& entry : paths.entries()) {
    if (entry.kernel().state() != v1::KernelState::STATE_REFUSED) continue;
    if (++notes <= kMaxNotes)
      out << fmt::format("{}: the kernel route was refused: {}\n", entry.prefix(), printable(entry.kernel().reason()));
    else
      ++more;
  }
  if (more > 0) out << fmt::format("and {} more\n", more);
}

void show_kernel(std::ostream& out, const Style& style, const v1::ListPathsResponse& paths) {
  Table table({{"NETWORK"}, {"NEXTHOP"}, {"FIB"}, {"REASON"}});
  for (const auto& entry : paths.entries())
    table.add({entry.prefix(), kernel_next_hops(entry.kernel()), kernel_cell(entry.kernel()), entry.kernel().reason()});
  table.print(out, style.headers, style.colour);
}

// As it was sent: neither our decision nor our kernel is in it. FROM is whose it is.
void show_advertised(std::ostream& out, const Style& style, const v1::ListPathsResponse& paths) {
  Table table({{"NETWORK"}, {"NEXTHOP"}, {"FROM"}, {"LOCPREF", true}, {"MED", true}, {"AS-PATH"}, {"COMMUNITIES"}});
  for (const auto& entry : paths.entries()) {
    for (const auto& path : entry.paths()) {
      const auto& attributes = path.attributes();
      table.add({entry.prefix(), next_hop(attributes), from(path),
                 number(attributes.has_local_pref(), attributes.local_pref()),
                 number(attributes.has_med(), attributes.med()), as_path(attributes), communities(attributes)});
    }
  }
  table.print(out, style.headers, style.colour);
}

}  // namespace

void show(std::ostream& out, const Style& style, const v1::ListPathsResponse& paths, View view) {
  if (view == View::Kernel) return show_kernel(out, style, paths);
  if (view == View::Advertised) return show_advertised(out, style, paths);
  std::vector<Table::Column> columns{{"*>"},        {"NETWORK"}, {"NEXTHOP"},   {"FROM"}, {"LOCPREF", true},
                                     {"MED", true}, {"AS-PATH"}, {"AGE", true}, {"FIB"},  {"COMMUNITIES"}};
  if (style.wide())
    for (const char* more : {"REASON", "ORIGINATOR", "CLUSTERS"}) columns.push_back({more});
  Table table(std::move(columns));
  for (const auto& entry : paths.entries())
    for (int i = 0; i < entry.paths_size(); ++i) table.add(row(entry, entry.paths(i), i == 0, style));
  table.print(out, style.headers, style.colour);
  if (style.headers) note_refusals(out, paths);
}

void show(std::ostream& out, const Style& style, const v1::ListRoutesResponse& routes) {
  Table table({{"OWNER"},
               {"NETWORK"},
               {"NEXTHOP"},
               {"LOCPREF", true},
               {"MED", true},
               {"INSTALL"},
               {"BEST"},
               {"FIB"},
               {"COMMUNITIES"}});
  for (const auto& owned : routes.routes()) {
    const auto& route = owned.route();
    std::string all = joined(route.communities(), " ");
    for (const auto& more : {joined(route.large_communities(), " "), joined(route.extended_communities(), " ")})
      if (!more.empty()) all += (all.empty() ? "" : " ") + more;
    table.add({owned.owner(), route.prefix(), route.next_hop().empty() ? "self" : route.next_hop(),
               number(route.has_local_pref(), route.local_pref()), number(route.has_med(), route.med()),
               route.install() == v1::Route::INSTALL_NONE ? "none" : "blackhole", owned.best() ? "yes" : "no",
               kernel_cell(owned.kernel()), all});
  }
  table.print(out, style.headers, style.colour);
}

void show_change(std::ostream& out, const Style& style, const v1::WatchRoutesResponse& change) {
  if (!change.reset_reason().empty())
    out << coloured(fmt::format("-- from the start again: {} --", printable(change.reset_reason())), Colour::Faint,
                    style.colour)
        << '\n';
  if (change.snapshot_end())
    out << coloured(fmt::format("-- all of them at revision {}; changes follow --", change.revision()), Colour::Faint,
                    style.colour)
        << '\n';
  for (const auto& c : change.changes()) {
    const auto& entry = c.entry();
    if (c.removed()) {
      out << coloured("- " + entry.prefix(), Colour::Bad, style.colour) << '\n';
      continue;
    }
    for (const auto& path : entry.paths()) {
      out << coloured(fmt::format("+ {}", entry.prefix()), Colour::Good, style.colour)
          << fmt::format(" {} via {} from {} path {}", mark(path), next_hop(path.attributes()), printable(from(path)),
                         as_path(path.attributes()));
      if (const auto all = communities(path.attributes()); !all.empty()) out << " communities " << all;
      if (style.wide()) out << "  " << printable(path.reason());
      out << '\n';
    }
  }
  out.flush();
}

}  // namespace podbgp::cli

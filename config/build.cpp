#include "config/build.hpp"

#include <algorithm>

#include "config/scalars.hpp"
#include "net/martian.hpp"

namespace podbgp::config {

namespace {

Router build_router(const Node* node, Report& report) {
  Router router;
  router.listen = {{net::IpAddress::v4(0u), 179}, {*net::IpAddress::parse("::"), 179}};
  if (const auto asn = value_of<std::int64_t>(find(node, "asn")))
    router.asn = net::Asn(static_cast<std::uint32_t>(*asn));
  if (router.asn == net::kAsTrans)
    report.error(*find(node, "asn"), "AS 23456 is AS_TRANS (RFC 6793) and belongs to nobody",
                 "write your own AS number");
  router.id = value_of<net::RouterId>(find(node, "id"));
  router.cluster_id = value_of<net::RouterId>(find(node, "cluster_id"));
  if (const auto* listen = find(node, "listen"); listen != nullptr && listen->kind == Node::Kind::List) {
    router.listen.clear();
    for (const auto* item : items_of(listen))
      if (const auto value = value_of<Listen>(item)) router.listen.push_back(*value);
  }
  return router;
}

rib::LocalRoute build_network(const Node& node, Report& report) {
  rib::LocalRoute route;
  route.source = rib::RouteSource::Network;
  route.blackhole = false;
  read<net::Prefix>(node.find("prefix"), route.prefix);
  read<bool>(node.find("blackhole"), route.blackhole);
  route.next_hop = value_of<net::IpAddress>(node.find("next_hop"));
  if (const auto value = value_of<std::int64_t>(node.find("med"))) route.med = static_cast<std::uint32_t>(*value);
  if (const auto value = value_of<std::int64_t>(node.find("local_pref")))
    route.local_pref = static_cast<std::uint32_t>(*value);
  for (const auto* item : items_of(node.find("communities"))) {
    const auto value = value_of<rib::AnyCommunity>(item);
    if (!value) continue;
    if (const auto* c = std::get_if<wire::Community>(&*value)) route.communities.push_back(*c);
    if (const auto* c = std::get_if<wire::ExtendedCommunity>(&*value)) route.extended_communities.push_back(*c);
    if (const auto* c = std::get_if<wire::LargeCommunity>(&*value)) route.large_communities.push_back(*c);
  }
  std::ranges::sort(route.communities);
  std::ranges::sort(route.extended_communities);
  std::ranges::sort(route.large_communities);
  const auto* prefix = node.find("prefix");
  if (!value_of<net::Prefix>(prefix)) return route;
  if (const auto* name = net::martian(route.prefix))
    report.error(*prefix, fmt::format("{} is {} address space and cannot be announced", route.prefix, name),
                 "announce unicast prefixes");
  if (route.next_hop && route.next_hop->family() != route.prefix.family())
    report.error(*node.find("next_hop"),
                 fmt::format("next hop {} and prefix {} are of different families", *route.next_hop, route.prefix),
                 "write an address of the same family");
  return route;
}

void build_networks(const Node& file, Report& report, std::vector<rib::LocalRoute>& networks) {
  std::vector<const Node*> nodes;
  for (const auto* node : items_of(file.find("networks"))) {
    if (node->kind != Node::Kind::Map) continue;
    auto route = build_network(*node, report);
    if (!value_of<net::Prefix>(node->find("prefix"))) continue;
    for (std::size_t i = 0; i < networks.size(); ++i)
      if (networks[i].prefix == route.prefix) {
        report.error(*node->find("prefix"),
                     fmt::format("network {} is already given in line {}", route.prefix, nodes[i]->place.line),
                     "remove one");
        break;
      }
    networks.push_back(std::move(route));
    nodes.push_back(node);
  }
}

fib::Settings build_fib(const Node* node, Report& report) {
  fib::Settings fib;
  read<bool>(find(node, "install"), fib.install);
  const auto *table = find(node, "table"), *protocol = find(node, "protocol");
  read<std::int64_t>(table, fib.table);
  if (fib.table == 255 || fib.table == 253)
    report.error(*table, fmt::format("table {} belongs to the kernel", fib.table),
                 "write main, or a number of your own from 1 to 252 or above 255");
  read<std::int64_t>(protocol, fib.protocol);
  static constexpr std::pair<int, std::string_view> kForeign[] = {{11, "zebra"},  {12, "BIRD"}, {16, "DHCP clients"},
                                                                  {42, "babeld"}, {186, "FRR"}, {187, "FRR"},
                                                                  {188, "FRR"},   {189, "FRR"}, {192, "FRR"}};
  for (const auto& [number, owner] : kForeign)
    if (fib.protocol == number)
      report.warning(*protocol,
                     fmt::format("protocol {} is that of {}, which may delete or take over our routes", number, owner),
                     "leave it at 179");
  read<std::int64_t>(find(node, "metric", "ipv4"), fib.metric_v4);
  read<std::int64_t>(find(node, "metric", "ipv6"), fib.metric_v6);
  if (const auto* metric = find(node, "metric", "ipv6"); metric != nullptr && fib.metric_v6 <= 256)
    report.warning(*metric,
                   fmt::format("IPv6 metric {} wins over connected routes (256): a blackhole would cut off local pods",
                               fib.metric_v6),
                   "write more than 1024");
  read<std::int64_t>(find(node, "multipath"), fib.multipath);
  read<bool>(find(node, "nexthop_objects"), fib.nexthop_objects);
  fib.remove_on_stop = value_of<std::string>(find(node, "on_stop")) == "remove";
  read_seconds(find(node, "sweep_after"), fib.sweep_after);
  return fib;
}

void build_services(const Node& file, Config& config) {
  read<std::string>(find(&file, "api", "unix"), config.api.unix_path);
  read<std::int64_t>(find(&file, "api", "mode"), config.api.mode);
  read<std::string>(find(&file, "api", "group"), config.api.group);
  const auto* listen = find(&file, "metrics", "listen");
  if (const auto value = value_of<Listen>(listen)) config.metrics = *value;
  if (value_of<std::string>(listen)) config.metrics.reset();
  if (const auto word = value_of<std::string>(find(&file, "log", "level")))
    config.log.level = *word == "debug"   ? Log::Level::Debug
                       : *word == "info"  ? Log::Level::Info
                       : *word == "error" ? Log::Level::Error
                                          : Log::Level::Warning;
  if (value_of<std::string>(find(&file, "log", "format")) == "json") config.log.format = Log::Format::Json;
  read<std::string>(file.find("state_dir"), config.state_dir);
}

// What only the whole file shows.
void check_together(const Node& file, const Config& config, Report& report) {
  const auto* metrics = find(&file, "metrics", "listen");
  if (metrics != nullptr && config.metrics &&
      std::ranges::find(config.router.listen, *config.metrics) != config.router.listen.end())
    report.error(*metrics, fmt::format("{} is used by 'router.listen' already", to_string(*config.metrics)),
                 "use another port");
  if (!config.fib.install)
    for (const auto* node : items_of(file.find("networks")))
      if (value_of<bool>(node->find("blackhole")) == true)
        report.warning(*node->find("blackhole"), "no blackhole is written with 'fib: { install: off }'", "remove it");
}

}  // namespace

void read_seconds(const Node* node, std::chrono::seconds& into) {
  if (const auto value = value_of<std::chrono::milliseconds>(node))
    into = std::chrono::duration_cast<std::chrono::seconds>(*value);
}

std::vector<const Node*> items_of(const Node* node) {
  std::vector<const Node*> out;
  if (node == nullptr) return out;
  if (node->kind == Node::Kind::Scalar) out.push_back(node);
  if (node->kind == Node::Kind::List)
    for (const auto& item : node->items) out.push_back(&item);
  return out;
}

Config build(const Node& file, Report& report) {
  Config config;
  config.router = build_router(file.find("router"), report);
  PolicyBook book(file, report);
  build_peers(file, config.router, book, report, config.peers);
  book.finish(config.peers);
  config.policies = book.policies();
  build_networks(file, report, config.networks);
  config.fib = build_fib(file.find("fib"), report);
  build_services(file, config);
  check_together(file, config, report);
  if (config.router.id) set_router_id(config, *config.router.id);
  return config;
}

}  // namespace podbgp::config

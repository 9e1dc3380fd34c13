// `groups:` and `peers:`. A key of a peer hides that of its group; records inside (timers, max_prefixes) are joined key
// by key.
#include <algorithm>
#include <set>

#include "config/build.hpp"
#include "config/check.hpp"
#include "config/scalars.hpp"
#include "config/shape.hpp"
#include "config/suggest.hpp"

namespace podbgp::config {

namespace {

using std::chrono::seconds;

class PeerBuilder {
 public:
  PeerBuilder(const Node& own, const Node* group, const Router& router, PolicyBook& book, Report& report)
      : own_(own), group_(group), router_(router), book_(book), report_(report) {}

  [[nodiscard]] Peer build() {
    identity();
    session();
    timers();
    transport();
    routes();
    return std::move(peer_);
  }

 private:
  // Of the peer, else of its group. Passwords are one thing: file and env never mix across the two.
  template <class... Keys>
  [[nodiscard]] const Node* get(Keys... keys) const {
    const auto* node = find(&own_, keys...);
    return node != nullptr ? node : find(group_, keys...);
  }
  [[nodiscard]] bool known_kind() const { return router_.asn.value() != 0 && peer_.session.peer_asn.value() != 0; }
  [[nodiscard]] bool external() const { return known_kind() && peer_.session.external(); }
  [[nodiscard]] bool internal() const { return known_kind() && !peer_.session.external(); }

  // The group named does not exist, which was reported: what it would have said is unknown.
  [[nodiscard]] bool group_is_lost() const { return group_ == nullptr && own_.find("group") != nullptr; }

  [[nodiscard]] bool asn_is_misspelt() const {
    const auto& shape = *file_shape().find("peers")->shape->element;
    return excused("asn", shape, own_) || (group_ != nullptr && excused("asn", shape, *group_));
  }

  void identity() {
    if (const auto address = value_of<net::IpAddress>(own_.find("address"))) {
      peer_.endpoint.address = *address;
      has_address_ = true;
      check_address(*address);
    }
    read<std::string>(own_.find("interface"), peer_.endpoint.interface);
    peer_.name =
        value_of<std::string>(own_.find("name")).value_or(has_address_ ? net::to_string(peer_.endpoint.address) : "");
    if (own_.find("address") == nullptr && own_.find("interface") != nullptr)
      report_.error(*own_.find("interface"), "a session by interface alone (unnumbered) is not in this version",
                    "add 'address: …', e.g. the peer's link-local address");
    read<std::string>(own_.find("description"), peer_.description);
    read<std::string>(own_.find("group"), peer_.group);
    peer_.session.local_asn = router_.asn;
    const auto* asn = get("asn");
    if (const auto value = value_of<std::int64_t>(asn)) {
      peer_.session.peer_asn = net::Asn(static_cast<std::uint32_t>(*value));
    } else if (asn == nullptr && !asn_is_misspelt() && !group_is_lost()) {
      report_.error(own_, "'asn' is missing",
                    group_ == nullptr ? "add 'asn: …', or a group that has it"
                                      : fmt::format("add it here or to group '{}'", peer_.group));
    }
    if (peer_.session.peer_asn == net::kAsTrans)
      report_.error(*asn, "AS 23456 is AS_TRANS (RFC 6793) and belongs to nobody", "write the peer's real AS number");
    read<bool>(get("enabled"), peer_.enabled);
    peer_.session.admin_down = !peer_.enabled;
    read<std::string>(get("shutdown_text"), peer_.session.shutdown_text);
  }

  void check_address(const net::IpAddress& address) {
    const auto& node = *own_.find("address");
    if (address.is_unspecified() || address.is_multicast())
      report_.error(node, fmt::format("{} cannot be the address of a peer", address), "write the peer's own address");
    const auto* interface = own_.find("interface");
    const bool link_local = address.is_v6() && address.is_link_local();
    if (link_local && interface == nullptr)
      report_.error(node, fmt::format("{} is link-local and means nothing without its link", address),
                    "add 'interface: NAME'");
    if (!link_local && interface != nullptr)
      report_.error(*interface, fmt::format("'interface' is only for link-local addresses, and {} is none", address),
                    "remove it");
  }

  void session() {
    auto& families = peer_.session.families;
    families = {peer_.endpoint.address.family()};
    const auto* list = get("families");
    if (list != nullptr) {
      families = {};
      for (const auto* item : items_of(list))
        if (const auto word = value_of<std::string>(item))
          families.insert(*word == "ipv4" ? net::Family::Ipv4Unicast : net::Family::Ipv6Unicast);
    }
    read<bool>(get("passive"), peer_.session.passive);
    if (peer_.session.passive) check_passive(*get("passive"));
    check_families(list);
  }

  void check_passive(const Node& node) {
    if (!has_address_ || router_.asn.value() == 0) return;
    const auto family = peer_.endpoint.address.family();
    const bool heard =
        std::ranges::any_of(router_.listen, [&](const Listen& l) { return l.address.family() == family; });
    if (!heard)
      report_.error(node,
                    fmt::format("peer '{}' can never come up: it is passive, and nothing listens for {}", peer_.name,
                                net::to_string(family)),
                    fmt::format("add \"{}\" to 'router.listen', or remove 'passive'",
                                family == net::Family::Ipv4Unicast ? "0.0.0.0:179" : "[::]:179"));
  }

  // IPv4 routes over an IPv6 session would need next hops of the other family (RFC 8950).
  void check_families(const Node* list) {
    const auto& families = peer_.session.families;
    if (list == nullptr || !has_address_ || families.empty()) return;
    if (peer_.endpoint.address.is_v4() || !families.contains(net::Family::Ipv4Unicast)) return;
    const auto hop = value_of<net::IpAddress>(get("next_hop"));
    if (hop && hop->is_v4()) return;
    if (!families.contains(net::Family::Ipv6Unicast))
      return report_.error(
          *list,
          fmt::format("IPv4 routes over a session with {} need next hops of RFC 8950, which are not in this version",
                      peer_.endpoint.address),
          "add ipv6, set 'next_hop' to an IPv4 address, or peer over IPv4");
    report_.warning(*list,
                    fmt::format("peer '{}' gets no IPv4 routes with us as next hop over its IPv6 session", peer_.name),
                    "set 'next_hop' to an IPv4 address, or peer over IPv4 with both families");
  }

  void timers() {
    auto& s = peer_.session;
    const auto *hold = get("timers", "hold"), *keepalive = get("timers", "keepalive"),
               *send_hold = get("timers", "send_hold");
    read_seconds(hold, s.hold_time);
    if (s.hold_time == seconds(1) || s.hold_time == seconds(2))
      report_.error(*hold, fmt::format("hold time {} is not possible (RFC 4271 §4.2)", to_string(s.hold_time)),
                    "write 0 or at least 3s");
    s.keepalive = s.hold_time == seconds(0) ? seconds(0) : std::max(seconds(1), s.hold_time / 3);
    read_seconds(keepalive, s.keepalive);
    if (keepalive != nullptr) check_keepalive(*keepalive);
    read_seconds(get("timers", "connect_retry"), s.connect_retry);
    const auto* longest = get("timers", "connect_retry_max");
    if (longest == nullptr) s.connect_retry_max = std::max(s.connect_retry_max, s.connect_retry);
    read_seconds(longest, s.connect_retry_max);
    if (s.connect_retry_max < s.connect_retry)
      report_.error(*longest,
                    fmt::format("connect_retry_max {} is below connect_retry {}", to_string(s.connect_retry_max),
                                to_string(s.connect_retry)),
                    "swap the two");
    read_seconds(get("timers", "open_hold"), s.open_hold_time);
    if (const auto value = value_of<std::chrono::milliseconds>(send_hold)) {
      s.send_hold_time = std::chrono::duration_cast<seconds>(*value);
      if (*s.send_hold_time != seconds(0) && *s.send_hold_time <= s.hold_time)
        report_.error(*send_hold,
                      fmt::format("send_hold {} is not above hold {} (RFC 9687)", to_string(*s.send_hold_time),
                                  to_string(s.hold_time)),
                      "write 0, or more than the hold time");
    }
  }

  void check_keepalive(const Node& node) {
    const auto& s = peer_.session;
    const auto* hold = get("timers", "hold");
    if (!value_of<std::chrono::milliseconds>(&node) || (hold != nullptr && !value_of<std::chrono::milliseconds>(hold)))
      return;
    if (s.hold_time == seconds(0) && s.keepalive != seconds(0))
      report_.error(node, "with 'hold: 0' there are no keepalives", "remove 'keepalive'");
    if (s.hold_time == seconds(0)) return;
    if (s.keepalive == seconds(0))
      return report_.error(node, fmt::format("without keepalives a hold time of {} expires", to_string(s.hold_time)),
                           "write 'hold: 0' as well, or a third of the hold time");
    if (s.keepalive > s.hold_time)
      return report_.error(
          node, fmt::format("keepalive {} is above hold {}", to_string(s.keepalive), to_string(s.hold_time)),
          fmt::format("write {} (a third), or leave it out", to_string(std::max(seconds(1), s.hold_time / 3))));
    if (s.keepalive > s.hold_time / 3)
      report_.warning(node, fmt::format("keepalive {} is more than a third of hold {}; {} is used",
                                        to_string(s.keepalive), to_string(s.hold_time), to_string(s.hold_time / 3)));
  }

  void transport() {
    auto& e = peer_.endpoint;
    read<std::int64_t>(get("port"), e.port);
    const auto* local = get("local_address");
    e.local_address = value_of<net::IpAddress>(local);
    if (e.local_address && has_address_) {
      if (e.local_address->family() != e.address.family())
        report_.error(*local,
                      fmt::format("local_address {} and the peer's address {} are of different families",
                                  *e.local_address, e.address),
                      "write an address of the same family");
      if (*e.local_address == e.address)
        report_.error(*local, fmt::format("local_address {} is the peer's own address", e.address),
                      "write our address");
    }
    e.ttl = internal() ? 255 : 1;
    const auto *security = get("ttl_security"), *multihop = get("multihop");
    if (const auto hops = value_of<std::int64_t>(security)) {
      e.ttl_security_hops = static_cast<unsigned>(*hops);
      e.ttl = 255;
    }
    if (const auto ttl = value_of<std::int64_t>(multihop)) {
      if (security != nullptr) {
        report_.error(*multihop, "'multihop' and 'ttl_security' exclude each other",
                      "keep 'ttl_security: HOPS', it reaches as far");
      } else if (internal()) {
        report_.warning(*multihop, "'multihop' has no effect on iBGP, which always sends TTL 255", "remove it");
      } else {
        e.ttl = static_cast<unsigned>(*ttl);
      }
    }
    fast_fallover();
    password();
  }

  void fast_fallover() {
    const auto* node = get("fast_fallover");
    read<bool>(node, peer_.fast_fallover);
    if (own_.find("fast_fallover") == nullptr || !peer_.fast_fallover || !known_kind() || peer_.falls_over()) return;
    report_.warning(*node, "'fast_fallover' has no effect: it is for eBGP peers on the link", "remove it");
  }

  void password() {
    const auto* node = get("password");
    if (node == nullptr || node->kind != Node::Kind::Map) return;
    const auto file = value_of<std::string>(node->find("file")), variable = value_of<std::string>(node->find("env"));
    if (node->find("file") != nullptr && node->find("env") != nullptr)
      return report_.error(*node, "a password comes from a file or from the environment, not from both", "remove one");
    if (node->keys.empty())
      return report_.error(*node, "the password has no source", "add 'file: /etc/podbgp/NAME.key' or 'env: NAME'");
    if (file) peer_.password = SecretSource{SecretSource::Kind::File, *file};
    if (variable) peer_.password = SecretSource{SecretSource::Kind::Environment, *variable};
  }

  void routes() {
    auto& r = peer_.rib;
    r.name = peer_.name;
    r.address = peer_.endpoint.address;
    r.interface = peer_.endpoint.interface;
    r.on_link = peer_.on_link();
    r.local_asn = peer_.session.local_asn;
    r.peer_asn = peer_.session.peer_asn;
    read<bool>(get("reflector_client"), r.reflector_client);
    if (r.reflector_client && external())
      report_.error(*get("reflector_client"),
                    fmt::format("peer '{}' is eBGP and cannot be a client of a reflector", peer_.name),
                    "remove it (reflection is between peers of one AS, RFC 4456)");
    read<std::int64_t>(get("allow_own_as"), r.allow_own_as);
    next_hop();
    max_prefixes();
    if (const auto* names = get("import")) r.import = book_.import_chain(*names);
    if (const auto* names = get("export")) r.export_ = book_.chain(*names);
    if (!external() || group_is_lost()) return;
    const auto missing = get("import") == nullptr ? (get("export") == nullptr ? "import and export" : "import")
                                                  : (get("export") == nullptr ? "export" : "");
    const std::string_view what = get("import") == nullptr
                                      ? (get("export") == nullptr ? "exchanges nothing" : "takes no routes from it")
                                      : "sends it no routes";
    if (*missing != '\0')
      report_.warning(
          own_, fmt::format("peer '{}' is eBGP without {} policy: podbgp {} (RFC 8212)", peer_.name, missing, what),
          fmt::format("add '{}: [accept-all]' or a policy of yours",
                      get("import") == nullptr ? (get("export") == nullptr ? "import: [accept-all], export" : "import")
                                               : "export"));
  }

  void next_hop() {
    const auto* node = get("next_hop");
    if (const auto address = value_of<net::IpAddress>(node)) {
      peer_.rib.next_hop = *address;
      if (!peer_.session.families.contains(address->family()) && (has_address_ || get("families") != nullptr))
        report_.error(*node, fmt::format("next_hop {} is of no family of peer '{}'", *address, peer_.name),
                      fmt::format("add {} to 'families', or write an address of the other family",
                                  net::to_string(address->family())));
      if (address->is_unspecified() || address->is_multicast())
        report_.error(*node, fmt::format("{} cannot be a next hop", *address), "write an address of a router");
    } else if (value_of<std::string>(node)) {
      peer_.rib.next_hop = rib::NextHopSelf{};
    }
  }

  void max_prefixes() {
    using Action = rib::MaxPrefixes::Action;
    const auto* node = get("max_prefixes");
    if (node == nullptr || node->kind != Node::Kind::Map) return;
    auto& limits = peer_.rib.max_prefixes;
    const auto *received = get("max_prefixes", "received"), *after = get("max_prefixes", "restart_after");
    read<std::int64_t>(received, limits.received);
    if (received == nullptr) report_.error(*node, "'received' is missing", "add e.g. 'received: 1000'");
    if (const auto word = value_of<std::string>(get("max_prefixes", "action")))
      limits.action = *word == "restart" ? Action::Restart : *word == "disable" ? Action::Disable : Action::Warn;
    read_seconds(after, limits.restart_after);
    if (after != nullptr && limits.action != Action::Restart)
      report_.error(*after, "'restart_after' goes only with 'action: restart'", "remove it");
  }

  const Node& own_;
  const Node* group_;
  const Router& router_;
  PolicyBook& book_;
  Report& report_;
  Peer peer_;
  bool has_address_ = false;
};

// Two peers with one name or one address.
void check_unique(const std::vector<const Node*>& nodes, const std::vector<Peer>& peers, Report& report) {
  for (std::size_t i = 0; i < peers.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto& a = peers[j];
      const auto& b = peers[i];
      const auto* address = nodes[i]->find("address");
      const bool both = value_of<net::IpAddress>(address) && value_of<net::IpAddress>(nodes[j]->find("address"));
      if (both && a.endpoint.address == b.endpoint.address && a.endpoint.interface == b.endpoint.interface) {
        report.error(*address,
                     fmt::format("peer '{}' in line {} has this address already", a.name, nodes[j]->place.line),
                     "one session per address; carry both families in it");
        break;
      }
      if (!b.name.empty() && a.name == b.name) {
        const auto* name = nodes[i]->find("name");
        report.error(name != nullptr ? *name : *nodes[i],
                     fmt::format("the name '{}' is taken in line {}", b.name, nodes[j]->place.line),
                     "give each peer its own name");
        break;
      }
    }
}

}  // namespace

void build_peers(const Node& file, const Router& router, PolicyBook& book, Report& report, std::vector<Peer>& peers) {
  const auto* list = file.find("peers");
  const auto* groups = file.find("groups");
  std::vector<std::string_view> known;
  if (groups != nullptr)
    for (const auto& key : groups->keys) known.push_back(key.text);
  std::set<std::string_view> used;
  std::vector<const Node*> nodes;
  for (const auto* node : items_of(list)) {
    if (node->kind != Node::Kind::Map) continue;
    const Node* group = nullptr;
    if (const auto* name = node->find("group"); value_of<std::string>(name)) {
      group = find(groups, name->text);
      used.insert(name->text);
      if (group == nullptr)
        report.error(*name, fmt::format("there is no group '{}'", name->text), suggestion(name->text, known));
      if (group != nullptr && group->kind != Node::Kind::Map) group = nullptr;
    }
    peers.push_back(PeerBuilder(*node, group, router, book, report).build());
    nodes.push_back(node);
  }
  check_unique(nodes, peers, report);
  if (groups == nullptr || groups->kind != Node::Kind::Map || report.has_errors()) return;
  for (std::size_t i = 0; i < groups->keys.size(); ++i) {
    if (used.contains(groups->keys[i].text)) continue;
    report.warning(groups->keys[i], fmt::format("no peer is in group '{}'", groups->keys[i].text));
    for (const auto* side : {"import", "export"})  // its policies are not unused for that
      if (const auto* names = find(&groups->items[i], side)) static_cast<void>(book.chain(*names));
  }
}

}  // namespace podbgp::config

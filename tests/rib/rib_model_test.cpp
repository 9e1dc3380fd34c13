// Random lives of a Rib against a naive one: a map of vectors, decided from scratch, without indices, flags or slices.
// Whatever the order of events and however the work is cut, both must agree whenever the Rib has come to rest.
#include "tests/rib/rib_support.hpp"

namespace podbgp::rib::test {
namespace {

using Family = net::Family;

struct ModelPath {
  net::PeerId peer = kLocal;
  std::uint32_t path_id = 0;  // owner for local ones
  wire::AttributeSet received;
  bool blackhole = false;
  static constexpr net::PeerId kLocal{0xfffe};
};

enum class Import { Accept, None, OnlyEven, Prefer, RejectLong };

struct ModelPeer {
  bool external = true;
  bool up = false;
  bool add_path = false;
  bool sink = false;
  Import import = Import::Accept;
  unsigned number = 0;
};

PolicyChain chain_of(Import import) {
  auto chain = accept_all();
  auto& statement = chain[0].statements[0];
  switch (import) {
    case Import::OnlyEven:
      statement.match.prefix = std::vector<PrefixRange>{};
      for (std::uint32_t i = 0; i < 32; i += 2) {
        statement.match.prefix->push_back({net::Prefix::make(net::IpAddress::v4(0x0a000000u + (i << 8)), 24), 24, 24});
      }
      break;
    case Import::Prefer: statement.set.local_pref = 150; break;
    case Import::RejectLong: statement.match.as_path = AsPathMatch{.max_length = 2}; break;
    case Import::Accept:
    case Import::None: break;
  }
  return chain;
}

std::optional<wire::AttributeSet> apply(Import import, const ModelPeer& peer, const net::Prefix& prefix,
                                        wire::AttributeSet set) {
  switch (import) {
    case Import::None: return peer.external ? std::nullopt : std::optional(set);
    case Import::OnlyEven:
      if (prefix.family() != Family::Ipv4Unicast || (prefix.address().v4_value() >> 8) % 2 != 0) return std::nullopt;
      return set;
    case Import::Prefer: set.local_pref = 150; return set;
    case Import::RejectLong: return set.as_path.length() <= 2 ? std::optional(set) : std::nullopt;
    case Import::Accept: return set;
  }
  return set;
}

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), b_(router(true)) {
    for (unsigned i = 0; i < 7; ++i) {
      ModelPeer peer{.external = i != 3 && i != 4, .add_path = i == 2 || i == 4, .sink = i >= 5, .number = i + 1};
      const auto id = b_.add(peer.number, {.external = peer.external});
      EXPECT_EQ(id.value(), i);
      peers_.push_back(peer);
    }
    for (unsigned i = 5; i < 7; ++i) go_up(i);
    reader_ = b_.rib.open_reader(true);
    any_ = b_.rib.open_reader(false);
    for (std::uint32_t i = 0; i < 24; ++i)
      prefixes_.push_back(net::Prefix::make(net::IpAddress::v4(0x0a000000u + (i << 8)), 24));
    for (std::uint8_t i = 0; i < 8; ++i) prefixes_.push_back(P(fmt::format("2001:db8:{:x}::/48", i)));
  }

  void step() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5: announce(); break;
      case 6:
      case 7:
      case 8: withdraw(); break;
      case 9: flap(); break;
      case 10: change_policy(); break;
      case 11: next_hop(); break;
      case 12: local(); break;
      case 13: (void)b_.rib.run(1 + below(5)); break;
      case 14: read(*reader_, best_seen_); break;
      case 15: b_.drain(); break;
    }
    tell_next_hops();
  }

  void check() {
    do {
      b_.settle(1 + below(40));
    } while (tell_next_hops());
    read(*reader_, best_seen_);
    read(*any_, any_seen_);
    std::map<std::uint16_t, std::array<PeerFamilyCounters, 2>> counters;
    std::array<std::uint64_t, 2> prefixes{}, paths{};
    for (const auto& prefix : prefixes_) {
      SCOPED_TRACE(to_string(prefix));
      check_prefix(prefix, counters);
      const auto f = net::index(prefix.family());
      prefixes[f] += table_[prefix].empty() ? 0 : 1;
      paths[f] += table_[prefix].size();
    }
    EXPECT_EQ(b_.rib.counters().prefixes, prefixes);
    EXPECT_EQ(b_.rib.counters().paths, paths);
    for (std::uint16_t i = 0; i < peers_.size(); ++i) {
      const auto got = b_.rib.counters(net::PeerId{i});
      for (std::size_t f = 0; f < 2; ++f) {
        EXPECT_EQ(got.family[f].received, counters[i][f].received) << "peer " << i;
        EXPECT_EQ(got.family[f].accepted, counters[i][f].accepted) << "peer " << i;
        EXPECT_EQ(got.family[f].best, counters[i][f].best) << "peer " << i;
      }
    }
    check_memory();
  }

  // When everything is withdrawn nothing may be left: no attribute set, no next hop, no tombstone.
  void check_empty() {
    for (unsigned i = 0; i < peers_.size(); ++i) {
      if (peers_[i].up) go_down(i);
    }
    for (const auto& prefix : prefixes_) {
      for (std::uint16_t owner = 0; owner < 3; ++owner) (void)b_.rib.withdraw(owner, prefix);
      table_[prefix].clear();
    }
    check();
    b_.settle();
    tell_next_hops();
    EXPECT_EQ(b_.rib.counters().attribute_sets, 0u);
    EXPECT_TRUE(tracked_.empty());
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  unsigned some_source() { return static_cast<unsigned>(below(5)); }
  const net::Prefix& some_prefix() { return prefixes_[below(prefixes_.size())]; }

  void go_up(unsigned i) {
    b_.up(net::PeerId{static_cast<std::uint16_t>(i)}, peers_[i].add_path);
    peers_[i].up = true;
  }
  void go_down(unsigned i) {
    const net::PeerId id{static_cast<std::uint16_t>(i)};
    b_.rib.peer_down(id);
    b_.held.erase(id.value());
    peers_[i].up = false;
    for (auto& [prefix, paths] : table_) std::erase_if(paths, [&](const ModelPath& p) { return p.peer == id; });
  }

  wire::AttributeSet some_attributes(const ModelPeer& peer, Family family) {
    std::vector<std::uint32_t> asns;
    if (peer.external) asns.push_back(65100 + peer.number);
    static constexpr std::array<std::uint32_t, 4> kOthers{65201, 65202, 65203, 65000};
    const auto more = below(3);
    for (std::uint64_t i = 0; i < more; ++i) asns.push_back(kOthers[below(i == 1 ? 4 : 3)]);
    wire::AttributeSet set;
    if (!asns.empty()) set.as_path.segments.push_back({wire::AsSegment::Type::Sequence, {}});
    for (const auto asn : asns) set.as_path.segments[0].asns.emplace_back(asn);
    set.origin = static_cast<wire::Origin>(below(6) == 0 ? 2 : 0);
    if (below(2) == 0) set.med = static_cast<std::uint32_t>(below(3) * 10);
    const auto hop = below(4);
    set.next_hop =
        family == Family::Ipv4Unicast ? A(fmt::format("10.1.0.{}", hop)) : A(fmt::format("2001:db8:f::{}", hop + 1));
    if (!peer.external) {
      set.local_pref = static_cast<std::uint32_t>(below(3) == 0 ? 200 : 100);
      if (below(3) == 0) set.originator_id = net::RouterId{static_cast<std::uint32_t>(0x01000000 + below(3))};
      for (auto n = below(3); n > 0; --n) set.cluster_list.emplace_back(static_cast<std::uint32_t>(100 + n));
      if (below(20) == 0) set.cluster_list.emplace_back(0x0a000001u);
    }
    return set;
  }

  void announce() {
    const auto i = some_source();
    if (!peers_[i].up) return;
    const auto family = below(4) == 0 ? Family::Ipv6Unicast : Family::Ipv4Unicast;
    const auto set = some_attributes(peers_[i], family);
    Bench::Ids ids;
    for (auto n = 1 + below(5); n > 0; --n) {
      const auto& prefix = some_prefix();
      if (prefix.family() == family)
        ids.emplace_back(prefix, peers_[i].add_path ? static_cast<std::uint32_t>(below(3)) : 0);
    }
    const net::PeerId peer{static_cast<std::uint16_t>(i)};
    b_.announce(peer, set, ids);
    for (const auto& [prefix, id] : ids) {
      take_out(prefix, peer, id);
      table_[prefix].push_back({.peer = peer, .path_id = id, .received = set});
      b_.history.push_back(
          fmt::format("peer {} says {} [{}] via {} id {}", peer, prefix, to_string(set.as_path), set.next_hop, id));
    }
  }
  bool take_out(const net::Prefix& prefix, net::PeerId peer, std::uint32_t id) {
    return std::erase_if(table_[prefix], [&](const ModelPath& p) { return p.peer == peer && p.path_id == id; }) > 0;
  }
  void withdraw() {
    const auto i = some_source();
    if (!peers_[i].up) return;
    const net::PeerId peer{static_cast<std::uint16_t>(i)};
    const auto& prefix = some_prefix();
    const auto id = peers_[i].add_path ? static_cast<std::uint32_t>(below(3)) : 0;
    b_.withdraw(peer, Bench::Ids{{prefix, id}});
    take_out(prefix, peer, id);
  }
  void flap() {
    const auto i = static_cast<unsigned>(below(peers_.size()));
    if (peers_[i].up) {
      go_down(i);
      if (below(2) == 0) go_up(i);
    } else {
      go_up(i);
    }
  }
  void change_policy() {
    const auto i = some_source();
    peers_[i].import = static_cast<Import>(below(5));
    PeerOptions options{.external = peers_[i].external};
    options.import = peers_[i].import == Import::None ? std::nullopt : std::optional(chain_of(peers_[i].import));
    b_.rib.update_peer(net::PeerId{static_cast<std::uint16_t>(i)}, b_.settings(peers_[i].number, options));
  }
  void next_hop() {
    if (tracked_.empty()) return;
    auto at = tracked_.begin();
    std::advance(at, below(tracked_.size()));
    at->second = below(3) == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(below(2) * 5));
    tell(at->first, at->second);
  }
  void tell(const net::IpAddress& gateway, std::optional<std::uint32_t> metric) {
    b_.rib.next_hop_changed(gateway, "", metric.has_value(), metric.value_or(0), metric ? "" : "down");
  }
  // The FIB of this test: answers what it is asked. True: something was asked.
  bool tell_next_hops() {
    const auto effects = b_.rib.take_effects();
    for (const auto& gone : effects.untrack_next_hops) EXPECT_EQ(tracked_.erase(gone), 1u) << to_string(gone);
    for (const auto& gateway : effects.track_next_hops) {
      const auto [at, made] =
          tracked_.try_emplace(gateway, below(3) == 0 ? std::nullopt : std::optional<std::uint32_t>(5));
      EXPECT_TRUE(made) << to_string(gateway);
      tell(gateway, at->second);
    }
    return !effects.track_next_hops.empty();
  }
  void local() {
    const auto& prefix = some_prefix();
    const auto owner = static_cast<std::uint16_t>(below(3));
    if (below(3) == 0) {
      EXPECT_EQ(b_.rib.withdraw(owner, prefix), take_out(prefix, ModelPath::kLocal, owner));
      return;
    }
    LocalRoute route{.prefix = prefix, .owner = owner, .blackhole = below(2) == 0};
    if (below(3) == 0) route.local_pref = static_cast<std::uint32_t>(50 + 100 * below(2));
    b_.rib.announce(route, b_.now);
    take_out(prefix, ModelPath::kLocal, owner);
    ModelPath path{.peer = ModelPath::kLocal, .path_id = owner, .blackhole = route.blackhole};
    path.received.local_pref = route.local_pref;
    path.received.next_hop = net::default_route(prefix.family()).address();
    table_[prefix].push_back(path);
  }

  struct Usable {
    const ModelPath* path = nullptr;
    wire::AttributeSet set;
    std::uint32_t metric = 0;
  };
  std::vector<Usable> usable(const net::Prefix& prefix) {
    std::vector<Usable> result;
    for (const auto& path : table_[prefix]) {
      if (path.peer == ModelPath::kLocal) {
        result.push_back({&path, path.received, 0});
        continue;
      }
      const auto accepted = accept(prefix, path);
      if (!accepted) continue;
      const auto metric = tracked_.find(accepted->next_hop);
      if (metric == tracked_.end() || !metric->second) continue;
      result.push_back({&path, *accepted, *metric->second});
    }
    return result;
  }
  std::optional<wire::AttributeSet> accept(const net::Prefix& prefix, const ModelPath& path) {
    const auto& peer = peers_[path.peer.value()];
    if (path.received.as_path.count(net::Asn{65000}) > 0) return std::nullopt;
    for (const auto cluster : path.received.cluster_list) {
      if (cluster == net::RouterId{0x0a000001}) return std::nullopt;
    }
    return apply(peer.import, peer, prefix, path.received);
  }
  bool is_local(const Usable& u) const { return u.path->peer == ModelPath::kLocal; }
  std::uint32_t router_id(const Usable& u) const {
    if (is_local(u)) return 0;
    if (u.set.originator_id) return u.set.originator_id->value();
    return 0x01000000u + peers_[u.path->peer.value()].number;
  }

  // RFC 4271 §9.1.2.2 once more, as plainly as it can be said. Returns best, and the equal ones.
  std::optional<Usable> choose(std::vector<Usable> set, std::vector<Usable>& equal) {
    const auto keep = [&](auto key) {
      if (set.empty()) return;
      auto lowest = key(set[0]);
      for (const auto& u : set) lowest = std::min(lowest, key(u));
      std::erase_if(set, [&](const Usable& u) { return key(u) != lowest; });
    };
    keep([](const Usable& u) { return -static_cast<std::int64_t>(u.set.local_pref.value_or(100)); });
    keep([&](const Usable& u) { return is_local(u) ? 0 : 1; });
    keep([](const Usable& u) { return u.set.as_path.length(); });
    keep([](const Usable& u) { return static_cast<int>(u.set.origin); });
    const auto all = set;
    std::erase_if(set, [&](const Usable& u) {
      for (const auto& other : all) {
        if (other.set.as_path.neighbour() == u.set.as_path.neighbour() &&
            other.set.med.value_or(0) < u.set.med.value_or(0))
          return true;
      }
      return false;
    });
    keep([&](const Usable& u) { return !is_local(u) && peers_[u.path->peer.value()].external ? 0 : 1; });
    keep([](const Usable& u) { return u.metric; });
    equal = set;
    keep([&](const Usable& u) { return router_id(u); });
    keep([](const Usable& u) { return u.set.cluster_list.size(); });
    keep([&](const Usable& u) { return is_local(u) ? 0u : peers_[u.path->peer.value()].number; });
    keep([](const Usable& u) { return u.path->path_id; });
    EXPECT_LE(set.size(), 1u);
    return set.empty() ? std::nullopt : std::optional(set[0]);
  }

  void check_prefix(const net::Prefix& prefix, std::map<std::uint16_t, std::array<PeerFamilyCounters, 2>>& counters) {
    const auto f = net::index(prefix.family());
    for (const auto& path : table_[prefix]) {
      if (path.peer == ModelPath::kLocal) continue;
      ++counters[path.peer.value()][f].received;
      if (accept(prefix, path)) ++counters[path.peer.value()][f].accepted;
    }
    std::vector<Usable> equal;
    const auto best = choose(usable(prefix), equal);
    const auto view = b_.rib.route(prefix);
    ASSERT_EQ(view.has_value(), !table_[prefix].empty());
    if (view) {
      EXPECT_EQ(view->paths.size(), table_[prefix].size());
    }
    const bool has = view && view->paths[0].best;
    ASSERT_EQ(has, best.has_value()) << describe(view);
    Forwarding forwarding;
    b_.rib.forwarding(prefix, forwarding);
    if (!best) {
      EXPECT_EQ(forwarding.kind, Forwarding::Kind::None);
      EXPECT_FALSE(seen_holds(best_seen_, prefix));
      for (unsigned i = 5; i < 7; ++i) EXPECT_FALSE(sink_holds(i, prefix)) << "sink " << i;
      return;
    }
    const auto& shown = view->paths[0];
    EXPECT_EQ(shown.attributes, best->set);
    ASSERT_TRUE(seen_holds(best_seen_, prefix));
    EXPECT_EQ(best_seen_[prefix]->attributes, best->set) << "what the reader of best paths saw last";
    ASSERT_TRUE(seen_holds(any_seen_, prefix));
    for (unsigned i = 5; i < 7; ++i) {
      ASSERT_EQ(sink_holds(i, prefix), peers_[i].up) << "sink " << i;
      if (!peers_[i].up) continue;
      auto expected = best->set.as_path;
      expected.prepend(net::Asn{65000});
      EXPECT_EQ(to_string(b_.held[static_cast<std::uint16_t>(i)].routes[prefix].as_path), to_string(expected));
    }
    if (is_local(*best)) {
      EXPECT_EQ(shown.peer_name, "");
      EXPECT_EQ(shown.owner, best->path->path_id);
      EXPECT_EQ(forwarding.kind, best->path->blackhole ? Forwarding::Kind::Blackhole : Forwarding::Kind::None);
      return;
    }
    EXPECT_EQ(shown.peer, best->path->peer);
    EXPECT_EQ(shown.path_id.value(), best->path->path_id);
    ++counters[best->path->peer.value()][f].best;
    std::set<net::IpAddress> gateways, got;
    for (const auto& u : equal) gateways.insert(u.set.next_hop);
    for (const auto& hop : forwarding.best) got.insert(hop.gateway);
    if (equal.size() <= 8) {
      EXPECT_EQ(got, gateways);
    }
    EXPECT_EQ(forwarding.best.size(), got.size());
    auto rest = usable(prefix);
    std::erase_if(rest, [&](const Usable& u) { return is_local(u) || gateways.contains(u.set.next_hop); });
    std::vector<Usable> ignored;
    const auto backup = choose(rest, ignored);
    ASSERT_EQ(forwarding.backup.has_value(), backup.has_value());
    if (backup) {
      EXPECT_EQ(forwarding.backup->gateway, backup->set.next_hop);
      EXPECT_EQ(forwarding.backup->peer, backup->path->peer);
    }
  }

  static std::string describe(const std::optional<RouteView>& view) {
    std::string text;
    if (!view) return text;
    for (const auto& path : view->paths) {
      text += fmt::format("{} id {} [{}] via {} pref {}: {} {}\n", path.peer_name, path.path_id,
                          to_string(path.attributes.as_path), path.attributes.next_hop,
                          path.attributes.local_pref.value_or(100), to_string(path.reason), path.reason_text);
    }
    return text;
  }

  using Seen = std::map<net::Prefix, std::optional<PathView>>;
  bool seen_holds(Seen& seen, const net::Prefix& prefix) { return seen[prefix].has_value(); }
  bool sink_holds(unsigned i, const net::Prefix& prefix) {
    const auto held = b_.held.find(static_cast<std::uint16_t>(i));
    return held != b_.held.end() && held->second.routes.contains(prefix);
  }
  void read(Reader& reader, Seen& seen) {
    const std::size_t limit = 1 + below(10);
    while (b_.rib.read(reader, limit, [&](const net::Prefix& prefix, std::uint64_t revision) {
      EXPECT_LE(revision, b_.rib.revision());
      const auto view = b_.rib.route(prefix);
      seen[prefix] = view && view->paths[0].best ? std::optional(view->paths[0]) : std::nullopt;
    }) == limit) {
    }
  }
  void check_memory() { EXPECT_LT(b_.rib.counters().memory_bytes, 4u << 20); }

  std::mt19937_64 random_;
  Bench b_;
  std::vector<ModelPeer> peers_;
  std::vector<net::Prefix> prefixes_;
  std::map<net::Prefix, std::vector<ModelPath>> table_;
  std::map<net::IpAddress, std::optional<std::uint32_t>> tracked_;  // metric; nullopt: unreachable
  std::unique_ptr<Reader> reader_, any_;
  Seen best_seen_, any_seen_;
};

class RibModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RibModel, AgreesWithTheNaiveOneWheneverAtRest) {
  Model model(GetParam());
  for (int i = 0; i < 1500; ++i) {
    model.step();
    if (i % 25 == 24) model.check();
    ASSERT_FALSE(HasFailure()) << "seed " << GetParam() << ", after step " << i;
  }
  model.check_empty();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RibModel, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace podbgp::rib::test

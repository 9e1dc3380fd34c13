// A bench for update groups: peers that decode what they are sent, and the naive model of what they should hold.
#pragma once

#include <random>

#include "export_support.hpp"
#include "rib/update_group.hpp"
#include "wire/frame.hpp"
#include "wire/update.hpp"

namespace podbgp::rib::testing {

using net::Family;
using net::PeerId;

inline net::Prefix numbered(unsigned n) { return net::Prefix::make(net::IpAddress::v4(0x0a000000u + (n << 8)), 24); }
inline net::Prefix numbered6(unsigned n) { return prefix(fmt::format("2001:db8:{:x}:{:x}::/64", n >> 16, n & 0xffff)); }

// Reads a peer's bytes; complains about what nobody should be sent.
struct Receiver {
  wire::SessionContext context;
  std::map<net::Prefix, wire::AttributeSet> held;
  std::map<Family, int> end_of_rib;
  bool refreshing = false;  // repetitions are welcome
  std::size_t updates = 0, announced = 0, withdrawn = 0, repeated = 0;

  void read(wire::ByteSpan bytes) {
    while (!bytes.empty()) {
      ASSERT_GE(bytes.size(), wire::kHeaderSize);
      const std::size_t length = std::size_t{bytes[16]} << 8 | bytes[17];
      ASSERT_LE(length, bytes.size()) << "slices must hold whole messages";
      ASSERT_LE(length, wire::kMaxMessageSize);
      ASSERT_EQ(bytes[18], 2);
      message(bytes.subspan(wire::kHeaderSize, length - wire::kHeaderSize));
      bytes = bytes.subspan(length);
    }
  }

 private:
  void message(wire::ByteSpan body) {
    ++updates;
    const auto update = wire::scan_update(body, context);
    ASSERT_TRUE(update.has_value()) << update.error().text;
    if (update->end_of_rib) {
      ++end_of_rib[*update->end_of_rib];
      return;
    }
    const auto withdraw = [&](const wire::Nlri& nlri) {
      ++withdrawn;
      EXPECT_EQ(held.erase(nlri.prefix), 1u) << "withdrawn but not held: " << net::to_string(nlri.prefix);
    };
    update->withdrawn.for_each(withdraw);
    if (update->mp_unreach) update->mp_unreach->for_each(withdraw);
    if (!update->nlri.empty()) announce(*update, Family::Ipv4Unicast, update->nlri);
    if (update->mp_reach) announce(*update, update->mp_reach->family, update->mp_reach->nlri);
  }
  void announce(const wire::UpdateView& update, Family family, const wire::NlriField& nlri) {
    const auto decoded = wire::decode_attributes(update, family, context);
    ASSERT_EQ(decoded.reaction, wire::Reaction::None) << decoded.issues.at(0).text;
    nlri.for_each([&](const wire::Nlri& n) {
      ++announced;
      auto [at, made] = held.try_emplace(n.prefix, decoded.set);
      if (made) return;
      if (at->second == decoded.set) {
        ++repeated;
        EXPECT_TRUE(refreshing) << "sent again unchanged: " << net::to_string(n.prefix);
      }
      at->second = decoded.set;
    });
  }
};

struct Bench {
  struct Peer {
    PeerSettings settings;
    SessionInfo session;
    bool up = false;
    Receiver receiver;
  };

  explicit Bench(UpdateGroups::Limits limits = {}) : groups(feed, router(), limits) {}
  ~Bench() { feed.clear(); }

  static RouterSettings router() {
    RouterSettings r;
    r.asn = net::Asn{65000};
    r.id = net::RouterId{0x0a000001};
    return r;
  }
  static PolicyChain accept_all() { return {Policy{"all", {{"all[0]", {}, {}, Verdict::Accept}}}}; }

  PeerId add(std::uint32_t asn, std::string name = {}) {
    const PeerId id{static_cast<std::uint16_t>(peers.size())};
    auto& peer = peers.emplace_back();
    peer.settings.name = name.empty() ? fmt::format("peer-{}", id) : std::move(name);
    peer.settings.address = net::IpAddress::v4(0x0a0000c8u + id.value());  // 10.0.0.200 on
    peer.settings.local_asn = net::Asn{65000};
    peer.settings.peer_asn = net::Asn{asn};
    peer.settings.export_ = accept_all();
    peer.session.peer_id = net::RouterId{0x0a010000u + id.value()};
    peer.session.families = {Family::Ipv4Unicast, Family::Ipv6Unicast};
    peer.session.local_address = ip("10.0.0.1");
    peer.session.self_v4 = ip("10.0.0.1");
    peer.session.self_v6 = ip("fd00::1");
    groups.set_peer(id, peer.settings);
    return id;
  }
  PeerId add_up(std::uint32_t asn) {
    const auto id = add(asn);
    up(id);
    return id;
  }
  Peer& operator[](PeerId id) { return peers[id.value()]; }
  void up(PeerId id) {
    auto& peer = (*this)[id];
    peer.up = true;
    peer.receiver = {};
    peer.receiver.context.families = peer.session.families;
    peer.receiver.context.four_octet_as = peer.session.four_octet_as;
    peer.receiver.context.external = peer.settings.external();
    groups.peer_up(id, peer.session);
  }
  void down(PeerId id) {
    (*this)[id].up = false;
    groups.peer_down(id);
  }
  void change(PeerId id) { groups.set_peer(id, (*this)[id].settings); }

  void run() {
    while (groups.run(1000)) {
      if (!groups.has_work()) break;
    }
  }
  void pull(PeerId id, std::size_t budget = 1 << 20) {
    std::vector<OutSlice> slices;
    groups.next_output(id, budget, slices);
    for (const auto& s : slices) (*this)[id].receiver.read(wire::ByteSpan(*s.buffer).subspan(s.offset, s.size));
  }
  // Everybody reads until nothing comes any more.
  void drain() {
    for (int rounds = 0;; ++rounds) {
      ASSERT_LT(rounds, 100000) << "does not come to rest";
      const bool more = groups.run(1000);
      bool output = false;
      for (std::size_t i = 0; i < peers.size(); ++i) {
        const PeerId id{static_cast<std::uint16_t>(i)};
        if (!peers[i].up || !groups.has_output(id)) continue;
        output = true;
        pull(id);
      }
      if (!more && !output && !groups.has_work()) break;
    }
    for (auto& peer : peers) peer.receiver.refreshing = false;
  }

  // The naive model: every route, for every peer, from the beginning.
  std::map<net::Prefix, wire::AttributeSet> expected(PeerId id) {
    std::map<net::Prefix, wire::AttributeSet> result;
    const auto& peer = (*this)[id];
    for (const auto family : net::kFamilies) {
      if (!peer.session.families.contains(family)) continue;
      ExportTarget target;
      target.family = family;
      target.kind = kind_of(peer.settings);
      target.local_asn = peer.settings.local_asn;
      target.cluster_id = router().id;
      if (peer.settings.export_)
        target.policy = std::make_shared<PolicyProgram>(*peer.settings.export_, peer.settings.local_asn);
      target.next_hop = peer.settings.next_hop;
      target.self = family == Family::Ipv4Unicast ? peer.session.self_v4 : peer.session.self_v6;
      target.self_link_local = family == Family::Ipv4Unicast ? std::nullopt : peer.session.self_v6_link_local;
      for (const auto& [p, route] : feed.routes(family)) {
        if (route.attributes == kNoAttr || route.peer == id) continue;
        PathSource source{route.source, {}, {}, {}};
        if (route.source == RouteSource::Bgp) {
          const auto& from = (*this)[route.peer];
          source = {RouteSource::Bgp, kind_of(from.settings), from.session.peer_id, from.settings.name};
        }
        auto set = feed.decode(route.attributes);
        const RouteContext context{p, source.source, source.peer_name};
        const auto bits = target.policy ? target.policy->context_bits(context) : 0;
        if (apply_export_rules(target, source, context, bits, set).reason == ExportReason::Exported &&
            (route.source == RouteSource::Bgp || set.next_hop != peer.settings.address))
          result[p] = as_received(set, peer);
      }
    }
    return result;
  }
  // What a round trip over the wire does to attributes, said by the wire floor itself.
  static wire::AttributeSet as_received(const wire::AttributeSet& set, const Peer& peer) {
    auto copy = set;
    if (peer.settings.external()) copy.local_pref.reset();
    return copy;
  }
  void expect_all_right() {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const PeerId id{static_cast<std::uint16_t>(i)};
      if (!peers[i].up) continue;
      const auto want = expected(id);
      const auto& have = peers[i].receiver.held;
      for (const auto& [p, set] : want) {
        const auto at = have.find(p);
        ASSERT_NE(at, have.end()) << peers[i].settings.name << " lacks " << net::to_string(p);
        ASSERT_TRUE(at->second == set) << peers[i].settings.name << " has other attributes for " << net::to_string(p);
      }
      for (const auto& [p, set] : have)
        ASSERT_TRUE(want.contains(p)) << peers[i].settings.name << " still has " << net::to_string(p);
      for (const auto family : net::kFamilies) {
        std::size_t count = 0;
        for (const auto& [p, set] : want) {
          count += p.family() == family;
          if (p.family() != family) continue;
          const auto view = groups.advertised(id, feed.item(p));
          ASSERT_TRUE(view.has_value());
          ASSERT_TRUE(as_received(view->attributes, peers[i]) == set);
        }
        ASSERT_EQ(groups.advertised(id, family), count) << peers[i].settings.name;
        if (peers[i].session.families.contains(family)) {
          ASSERT_EQ(peers[i].receiver.end_of_rib[family], 1) << peers[i].settings.name;
        }
      }
    }
  }

  static wire::AttributeSet attributes(std::uint32_t from_asn, std::uint32_t variant = 0,
                                       Family family = Family::Ipv4Unicast) {
    wire::AttributeSet set;
    set.as_path = path({from_asn});
    set.next_hop = family == Family::Ipv4Unicast ? ip("10.9.0.9") : ip("fd09::9");
    if (variant != 0) set.communities = {wire::Community{variant}};
    return set;
  }

  FakeFeed feed;
  std::deque<Peer> peers;
  UpdateGroups groups;
};

}  // namespace podbgp::rib::testing

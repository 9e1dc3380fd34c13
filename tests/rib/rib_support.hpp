// A Rib with peers that speak in bytes: announcements go in as UPDATEs, and what comes out is read back from UPDATEs.
#pragma once

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rib/rib.hpp"

// Designated initialisers leave the rest at its defaults: here that is what is meant.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace podbgp::rib::test {

inline net::Prefix P(std::string_view text) {
  auto prefix = net::Prefix::parse(text);
  EXPECT_TRUE(prefix.has_value()) << text;
  return prefix.value_or(net::Prefix{});
}

inline net::IpAddress A(std::string_view text) {
  auto address = net::IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(net::IpAddress{});
}

inline wire::AsPath path(std::initializer_list<std::uint32_t> asns) {
  wire::AsPath p;
  if (asns.size() == 0) return p;
  wire::AsSegment segment;
  for (const auto asn : asns) segment.asns.emplace_back(asn);
  p.segments.push_back(segment);
  return p;
}

inline wire::AttributeSet attrs(std::initializer_list<std::uint32_t> asns, std::string_view next_hop) {
  wire::AttributeSet set;
  set.as_path = path(asns);
  set.next_hop = A(next_hop);
  return set;
}

inline PolicyChain accept_all() {
  Policy policy{.name = "all", .statements = {}};
  policy.statements.push_back({.name = "all[0]", .match = {}, .set = {}, .then = Verdict::Accept});
  return {policy};
}

inline RouterSettings router(bool resolve = false) {
  RouterSettings r;
  r.asn = net::Asn{65000};
  r.id = net::RouterId{0x0a000001};
  r.cluster_id = r.id;
  r.multipath = 8;
  r.resolve_next_hops = resolve;
  return r;
}

// What a peer holds from us, read from the bytes we gave it.
struct Held {
  std::map<net::Prefix, wire::AttributeSet> routes;
  std::size_t announced = 0, withdrawn = 0, end_of_rib = 0, messages = 0;
};

struct PeerOptions {
  bool external = true;
  bool client = false;
  std::optional<PolicyChain> import = accept_all();
  std::optional<PolicyChain> export_ = accept_all();
  MaxPrefixes max_prefixes{};
  unsigned allow_own_as = 0;
  std::string interface{};
  bool on_link = false;
};
class Bench {
 public:
  explicit Bench(RouterSettings settings = router()) : rib(settings) {}

  PeerSettings settings(unsigned number, const PeerOptions& options) const {
    PeerSettings s;
    s.name = fmt::format("peer-{}", number);
    s.address = net::IpAddress::v4(0x0a010000u + number);
    s.local_asn = net::Asn{65000};
    s.peer_asn = options.external ? net::Asn{65100 + number} : net::Asn{65000};
    s.reflector_client = options.client;
    s.import = options.import;
    s.export_ = options.export_;
    s.max_prefixes = options.max_prefixes;
    s.allow_own_as = options.allow_own_as;
    s.interface = options.interface;
    s.on_link = options.on_link;
    return s;
  }
  SessionInfo session(unsigned number, bool is_external, bool add_path = false) const {
    SessionInfo s;
    s.receive.external = is_external;
    s.receive.families = {net::Family::Ipv4Unicast, net::Family::Ipv6Unicast};
    if (add_path) s.receive.add_path_receive = s.receive.families;
    s.families = s.receive.families;
    s.peer_id = net::RouterId{0x01000000u + number};
    s.local_address = A("10.1.255.254");
    s.self_v4 = s.local_address;
    s.self_v6 = A("2001:db8:ffff::1");
    return s;
  }
  // number = address and router id; the AS is 65100 + number for external ones.
  net::PeerId add(unsigned number, PeerOptions options = {}) {
    const auto id = rib.add_peer(settings(number, options));
    numbers[id.value()] = number;
    external[id.value()] = options.external;
    return id;
  }
  void up(net::PeerId peer, bool add_path = false) {
    contexts[peer.value()] = session(numbers[peer.value()], external[peer.value()], add_path);
    held[peer.value()] = {};
    history.push_back(fmt::format("peer {} up", peer));
    rib.peer_up(peer, contexts[peer.value()]);
  }
  net::PeerId added_up(unsigned number, PeerOptions options = {}) {
    const auto id = add(number, std::move(options));
    up(id);
    return id;
  }

  using Ids = std::vector<std::pair<net::Prefix, std::uint32_t>>;
  void announce(net::PeerId peer, const wire::AttributeSet& set, const Ids& prefixes) {
    if (prefixes.empty()) return;
    const auto& receive = contexts[peer.value()].receive;
    const auto family = prefixes.front().first.family();
    wire::Bytes block, next_hop, out;
    wire::encode_attributes(set, {.family = family, .four_octet_as = true}, block);
    if (family == net::Family::Ipv6Unicast) {
      next_hop.assign(set.next_hop.bytes().begin(), set.next_hop.bytes().end());
      if (set.link_local_next_hop) {
        next_hop.insert(next_hop.end(), set.link_local_next_hop->bytes().begin(),
                        set.link_local_next_hop->bytes().end());
      }
    }
    wire::UpdateEncoder encoder({.family = family, .add_path = receive.add_path_receive.contains(family)}, out);
    ASSERT_TRUE(encoder.begin_announce(block, next_hop));
    for (const auto& [prefix, id] : prefixes) encoder.add(prefix, net::PathId{id});
    encoder.finish();
    apply(peer, out);
  }
  void announce(net::PeerId peer, const wire::AttributeSet& set, std::initializer_list<std::string_view> prefixes) {
    Ids ids;
    for (const auto text : prefixes) ids.emplace_back(P(text), 0);
    announce(peer, set, ids);
  }
  void withdraw(net::PeerId peer, const Ids& prefixes) {
    if (prefixes.empty()) return;
    const auto family = prefixes.front().first.family();
    wire::Bytes out;
    wire::UpdateEncoder encoder(
        {.family = family, .add_path = contexts[peer.value()].receive.add_path_receive.contains(family)}, out);
    encoder.begin_withdraw();
    for (const auto& [prefix, id] : prefixes) encoder.add(prefix, net::PathId{id});
    encoder.finish();
    apply(peer, out);
  }
  void withdraw(net::PeerId peer, std::initializer_list<std::string_view> prefixes) {
    Ids ids;
    for (const auto text : prefixes) ids.emplace_back(P(text), 0);
    withdraw(peer, ids);
  }
  void end_of_rib(net::PeerId peer, net::Family family) {
    wire::Bytes out;
    wire::encode_end_of_rib(family, out);
    apply(peer, out);
  }
  // Whole messages.
  void apply(net::PeerId peer, const wire::Bytes& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = static_cast<std::size_t>(bytes[at + 16] << 8 | bytes[at + 17]);
      const auto result = apply_body(peer, {bytes.data() + at + wire::kHeaderSize, size - wire::kHeaderSize});
      EXPECT_TRUE(result.has_value());
      at += size;
    }
  }
  net::Result<void, wire::Notification> apply_body(net::PeerId peer, wire::ByteSpan body) {
    const auto update = wire::scan_update(body, contexts[peer.value()].receive);
    EXPECT_TRUE(update.has_value());
    if (!update) return {};
    return rib.apply_update(peer, *update, now);
  }

  // Runs until nothing is left to do; every peer that is up takes what there is for it.
  void settle(std::size_t budget = 1000) {
    for (int rounds = 0; rounds < 100000; ++rounds) {
      const bool more = rib.run(budget);
      if (!drain() && !more) return;
    }
    FAIL() << "the RIB does not come to rest";
  }
  bool drain() {
    bool any = false;
    for (auto& [peer, h] : held) {
      std::vector<OutSlice> out;
      rib.next_output(net::PeerId{peer}, 1 << 20, out);
      wire::Bytes bytes;
      for (const auto& slice : out) {
        bytes.insert(bytes.end(), slice.buffer->begin() + static_cast<std::ptrdiff_t>(slice.offset),
                     slice.buffer->begin() + static_cast<std::ptrdiff_t>(slice.offset + slice.size));
      }
      any |= !bytes.empty();
      read(peer, h, bytes);
    }
    return any;
  }

  wire::AttributeSet held_route(net::PeerId peer, std::string_view prefix) {
    const auto& routes = held[peer.value()].routes;
    const auto found = routes.find(P(prefix));
    EXPECT_NE(found, routes.end()) << prefix << " is not held by peer " << peer.value();
    return found == routes.end() ? wire::AttributeSet{} : found->second;
  }
  bool holds(net::PeerId peer, std::string_view prefix) { return held[peer.value()].routes.contains(P(prefix)); }
  // The peer of the best path; nullopt: none.
  std::optional<net::PeerId> best(std::string_view prefix) const {
    const auto view = rib.route(P(prefix));
    if (!view || view->paths.empty() || !view->paths.front().best) return std::nullopt;
    return view->paths.front().peer;
  }

  Rib rib;
  net::TimePoint now{};
  std::map<std::uint16_t, unsigned> numbers;
  std::map<std::uint16_t, bool> external;
  std::map<std::uint16_t, SessionInfo> contexts;
  std::vector<std::string> history;
  std::map<std::uint16_t, Held> held;  // of those that are up

 private:
  std::string tell(const std::string& what) const {
    std::string text = "\n";
    for (const auto& line : history) {
      if (line.find(what) != std::string::npos || line.ends_with(" up")) text += line + "\n";
    }
    return text.substr(text.size() > 2000 ? text.size() - 2000 : 0);
  }
  void read(std::uint16_t peer, Held& h, const wire::Bytes& bytes) {
    wire::SessionContext receive;
    receive.families = contexts[peer].families;
    receive.external = external[peer];
    for (std::size_t at = 0; at < bytes.size();) {
      ASSERT_GE(bytes.size() - at, wire::kHeaderSize);
      const auto size = static_cast<std::size_t>(bytes[at + 16] << 8 | bytes[at + 17]);
      ASSERT_LE(at + size, bytes.size()) << "a message was cut";
      const auto update = wire::scan_update({bytes.data() + at + wire::kHeaderSize, size - wire::kHeaderSize}, receive);
      ASSERT_TRUE(update.has_value());
      ++h.messages;
      if (update->end_of_rib) ++h.end_of_rib;
      const auto gone = [&](const wire::NlriField& field) {
        field.for_each([&](const wire::Nlri& nlri) {
          ++h.withdrawn;
          history.push_back(fmt::format("peer {} loses {}", peer, nlri.prefix));
          EXPECT_EQ(h.routes.erase(nlri.prefix), 1u)
              << to_string(nlri.prefix) << " withdrawn and not held by peer " << peer << tell(to_string(nlri.prefix));
        });
      };
      const auto come = [&](const wire::NlriField& field) {
        if (field.empty()) return;
        const auto decoded = wire::decode_attributes(*update, field.family(), receive);
        ASSERT_EQ(decoded.reaction, wire::Reaction::None);
        field.for_each([&](const wire::Nlri& nlri) {
          ++h.announced;
          history.push_back(fmt::format("peer {} gets {} [{}] via {}", peer, nlri.prefix,
                                        to_string(decoded.set.as_path), decoded.set.next_hop));
          h.routes[nlri.prefix] = decoded.set;
        });
      };
      gone(update->withdrawn);
      if (update->mp_unreach) gone(*update->mp_unreach);
      come(update->nlri);
      if (update->mp_reach) come(update->mp_reach->nlri);
      at += size;
    }
  }
};

}  // namespace podbgp::rib::test

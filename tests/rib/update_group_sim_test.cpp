// Random lives of update groups: sessions come, go, lag and change while routes churn; in the end, and whenever it is
// quiet, every peer holds exactly what the naive model says, was never sent the same twice, and no withdrawal it did
// not need.
#include <tuple>

#include "update_group_support.hpp"

namespace podbgp::rib {
namespace {

using namespace testing;

class Life {
 public:
  explicit Life(unsigned seed)
      : random_(seed), bench_(UpdateGroups::Limits{.low_water = 300, .lag = 1500, .chunk = 400, .window = 32}) {
    Match pods;
    pods.prefix = {range("10.0.0.0/20", 20, 32), range("2001:db8::/56", 56, 64)};
    Match from_some;
    from_some.peer = {"peer-1", "peer-4"};
    Match own;
    own.source = {RouteSource::Api};
    Changes tag, far;
    tag.add_communities = {wire::Community{4711}};
    far.next_hop = ip("10.0.0.99");
    far.med = 3;
    chains_ = {
        std::nullopt, Bench::accept_all(),
        PolicyChain{Policy{"p1", {{"p1[0]", pods, tag, Verdict::Accept}, {"p1[1]", own, {}, Verdict::Accept}}}},
        PolicyChain{Policy{"p2", {{"p2[0]", from_some, far, Verdict::Continue}, {"p2[1]", {}, {}, Verdict::Accept}}}}};
    for (unsigned i = 0; i < 10; ++i) {
      const auto id = bench_.add(i < 5 ? 65100 + i : 65000);
      bench_[id].settings.reflector_client = i >= 8;
      if (i == 3) bench_[id].session.self_v6.reset();
      if (i == 4) bench_[id].session.families = {Family::Ipv4Unicast};
      bench_.change(id);
    }
  }

  void step() {
    switch (pick(20)) {
      case 0: return session();
      case 1: return pick(4) == 0 ? settings() : refresh();
      case 2:
      case 3:
      case 4:
      case 5: static_cast<void>(bench_.groups.run(1 + pick(80))); return;
      case 6:
      case 7:
      case 8:
      case 9: return read();
      case 10: bench_.feed.reclaim(); return;
      default: return churn();
    }
  }
  void check() {
    bench_.drain();
    bench_.expect_all_right();
    if (::testing::Test::HasFatalFailure()) return;
    EXPECT_EQ(bench_.groups.groups(), targets()) << "those of one target must have met once all is quiet";
  }
  void end() {
    for (std::uint16_t i = 0; i < bench_.peers.size(); ++i) bench_.down(PeerId{i});
    bench_.run();
    bench_.feed.clear();
    EXPECT_EQ(bench_.feed.live_attributes(), 0u);
    EXPECT_EQ(bench_.feed.open_cursors(), 0u);
  }

 private:
  std::size_t targets() {
    std::set<std::tuple<Family, PeerKind, std::size_t, std::string, std::string>> distinct;
    for (auto& peer : bench_.peers) {
      const auto chain =
          static_cast<std::size_t>(std::find(chains_.begin(), chains_.end(), peer.settings.export_) - chains_.begin());
      if (!peer.up || (peer.settings.external() && chain == 0)) continue;
      for (const auto family : net::kFamilies) {
        if (!peer.session.families.contains(family)) continue;
        const auto& self = family == Family::Ipv4Unicast ? peer.session.self_v4 : peer.session.self_v6;
        std::string next_hop = "default";
        if (peer.settings.next_hop) {
          const auto* address = std::get_if<net::IpAddress>(&*peer.settings.next_hop);
          if (address == nullptr) next_hop = "self";
          if (address != nullptr && address->family() == family) next_hop = net::to_string(*address);
        }
        distinct.insert({family, kind_of(peer.settings), chain, next_hop, self ? net::to_string(*self) : "none"});
      }
    }
    return distinct.size();
  }
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  PeerId any_peer() { return PeerId{static_cast<std::uint16_t>(pick(static_cast<unsigned>(bench_.peers.size())))}; }
  void session() {
    const auto id = any_peer();
    if (!bench_[id].up) return bench_.up(id);
    if (pick(3) != 0) return;
    bench_.down(id);
    for (const auto family : net::kFamilies) {  // its paths go
      std::vector<net::Prefix> gone;
      for (const auto& [p, route] : bench_.feed.routes(family)) {
        if (route.peer == id && route.attributes != kNoAttr) gone.push_back(p);
      }
      for (const auto& p : gone) bench_.feed.set(p, std::nullopt, kLocalPeer);
    }
  }
  void settings() {
    const auto id = any_peer();
    auto& peer = bench_[id];
    switch (pick(4)) {
      case 0: peer.settings.export_ = chains_[pick(4)]; break;
      case 1: peer.settings.next_hop = pick(2) ? NextHopSetting{NextHopSelf{}} : std::nullopt; break;
      case 2: peer.settings.next_hop = ip(fmt::format("10.0.0.{}", 50 + pick(2))); break;
      case 3:
        peer.session.self_v4 = ip(fmt::format("10.0.0.{}", 1 + pick(2)));
        bench_.groups.session_changed(id, peer.session);
        return;
    }
    bench_.change(id);
  }
  void refresh() {
    const auto id = any_peer();
    if (!bench_[id].up) return;
    bench_[id].receiver.refreshing = true;
    bench_.groups.route_refresh(id, net::kFamilies[pick(2)]);
  }
  void read() {
    const auto id = any_peer();
    // Peers 2 and 6 hardly ever read.
    if (!bench_[id].up || ((id.value() % 4) == 2 && pick(20) != 0)) return;
    bench_.pull(id, 1 + pick(600));
  }
  void churn() {
    const auto count = 1 + pick(30);
    for (unsigned i = 0; i < count; ++i) {
      const bool v6 = pick(3) == 0;
      const auto n = pick(200);
      const auto p = v6 ? prefix(fmt::format("2001:db8:0:{:x}::/64", n))
                        : net::Prefix::make(net::IpAddress::v4(0x0a000000u + (n << 8)), 24);
      if (pick(4) == 0) {
        bench_.feed.set(p, std::nullopt, kLocalPeer);
        continue;
      }
      auto set = Bench::attributes(65200, pick(4), v6 ? Family::Ipv6Unicast : Family::Ipv4Unicast);
      if (pick(5) == 0) set.communities = {wire::kNoExport};
      if (pick(3) == 0) set.med = pick(2);
      const auto id = any_peer();
      if (pick(4) == 0 || !bench_[id].up) {
        if (pick(2)) set.next_hop = v6 ? ip("::") : net::IpAddress{};
        if (!v6 && pick(4) == 0) set.next_hop = ip(fmt::format("10.0.0.{}", 200 + pick(10)));  // a peer's own address
        bench_.feed.set(p, set, kLocalPeer, pick(2) ? RouteSource::Api : RouteSource::Network);
      } else {
        if (!bench_[id].settings.external()) set.local_pref = 100 + pick(2);
        bench_.feed.set(p, set, id);
      }
    }
  }

  std::mt19937 random_;
  Bench bench_;
  std::vector<std::optional<PolicyChain>> chains_;
};

class UpdateGroupLife : public ::testing::TestWithParam<unsigned> {};

TEST_P(UpdateGroupLife, EveryPeerHoldsWhatTheModelSays) {
  Life life(GetParam());
  for (int i = 0; i < 4000; ++i) {
    life.step();
    ASSERT_FALSE(HasFailure()) << "step " << i;
    if (i % 500 != 499) continue;
    life.check();
    ASSERT_FALSE(HasFailure()) << "check after step " << i;
  }
  life.end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, UpdateGroupLife, ::testing::Range(1u, 13u));

}  // namespace
}  // namespace podbgp::rib

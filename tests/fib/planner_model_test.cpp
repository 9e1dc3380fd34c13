// The planner against a kernel of values, with random changes from both sides, failures, lost notifications and
// restarts. Properties: it comes to what is wanted; a route that is wanted and can be had is never deleted; what is
// foreign stays.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_kernel.hpp"
#include "values.hpp"

namespace podbgp::fib::test {
namespace {

using namespace std::chrono_literals;

constexpr int kLinks = 4, kPeers = 6, kPrefixes = 40;
constexpr std::uint8_t kStatic = 4;

struct Wish {
  bool blackhole = false;
  std::optional<HopSet> set;
  bool any() const { return blackhole || set.has_value(); }
};

class Model {
 public:
  explicit Model(unsigned seed, bool objects) : random_(seed) {
    settings_.nexthop_objects = objects;
    settings_.multipath = 4;
    kernel_.emplace(settings_);
    kernel_->supports_objects = objects;
    for (int i = 1; i <= kLinks; ++i)
      kernel_->add_link(static_cast<std::uint32_t>(i), fmt::format("eth{}", i),
                        {prefix(fmt::format("10.{}.0.0/24", i)), prefix(fmt::format("fd00:{}::/64", i))});
    kernel_->addresses[{1, address("10.1.0.11")}] = {1, address("10.1.0.11"), 24, false};
    for (int i = 0; i < kPrefixes; ++i)
      prefixes_.push_back(i % 2 ? prefix(fmt::format("10.244.{}.0/24", i))
                                : prefix(fmt::format("fd00:244:{}::/64", i)));
    restart();
  }

  void restart() {
    planner_.emplace(settings_, now_);
    kernel_->notifications.clear();
    ids_.clear();
    uses_.clear();
    down_.clear();
    wishes_.clear();
    status_.clear();
    last_id_ = kFirstHopSet - 1;
    if (!kernel_->supports_objects) planner_->no_nexthop_objects();
    kernel_->dump_to(*planner_);
  }

  void step() {
    switch (random(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7: change_routes(1 + random(6)); break;
      case 8:
      case 9: peer(random(kPeers), false); break;
      case 10:
      case 11: peer(random(kPeers), true); break;
      case 12: kernel_->link_down(1 + random(kLinks), random(2) == 0); break;
      case 13:
      case 14: kernel_->link_up(1 + random(kLinks)); break;
      case 15: foreign_route(); break;
      case 16: kernel_->foreign_delete(any_prefix(), 0 + metric()); break;
      case 17: flush_object(); break;
      case 18: overrun(); break;
      case 19:
        failing_ = random(3);
        failed_once_ = std::max(failed_once_, failing_);
        break;
      case 20: now_ += std::chrono::milliseconds(random(3000)); break;
      case 21: planner_->converged(); break;
      case 22: subnet(); break;
      default: break;
    }
    kernel_->tell(*planner_, random(4) == 0 ? random(3) : SIZE_MAX);
    work(random(4));
  }

  // Lets everything come to rest and compares.
  void settle_and_check(const std::string& context) {
    failing_ = 0;
    for (int round = 0; round < 400; ++round) {
      kernel_->tell(*planner_);
      work(100);
      now_ += 1s;
    }
    planner_->converged();
    for (int round = 0; round < 200; ++round) {
      work(100);
      now_ += 1s;
    }
    EXPECT_TRUE(planner_->idle()) << context;
    EXPECT_THAT(kernel_->violations, testing::IsEmpty()) << context;
    for (const auto& p : prefixes_) {
      EXPECT_EQ(kernel_->forwarding(p), expected(p)) << to_string(p) << " " << context << described(p);
      if (status_.contains(p) && status_[p] == RouteStatus::Installed) {
        EXPECT_NE(kernel_->forwarding(p), "none") << to_string(p) << " is said to be installed " << context;
      }
    }
    // No object is left over.
    std::set<ResolvedHop> singles;
    std::size_t groups = 0;
    for (const auto& [id, o] : kernel_->objects) {
      if (o.protocol != settings_.protocol) continue;
      if (o.group) {
        ++groups;
      } else {
        EXPECT_TRUE(singles.insert(o.hop).second) << "two objects for one hop " << context;
      }
    }
    // Hop sets in use keep a group, also one that is empty for the moment; two may follow one set until they are
    // merged.
    EXPECT_LE(groups, 2 * ids_.size()) << context;
  }

  // As the API would show it.
  std::string described(const net::Prefix& p) {
    DumpRoutes question;
    question.prefixes = {p};
    planner_->dump(std::move(question));
    planner_->tick(now_);
    for (const auto& event : planner_->take_events())
      if (const auto* piece = std::get_if<RouteDump>(&event))
        for (const auto& route : piece->routes)
          return fmt::format(": status {}, {}", static_cast<int>(route.status), route.reason);
    return ": not known";
  }
  FakeKernel& kernel() { return *kernel_; }
  Planner& planner() { return *planner_; }

 private:
  unsigned random(std::size_t below) { return static_cast<unsigned>(random_() % below); }
  std::uint32_t metric() { return settings_.metric_v4; }
  net::Prefix any_prefix() { return prefixes_[random(prefixes_.size())]; }

  // Peer p announces over link p % kLinks + 1; two peers share links.
  Hop hop_of(int peer, bool v6) const {
    const int link = peer % kLinks + 1;
    return {net::PeerId{static_cast<std::uint16_t>(peer)},
            {address(v6 ? fmt::format("fd00:{}::1", link) : fmt::format("10.{}.0.1", link)), {}}};
  }

  void change_routes(unsigned n) {
    std::vector<RouteChange> batch;
    std::vector<HopSetId> released;
    for (unsigned i = 0; i < n; ++i) {
      const auto p = any_prefix();
      Wish wish;
      const auto dice = random(10);
      if (dice == 0) {
        wish.blackhole = true;
      } else if (dice > 2) {
        const bool v6 = p.family() == net::Family::Ipv6Unicast;
        HopSet set;
        const int first = static_cast<int>(random(kPeers));
        for (unsigned k = 0; k < 1 + random(3); ++k)
          set.best.push_back(hop_of((first + static_cast<int>(k)) % kPeers, v6));
        if (random(2)) set.backup.push_back(hop_of((first + 3) % kPeers, v6));
        wish.set = set;
      }
      const auto id = wish.set ? intern(*wish.set) : wish.blackhole ? kBlackhole : kNoHopSet;
      if (id.value() >= kFirstHopSet) ++uses_[id.value()];
      if (const auto old = wishes_.find(p); old != wishes_.end() && old->second.set)
        released.push_back(intern(*old->second.set));
      wishes_[p] = wish;
      batch.push_back({p, id});
    }
    planner_->apply(batch);
    for (const auto id : released) {
      if (--uses_[id.value()] > 0) continue;
      std::erase_if(ids_, [&](const auto& e) { return e.second == id; });
      planner_->release(id);
    }
  }
  HopSetId intern(const HopSet& set) {
    for (const auto& [known, id] : ids_)
      if (known == set) return id;
    ids_.emplace_back(set, HopSetId{++last_id_});
    planner_->define(HopSetId{last_id_}, set);
    return HopSetId{last_id_};
  }
  void peer(unsigned p, bool up) {
    const net::PeerId id{static_cast<std::uint16_t>(p)};
    if (up) {
      planner_->peer_up(id);
      down_.erase(p);
    } else {
      planner_->peer_down(id);
      down_.insert(p);
    }
  }
  void foreign_route() {
    const auto p = any_prefix();
    FakeKernel::Route route{kStatic, false, 0, {{true, address("10.4.0.99"), 4}}};
    if (p.family() == net::Family::Ipv6Unicast) route.hops[0].gateway = address("fd00:4::99");
    if (random(3) == 0)
      kernel_->foreign_overwrite(p, kernel_->metric(p), route);
    else if (random(2))
      kernel_->foreign_add(p, kernel_->metric(p), route);
    else
      kernel_->foreign_delete(p, kernel_->metric(p));
  }
  // A subnet around some of the prefixes comes or goes on link 4.
  void subnet() {
    const auto& around = subnets_[random(subnets_.size())];
    const auto metric = around.family() == net::Family::Ipv4Unicast ? 0U : 256U;
    if (kernel_->routes.contains({around, metric}))
      kernel_->foreign_delete(around, metric);
    else if (kernel_->links.at(4).up)
      kernel_->foreign_add(around, metric, FakeKernel::subnet(4), 0);
  }
  bool in_subnet(const net::Prefix& p) const {
    return std::ranges::any_of(subnets_, [&](const auto& around) {
      const auto metric = around.family() == net::Family::Ipv4Unicast ? 0U : 256U;
      return around != p && around.contains(p) && kernel_->routes.contains({around, metric});
    });
  }
  void flush_object() {
    std::vector<std::uint32_t> ids;
    for (const auto& [id, o] : kernel_->objects) ids.push_back(id);
    if (!ids.empty()) kernel_->foreign_flush_object(ids[random(ids.size())]);
  }
  void overrun() {
    kernel_->notifications.clear();
    kernel_->dump_to(*planner_);
  }

  void work(unsigned batches) {
    for (unsigned i = 0; i < batches; ++i) {
      planner_->tick(now_);
      if (planner_->wants_dump()) overrun();
      std::vector<KernelOp> ops;
      if (planner_->next_batch(1 + random(20), ops)) {
        // A foreigner who replaced a route of ours a moment ago is not known yet: that race nobody can win.
        const bool informed = kernel_->notifications.empty();
        const auto foreign = kernel_->foreign_routes();
        std::vector<OpError> errors;
        for (std::size_t k = 0; k < ops.size(); ++k) {
          check(ops[k]);
          const int error = failing_ > 0 && random(4) == 0 ? (failing_ == 1 ? ENOMEM : EINVAL) : kernel_->apply(ops[k]);
          if (error != 0) errors.push_back({k, error, "as the test likes"});
        }
        if (!informed) kernel_->violations.clear();
        EXPECT_TRUE(!informed || kernel_->foreign_routes() == foreign);
        planner_->batch_done(errors);
      }
      if (planner_->wants_usage()) planner_->usage(kernel_->used());
      for (auto& event : planner_->take_events())
        if (auto* results = std::get_if<RouteResults>(&event))
          for (auto& r : results->results) status_[r.prefix] = r.status;
    }
  }

  // "Never delete first": only what is not wanted, or leads nowhere as far as the planner can know.
  void check(const KernelOp& op) {
    if (op.kind != OpKind::DeleteRoute || !kernel_->notifications.empty()) return;
    const auto wish = wishes_.find(op.prefix);
    if (wish == wishes_.end()) {
      EXPECT_EQ(planner_->state(), Planner::State::Synced)
          << to_string(op.prefix) << " was swept before the end of convergence";
      return;
    }
    if (wish->second.any() && failed_once_ == 0) {
      EXPECT_EQ(expected(op.prefix), "none") << to_string(op.prefix) << " is wanted and was deleted";
    }
  }

  bool usable(const Hop& hop, bool peer_must_be_up) {
    const auto link = kernel_->links.at(hop.peer.value() % kLinks + 1u);
    return link.usable() && !(peer_must_be_up && down_.contains(hop.peer.value()));
  }
  std::string expected(const net::Prefix& p) {
    const auto holder = kernel_->routes.find(kernel_->key(p));
    const auto wish = wishes_.find(p);
    if (holder != kernel_->routes.end() && holder->second.protocol != settings_.protocol)
      return fmt::format("proto {}", holder->second.protocol);
    if (wish == wishes_.end() || !wish->second.any()) return "none";
    if (wish->second.blackhole) return in_subnet(p) ? "none" : "blackhole";
    const auto choose = [&](const std::vector<Hop>& hops, bool up) {
      std::set<std::string> out;
      for (const auto& h : hops)
        if (usable(h, up)) out.insert(fmt::format("{}@{}", h.next_hop.gateway, h.peer.value() % kLinks + 1));
      return out;
    };
    const auto& set = *wish->second.set;
    auto hops = choose(set.best, true);
    if (hops.empty()) hops = choose(set.backup, true);
    if (!hops.empty()) return fmt::format("{}", fmt::join(hops, " "));
    // All peers down: what was there may stay, as long as it leads somewhere.
    if (!choose(set.best, false).empty())
      return kernel_->forwarding(p) == "none" ? "something" : kernel_->forwarding(p);
    return "none";
  }

  const std::vector<net::Prefix> subnets_{prefix("10.244.0.0/19"), prefix("fd00:244::/60")};
  std::mt19937 random_;
  Settings settings_;
  net::TimePoint now_{std::chrono::hours(1)};
  std::optional<FakeKernel> kernel_;
  std::optional<Planner> planner_;
  std::vector<net::Prefix> prefixes_;
  std::map<net::Prefix, Wish> wishes_;
  std::map<net::Prefix, RouteStatus> status_;
  std::vector<std::pair<HopSet, HopSetId>> ids_;
  std::map<std::uint32_t, int> uses_;
  std::set<unsigned> down_;
  std::uint32_t last_id_ = 0;
  unsigned failing_ = 0, failed_once_ = 0;
};

class PlannerModel : public testing::TestWithParam<bool> {};

TEST_P(PlannerModel, ComesToWhatIsWantedAndLeavesTheRestAlone) {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    Model model(seed, GetParam());
    for (int i = 0; i < 150; ++i) model.step();
    model.settle_and_check(fmt::format("(seed {})", seed));
    if (testing::Test::HasFailure()) return;
  }
}

TEST_P(PlannerModel, ComesBackAfterRestartsAtAnyMoment) {
  for (unsigned seed = 1; seed <= 80; ++seed) {
    Model model(1000 + seed, GetParam());
    for (int i = 0; i < 200; ++i) {
      model.step();
      if (i % 50 == 49) model.restart();
    }
    model.settle_and_check(fmt::format("(seed {})", seed));
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Objects, PlannerModel, testing::Bool(),
                         [](const auto& i) { return i.param ? "NexthopObjects" : "PlainNextHops"; });

}  // namespace
}  // namespace podbgp::fib::test

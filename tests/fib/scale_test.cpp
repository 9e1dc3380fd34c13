// 200,000 routes: time against the kernel's own speed, memory per route. Bounds are loose: other work shares the
// machine; the numbers are printed.
#include <sys/resource.h>

#include "fake_kernel.hpp"
#include "netns.hpp"

namespace podbgp::fib::test {
namespace {

using Clock = std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr std::size_t kRoutes = 20'000;  // of a slow build only the behaviour is of interest
constexpr double kSlower = 100;
#else
constexpr std::size_t kRoutes = 200'000;
constexpr double kSlower = 1;
#endif

// What this process has used of the processors: other work on the machine does not count.
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class KernelScale : public NetNs {};

TEST_F(KernelScale, InstallsAFullTableAndRemovesIt) {
  Witness witness;  // as in the benchmarks: somebody listens
  Node node;
  node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  const auto prefixes = many(kRoutes);
  auto start = Clock::now();
  auto cpu = cpu_seconds();
  node.routes(prefixes, 2);
  node.wait_count(RouteStatus::Installed, kRoutes, 60s);
  const auto install = seconds_since(start), install_cpu = cpu_seconds() - cpu;
  start = Clock::now();
  node.fib.post(PeerDown{net::PeerId{1}});
  eventually([] { return output("ip route show 100.0.1.0/24").find("10.2.0.1") != std::string::npos; },
             [] { return output("ip route show 100.0.1.0/24"); });
  const auto failover = seconds_since(start);
  start = Clock::now();
  cpu = cpu_seconds();
  node.routes(prefixes, 0);
  node.wait_count(RouteStatus::Removed, kRoutes, 60s);
  const auto remove = seconds_since(start), remove_cpu = cpu_seconds() - cpu;
  fmt::print(
      "{} routes: installed in {:.2f} s ({:.2f} s of CPU), on the backup in {:.3f} s, removed in {:.2f} s ({:.2f})\n",
      kRoutes, install, install_cpu, failover, remove, remove_cpu);
  EXPECT_LT(install_cpu, 6 * kSlower);
  EXPECT_LT(remove_cpu, 6 * kSlower);
}

TEST_F(KernelScale, AdoptsAFullTableAfterRestartWithoutAWrite) {
  const auto prefixes = many(kRoutes);
  {
    Node node;
    node.define(2, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
    node.routes(prefixes, 2);
    node.wait_count(RouteStatus::Installed, kRoutes, 60s);
  }
  Witness witness;
  const auto start = Clock::now();
  Node node;
  node.define(5, {hop(1, "10.1.0.1")}, {hop(2, "10.2.0.1")});
  node.routes(prefixes, 5);
  node.wait_count(RouteStatus::Installed, kRoutes, 60s);
  fmt::print("{} routes adopted in {:.2f} s\n", kRoutes, seconds_since(start));
  witness.look();
  EXPECT_EQ(witness.new_routes + witness.deleted_routes + witness.new_next_hops, 0U);
}

TEST(PlannerScale, ARouteCostsAtMost28BytesInIpv4) {
  Settings settings;
  FakeKernel kernel(settings);
  kernel.add_link(1, "eth1", {prefix("10.1.0.0/24")});
  Planner planner(settings, {});
  kernel.dump_to(planner);
  planner.define(HopSetId{2}, {{hop(1, "10.1.0.1")}, {}});
  const auto prefixes = many(kRoutes);
  double planner_time = 0;
  for (std::size_t i = 0; i < kRoutes; i += 1000) {
    std::vector<RouteChange> batch;
    for (std::size_t k = i; k < i + 1000; ++k) batch.push_back({prefixes[k], HopSetId{2}});
    const auto start = Clock::now();
    planner.apply(batch);
    for (std::vector<KernelOp> ops; planner.next_batch(560, ops); ops.clear()) planner.batch_done({});
    planner_time += seconds_since(start);
    (void)planner.take_events();
  }
  EXPECT_EQ(planner.counters().installed_v4, kRoutes);
  const auto per_route = static_cast<double>(planner.memory()) / kRoutes;
  fmt::print("{} routes: {:.1f} bytes each, {:.2f} us of planning each\n", kRoutes, per_route,
             planner_time * 1e6 / kRoutes);
  EXPECT_LE(per_route, 28);
}

}  // namespace
}  // namespace podbgp::fib::test

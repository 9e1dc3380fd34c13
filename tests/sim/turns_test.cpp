// How long core keeps its thread in one go with a full table: nothing else runs meanwhile, keepalives neither. Processor
// time, so that a busy machine makes no difference.
#include <fmt/format.h>

#include "tests/sim/sim.hpp"

namespace podbgp::sim {
namespace {

using session::fake::World;

constexpr int kRoutes = 200'000;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = false;
#else
constexpr bool kMeasures = true;
#endif
constexpr std::chrono::milliseconds kLongest{20};

std::string node(int own, const std::vector<int>& peers, const std::string& statement = "{ then: accept }") {
  std::string yaml = fmt::format("version: 1\nrouter: {{ asn: {}, id: 10.0.0.{} }}\npeers:\n", 65000 + own, own);
  for (const auto peer : peers)
    yaml += fmt::format("  - {{ name: n{0}, address: 10.0.0.{0}, asn: {1}, import: [all], export: [all] }}\n", peer,
                        65000 + peer);
  return yaml + "policies: { all: [ " + statement + " ] }\n";
}

class Turns : public testing::Test {
 protected:
  // Feeder 1 → node 2 → sink 3; what is measured is any step of any of them: they are all core.
  Turns()
      : feeder(world, "10.0.0.1", node(1, {2})), middle(world, "10.0.0.2", node(2, {1, 3})), sink(world, "10.0.0.3", node(3, {2})) {
    world.charge = true;
  }

  template <class Condition>
  void phase(const char* name, Condition condition) {
    std::chrono::nanoseconds longest{0};
    const auto end = world.now() + std::chrono::minutes(10);
    std::size_t steps = 0;
    while (!condition() && world.now() < end) {
      const auto before = World::processor_time();
      if (!world.step()) break;
      longest = std::max(longest, World::processor_time() - before);
      ++steps;
    }
    ASSERT_TRUE(condition()) << name;
    const auto ms = std::chrono::duration<double, std::milli>(longest).count();
    RecordProperty(name, fmt::format("{:.1f} ms", ms));
    std::cout << fmt::format("{}: longest of {} turns {:.1f} ms\n", name, steps, ms);
    if (kMeasures) {
      EXPECT_LE(longest, kLongest) << name;
    }
  }
  void fill() {
    std::vector<rib::LocalRoute> routes;
    for (int i = 0; i < kRoutes; ++i) {
      auto& route = routes.emplace_back();
      route.prefix = net::Prefix::make(net::IpAddress::v4(0x14000000u + static_cast<std::uint32_t>(i) * 256), 24);
      route.med = static_cast<std::uint32_t>(i % 500);
      if (routes.size() == 1000) (void)feeder.core().announce("cni", std::exchange(routes, {}));
    }
  }
  static std::optional<std::uint32_t> med(Daemon& daemon, const std::string& text) {
    api::ListPaths question;
    question.prefix = prefix(text);
    const auto answer = daemon.core().list_paths(question);
    if (!answer || answer->entries.empty()) return std::nullopt;
    return answer->entries[0].route.paths.at(0).attributes.med;
  }
  static std::uint32_t received(Daemon& daemon, const std::string& peer) { return daemon.core().get_peer(peer)->routes.family[0].received; }

  World world;
  Daemon feeder, middle, sink;
};

TEST_F(Turns, StayShortWhateverHappensToAFullTable) {
  fill();
  phase("in and out", [&] { return received(sink, "n2") == kRoutes && middle.kernel.size() == kRoutes; });

  middle.reload(node(2, {1, 3}, "{ match: { prefix: [16.0.0.0/4 le 32] }, set: { med: 7 }, then: accept }"));
  const auto last = fmt::format("{}/24", net::IpAddress::v4(0x14000000u + (kRoutes - 1) * 256u));
  phase("another policy", [&] { return med(sink, last) == 7u; });

  // Pages as the API asks for them.
  api::ListPaths question;
  question.limit = 1000;
  std::chrono::nanoseconds longest{0};
  std::size_t listed = 0;
  do {
    const auto before = World::processor_time();
    const auto answer = middle.core().list_paths(question);
    longest = std::max(longest, World::processor_time() - before);
    ASSERT_TRUE(answer);
    listed += answer->entries.size();
    question.page_token = answer->next_page_token;
  } while (!question.page_token.empty());
  EXPECT_EQ(listed, static_cast<std::size_t>(kRoutes));
  std::cout << fmt::format("a page: {:.1f} ms\n", std::chrono::duration<double, std::milli>(longest).count());
  if (kMeasures) {
    EXPECT_LE(longest, kLongest);
  }

  ASSERT_TRUE(feeder.core().disable_peer("n2", "bye"));
  phase("peer down", [&] { return received(sink, "n2") == 0 && middle.kernel.size() == 0 && sink.kernel.size() == 0; });
}

}  // namespace
}  // namespace podbgp::sim

// The kernel's view of the API: pages of what fib holds, asked for through the daemon's own backend.
#include <optional>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "bgpd/backend.hpp"
#include "tests/sim/sim.hpp"

namespace podbgp::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KernelView : public testing::Test {
 protected:
  KernelView() { a.announce("10.244.1.0/24"); }

  // The prefixes of all pages; `pages` counts them.
  std::vector<std::string> list(api::ListPaths query) {
    std::vector<std::string> prefixes;
    query.view = api::ListPaths::View::Kernel;
    do {
      std::optional<net::Result<api::Paths, api::ApiError>> page;
      backend.list_paths(query, [&](auto answer) { page = std::move(answer); });
      EXPECT_TRUE(world.run_until([&] { return page.has_value(); }, 10s));
      if (!page || !*page) {
        refused = page ? page->error().reason : "no answer";
        break;
      }
      ++pages;
      EXPECT_LE((*page)->entries.size(), query.limit);
      for (const auto& entry : (*page)->entries) prefixes.push_back(net::to_string(entry.route.prefix));
      query.page_token = (*page)->next_page_token;
    } while (!query.page_token.empty());
    return prefixes;
  }

  session::fake::World world;
  Daemon a{world, "10.0.0.1", "version: 1\nrouter: { asn: 65001, id: 10.0.0.1 }\n"};
  bgpd::DaemonBackend backend{{.to_core = [this](bgpd::CoreTask task) { task(a.core()); },
                               .to_control = [](auto task) { task(); },
                               .check_config = {},
                               .reload_config = {},
                               .complete_status = {}}};
  int pages = 0;
  std::string refused;
};

TEST_F(KernelView, IsCutIntoPagesThatShowEachRouteOnce) {
  std::set<std::string> expected{"10.244.1.0/24"};
  for (int i = 0; i < 2500; ++i) {
    const auto block = i % 2 ? fmt::format("10.{}.{}.0/24", 100 + i / 256, i % 256) : fmt::format("fd00:244:{:x}::/48", i);
    a.announce(block);
    expected.insert(net::to_string(prefix(block)));
  }
  world.run_for(1s);
  api::ListPaths query;
  query.limit = 700;
  const auto all = list(query);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()), expected);
  EXPECT_EQ(all.size(), expected.size());
  EXPECT_EQ(pages, 4);
}

TEST_F(KernelView, AnswersForOnePrefixWhatIsInsideAndWhatCoversIt) {
  for (const auto* block : {"10.244.0.0/16", "10.244.1.128/25", "fd00:244::/48"}) a.announce(block);
  world.run_for(1s);
  using Match = rib::PrefixMatch;
  const auto of = [&](const char* text, Match match) {
    api::ListPaths query;
    query.prefix = prefix(text);
    query.match = match;
    return list(query);
  };
  EXPECT_THAT(of("10.244.1.0/24", Match::Exact), ElementsAre("10.244.1.0/24"));
  EXPECT_THAT(of("10.244.2.0/24", Match::Exact), IsEmpty());
  EXPECT_THAT(of("10.244.1.0/24", Match::Longer), ElementsAre("10.244.1.0/24", "10.244.1.128/25"));
  EXPECT_THAT(of("10.244.1.0/24", Match::Shorter), testing::UnorderedElementsAre("10.244.0.0/16", "10.244.1.0/24"));
  EXPECT_THAT(of("10.244.1.200/32", Match::LongestMatch), ElementsAre("10.244.1.128/25"));
  EXPECT_THAT(of("10.244.77.1/32", Match::LongestMatch), ElementsAre("10.244.0.0/16"));
  api::ListPaths v6;
  v6.family = net::Family::Ipv6Unicast;
  EXPECT_THAT(list(v6), ElementsAre("fd00:244::/48"));
}

TEST_F(KernelView, RefusesAPageTokenThatIsNotItsOwn) {
  world.run_for(1s);
  api::ListPaths query;
  query.page_token = "10.244.1.0/24";
  EXPECT_THAT(list(query), IsEmpty());
  EXPECT_EQ(refused, "BAD_PAGE_TOKEN");
}

}  // namespace
}  // namespace podbgp::sim

// A planner and a kernel of values, and the work between them until nothing is left to do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_kernel.hpp"
#include "values.hpp"

namespace podbgp::fib::test {

using namespace std::chrono_literals;

class PlannerTest : public testing::Test {
 protected:
  PlannerTest() {
    for (std::uint32_t i = 1; i <= 3; ++i)
      kernel.add_link(i, fmt::format("eth{}", i),
                      {prefix(fmt::format("10.{}.0.0/24", i)), prefix(fmt::format("fd00:{}::/64", i))});
    restart();
  }
  void restart() {
    planner.emplace(settings, now, former);
    kernel.notifications.clear();
    kernel.dump_to(*planner);
    kernel.log.clear();
  }
  void define(std::uint32_t id, std::vector<Hop> best, std::vector<Hop> backup = {}) {
    planner->define(HopSetId{id}, {std::move(best), std::move(backup)});
  }
  void route(const std::string& text, std::uint32_t set) {
    const RouteChange change{prefix(text), HopSetId{set}};
    planner->apply(std::span(&change, 1));
  }
  // Works until nothing is left to do at this time; returns the operations.
  std::vector<KernelOp> work() {
    std::vector<KernelOp> all;
    for (int round = 0; round < 1000; ++round) {
      kernel.tell(*planner);
      planner->tick(now);
      if (planner->wants_dump()) kernel.dump_to(*planner);
      std::vector<KernelOp> ops;
      const bool any = planner->next_batch(100, ops);
      if (any) {
        std::vector<OpError> errors;
        for (std::size_t i = 0; i < ops.size(); ++i) {
          const auto injected = failures.find(ops[i].kind);
          const int error = injected != failures.end() ? injected->second : kernel.apply(ops[i]);
          if (error != 0) errors.push_back({i, error, failure_text});
        }
        planner->batch_done(errors);
        all.insert(all.end(), ops.begin(), ops.end());
      }
      const bool usage = planner->wants_usage();
      if (usage) planner->usage(kernel.used());
      for (auto& event : planner->take_events()) {
        if (auto* results = std::get_if<RouteResults>(&event))
          for (auto& r : results->results) status[r.prefix] = r;
        events.push_back(std::move(event));
      }
      if (!any && !usage) return all;
    }
    ADD_FAILURE() << "the planner does not come to rest";
    return all;
  }
  void pass(net::Duration time) {
    for (net::Duration done{}; done < time; done += 500ms) {
      now += 500ms;
      (void)work();
    }
  }
  std::string reason(const std::string& text) { return status[prefix(text)].reason; }
  RouteStatus state(const std::string& text) { return status[prefix(text)].status; }
  std::string forwarding(const std::string& text) { return kernel.forwarding(prefix(text)); }
  // What core knows of the counters by now.
  FibCounters told_counters() {
    FibCounters last;
    for (const auto& event : events)
      if (const auto* told = std::get_if<Counters>(&event)) last = told->counters;
    return last;
  }
  KernelRoute dumped(const std::string& text) {
    DumpRoutes question;
    question.prefixes = {prefix(text)};
    planner->dump(std::move(question));
    planner->tick(now);
    for (auto& event : planner->take_events())
      if (auto* piece = std::get_if<RouteDump>(&event); piece != nullptr && !piece->routes.empty())
        return piece->routes[0];
    ADD_FAILURE() << text << " is not in the dump";
    return {};
  }
  template <class Event>
  std::size_t count() {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](auto& e) { return std::holds_alternative<Event>(e); }));
  }

  Settings settings;
  net::TimePoint now{std::chrono::hours(1)};
  std::vector<Mark> former;  // for the next restart()
  FakeKernel kernel{settings};
  std::optional<Planner> planner;
  std::map<OpKind, int> failures;
  std::string failure_text = "so it is";  // the kernel's own words
  std::map<net::Prefix, RouteResult> status;
  std::vector<FromFib> events;
};

}  // namespace podbgp::fib::test

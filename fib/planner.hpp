// The FIB planner: what core wants, what the kernel holds, and the requests that bring one to the other. Pure: facts,
// messages, answers and time come in; KernelOps and messages to core come out.
//
// One batch of operations is in flight at most: next_batch() → the driver sends it → batch_done(). Facts and messages
// are taken in between. settle() folds whatever they changed into one pass, so the cost of an event is that of the hop
// sets and groups (tens), and a pass over the routes happens only where routes must be written one by one.
//
// States: awaiting (no dump read yet) → syncing (adopted, nothing swept) → synced (swept).
//
// The order of writes: groups that must point elsewhere (a few messages, whatever the number of prefixes), new singles
// and groups, then routes; background moves and the removal of unused objects only when nothing else is left.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fib/facts.hpp"
#include "fib/former_runs.hpp"
#include "fib/installed.hpp"
#include "fib/kernel_op.hpp"
#include "fib/messages.hpp"
#include "fib/nexthop_table.hpp"
#include "fib/resolver.hpp"
#include "fib/settings.hpp"
#include "net/time.hpp"

namespace podbgp::fib {

// Somebody else changed a route or object of ours; the planner repairs it.
struct ForeignChange {
  std::string what;        // "deleted 10.244.1.0/24", "replaced nexthop 179000003"
  std::uint32_t port = 0;  // netlink port id of the culprit
};

class Planner {
 public:
  enum class State : std::uint8_t { Awaiting, Syncing, Synced };

  // `former`: marks of earlier runs that may have routes in the kernel still. They forward until the sweep and go then.
  Planner(const Settings& settings, net::TimePoint now, std::vector<Mark> former = {});

  // From core.
  void define(HopSetId id, const HopSet& set);
  void release(HopSetId id);
  void peer_down(net::PeerId peer);
  void peer_up(net::PeerId peer);
  void apply(std::span<const RouteChange> changes);
  void track(const NextHop& next_hop);
  void untrack(const NextHop& next_hop);
  void converged();
  void dump(DumpRoutes question);
  void stop(bool remove_routes);

  // From the kernel. Between begin_dump() and end_dump() the facts are the whole truth (links, addresses, neighbours,
  // nexthop objects, routes, in this order); outside of it they are changes.
  void begin_dump();
  void end_dump();
  void abort_dump();  // the dump failed half-way: what it did not show may still be there; a new one is wanted
  void fact(const LinkFact& fact);
  void fact(const AddressFact& fact);
  void fact(const NeighbourFact& fact);
  void fact(const NextHopFact& fact);
  void fact(const RouteFact& fact);
  void no_nexthop_objects();  // the kernel has none: plain next hops from now on

  // Time.
  void tick(net::TimePoint now);
  [[nodiscard]] std::optional<net::TimePoint> deadline() const;  // when tick() is wanted next

  // Work. next_batch() appends at most `max` operations and says whether there are any.
  bool next_batch(std::size_t max, std::vector<KernelOp>& ops);
  void batch_done(std::span<const OpError> errors);
  [[nodiscard]] bool wants_dump() const { return wants_dump_ && now_ >= next_dump_; }
  // Objects are deleted only when a fresh dump shows them unused: `used` are the nexthop ids that routes (anybody's, in
  // any table) and groups refer to. Members of a group that goes are thus unused in the next check only.
  [[nodiscard]] bool wants_usage() const;
  void usage(const std::unordered_set<std::uint32_t>& used);
  void usage_unknown();  // the dump failed: nothing is deleted, and it is looked at again later

  // Effects.
  [[nodiscard]] std::vector<FromFib> take_events();
  [[nodiscard]] std::vector<ForeignChange> take_foreign_changes();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool idle() const;  // nothing is queued (what is refused or unresolved does not count)
  [[nodiscard]] FibCounters counters() const;
  [[nodiscard]] std::size_t memory() const { return routes_.memory(); }
  [[nodiscard]] const InstalledRoutes& routes() const { return routes_; }
  [[nodiscard]] bool uses_objects() const { return objects_; }
  [[nodiscard]] std::vector<std::string> egress_interfaces() const;  // of resolved next hops, for checks of the host

 private:
  // A next hop that core tracks or a hop set names.
  struct Tracked {
    std::uint32_t uses = 0;  // by hop sets
    bool reported = false;   // core asked for it
    bool was_connected = false;
    bool told = false;  // core knows `resolution`
    Resolution resolution;
    std::vector<std::uint32_t> singles;
  };
  struct HopSetState {
    HopSet set;
    bool defined = false;
    bool released = false;
    bool stale = false;                  // every peer of it is down: content as it was, not worth a write
    std::uint32_t wants = 0;             // routes that want it
    std::uint32_t primary = 0;           // the target new routes take
    std::vector<std::uint32_t> members;  // singles, ascending; empty: unusable
    std::string reason;                  // unusable: why
    bool refused = false;                // … and the reason is the kernel's
    bool blocked = false;                // routes were put aside: the kernel refused the group
  };
  struct PendingOp {
    OpKind kind{};
    std::uint32_t subject = 0;           // RouteRef, single or target
    std::uint32_t target = 0;            // routes: what they have when it succeeded; DeleteNextHop: a Doomed::Kind
    std::vector<std::uint32_t> members;  // groups
    bool on_link = false;                // KernelOp::on_link
  };
  struct Doomed {
    enum Kind : std::uint8_t { Single, Group, Former };
    std::uint32_t id = 0;
    Kind kind{};
  };
  // RouteState::status of what core was told; 0: nothing yet.
  [[nodiscard]] static constexpr std::uint8_t status_code(RouteStatus status) {
    return static_cast<std::uint8_t>(static_cast<std::uint8_t>(status) + 1);
  }
  struct DumpCursor {
    DumpRoutes question;    // `from` and `limit`: of what is left
    std::size_t index = 0;  // of question.prefixes
  };
  enum class Verdict : std::uint8_t { Right, Write, NeedsTarget, Blocked };

  // planner_sets.cpp: hop sets, resolution, groups
  void settle();
  void resolve_all();
  bool resolve(const NextHop& next_hop, Tracked& tracked);
  void tell(const NextHop& next_hop, Tracked& tracked);
  void use(const NextHop& next_hop);
  void unuse(const NextHop& next_hop);
  [[nodiscard]] bool compute(HopSetState& set);
  struct Why {
    std::string text;
    bool refused = false;  // by the kernel
  };
  bool collect(const std::vector<Hop>& hops, bool up_only, bool answering_only, std::vector<std::uint32_t>& out,
               Why& why) const;
  void recompute_sets();
  void regroup(std::uint32_t target);
  void reown(std::uint32_t target);
  void set_owner(std::uint32_t target, std::uint32_t set);
  void drop_set(std::uint32_t id);
  [[nodiscard]] std::uint32_t choose_owner(std::uint32_t target) const;
  void scan();
  void lose_link(std::uint32_t ifindex, bool carrier_only);
  void lose_single(std::uint32_t single);
  void group_died(std::uint32_t target);
  [[nodiscard]] bool follows(std::uint32_t target, const HopSetState& set) const;
  [[nodiscard]] std::uint32_t target_for(std::uint32_t set);
  HopSetState& set_state(std::uint32_t id);

  // planner_facts.cpp
  void own_next_hop(const NextHopFact& fact);
  void own_next_hop_in_dump(const NextHopFact& fact);
  void own_next_hop_changed(const NextHopFact& fact);
  void dumped_groups();
  void settle_adoption();
  void own_route(const RouteFact& fact);
  void own_route_gone(const RouteFact& fact);
  [[nodiscard]] std::uint32_t target_of(const RouteFact& fact);
  [[nodiscard]] bool is_ours(const RouteFact& fact) const;
  void retry_prefix(const net::Prefix& prefix);
  void retry_blackholes(const net::Prefix& within);
  void retry_singles(std::uint32_t ifindex);
  void blame(std::string what, std::uint32_t port);
  void tell_link_down(const LinkFact& before, const LinkFact* now);

  // planner_routes.cpp: routes, batches
  void queue(RouteRef ref, RouteState& state);
  void set_want(RouteRef ref, RouteState& state, std::uint32_t want);
  void set_have(RouteRef ref, RouteState& state, std::uint32_t have);
  [[nodiscard]] bool right(const RouteState& state) const;
  Verdict decide(RouteRef ref, RouteState& state, KernelOp& op, std::uint32_t& target);
  bool object_ops(std::size_t max, std::vector<KernelOp>& ops);
  void group_ops(std::size_t max, std::vector<KernelOp>& ops);
  void new_singles(std::size_t max, std::vector<KernelOp>& ops);
  void delete_ops(std::size_t max, std::vector<KernelOp>& ops);
  bool route_ops(std::size_t max, std::vector<KernelOp>& ops);
  bool background_ops(std::size_t max, std::vector<KernelOp>& ops);
  void probe_ops(std::vector<KernelOp>& ops);
  void former_ops(std::size_t max, std::vector<KernelOp>& ops);
  [[nodiscard]] bool former_settled() const {
    return !former_.has_routes() && !condemned_ && (!stopping_ || stop_checked_ || former_.objects().empty());
  }
  void route_op_done(const PendingOp& op, const OpError* error);
  void route_op_failed(const PendingOp& op, const OpError& error, RouteState& state);
  void object_op_done(const PendingOp& op, const OpError* error);
  // Whether the same request is worth another try with the gateways said to be on their links (Single::on_link).
  bool try_on_link(std::span<const std::uint32_t> singles, const PendingOp& op, int error);
  void want_dump();

  // planner_status.cpp: what core is told of the routes
  void count_status(const RouteState& state, int by);
  void tell(RouteRef ref, RouteState& state, RouteStatus status, const std::string& reason);
  void set_status(RouteRef ref, RouteState& state, RouteStatus status, const std::string& reason = {});
  void refuse(RouteRef ref, RouteState& state, std::string reason);
  void finish(RouteRef ref, RouteState& state);
  [[nodiscard]] std::string objection(const net::Prefix& prefix, const RouteState& state) const;
  void retry_refused();
  void next_dump_piece();
  void named_routes(DumpCursor& cursor, RouteDump& piece);
  void page_of_routes(DumpRoutes& question, RouteDump& piece);
  [[nodiscard]] KernelRoute describe(RouteRef ref) const;

  // planner.cpp: time
  void sweep();
  void condemn_unused();
  void retry_objects();
  void retry_not_before(net::TimePoint when);
  void finish_stop();
  void touch_gc();
  [[nodiscard]] std::uint32_t metric(net::Family family) const { return settings_.mark().metric(family); }

  Settings settings_;
  net::TimePoint now_;
  net::TimePoint started_;
  State state_ = State::Awaiting;
  bool objects_;
  bool dumping_ = false;
  bool synced_told_ = false;
  bool converged_ = false;
  bool stopping_ = false, stopped_ = false, stop_checked_ = false;

  Resolver resolver_;
  NextHopTable next_hops_;
  InstalledRoutes routes_;
  FormerRuns former_;
  std::map<NextHop, Tracked> tracked_;
  std::vector<HopSetState> sets_;  // by id
  std::unordered_set<net::PeerId> down_;

  std::deque<RouteRef> queue_;
  std::vector<PendingOp> pending_;
  std::unordered_map<RouteRef, std::string> refusals_;  // of routes; those of next hops and groups stand with these
  std::set<std::uint32_t> changed_sets_;                // routes that want them need a look
  std::unordered_set<std::uint32_t> seen_ids_;          // nexthop ids in the running dump
  std::vector<LinkFact> links_before_dump_;             // those that were usable
  std::vector<NextHopFact> dumped_groups_;              // read when all singles are known
  std::set<std::uint32_t> needed_singles_;              // absent ones to create
  bool resolve_dirty_ = false, sets_dirty_ = false, objects_dirty_ = false, scan_dead_ = false;
  bool wants_dump_ = false;
  net::TimePoint next_dump_{};

  std::vector<Doomed> deletes_;  // nexthop objects shown unused
  bool condemned_ = false;       // something waits for a usage check
  std::optional<net::TimePoint> gc_at_;                  // look for unused objects then
  net::TimePoint next_usage_{};
  net::TimePoint quiet_since_;  // the last foreground write or message
  bool mixed_ = false;          // some group holds routes that want another one
  RouteRef background_cursor_ = 0;
  std::optional<net::TimePoint> retry_at_;  // refused routes, singles and groups
  std::optional<net::TimePoint> probe_at_;

  std::deque<DumpCursor> dumps_;
  std::vector<FromFib> events_;
  std::vector<RouteResult> results_;
  std::vector<ForeignChange> foreign_changes_;
  FibCounters counters_;
  bool counters_changed_ = true, addresses_changed_ = false;
  net::TimePoint counters_at_{};
};

}  // namespace podbgp::fib

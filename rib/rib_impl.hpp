// Inside of Rib, shared by rib.cpp (peers, work), rib_input.cpp (UPDATEs, local routes), rib_sweep.cpp (long walks) and
// rib_questions.cpp. Nobody else includes this.
#pragma once

#include <unordered_map>

#include <boost/unordered/unordered_flat_set.hpp>

#include "rib/policy_cache.hpp"
#include "rib/rib.hpp"
#include "rib/routes.hpp"
#include "rib/store_feed.hpp"
#include "rib/update_group.hpp"
#include "rib/wire_cache.hpp"

namespace podbgp::rib {

class JournalReader final : public Reader {
 public:
  JournalReader(std::vector<JournalReader*>& registry, bool best_only, bool may_be_reset)
      : resettable(may_be_reset), registry_(&registry), list_(best_only ? JournalList::Best : JournalList::Any) {
    registry.push_back(this);
  }
  ~JournalReader() override { std::erase(*registry_, this); }
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;
  void start(Store& store) {
    for (const auto family : net::kFamilies) cursors[net::index(family)] = JournalCursor(store.journal(family), list_);
  }

  std::array<JournalCursor, net::kFamilyCount> cursors;
  bool resettable = false;
  bool was_reset = false;

 private:
  std::vector<JournalReader*>* registry_;
  JournalList list_;
};

// What the RIB keeps of a peer besides what Store::peers shows to everybody.
struct PeerInput {
  std::shared_ptr<CompiledChain> import;  // nullptr: no policy
  std::uint32_t session_class = 0;        // sessions of one class read the same octets in the same way
  PeerCounters counters;                  // the message counts; the rest is filled in when asked
  std::array<bool, net::kFamilyCount> end_of_rib{};
  bool end_of_rib_told = false;
  std::array<bool, net::kFamilyCount> max_prefixes_told{};
  bool stale_of_two_sessions = false;  // both session bits are in use by stale paths
};

// A reason to look at every entry again. One walk around the table serves all jobs at once, whenever they came.
struct SweepJob {
  enum class Kind : std::uint8_t {
    Stale,
    Import,
    NextHop
  } kind{};                     // paths of gone sessions; import policy; a next hop
  std::uint32_t id = 0;    // PeerId or NextHopIndex
  std::uint32_t stop = 0;  // done when the walk, having passed the end of the table, is here again
  bool wrapped = false;
};

struct Rib::Impl {
  explicit Impl(RouterSettings settings)
      : store(settings),
        routes(store),
        policies(store.attributes),
        feed(store),
        groups(feed, store.router),
        wire_cache(store.attributes) {}

  Store store;
  Routes routes;
  PolicyEvaluator policies;
  StoreFeed feed;
  UpdateGroups groups;
  WireCache wire_cache;
  Effects effects;
  std::vector<PeerInput> inputs;  // by PeerId
  struct SessionClass {           // sessions for which the same octets mean the same, and loop in the same way
    wire::SessionContext context;
    net::Asn local_asn;
    unsigned allow_own_as = 0;
    friend bool operator==(const SessionClass&, const SessionClass&) = default;
  };
  std::vector<SessionClass> session_classes;
  std::vector<JournalReader*> readers;
  net::TimePoint epoch{};
  bool has_epoch = false;

  // --- peers (rib.cpp) ---
  void bring_down(net::PeerId peer);
  void compile_import(net::PeerId peer);
  void classify(net::PeerId peer);
  void disable(net::PeerId peer, net::Family family);
  void reset_laggards();

  // --- input (rib_input.cpp) ---
  struct Ingest {                  // the attributes of one UPDATE for one family
    AttrIndex received = kNoAttr;  // one reference
    Reason loop = Reason::Best;
    bool withdraw = false;  // RFC 7606: treat as withdraw
    bool disabled = false;
  };
  net::Result<Ingest, wire::Notification> ingest(net::PeerId peer, const wire::UpdateView& update, net::Family family);
  net::Result<void, wire::Notification> announce_field(net::PeerId peer, const wire::UpdateView& update,
                                                       const wire::NlriField& field, std::uint32_t since);
  void withdraw_field(net::PeerId peer, const wire::NlriField& field);
  void note_issues(net::PeerId peer, const wire::UpdateView& update, net::Family family,
                   const wire::DecodedAttributes& decoded);
  void note_martians(net::PeerId peer, const wire::UpdateView& update, const PrefixKey& first, std::uint32_t count);
  void add_issue(net::PeerId peer, const wire::UpdateView& update, Effects::UpdateIssue issue);
  void end_of_rib(net::PeerId peer, net::Family family);
  void check_max_prefixes(net::PeerId peer, net::Family family);
  std::uint32_t seconds(net::TimePoint now);
  // After loops, policy and own next hops: owned, or kNoAttr.
  AttrIndex import(net::PeerId peer, const PrefixKey& prefix, AttrIndex received, Reason loop);
  bool next_hop_is_ours(net::PeerId peer, AttrIndex attributes) const;
  // Never routed, or a host route to an address of ours; in words, for explain(): why_martian.
  [[nodiscard]] bool is_martian(const PrefixKey& prefix) const;
  [[nodiscard]] std::string why_martian(const PrefixKey& prefix) const;
  [[nodiscard]] Reason loop_of(net::PeerId peer, const wire::AttributeSet& set) const;
  [[nodiscard]] Reason loop_of(net::PeerId peer, AttrIndex received);

  // A loop check needs the AS_PATH decoded: remembered, because a sweep asks the same of many prefixes.
  struct LoopMemo {
    AttrIndex attributes = kNoAttr;
    std::uint32_t serial = 0;
    net::PeerId peer = kNoPeer;
    Reason loop = Reason::Best;
  };
  std::array<LoopMemo, 256> loop_memo{};

  // --- local routes (rib_input.cpp) ---
  struct Owned {
    std::array<boost::unordered_flat_set<std::uint32_t>, net::kFamilyCount> entries;
  };
  std::unordered_map<std::uint16_t, Owned> owned;
  [[nodiscard]] LocalRoute local_route(net::Family family, EntryIndex entry, const PathInfo& path) const;

  // --- long walks (rib_sweep.cpp) ---
  struct Sweep {
    std::uint32_t at = 0;
    std::vector<SweepJob> jobs;
    std::vector<std::uint8_t> peer_jobs;  // by PeerId: bits by SweepJob::Kind
    std::uint32_t next_hop_jobs = 0;
  };
  std::array<Sweep, net::kFamilyCount> sweeps;
  void start_job(SweepJob::Kind kind, std::uint32_t id);
  void start_job(net::Family family, SweepJob::Kind kind, std::uint32_t id);
  [[nodiscard]] bool sweeping() const { return !sweeps[0].jobs.empty() || !sweeps[1].jobs.empty(); }
  [[nodiscard]] bool sweeping(SweepJob::Kind kind, std::uint32_t id) const;
  void sweep(std::size_t limit);  // entries looked at
  void import_again(net::Family family, EntryIndex index, const PathInfo& path);
  void sweep(net::Family family, std::size_t limit);
  void visit(net::Family family, EntryIndex index);
  void finish_jobs(net::Family family, bool all);
  void finish_removed_peers();
  std::size_t removing = 0;  // peers that are

  // --- questions (rib_questions.cpp) ---
  [[nodiscard]] RouteView view(net::Family family, EntryIndex index, const std::optional<net::PeerId>& only) const;
  void explain(net::Family family, EntryIndex index, const PathInfo& path, Reason reason, PathView& out) const;
  [[nodiscard]] ForwardingHop hop(const PathInfo& path) const;
  void query_entry(const Query& query, net::Family family, EntryIndex index, QueryResult& out) const;
  void query_lengths(const Query& query, QueryResult& out) const;
  void query_walk(const Query& query, QueryResult& out) const;
};

}  // namespace podbgp::rib

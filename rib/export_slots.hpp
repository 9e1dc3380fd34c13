// What is written for (target, attributes, context): evaluated once, shared by every route it applies to.
//
// A slot does not hold what is written but how to get it again, and a hash by which two slots with the same bytes are
// recognised, so that a full table needs no second copy of its attribute sets. It holds one reference on the attributes
// it was made from and lives as long as some record names it, also when it says "not exported".
//
// Owner: core's executor.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "rib/arena.hpp"
#include "rib/export_rules.hpp"
#include "rib/route_feed.hpp"

namespace podbgp::rib {

using TargetId = std::uint16_t;

struct ExportSlot {
  std::uint32_t refs;       // from records
  AttrIndex attributes;     // in Loc-RIB
  std::uint64_t content;    // hash of what is written; 0: nothing is
  std::uint64_t bits;       // context bits of the policy
  std::uint32_t next;       // in its hash chain
  net::RouterId router_id;  // of the source, where it is written (reflection)
  TargetId target;
  RouteSource source;
  PeerKind kind;              // of the source
  std::uint16_t third_party;  // see ExportSlots::third_party(); 0: none
};
static_assert(sizeof(ExportSlot) == 40);

// What is written: attribute block and, for IPv6, the next hop of MP_REACH_NLRI.
struct EncodedAttributes {
  wire::Bytes block;
  wire::Bytes next_hop;
};

class ExportSlots {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0;

  explicit ExportSlots(RouteFeed& feed);
  ~ExportSlots();
  ExportSlots(const ExportSlots&) = delete;
  ExportSlots& operator=(const ExportSlots&) = delete;

  // --- targets: counted by the groups that have them and the slots made for them ---
  [[nodiscard]] TargetId acquire_target(const ExportTarget& target);  // equal targets, one id
  [[nodiscard]] std::optional<TargetId> find_target(const ExportTarget& target) const;
  void ref_target(TargetId target) { ++targets_[target]->users; }
  void unref_target(TargetId target);
  [[nodiscard]] const ExportTarget& target(TargetId id) const { return targets_[id]->target; }

  // The slot of the path in `item` for `target`, with a reference.
  [[nodiscard]] Id acquire(TargetId target, const ExportItem& item, const PathSource& source);
  void ref(Id id) { ++at(id).refs; }
  void unref(Id id) {
    if (--at(id).refs == 0) erase(id);
  }
  [[nodiscard]] const ExportSlot& operator[](Id id) const { return slot(id); }
  [[nodiscard]] std::uint64_t content(Id id) const { return id == kNone ? 0 : slot(id).content; }

  // What is written for this slot. `item` and `peer_name` as it was acquired (policies with very many conditions ask
  // again).
  [[nodiscard]] const EncodedAttributes& encode(Id id, const ExportItem& item, std::string_view peer_name);
  [[nodiscard]] ExportVerdict evaluate(const ExportSlot& slot, const net::Prefix& prefix, std::string_view peer_name,
                                       wire::AttributeSet& out) const;
  [[nodiscard]] ExportVerdict evaluate(const ExportTarget& target, const ExportItem& item, const PathSource& source,
                                       wire::AttributeSet& out) const;

  // The next hop written for a route of our own, where it is another's: named by announcer, policy or the peer's
  // setting.
  [[nodiscard]] const net::IpAddress* third_party(Id id) const {
    return id == kNone || slot(id).third_party == 0 ? nullptr : &third_parties_[slot(id).third_party - 1u];
  }
  [[nodiscard]] bool is_third_party(const net::IpAddress& address) const;

  [[nodiscard]] std::size_t size() const { return arena_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const { return arena_.memory_bytes() + heads_.capacity() * sizeof(Id); }

 private:
  struct Target {
    ExportTarget target;
    std::uint32_t users = 0;
  };
  [[nodiscard]] ExportSlot& at(Id id) { return *reinterpret_cast<ExportSlot*>(arena_.at(id - 1)); }
  [[nodiscard]] const ExportSlot& slot(Id id) const { return *reinterpret_cast<const ExportSlot*>(arena_.at(id - 1)); }
  [[nodiscard]] ExportSlot key_of(TargetId target, const ExportItem& item, const PathSource& source,
                                  const ExportTarget& what) const;
  [[nodiscard]] static bool equal_keys(const ExportSlot& a, const ExportSlot& b);
  [[nodiscard]] std::size_t head_of(const ExportSlot& key) const;
  [[nodiscard]] std::uint64_t write(const ExportSlot& key, const ExportItem& item, std::string_view peer_name);
  [[nodiscard]] std::uint16_t third_party_of(const ExportSlot& key);
  void grow();
  void erase(Id id);

  RouteFeed* feed_;
  FixedArena arena_{sizeof(ExportSlot)};
  std::vector<Id> heads_;  // a power of two
  std::vector<std::unique_ptr<Target>> targets_;
  std::vector<net::IpAddress> third_parties_;  // every one there ever was: few
  net::IpAddress written_next_hop_;
  EncodedAttributes written_;  // for slot written_id_
  Id written_id_ = kNone;
  std::uint64_t seed_;
};

}  // namespace podbgp::rib

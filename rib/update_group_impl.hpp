// The inside of UpdateGroups: its state, and what update_group.cpp (who is where) and update_group_run.cpp (what is
// read, compared and encoded) share.
#pragma once

#include <algorithm>
#include <unordered_map>

#include "rib/export_record.hpp"
#include "rib/update_group.hpp"
#include "rib/update_packer.hpp"

namespace podbgp::rib {

struct UpdateGroup {
  net::Family family{};
  TargetId target = 0;
  RouteFeed::Cursor cursor = 0;
  bool settled = false;  // has read to the tail since it was made or rewound
  bool force = false;    // until it settles: send also what did not change (route refresh)
  ExportRecord record;
  std::uint32_t exported = 0;              // records that say something is written
  std::vector<std::uint32_t> exported_of;  // the same by source peer: what that peer is not sent
  std::vector<net::PeerId> members;

  void count(net::PeerId source, int change);
  [[nodiscard]] std::uint32_t advertised(net::PeerId peer) const {
    return exported - (peer.value() < exported_of.size() ? exported_of[peer.value()] : 0);
  }
};

struct UpdateGroups::Impl {
  struct FamilyState {
    UpdateGroup* group = nullptr;
    bool active = false;                                 // negotiated, and not disabled since
    bool joins = false, rekey = false, refresh = false;  // noted for regroup()
    bool end_of_rib_due = false, end_of_rib_sent = false;
  };
  struct PeerState {
    bool used = false, up = false;
    bool listed = false;  // in ready
    PeerSettings settings;
    SessionInfo session;
    std::shared_ptr<const PolicyProgram> policy;
    std::array<FamilyState, net::kFamilyCount> families;
    OutQueue queue;
    [[nodiscard]] FamilyState& operator[](net::Family f) { return families[net::index(f)]; }
    [[nodiscard]] const FamilyState& operator[](net::Family f) const { return families[net::index(f)]; }
  };

  Impl(RouteFeed& route_feed, const RouterSettings& router_settings, Limits group_limits);
  ~Impl();

  // --- who is where (update_group.cpp) ---
  [[nodiscard]] PeerState* find(net::PeerId peer);
  [[nodiscard]] const PeerState* find(net::PeerId peer) const;
  [[nodiscard]] bool is_member(const UpdateGroup& group, net::PeerId peer) const;
  [[nodiscard]] std::shared_ptr<const PolicyProgram> compile(const PeerSettings& settings);
  [[nodiscard]] ExportTarget target_of(const PeerState& state, net::Family family) const;
  [[nodiscard]] PathSource source_of(const ExportItem& item) const;
  // Which peer is not sent the path: the one it was learned from, or the one that is its next hop (RFC 4271 §5.1.3).
  [[nodiscard]] net::PeerId withheld_from(const ExportItem& item, ExportSlots::Id slot) const;
  void forget_address(net::PeerId peer);
  void note_rekey(PeerState& state);
  void regroup();
  void regroup_members(UpdateGroup& group);
  void join(net::PeerId peer, net::Family family);
  void leave(net::PeerId peer, net::Family family);
  void rewind(UpdateGroup& group);
  void rewind_all();
  UpdateGroup& make_group(net::Family family, TargetId target, RouteFeed::Cursor cursor);
  // A group with a copy of the record for these members of `group`; takes over the reference on `target`.
  UpdateGroup& split(UpdateGroup& group, const std::vector<net::PeerId>& members, TargetId target,
                     RouteFeed::Cursor cursor);
  void move_member(net::PeerId peer, UpdateGroup& from, UpdateGroup* to);
  void destroy(UpdateGroup& group);
  void merge();
  void split_lagging(UpdateGroup& group);

  // --- what is read, compared and encoded (update_group_run.cpp) ---
  [[nodiscard]] bool has_room(const UpdateGroup& group) const;
  [[nodiscard]] bool can_produce(const UpdateGroup& group) const;
  std::size_t produce(UpdateGroup& group, std::size_t limit);
  void apply(UpdateGroup& group, const ExportTarget& target, const ExportItem& item);
  [[nodiscard]] ExportSlots::Id slot_for(const UpdateGroup& group, const ExportTarget& target, const ExportItem& item,
                                         const PathSource& source);
  void distribute(UpdateGroup& group);
  void settle(UpdateGroup& group);
  void send_end_of_rib(net::PeerId peer, net::Family family);
  void push(net::PeerId peer, const std::shared_ptr<const Chunk>& chunk);
  void bury(std::size_t budget);

  RouteFeed* feed;
  RouterSettings router;
  Limits limits;
  ExportSlots slots;
  UpdatePacker packer;
  std::vector<std::unique_ptr<PeerState>> peers;  // by PeerId
  std::vector<std::unique_ptr<UpdateGroup>> groups;
  std::vector<std::unique_ptr<UpdateGroup>> graveyard;  // records that are given back in slices
  std::unordered_map<net::IpAddress, net::PeerId> by_address;
  std::vector<std::weak_ptr<const PolicyProgram>> programs;
  std::vector<net::PeerId> ready;
  bool regroup_due = false;
  bool merge_due = false;
  std::size_t next_group = 0;  // where the next round begins
  std::array<std::shared_ptr<const Chunk>, net::kFamilyCount> end_of_rib;
  std::vector<ExportItem> items;                     // scratch
  std::vector<std::shared_ptr<const Chunk>> chunks;  // scratch
  struct {                                           // the slot of the route before, most often that of the next one
    AttrIndex attributes = kNoAttr;
    net::PeerId peer = kNoPeer;
    RouteSource source{};
    ExportSlots::Id slot = ExportSlots::kNone;
  } last;
};

}  // namespace podbgp::rib

// Update groups: peers whose output bytes are equal share one journal reader, one export-policy run and one encoding.
//
// A group is a cursor on the journal, a record of what was last exported by entry, and members. It reads on while one
// of its members has room, encodes what changed into immutable chunks, and appends these to the queue of each member. A
// piece of a chunk may be meant for all members but one (the source of the path) or for one only; the others step over
// it.
//
// Whoever is not where the others are is a group of its own for a while: a peer that joins (empty record, cursor at the
// head), one that lags (copy of the record), one whose policy or next hop changed (copy of the record, cursor at the
// head: only what differs is sent), one that asks for a refresh. Two groups of one target that both have read the
// journal to its tail have equal records and become one.
//
// Owner: core's executor.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rib/export_rules.hpp"
#include "rib/out_slice.hpp"
#include "rib/rib.hpp"
#include "rib/route_feed.hpp"

namespace podbgp::rib {

class UpdateGroups {
 public:
  struct Limits {
    std::size_t low_water = 64 * 1024;  // a group encodes while a member has less than this unread, octets
    std::size_t lag = 1024 * 1024;      // a member with more than this unread leaves the group
    std::size_t chunk = 64 * 1024;      // size of an encoded buffer, about
    std::size_t window = 8192;          // routes gathered before they are encoded (packing)
  };

  UpdateGroups(RouteFeed& feed, const RouterSettings& router);
  UpdateGroups(RouteFeed& feed, const RouterSettings& router, Limits limits);
  ~UpdateGroups();
  UpdateGroups(const UpdateGroups&) = delete;
  UpdateGroups& operator=(const UpdateGroups&) = delete;

  // --- what groups are made of; everything here only notes, the work is done by run() ---
  void set_router(const RouterSettings& router);
  void set_peer(net::PeerId peer,
                const PeerSettings& settings);  // a new peer, or new settings: only what differs is sent
  void remove_peer(net::PeerId peer);           // none of its paths may be in the table any more
  void peer_up(net::PeerId peer, const SessionInfo& session);
  void peer_down(net::PeerId peer);  // what it was sent is forgotten
  void session_changed(net::PeerId peer, const SessionInfo& session);
  void disable_family(net::PeerId peer, net::Family family);
  void route_refresh(net::PeerId peer, net::Family family);  // everything again (RFC 2918 §4)

  // --- work ---
  // In run() and next_output() no entry may wait for its decision: an entry read before shows one state to who reads it
  // now, and had another for who read it earlier, and two such groups must not become one.
  //
  // Reads and encodes about `budget` routes. True: there is more that can be done now.
  [[nodiscard]] bool run(std::size_t budget);
  // True where run() would do something.
  [[nodiscard]] bool has_work() const;
  // After next_output(): it made room, or what it encoded is for others as well. Then call run() soon, and look who is
  // ready.
  [[nodiscard]] bool needs_run() const;
  // Whole messages, about `budget` octets; encodes more when the peer's queue is empty. See session/owner.hpp.
  void next_output(net::PeerId peer, std::size_t budget, std::vector<OutSlice>& out);
  [[nodiscard]] bool has_output(net::PeerId peer) const;
  // Peers whose queue was empty and is not any more, since the last call. Each at most once.
  [[nodiscard]] std::vector<net::PeerId> take_output_ready();

  // --- questions ---
  [[nodiscard]] std::uint32_t advertised(net::PeerId peer, net::Family family) const;  // prefixes it holds from us
  [[nodiscard]] bool end_of_rib_sent(net::PeerId peer, net::Family family) const;
  [[nodiscard]] std::string why_nothing_sent(net::PeerId peer) const;  // RFC 8212; "" where there is a policy
  // Routes of this family that need us as next hop cannot be sent: the session has no address of ours for it.
  [[nodiscard]] bool lacks_self(net::PeerId peer, net::Family family) const;
  // What `peer` was sent for the prefix of `item` (only its entry and prefix are used); nullopt: nothing.
  [[nodiscard]] std::optional<AdvertisedView> advertised(net::PeerId peer, const ExportItem& item) const;
  // Whether the path in `item` goes to `peer`, and the statement or rule that says so; nothing is sent.
  [[nodiscard]] ExportVerdict explain(net::PeerId peer, const ExportItem& item) const;
  [[nodiscard]] std::size_t groups() const;
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace podbgp::rib

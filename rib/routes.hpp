// Routes: puts paths into entries, takes them out, and decides what is dirty. The only writer of entries, paths and
// journals. Owner: core's executor.
#pragma once

#include <vector>

#include <boost/container/small_vector.hpp>

#include "rib/decision.hpp"
#include "rib/store.hpp"

namespace podbgp::rib {

class Routes {
 public:
  explicit Routes(Store& store) : store_(&store) {}
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  struct NewPath {
    net::PeerId peer;  // kLocalPeer: a route of our own
    net::PathId path_id;
    AttrIndex received = kNoAttr;
    AttrIndex attributes = kNoAttr;
    std::uint32_t since = 0;
    std::uint8_t flags = 0;  // Path::kApi, kBlackhole; the session is added
  };
  // Adds the path or replaces the one of the same peer and id. Takes references of its own. False: nothing changed.
  bool put(net::Family family, EntryIndex index, NewPath path);
  // False: there was none.
  bool remove(net::Family family, EntryIndex index, net::PeerId peer, net::PathId path_id);
  // Takes out what `gone(PathInfo)` says; returns how many.
  template <class F>
  std::size_t remove_if(net::Family family, EntryIndex index, F&& gone);
  // New attributes after policy for a path of the current session.
  void set_attributes(net::Family family, EntryIndex index, net::PeerId peer, net::PathId path_id,
                      AttrIndex attributes);
  // Something that the paths depend on changed (next hop, session): decide again and tell the readers of Any.
  void touch(net::Family family, EntryIndex index);
  // Before anybody reads a journal nothing may be dirty: readers that have read all must have seen the same. Input
  // decides some itself when much is dirty, so that this stays short.
  void decide_all() {
    if (dirty()) decide_some(static_cast<std::size_t>(-1));
  }
  void decide_some(std::size_t limit);
  [[nodiscard]] std::size_t waiting() const { return dirty_[0].entries.size() + dirty_[1].entries.size(); }
  [[nodiscard]] bool dirty() const { return !dirty_[0].entries.empty() || !dirty_[1].entries.empty(); }

  // Best where the path may be used; else NotEligible (session gone, rejected or looped: query.cpp says which) or
  // NextHopUnreachable.
  [[nodiscard]] Reason eligibility(net::Family family, const PathInfo& path) const;
  [[nodiscard]] bool off_link(const PathInfo& path, const NextHops::State& next_hop) const;
  [[nodiscard]] Candidate candidate(net::Family family, const PathInfo& path) const;
  [[nodiscard]] const NextHops::State& next_hop_of(const PathInfo& path) const;

  [[nodiscard]] std::size_t memory_bytes() const;
  std::array<std::uint64_t, net::kFamilyCount> paths{}, prefixes{};  // how many there are; prefixes with paths

 private:
  // `decide`: the outcome may be another; else only the readers of Any are told.
  void mark_dirty(net::Family family, EntryIndex index, Entry& entry, bool decide = true);
  [[nodiscard]] bool beyond_doubt(const Entry& entry, AttrIndex attributes, bool local) const;
  void count(net::Family family, net::PeerId peer, std::uint8_t flags, AttrIndex attributes, int by);
  void count_best(net::Family family, net::PeerId peer, int by);
  // The best path is not what it was: readers must be told, whatever comes out.
  void lose_best(net::Family family, Entry& entry, net::PeerId peer);
  void become_list(Entry& entry);
  void fold(Entry& entry);
  bool replace(net::Family family, EntryIndex index, Entry& entry, bool is_best, Path& stored, const NewPath& path);
  void drop(net::Family family, Entry& entry, bool is_best, const PathInfo& path);
  void decide_entry(net::Family family, EntryIndex index);
  void decide_inner(net::Family family, EntryIndex index, Entry& entry);
  void decide_list(net::Family family, EntryIndex index, Entry& entry);
  void publish(net::Family family, EntryIndex index, bool best_changed, bool any_changed);

  Store* store_;
  struct Dirty {
    std::vector<EntryIndex> entries;
    std::size_t next = 0;  // the first that waits
  };
  std::array<Dirty, net::kFamilyCount> dirty_;
  boost::container::small_vector<Candidate, 16> candidates_;  // scratch of decide_list
  boost::container::small_vector<Reason, 16> reasons_;
};

template <class F>
std::size_t Routes::remove_if(net::Family family, EntryIndex index, F&& gone) {
  boost::container::small_vector<std::pair<net::PeerId, net::PathId>, 8> found;
  store_->for_each_path(store_->table(family).at(index), [&](const PathInfo& path) {
    if (gone(path)) found.emplace_back(path.peer, path.path_id);
  });
  for (const auto& [peer, path_id] : found) remove(family, index, peer, path_id);
  return found.size();
}

}  // namespace podbgp::rib

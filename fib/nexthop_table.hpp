// NextHopTable: the kernel's nexthop objects that are ours, and the targets that routes point to.
//
// A *single* is gateway + device (one kernel object, or just a value in plain mode). A *target* is what a route can be
// pointed to: the blackhole, a kernel group of singles, a plain list of them, or something of ours we would not write.
// Groups are never shared by hop sets that would fail over differently, but any number of groups may follow one hop
// set: when all routes of a group moved on to another hop set of equal content, the group changes its owner instead of
// each route being written. Pure; owned by the planner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fib/facts.hpp"
#include "fib/kernel_op.hpp"
#include "net/time.hpp"

namespace podbgp::fib {

enum class SingleState : std::uint8_t { Absent, Present, Refused };

struct Single {
  ResolvedHop hop;
  std::uint32_t kernel_id = 0;  // 0: none given yet
  SingleState state = SingleState::Absent;
  unsigned failures = 0;
  std::string refusal;     // Refused: why
  net::TimePoint retry{};  // Refused: not before
  // The kernel looks an IPv6 gateway up in its table, ours included, and refuses one that a peer announces as a /128: the
  // resolver knows its link, and so the request says that it is on it (RTNH_F_ONLINK). Only then: where that /128 leads
  // over another link the kernel takes the gateway without the flag and refuses it with it.
  bool on_link = false;
};

enum class TargetKind : std::uint8_t { Free, Blackhole, Group, Plain, Alien };

struct Target {
  TargetKind kind = TargetKind::Free;
  bool present = false;    // Group: the kernel has it; others: always
  bool wanted = false;     // Group: routes wait for it
  bool dead = false;       // the kernel took it away with its routes: the next scan says so to each route
  bool condemned = false;  // no use any more: deleted when a dump shows that nobody else uses it
  std::uint32_t kernel_id = 0;
  std::uint32_t owner = 0;   // the hop set whose content it follows; 0: none (adopted and not claimed)
  std::uint32_t routes = 0;  // that have it
  unsigned failures = 0;
  std::string refusal;                                         // Group, failures > 0: why
  net::TimePoint retry{};                                      // Group: after a failed request, not before
  std::vector<std::uint32_t> members;                          // singles, ascending: as wanted
  std::vector<std::uint32_t> kernel_members;                   // Group: as in the kernel
  std::vector<std::pair<std::uint32_t, std::uint32_t>> wants;  // hop set → how many of `routes` want it; few
};

inline constexpr std::uint32_t kNoTarget = 0;
inline constexpr std::uint32_t kBlackholeTarget = 1;
inline constexpr std::uint32_t kAlienTarget = 2;

class NextHopTable {
 public:
  static constexpr std::uint32_t kIdRange = 1'000'000;
  explicit NextHopTable(std::uint32_t id_base);

  // Singles
  [[nodiscard]] std::uint32_t intern(const ResolvedHop& hop);
  [[nodiscard]] Single& single(std::uint32_t index) { return singles_[index]; }
  [[nodiscard]] const Single& single(std::uint32_t index) const { return singles_[index]; }
  [[nodiscard]] std::uint32_t single_count() const { return static_cast<std::uint32_t>(singles_.size()); }

  // Targets
  [[nodiscard]] Target& target(std::uint32_t index) { return targets_[index]; }
  [[nodiscard]] const Target& target(std::uint32_t index) const { return targets_[index]; }
  [[nodiscard]] std::uint32_t target_count() const { return static_cast<std::uint32_t>(targets_.size()); }
  [[nodiscard]] std::uint32_t new_group(std::vector<std::uint32_t> members);
  [[nodiscard]] std::uint32_t plain(const std::vector<std::uint32_t>& members);  // the same for equal content
  void free_target(std::uint32_t index);
  // One route that wants `set` came to (+1) or left (-1) the target.
  void count(std::uint32_t target, std::uint32_t set, int delta);
  [[nodiscard]] std::uint32_t wants(std::uint32_t target, std::uint32_t set) const;

  // Kernel ids of our range. Taken: known to be somebody else's.
  [[nodiscard]] bool in_range(std::uint32_t id) const { return id >= base_ && id - base_ < kIdRange; }
  [[nodiscard]] std::uint32_t allocate_id();
  void forget_id(std::uint32_t id) { used_ids_.erase(id); }
  void mark_id_used(std::uint32_t id) { used_ids_.insert(id); }
  [[nodiscard]] bool owns_id(std::uint32_t id) const { return single_by_id_.contains(id) || group_by_id_.contains(id); }

  // Bindings of kernel ids to what is in the kernel.
  // A second id of the same content (left by a crash) counts as present too; it is never written again.
  void single_present(std::uint32_t index, std::uint32_t id);
  void single_absent(std::uint32_t index);
  void group_present(std::uint32_t index, std::uint32_t id);
  void group_absent(std::uint32_t index);
  [[nodiscard]] std::optional<std::uint32_t> single_of(std::uint32_t id) const;
  [[nodiscard]] std::optional<std::uint32_t> group_of(std::uint32_t id) const;
  [[nodiscard]] const std::unordered_map<std::uint32_t, std::uint32_t>& singles_by_id() const { return single_by_id_; }
  void forget_single_id(std::uint32_t id);  // this id only
  [[nodiscard]] std::size_t objects() const { return single_by_id_.size(); }
  [[nodiscard]] std::size_t groups() const { return group_by_id_.size(); }

 private:
  std::uint32_t base_;
  std::uint32_t next_id_ = 0;
  std::unordered_set<std::uint32_t> used_ids_;
  std::vector<Single> singles_;
  std::map<ResolvedHop, std::uint32_t> single_by_hop_;
  std::unordered_map<std::uint32_t, std::uint32_t> single_by_id_;
  std::size_t duplicates_ = 0;  // ids beyond the first of a single
  std::vector<Target> targets_;
  std::vector<std::uint32_t> free_targets_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> plain_by_members_;
  std::unordered_map<std::uint32_t, std::uint32_t> group_by_id_;
};

}  // namespace podbgp::fib

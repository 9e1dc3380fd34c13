// The decision process (RFC 4271 §9.1.2.2 with RFC 4456 §9): elimination over the whole set, step by step.
//
// Nothing is compared pairwise and nothing depends on the order of the candidates: MED is looked at only inside groups
// of one neighbouring AS, which makes "better" no order (it is not transitive), but elimination well defined. The array
// of steps in decision.cpp is the only place that knows the ladder; the reason why a path lost is the step that took it
// out.
#pragma once

#include <span>

#include "rib/rib.hpp"

namespace podbgp::rib {

struct Candidate {
  Reason excluded =
      Reason::Best;  // Best: takes part. Else: why it does not (NotEligible, AsLoop, NextHopUnreachable, …)
  bool local = false;
  bool external = false;  // learned from another AS
  std::uint8_t origin = 0;
  std::uint8_t cluster_length = 0;
  std::uint16_t path_length = 0;
  std::uint32_t local_pref = 100;
  std::uint32_t med = 0;
  std::uint32_t neighbour_as = 0;  // 0: an empty AS_PATH, a group of its own
  std::uint32_t metric = 0;        // IGP cost to the next hop
  std::uint32_t router_id = 0;     // ORIGINATOR_ID, else the BGP Identifier of the peer (RFC 4456 §9)
  std::uint32_t path_id = 0;
  net::IpAddress peer_address;
};

inline constexpr std::size_t kNoBest = static_cast<std::size_t>(-1);

// Index of the best candidate, or kNoBest. `reasons` (same size) says for each what became of it: Best, Multipath
// (equal to the best one up to the IGP cost, and among the first `max_paths` of those), what excluded it, or the step
// that took it out.
std::size_t decide(std::span<const Candidate> candidates, unsigned max_paths, std::span<Reason> reasons);

}  // namespace podbgp::rib

// FibBridge: the FIB as a reader of the journal. Turns "this prefix changed" into hop sets by id and route changes.
//
// Owner: core. Cost per changed prefix: one RIB look-up, one compare with the hop set used last, 4 octets to remember.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "fib/messages.hpp"
#include "rib/rib.hpp"

namespace podbgp::bgpd {

class FibBridge {
 public:
  using Send = std::function<void(fib::ToFib)>;
  using InterfaceOf = std::function<std::string(net::PeerId)>;  // of link-local gateways
  FibBridge(rib::Rib& rib, Send send, InterfaceOf interface_of);

  // Reads at most `limit` changed prefixes; true: there are more.
  [[nodiscard]] bool run(std::size_t limit);

 private:
  struct HopSetHash {
    std::size_t operator()(const fib::HopSet& set) const;
  };
  struct Use {
    fib::HopSet set;
    std::uint32_t routes = 0;
  };
  [[nodiscard]] fib::HopSetId& wanted(net::Family family, std::uint32_t number);
  fib::HopSetId intern(const rib::Forwarding& forwarding);
  void release(fib::HopSetId id);
  [[nodiscard]] fib::Hop to_hop(const rib::ForwardingHop& hop) const;

  rib::Rib& rib_;
  Send send_;
  InterfaceOf interface_of_;
  std::unique_ptr<rib::Reader> reader_;
  rib::Forwarding scratch_;
  fib::HopSet scratch_set_;
  fib::HopSetId last_id_{};
  std::array<std::vector<fib::HopSetId>, net::kFamilyCount> wanted_;  // by the RIB's number of the prefix
  std::unordered_map<fib::HopSet, fib::HopSetId, HopSetHash> ids_;
  std::vector<Use> uses_;                 // by id - kFirstHopSet
  std::vector<std::uint32_t> free_;
  std::vector<fib::HopSetId> unused_;     // released after the batch that drops their last route was sent
};

}  // namespace podbgp::bgpd

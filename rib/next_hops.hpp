// Next hops, each once, with what the FIB says of them: reachable or not, at which cost, and why not.
//
// An attribute record names the gateway by address. A link-local gateway means something only together with an
// interface: variant() gives the next hop of (gateway, interface of the peer). Owner: core's executor.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/ip_address.hpp"
#include "rib/index.hpp"

namespace podbgp::rib {

class NextHops {
 public:
  struct State {
    net::IpAddress gateway;
    std::string interface;  // only for variants of link-local gateways
    std::uint32_t refs = 0;
    std::uint32_t metric = 0;  // IGP cost, RFC 4271 §9.1.2.2 e
    bool reachable = false;
    bool connected = true;    // reachable: on a link of ours, not behind a gateway
    bool link_local = false;  // a link-local gateway without interface: never resolved itself, see variant()
    bool tracked = false;     // the FIB was or will be asked
    bool awaited = false;     // and has not answered yet
    bool sweeping = false;    // paths through it are being decided again
    std::string reason;       // why it is not reachable
  };
  using Changes = std::vector<std::pair<net::IpAddress, std::string>>;  // gateway, interface ("" unless link-local)

  [[nodiscard]] NextHopIndex acquire(const net::IpAddress& gateway);  // one reference, given back with release()
  void release(NextHopIndex index);
  // The next hop to resolve for a path of a peer on `interface`: `index` itself unless that is link-local.
  NextHopIndex variant(NextHopIndex index, const std::string& interface);
  [[nodiscard]] NextHopIndex find_variant(NextHopIndex index, const std::string& interface) const;  // kNoNextHop: none
  [[nodiscard]] NextHopIndex find(const net::IpAddress& gateway, const std::string& interface) const;

  [[nodiscard]] State& at(NextHopIndex index) { return states_[index.value()]; }
  [[nodiscard]] const State& at(NextHopIndex index) const { return states_[index.value()]; }

  // What to tell the FIB since the last call. A next hop nobody refers to is kept until then: routes that flap track
  // once.
  void take(Changes& track, Changes& untrack);
  // off (no FIB): every next hop is reachable at cost 0 and none is tracked.
  void set_resolving(bool on);
  [[nodiscard]] bool resolving() const { return resolving_; }
  void answered(State& state);
  // Next hops that the FIB has not answered for: what is not reachable yet may be.
  [[nodiscard]] std::size_t awaited() const { return awaited_; }
  [[nodiscard]] std::size_t size() const { return by_key_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Key {
    net::IpAddress gateway;
    std::string interface;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<net::IpAddress>{}(key.gateway) ^ (std::hash<std::string>{}(key.interface) * 31);
    }
  };
  NextHopIndex add(const net::IpAddress& gateway, const std::string& interface);
  void start(State& state);
  void drop(NextHopIndex index, Changes& untrack);

  std::vector<State> states_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<Key, NextHopIndex, KeyHash> by_key_;
  std::vector<NextHopIndex> added_;   // not yet told to the FIB
  std::vector<NextHopIndex> unused_;  // lost their last reference since the last take()
  std::size_t awaited_ = 0;
  bool resolving_ = true;
};

}  // namespace podbgp::rib

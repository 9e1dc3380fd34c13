// Policy as data: what `policies:` and `sets:` of the configuration become. Evaluation is in policy_eval.hpp.
//
// A chain is a list of policies; statements run in order; the first `accept` or `reject` ends the chain. A statement without
// verdict applies its changes and goes on. What no statement decides is rejected.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/prefix.hpp"
#include "wire/attributes.hpp"

namespace podbgp::rib {

// "10.244.0.0/16 le 28": prefixes inside `prefix` whose length is in [min_length, max_length].
struct PrefixRange {
  net::Prefix prefix;
  std::uint8_t min_length = 0;
  std::uint8_t max_length = 0;
  friend bool operator==(const PrefixRange&, const PrefixRange&) = default;
};

enum class RouteSource : std::uint8_t { Bgp, Api, Network };  // from a peer, announced over the API, `networks:`

// "65101:*" etc. is not in this version: exact values only.
using AnyCommunity = std::variant<wire::Community, wire::ExtendedCommunity, wire::LargeCommunity>;

struct AsPathMatch {  // all that are set must hold
  std::optional<net::Asn> neighbour;      // leftmost
  std::optional<net::Asn> origin;         // rightmost
  std::vector<net::Asn> contains;         // every one of them
  std::optional<unsigned> min_length;
  std::optional<unsigned> max_length;
  friend bool operator==(const AsPathMatch&, const AsPathMatch&) = default;
};

struct Match {  // all that are set must hold; an empty Match holds always
  std::optional<std::vector<PrefixRange>> prefix;          // any of
  std::optional<std::vector<RouteSource>> source;          // any of
  std::optional<std::vector<AnyCommunity>> community;      // any of
  std::optional<AsPathMatch> as_path;
  std::optional<std::vector<net::Prefix>> next_hop;        // any of
  std::optional<std::vector<std::string>> peer;            // learned from any of these peers (by name)
  std::optional<net::Family> family;
  std::optional<std::uint32_t> local_pref;
  std::optional<std::uint32_t> med;
  friend bool operator==(const Match&, const Match&) = default;
};

struct NextHopSelf {
  friend bool operator==(const NextHopSelf&, const NextHopSelf&) = default;
};

struct Changes {
  std::optional<std::uint32_t> local_pref;
  std::optional<std::uint32_t> med;
  bool clear_med = false;
  std::vector<AnyCommunity> add_communities;
  std::vector<AnyCommunity> remove_communities;
  std::optional<std::vector<AnyCommunity>> replace_communities;  // of all kinds; the empty list removes all
  struct Prepend {
    std::optional<net::Asn> asn;   // default: our own
    unsigned times = 1;            // 1..32
    friend bool operator==(const Prepend&, const Prepend&) = default;
  };
  std::optional<Prepend> prepend;
  std::optional<std::variant<NextHopSelf, net::IpAddress>> next_hop;
  friend bool operator==(const Changes&, const Changes&) = default;
};

enum class Verdict : std::uint8_t { Continue, Accept, Reject };

struct Statement {
  std::string name;   // "own-pods[0]": for explanations
  Match match;
  Changes set;
  Verdict then = Verdict::Continue;
  friend bool operator==(const Statement&, const Statement&) = default;
};

struct Policy {
  std::string name;
  std::vector<Statement> statements;
  friend bool operator==(const Policy&, const Policy&) = default;
};

// nullopt at a peer means "no policy": eBGP then exchanges nothing (RFC 8212), iBGP everything.
using PolicyChain = std::vector<Policy>;

}  // namespace podbgp::rib

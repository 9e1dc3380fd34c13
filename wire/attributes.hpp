// Path attributes as values (RFC 4271 §5 and what came after). This is the rich form: policy, the API and tests use it; the
// RIB stores its canonical bytes (encode_canonical) and decodes again when it must.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include <vector>

#include "net/ids.hpp"
#include "net/ip_address.hpp"
#include "wire/constants.hpp"

namespace podbgp::wire {

enum class AttributeType : std::uint8_t {
  Origin = 1, AsPath = 2, NextHop = 3, Med = 4, LocalPref = 5, AtomicAggregate = 6, Aggregator = 7, Communities = 8,
  OriginatorId = 9, ClusterList = 10, MpReach = 14, MpUnreach = 15, ExtendedCommunities = 16, As4Path = 17,
  As4Aggregator = 18, LargeCommunities = 32,
};

enum class Origin : std::uint8_t { Igp = 0, Egp = 1, Incomplete = 2 };

struct AsSegment {
  enum class Type : std::uint8_t { Set = 1, Sequence = 2, ConfedSequence = 3, ConfedSet = 4 };
  Type type = Type::Sequence;
  std::vector<net::Asn> asns;  // never empty; at most 255 on the wire, longer sequences are split by the encoder
  friend auto operator<=>(const AsSegment&, const AsSegment&) = default;
};

class AsPath {
 public:
  std::vector<AsSegment> segments;
  [[nodiscard]] unsigned length() const;                     // RFC 4271 §9.1.2.2 a: a set counts 1; confederation segments 0
  [[nodiscard]] std::optional<net::Asn> neighbour() const;   // first AS of a leading sequence
  [[nodiscard]] std::optional<net::Asn> origin_as() const;   // last AS of a trailing sequence
  [[nodiscard]] unsigned count(net::Asn asn) const;          // occurrences, for loop detection (§9.1.2)
  void prepend(net::Asn asn, unsigned times = 1);            // §5.1.2 b
  friend auto operator<=>(const AsPath&, const AsPath&) = default;
};
[[nodiscard]] std::string to_string(const AsPath& path);     // "65001 65002 {65003 65004}"

struct Aggregator {
  net::Asn asn;
  net::IpAddress address;
  friend auto operator<=>(const Aggregator&, const Aggregator&) = default;
};

using Community = net::Strong<struct CommunityTag, std::uint32_t>;             // RFC 1997
using ExtendedCommunity = net::Strong<struct ExtCommunityTag, std::uint64_t>;  // RFC 4360, the 8 octets in host order
struct LargeCommunity {                                                        // RFC 8092
  std::uint32_t global = 0, local1 = 0, local2 = 0;
  friend auto operator<=>(const LargeCommunity&, const LargeCommunity&) = default;
};
inline constexpr Community kNoExport{0xFFFFFF01}, kNoAdvertise{0xFFFFFF02}, kNoExportSubconfed{0xFFFFFF03},
    kGracefulShutdown{0xFFFF0000}, kBlackhole{0xFFFF029A};
[[nodiscard]] std::string to_string(Community c);            // "65001:100", well-known ones by name: "no-export"
[[nodiscard]] std::string to_string(ExtendedCommunity c);    // "rt:65001:100", "ro:…", else "0x…" (16 hex digits)
[[nodiscard]] std::string to_string(const LargeCommunity& c);
[[nodiscard]] std::optional<Community> parse_community(std::string_view text);
[[nodiscard]] std::optional<ExtendedCommunity> parse_extended_community(std::string_view text);
[[nodiscard]] std::optional<LargeCommunity> parse_large_community(std::string_view text);

struct UnknownAttribute {  // optional transitive, carried with the Partial bit (RFC 4271 §5)
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  Bytes value;
  friend auto operator<=>(const UnknownAttribute&, const UnknownAttribute&) = default;
};

struct AttributeSet {
  Origin origin = Origin::Igp;
  AsPath as_path;
  net::IpAddress next_hop;                           // from NEXT_HOP or MP_REACH_NLRI (the global one)
  std::optional<net::IpAddress> link_local_next_hop; // second half of a 32-octet IPv6 next hop (RFC 2545 §3)
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::vector<Community> communities;                // sorted, unique
  std::vector<ExtendedCommunity> extended_communities;
  std::vector<LargeCommunity> large_communities;
  std::optional<net::RouterId> originator_id;        // RFC 4456
  std::vector<net::RouterId> cluster_list;           // leftmost is the most recent
  std::vector<UnknownAttribute> unknown;             // sorted by type
  friend bool operator==(const AttributeSet&, const AttributeSet&) = default;
};

// The canonical byte form: equal sets have equal bytes and the reverse. 4-octet AS numbers, RFC order of types, next hops in
// front as (length, octets). Never sent as it is; decode_canonical cannot fail on what encode_canonical wrote.
void encode_canonical(const AttributeSet& set, Bytes& out);
[[nodiscard]] AttributeSet decode_canonical(ByteSpan bytes);

// The attribute block of an UPDATE without NEXT_HOP's and MP_REACH_NLRI's place in it:
//  - IPv4 unicast: all attributes, NEXT_HOP included (set.next_hop must be IPv4).
//  - IPv6 unicast: all but MP_REACH_NLRI, which UpdateEncoder writes (it holds the NLRI).
// four_octet_as false (an old speaker): AS_PATH in 2 octets with AS_TRANS, AS4_PATH and AS4_AGGREGATOR added (RFC 6793 §4.2.2).
struct EncodeContext {
  net::Family family = net::Family::Ipv4Unicast;
  bool four_octet_as = true;
};
void encode_attributes(const AttributeSet& set, const EncodeContext& context, Bytes& out);

}  // namespace podbgp::wire

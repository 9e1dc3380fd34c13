// The attributes of an UPDATE, judged by RFC 7606: whatever is wrong is named, and the strongest reaction wins.
#include <algorithm>
#include <bitset>

#include <fmt/format.h>

#include "wire/as_path_codec.hpp"
#include "wire/attribute_table.hpp"
#include "wire/update.hpp"

namespace podbgp::wire {
namespace {

constexpr std::size_t kMaxIssues = 16;  // told about; a hostile UPDATE must not fill a log

class Judge {
 public:
  explicit Judge(DecodedAttributes& result) : result_(&result) {}

  void issue(Reaction reaction, std::uint8_t type, std::uint8_t subcode, std::string text, ByteSpan data = {}) {
    if (reaction > result_->reaction) {
      result_->reaction = reaction;
      result_->notification = make_notification(ErrorCode::Update, subcode, Bytes(data.begin(), data.end()));
    }
    if (result_->issues.size() < kMaxIssues) result_->issues.push_back({reaction, type, std::move(text)});
  }

 private:
  DecodedAttributes* result_;
};

std::uint8_t code(AttributeType type) { return static_cast<std::uint8_t>(type); }

class Decoder {
 public:
  Decoder(const UpdateView& update, net::Family family, const SessionContext& context)
      : update_(update),
        family_(family),
        context_{context.four_octet_as, context.external},
        announces_(announces(update, family)),
        judge_(result_) {}

  DecodedAttributes run() {
    AttributeWalk walk(update_.attributes);
    for (RawAttribute attribute; walk.next(attribute);) take(attribute);
    if (walk.truncated())
      judge_.issue(Reaction::TreatAsWithdraw, walk.truncated_type(), update_error::kMalformedAttributeList,
                   "an attribute goes beyond the attribute list (RFC 7606 §4)");
    take_next_hop();
    if (announces_) check_mandatory();
    merge();
    result_.set = std::move(state_.set);
    escalate();
    return std::move(result_);
  }

 private:
  static bool announces(const UpdateView& update, net::Family family) {
    if (update.mp_reach && update.mp_reach->family == family) return !update.mp_reach->nlri.empty();
    return family == net::Family::Ipv4Unicast && !update.nlri.empty();
  }

  void take(const RawAttribute& attribute) {
    if (attribute.type == code(AttributeType::MpReach) || attribute.type == code(AttributeType::MpUnreach)) {
      if (!attribute.kind_is(attribute_flags::kOptional)) wrong_flags(attribute, "MP attribute");
      return;  // the rest of it is scan_update()'s
    }
    const auto* row = attribute_row(attribute.type);
    if (seen_[attribute.type]) {
      judge_.issue(Reaction::AttributeDiscard, attribute.type, update_error::kMalformedAttributeList,
                   fmt::format("{}: more than once, the first counts (RFC 7606 §3 g)", name(attribute, row)));
      return;
    }
    seen_.set(attribute.type);
    if (row != nullptr) {
      take_known(attribute, *row);
    } else {
      take_unknown(attribute);
    }
  }

  void take_known(const RawAttribute& attribute, const AttributeRow& row) {
    if (row.internal_only && context_.external) {
      judge_.issue(Reaction::AttributeDiscard, attribute.type, update_error::kOptionalAttribute,
                   fmt::format("{}: from an external peer (RFC 7606 §7)", row.name));
      return;
    }
    if (!attribute.kind_is(row.flags)) return wrong_flags(attribute, row.name);
    auto flaw = row.decode(Reader(attribute.value), context_, state_);
    if (!flaw && row.check != nullptr) flaw = row.check(context_, state_);
    if (flaw)
      judge_.issue(row.malformed, attribute.type, flaw->subcode,
                   fmt::format("{}: {} (RFC 4271 §6.3, RFC 7606 §7)", row.name, flaw->text), attribute.whole);
  }

  void wrong_flags(const RawAttribute& attribute, std::string_view attribute_name) {
    judge_.issue(Reaction::TreatAsWithdraw, attribute.type, update_error::kAttributeFlags,
                 fmt::format("{}: flags 0x{:02x} (RFC 7606 §3 c)", attribute_name, attribute.flags), attribute.whole);
  }

  void take_unknown(const RawAttribute& attribute) {
    if ((attribute.flags & attribute_flags::kOptional) == 0) {
      judge_.issue(Reaction::SessionReset, attribute.type, update_error::kUnrecognizedWellKnown,
                   fmt::format("{}: not known, but marked as well-known (RFC 4271 §6.3)", name(attribute, nullptr)),
                   attribute.whole);
      return;
    }
    if ((attribute.flags & attribute_flags::kTransitive) == 0) return;  // RFC 4271 §5: quietly ignored
    // RFC 4271 §5: passed on with the Partial bit, since we do not know it. Set here and nowhere else.
    const auto flags = static_cast<std::uint8_t>(attribute_flags::kOptional | attribute_flags::kTransitive |
                                                 attribute_flags::kPartial);
    UnknownAttribute unknown{flags, attribute.type, Bytes(attribute.value.begin(), attribute.value.end())};
    auto& list = state_.set.unknown;
    const auto after = std::ranges::find_if(list, [&](const auto& other) { return other.type > unknown.type; });
    list.insert(after, std::move(unknown));
  }

  // The next hop of MP_REACH_NLRI overrides NEXT_HOP (RFC 4760 §3); its length was checked by scan_update().
  void take_next_hop() {
    if (!update_.mp_reach || update_.mp_reach->family != family_) {
      if (state_.has_next_hop) state_.set.next_hop = state_.next_hop;
      return;
    }
    const auto octets = update_.mp_reach->next_hop;
    auto& set = state_.set;
    if (octets.size() == 4) {
      set.next_hop = net::IpAddress::v4(octets.first<4>());
    } else {
      set.next_hop = net::IpAddress::v6(octets.first<16>());
      if (octets.size() == 32) take_link_local(net::IpAddress::v6(octets.subspan<16, 16>()));
    }
    if (set.next_hop.is_unspecified() || set.next_hop.is_loopback() || set.next_hop.is_multicast())
      judge_.issue(
          Reaction::TreatAsWithdraw, code(AttributeType::MpReach), update_error::kInvalidNextHop,
          fmt::format("MP_REACH_NLRI: next hop {} is not the address of a host", net::to_string(set.next_hop)));
  }

  // RFC 2545 §3. Where there is no global address, some send "::" in its place, some the link-local one twice, and some
  // that one alone: all of them mean next_hop = the link-local address.
  void take_link_local(const net::IpAddress& second) {
    auto& set = state_.set;
    if (!second.is_link_local() || second == set.next_hop) return;
    if (set.next_hop.is_unspecified()) {
      set.next_hop = second;
    } else {
      set.link_local_next_hop = second;
    }
  }

  void check_mandatory() {  // RFC 7606 §3 d
    missing(AttributeType::Origin, "ORIGIN");
    missing(AttributeType::AsPath, "AS_PATH");
    if (!update_.mp_reach || update_.mp_reach->family != family_) missing(AttributeType::NextHop, "NEXT_HOP");
  }

  void missing(AttributeType type, std::string_view attribute_name) {
    if (seen_[code(type)]) return;
    const std::uint8_t data[] = {code(type)};
    judge_.issue(Reaction::TreatAsWithdraw, code(type), update_error::kMissingWellKnown,
                 fmt::format("{}: missing (RFC 7606 §3 d)", attribute_name), data);
  }

  void merge() {  // RFC 6793 §4.2.3
    if (context_.four_octet_as) return;
    auto& set = state_.set;
    if (set.aggregator && state_.as4_aggregator) {
      if (set.aggregator->asn != net::kAsTrans) return;  // made since by a 2-octet speaker: both AS4 attributes are stale
      set.aggregator = state_.as4_aggregator;
    }
    if (state_.as4_path) set.as_path = codec::merge_as4_path(set.as_path, *state_.as4_path);
  }

  // RFC 7606 §5.2: without a route announced in it, nobody knows what such an UPDATE was about.
  void escalate() {
    if (result_.reaction <= Reaction::AttributeDiscard || result_.reaction == Reaction::SessionReset) return;
    if (!update_.nlri.empty() || (update_.mp_reach && !update_.mp_reach->nlri.empty()) || update_.has_unknown_family)
      return;
    if (only_mp_unreach()) return;
    result_.reaction = Reaction::SessionReset;
    result_.issues.push_back({Reaction::SessionReset, 0, "nothing announced (RFC 7606 §5.2)"});
  }
  bool only_mp_unreach() const {
    return !update_.mp_unreach_attribute.empty() && update_.mp_unreach_attribute.size() == update_.attributes.size();
  }

  static std::string name(const RawAttribute& attribute, const AttributeRow* row) {
    return row != nullptr ? std::string(row->name) : fmt::format("attribute {}", attribute.type);
  }

  const UpdateView& update_;
  net::Family family_;
  DecodeContext context_;
  bool announces_;
  DecodedAttributes result_;
  Judge judge_;
  DecodeState state_;
  std::bitset<256> seen_;
};

}  // namespace

DecodedAttributes decode_attributes(const UpdateView& update, net::Family family, const SessionContext& context) {
  return Decoder(update, family, context).run();
}

}  // namespace podbgp::wire

// UPDATE (RFC 4271 §4.3, RFC 4760) in two steps, so that the hot path decodes attributes only when it has not seen them.
//
//   scan_update():        structure; finds the NLRI fields and the attribute block; validates NLRI syntax. No allocation.
//   AttributeKey:         the attribute block without the NLRI of MP_REACH/MP_UNREACH, for a look-up in the wire form.
//   decode_attributes():  values and the verdict of RFC 7606; called on a miss.
#pragma once

#include <array>
#include <optional>

#include "net/prefix.hpp"
#include "wire/attributes.hpp"
#include "wire/notification.hpp"

namespace podbgp::wire {

// What was negotiated and what the session is: decides how bytes are read.
struct SessionContext {
  bool four_octet_as = true;
  bool external = true;  // eBGP
  net::FamilySet families{net::Family::Ipv4Unicast};
  net::FamilySet add_path_receive;
  net::FamilySet extended_next_hop;  // RFC 8950: IPv4 NLRI with IPv6 next hop
  friend bool operator==(const SessionContext&, const SessionContext&) = default;
};

struct Nlri {
  net::Prefix prefix;
  net::PathId path_id;
};

// A field of NLRI, already validated by scan_update: reading it cannot fail.
class NlriField {
 public:
  NlriField() = default;
  NlriField(net::Family family, bool add_path, ByteSpan bytes) : bytes_(bytes), family_(family), add_path_(add_path) {}
  [[nodiscard]] net::Family family() const { return family_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] ByteSpan bytes() const { return bytes_; }
  [[nodiscard]] bool add_path() const { return add_path_; }

  // Hot path: the raw form, without building a Prefix. `octets` are the ceil(length/8) octets as sent (host bits of the last
  // octet NOT cleared: RFC 4271 §4.3 says they are irrelevant; the reader clears them).
  struct Raw {
    std::uint32_t path_id = 0;
    std::uint8_t length = 0;  // bits
    const std::uint8_t* octets = nullptr;
  };
  template <class F>
  void for_each_raw(F&& f) const;  // f(const Raw&)
  template <class F>
  void for_each(F&& f) const;      // f(const Nlri&)

 private:
  ByteSpan bytes_;
  net::Family family_ = net::Family::Ipv4Unicast;
  bool add_path_ = false;
};

struct MpReach {
  net::Family family{};
  ByteSpan next_hop;  // 4, 16 or 32 octets: checked
  NlriField nlri;
};

struct UpdateView {
  NlriField withdrawn;              // IPv4 unicast
  NlriField nlri;                   // IPv4 unicast
  std::optional<MpReach> mp_reach;
  std::optional<NlriField> mp_unreach;
  ByteSpan body;                    // of the whole message
  ByteSpan attributes;              // the whole block as received
  ByteSpan mp_reach_attribute;      // within `attributes`: header and value; empty if absent
  ByteSpan mp_unreach_attribute;
  // RFC 4724 §2: an UPDATE without any NLRI and attributes (IPv4), or with an empty MP_UNREACH_NLRI only.
  std::optional<net::Family> end_of_rib;
  bool has_unknown_family = false;  // an MP attribute of a family that was not negotiated: ignored (RFC 4760 §6)
};

// What cannot be read or must not be believed: at most one of the reactions of RFC 7606, with what to send if it is a reset.
struct UpdateError {
  Reaction reaction = Reaction::SessionReset;   // SessionReset or FamilyDisable here
  net::Family family{};                         // for FamilyDisable
  Notification notification;                    // for SessionReset
  std::string text;                             // for the log: where and what
};

[[nodiscard]] net::Result<UpdateView, UpdateError> scan_update(ByteSpan body, const SessionContext& context);

// The identity of an attribute block in wire form: everything that decode_attributes() depends on, NLRI excluded.
// `pieces` are the parts of the block around MP_REACH and MP_UNREACH, in order of the wire.
struct AttributeKey {
  std::array<ByteSpan, 3> pieces;
  ByteSpan next_hop;             // of MP_REACH_NLRI; empty for plain IPv4
  net::Family family{};          // of the announced NLRI
  bool mp_flags_wrong = false;   // of an MP attribute: spoils the whole UPDATE (RFC 7606 §3 c), so it is part of the identity
  [[nodiscard]] std::size_t size() const {
    return pieces[0].size() + pieces[1].size() + pieces[2].size() + next_hop.size();
  }
};
// `family`: an UPDATE may announce IPv4 in its NLRI field and IPv6 in MP_REACH_NLRI; each is decoded for itself.
[[nodiscard]] AttributeKey attribute_key(const UpdateView& update, net::Family family);
[[nodiscard]] std::uint64_t hash(const AttributeKey& key);
void append(const AttributeKey& key, Bytes& out);  // canonical serialisation of the key: equal keys, equal bytes

struct AttributeIssue {
  Reaction reaction = Reaction::None;
  std::uint8_t type = 0;  // attribute type code, 0 where none
  std::string text;       // "MED: length 3, expected 4 (RFC 4271 §6.3)"
};

struct DecodedAttributes {
  AttributeSet set;             // what is usable; meaningful for reactions None and AttributeDiscard
  Reaction reaction = Reaction::None;
  Notification notification;    // for SessionReset
  std::vector<AttributeIssue> issues;
};

// Structure and semantics (RFC 4271 §6.3 as revised by RFC 7606 §3 and §7; AS4_PATH merge of RFC 6793 §4.2.3).
// iBGP-only attributes from an external peer are discarded (RFC 7606 §7.5, 7.9, 7.10). Without any NLRI of `family` the
// missing-attribute check is left out.
[[nodiscard]] DecodedAttributes decode_attributes(const UpdateView& update, net::Family family,
                                                  const SessionContext& context);

// Writes UPDATE messages of one family into `out`, each as full as `max_size` allows. Nothing else may touch `out` between
// begin_*() and finish().
class UpdateEncoder {
 public:
  struct Options {
    net::Family family{};
    bool add_path = false;
    std::size_t max_size = kMaxMessageSize;
  };
  UpdateEncoder(Options options, Bytes& out);
  // Announcements: `attributes` from encode_attributes(); `next_hop` is 4 octets for IPv4 (then already in `attributes` and
  // not used) or 16/32 (written into MP_REACH_NLRI; with IPv4 prefixes that is RFC 8950). `attributes` must stay until finish().
  // Returns false if the attributes leave no room for any NLRI; what is added then is not written.
  [[nodiscard]] bool begin_announce(ByteSpan attributes, ByteSpan next_hop);
  void begin_withdraw();
  // `octets` = ceil(length/8) octets, host bits cleared.
  void add(std::uint8_t length, const std::uint8_t* octets, net::PathId path_id = {});
  void add(const net::Prefix& prefix, net::PathId path_id = {});
  void finish();  // closes the message under way; begin_* calls it as well
  [[nodiscard]] std::size_t messages() const { return messages_; }

 private:
  static constexpr std::size_t kMaxNextHop = 32;
  void write_head(ByteSpan next_hop);
  void open_message();
  void close_message();
  void grow(std::size_t need);
  Options options_;
  Bytes* out_;
  ByteSpan attributes_;
  std::array<std::uint8_t, kHeaderSize + 4 + 9 + kMaxNextHop> head_{};  // of every message of the batch, lengths open
  std::size_t head_size_ = 0;
  std::size_t start_ = 0;       // of the message under way
  std::size_t nlri_start_ = 0;  // of its NLRI
  std::size_t position_ = 0;    // where the next prefix goes; octets beyond it are made ready but not part of the message
  std::size_t limit_ = 0;       // where prefixes must end
  std::size_t messages_ = 0;
  bool announce_ = false;
  bool in_mp_ = false;          // prefixes go into an MP attribute
  bool room_ = false;           // for at least one prefix
  bool open_ = false;
};

void encode_end_of_rib(net::Family family, Bytes& out);  // RFC 4724 §2

// --- inline parts of the hot path ---

template <class F>
void NlriField::for_each_raw(F&& f) const {
  const std::uint8_t* p = bytes_.data();
  const std::uint8_t* const end = p + bytes_.size();
  Raw raw;
  while (p < end) {
    if (add_path_) {
      raw.path_id = (std::uint32_t{p[0]} << 24) | (std::uint32_t{p[1]} << 16) | (std::uint32_t{p[2]} << 8) | p[3];
      p += 4;
    }
    raw.length = *p++;
    raw.octets = p;
    p += (raw.length + 7u) / 8u;
    f(static_cast<const Raw&>(raw));
  }
}

template <class F>
void NlriField::for_each(F&& f) const {
  for_each_raw([&](const Raw& raw) {
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), raw.octets, (raw.length + 7u) / 8u);
    const auto address = family_ == net::Family::Ipv6Unicast
                             ? net::IpAddress::v6(octets)
                             : net::IpAddress::v4(std::span<const std::uint8_t, 4>(octets.data(), 4));
    f(Nlri{net::Prefix::make(address, raw.length), net::PathId{raw.path_id}});
  });
}

}  // namespace podbgp::wire

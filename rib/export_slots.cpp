#include "rib/export_slots.hpp"

#include <algorithm>

#include "net/hash.hpp"
#include "wire/update.hpp"

namespace podbgp::rib {

ExportSlots::ExportSlots(RouteFeed& feed) : feed_(&feed), heads_(16, kNone), seed_(detail::process_seed()) {}

ExportSlots::~ExportSlots() = default;

// --- targets ---

std::optional<TargetId> ExportSlots::find_target(const ExportTarget& target) const {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i]->users > 0 && targets_[i]->target == target) return static_cast<TargetId>(i);
  }
  return std::nullopt;
}

TargetId ExportSlots::acquire_target(const ExportTarget& target) {
  if (const auto known = find_target(target)) {
    ref_target(*known);
    return *known;
  }
  const auto free = std::find_if(targets_.begin(), targets_.end(), [](const auto& t) { return t->users == 0; });
  const auto id = static_cast<TargetId>(free - targets_.begin());
  if (free == targets_.end()) targets_.push_back(std::make_unique<Target>());
  *targets_[id] = {target, 1};
  return id;
}

void ExportSlots::unref_target(TargetId target) {
  auto& t = *targets_[target];
  if (--t.users == 0) t.target = {};  // lets go of the policy
}

// --- slots ---

// Only what makes a difference is in the key: the router id of the source where it becomes ORIGINATOR_ID.
ExportSlot ExportSlots::key_of(TargetId target, const ExportItem& item, const PathSource& source,
                               const ExportTarget& what) const {
  ExportSlot key{};
  key.attributes = item.attributes;
  key.target = target;
  key.source = source.source;
  key.kind = source.kind;
  if (source.source == RouteSource::Bgp && source.kind != PeerKind::External && what.kind != PeerKind::External)
    key.router_id = source.router_id;
  if (what.policy && what.policy->looks_at_context())
    key.bits = what.policy->context_bits({item.prefix.prefix(), source.source, source.peer_name});
  return key;
}

bool ExportSlots::equal_keys(const ExportSlot& a, const ExportSlot& b) {
  return a.attributes == b.attributes && a.bits == b.bits && a.target == b.target && a.source == b.source &&
         a.kind == b.kind && a.router_id == b.router_id;
}

std::size_t ExportSlots::head_of(const ExportSlot& key) const {
  const auto rest = (std::uint64_t{key.router_id.value()} << 32) | (std::uint32_t{key.target} << 16) |
                    (std::uint32_t{static_cast<std::uint8_t>(key.source)} << 8) | static_cast<std::uint8_t>(key.kind);
  const auto hash = net::hash_u64(net::hash_u64(rest ^ key.bits * 0x9e3779b97f4a7c15ull) ^ key.attributes.value());
  return hash & (heads_.size() - 1);
}

ExportSlots::Id ExportSlots::acquire(TargetId target, const ExportItem& item, const PathSource& source) {
  const auto& what = targets_[target]->target;
  if (what.sends_nothing()) return kNone;
  auto key = key_of(target, item, source, what);
  // Policies with too many conditions for the bits give each route a slot of its own.
  const bool shared = !what.policy || what.policy->cacheable();
  if (shared) {
    for (Id id = heads_[head_of(key)]; id != kNone; id = slot(id).next) {
      if (!equal_keys(slot(id), key)) continue;
      ref(id);
      return id;
    }
  }
  key.refs = 1;
  key.content = write(key, item, source.peer_name);
  key.third_party = third_party_of(key);
  feed_->ref(item.attributes);
  ref_target(target);
  if (arena_.size() >= heads_.size()) grow();
  const Id id = arena_.allocate() + 1;
  auto& head = heads_[head_of(key)];
  key.next = head;
  head = id;
  at(id) = key;
  written_id_ = key.content != 0 ? id : kNone;
  return id;
}

bool ExportSlots::is_third_party(const net::IpAddress& address) const {
  return std::find(third_parties_.begin(), third_parties_.end(), address) != third_parties_.end();
}

std::uint16_t ExportSlots::third_party_of(const ExportSlot& key) {
  const auto& self = targets_[key.target]->target.self;
  if (key.content == 0 || key.source == RouteSource::Bgp || self == written_next_hop_) return 0;
  const auto at = std::find(third_parties_.begin(), third_parties_.end(), written_next_hop_);
  const auto number = static_cast<std::size_t>(at - third_parties_.begin()) + 1;
  if (number > 0xffff) return 0;
  if (at == third_parties_.end()) third_parties_.push_back(written_next_hop_);
  return static_cast<std::uint16_t>(number);
}

void ExportSlots::grow() {
  std::vector<Id> old(heads_.size() * 2, kNone);
  old.swap(heads_);
  for (const auto head : old) {
    for (Id id = head; id != kNone;) {
      auto& entry = at(id);
      const Id next = entry.next;
      auto& place = heads_[head_of(entry)];
      entry.next = place;
      place = id;
      id = next;
    }
  }
}

void ExportSlots::erase(Id id) {
  const ExportSlot gone = slot(id);
  Id* link = &heads_[head_of(gone)];
  while (*link != id) link = &at(*link).next;
  *link = gone.next;
  arena_.release(id - 1);
  if (written_id_ == id) written_id_ = kNone;
  feed_->unref(gone.attributes);
  unref_target(gone.target);
  if (arena_.size() == 0 && heads_.size() > 16) heads_ = std::vector<Id>(16, kNone);
}

// --- what is written ---

ExportVerdict ExportSlots::evaluate(const ExportSlot& slot, const net::Prefix& prefix, std::string_view peer_name,
                                    wire::AttributeSet& out) const {
  out = wire::decode_canonical(feed_->canonical(slot.attributes));
  return apply_export_rules(
      targets_[slot.target]->target,
      {.source = slot.source, .kind = slot.kind, .router_id = slot.router_id, .peer_name = peer_name},
      {.prefix = prefix, .source = slot.source, .peer = peer_name}, slot.bits, out);
}

ExportVerdict ExportSlots::evaluate(const ExportTarget& target, const ExportItem& item, const PathSource& source,
                                    wire::AttributeSet& out) const {
  const RouteContext context{item.prefix.prefix(), source.source, source.peer_name};
  out = wire::decode_canonical(feed_->canonical(item.attributes));
  return apply_export_rules(target, source, context, target.policy ? target.policy->context_bits(context) : 0, out);
}

// Fills written_; returns its hash, 0 where nothing is to be written.
std::uint64_t ExportSlots::write(const ExportSlot& key, const ExportItem& item, std::string_view peer_name) {
  const auto& target = targets_[key.target]->target;
  wire::AttributeSet set;
  written_.block.clear();
  written_.next_hop.clear();
  if (evaluate(key, item.prefix.prefix(), peer_name, set).reason != ExportReason::Exported) return 0;
  written_next_hop_ = set.next_hop;
  wire::encode_attributes(set, {.family = target.family, .four_octet_as = target.four_octet_as}, written_.block);
  if (target.family == net::Family::Ipv6Unicast) {
    const auto global = set.next_hop.bytes();
    written_.next_hop.assign(global.begin(), global.end());
    if (set.link_local_next_hop) {
      const auto local = set.link_local_next_hop->bytes();
      written_.next_hop.insert(written_.next_hop.end(), local.begin(), local.end());
    }
  }
  // The encoder knows what fits.
  wire::Bytes nowhere;
  wire::UpdateEncoder probe({.family = target.family, .add_path = target.add_path, .max_size = target.max_message},
                            nowhere);
  if (!probe.begin_announce(written_.block, written_.next_hop)) return 0;
  const auto hash = net::hash_bytes(written_.next_hop, net::hash_bytes(written_.block, seed_));
  return hash == 0 ? 1 : hash;
}

const EncodedAttributes& ExportSlots::encode(Id id, const ExportItem& item, std::string_view peer_name) {
  if (written_id_ != id) {
    static_cast<void>(write(slot(id), item, peer_name));
    written_id_ = id;
  }
  return written_;
}

}  // namespace podbgp::rib

// What comes in: UPDATEs of peers and routes of our own. Everything here stores and marks; run() decides.
#include <algorithm>

#include "net/martian.hpp"
#include "rib/rib_impl.hpp"

namespace podbgp::rib {

namespace {

constexpr std::size_t kDirtyAtMost = 8 * 1024;  // one or two milliseconds of deciding

// The prefixes of an UPDATE in groups: for all of a group the slots, then the entries, then what these refer to are on
// their way from memory before the first is worked on. look_up(key, hash) gives an EntryIndex, f(key, path id, index)
// does the work.
template <class LookUp, class F>
void for_each_group(Store& store, const wire::NlriField& field, LookUp&& look_up, F&& f) {
  struct Item {
    PrefixKey key;
    net::PathId path_id;
    std::uint64_t hash;
    EntryIndex index;
  };
  constexpr std::size_t kGroup = 16;
  const auto& table = store.table(field.family());
  std::array<Item, kGroup> items;
  std::size_t n = 0;
  const auto flush = [&] {
    for (std::size_t i = 0; i < n; ++i) table.prefetch_entry(items[i].hash);
    for (std::size_t i = 0; i < n; ++i) {
      items[i].index = look_up(items[i].key, items[i].hash);
      if (items[i].index != kNoEntry) store.prefetch_paths(table.at(items[i].index));
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (items[i].index != kNoEntry) f(items[i].key, items[i].path_id, items[i].index);
    }
    n = 0;
  };
  field.for_each_raw([&](const wire::NlriField::Raw& raw) {
    auto& item = items[n++];
    item.key = PrefixKey::of(field.family(), raw.length, raw.octets);
    item.path_id = net::PathId{raw.path_id};
    item.hash = table.hash(item.key);
    table.prefetch_slot(item.hash);
    if (n == kGroup) flush();
  });
  flush();
}

}  // namespace

std::uint32_t Rib::Impl::seconds(net::TimePoint now) {
  if (!has_epoch) {
    epoch = now;
    has_epoch = true;
  }
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::max(now, epoch) - epoch).count());
}

// --- attributes ---

Reason Rib::Impl::loop_of(net::PeerId peer, const wire::AttributeSet& set) const {
  const auto& settings = store.peer(peer).settings;
  auto own = set.as_path.count(settings.local_asn);
  if (store.router.asn != settings.local_asn) own += set.as_path.count(store.router.asn);
  if (own > settings.allow_own_as) return Reason::AsLoop;                  // RFC 4271 §9.1.2
  if (set.originator_id == store.router.id) return Reason::OwnOriginator;  // RFC 4456 §8
  const auto& clusters = set.cluster_list;
  if (std::find(clusters.begin(), clusters.end(), store.router.cluster_id) != clusters.end())
    return Reason::ClusterLoop;
  return Reason::Best;
}

Reason Rib::Impl::loop_of(net::PeerId peer, AttrIndex received) {
  auto& memo = loop_memo[(received.value() ^ (peer.value() * 31u)) % loop_memo.size()];
  const auto serial = store.attributes[received].serial;
  if (memo.attributes != received || memo.serial != serial || memo.peer != peer) {
    memo = {received, serial, peer, loop_of(peer, store.attributes.decode(received))};
  }
  return memo.loop;
}

// RFC 4271 §5.1.3: a speaker installs no route with itself as the next hop.
bool Rib::Impl::next_hop_is_ours(net::PeerId peer, AttrIndex attributes) const {
  const auto& gateway = store.next_hops.at(store.attributes[attributes].next_hop).gateway;
  const auto& session = store.peer(peer).session;
  return gateway == session.local_address || gateway == session.self_v4 || gateway == session.self_v6 ||
         store.is_own(gateway);
}

bool Rib::Impl::is_martian(const PrefixKey& prefix) const {
  if (net::martian(prefix.family, prefix.length, prefix.octets.data()) != nullptr) return true;
  const bool host = prefix.length == (prefix.family == net::Family::Ipv4Unicast ? 32 : 128);
  return host && store.is_own(prefix.prefix().address());
}

std::string Rib::Impl::why_martian(const PrefixKey& prefix) const {
  if (const auto* name = net::martian(prefix.family, prefix.length, prefix.octets.data()))
    return fmt::format("{} is {} address space, which is never routed", prefix.prefix(), name);
  return fmt::format("{} is an address of this host", prefix.prefix().address());
}

AttrIndex Rib::Impl::import(net::PeerId peer, const PrefixKey& prefix, AttrIndex received, Reason loop) {
  if (loop != Reason::Best || is_martian(prefix)) return kNoAttr;
  const auto& settings = store.peer(peer).settings;
  const auto& chain = inputs[peer.value()].import;
  AttrIndex after = kNoAttr;
  if (chain) {
    after = policies.evaluate(*chain, prefix, received, RouteSource::Bgp, settings.name);
  } else if (!settings.external()) {  // RFC 8212 §2: an external peer without import policy gives us nothing
    store.attributes.ref(received);
    after = received;
  }
  if (after != kNoAttr && next_hop_is_ours(peer, after)) {
    store.attributes.unref(after);
    return kNoAttr;
  }
  if (after != kNoAttr) (void)store.next_hops.variant(store.attributes[after].next_hop, settings.interface);
  return after;
}

void Rib::Impl::add_issue(net::PeerId peer, const wire::UpdateView& update, Effects::UpdateIssue issue) {
  for (auto& known : effects.issues) {
    if (known.peer != peer) continue;
    ++known.more;
    if (issue.reaction <= known.reaction) return;  // the worst is shown
    issue.more = known.more;
    std::swap(known, effects.issues.back());
    effects.issues.pop_back();
    break;
  }
  issue.peer = peer;
  issue.update_size = update.body.size();
  const auto part = update.body.first(std::min(update.body.size(), Effects::kIssueOctets));
  issue.update.assign(part.begin(), part.end());
  effects.issues.push_back(std::move(issue));
}

void Rib::Impl::note_martians(net::PeerId peer, const wire::UpdateView& update, const PrefixKey& first,
                              std::uint32_t count) {
  inputs[peer.value()].counters.martians += count;
  add_issue(peer, update, {.text = why_martian(first), .example = first.prefix()});
}

void Rib::Impl::note_issues(net::PeerId peer, const wire::UpdateView& update, net::Family family,
                            const wire::DecodedAttributes& decoded) {
  auto& counters = inputs[peer.value()].counters;
  if (decoded.reaction == wire::Reaction::TreatAsWithdraw) ++counters.treat_as_withdraw;
  if (decoded.reaction == wire::Reaction::AttributeDiscard) ++counters.attribute_discard;
  const auto worst = std::max_element(decoded.issues.begin(), decoded.issues.end(),
                                      [](const auto& a, const auto& b) { return a.reaction < b.reaction; });
  if (worst == decoded.issues.end()) return;
  counters.last_issue = worst->text;
  if (decoded.reaction == wire::Reaction::SessionReset) return;  // told by the end of the session
  std::optional<net::Prefix> example;
  const auto& nlri = update.mp_reach && update.mp_reach->family == family ? update.mp_reach->nlri : update.nlri;
  nlri.for_each([&](const wire::Nlri& n) {
    if (!example) example = n.prefix;
  });
  add_issue(peer, update, {.reaction = decoded.reaction, .text = worst->text, .example = example});
}

net::Result<Rib::Impl::Ingest, wire::Notification> Rib::Impl::ingest(net::PeerId peer, const wire::UpdateView& update,
                                                                     net::Family family) {
  const auto session_class = inputs[peer.value()].session_class;
  const auto key = wire::attribute_key(update, family);
  const auto hash = wire::hash(key) ^ (std::uint64_t{session_class} * 0x9e3779b97f4a7c15ull);
  Ingest result;
  if (const auto known = wire_cache.find(session_class, key, hash)) {
    store.attributes.ref(known->attributes);
    result.received = known->attributes;
    result.loop = known->loop;
    return result;
  }
  const auto decoded = wire::decode_attributes(update, family, store.peer(peer).session.receive);
  if (decoded.reaction != wire::Reaction::None) note_issues(peer, update, family, decoded);
  switch (decoded.reaction) {
    case wire::Reaction::SessionReset: return net::fail(decoded.notification);
    case wire::Reaction::FamilyDisable: result.disabled = true; return result;
    case wire::Reaction::TreatAsWithdraw: result.withdraw = true; return result;
    case wire::Reaction::AttributeDiscard:
    case wire::Reaction::None: break;
  }
  result.received = store.attributes.intern(decoded.set);
  result.loop = loop_of(peer, decoded.set);
  // What had to be mended is read again each time, so that it is counted each time.
  if (decoded.reaction == wire::Reaction::None) {
    wire_cache.insert(session_class, key, hash, {result.received, result.loop});
  }
  return result;
}

// --- UPDATE ---

void Rib::Impl::withdraw_field(net::PeerId peer, const wire::NlriField& field) {
  const auto& table = store.table(field.family());
  auto& received = inputs[peer.value()].counters.withdraws_received;
  for_each_group(
      store, field,
      [&](const PrefixKey& key, std::uint64_t hash) {
        ++received;
        return table.find(key, hash);
      },
      [&](const PrefixKey&, net::PathId path_id, EntryIndex index) {
        (void)routes.remove(field.family(), index, peer, path_id);
      });
}

net::Result<void, wire::Notification> Rib::Impl::announce_field(net::PeerId peer, const wire::UpdateView& update,
                                                                const wire::NlriField& field, std::uint32_t since) {
  const auto family = field.family();
  if (store.peer(peer).family[net::index(family)].disabled) return {};
  const auto ingested = ingest(peer, update, family);
  if (!ingested) return net::fail(ingested.error());
  if (ingested->disabled) {
    disable(peer, family);
    return {};
  }
  if (ingested->withdraw) {
    withdraw_field(peer, field);
    return {};
  }
  const AttrRef received{store.attributes, ingested->received};
  auto& table = store.table(family);
  const auto& chain = inputs[peer.value()].import;
  const bool each = chain && chain->looks_at_prefix();
  const AttrRef once{store.attributes, each ? kNoAttr : import(peer, {}, received.get(), ingested->loop)};
  std::uint32_t martians = 0;
  PrefixKey first_martian;
  for_each_group(
      store, field, [&](const PrefixKey& key, std::uint64_t hash) { return table.find_or_insert(key, hash); },
      [&](const PrefixKey& key, net::PathId path_id, EntryIndex index) {
        Routes::NewPath path{.peer = peer,
                             .path_id = path_id,
                             .received = received.get(),
                             .attributes = once.get(),
                             .since = since,
                             .flags = 0};
        if (is_martian(key)) {
          if (martians++ == 0) first_martian = key;
          path.attributes = kNoAttr;
          (void)routes.put(family, index, path);
          return;
        }
        if (!each) {
          (void)routes.put(family, index, path);
          return;
        }
        const AttrRef after{store.attributes, import(peer, key, received.get(), ingested->loop)};
        path.attributes = after.get();
        (void)routes.put(family, index, path);
      });
  if (martians > 0) note_martians(peer, update, first_martian, martians);
  check_max_prefixes(peer, family);
  return {};
}

void Rib::Impl::check_max_prefixes(net::PeerId peer, net::Family family) {
  const auto& limit = store.peer(peer).settings.max_prefixes;
  const auto count = store.peer(peer).family[net::index(family)].received;
  auto& told = inputs[peer.value()].max_prefixes_told[net::index(family)];
  if (limit.received == 0 || count <= limit.received || told) return;
  told = true;
  effects.max_prefixes.push_back({peer, family, count, limit});
}

void Rib::Impl::end_of_rib(net::PeerId peer, net::Family family) {
  auto& input = inputs[peer.value()];
  input.end_of_rib[net::index(family)] = true;
  const auto& families = store.peer(peer).session.families;
  for (const auto f : net::kFamilies) {
    if (families.contains(f) && !input.end_of_rib[net::index(f)]) return;
  }
  if (std::exchange(input.end_of_rib_told, true)) return;
  effects.end_of_rib_received.push_back(peer);
}

net::Result<void, wire::Notification> Rib::apply_update(net::PeerId peer, const wire::UpdateView& update,
                                                        net::TimePoint now) {
  auto& impl = *impl_;
  if (!impl.store.peer(peer).up) return {};
  ++impl.inputs[peer.value()].counters.updates_received;
  const auto since = impl.seconds(now);
  // RFC 4271 §4.3: a prefix that is both withdrawn and announced is announced.
  if (!update.withdrawn.empty()) impl.withdraw_field(peer, update.withdrawn);
  if (update.mp_unreach && !update.mp_unreach->empty()) impl.withdraw_field(peer, *update.mp_unreach);
  if (!update.nlri.empty()) {
    if (auto done = impl.announce_field(peer, update, update.nlri, since); !done) return done;
  }
  if (update.mp_reach && !update.mp_reach->nlri.empty()) {
    if (auto done = impl.announce_field(peer, update, update.mp_reach->nlri, since); !done) return done;
  }
  if (update.end_of_rib) impl.end_of_rib(peer, *update.end_of_rib);
  if (impl.routes.waiting() > kDirtyAtMost) impl.routes.decide_all();
  return {};
}

// --- local routes ---

void Rib::announce(const LocalRoute& route, net::TimePoint now) {
  auto& impl = *impl_;
  const auto family = route.prefix.family();
  wire::AttributeSet set;
  set.next_hop = route.next_hop.value_or(net::default_route(family).address());  // unspecified: "self"
  set.local_pref = route.local_pref;
  set.med = route.med;
  set.communities = route.communities;
  set.extended_communities = route.extended_communities;
  set.large_communities = route.large_communities;
  const auto tidy = [](auto& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  tidy(set.communities);
  tidy(set.extended_communities);
  tidy(set.large_communities);

  const AttrRef attributes{impl.store.attributes, impl.store.attributes.intern(set)};
  const auto index = impl.store.table(family).find_or_insert(PrefixKey::of(route.prefix));
  if (index == kNoEntry) return;
  const auto flags = static_cast<std::uint8_t>((route.source == RouteSource::Api ? Path::kApi : 0) |
                                               (route.blackhole ? Path::kBlackhole : 0));
  (void)impl.routes.put(family, index,
                        {.peer = kLocalPeer,
                         .path_id = net::PathId{route.owner},
                         .received = attributes.get(),
                         .attributes = attributes.get(),
                         .since = impl.seconds(now),
                         .flags = flags});
  impl.owned[route.owner].entries[net::index(family)].insert(index.value());
  if (impl.routes.waiting() > kDirtyAtMost) impl.routes.decide_all();
}

bool Rib::withdraw(std::uint16_t owner, const net::Prefix& prefix) {
  auto& impl = *impl_;
  const auto family = prefix.family();
  const auto index = impl.store.table(family).find(PrefixKey::of(prefix));
  if (index == kNoEntry || !impl.routes.remove(family, index, kLocalPeer, net::PathId{owner})) return false;
  const auto mine = impl.owned.find(owner);
  mine->second.entries[net::index(family)].erase(index.value());
  if (mine->second.entries[0].empty() && mine->second.entries[1].empty()) impl.owned.erase(mine);
  return true;
}

LocalRoute Rib::Impl::local_route(net::Family family, EntryIndex entry, const PathInfo& path) const {
  const auto set = store.attributes.decode(path.attributes);
  LocalRoute route;
  route.prefix = store.table(family).prefix(entry);
  route.source = path.source();
  route.owner = static_cast<std::uint16_t>(path.path_id.value());
  if (!set.next_hop.is_unspecified()) route.next_hop = set.next_hop;
  route.local_pref = set.local_pref;
  route.med = set.med;
  route.communities = set.communities;
  route.extended_communities = set.extended_communities;
  route.large_communities = set.large_communities;
  route.blackhole = (path.flags & Path::kBlackhole) != 0;
  return route;
}

std::vector<LocalRoute> Rib::local_routes(std::uint16_t owner) const {
  std::vector<LocalRoute> routes;
  const auto mine = impl_->owned.find(owner);
  if (mine == impl_->owned.end()) return routes;
  for (const auto family : net::kFamilies) {
    for (const auto index : mine->second.entries[net::index(family)]) {
      impl_->store.for_each_path(impl_->store.table(family).at(EntryIndex{index}), [&](const PathInfo& path) {
        if (path.local() && path.path_id.value() == owner)
          routes.push_back(impl_->local_route(family, EntryIndex{index}, path));
      });
    }
  }
  std::sort(routes.begin(), routes.end(), [](const auto& a, const auto& b) { return a.prefix < b.prefix; });
  return routes;
}

}  // namespace podbgp::rib

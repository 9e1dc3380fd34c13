// Questions: what is held, why it is best or not, where it goes. Nothing here changes anything.
#include <algorithm>

#include "rib/rib_impl.hpp"

namespace podbgp::rib {

namespace {

constexpr std::uint32_t kWalkPerQuestion = 64 * 1024;  // entries looked at in one answer; the cursor goes on from there

// The cursor of a walk: family and index of the next entry, plus one, so that 0 is the start.
std::uint64_t pack(net::Family family, std::uint64_t next) {
  return (std::uint64_t{net::index(family)} << 32 | next) + 1;
}

}  // namespace

// --- one prefix ---

void Rib::Impl::explain(net::Family family, EntryIndex index, const PathInfo& path, Reason reason,
                        PathView& out) const {
  out.reason = reason;
  if (reason == Reason::NextHopUnreachable) {
    out.reason_text = routes.next_hop_of(path).reason;
    if (routes.next_hop_of(path).reachable)
      out.reason_text = fmt::format("next hop {} is on no link of ours, and the peer is one hop away (RFC 4271 §6.3); "
                                    "'multihop' for the peer takes such next hops",
                                    routes.next_hop_of(path).gateway);
    if (out.reason_text.empty())
      out.reason_text = fmt::format("next hop {} is not reachable", routes.next_hop_of(path).gateway);
    return;
  }
  if (reason != Reason::NotEligible) return;
  const auto& peer = store.peer(path.peer);
  if (!peer.fresh(family, path.flags)) {
    out.reason_text = "the session it came in is gone; being withdrawn";
    return;
  }
  if (const auto key = store.table(family).key(index); is_martian(key)) {
    out.reason = Reason::Martian;
    out.reason_text = why_martian(key);
    return;
  }
  if (const auto loop = loop_of(path.peer, store.attributes.decode(path.received)); loop != Reason::Best) {
    out.reason = loop;
    out.reason_text = loop == Reason::AsLoop ? fmt::format("AS_PATH holds our AS {}", peer.settings.local_asn)
                      : loop == Reason::OwnOriginator
                          ? fmt::format("ORIGINATOR_ID is our router id {}", store.router.id)
                          : fmt::format("CLUSTER_LIST holds our cluster id {}", store.router.cluster_id);
    return;
  }
  const auto& chain = inputs[path.peer.value()].import;
  if (!chain) {
    if (peer.settings.external()) {
      out.reason = Reason::RejectedByPolicy;
      out.reason_text = "eBGP without import policy accepts nothing (RFC 8212)";
    }
  } else {
    const auto result =
        policies.explain(*chain, store.table(family).key(index), path.received, RouteSource::Bgp, peer.settings.name);
    if (!result.accepted) {
      out.reason = Reason::RejectedByPolicy;
      out.reason_text = result.decided_by.empty() ? std::string{"no statement of the import policy accepts it"}
                                                  : fmt::format("import policy: {}", result.decided_by);
    }
  }
  if (out.reason == Reason::NotEligible) {
    out.reason = Reason::OwnNextHop;
    out.reason_text = "the next hop is an address of ours (RFC 4271 §5.1.3)";
  }
}

RouteView Rib::Impl::view(net::Family family, EntryIndex index, const std::optional<net::PeerId>& only) const {
  RouteView out;
  out.prefix = store.table(family).prefix(index);
  const auto& entry = store.table(family).at(index);
  out.revision = store.journal(family).widen(entry.any_stamp);
  boost::container::small_vector<PathInfo, 8> paths;
  boost::container::small_vector<Candidate, 8> candidates;
  store.for_each_path(entry, [&](const PathInfo& path) {
    paths.push_back(path);
    candidates.push_back(routes.candidate(family, path));
  });
  boost::container::small_vector<Reason, 8> reasons(paths.size());
  (void)decide({candidates.data(), candidates.size()}, store.router.multipath, {reasons.data(), reasons.size()});
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto& path = paths[i];
    if (only && path.peer != *only) continue;
    auto& p = out.paths.emplace_back();
    p.peer = path.peer;
    p.source = path.source();
    p.path_id = path.path_id;
    if (path.local()) {
      p.owner = static_cast<std::uint16_t>(path.path_id.value());
      p.path_id = {};
    } else {
      p.peer_name = store.peer(path.peer).settings.name;
    }
    p.attributes = store.attributes.decode(path.exists() ? path.attributes : path.received);
    if (path.exists() && path.attributes != path.received) p.received = store.attributes.decode(path.received);
    // As decided, even where something changed since and waits for run(): readers are told when that is done.
    p.best = i == 0 && (entry.flags & Entry::kHasBest);
    p.multipath = (path.flags & Path::kMultipath) != 0;
    auto reason = p.best ? Reason::Best : p.multipath ? Reason::Multipath : reasons[i];
    const bool waits = !p.multipath && (reason == Reason::Best || reason == Reason::Multipath);
    if (waits) reason = Reason::NotEligible;
    p.eligible = candidates[i].excluded == Reason::Best;
    p.since = epoch + std::chrono::seconds(path.since);
    if (waits) {
      p.reason = reason;
      p.reason_text = "waits to be decided";
    } else {
      explain(family, index, path, reason, p);
    }
  }
  std::stable_sort(out.paths.begin(), out.paths.end(), [](const PathView& a, const PathView& b) {
    const auto rank = [](const PathView& p) { return p.best ? 0 : p.multipath ? 1 : p.eligible ? 2 : 3; };
    return rank(a) < rank(b);
  });
  return out;
}

std::optional<RouteView> Rib::route(const net::Prefix& prefix) const {
  const auto family = prefix.family();
  const auto index = impl_->store.table(family).find(PrefixKey::of(prefix));
  if (index == kNoEntry || !impl_->store.table(family).at(index).has_paths()) return std::nullopt;
  return impl_->view(family, index, std::nullopt);
}

ForwardingHop Rib::Impl::hop(const PathInfo& path) const {
  ForwardingHop hop{.peer = path.peer,
                    .gateway = store.next_hops.at(store.attributes[path.attributes].next_hop).gateway};
  if (!path.local() && hop.gateway.is_link_local()) hop.interface_of_peer = path.peer.value();
  return hop;
}

void Rib::forwarding(const net::Prefix& prefix, Forwarding& out) const {
  const auto& impl = *impl_;
  const auto family = prefix.family();
  out.kind = Forwarding::Kind::None;
  out.best.clear();
  out.backup.reset();
  out.number = Forwarding::kNoNumber;
  const auto index = impl.store.table(family).find(PrefixKey::of(prefix));
  if (index == kNoEntry) return;
  out.number = index.value();
  const auto& entry = impl.store.table(family).at(index);
  const auto best = impl.store.best(entry);
  if (!best.exists()) return;
  if (best.local()) {
    if (best.flags & Path::kBlackhole) {
      out.kind = Forwarding::Kind::Blackhole;
    } else if (!(impl.store.attributes[best.attributes].flags & AttrRecord::kSelfNextHop)) {
      out.kind = Forwarding::Kind::Unicast;
      out.best.push_back(impl.hop(best));
    }
    return;
  }
  out.kind = Forwarding::Kind::Unicast;
  out.best.push_back(impl.hop(best));
  if (!(entry.flags & Entry::kMulti)) return;

  const auto same = [](const ForwardingHop& a, const ForwardingHop& b) {
    return a.gateway == b.gateway && a.interface_of_peer == b.interface_of_peer;
  };
  boost::container::small_vector<PathInfo, 8> rest;
  impl.store.for_each_path(entry, [&](const PathInfo& path) {
    if (path == best) return;
    if (path.flags & Path::kMultipath) {
      out.best.push_back(impl.hop(path));
    } else {
      rest.push_back(path);
    }
  });
  // By peer, and of several peers that name one gateway only the first.
  std::sort(out.best.begin(), out.best.end(), [](const auto& a, const auto& b) { return a.peer < b.peer; });
  for (auto i = out.best.begin(); i != out.best.end(); ++i) {
    out.best.erase(std::remove_if(i + 1, out.best.end(), [&](const auto& other) { return same(*i, other); }),
                   out.best.end());
  }
  boost::container::small_vector<PathInfo, 8> usable;
  boost::container::small_vector<Candidate, 8> candidates;
  for (const auto& path : rest) {
    const auto candidate = impl.routes.candidate(family, path);
    if (candidate.excluded != Reason::Best || path.local()) continue;
    const auto hop = impl.hop(path);
    if (std::any_of(out.best.begin(), out.best.end(), [&](const auto& other) { return same(hop, other); })) continue;
    usable.push_back(path);
    candidates.push_back(candidate);
  }
  boost::container::small_vector<Reason, 8> reasons(usable.size());
  const auto backup = decide({candidates.data(), candidates.size()}, 1, {reasons.data(), reasons.size()});
  if (backup != kNoBest) out.backup = impl.hop(usable[backup]);
}

// --- many prefixes ---

void Rib::Impl::query_entry(const Query& query, net::Family family, EntryIndex index, QueryResult& out) const {
  const auto& entry = store.table(family).at(index);
  if (query.view == Query::View::Advertised) {
    if (!query.peer) return;
    if (auto sent = groups.advertised(*query.peer, feed.item(family, index))) {
      // What was sent is shared by owners and names none: it is that of the best path.
      const auto best = store.best(entry);
      if (sent->source == RouteSource::Api && best.exists() && best.source() == RouteSource::Api)
        sent->owner = static_cast<std::uint16_t>(best.path_id.value());
      out.advertised.push_back(std::move(*sent));
    }
    return;
  }
  if (!entry.has_paths()) return;
  if (query.view == Query::View::Best) {
    const auto best = store.best(entry);
    if (!best.exists() || (query.peer && best.peer != *query.peer)) return;
    auto route = view(family, index, std::nullopt);
    std::erase_if(route.paths, [](const PathView& path) { return !path.multipath; });
    out.routes.push_back(std::move(route));
    return;
  }
  if (query.peer) {
    bool has = false;
    store.for_each_path(entry, [&](const PathInfo& path) { has |= path.peer == *query.peer; });
    if (!has) return;
  }
  // Received: only the paths of that peer. All: every path, also where a peer narrows which prefixes are shown.
  auto route = view(family, index, query.view == Query::View::Received ? query.peer : std::nullopt);
  if (query.view == Query::View::Received)
    std::erase_if(route.paths, [](const PathView& p) { return p.source != RouteSource::Bgp; });
  if (!route.paths.empty()) out.routes.push_back(std::move(route));
}

// Exact, shorter and longest match: one look-up for each length.
void Rib::Impl::query_lengths(const Query& query, QueryResult& out) const {
  const auto family = query.prefix->family();
  if (query.family && *query.family != family) return;
  const auto& table = store.table(family);
  const bool exact = query.match == PrefixMatch::Exact;
  for (unsigned length = query.prefix->length() + 1; length-- > (exact ? query.prefix->length() : 0);) {
    const auto index = table.find(PrefixKey::of(net::Prefix::make(query.prefix->address(), length)));
    if (index == kNoEntry) continue;
    const auto before = out.routes.size() + out.advertised.size();
    query_entry(query, family, index, out);
    if (query.match == PrefixMatch::LongestMatch && out.routes.size() + out.advertised.size() > before) return;
  }
}

void Rib::Impl::query_walk(const Query& query, QueryResult& out) const {
  const auto from = query.cursor == 0 ? 0 : query.cursor - 1;
  std::uint32_t looked_at = 0;
  for (std::size_t f = from >> 32; f < net::kFamilyCount; ++f) {
    const auto family = net::kFamilies[f];
    if (query.family && *query.family != family) continue;
    if (query.prefix && query.prefix->family() != family) continue;
    const auto& table = store.table(family);
    for (auto i = static_cast<std::uint32_t>(f == from >> 32 ? from : 0); i < table.index_limit(); ++i) {
      if (out.routes.size() + out.advertised.size() >= query.limit || ++looked_at > kWalkPerQuestion) {
        out.next_cursor = pack(family, i);
        return;
      }
      const EntryIndex index{i};
      if (!table.in_use(index)) continue;
      if (query.prefix && !query.prefix->contains(table.prefix(index))) continue;
      query_entry(query, family, index, out);
    }
  }
}

QueryResult Rib::query(const Query& query) const {
  QueryResult out;
  if (query.limit == 0) return out;
  if (query.prefix && query.match != PrefixMatch::Longer) {
    impl_->query_lengths(query, out);
  } else {
    impl_->query_walk(query, out);
  }
  return out;
}

// --- numbers ---

PeerCounters Rib::counters(net::PeerId id) const {
  const auto& peer = impl_->store.peer(id);
  const auto& input = impl_->inputs[id.value()];
  auto out = input.counters;
  for (const auto family : net::kFamilies) {
    const auto i = net::index(family);
    out.family[i].received = peer.family[i].received;
    out.family[i].accepted = peer.family[i].accepted;
    out.family[i].best = peer.family[i].best;
    out.family[i].advertised = impl_->groups.advertised(id, family);
    out.family[i].end_of_rib_received = input.end_of_rib[i];
    out.family[i].end_of_rib_sent = impl_->groups.end_of_rib_sent(id, family);
  }
  if (peer.settings.external() && !input.import)
    out.why_nothing_exchanged = "eBGP without import policy accepts nothing (RFC 8212)";
  if (const auto sent = impl_->groups.why_nothing_sent(id); !sent.empty()) {
    if (!out.why_nothing_exchanged.empty()) out.why_nothing_exchanged += "; ";
    out.why_nothing_exchanged += sent;
  }
  for (const auto family : net::kFamilies) {
    if (!impl_->groups.lacks_self(id, family) || impl_->routes.prefixes[net::index(family)] == 0) continue;
    if (!out.why_nothing_exchanged.empty()) out.why_nothing_exchanged += "; ";
    out.why_nothing_exchanged +=
        fmt::format("no {0} address of ours on the session's interface: {0} routes that need us as next hop are not sent",
                    net::to_string(family));
  }
  return out;
}

bool Rib::has_prefixes(net::Family family) const { return impl_->routes.prefixes[net::index(family)] > 0; }

RibCounters Rib::counters() const {
  const auto& store = impl_->store;
  RibCounters out;
  for (const auto family : net::kFamilies) {
    const auto i = net::index(family);
    out.prefixes[i] = impl_->routes.prefixes[i];
    out.paths[i] = impl_->routes.paths[i];
    out.memory_bytes += store.table(family).memory_bytes() + store.journal(family).memory_bytes();
  }
  out.attribute_sets = store.attributes.size();
  out.revision = store.revision;
  out.memory_bytes += store.attributes.memory_bytes() + store.paths.memory_bytes() + store.next_hops.memory_bytes() +
                      impl_->routes.memory_bytes() + impl_->wire_cache.memory_bytes() + impl_->groups.memory_bytes();
  return out;
}

}  // namespace podbgp::rib

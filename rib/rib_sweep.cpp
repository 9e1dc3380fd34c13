// Long walks: paths of sessions that ended, import policies that changed, next hops that came or went. One walk around
// each table, in slices, looks at every entry for all of these at once; a job is done when the walk has come around to
// where it was. Entries are contiguous, so a walk is cheap: no peer and no next hop needs a list of its routes.
#include <algorithm>
#include <limits>

#include "rib/rib_impl.hpp"

namespace podbgp::rib {

namespace {

constexpr std::uint8_t bit(SweepJob::Kind kind) { return static_cast<std::uint8_t>(1u << static_cast<unsigned>(kind)); }

}  // namespace

void Rib::Impl::start_job(SweepJob::Kind kind, std::uint32_t id) {
  for (const auto family : net::kFamilies) start_job(family, kind, id);
}

void Rib::Impl::start_job(net::Family family, SweepJob::Kind kind, std::uint32_t id) {
  auto& s = sweeps[net::index(family)];
  if (store.table(family).index_limit() == 0) return;
  const auto found =
      std::find_if(s.jobs.begin(), s.jobs.end(), [&](const auto& job) { return job.kind == kind && job.id == id; });
  if (found != s.jobs.end()) {
    found->stop = s.at;
    found->wrapped = false;
    return;
  }
  s.jobs.push_back({kind, id, s.at, false});
  if (kind == SweepJob::Kind::NextHop) {
    store.next_hops.at(NextHopIndex{id}).sweeping = true;
    ++s.next_hop_jobs;
    return;
  }
  if (s.peer_jobs.size() <= id) s.peer_jobs.resize(id + 1);
  s.peer_jobs[id] |= bit(kind);
}

bool Rib::Impl::sweeping(SweepJob::Kind kind, std::uint32_t id) const {
  return std::any_of(sweeps.begin(), sweeps.end(), [&](const Sweep& s) {
    return std::any_of(s.jobs.begin(), s.jobs.end(), [&](const auto& job) { return job.kind == kind && job.id == id; });
  });
}

void Rib::Impl::sweep(std::size_t limit) {
  for (const auto family : net::kFamilies) sweep(family, limit);
}

void Rib::Impl::sweep(net::Family family, std::size_t limit) {
  auto& s = sweeps[net::index(family)];
  const auto& table = store.table(family);
  while (limit > 0 && !s.jobs.empty()) {
    const auto end = table.index_limit();
    if (s.at >= end) {
      s.at = 0;
      for (auto& job : s.jobs) job.wrapped = true;
      finish_jobs(family, end == 0);
      continue;
    }
    auto until = end;  // the table may grow and shrink meanwhile
    for (const auto& job : s.jobs) {
      if (job.wrapped) until = std::min(until, job.stop);
    }
    until = static_cast<std::uint32_t>(std::min<std::size_t>(until, s.at + limit));
    limit -= until - s.at;
    for (; s.at < until; ++s.at) {
      const EntryIndex index{s.at};
      if (table.in_use(index)) visit(family, index);
    }
    finish_jobs(family, false);
  }
}

void Rib::Impl::import_again(net::Family family, EntryIndex index, const PathInfo& path) {
  const auto key = store.table(family).key(index);
  const AttrRef after{store.attributes, import(path.peer, key, path.received, loop_of(path.peer, path.received))};
  routes.set_attributes(family, index, path.peer, path.path_id, after.get());
}

void Rib::Impl::visit(net::Family family, EntryIndex index) {
  const auto& s = sweeps[net::index(family)];
  const auto& entry = store.table(family).at(index);
  if (!entry.has_paths()) return;
  const auto jobs_of = [&](net::PeerId peer) {
    return peer.value() < s.peer_jobs.size() ? s.peer_jobs[peer.value()] : std::uint8_t{0};
  };
  bool stale = false, again = false, touched = false;
  store.for_each_path(entry, [&](const PathInfo& path) {
    const auto jobs = jobs_of(path.peer);
    if (jobs & bit(SweepJob::Kind::Stale)) stale |= !store.peer(path.peer).fresh(family, path.flags);
    if (jobs & bit(SweepJob::Kind::Import)) again = true;
    if (s.next_hop_jobs > 0 && path.attributes != kNoAttr) touched |= routes.next_hop_of(path).sweeping;
  });
  if (stale) {
    (void)routes.remove_if(family, index, [&](const PathInfo& path) {
      return (jobs_of(path.peer) & bit(SweepJob::Kind::Stale)) && !store.peer(path.peer).fresh(family, path.flags);
    });
  }
  if (again) {
    boost::container::small_vector<PathInfo, 8> paths;
    store.for_each_path(entry, [&](const PathInfo& path) {
      const bool current = path.local() || store.peer(path.peer).fresh(family, path.flags);
      if (current && (jobs_of(path.peer) & bit(SweepJob::Kind::Import))) paths.push_back(path);
    });
    for (const auto& path : paths) {
      if (!path.local()) {
        import_again(family, index, path);
      }
      touched = true;  // the name, the interface or the number of equal paths may count, too
    }
  }
  if (touched) routes.touch(family, index);
}

void Rib::Impl::finish_jobs(net::Family family, bool all) {
  auto& s = sweeps[net::index(family)];
  const auto done = std::stable_partition(
      s.jobs.begin(), s.jobs.end(), [&](const SweepJob& job) { return !all && !(job.wrapped && s.at >= job.stop); });
  for (auto job = done; job != s.jobs.end(); ++job) {
    if (job->kind != SweepJob::Kind::NextHop) {
      s.peer_jobs[job->id] &= static_cast<std::uint8_t>(~bit(job->kind));
      continue;
    }
    --s.next_hop_jobs;
    const auto& other = sweeps[1 - net::index(family)].jobs;
    store.next_hops.at(NextHopIndex{job->id}).sweeping = std::any_of(other.begin(), other.end(), [&](const auto& o) {
      return o.kind == SweepJob::Kind::NextHop && o.id == job->id;
    });
  }
  s.jobs.erase(done, s.jobs.end());
}

void Rib::Impl::finish_removed_peers() {
  if (removing == 0) return;
  for (std::size_t i = 0; i < store.peers.size(); ++i) {
    const net::PeerId id{static_cast<std::uint16_t>(i)};
    if (!store.peers[i].removing || sweeping(SweepJob::Kind::Stale, id.value())) continue;
    groups.remove_peer(id);
    --removing;
    store.peers[i] = {};
    inputs[i] = {};
  }
}

}  // namespace podbgp::rib

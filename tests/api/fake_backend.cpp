#include "fake_backend.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace podbgp::api::testing {

struct FakeBackend::Feed {
  std::shared_ptr<RouteWatchSink> routes;
  std::shared_ptr<PeerWatchSink> peers;
  struct Item {
    bool takes_credit;
    std::function<void(Feed&)> deliver;
  };
  std::deque<Item> waiting;
  unsigned credits = 0;
};

namespace {
class FakeWatch final : public Watch {
 public:
  FakeWatch(std::function<void(unsigned)> grant, std::function<void()> end)
      : grant_(std::move(grant)), end_(std::move(end)) {}
  ~FakeWatch() override { end_(); }
  void grant(unsigned credits) override { grant_(credits); }

 private:
  std::function<void(unsigned)> grant_;
  std::function<void()> end_;
};
}  // namespace

net::WallTime noon() {
  using namespace std::chrono;
  return sys_days(2026y / November / 21) + 12h + 500ms;
}

FakeBackend::FakeBackend() {
  control_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || !work_.empty(); });
      if (work_.empty()) return;
      auto work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
      work = nullptr;  // what it holds is destroyed on control
      lock.lock();
      changed_.notify_all();
    }
  });
}

FakeBackend::~FakeBackend() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  control_.join();
}

void FakeBackend::hold() {
  const std::lock_guard lock(mutex_);
  hold_ = true;
}

void FakeBackend::release() {
  const std::lock_guard lock(mutex_);
  hold_ = false;
  for (auto& question : held_) work_.push_back(std::move(question));
  held_.clear();
  changed_.notify_all();
}

std::size_t FakeBackend::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}
std::vector<std::string> FakeBackend::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}
std::size_t FakeBackend::watches() const {
  const std::lock_guard lock(mutex_);
  return feeds_.size();
}
unsigned FakeBackend::credits() const {
  const std::lock_guard lock(mutex_);
  return credits_;
}
std::size_t FakeBackend::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

bool FakeBackend::wait(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    std::unique_lock lock(mutex_);
    if (std::chrono::steady_clock::now() > deadline) return false;
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

void FakeBackend::post_control(std::move_only_function<void()> work) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
  changed_.notify_all();
}

void FakeBackend::ask(std::string what, std::move_only_function<void()> question) {
  const std::lock_guard lock(mutex_);
  log_.push_back(std::move(what));
  (hold_ ? held_ : work_).push_back(std::move(question));
  changed_.notify_all();
}

namespace {
template <class List>
std::string names(const List& routes) {
  std::string out;
  for (const auto& route : routes) {
    if constexpr (requires { route.prefix; })
      out += " " + net::to_string(route.prefix);
    else
      out += " " + net::to_string(route);
    if (out.size() > 200) return out + " ...";
  }
  return out;
}
}  // namespace

void FakeBackend::announce(std::string owner, std::vector<rib::LocalRoute> routes, Reply<Changed> reply) {
  auto what = "announce " + owner + names(routes);
  ask(std::move(what), [this, owner, routes = std::move(routes), reply = std::move(reply)]() mutable {
    Changed changed;
    for (const auto& route : routes) {
      auto [it, fresh] = owners_[owner].routes.try_emplace(route.prefix, route);
      const bool same = it->second == route;
      it->second = route;
      changed.results.push_back(fresh ? ChangeResult::Added : same ? ChangeResult::Unchanged : ChangeResult::Updated);
      if (fresh || !same) ++revision_;
    }
    changed.revision = revision_;
    reply(std::move(changed));
  });
}

void FakeBackend::withdraw(std::string owner, std::vector<net::Prefix> prefixes, Reply<Changed> reply) {
  auto what = "withdraw " + owner + names(prefixes);
  ask(std::move(what), [this, owner, prefixes = std::move(prefixes), reply = std::move(reply)]() mutable {
    Changed changed;
    for (const auto& prefix : prefixes) {
      const bool there = owners_[owner].routes.erase(prefix) == 1;
      changed.results.push_back(there ? ChangeResult::Removed : ChangeResult::NotFound);
      if (there) ++revision_;
    }
    changed.revision = revision_;
    reply(std::move(changed));
  });
}

void FakeBackend::replace(std::string owner, std::vector<rib::LocalRoute> routes, std::uint64_t generation,
                          Reply<Replaced> reply) {
  auto what = "replace " + owner + names(routes);
  ask(std::move(what), [this, owner, routes = std::move(routes), generation, reply = std::move(reply)]() mutable {
    auto& mine = owners_[owner];
    if (generation != 0 && generation < mine.generation)
      return reply(net::fail(ApiError{ApiError::Code::FailedPrecondition,
                                      "GENERATION_TOO_OLD",
                                      fmt::format("owner '{}' is at generation {}", owner, mine.generation),
                                      "generation",
                                      {{"current_generation", std::to_string(mine.generation)}}}));
    if (generation != 0) mine.generation = generation;
    Replaced done;
    std::map<net::Prefix, rib::LocalRoute> next;
    for (const auto& route : routes) {
      const auto it = mine.routes.find(route.prefix);
      ++(it == mine.routes.end() ? done.added : it->second == route ? done.unchanged : done.updated);
      next.emplace(route.prefix, route);
    }
    for (const auto& [prefix, route] : mine.routes) done.removed += next.contains(prefix) ? 0 : 1;
    mine.routes = std::move(next);
    done.generation = mine.generation;
    done.revision = ++revision_;
    reply(done);
  });
}

void FakeBackend::list_owned(std::string owner, std::size_t limit, std::string token, Reply<OwnedRoutes> reply) {
  ask("list_owned " + owner, [this, owner, limit, token, reply = std::move(reply)]() mutable {
    std::vector<OwnedRoute> all;
    for (const auto& [name, state] : owners_)
      for (const auto& [prefix, route] : state.routes)
        if (owner.empty() || owner == name)
          all.push_back({name, route, true, {KernelState::State::Installed, "", {}, route.blackhole}});
    OwnedRoutes page;
    const std::size_t start = token.empty() ? 0 : std::stoul(token);
    for (std::size_t i = start; i < all.size() && i < start + limit; ++i) page.routes.push_back(all[i]);
    if (start + limit < all.size()) page.next_page_token = std::to_string(start + limit);
    reply(std::move(page));
  });
}

void FakeBackend::list_owners(Reply<std::vector<Owner>> reply) {
  ask("list_owners", [this, reply = std::move(reply)]() mutable {
    std::vector<Owner> all;
    for (const auto& [name, state] : owners_)
      all.push_back({name, static_cast<std::uint32_t>(state.routes.size()), state.generation});
    reply(std::move(all));
  });
}

void FakeBackend::list_paths(ListPaths query, Reply<Paths> reply) {
  ask(fmt::format("list_paths {} {}", static_cast<int>(query.view), query.peer),
      [this, query, reply = std::move(reply)]() mutable {
        list_limits.push_back(query.limit);
        std::vector<RibEntry> all;
        for (const auto& entry : entries) {
          const auto& prefix = entry.route.prefix;
          if (query.family && prefix.family() != *query.family) continue;
          if (query.prefix) {
            if (query.match == rib::PrefixMatch::Exact && prefix != *query.prefix) continue;
            if (query.match == rib::PrefixMatch::Longer && !query.prefix->contains(prefix)) continue;
            if (query.match == rib::PrefixMatch::Shorter && !prefix.contains(*query.prefix)) continue;
            if (query.match == rib::PrefixMatch::LongestMatch && !prefix.contains(*query.prefix)) continue;
          }
          all.push_back(entry);
          if (query.view == ListPaths::View::Best)
            std::erase_if(all.back().route.paths, [](const auto& path) { return !path.best && !path.multipath; });
        }
        Paths page;
        page.revision = revision_;
        const std::size_t start = query.page_token.empty() ? 0 : std::stoul(query.page_token);
        for (std::size_t i = start; i < all.size() && i < start + query.limit; ++i) page.entries.push_back(all[i]);
        if (start + query.limit < all.size()) page.next_page_token = std::to_string(start + query.limit);
        reply(std::move(page));
      });
}

void FakeBackend::rib_counters(Reply<rib::RibCounters> reply) {
  ask("rib_counters", [reply = std::move(reply)]() mutable {
    rib::RibCounters counters;
    counters.prefixes = {1200, 12};
    counters.paths = {2300, 24};
    counters.attribute_sets = 7;
    counters.revision = 4711;
    counters.memory_bytes = 123456;
    reply(counters);
  });
}

void FakeBackend::list_peers(Reply<std::vector<PeerInfo>> reply) {
  ask("list_peers", [this, reply = std::move(reply)]() mutable { reply(peers); });
}

net::Result<void, ApiError> FakeBackend::on_peer(const std::string& name) {
  for (const auto& peer : peers)
    if (peer.name == name || net::to_string(peer.address) == name) return {};
  return net::fail(
      ApiError{ApiError::Code::NotFound, "PEER_NOT_FOUND", fmt::format("there is no peer '{}'", name), "peer", {}});
}

void FakeBackend::get_peer(std::string peer, Reply<PeerInfo> reply) {
  ask("get_peer " + peer, [this, peer, reply = std::move(reply)]() mutable {
    if (auto found = on_peer(peer); !found) return reply(net::fail(found.error()));
    reply(*std::ranges::find_if(peers,
                                [&](const auto& p) { return p.name == peer || net::to_string(p.address) == peer; }));
  });
}
void FakeBackend::reset_peer(std::string peer, std::string text, Reply<void> reply) {
  ask(fmt::format("reset_peer {} '{}'", peer, text),
      [this, peer, reply = std::move(reply)]() mutable { reply(on_peer(peer)); });
}
void FakeBackend::disable_peer(std::string peer, std::string text, Reply<void> reply) {
  ask(fmt::format("disable_peer {} '{}'", peer, text),
      [this, peer, reply = std::move(reply)]() mutable { reply(on_peer(peer)); });
}
void FakeBackend::enable_peer(std::string peer, Reply<void> reply) {
  ask("enable_peer " + peer, [this, peer, reply = std::move(reply)]() mutable { reply(on_peer(peer)); });
}

void FakeBackend::status(Reply<Status> reply) {
  ask("status", [this, reply = std::move(reply)]() mutable { reply(status_now); });
}
void FakeBackend::check_config(std::optional<std::string> content, Reply<ConfigReport> reply) {
  ask("check_config", [this, content = std::move(content), reply = std::move(reply)]() mutable {
    checked_content = std::move(content);
    reply(check_report);
  });
}
void FakeBackend::reload_config(Reply<ConfigReport> reply) {
  ask("reload_config", [this, reply = std::move(reply)]() mutable {
    if (reload_error) return reply(net::fail(*reload_error));
    reply(reload_report);
  });
}

// --- watches ---

void FakeBackend::deliver(Feed& feed) {
  std::unique_lock lock(mutex_);
  while (!feed.waiting.empty()) {
    if (feed.waiting.front().takes_credit) {
      if (feed.credits == 0) return;
      --feed.credits;
      --credits_;
      ++batches_;
    }
    auto item = std::move(feed.waiting.front());
    feed.waiting.pop_front();
    lock.unlock();
    item.deliver(feed);
    lock.lock();
  }
}

void FakeBackend::push(bool for_routes, bool takes_credit, std::function<void(Feed&)> give) {
  post_control([this, for_routes, takes_credit, give = std::move(give)] {
    std::vector<std::shared_ptr<Feed>> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [pointer, feed] : feeds_)
        if ((feed->routes != nullptr) == for_routes) all.push_back(feed);
    }
    for (const auto& feed : all) {
      feed->waiting.push_back({takes_credit, give});
      deliver(*feed);
    }
  });
}

void FakeBackend::change_routes(std::vector<RibEntry> changes) {
  push(true, true, [changes = std::move(changes)](Feed& feed) { feed.routes->on_changes(changes, 7); });
}
void FakeBackend::end_route_snapshot() {
  push(true, false, [](Feed& feed) { feed.routes->on_snapshot_end(7); });
}
void FakeBackend::reset_routes(std::string reason) {
  push(true, false, [reason](Feed& feed) { feed.routes->on_reset(reason); });
}
void FakeBackend::change_peers(std::vector<PeerInfo> changed, std::vector<std::string> removed) {
  push(false, true, [changed, removed](Feed& feed) { feed.peers->on_changes(changed, removed); });
}
void FakeBackend::end_peer_snapshot() {
  push(false, false, [](Feed& feed) { feed.peers->on_snapshot_end(); });
}

std::unique_ptr<Watch> FakeBackend::open_watch(std::shared_ptr<Feed> feed) {
  const std::lock_guard lock(mutex_);
  feeds_.emplace(feed.get(), feed);
  changed_.notify_all();
  return std::make_unique<FakeWatch>(
      [this, feed](unsigned credits) {
        {
          const std::lock_guard inner(mutex_);
          feed->credits += credits;
          credits_ += credits;
        }
        post_control([this, feed] { deliver(*feed); });
      },
      [this, feed] {
        const std::lock_guard inner(mutex_);
        credits_ -= feed->credits;
        feed->waiting.clear();
        feeds_.erase(feed.get());
        changed_.notify_all();
      });
}

std::unique_ptr<Watch> FakeBackend::watch_routes(RouteWatchFilter filter, std::shared_ptr<RouteWatchSink> sink) {
  last_filter = filter;
  auto feed = std::make_shared<Feed>();
  feed->routes = std::move(sink);
  return open_watch(std::move(feed));
}

std::unique_ptr<Watch> FakeBackend::watch_peers(std::shared_ptr<PeerWatchSink> sink) {
  auto feed = std::make_shared<Feed>();
  feed->peers = std::move(sink);
  return open_watch(std::move(feed));
}

}  // namespace podbgp::api::testing

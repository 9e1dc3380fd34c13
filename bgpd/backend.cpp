#include "bgpd/backend.hpp"

#include <algorithm>

namespace podbgp::bgpd {

namespace {

template <class T>
net::Result<T, api::ApiError> as_result(T value) {
  return net::Result<T, api::ApiError>(std::move(value));
}
template <class T>
net::Result<T, api::ApiError> as_result(net::Result<T, api::ApiError> value) {
  return value;
}

// A watch's sink is not called once the watch is gone, although messages for it may be under way to control.
template <class Base>
class Guard;

template <>
class Guard<api::RouteWatchSink> final : public api::RouteWatchSink {
 public:
  explicit Guard(std::shared_ptr<api::RouteWatchSink> sink) : sink_(std::move(sink)) {}
  void drop() { sink_.reset(); }
  void on_changes(std::vector<api::RibEntry> changes, std::uint64_t revision) override {
    if (sink_) sink_->on_changes(std::move(changes), revision);
  }
  void on_snapshot_end(std::uint64_t revision) override {
    if (sink_) sink_->on_snapshot_end(revision);
  }
  void on_reset(std::string reason) override {
    if (sink_) sink_->on_reset(std::move(reason));
  }

 private:
  std::shared_ptr<api::RouteWatchSink> sink_;  // touched on control only
};

template <>
class Guard<api::PeerWatchSink> final : public api::PeerWatchSink {
 public:
  explicit Guard(std::shared_ptr<api::PeerWatchSink> sink) : sink_(std::move(sink)) {}
  void drop() { sink_.reset(); }
  void on_changes(std::vector<api::PeerInfo> peers, std::vector<std::string> removed) override {
    if (sink_) sink_->on_changes(std::move(peers), std::move(removed));
  }
  void on_snapshot_end() override {
    if (sink_) sink_->on_snapshot_end();
  }

 private:
  std::shared_ptr<api::PeerWatchSink> sink_;
};

template <class Sink>
class Handle final : public api::Watch {
 public:
  Handle(Watches::WatchId id, std::shared_ptr<Guard<Sink>> guard, std::function<void(CoreTask)> to_core)
      : id_(id), guard_(std::move(guard)), to_core_(std::move(to_core)) {}
  ~Handle() override {
    guard_->drop();
    to_core_([id = id_](Core& core) { core.watches().remove(id); });
  }
  void grant(unsigned credits) override {
    to_core_([id = id_, credits](Core& core) {
      core.watches().grant(id, credits);
      core.wake();
    });
  }

 private:
  Watches::WatchId id_;
  std::shared_ptr<Guard<Sink>> guard_;
  std::function<void(CoreTask)> to_core_;
};

}  // namespace

template <class T, class F>
void DaemonBackend::ask(api::Reply<T> reply, F question) {
  ports_.to_core([this, reply = std::move(reply), question = std::move(question)](Core& core) mutable {
    if constexpr (std::is_void_v<T>) {
      ports_.to_control([reply = std::move(reply), answer = question(core)]() mutable { reply(std::move(answer)); });
    } else {
      ports_.to_control(
          [reply = std::move(reply), answer = as_result(question(core))]() mutable { reply(std::move(answer)); });
    }
  });
}

void DaemonBackend::announce(std::string owner, std::vector<rib::LocalRoute> routes, api::Reply<api::Changed> reply) {
  ask<api::Changed>(std::move(reply), [owner = std::move(owner), routes = std::move(routes)](Core& core) mutable {
    return core.announce(owner, std::move(routes));
  });
}

void DaemonBackend::withdraw(std::string owner, std::vector<net::Prefix> prefixes, api::Reply<api::Changed> reply) {
  ask<api::Changed>(std::move(reply), [owner = std::move(owner), prefixes = std::move(prefixes)](Core& core) {
    return core.withdraw(owner, prefixes);
  });
}

void DaemonBackend::replace(std::string owner, std::vector<rib::LocalRoute> routes, std::uint64_t generation,
                            api::Reply<api::Replaced> reply) {
  ask<api::Replaced>(std::move(reply),
                     [owner = std::move(owner), routes = std::move(routes), generation](Core& core) mutable {
                       return core.replace(owner, std::move(routes), generation);
                     });
}

void DaemonBackend::list_owned(std::string owner, std::size_t limit, std::string token,
                               api::Reply<api::OwnedRoutes> reply) {
  ports_.to_core([this, owner = std::move(owner), limit, token = std::move(token),
                  reply = std::move(reply)](Core& core) mutable {
    auto page = core.list_owned(owner, limit, token);
    std::vector<net::Prefix> prefixes;
    for (const auto& owned : page.routes) prefixes.push_back(owned.route.prefix);
    core.kernel_states(std::move(prefixes), [this, page = std::move(page), reply = std::move(reply)](auto states) mutable {
      for (auto& owned : page.routes)
        if (const auto it = states.find(owned.route.prefix); it != states.end()) owned.kernel = it->second;
      ports_.to_control([reply = std::move(reply), page = std::move(page)]() mutable { reply(std::move(page)); });
    });
  });
}

void DaemonBackend::list_owners(api::Reply<std::vector<api::Owner>> reply) {
  ask<std::vector<api::Owner>>(std::move(reply), [](Core& core) { return core.list_owners(); });
}

namespace {
api::RibEntry kernel_entry(const fib::KernelRoute& route) {
  api::RibEntry entry;
  entry.route.prefix = route.prefix;
  entry.kernel = kernel_state(route);
  return entry;
}

// The kernel's view is not core's: fib answers it, a page at a time. What may cover a prefix is asked for by name.
fib::DumpRoutes kernel_question(const api::ListPaths& query, std::uint32_t from) {
  fib::DumpRoutes question;
  question.unwanted = true;
  question.from = from;
  question.limit = query.limit;
  question.family = query.family;
  if (!query.prefix) return question;
  if (query.match == rib::PrefixMatch::Longer) {
    question.within = query.prefix;
    return question;
  }
  const auto shortest = query.match == rib::PrefixMatch::Exact ? query.prefix->length() : 0;
  for (auto length = shortest; length <= query.prefix->length(); ++length)
    question.prefixes.push_back(net::Prefix::make(query.prefix->address(), length));
  return question;
}

api::Paths kernel_page(const api::ListPaths& query, fib::RouteDump dump) {
  auto& routes = dump.routes;
  if (query.family) std::erase_if(routes, [&](const auto& route) { return route.prefix.family() != *query.family; });
  std::ranges::sort(routes, {}, &fib::KernelRoute::prefix);  // of one page; from page to page there is no order
  if (query.match == rib::PrefixMatch::LongestMatch && query.prefix && routes.size() > 1)
    routes.erase(routes.begin(), routes.end() - 1);  // of those that cover a prefix the last is the longest
  api::Paths page;
  for (const auto& route : routes) page.entries.push_back(kernel_entry(route));
  if (dump.next != 0) page.next_page_token = std::to_string(dump.next);
  return page;
}
}  // namespace

void DaemonBackend::list_paths(api::ListPaths query, api::Reply<api::Paths> reply) {
  ports_.to_core([this, query = std::move(query), reply = std::move(reply)](Core& core) mutable {
    if (query.view == api::ListPaths::View::Kernel) {
      const auto from = Core::parse_page_token(query.page_token);
      if (!from) {
        ports_.to_control([reply = std::move(reply), error = from.error()]() mutable { reply(net::fail(std::move(error))); });
        return;
      }
      auto question = kernel_question(query, static_cast<std::uint32_t>(*from));
      core.kernel_routes(std::move(question), [this, query = std::move(query), reply = std::move(reply)](auto dump) mutable {
        ports_.to_control([query = std::move(query), reply = std::move(reply), dump = std::move(dump)]() mutable {
          reply(kernel_page(query, std::move(dump)));
        });
      });
      return;
    }
    auto paths = core.list_paths(query);
    if (!paths || query.view == api::ListPaths::View::Advertised) {
      ports_.to_control([reply = std::move(reply), paths = std::move(paths)]() mutable { reply(std::move(paths)); });
      return;
    }
    std::vector<net::Prefix> prefixes;
    for (const auto& entry : paths->entries) prefixes.push_back(entry.route.prefix);
    core.kernel_states(std::move(prefixes),
                       [this, paths = std::move(*paths), reply = std::move(reply)](auto states) mutable {
                         for (auto& entry : paths.entries)
                           if (const auto it = states.find(entry.route.prefix); it != states.end()) entry.kernel = it->second;
                         ports_.to_control([reply = std::move(reply), paths = std::move(paths)]() mutable {
                           reply(std::move(paths));
                         });
                       });
  });
}

void DaemonBackend::rib_counters(api::Reply<rib::RibCounters> reply) {
  ask<rib::RibCounters>(std::move(reply), [](Core& core) { return core.rib_counters(); });
}

std::unique_ptr<api::Watch> DaemonBackend::watch_routes(api::RouteWatchFilter filter,
                                                        std::shared_ptr<api::RouteWatchSink> sink) {
  const auto id = next_watch_++;
  auto guard = std::make_shared<Guard<api::RouteWatchSink>>(std::move(sink));
  ports_.to_core([id, filter = std::move(filter), guard](Core& core) { core.watches().add(id, filter, guard); });
  return std::make_unique<Handle<api::RouteWatchSink>>(id, guard, ports_.to_core);
}

std::unique_ptr<api::Watch> DaemonBackend::watch_peers(std::shared_ptr<api::PeerWatchSink> sink) {
  const auto id = next_watch_++;
  auto guard = std::make_shared<Guard<api::PeerWatchSink>>(std::move(sink));
  ports_.to_core([id, guard](Core& core) { core.watches().add(id, guard); });
  return std::make_unique<Handle<api::PeerWatchSink>>(id, guard, ports_.to_core);
}

void DaemonBackend::list_peers(api::Reply<std::vector<api::PeerInfo>> reply) {
  ask<std::vector<api::PeerInfo>>(std::move(reply), [](Core& core) { return core.list_peers(); });
}

void DaemonBackend::get_peer(std::string peer, api::Reply<api::PeerInfo> reply) {
  ask<api::PeerInfo>(std::move(reply), [peer = std::move(peer)](Core& core) { return core.get_peer(peer); });
}

void DaemonBackend::reset_peer(std::string peer, std::string text, api::Reply<void> reply) {
  ask<void>(std::move(reply), [peer = std::move(peer), text = std::move(text)](Core& core) {
    return core.reset_peer(peer, text);
  });
}

void DaemonBackend::disable_peer(std::string peer, std::string text, api::Reply<void> reply) {
  ask<void>(std::move(reply), [peer = std::move(peer), text = std::move(text)](Core& core) {
    return core.disable_peer(peer, text);
  });
}

void DaemonBackend::enable_peer(std::string peer, api::Reply<void> reply) {
  ask<void>(std::move(reply), [peer = std::move(peer)](Core& core) { return core.enable_peer(peer); });
}

void DaemonBackend::status(api::Reply<api::Status> reply) {
  ask<api::Status>(
      [this, reply = std::move(reply)](net::Result<api::Status, api::ApiError> status) mutable {
        if (status) ports_.complete_status(*status);
        reply(std::move(status));
      },
      [](Core& core) { return core.status(); });
}

void DaemonBackend::check_config(std::optional<std::string> content, api::Reply<api::ConfigReport> reply) {
  ports_.to_control([this, content = std::move(content), reply = std::move(reply)]() mutable {
    reply(ports_.check_config(std::move(content)));
  });
}

void DaemonBackend::reload_config(api::Reply<api::ConfigReport> reply) {
  ports_.to_control([this, reply = std::move(reply)]() mutable { reply(ports_.reload_config()); });
}

}  // namespace podbgp::bgpd

// A world of sessions in memory: virtual clock, transports with addresses, TCP-like connections with latency, bounded
// buffers, silent cuts, resets and refusals. Deterministic: everything happens in order of (time, order of scheduling).
//
//   fake::World world;
//   fake::Node a(world, {"10.0.0.1"}), b(world, {"10.0.0.2"});   // a Transport each
//   b.listen(179, [&](std::unique_ptr<Connection> c) { session_b.accept(std::move(c)); });
//   world.run_for(5s);  world.run_until([&] { return …; }, 60s);
#pragma once

#include <algorithm>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "session/transport.hpp"

namespace podbgp::session::fake {

class Node;

class World {
 public:
  [[nodiscard]] net::TimePoint now() const { return now_; }

  std::uint64_t at(net::TimePoint when, std::function<void()> work) {
    const auto id = ++next_id_;
    queue_.emplace(std::pair{std::max(when, now_), id}, std::move(work));
    times_[id] = std::max(when, now_);
    return id;
  }
  std::uint64_t after(net::Duration d, std::function<void()> work) { return at(now_ + d, std::move(work)); }
  void cancel(std::uint64_t id) {
    const auto it = times_.find(id);
    if (it == times_.end()) return;
    queue_.erase({it->second, id});
    times_.erase(it);
  }

  // One piece of work; false if there is none. Time jumps to it.
  bool step() {
    if (queue_.empty()) return false;
    auto node = queue_.extract(queue_.begin());
    now_ = node.key().first;
    times_.erase(node.key().second);
    step_began_ = processor_time();
    node.mapped()();
    return true;
  }
  void run_for(net::Duration d) {
    const auto end = now_ + d;
    while (!queue_.empty() && queue_.begin()->first.first <= end) step();
    now_ = end;
  }
  template <class Condition>
  [[nodiscard]] bool run_until(Condition condition, net::Duration limit) {
    const auto end = now_ + limit;
    while (!condition()) {
      if (queue_.empty() || queue_.begin()->first.first > end) return false;
      step();
    }
    return true;
  }

  // Time as code sees it that looks at the clock while it works.
  [[nodiscard]] net::TimePoint now_within_step() const {
    return charge ? now_ + std::chrono::duration_cast<net::Duration>(processor_time() - step_began_) : now_;
  }
  [[nodiscard]] static std::chrono::nanoseconds processor_time() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  }
  bool charge = false;  // the processor time of a step shows on its clock; then runs are not repeatable
  net::Duration latency = std::chrono::microseconds(100);
  std::size_t capacity = 256 * 1024;  // octets on their way or unread, per direction; then write() takes no more
  std::size_t chunk = 0;              // read() gives at most this many at a time; 0 = all there is

  // A cut path delivers nothing and loses nothing: what was sent arrives after heal(), as TCP's retransmission would
  // have it.
  void cut(const net::IpAddress& a, const net::IpAddress& b) { cuts_.insert(std::minmax(a, b)); }
  void heal(const net::IpAddress& a, const net::IpAddress& b) {
    cuts_.erase(std::minmax(a, b));
    auto waiting = std::exchange(waiting_, {});
    for (auto& work : waiting) after(latency, std::move(work));
  }
  [[nodiscard]] bool is_cut(const net::IpAddress& a, const net::IpAddress& b) const {
    return cuts_.contains(std::minmax(a, b));
  }
  void when_healed(std::function<void()> work) { waiting_.push_back(std::move(work)); }

 private:
  friend class Node;
  net::TimePoint now_{std::chrono::hours(1)};
  std::chrono::nanoseconds step_began_{0};
  std::uint64_t next_id_ = 0;
  std::map<std::pair<net::TimePoint, std::uint64_t>, std::function<void()>> queue_;
  std::map<std::uint64_t, net::TimePoint> times_;
  std::set<std::pair<net::IpAddress, net::IpAddress>> cuts_;
  std::vector<std::function<void()>> waiting_;
  std::vector<Node*> nodes_;
};

// One end of a connection; both ends share its life through weak references.
struct End {
  World* world = nullptr;
  net::IpAddress local, remote;
  std::uint16_t local_port = 0, remote_port = 0;
  std::weak_ptr<End> peer;
  Connection::Events events;
  std::deque<std::uint8_t> received;
  std::size_t in_flight = 0;       // sent by this end, not yet delivered
  std::optional<std::string> end;  // EOF ("") or error, behind what was received
  std::optional<std::string> write_error;
  bool writer_blocked = false;
  bool open = true;
  bool notified = false;
  bool drained = true;               // the last read() gave less than asked: on_readable comes again
  std::optional<std::size_t> limit;  // instead of World::capacity, for what this end sends

  static void notify_readable(const std::shared_ptr<End>& e) {
    if (!e->open || e->notified || !e->drained || !e->events.on_readable) return;
    e->notified = true;
    e->world->after({}, [weak = std::weak_ptr<End>(e)] {
      const auto self = weak.lock();
      if (!self || !self->open) return;
      self->notified = false;
      const auto callback = self->events.on_readable;  // a copy: the callback may destroy the connection
      callback();
    });
  }
  static void notify_writable(const std::shared_ptr<End>& e) {
    if (!e->open || !std::exchange(e->writer_blocked, false) || !e->events.on_writable) return;
    e->world->after(e->world->latency, [weak = std::weak_ptr<End>(e)] {
      const auto self = weak.lock();
      if (!self || !self->open) return;
      const auto callback = self->events.on_writable;
      callback();
    });
  }
  // Delivers in order, even through a cut.
  static void deliver(const std::shared_ptr<End>& to, std::function<void(const std::shared_ptr<End>&)> what) {
    World* const world = to->world;
    auto work = [weak = std::weak_ptr<End>(to), what = std::move(what)] {
      if (const auto self = weak.lock()) what(self);
    };
    if (world->is_cut(to->local, to->remote)) {
      world->when_healed(std::move(work));
      return;
    }
    world->after(world->latency, [world, weak = std::weak_ptr<End>(to), work = std::move(work)]() mutable {
      const auto self = weak.lock();
      if (self && world->is_cut(self->local, self->remote)) {
        world->when_healed(std::move(work));
      } else {
        work();
      }
    });
  }
};

class FakeConnection final : public Connection {
 public:
  explicit FakeConnection(std::shared_ptr<End> end) : end_(std::move(end)) {}
  ~FakeConnection() override {
    end_->open = false;
    finish("");
  }
  // As a kernel does for a process that was killed while octets were unread, or a host that has forgotten the
  // connection.
  void abort() { finish("Connection reset by peer"); }
  // As for a host that lost power: the other side hears nothing.
  void vanish() { finished_ = true; }
  [[nodiscard]] const std::shared_ptr<End>& raw() const { return end_; }

  void start(Events events) override {
    end_->events = std::move(events);
    if (!end_->received.empty() || end_->end) End::notify_readable(end_);
  }
  std::optional<std::string> configure(const Endpoint& endpoint) override {
    configured = endpoint;
    return configure_error;
  }
  ReadResult read(std::span<std::uint8_t> into) override {
    ReadResult result;
    result.size = std::min(into.size(), end_->received.size());
    if (end_->world->chunk > 0) result.size = std::min(result.size, end_->world->chunk);
    std::copy_n(end_->received.begin(), result.size, into.begin());
    end_->received.erase(end_->received.begin(), end_->received.begin() + static_cast<std::ptrdiff_t>(result.size));
    end_->drained = result.size < into.size();
    if (result.size > 0) {
      if (const auto peer = end_->peer.lock()) End::notify_writable(peer);
      if (!end_->received.empty() || end_->end) End::notify_readable(end_);
    } else if (end_->end) {
      result.error = end_->end;
    } else {
      result.would_block = true;
    }
    return result;
  }
  WriteResult write(std::span<const OutSlice> slices) override {
    WriteResult result;
    if (end_->write_error) {
      result.error = end_->write_error;
      return result;
    }
    const auto peer = end_->peer.lock();
    const std::size_t unread = peer ? peer->received.size() : 0;
    const std::size_t capacity = end_->limit.value_or(end_->world->capacity);
    std::size_t room = capacity - std::min(capacity, unread + end_->in_flight);
    std::vector<std::uint8_t> octets;
    for (const auto& slice : slices) {
      const std::size_t n = std::min(room, slice.size);
      const auto* const from = slice.buffer->data() + slice.offset;
      octets.insert(octets.end(), from, from + n);
      room -= n;
      if (n < slice.size) {
        end_->writer_blocked = true;
        break;
      }
    }
    result.size = octets.size();
    ++writes;
    if (!peer) reset(end_);  // the other host has forgotten: its kernel answers with a reset
    if (octets.empty() || !peer) return result;
    end_->in_flight += octets.size();
    End::deliver(peer, [octets = std::move(octets), from = std::weak_ptr<End>(end_)](const auto& to) {
      if (const auto sender = from.lock()) sender->in_flight -= octets.size();
      if (!to->open) {  // nobody is there: the kernel answers with a reset
        if (const auto sender = from.lock()) reset(sender);
        return;
      }
      to->received.insert(to->received.end(), octets.begin(), octets.end());
      End::notify_readable(to);
    });
    return result;
  }
  bool has_unread() override { return !end_->received.empty(); }
  [[nodiscard]] net::IpAddress local_address() const override { return end_->local; }
  [[nodiscard]] net::IpAddress remote_address() const override { return end_->remote; }
  [[nodiscard]] std::uint16_t local_port() const override { return end_->local_port; }
  [[nodiscard]] std::uint16_t remote_port() const override { return end_->remote_port; }

  std::optional<Endpoint> configured;
  std::optional<std::string> configure_error;
  int writes = 0;

 private:
  static void reset(const std::shared_ptr<End>& e) {
    End::deliver(e, [](const auto& self) {
      if (self->end) return;
      self->end = self->write_error = "Connection reset by peer";
      End::notify_readable(self);
    });
  }
  void finish(std::string error) {
    const auto peer = end_->peer.lock();
    if (!peer || finished_) return;
    finished_ = true;
    End::deliver(peer, [error = std::move(error)](const auto& to) {
      if (to->end) return;
      to->end = error;
      if (!error.empty()) to->write_error = error;
      End::notify_readable(to);
    });
  }
  std::shared_ptr<End> end_;
  bool finished_ = false;
};

class Scheduled final : public Timer {
 public:
  Scheduled(World& world, std::uint64_t id) : world_(world), id_(id) {}
  ~Scheduled() override { world_.cancel(id_); }

 private:
  World& world_;
  std::uint64_t id_;
};

class Node final : public Transport {
 public:
  using Accept = std::function<void(std::unique_ptr<Connection>)>;

  Node(World& world, const std::vector<std::string>& addresses) : world_(world) {
    for (const auto& text : addresses) addresses_.push_back(net::IpAddress::parse(text).value());
    world_.nodes_.push_back(this);
  }
  ~Node() override { std::erase(world_.nodes_, this); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void listen(std::uint16_t port, Accept accept) { listeners_[port] = std::move(accept); }
  void close_listener(std::uint16_t port) { listeners_.erase(port); }
  [[nodiscard]] const net::IpAddress& address(std::size_t i = 0) const { return addresses_[i]; }

  [[nodiscard]] net::TimePoint now() const override { return world_.now_within_step(); }
  [[nodiscard]] std::unique_ptr<Timer> arm(net::Duration after, std::function<void()> fire) override {
    ++timers_armed;
    return std::make_unique<Scheduled>(world_, world_.after(after, std::move(fire)));
  }
  void post(std::function<void()> work) override { world_.after({}, std::move(work)); }
  [[nodiscard]] std::unique_ptr<Timer> dial(const Endpoint& endpoint, DialDone done) override {
    ++dials;
    auto attempt = std::make_shared<Attempt>(Attempt{endpoint, std::move(done)});
    const auto id = world_.after(world_.latency, [this, attempt] { connect(attempt); });
    return std::make_unique<DialHandle>(world_, id, attempt);
  }

  int dials = 0;
  int timers_armed = 0;

 private:
  struct Attempt {
    Endpoint endpoint;
    DialDone done;
    bool cancelled = false;
  };
  class DialHandle final : public Timer {
   public:
    DialHandle(World& world, std::uint64_t id, std::shared_ptr<Attempt> attempt)
        : world_(world), id_(id), attempt_(std::move(attempt)) {}
    ~DialHandle() override {
      attempt_->cancelled = true;
      world_.cancel(id_);
    }

   private:
    World& world_;
    std::uint64_t id_;
    std::shared_ptr<Attempt> attempt_;
  };

  [[nodiscard]] const net::IpAddress* source_for(const Endpoint& endpoint) const {
    if (endpoint.local_address) return &*endpoint.local_address;
    for (const auto& a : addresses_) {
      if (a.is_v6() == endpoint.address.is_v6()) return &a;
    }
    return nullptr;
  }

  void connect(const std::shared_ptr<Attempt>& attempt) {
    if (attempt->cancelled) return;
    const auto& endpoint = attempt->endpoint;
    const auto* source = source_for(endpoint);
    Node* remote = nullptr;
    for (auto* node : world_.nodes_) {
      if (std::ranges::find(node->addresses_, endpoint.address) != node->addresses_.end()) remote = node;
    }
    const auto fail = [&](const char* why) { std::exchange(attempt->done, {})(net::fail(std::string(why))); };
    if (remote == nullptr || source == nullptr) return fail("No route to host");
    if (world_.is_cut(*source, endpoint.address)) {  // the SYN is lost, and sent again
      world_.after(std::chrono::seconds(1), [this, attempt] { connect(attempt); });
      return;
    }
    const auto listener = remote->listeners_.find(endpoint.port);
    if (listener == remote->listeners_.end()) return fail("Connection refused");
    auto ours = std::make_shared<End>(), theirs = std::make_shared<End>();
    const std::uint16_t port = next_port_++;
    ours->world = theirs->world = &world_;
    ours->local = theirs->remote = *source;
    ours->remote = theirs->local = endpoint.address;
    ours->local_port = theirs->remote_port = port;
    ours->remote_port = theirs->local_port = endpoint.port;
    ours->peer = theirs;
    theirs->peer = ours;
    world_.after({}, [accept = listener->second, theirs] { accept(std::make_unique<FakeConnection>(theirs)); });
    std::exchange(attempt->done, {})(std::unique_ptr<Connection>(std::make_unique<FakeConnection>(ours)));
  }

  World& world_;
  std::vector<net::IpAddress> addresses_;
  std::map<std::uint16_t, Accept> listeners_;
  std::uint16_t next_port_ = 40000;
};

}  // namespace podbgp::session::fake

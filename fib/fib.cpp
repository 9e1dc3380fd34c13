#include "fib/fib.hpp"

#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fib/host_checks.hpp"
#include "fib/netlink_codec.hpp"
#include "fib/netlink_socket.hpp"
#include "fib/planner.hpp"

namespace podbgp::fib {

namespace {
net::TimePoint now() { return std::chrono::steady_clock::now(); }

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
}  // namespace

// Everything the thread owns.
class Fib::Loop final : private FactSink {
 public:
  Loop(const Settings& settings, const FibTuning& tuning, net::Mailbox<ToFib>& mailbox, const Deliver& deliver,
       int wake_fd, NetlinkSocket requests, NetlinkSocket monitor, std::vector<Mark> former)
      : settings_(settings),
        tuning_(tuning),
        mailbox_(mailbox),
        deliver_(deliver),
        wake_fd_(wake_fd),
        requests_(std::move(requests)),
        monitor_(std::move(monitor)),
        encoder_(settings),
        sweeps_only_(!settings.install && !former.empty()),
        planner_(settings, now(), std::move(former)) {}

  void run() {
    ::prctl(PR_SET_NAME, "fib");
    full_dump();
    if (sweeps_only_) planner_.converged();  // nothing of ours comes to take their place
    check_host();
    while (!stopped_) {
      take_messages();
      const bool more_facts = drain_monitor();
      planner_.tick(now());
      if (overrun_ || planner_.wants_dump()) full_dump();
      const bool worked = one_batch();
      if (planner_.wants_usage()) check_usage();
      flush();
      if (!stopped_ && !worked && !more_facts) wait();
    }
  }

 private:
  // FactSink
  void fact(const LinkFact& f) override { planner_.fact(f); }
  void fact(const AddressFact& f) override { planner_.fact(f); }
  void fact(const NeighbourFact& f) override { planner_.fact(f); }
  void fact(const NextHopFact& f) override { planner_.fact(f); }
  void fact(const RouteFact& f) override { planner_.fact(f); }

  void take_messages();
  void handle(ToFib& message);
  void handle_without_kernel(ToFib& message);
  bool drain_monitor();
  void discard_backlog();
  void full_dump();
  bool dump(DumpKind kind, FactSink& sink, bool& interrupted);
  bool one_batch();
  void collect_answers(std::uint32_t first, std::size_t count);
  void check_usage();
  void check_host();
  void flush();
  void name_culprits();
  void wait();
  void warn(std::string text);
  void note(std::string text);

  const Settings settings_;
  const FibTuning tuning_;
  net::Mailbox<ToFib>& mailbox_;
  const Deliver& deliver_;
  const int wake_fd_;
  NetlinkSocket requests_, monitor_;
  NetlinkEncoder encoder_;
  NetlinkDecoder decoder_;
  const bool sweeps_only_;  // no routes of this run, but those of former ones are to go
  Planner planner_;
  std::uint32_t sequence_ = 1;
  std::uint64_t overruns_ = 0;
  bool overrun_ = false, stopped_ = false;
  bool host_checked_ = false;
  std::set<std::string> checked_interfaces_;
  struct Culprit {
    std::string example;
    std::size_t changes = 0;
  };
  std::map<std::uint32_t, Culprit> culprits_;  // by port id, not yet named
  net::TimePoint next_naming_{};
  Bytes out_;
  std::vector<KernelOp> ops_;
  std::vector<OpError> errors_;
  std::vector<NetlinkReply> replies_;
};

void Fib::Loop::take_messages() {
  std::uint64_t wakes = 0;
  [[maybe_unused]] const auto got = ::read(wake_fd_, &wakes, sizeof wakes);
  auto messages = mailbox_.take();
  // Peers first: their groups are re-pointed before any queued route is written. (Hop sets that are defined behind them
  // in this batch see the peers as they are by then.)
  for (auto& message : messages)
    if (const auto* down = std::get_if<PeerDown>(&message))
      planner_.peer_down(down->peer);
    else if (const auto* up = std::get_if<PeerUp>(&message))
      planner_.peer_up(up->peer);
  for (auto& message : messages) {
    if (settings_.install)
      handle(message);
    else
      handle_without_kernel(message);
  }
}

void Fib::Loop::handle(ToFib& message) {
  std::visit(Overloaded{
                 [&](DefineHopSet& m) { planner_.define(m.id, m.set); },
                 [&](ReleaseHopSet& m) { planner_.release(m.id); },
                 [&](PeerDown&) {},
                 [&](PeerUp&) {},
                 [&](RouteBatch& m) { planner_.apply(m.routes); },
                 [&](TrackNextHop& m) { planner_.track(m.next_hop); },
                 [&](UntrackNextHop& m) { planner_.untrack(m.next_hop); },
                 [&](Converged&) { planner_.converged(); },
                 [&](DumpRoutes& m) { planner_.dump(std::move(m)); },
                 [&](Stop& m) { planner_.stop(m.remove_routes); },
             },
             message);
}

void Fib::Loop::handle_without_kernel(ToFib& message) {
  if (const auto* track = std::get_if<TrackNextHop>(&message)) {
    deliver_(NextHopState{track->next_hop, true, 0, 0, {}});
  } else if (const auto* batch = std::get_if<RouteBatch>(&message)) {
    RouteResults results;
    for (const auto& route : batch->routes)
      results.results.push_back(
          {route.prefix, route.hops == kNoHopSet ? RouteStatus::Removed : RouteStatus::Installed, {}});
    deliver_(std::move(results));
  } else if (const auto* dump = std::get_if<DumpRoutes>(&message)) {
    deliver_(RouteDump{dump->request, {}, true, 0});
  } else if (std::holds_alternative<Stop>(message)) {
    planner_.stop(false);
  }
}

// Returns whether there may be more. Bounded, so that a flood of notifications does not hold up the messages of core.
bool Fib::Loop::drain_monitor() {
  for (int datagrams = 0; datagrams < 1024; ++datagrams) {
    const auto got = monitor_.receive(false);
    if (!got) {
      if (got.error() != ENOBUFS) return false;
      overrun_ = true;
      discard_backlog();
      return true;
    }
    replies_.clear();
    decoder_.decode(*got, *this, replies_);
  }
  return true;
}

// The kernel reports an overrun once and then stays silent about further losses until the queue has been empty
// (netlink's congestion bit). A dump that starts before that could be older than a loss nobody hears of; so the queue
// is emptied first. What is in it need not be read: the dump says it all.
void Fib::Loop::discard_backlog() {
  for (int datagrams = 0; datagrams < 1 << 20; ++datagrams) {
    const auto got = monitor_.receive(false);
    if (!got && got.error() != ENOBUFS) return;
  }
}

bool Fib::Loop::dump(DumpKind kind, FactSink& sink, bool& interrupted) {
  const auto sequence = sequence_++;
  Bytes request;
  append_dump_request(kind, sequence, request);
  if (!requests_.send(request)) return false;
  for (;;) {
    const auto got = requests_.receive(true);
    if (!got) {
      note(fmt::format("a kernel dump broke off: {}", std::strerror(got.error())));
      return false;
    }
    replies_.clear();
    decoder_.decode(*got, sink, replies_);
    for (const auto& reply : replies_) {
      if (reply.sequence != sequence) continue;
      interrupted = interrupted || reply.interrupted;
      if (!reply.done) continue;
      if (reply.error == 0) return true;
      if (kind == DumpKind::NextHops && (reply.error == EOPNOTSUPP || reply.error == EINVAL)) {
        planner_.no_nexthop_objects();
        return true;
      }
      // A kernel without IPv6 has no IPv6 routes.
      if (kind == DumpKind::RoutesV6 && (reply.error == EOPNOTSUPP || reply.error == EAFNOSUPPORT)) return true;
      note(fmt::format("the kernel refused a dump: {} {}", std::strerror(reply.error), reply.text));
      return false;
    }
  }
}

// Reads everything anew: at start, after an overrun, and when something does not add up. The difference is repaired.
void Fib::Loop::full_dump() {
  static constexpr DumpKind kAll[] = {DumpKind::Links,    DumpKind::Addresses, DumpKind::Neighbours,
                                      DumpKind::NextHops, DumpKind::RoutesV4,  DumpKind::RoutesV6};
  if (overrun_) {
    ++overruns_;
    note("the kernel dropped notifications; reading its tables again");
    overrun_ = false;
  }
  for (int attempt = 1;; ++attempt) {
    planner_.tick(now());
    planner_.begin_dump();
    bool interrupted = false, complete = true;
    for (const auto kind : kAll) {
      const bool wanted =
          settings_.install || sweeps_only_ || kind == DumpKind::Links || kind == DumpKind::Addresses;
      complete = complete && (!wanted || dump(kind, *this, interrupted));
    }
    if (complete && (!interrupted || attempt == 5)) break;
    if (!complete && attempt == 5) {
      planner_.abort_dump();
      return;
    }
  }
  planner_.end_dump();
}

bool Fib::Loop::one_batch() {
  ops_.clear();
  if (!planner_.next_batch(tuning_.batch, ops_)) return false;
  out_.clear();
  const auto first = sequence_;
  sequence_ += static_cast<std::uint32_t>(ops_.size());
  for (std::size_t i = 0; i < ops_.size(); ++i)
    encoder_.append(ops_[i], first + static_cast<std::uint32_t>(i), i + 1 == ops_.size(), out_);
  errors_.clear();
  if (const auto sent = requests_.send(out_); !sent) {
    note(fmt::format("cannot send to the kernel: {}", std::strerror(sent.error())));
    for (std::size_t i = 0; i < ops_.size(); ++i) errors_.push_back({i, sent.error(), {}});
  } else {
    collect_answers(first, ops_.size());
  }
  planner_.batch_done(errors_);
  return true;
}

// The kernel works while we are in send(): the answers are there when it returns.
void Fib::Loop::collect_answers(std::uint32_t first, std::size_t count) {
  for (bool done = false; !done;) {
    const auto got = requests_.receive(true);
    if (!got) {
      // Answers were lost: what the batch became is not known. Take it as done and look.
      overrun_ = true;
      return;
    }
    replies_.clear();
    decoder_.decode(*got, *this, replies_);
    for (auto& reply : replies_) {
      const auto index = reply.sequence - first;
      if (index >= count) continue;  // of a batch that was given up
      if (reply.error != 0) errors_.push_back({index, reply.error, std::move(reply.text)});
      if (index + 1 == count) done = true;
    }
  }
}

void Fib::Loop::check_usage() {
  UsageSink sink;
  bool interrupted = false;
  for (const auto kind : {DumpKind::NextHops, DumpKind::RoutesV4, DumpKind::RoutesV6})
    if (!dump(kind, sink, interrupted)) interrupted = true;
  if (interrupted)
    planner_.usage_unknown();
  else
    planner_.usage(sink.used);
}

void Fib::Loop::warn(std::string text) { deliver_(Warning{std::move(text)}); }
void Fib::Loop::note(std::string text) { deliver_(Notice{std::move(text)}); }

void Fib::Loop::check_host() {
  if (!settings_.install) return;
  if (!host_checked_) {
    host_checked_ = true;
    for (auto& text : forwarding_warnings()) warn(std::move(text));
  }
  for (const auto& name : planner_.egress_interfaces()) {
    if (!checked_interfaces_.insert(name).second) continue;
    if (auto text = reverse_path_warning(name); !text.empty()) warn(std::move(text));
  }
}

// One line for what one process did since the last look, and not more often than it takes to read them: a flood of
// changes must not become a flood of lines, nor of searches through /proc.
void Fib::Loop::name_culprits() {
  auto changes = planner_.take_foreign_changes();
  for (auto& change : changes) {
    auto& culprit = culprits_[change.port];
    if (culprit.changes++ == 0) culprit.example = std::move(change.what);
  }
  if (culprits_.empty() || now() < next_naming_) return;
  next_naming_ = now() + std::chrono::seconds(1);
  for (const auto& [port, culprit] : culprits_) {
    const auto who = port == 0 ? std::string("the kernel") : who_is(port);
    const auto more = culprit.changes > 1 ? fmt::format(" and changed {} more of ours", culprit.changes - 1) : "";
    note(fmt::format("{} {}{}; putting it right", who, culprit.example, more));
  }
  culprits_.clear();
}

void Fib::Loop::flush() {
  name_culprits();
  for (auto& event : planner_.take_events()) {
    if (auto* counters = std::get_if<Counters>(&event)) {
      counters->counters.overruns = overruns_;
      if (!settings_.install) counters->counters.state = "off";
      check_host();
    }
    if (std::holds_alternative<Stopped>(event)) stopped_ = true;
    deliver_(std::move(event));
  }
}

void Fib::Loop::wait() {
  pollfd fds[] = {{wake_fd_, POLLIN, 0}, {monitor_.fd(), POLLIN, 0}};
  timespec timeout{};
  auto deadline = planner_.deadline();
  if (!culprits_.empty()) deadline = std::min(deadline.value_or(next_naming_), next_naming_);
  if (deadline) {
    const auto left = std::max(net::Duration::zero(), std::chrono::duration_cast<net::Duration>(*deadline - now()));
    timeout.tv_sec = left.count() / 1'000'000'000;
    timeout.tv_nsec = left.count() % 1'000'000'000;
  }
  ::ppoll(fds, 2, deadline ? &timeout : nullptr, nullptr);
}

Fib::Fib(Settings settings, Deliver deliver, FibTuning tuning)
    : settings_(std::move(settings)),
      deliver_(std::move(deliver)),
      tuning_(tuning),
      wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      mailbox_([this] { wake(); }) {}

Fib::~Fib() {
  if (thread_.joinable()) {
    post(Stop{false});
    thread_.join();
  }
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void Fib::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

net::Result<void, std::string> Fib::start(std::vector<Mark> former) {
  const auto failed = [this](std::string error) {
    deliver_(Warning{fmt::format("no route will be installed: {}", error)});
    return net::fail(std::move(error));
  };
  auto requests = NetlinkSocket::open_requests();
  if (!requests) return failed(std::move(requests.error()));
  auto monitor = NetlinkSocket::open_monitor(requests->port(), settings_.install, tuning_.monitor_buffer);
  if (!monitor) return failed(std::move(monitor.error()));
  loop_ = std::make_unique<Loop>(settings_, tuning_, mailbox_, deliver_, wake_fd_, std::move(*requests),
                                 std::move(*monitor), std::move(former));
  thread_ = std::thread([this] { loop_->run(); });
  return {};
}

void Fib::post(ToFib message) { mailbox_.push(std::move(message)); }

void Fib::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace podbgp::fib

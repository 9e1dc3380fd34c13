#include "bench/load/scenario.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <stdexcept>

#include "bench/load/clock.hpp"

namespace podbgp::bench {
namespace {

constexpr std::uint32_t kFirstSenderAsn = 65001;
constexpr std::uint32_t kFirstSinkAsn = 4200000001;
constexpr std::int64_t kQuietNs = 200'000'000;
constexpr std::int64_t kQuietAtMostNs = 5'000'000'000;

TableOptions table_options(const ScenarioOptions& options) {
  TableOptions result;
  result.prefixes = options.prefixes;
  result.senders = options.senders;
  result.first_asn = kFirstSenderAsn;
  result.preference = options.kind == Kind::Failover ? Preference::FirstSender : Preference::Spread;
  result.seed = options.seed;
  return result;
}

sockaddr_in socket_address(std::uint32_t address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address);
  return result;
}

}  // namespace

std::uint32_t peer_address(bool sink, std::uint32_t index) {
  // 10.99.1.1, 10.99.1.2, ... for senders; 10.99.2.1 ... 10.99.2.250, 10.99.3.1 ... for sinks.
  return 0x0a630000U + (((sink ? 2 : 1) + index / 250) << 8) + 1 + index % 250;
}

std::uint32_t peer_asn(bool sink, std::uint32_t index) { return (sink ? kFirstSinkAsn : kFirstSenderAsn) + index; }

Scenario::Scenario(const ScenarioOptions& options)
    : options_(options), table_(table_options(options)), stats_(options.pids) {
  for (std::uint32_t i = 0; i < options_.senders; ++i) {
    announcements_.push_back(table_.announcements(i, peer_address(false, i)));
    withdrawals_.push_back(table_.withdrawals(i));
  }
  for (std::uint32_t i = 0; i < options_.senders + options_.sinks; ++i) {
    const bool sink = i >= options_.senders;
    const std::uint32_t index = sink ? i - options_.senders : i;
    PeerSettings settings;
    settings.local = socket_address(peer_address(sink, index));
    settings.remote = options_.target;
    settings.asn = peer_asn(sink, index);
    settings.target_asn = options_.target_asn;
    settings.hold_s = options_.hold_s;
    peers_.push_back(std::make_unique<Peer>(loop_, settings));
    if (sink) {
      ledgers_.push_back(std::make_unique<Ledger>(table_, options_.target_asn));
      peers_.back()->on_update([ledger = ledgers_.back().get()](ByteView body) { ledger->update(body); });
    }
  }
  if (!options_.kernel_netns.empty()) kernel_ = std::make_unique<KernelMonitor>(loop_, table_, options_.kernel_netns);
  loop_.on_tick([this] {
    for (const auto& peer : peers_) peer->tick();
  });
  loop_.on_tick([this] { sample_rss(); });
}

void Scenario::sample_rss() {
  // Only where somebody asks for the course of it: reading /proc costs the target's memory lock.
  if (options_.cycles > 1) rss_highest_mib_ = std::max(rss_highest_mib_, stats_.rss_mib());
}

void Scenario::connect_all() {
  const std::int64_t start = now_ns();
  std::size_t next = 0;
  const auto all_up = [&] {
    std::size_t dialling = 0;
    for (std::size_t i = 0; i < next; ++i) dialling += !peers_[i]->established();
    while (next < peers_.size() && dialling < options_.dial_at_once) {
      peers_[next++]->dial();
      ++dialling;
    }
    return dialling == 0 && next == peers_.size();
  };
  if (!loop_.run_until(all_up, start + options_.timeout_ns)) {
    const auto down = std::ranges::find_if(peers_, [](const auto& peer) { return !peer->established(); });
    throw std::runtime_error("sessions did not come up; the first that is down: AS " +
                             std::to_string((*down)->settings().asn) + ": " + (*down)->trouble());
  }
  report_.put("sessions_up_s", seconds(now_ns() - start));
}

// Until the target has used no CPU for a while, so that its memory is that of rest.
void Scenario::wait_quiet() {
  const std::int64_t limit = now_ns() + kQuietAtMostNs;
  double last = stats_.cpu_s();
  std::int64_t since = now_ns();
  loop_.run_until(
      [&] {
        const double cpu = stats_.cpu_s();
        if (cpu > last) {
          last = cpu;
          since = now_ns();
        }
        return now_ns() - since >= kQuietNs;
      },
      limit);
}

void Scenario::step(const std::string& name) {
  if (!options_.step) return;
  std::cout << "{\"step\": \"" << name << "\"}" << std::endl;
  bool told = false;
  loop_.add(0, EPOLLIN, [&](std::uint32_t) {
    std::string line;
    std::getline(std::cin, line);
    told = true;
  });
  const bool answered = loop_.run_until([&] { return told; }, now_ns() + options_.timeout_ns);
  loop_.remove(0);
  if (!answered) throw std::runtime_error("nobody answered step " + name);
}

std::int64_t Scenario::complete_ns() const {
  std::int64_t last = 0;
  for (const auto& ledger : ledgers_) {
    if (ledger->complete_ns() == 0) return 0;
    last = std::max(last, ledger->complete_ns());
  }
  if (kernel_ != nullptr) {
    if (kernel_->complete_ns() == 0) return 0;
    last = std::max(last, kernel_->complete_ns());
  }
  return last;
}

std::int64_t Scenario::first_ns() const {
  std::int64_t first = kernel_ != nullptr ? kernel_->first_ns() : 0;
  for (const auto& ledger : ledgers_) {
    if (ledger->first_ns() != 0) first = first == 0 ? ledger->first_ns() : std::min(first, ledger->first_ns());
  }
  return first;
}

std::string Scenario::state_of_all() const {
  std::string out;
  std::uint32_t worst = 0;
  for (std::uint32_t i = 0; i < ledgers_.size(); ++i) {
    if (ledgers_[i]->right() < ledgers_[worst]->right()) worst = i;
  }
  if (!ledgers_.empty()) {
    const Ledger& ledger = *ledgers_[worst];
    out += "sink " + std::to_string(worst) + " holds " + std::to_string(ledger.held()) + " prefixes, " +
           std::to_string(ledger.right()) + " of them right, " + std::to_string(ledger.foreign()) + " foreign, " +
           std::to_string(ledger.malformed()) + " malformed messages";
  }
  if (kernel_ != nullptr) {
    out += (out.empty() ? "" : "; ") + std::string("the kernel holds ") + std::to_string(kernel_->present()) + ", " +
           std::to_string(kernel_->right()) + " as wanted";
  }
  return out + "; wanted " + std::to_string(table_.size());
}

void Scenario::check_sessions() const {
  if (!stats_.empty() && !stats_.alive()) throw std::runtime_error("the target has ended");
  for (const auto& peer : peers_) {
    if (!peer->established() && !peer->trouble().empty())
      throw std::runtime_error("the session of AS " + std::to_string(peer->settings().asn) +
                               " broke: " + peer->trouble());
  }
}

void Scenario::wait_complete(const std::string& what, std::int64_t start_ns) {
  std::int64_t checked = start_ns;
  const bool done = loop_.run_until(
      [&] {
        if (complete_ns() != 0) return true;
        if (const std::int64_t now = now_ns(); now - checked > 500'000'000) {
          checked = now;
          check_sessions();
        }
        return false;
      },
      start_ns + options_.timeout_ns);
  if (!done) throw std::runtime_error("not " + what + " in time: " + state_of_all());
}

void Scenario::announce(const std::string& suffix) {
  for (const auto& ledger : ledgers_) ledger->aim(Ledger::Goal::AllRight);
  if (kernel_ != nullptr) kernel_->aim(peer_address(false, 0));
  const double cpu = stats_.cpu_s();
  const std::int64_t start = now_ns();
  for (std::uint32_t i = 0; i < options_.senders; ++i) peers_[i]->send(announcements_[i]);
  wait_complete("all held", start);
  const double cpu_after = stats_.cpu_s();
  report_.put("all_held_s" + suffix, seconds(complete_ns() - start));
  report_.put("first_out_s" + suffix, seconds(first_ns() - start));
  report_.put("cpu_s" + suffix, cpu_after - cpu);
  if (kernel_ != nullptr) report_.put("kernel_objects" + suffix, static_cast<double>(kernel_->objects()));
}

void Scenario::withdraw(const std::string& suffix) {
  for (const auto& ledger : ledgers_) ledger->aim(Ledger::Goal::NoneHeld);
  if (kernel_ != nullptr) kernel_->aim(0);
  const double cpu = stats_.cpu_s();
  const std::int64_t start = now_ns();
  for (std::uint32_t i = 0; i < options_.senders; ++i) peers_[i]->send(withdrawals_[i]);
  wait_complete("all withdrawn", start);
  report_.put("all_withdrawn_s" + suffix, seconds(complete_ns() - start));
  report_.put("cpu_withdraw_s" + suffix, stats_.cpu_s() - cpu);
}

void Scenario::run_cycle(bool first) {
  const Memory idle = stats_.memory();
  step("announce");
  announce("");
  wait_quiet();
  if (complete_ns() == 0) throw std::runtime_error("all held, but not for long: " + state_of_all());
  if (kernel_ != nullptr && !kernel_->verify())
    throw std::runtime_error("the kernel's table differs from its notifications: " + state_of_all());
  std::uint64_t received = 0;
  for (const auto& ledger : ledgers_) received += ledger->changes();
  if (!ledgers_.empty())
    report_.put("updates_per_prefix",
                static_cast<double>(received) / table_.size() / static_cast<double>(ledgers_.size()));
  const Memory full = stats_.memory();
  if (first) {
    report_.put("idle_pss_mib", idle.pss_mib);
    report_.put("pss_mib", full.pss_mib);
    report_.put("rss_mib", full.rss_mib);
    report_.put("bytes_per_route", (full.pss_mib - idle.pss_mib) * 1024 * 1024 / table_.size());
  }
  step("withdraw");
  withdraw("");
  wait_quiet();
  if (complete_ns() == 0) throw std::runtime_error("all withdrawn, but not for long: " + state_of_all());
  if (first) {
    report_.put("peak_rss_mib", stats_.memory().peak_rss_mib);
    report_.put("pss_after_mib", stats_.memory().pss_mib);
  }
}

void Scenario::run_failover() {
  kernel_->aim(peer_address(false, 0));
  std::int64_t start = now_ns();
  for (std::uint32_t i = 0; i < options_.senders; ++i) peers_[i]->send(announcements_[i]);
  wait_complete("all installed over the first sender", start);
  report_.put("load_s", seconds(kernel_->complete_ns() - start));
  wait_quiet();
  if (!kernel_->verify() || kernel_->complete_ns() == 0)
    throw std::runtime_error("all installed, but not for long: " + state_of_all());
  report_.put("kernel_objects", static_cast<double>(kernel_->objects()));
  step("reset");
  kernel_->aim(peer_address(false, 1));
  const double cpu = stats_.cpu_s();
  const std::int64_t wall = wall_ns();
  start = now_ns();
  peers_[0]->reset();
  wait_complete("all switched", start);
  report_.put("first_switched_ms", seconds(kernel_->first_ns() - start) * 1e3);
  report_.put("half_switched_ms", seconds(kernel_->half_ns() - start) * 1e3);
  report_.put("all_switched_ms", seconds(kernel_->complete_ns() - start) * 1e3);
  const std::int64_t complete = kernel_->complete_ns();
  wait_quiet();
  if (!kernel_->verify() || kernel_->complete_ns() == 0)
    throw std::runtime_error("all switched, but not for long: " + state_of_all());
  report_.put("cpu_s", stats_.cpu_s() - cpu);
  report_.put("peak_rss_mib", stats_.memory().peak_rss_mib);
  report_.put("route_notifications", static_cast<double>(kernel_->route_messages()));
  report_.put("object_notifications", static_cast<double>(kernel_->object_messages()));
  report_.put("reset_wall_us", static_cast<double>(wall / 1000));
  report_.put("all_switched_wall_us", static_cast<double>((wall + complete - start) / 1000));
  step("done");
}

void Scenario::report_gaps() {
  double longest = 0;
  double sum = 0;
  double count = 0;
  for (const auto& peer : peers_) {
    longest = std::max(longest, seconds(peer->gaps().longest_ns));
    sum += seconds(peer->gaps().sum_ns);
    count += peer->gaps().count;
  }
  report_.put("keepalive_gaps", count);
  report_.put("keepalive_gap_longest_s", longest);
  report_.put("keepalive_gap_mean_s", count == 0 ? 0 : sum / count);
}

Report Scenario::run() {
  connect_all();
  wait_quiet();
  if (options_.kind == Kind::Failover) {
    run_failover();
  } else {
    for (std::uint32_t cycle = 0; cycle < options_.cycles; ++cycle) run_cycle(cycle == 0);
  }
  if (options_.cycles > 1) report_.put("rss_highest_mib", rss_highest_mib_);
  report_gaps();
  if (kernel_ != nullptr) report_.put("monitor_overruns", kernel_->overruns());
  check_sessions();
  return report_;
}

}  // namespace podbgp::bench

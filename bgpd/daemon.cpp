#include "bgpd/daemon.hpp"

#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/server.hpp"
#include "bgpd/backend.hpp"
#include "bgpd/core.hpp"
#include "bgpd/http.hpp"
#include "bgpd/kernel_marks.hpp"
#include "bgpd/load_config.hpp"
#include "bgpd/metrics.hpp"
#include "bgpd/notify.hpp"
#include "bgpd/privileges.hpp"
#include "bgpd/state.hpp"
#include "bgpd/version.hpp"
#include "fib/fib.hpp"
#include "net/counted.hpp"
#include "session/asio_transport.hpp"
#include "session/listener.hpp"

namespace podbgp::bgpd {

namespace asio = boost::asio;

namespace {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value)
    value = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return value;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// Sessions and API connections are descriptors: take what the unit or container allows, not the shell's default of 1024.
void raise_descriptor_limit() {
  constexpr rlim_t kEnough = 65536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

LogLevel to_level(config::Log::Level level) {
  constexpr LogLevel levels[] = {LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error};
  return levels[static_cast<std::size_t>(level)];
}
LogFormat to_format(config::Log::Format format) {
  return format == config::Log::Format::Json ? LogFormat::Json : LogFormat::Text;
}

// All that lives while the daemon runs. Members are declared in the order of start; they end in reverse.
class Daemon {
 public:
  Daemon(DaemonOptions options, LoadedConfig loaded, std::string privilege_warning)
      : options_(std::move(options)),
        running_(std::move(loaded.config)),
        warnings_(std::move(loaded.warnings)),
        privilege_warning_(std::move(privilege_warning)),
        state_(running_.state_dir),
        log_(to_level(running_.log.level), to_format(running_.log.format)),
        control_(1),
        control_box_([this] { asio::post(control_, [this] { drain_control(); }); }),
        to_core_box_([this] { transport_.post([this] { drain_core(); }); }),
        started_at_(std::chrono::system_clock::now()),
        config_time_(started_at_),
        instance_id_(fmt::format("{:016x}", random_u64())) {}

  [[nodiscard]] net::Result<void, std::string> start();
  void run() { control_.run(); }
  void tear_down();

 private:
  using Task = std::move_only_function<void()>;
  using CoreMessage = std::variant<CoreTask, fib::FromFib>;

  void to_control(Task task) { control_box_.push(std::move(task)); }
  void drain_control() {
    for (auto& task : control_box_.take()) task();
  }
  void drain_core() {
    for (auto& message : to_core_box_.take()) {
      if (auto* task = std::get_if<CoreTask>(&message)) (*task)(*core_);
      if (auto* fib = std::get_if<fib::FromFib>(&message)) core_->handle(std::move(*fib));
    }
  }
  [[nodiscard]] net::Result<void, std::string> resolve_router_id(config::Config& config);
  [[nodiscard]] net::Result<void, std::string> start_core();
  [[nodiscard]] net::Result<void, std::string> start_api();
  [[nodiscard]] net::Result<void, std::string> start_metrics();
  void wait_signal();
  void begin_stop(int signal);
  void beat_watchdog();
  [[nodiscard]] api::ConfigReport check(std::optional<std::string> content);
  [[nodiscard]] net::Result<api::ConfigReport, api::ApiError> reload();
  void note_waiting(std::vector<config::Change> waiting);
  void answer_http(std::string_view target, HttpDone done);
  void answer_metrics(HttpDone done);
  void complete(api::Status& status) const;  // with what core does not know
  void write_log(const LogRecord& record) { log_.write(record); }

  DaemonOptions options_;
  config::Config running_;
  std::vector<config::Diagnostic> warnings_;
  std::string privilege_warning_;  // what the daemon may not do, "" where it may all
  std::vector<config::Change> waiting_;  // for a restart
  StateFolder state_;
  Log log_;
  asio::io_context control_;
  asio::executor_work_guard<asio::io_context::executor_type> keep_running_{control_.get_executor()};
  net::Mailbox<Task> control_box_;
  session::AsioTransport transport_;
  net::Mailbox<CoreMessage> to_core_box_;
  KernelMarks kernel_marks_{state_, [this](std::string error) {
    write_log({LogLevel::Warn, "STATE_NOT_KEPT", std::move(error), {}});
  }};
  std::unique_ptr<fib::Fib> fib_;
  std::unique_ptr<Core> core_;
  std::unique_ptr<session::Listener> listener_;
  std::thread core_thread_;
  std::unique_ptr<DaemonBackend> backend_;
  std::unique_ptr<api::Server> server_;
  std::unique_ptr<HttpServer> http_;
  asio::signal_set signals_{control_};
  asio::steady_timer watchdog_{control_};
  net::WallTime started_at_, config_time_;
  std::string instance_id_;
  bool last_reload_ok_ = true;
  std::string refused_reload_;  // for the status, until a reload is accepted
  bool started_ = false;
  bool stopping_ = false;
};

net::Result<void, std::string> Daemon::resolve_router_id(config::Config& config) {
  auto id = config.router.id;
  if (!id) id = state_.router_id();
  if (!id) {
    id = derive_router_id();
    if (!id)
      return net::fail(std::string("no router id: this host has no IPv4 address and no /etc/machine-id; set router.id"));
    if (auto kept = state_.keep(*id); !kept)
      write_log({LogLevel::Warn, "STATE_NOT_KEPT", kept.error() + "; the router id may differ after a restart", {}});
  }
  config::set_router_id(config, *id);
  return {};
}

net::Result<void, std::string> Daemon::start_core() {
  fib_ = std::make_unique<fib::Fib>(running_.fib, [this](fib::FromFib message) { to_core_box_.push(std::move(message)); });
  Core::Ports ports;
  ports.transport = &transport_;
  ports.to_fib = [this](fib::ToFib message) { fib_->post(std::move(message)); };
  ports.log = [this](LogRecord record) {
    to_control([this, record = std::move(record)] { write_log(record); });
  };
  ports.to_control = [this](Task task) { to_control(std::move(task)); };
  ports.owners_changed = [this](std::set<std::string> owners) {
    to_control([this, owners = std::move(owners)] {
      if (auto kept = state_.keep(owners); !kept) write_log({LogLevel::Warn, "STATE_NOT_KEPT", kept.error(), {}});
    });
  };
  ports.former_gone = [this] {
    to_control([this] { kernel_marks_.former_gone(); });
  };
  ports.peers_changed = [this](const std::vector<config::Peer>& peers) {
    std::vector<session::Endpoint> endpoints;
    for (const auto& peer : peers) endpoints.push_back(peer.endpoint);
    for (const auto& error : listener_->set_peers(endpoints)) {
      to_control([this, error] { write_log({LogLevel::Error, "LISTEN_PASSWORD", error, {}}); });
    }
  };
  ports.wall_at_start = started_at_;
  ports.seed = random_u64();
  core_ = std::make_unique<Core>(running_, std::move(ports));
  listener_ = std::make_unique<session::Listener>(
      transport_, [this](std::unique_ptr<session::Connection> c) { core_->accepted(std::move(c)); });
  for (const auto& listen : running_.router.listen)
    if (auto listening = listener_->listen(listen.address, listen.port); !listening) return net::fail(listening.error());
  kernel_marks_.keep();
  if (auto started = fib_->start(kernel_marks_.former()); !started) return started;
  core_thread_ = std::thread([this, owners = state_.owners()] {
    core_->start(owners);  // before anything that the API or fib has queued
    transport_.run();
  });
  return {};
}

void Daemon::complete(api::Status& status) const {
  status.version = kVersion;
  status.commit = kCommit;
  status.instance_id = instance_id_;
  status.start_time = started_at_;
  status.config_file = options_.config_file;
  status.config_time = config_time_;
  status.rss_bytes = resident_bytes();
  for (const auto& change : waiting_) status.pending_restart.push_back(to_api(change));
  if (!refused_reload_.empty()) status.warnings.push_back(refused_reload_);
  if (!privilege_warning_.empty()) status.warnings.push_back(privilege_warning_);
  for (const auto& warning : warnings_) status.warnings.push_back(config::to_string(warning));
}

net::Result<void, std::string> Daemon::start_api() {
  DaemonBackend::Ports ports;
  ports.to_core = [this](CoreTask task) { to_core_box_.push(std::move(task)); };
  ports.to_control = [this](Task task) { to_control(std::move(task)); };
  ports.check_config = [this](std::optional<std::string> content) { return check(std::move(content)); };
  ports.reload_config = [this] { return reload(); };
  ports.complete_status = [this](api::Status& status) { complete(status); };
  backend_ = std::make_unique<DaemonBackend>(std::move(ports));
  const auto audit = [this](std::string method, std::string caller, std::string summary, bool ok) {
    to_control([this, record = LogRecord{LogLevel::Info, ok ? "API_CALL" : "API_CALL_REFUSED", summary,
                                         {{"method", std::move(method)}, {"caller", std::move(caller)}}}] {
      write_log(record);
    });
  };
  const auto notice = [this](std::string event, std::string message) {
    to_control([this, record = LogRecord{LogLevel::Warn, std::move(event), std::move(message), {}}] { write_log(record); });
  };
  auto server =
      api::Server::start({running_.api.unix_path, running_.api.mode, running_.api.group}, *backend_, audit, notice);
  if (!server) return net::fail(server.error());
  server_ = std::move(*server);
  return {};
}

net::Result<void, std::string> Daemon::start_metrics() {
  if (!running_.metrics) return {};
  auto server = HttpServer::listen(control_, running_.metrics->address, running_.metrics->port,
                                   [this](std::string_view target, HttpDone done) { answer_http(target, std::move(done)); });
  if (!server) return net::fail(server.error());
  http_ = std::move(*server);
  return {};
}

net::Result<void, std::string> Daemon::start() {
  // Before anything touches a peer or the kernel: a second daemon of this host must not.
  if (auto taken = kernel_marks_.take(running_.fib); !taken) return taken;
  if (auto resolved = resolve_router_id(running_); !resolved) return resolved;
  if (auto started = start_metrics(); !started) return started;
  if (auto started = start_api(); !started) return started;
  if (auto started = start_core(); !started) return started;
  started_ = true;
  if (!privilege_warning_.empty()) write_log({LogLevel::Warn, "HOST_WARNING", privilege_warning_, {}});
  for (const auto& warning : warnings_)
    write_log({LogLevel::Warn, "CONFIG_WARNING", config::to_string(warning), {}});
  write_log({LogLevel::Info,
             "STARTED",
             "podbgpd is running",
             {{"version", kVersion},
              {"commit", kCommit},
              {"asn", fmt::format("{}", running_.router.asn)},
              {"router_id", net::to_string(*running_.router.id)},
              {"config", options_.config_file},
              {"peers", std::to_string(running_.peers.size())},
              {"api", running_.api.unix_path}}});
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_signal();
  server_->set_ready(true);
  notify("READY=1\nSTATUS=running");
  beat_watchdog();
  return {};
}

void Daemon::wait_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      (void)reload();
      wait_signal();
      return;
    }
    begin_stop(signal);
  });
}

// The watchdog is fed only when core answers: a core that hangs gets the service restarted.
void Daemon::beat_watchdog() {
  const auto interval = watchdog_interval();
  if (!interval) return;
  watchdog_.expires_after(*interval);
  watchdog_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    to_core_box_.push(CoreTask([this](Core& core) {
      const auto status = core.status();
      to_control([status] {
        notify(fmt::format("WATCHDOG=1\nSTATUS={} of {} peers up", status.peers_established, status.peers));
      });
    }));
    beat_watchdog();
  });
}

namespace {
void fill(api::ConfigReport& report, const config::Plan& plan) {
  for (const auto& change : plan.news) report.changes.push_back(to_api(change));
  for (const auto& change : plan.as_before) report.pending_restart.push_back(to_api(change));
}
}  // namespace

api::ConfigReport Daemon::check(std::optional<std::string> content) {
  api::ConfigReport report;
  auto loaded = content ? load_text(*content, "<request>") : load_config(options_.config_file);
  for (const auto& finding : loaded ? loaded->warnings : loaded.error()) report.diagnostics.push_back(to_api(finding));
  report.valid = loaded.has_value();
  if (!loaded) return report;
  config::set_router_id(loaded->config, loaded->config.router.id.value_or(*running_.router.id));
  fill(report, config::plan(running_, std::move(loaded->config), waiting_));
  return report;
}

net::Result<api::ConfigReport, api::ApiError> Daemon::reload() {
  notify("RELOADING=1");
  api::ConfigReport report;
  auto loaded = load_config(options_.config_file);
  last_reload_ok_ = loaded.has_value();
  refused_reload_.clear();
  if (!loaded) {
    refused_reload_ = "the last reload was refused, and what runs is older than the file";
    if (!loaded.error().empty()) refused_reload_ += ": " + config::to_string(loaded.error().front());
    std::string all;
    for (const auto& finding : loaded.error()) {
      write_log({LogLevel::Error, "CONFIG_REJECTED", config::to_string(finding), {}});
      all += (all.empty() ? "" : "\n") + config::to_string(finding);
    }
    notify("READY=1");
    return net::fail(api::ApiError{api::ApiError::Code::FailedPrecondition, "CONFIG_INVALID",
                                   "the file has errors; nothing was changed:\n" + all, "", {}});
  }
  auto next = std::move(loaded->config);
  config::set_router_id(next, next.router.id.value_or(*running_.router.id));
  auto plan = config::plan(running_, std::move(next), waiting_);
  for (const auto& finding : loaded->warnings) report.diagnostics.push_back(to_api(finding));
  fill(report, plan);
  for (const auto& change : plan.news) write_log({LogLevel::Info, "CONFIG_CHANGE", config::to_string(change), {}});
  report.valid = true;
  warnings_ = std::move(loaded->warnings);
  config_time_ = std::chrono::system_clock::now();
  if (plan.now.log) log_.configure(to_level(plan.next.log.level), to_format(plan.next.log.format));
  note_waiting(std::move(plan.waiting));
  auto applied = net::counted(plan.now.changes.size(), "change");
  to_core_box_.push(CoreTask([next = plan.next, diff = std::move(plan.now)](Core& core) { core.apply(next, diff); }));
  running_ = std::move(plan.next);
  if (const auto count = waiting_.size(); count > 0)
    applied += fmt::format(", {} a restart", net::counted(count, "setting waits for", "settings wait for"));
  write_log({LogLevel::Info, "CONFIG_APPLIED", std::move(applied), {}});
  notify("READY=1");
  return report;
}

// What the file says and only a restart brings: told now, and by `podbgp status` as long as it is so.
void Daemon::note_waiting(std::vector<config::Change> waiting) {
  waiting_ = std::move(waiting);
  std::string paths;
  for (const auto& change : waiting_) paths += (paths.empty() ? "" : ", ") + change.path;
  if (!waiting_.empty())
    write_log({LogLevel::Warn, "CONFIG_NEEDS_RESTART", "loaded, and in force only after a restart: " + paths, {}});
}

void Daemon::answer_metrics(HttpDone done) {
  to_core_box_.push(CoreTask([this, done = std::move(done)](Core& core) mutable {
    MetricsSnapshot snapshot;
    snapshot.status = core.status();
    snapshot.peers = core.list_peers();
    snapshot.owners = core.list_owners();
    snapshot.longest_turn = transport_.longest_turn();
    to_control([this, snapshot = std::move(snapshot), done = std::move(done)]() mutable {
      complete(snapshot.status);
      snapshot.last_reload_ok = last_reload_ok_;
      snapshot.pending_restart = waiting_.size();
      done({200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(snapshot)});
    });
  }));
}

void Daemon::answer_http(std::string_view target, HttpDone done) {
  if (target == "/livez") {
    // Alive is: control runs (it does, or we would not be here) and core answers.
    backend_->rib_counters([done = std::move(done)](auto) { done({200, "text/plain; charset=utf-8", "ok\n"}); });
  } else if (target == "/readyz") {
    backend_->status([done = std::move(done)](auto status) {
      const bool ready = status && status->ready;
      done({ready ? 200u : 503u, "text/plain; charset=utf-8",
            ready ? "ok\n" : (status ? status->not_ready_reason : std::string("no answer")) + "\n"});
    });
  } else if (target == "/metrics") {
    answer_metrics(std::move(done));
  } else {
    done({404, "text/plain; charset=utf-8", "there are /metrics, /livez and /readyz\n"});
  }
}

// API first, so that nobody is promised anything any more; then Cease to the peers; then the kernel, as configured.
void Daemon::begin_stop(int signal) {
  if (stopping_) return;
  stopping_ = true;
  notify("STOPPING=1");
  write_log({LogLevel::Info, "STOPPING", fmt::format("signal {}", signal), {}});
  watchdog_.cancel();
  to_core_box_.push(CoreTask([this](Core& core) {
    core.stop("podbgpd is stopping", [this] { to_control([this] { control_.stop(); }); });
  }));
}

void Daemon::tear_down() {
  if (server_) {
    server_->set_ready(false);
    server_->shutdown();
  }
  http_.reset();
  if (core_thread_.joinable()) {
    transport_.stop();
    core_thread_.join();
  }
  if (fib_) {
    fib_->post(fib::Stop{started_ && running_.fib.remove_on_stop});  // what never started removes nothing
    fib_->join();
  }
  drain_control();  // the last log lines
  if (started_) {
    const bool removed = running_.fib.install && running_.fib.remove_on_stop;
    write_log({LogLevel::Info, "STOPPED", removed ? "kernel routes were removed" : "kernel routes are kept", {}});
  }
  server_.reset();
  listener_.reset();
  core_.reset();
}

}  // namespace

int run_daemon(const DaemonOptions& options) {
  auto loaded = load_config(options.config_file);
  if (!loaded) {
    for (const auto& finding : loaded.error()) std::cerr << config::to_string(finding) << "\n";
    std::cerr << "podbgpd: not started: the configuration has errors\n";
    return kBadConfig;
  }
  std::string privilege_warning;
  if (!options.keep_privileges) {
    auto dropped = drop_privileges();
    if (!dropped) {
      std::cerr << "podbgpd: not started: " << dropped.error() << "\n";
      return 1;
    }
    privilege_warning = *dropped;
  }
  signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Daemon daemon(options, std::move(*loaded), std::move(privilege_warning));
  auto started = daemon.start();
  if (started) daemon.run();
  daemon.tear_down();
  if (!started) {
    std::cerr << "podbgpd: not started: " << started.error() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace podbgp::bgpd

// podbgp_bench_load: the load generator of bench/compare. One process is all senders, all sinks and the monitor of the
// target's kernel routes, so that every moment is taken from one clock.

#include <charconv>
#include <csignal>
#include <cstring>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>

#include "bench/load/relay.hpp"
#include "bench/load/scenario.hpp"

namespace {

using podbgp::bench::Kind;
using podbgp::bench::ScenarioOptions;

constexpr const char* kUsage =
    R"(usage: podbgp_bench_load run OPTIONS     run one scenario against a target, print one JSON object
       podbgp_bench_load relay OPTIONS   be the target that only passes UPDATEs on (the ceiling)

  --target ADDRESS:PORT   the target (run) or where to listen (relay)
  --target-asn N          its AS (65000)
  --kind table|failover   what to do (table)
  --prefixes N  --senders N  --sinks N  --cycles N  --hold SECONDS  --seed N  --timeout SECONDS  --dial-at-once N
  --pid N                 a process of the target; may be given several times
  --kernel-netns FILE     watch the kernel routes of this namespace
  --step                  print each phase and wait for a line on standard input before it
)";

std::uint32_t number(const std::string& name, const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument(name + ": '" + text + "' is not a number");
  return value;
}

sockaddr_in endpoint(const std::string& text) {
  sockaddr_in result{};
  const std::size_t colon = text.find(':');
  result.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, text.substr(0, colon).c_str(), &result.sin_addr) != 1)
    throw std::invalid_argument("--target: '" + text + "' is not ADDRESS:PORT");
  result.sin_port = htons(static_cast<std::uint16_t>(number("--target", text.substr(colon + 1))));
  return result;
}

Kind kind_of(const std::string& text) {
  if (text == "table") return Kind::Table;
  if (text == "failover") return Kind::Failover;
  throw std::invalid_argument("--kind: '" + text + "' is neither table nor failover");
}

void apply(ScenarioOptions& options, const std::string& name, const std::string& value) {
  if (name == "--target")
    options.target = endpoint(value);
  else if (name == "--target-asn")
    options.target_asn = number(name, value);
  else if (name == "--kind")
    options.kind = kind_of(value);
  else if (name == "--prefixes")
    options.prefixes = number(name, value);
  else if (name == "--senders")
    options.senders = number(name, value);
  else if (name == "--sinks")
    options.sinks = number(name, value);
  else if (name == "--cycles")
    options.cycles = number(name, value);
  else if (name == "--hold")
    options.hold_s = static_cast<std::uint16_t>(number(name, value));
  else if (name == "--seed")
    options.seed = number(name, value);
  else if (name == "--timeout")
    options.timeout_ns = number(name, value) * 1'000'000'000LL;
  else if (name == "--dial-at-once")
    options.dial_at_once = number(name, value);
  else if (name == "--pid")
    options.pids.push_back(static_cast<pid_t>(number(name, value)));
  else if (name == "--kernel-netns")
    options.kernel_netns = value;
  else
    throw std::invalid_argument("no option '" + name + "'");
}

ScenarioOptions parse(int argc, char** argv) {
  ScenarioOptions options;
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--step") {
      options.step = true;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(name + " needs a value");
    apply(options, name, argv[++i]);
  }
  if (options.target.sin_port == 0) throw std::invalid_argument("--target ADDRESS:PORT is missing");
  if (options.senders == 0 || options.senders > 250) throw std::invalid_argument("--senders: 1 to 250");
  if (options.prefixes == 0 || options.prefixes > 8'000'000) throw std::invalid_argument("--prefixes: 1 to 8000000");
  if (options.kind == Kind::Failover && (options.senders != 2 || options.sinks != 0 || options.kernel_netns.empty()))
    throw std::invalid_argument("--kind failover needs --senders 2 --sinks 0 --kernel-netns FILE");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string command = argc > 1 ? argv[1] : "";
  try {
    if (command == "run") {
      podbgp::bench::Scenario scenario(parse(argc, argv));
      std::cout << scenario.run().json() << std::endl;
      return 0;
    }
    if (command == "relay") {
      const ScenarioOptions options = parse(argc, argv);
      podbgp::bench::Loop loop;
      const podbgp::bench::Relay relay(loop, options.target, options.target_asn);
      loop.run_until([] { return false; }, std::numeric_limits<std::int64_t>::max());
      return 0;
    }
  } catch (const std::invalid_argument& error) {
    std::cerr << "podbgp_bench_load: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "podbgp_bench_load: " << error.what() << "\n";
    return 1;
  }
  std::cerr << kUsage;
  return 2;
}

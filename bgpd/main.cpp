// podbgpd: command line.
#include <cerrno>
#include <cstring>
#include <iostream>

#include <CLI/CLI.hpp>

#include "bgpd/daemon.hpp"
#include "bgpd/version.hpp"
#include "config/parse.hpp"
#include "config/schema.hpp"
#include "net/counted.hpp"
#include "net/read_file.hpp"

namespace {

using podbgp::config::Diagnostic;
using podbgp::net::counted;

// Exit codes of `check`: 0 usable (warnings are shown), 1 not, 2 the file cannot be read.
int check(const std::string& file, bool json) {
  const auto text = podbgp::net::read_file(file);
  if (!text) {
    std::cerr << "podbgpd: cannot read " << file << ": " << text.error() << "\n";
    return 2;
  }
  const auto parsed = podbgp::config::parse(*text, file);
  const auto& findings = parsed ? parsed->warnings : parsed.error();
  if (json) {
    std::cout << podbgp::config::to_json(findings) << "\n";
  } else {
    for (const auto& finding : findings) std::cerr << podbgp::config::to_string(finding) << "\n";
    if (parsed)
      std::cout << file << ": OK (" << counted(parsed->config.peers.size(), "peer") << ", " << counted(findings.size(), "warning")
                << ")\n";
  }
  return parsed ? 0 : 1;
}

// `code`, unless the output could not be written.
int written(int code) {
  if (std::cout.flush() || errno == EPIPE) return code;  // who closed a pipe has read enough
  std::cerr << "podbgpd: cannot write the output: " << std::strerror(errno) << "\n";
  return code == 0 ? 1 : code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The BGP-4 speaker of a Kubernetes node", "podbgpd");
  podbgp::bgpd::DaemonOptions options;
  app.add_option("-c,--config", options.config_file, "configuration file")->capture_default_str();
  app.set_version_flag("-V,--version", std::string("podbgpd ") + podbgp::bgpd::kVersion + " (" + podbgp::bgpd::kCommit + ")");
  std::string check_file;
  bool json = false;
  auto* check_command = app.add_subcommand("check", "Check a configuration file and exit");
  check_command->add_option("FILE", check_file, "the file; without it that of --config");
  check_command->add_flag("--json", json, "findings as a JSON array");
  check_command->footer(
      "Looked at: keys, values, and what they say of each other. Not looked at: password files and variables, api.group, addresses,\n"
      "paths and rights of this host; the daemon looks at those when it starts, and `podbgp config check FILE` at passwords.");
  auto* schema_command = app.add_subcommand("schema", "Print the JSON Schema of the configuration and exit");
  app.require_subcommand(0, 1);
  app.footer(
      "Signals: SIGHUP reloads the configuration (a bad file changes nothing); SIGTERM and SIGINT stop.\n"
      "Examples:\n"
      "  podbgpd --config /etc/podbgp/podbgp.yaml\n"
      "  podbgpd check podbgp.yaml          says what is wrong with a file, with line and remedy; needs no privileges\n"
      "  podbgpd schema > podbgp.schema.json  the JSON Schema for editors\n"
      "Exit codes: 0 stopped as asked, 1 could not start (and why), 2 usage, 78 errors in the configuration;\n"
      "  of check: 0 usable, 1 errors, 2 cannot be read.\n"
      "Talk to the running daemon with podbgp(1).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return written(app.exit(error));  // --help, --version
    std::cerr << "podbgpd: " << error.what() << "\nSee podbgpd --help.\n";
    return 2;
  }
  if (check_command->parsed()) return written(check(check_file.empty() ? options.config_file : check_file, json));
  if (schema_command->parsed()) {
    std::cout << podbgp::config::json_schema();
    return written(0);
  }
  return podbgp::bgpd::run_daemon(options);
}

// Exit codes and what is said with them: 0 done, 1 the answer is no, 2 usage, 3 not reached, 4 refused.
#include <thread>

#include <sys/wait.h>

#include "fixture.hpp"

namespace podbgp::cli::testing {
namespace {

using ::testing::HasSubstr;

struct Wrong {
  std::vector<std::string> arguments;
  int exit_code;
  std::string err;
};

TEST_F(CliTest, UsageErrorsNameTheWordAndTheRemedy) {
  const std::string see = "\nSee podbgp --help.\n";
  const Wrong wrongs[] = {
      {{"bogus"}, kUsage, "podbgp: The following argument was not expected: bogus" + see},
      {{"peer"}, kUsage, "podbgp: peer needs one of: show, reset, enable, disable" + see},
      {{"peer", "show"}, kUsage, "podbgp: PEER is required" + see},
      {{"config"}, kUsage, "podbgp: config needs one of: check, reload" + see},
      {{"announce"}, kUsage, "podbgp: PREFIX is required" + see},
      {{"peers", "-o", "yaml"}, kUsage, "podbgp: -o: 'yaml' is none of table, wide, json" + see},
      {{"routes", "--view", "loc"},
       kUsage,
       "podbgp: --view: 'loc' is none of best, all, received, advertised, kernel, announced" + see},
      {{"peers", "--timeout", "soon"},
       kUsage,
       "podbgp: --timeout: 'soon' is not a duration; write 500ms, 5s or 1m" + see},
      {{"routes", "--lpm"},
       kUsage,
       "podbgp: --longer, --shorter and --lpm need a PREFIX, e.g. podbgp routes --longer 10.244.0.0/16" + see},
      {{"routes", "--view", "advertised"},
       kUsage,
       "podbgp: --view received and --view advertised need --peer; podbgp peers lists them" + see},
      {{"routes", "--peer", "tor-a", "--view", "best"},
       kUsage,
       "podbgp: --peer goes with --view received or --view advertised" + see},
      {{"peers", "--server", "10.0.0.1:50051"},
       kUsage,
       "podbgp: --server: '10.0.0.1:50051' is not unix:///PATH; other transports are not in this version\n"},
      {{"announce", "10.0.0.0/24", "--owner", ""},
       kUsage,
       "podbgp: --owner: is empty; leave it out or write a value" + see},
      {{"announce", "10.0.0.0/24", "--owner="}, kUsage, "podbgp: --owner: 1 required TEXT missing" + see},
      {{"routes", "--peer", ""}, kUsage, "podbgp: --peer: is empty; leave it out or write a value" + see},
      {{"routes", ""}, kUsage, "podbgp: PREFIX: is empty; leave it out or write a value" + see},
      {{"announce", ""}, kUsage, "podbgp: PREFIX: is empty; leave it out or write a value" + see},
      {{"peer", "disable", ""}, kUsage, "podbgp: PEER: is empty; leave it out or write a value" + see},
      {{"config", "check", ""}, kUsage, "podbgp: FILE: is empty; leave it out or write a value" + see},
      {{"peers", "--server", ""}, kUsage, "podbgp: --server: is empty; leave it out or write a value" + see},
      {{"replace", "-f", "/does/not/exist"},
       kUsage,
       "podbgp: cannot read /does/not/exist: No such file or directory\n"},
      {{"announce", "10.0.0.0/24", "--owner", "cn\xff"}, kUsage, "podbgp: --owner: is not UTF-8" + see},
      {{"announce", "10.0.0.\xc3"}, kUsage, "podbgp: PREFIX: is not UTF-8" + see},
      {{"announce", "10.0.0.0/24", "--community", "1:1,\xe2\x82"}, kUsage, "podbgp: --community: is not UTF-8" + see},
      {{"peer", "reset", "tor-a", "--text", "caf\xe9"}, kUsage, "podbgp: --text: is not UTF-8" + see},
      {{"peer", "show", "\xfftor"}, kUsage, "podbgp: PEER: is not UTF-8" + see},
      {{"announce", "10.0.0.0/24", "--med", "-1"},
       kUsage,
       "podbgp: --med: '-1' is not a number from 0 to 4294967295" + see},
      {{"announce", "10.0.0.0/24", "--local-pref", "4294967296"},
       kUsage,
       "podbgp: --local-pref: '4294967296' is not a number from 0 to 4294967295" + see},
      {{"replace", "-f", "-", "--generation", "2x"},
       kUsage,
       "podbgp: --generation: '2x' is not a number from 0 to 18446744073709551615" + see},
  };
  for (const auto& wrong : wrongs) {
    const auto outcome = podbgp(wrong.arguments);
    EXPECT_EQ(outcome.exit_code, wrong.exit_code) << wrong.arguments[0];
    EXPECT_EQ(outcome.err, wrong.err);
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_TRUE(backend.log().empty());
}

TEST_F(CliTest, RefusalsShowEveryFaultAndTheReason) {
  auto outcome = podbgp({"announce", "10.244.1.7/24", "--owner", "cni"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_EQ(outcome.err,
            "podbgp: routes[0].prefix: '10.244.1.7/24' has host bits set; the prefix is 10.244.1.0/24 [BAD_REQUEST]\n");
  outcome = podbgp({"announce", "10.244.1.7/24", "pods", "--owner", "CNI"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_EQ(
      outcome.err,
      "podbgp: 3 faults:\n"
      "  owner: 'CNI' must be 1 to 63 of a-z, 0-9, '.' and '-', starting with a letter or digit\n"
      "  routes[0].prefix: '10.244.1.7/24' has host bits set; the prefix is 10.244.1.0/24\n"
      "  routes[1].prefix: 'pods' is not an IP prefix (expected e.g. 10.244.1.0/24 or fd00:1::/64) [BAD_REQUEST]\n");
}

TEST_F(CliTest, NotFoundIsANegativeAnswer) {
  auto outcome = podbgp({"peer", "show", "nobody"});
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_EQ(outcome.err, "podbgp: there is no peer 'nobody' [PEER_NOT_FOUND]\n");
  outcome = podbgp({"withdraw", "10.244.1.0/24", "--owner", "cni"});
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_THAT(outcome.err, HasSubstr("owner 'cni' has no route 10.244.1.0/24"));
  EXPECT_THAT(outcome.err, HasSubstr("[ROUTE_NOT_FOUND]"));
}

TEST_F(CliTest, ADaemonThatIsNotThereIsExitCode3AndSaysWhy) {
  auto outcome = podbgp({"peers", "--server", "unix://" + folder + "/none.sock"});
  EXPECT_EQ(outcome.exit_code, kUnreachable);
  EXPECT_EQ(outcome.err,
            "podbgp: cannot reach podbgpd at " + folder +
                "/none.sock: there is no such socket; is podbgpd running? (systemctl status podbgpd, or --server)\n");
  backend.hold();
  outcome = podbgp({"peers", "--timeout", "100ms"});
  EXPECT_EQ(outcome.exit_code, kUnreachable);
  EXPECT_EQ(outcome.err, "podbgp: no answer from podbgpd at " + path + " within 100 ms; --timeout allows more\n");
  backend.release();
}

TEST_F(CliTest, AWatchThatTheDaemonEndsIsExitCode3) {
  std::thread stopper([this] {
    EXPECT_TRUE(backend.wait([this] { return backend.watches() == 1; }));
    server->shutdown();
  });
  const auto outcome = podbgp({"watch", "peers"});
  stopper.join();
  EXPECT_EQ(outcome.exit_code, kUnreachable);
  EXPECT_EQ(outcome.err, "podbgp: podbgpd is stopping; try again when it is back [STOPPING]\n");
}

TEST_F(CliTest, HealthIsReadyOrNotAndSaysWhy) {
  backend.status_now.not_ready_reason = "the kernel's routes are not read yet";
  auto outcome = podbgp({"health"});
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_EQ(outcome.out, "not ready: the kernel's routes are not read yet\n");
  EXPECT_EQ(podbgp({"health", "--live"}).exit_code, kOk);
  server->set_ready(true);
  outcome = podbgp({"health"});
  EXPECT_EQ(outcome.exit_code, kOk);
  EXPECT_EQ(outcome.out, "ready\n");
  EXPECT_EQ(podbgp({"health", "-o", "json"}).out, "{\"service\": \"podbgp.ready\", \"status\": \"SERVING\"}\n");
}

TEST_F(CliTest, OptionsStandBeforeAndBehindTheVerb) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--owner", "cni", "-o", "json", "--server", path, "announce", "10.244.1.0/24"},
           {"announce", "10.244.1.0/24", "--owner", "cni", "-o", "json", "--server", path},
           {"--owner=cni", "announce", "-ojson", "--server=unix:" + path, "10.244.1.0/24"}}) {
    const auto outcome = podbgp(arguments);
    EXPECT_EQ(outcome.exit_code, kOk) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("\"results\""));
    EXPECT_EQ(backend.log().back(), "announce cni 10.244.1.0/24");
  }
  EXPECT_EQ(podbgp({"announce", "10.244.1.0/24"}).exit_code, kOk);
  EXPECT_EQ(backend.log().back(), "announce cli 10.244.1.0/24");  // the default owner
  EXPECT_EQ(podbgp({"peer", "-o", "json", "show", "tor-a"}).exit_code, kOk);
  EXPECT_EQ(
      podbgp({"announce", "--community", "1:1", "10.0.0.0/24", "--community", "1:2,1:3", "10.0.1.0/24"}).exit_code,
      kOk);
  EXPECT_EQ(backend.log().back(), "announce cli 10.0.0.0/24 10.0.1.0/24");
}

TEST_F(CliTest, ReplaceReadsYamlAndJson) {
  const auto yaml =
      write("routes.yaml",
            "owner: cni\n"
            "generation: 4\n"
            "routes:\n"
            "  - 10.244.1.0/24\n"
            "  - { prefix: \"fd00:10:244:1::/64\", communities: [\"65101:100\"], med: 7, install: none }\n");
  auto outcome = podbgp({"replace", "-f", yaml});
  EXPECT_EQ(outcome.exit_code, kOk) << outcome.err;
  EXPECT_EQ(outcome.out, "cni: 2 added, 0 updated, 0 removed, 0 unchanged (generation 4)\n");
  outcome = podbgp({"replace", "-f", "-", "--owner", "cni"}, R"([{"prefix": "10.244.1.0/24"}])");
  EXPECT_EQ(outcome.out, "cni: 0 added, 0 updated, 1 removed, 1 unchanged (generation 4)\n");
  outcome = podbgp({"replace", "-f", yaml, "--generation", "3"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_EQ(outcome.err, "podbgp: owner 'cni' is at generation 4 [GENERATION_TOO_OLD]\n");
  outcome = podbgp({"replace", "-f", yaml, "--dry-run"});
  EXPECT_EQ(outcome.out, "cni: 2 routes, valid\n");
}

TEST_F(CliTest, ARoutesFileThatIsWrongNamesLineAndColumn) {
  const std::pair<const char*, const char*> files[] = {
      {"", ": expected a list of routes, or `routes:` with one; write [] to withdraw everything"},
      {"routes:\n  - { prefx: 10.0.0.0/8 }\n",
       ":2:7: unknown key 'prefx'; a route has prefix, next_hop, communities, large_communities, extended_communities, "
       "local_pref, med, install"},
      {"- { med: 5 }\n", ":1:3: a route needs `prefix`"},
      {"- { prefix: 10.0.0.0/8, med: -5 }\n", ":1:30: med must be a number from 0 to 4294967295, not '-5'"},
      {"- { prefix: 10.0.0.0/8, install: maybe }\n", ":1:34: install must be blackhole or none, not 'maybe'"},
      {"owner: cni\nroutes:\n", ":3:1: there are no routes; write [] to withdraw everything"},
      {"routes: [10.0.0.0/8]\nroutes: [10.1.0.0/16]\n", ":2:1: 'routes' stands here twice"},
      {"- { prefix: 10.0.0.0/8, med: 1, med: 2 }\n", ":1:33: 'med' stands here twice"},
      {"owner: cni\nrouts: []\nroutes: []\n", ":2:1: unknown key 'routs'; here are owner, generation and routes"},
      {"routes: 5\n", ":1:9: expected a list of routes"},
      {"- [\n", ":2:1: end of sequence flow not found"},
  };
  for (const auto& [text, message] : files) {
    const auto file = write("bad.yaml", text);
    const auto outcome = podbgp({"replace", "-f", file});
    EXPECT_EQ(outcome.exit_code, kUsage);
    EXPECT_EQ(outcome.err, "podbgp: " + file + message + "\n");
  }
  EXPECT_TRUE(backend.log().empty());
}

// What is not UTF-8 cannot be a string of the API: it is refused here, with its place.
TEST_F(CliTest, AFileThatIsNotUtf8NamesLineAndColumn) {
  auto file = write("bad.yaml", "owner: cni\nroutes: [] # h\xc3\xa9, caf\xe9\n");
  auto outcome = podbgp({"replace", "-f", file});
  EXPECT_EQ(outcome.exit_code, kUsage);
  EXPECT_EQ(outcome.err, "podbgp: " + file + ":2:21: this is not UTF-8; save the file as plain UTF-8 text\n");
  file = write("podbgp.yaml", "version: 1\n# \xff\n");
  outcome = podbgp({"config", "check", file});
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_EQ(outcome.err, file + ":2:3: this is not UTF-8; save the file as plain UTF-8 text\n");
  outcome = podbgp({"config", "check", "-", "-o", "json"}, "\xff");
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_THAT(outcome.out, HasSubstr("\"file\": \"\\u003cstdin\\u003e\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"valid\": false"));
  EXPECT_TRUE(backend.log().empty());
  EXPECT_EQ(backend.checked_content, std::nullopt) << "nothing was asked";
}

TEST_F(CliTest, ConfigCheckAsJsonNamesTheFile) {
  backend.check_report = {false, {{true, "<request>", 3, 5, "peers[0].adress", "unknown key 'adress'", ""}}, {}, {}};
  const auto file = write("podbgp.yaml", "version: 1\n");
  const auto outcome = podbgp({"config", "check", file, "-o", "json"});
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_THAT(outcome.out, HasSubstr("\"file\": \"" + file + "\""));
}

TEST_F(CliTest, ConfigCheckShowsFindingsLikeACompiler) {
  backend.check_report = {
      false, {{true, "<request>", 3, 5, "peers[0].adress", "unknown key 'adress'", "did you mean 'address'?"}}, {}, {}};
  const auto file = write("podbgp.yaml", "version: 1\n");
  auto outcome = podbgp({"config", "check", file});
  EXPECT_EQ(outcome.exit_code, kNegative);
  EXPECT_EQ(outcome.err, file + ":3:5: peers[0].adress: unknown key 'adress'; did you mean 'address'?\n");
  EXPECT_EQ(backend.checked_content, "version: 1\n");
  backend.check_report = {true,
                          {{false, "<request>", 9, 1, "fib", "off", ""}},
                          {{api::ConfigChange::Impact::SessionReset, "peer tor-a: hold time 90s -> 9s"}}, {}};
  outcome = podbgp({"config", "check", file});
  EXPECT_EQ(outcome.exit_code, kOk);
  EXPECT_EQ(outcome.out, file + ":9:1: warning: fib: off\n" + file +
                             ": valid; it would change\n  peer tor-a: hold time 90s -> 9s (resets the session)\n");
}

TEST_F(CliTest, AReloadOfABadFileShowsAllFindingsThoughTheErrorHasRoomForFew) {
  backend.check_report = {false, {}, {}, {}};
  for (std::uint32_t i = 1; i <= 200; ++i)
    backend.check_report.diagnostics.push_back({true, "/etc/podbgp/podbgp.yaml", i, 1, "", "wrong", ""});
  backend.reload_error =
      api::ApiError{api::ApiError::Code::FailedPrecondition, "CONFIG_INVALID", std::string(50'000, 'x'), "", {}};
  const auto outcome = podbgp({"config", "reload"});
  EXPECT_EQ(outcome.exit_code, kRefused);
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 201);
  EXPECT_THAT(outcome.err, HasSubstr("/etc/podbgp/podbgp.yaml:200:1: wrong\n"));
  EXPECT_THAT(outcome.err, HasSubstr("podbgp: the file has errors; nothing was changed [CONFIG_INVALID]\n"));
}

// As with KUBECONFIG: set and empty is not set.
TEST_F(CliTest, AnEmptyPodbgpServerIsAsIfItWereNotSet) {
  const auto server_of = [](std::optional<std::string> value) {
    const auto parsed = parse({"peers"}, [&](const char*) { return value; });
    return std::get<Options>(parsed).server;
  };
  EXPECT_EQ(server_of(""), "unix:///run/podbgp/api.sock");
  EXPECT_EQ(server_of(std::nullopt), "unix:///run/podbgp/api.sock");
  EXPECT_EQ(server_of("unix:///elsewhere"), "unix:///elsewhere");
}

TEST_F(CliTest, OutputThatCannotBeWrittenIsAnError) {
  const auto binary = [&](const std::string& arguments) {
    const auto command = std::string(PODBGP_BINARY) + " --server " + path + " " + arguments + " >/dev/full 2>" + folder + "/err";
    const int status = std::system(command.c_str());
    std::ifstream err(folder + "/err");
    return std::pair(WIFEXITED(status) ? WEXITSTATUS(status) : -1, std::string(std::istreambuf_iterator<char>(err), {}));
  };
  const std::string said = "podbgp: cannot write the output: No space left on device\n";
  for (const char* arguments : {"peers", "peers -o json", "status", "routes", "--help", "--version"})
    EXPECT_EQ(binary(arguments), std::pair(+kNegative, said)) << arguments;
}

TEST_F(CliTest, OneOfAKindIsNotCalledSeveral) {
  EXPECT_EQ(podbgp({"replace", "-f", "-", "--dry-run"}, "- 10.244.1.0/24\n").out, "cli: 1 route, valid\n");
}

TEST_F(CliTest, TheBinaryHasTheSameExitCodes) {
  const auto binary = [&](const std::string& arguments) {
    const auto command = std::string(PODBGP_BINARY) + " --server " + path + " " + arguments + " >/dev/null 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(binary("peers"), kOk);
  EXPECT_EQ(binary("health"), kNegative);
  EXPECT_EQ(binary("bogus"), kUsage);
  EXPECT_EQ(binary("announce 10.0.0.1/8"), kRefused);
  EXPECT_EQ(binary("peers --server /none"), kUnreachable);
  EXPECT_EQ(binary("--version"), kOk);
}

}  // namespace
}  // namespace podbgp::cli::testing

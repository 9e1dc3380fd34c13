// Every unary method, over the socket, as it should go.
#include <google/protobuf/util/json_util.h>

#include "fixture.hpp"

namespace podbgp::api::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

TEST_F(ApiTest, AnnounceAddsThenIsUnchangedThenUpdates) {
  v1::AnnounceRouteRequest request;
  request.set_owner("cni");
  *request.mutable_route() = route("10.244.1.0/24");
  std::vector<v1::ChangeResult> results;
  for (int i = 0; i < 3; ++i) {
    if (i == 2) request.mutable_route()->set_med(7);
    v1::AnnounceRouteResponse response;
    const auto ctx = context();
    const auto status = routes->AnnounceRoute(ctx.get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_GT(response.revision(), 0u);
    results.push_back(response.result());
  }
  EXPECT_THAT(results, ElementsAre(v1::CHANGE_RESULT_ADDED, v1::CHANGE_RESULT_UNCHANGED, v1::CHANGE_RESULT_UPDATED));
}

TEST_F(ApiTest, AllFieldsOfARouteArriveAndComeBack) {
  v1::BatchAnnounceRoutesRequest request;
  request.set_owner("cni");
  auto* r = request.add_routes();
  r->set_prefix("fd00:10:244:1::/64");
  r->set_next_hop("fd00:1::7");
  for (const char* c : {"65101:200", "no-export", "65101:100", "65101:200"}) r->add_communities(c);
  r->add_large_communities("65101:1:2");
  r->add_extended_communities("rt:65101:100");
  r->set_local_pref(0);
  r->set_med(4294967295);
  r->set_install(v1::Route::INSTALL_NONE);
  v1::BatchAnnounceRoutesResponse announced;
  ASSERT_TRUE(routes->BatchAnnounceRoutes(context().get(), request, &announced).ok());
  EXPECT_THAT(announced.results(), ElementsAre(v1::CHANGE_RESULT_ADDED));

  v1::ListRoutesRequest list;
  v1::ListRoutesResponse listed;
  ASSERT_TRUE(routes->ListRoutes(context().get(), list, &listed).ok());
  ASSERT_EQ(listed.routes_size(), 1);
  const auto& back = listed.routes(0).route();
  EXPECT_EQ(listed.routes(0).owner(), "cni");
  EXPECT_EQ(back.prefix(), "fd00:10:244:1::/64");
  EXPECT_EQ(back.next_hop(), "fd00:1::7");
  EXPECT_THAT(back.communities(), ElementsAre("65101:100", "65101:200", "no-export"));  // a set: sorted, each once
  EXPECT_THAT(back.large_communities(), ElementsAre("65101:1:2"));
  EXPECT_THAT(back.extended_communities(), ElementsAre("rt:65101:100"));
  EXPECT_TRUE(back.has_local_pref());
  EXPECT_EQ(back.local_pref(), 0u);
  EXPECT_EQ(back.med(), 4294967295u);
  EXPECT_EQ(back.install(), v1::Route::INSTALL_NONE);
}

TEST_F(ApiTest, ValidateOnlyAsksTheBackendNothing) {
  v1::AnnounceRouteRequest one;
  one.set_owner("cni");
  one.set_validate_only(true);
  *one.mutable_route() = route("10.244.1.0/24");
  v1::AnnounceRouteResponse one_response;
  EXPECT_TRUE(routes->AnnounceRoute(context().get(), one, &one_response).ok());
  EXPECT_EQ(one_response.result(), v1::CHANGE_RESULT_UNSPECIFIED);
  v1::ReplaceRoutesRequest all;
  all.set_owner("cni");
  all.set_validate_only(true);
  v1::ReplaceRoutesResponse all_response;
  EXPECT_TRUE(routes->ReplaceRoutes(context().get(), all, &all_response).ok());
  EXPECT_TRUE(backend.log().empty()) << backend.log().front();
}

TEST_F(ApiTest, WithdrawOfWhatIsNotThereIsNotFoundUnlessAllowed) {
  v1::WithdrawRouteRequest request;
  request.set_owner("cni");
  request.set_prefix("10.244.1.0/24");
  v1::WithdrawRouteResponse response;
  const auto refused = refusal(routes->WithdrawRoute(context().get(), request, &response));
  EXPECT_EQ(refused.code, grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(refused.reason, "ROUTE_NOT_FOUND");
  EXPECT_EQ(refused.message,
            "owner 'cni' has no route 10.244.1.0/24; `podbgp routes --view announced` lists what there is");
  request.set_allow_missing(true);
  EXPECT_TRUE(routes->WithdrawRoute(context().get(), request, &response).ok());
  EXPECT_EQ(response.result(), v1::CHANGE_RESULT_NOT_FOUND);
}

TEST_F(ApiTest, BatchWithdrawSaysWhatBecameOfTheOthers) {
  v1::BatchAnnounceRoutesRequest announce;
  announce.set_owner("cni");
  *announce.add_routes() = route("10.244.1.0/24");
  v1::BatchAnnounceRoutesResponse announced;
  ASSERT_TRUE(routes->BatchAnnounceRoutes(context().get(), announce, &announced).ok());
  v1::BatchWithdrawRoutesRequest request;
  request.set_owner("cni");
  request.add_prefixes("10.244.1.0/24");
  request.add_prefixes("10.244.2.0/24");
  v1::BatchWithdrawRoutesResponse response;
  const auto refused = refusal(routes->BatchWithdrawRoutes(context().get(), request, &response));
  EXPECT_EQ(refused.code, grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(refused.message, ::testing::EndsWith("in this call: 1 removed, 1 not found"));
  EXPECT_THAT(refused.fields,
              ElementsAre(::testing::StartsWith("prefixes[1]: owner 'cni' has no route 10.244.2.0/24")));
  request.set_allow_missing(true);
  ASSERT_TRUE(routes->BatchWithdrawRoutes(context().get(), request, &response).ok());
  EXPECT_THAT(response.results(), ElementsAre(v1::CHANGE_RESULT_NOT_FOUND, v1::CHANGE_RESULT_NOT_FOUND));
}

TEST_F(ApiTest, ReplaceCountsTheDifferenceAndRefusesOldGenerations) {
  const auto replace = [&](std::vector<std::string> prefixes, std::uint64_t generation,
                           v1::ReplaceRoutesResponse& response) {
    v1::ReplaceRoutesRequest request;
    request.set_owner("cni");
    request.set_generation(generation);
    for (const auto& prefix : prefixes) *request.add_routes() = route(prefix);
    return routes->ReplaceRoutes(context().get(), request, &response);
  };
  v1::ReplaceRoutesResponse response;
  ASSERT_TRUE(replace({"10.244.1.0/24", "10.244.2.0/24"}, 5, response).ok());
  EXPECT_EQ(response.added(), 2u);
  ASSERT_TRUE(replace({"10.244.2.0/24", "10.244.3.0/24"}, 6, response).ok());
  EXPECT_EQ(response.added(), 1u);
  EXPECT_EQ(response.removed(), 1u);
  EXPECT_EQ(response.unchanged(), 1u);
  EXPECT_EQ(response.generation(), 6u);
  const auto refused = refusal(replace({}, 5, response));
  EXPECT_EQ(refused.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(refused.reason, "GENERATION_TOO_OLD");
  EXPECT_THAT(refused.fields, ElementsAre("generation: owner 'cni' is at generation 6"));
  ASSERT_TRUE(replace({}, 7, response).ok());  // the empty set is a set
  EXPECT_EQ(response.removed(), 2u);
}

TEST_F(ApiTest, OwnersAreListedAndRoutesArePaged) {
  v1::ReplaceRoutesRequest request;
  request.set_owner("cni");
  request.set_generation(9);
  for (int i = 0; i < 25; ++i) *request.add_routes() = route("10.244." + std::to_string(i) + ".0/24");
  v1::ReplaceRoutesResponse replaced;
  ASSERT_TRUE(routes->ReplaceRoutes(context().get(), request, &replaced).ok());
  v1::ListOwnersResponse owners;
  ASSERT_TRUE(routes->ListOwners(context().get(), {}, &owners).ok());
  ASSERT_EQ(owners.owners_size(), 1);
  EXPECT_EQ(owners.owners(0).owner(), "cni");
  EXPECT_EQ(owners.owners(0).routes(), 25u);
  EXPECT_EQ(owners.owners(0).generation(), 9u);
  v1::ListRoutesRequest list;
  list.set_page_size(10);
  std::vector<int> sizes;
  do {
    v1::ListRoutesResponse page;
    ASSERT_TRUE(routes->ListRoutes(context().get(), list, &page).ok());
    sizes.push_back(page.routes_size());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(sizes, ElementsAre(10, 10, 5));
}

TEST_F(ApiTest, ListPathsShowsPathsWithReasonAndKernel) {
  v1::ListPathsRequest request;
  request.set_view(v1::VIEW_ALL);
  request.set_prefix("10.244.7.9");
  request.set_match(v1::PREFIX_MATCH_LONGEST);
  v1::ListPathsResponse response;
  ASSERT_TRUE(rib->ListPaths(context().get(), request, &response).ok());
  ASSERT_EQ(response.entries_size(), 1);
  const auto& entry = response.entries(0);
  EXPECT_EQ(entry.prefix(), "10.244.7.0/24");
  EXPECT_EQ(entry.kernel().state(), v1::KernelState::STATE_INSTALLED);
  EXPECT_THAT(entry.kernel().next_hops(), ElementsAre("10.1.0.1"));
  ASSERT_EQ(entry.paths_size(), 2);
  EXPECT_TRUE(entry.paths(0).best());
  EXPECT_EQ(entry.paths(0).attributes().as_path(), "65001 65107");
  EXPECT_EQ(entry.paths(0).attributes().as_segments(0).type(), v1::PathAttributes::AsSegment::TYPE_SEQUENCE);
  EXPECT_THAT(entry.paths(0).attributes().as_segments(0).asns(), ElementsAre(65001, 65107));
  EXPECT_EQ(entry.paths(0).since().seconds(), std::chrono::system_clock::to_time_t(noon()) - 125);
  EXPECT_FALSE(entry.paths(1).best());
  EXPECT_EQ(entry.paths(1).reason(), "as-path-length");
}

TEST_F(ApiTest, APageIsAskedForInSlicesAndEndsWhereItGrowsLarge) {
  backend.entries.clear();
  for (int i = 0; i < 2500; ++i)
    backend.entries.push_back(make_entry("10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24",
                                         "tor-a", "10.1.0.1", {65001}));
  v1::ListPathsRequest request;
  request.set_page_size(2200);
  v1::ListPathsResponse response;
  ASSERT_TRUE(rib->ListPaths(context().get(), request, &response).ok());
  EXPECT_EQ(response.entries_size(), 2200);
  EXPECT_THAT(backend.list_limits, ElementsAre(1000, 1000, 200));
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(rib->ListPaths(context().get(), request, &response).ok());
  EXPECT_EQ(response.entries_size(), 300);
  EXPECT_EQ(response.entries(299).prefix(), "10.9.195.0/24");
  EXPECT_TRUE(response.next_page_token().empty());

  // 3 KB of attributes each: the page ends early, and nothing is lost.
  wire::AsSegment segment;
  segment.asns.assign(250, net::Asn(4200000000));
  for (auto& entry : backend.entries) entry.route.paths[0].attributes.as_path.segments = {segment};
  request.clear_page_token();
  request.set_page_size(10'000);
  std::vector<int> sizes;
  do {
    ASSERT_TRUE(rib->ListPaths(context().get(), request, &response).ok());
    EXPECT_LT(response.ByteSizeLong(), 8u << 20);
    sizes.push_back(response.entries_size());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(sizes, ElementsAre(1000, 1000, 500));
}

TEST_F(ApiTest, RibSummaryAndStatus) {
  v1::GetRibSummaryResponse summary;
  ASSERT_TRUE(rib->GetRibSummary(context().get(), {}, &summary).ok());
  EXPECT_EQ(summary.prefixes_ipv4(), 1200u);
  EXPECT_EQ(summary.paths_ipv6(), 24u);
  EXPECT_EQ(summary.revision(), 4711u);
  v1::GetStatusResponse status;
  ASSERT_TRUE(daemon->GetStatus(context().get(), {}, &status).ok());
  EXPECT_EQ(status.router_id(), "10.1.0.11");
  EXPECT_EQ(status.fib().state(), "synced");
  EXPECT_EQ(status.fib().installed_ipv4(), 1200u);
  EXPECT_EQ(status.start_time().seconds(), std::chrono::system_clock::to_time_t(noon() - std::chrono::hours(76)));
  EXPECT_EQ(status.start_time().nanos(), 500'000'000);
  EXPECT_EQ(status.warnings_size(), 1);
}

TEST_F(ApiTest, PeersAreListedAndFoundByNameAndAddress) {
  v1::ListPeersResponse list;
  ASSERT_TRUE(peers->ListPeers(context().get(), {}, &list).ok());
  ASSERT_EQ(list.peers_size(), 3);
  for (const char* name : {"tor-a", "10.1.0.1"}) {
    v1::GetPeerRequest request;
    request.set_peer(name);
    v1::Peer peer;
    ASSERT_TRUE(peers->GetPeer(context().get(), request, &peer).ok());
    EXPECT_EQ(peer.name(), "tor-a");
    EXPECT_EQ(peer.state(), v1::Peer::STATE_ESTABLISHED);
    EXPECT_EQ(peer.hold_time().seconds(), 9);
    ASSERT_EQ(peer.families_size(), 2);
    EXPECT_EQ(peer.families(1).family(), v1::FAMILY_IPV6);
    EXPECT_EQ(peer.families(1).advertised(), 1u);
    EXPECT_EQ(peer.received().update(), 77u);
  }
  EXPECT_FALSE(list.peers(1).has_hold_time());  // nothing is negotiated while it is down
}

// A string of the API is UTF-8, or a client cannot read the whole answer. Names and words of others need not be.
TEST_F(ApiTest, WhatIsNotUtf8ElsewhereIsUtf8InAnAnswer) {
  const std::string foreign = "caf\xe9", shown = "caf\xef\xbf\xbd";
  backend.peers[0].last_error = foreign;
  backend.status_now.config_file = foreign;
  backend.status_now.warnings = {foreign};
  backend.status_now.pending_restart = {{ConfigChange::Impact::Restart, foreign}};
  backend.check_report = {false, {{true, foreign, 1, 1, foreign, foreign, foreign}}, {}, {}};
  v1::ListPeersResponse list;
  auto status = peers->ListPeers(context().get(), {}, &list);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(list.peers(0).last_error(), shown);
  v1::GetStatusResponse daemon_status;
  status = daemon->GetStatus(context().get(), {}, &daemon_status);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(daemon_status.config_file(), shown);
  EXPECT_EQ(daemon_status.warnings(0), shown);
  EXPECT_EQ(daemon_status.pending_restart(0).what(), shown);
  v1::CheckConfigResponse report;
  status = daemon->CheckConfig(context().get(), {}, &report);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(report.diagnostics(0).file(), shown);
  EXPECT_EQ(report.diagnostics(0).hint(), shown);
}

TEST_F(ApiTest, WhatAnOperatorDoesToAPeerArrivesWithItsText) {
  v1::ResetPeerRequest reset;
  reset.set_peer("tor-a");
  reset.set_text("new cable");
  v1::ResetPeerResponse reset_response;
  EXPECT_TRUE(peers->ResetPeer(context().get(), reset, &reset_response).ok());
  v1::DisablePeerRequest disable;
  disable.set_peer("tor-b");
  v1::DisablePeerResponse disable_response;
  EXPECT_TRUE(peers->DisablePeer(context().get(), disable, &disable_response).ok());
  v1::EnablePeerRequest enable;
  enable.set_peer("10.1.0.2");
  v1::EnablePeerResponse enable_response;
  EXPECT_TRUE(peers->EnablePeer(context().get(), enable, &enable_response).ok());
  EXPECT_THAT(backend.log(),
              ElementsAre("reset_peer tor-a 'new cable'", "disable_peer tor-b ''", "enable_peer 10.1.0.2"));
}

TEST_F(ApiTest, ConfigIsCheckedAndReloaded) {
  backend.check_report = {
      false, {{true, "<request>", 3, 5, "peers[0].adress", "unknown key 'adress'", "did you mean 'address'?"}}, {}, {}};
  v1::CheckConfigRequest check;
  check.set_content("version: 1\n");
  v1::CheckConfigResponse checked;
  ASSERT_TRUE(daemon->CheckConfig(context().get(), check, &checked).ok());
  EXPECT_FALSE(checked.valid());
  EXPECT_EQ(checked.diagnostics(0).severity(), v1::Diagnostic::SEVERITY_ERROR);
  EXPECT_EQ(checked.diagnostics(0).line(), 3u);
  EXPECT_EQ(backend.checked_content, "version: 1\n");
  check.clear_content();
  ASSERT_TRUE(daemon->CheckConfig(context().get(), check, &checked).ok());
  EXPECT_EQ(backend.checked_content, std::nullopt);  // the daemon's own file

  backend.reload_report.changes = {{ConfigChange::Impact::SessionReset, "peer tor-a: hold time 90s -> 9s"}};
  v1::ReloadConfigResponse reloaded;
  ASSERT_TRUE(daemon->ReloadConfig(context().get(), {}, &reloaded).ok());
  EXPECT_EQ(reloaded.changes(0).impact(), v1::ConfigChange::IMPACT_SESSION_RESET);
  backend.reload_error =
      ApiError{ApiError::Code::FailedPrecondition, "CONFIG_INVALID", std::string(20'000, '\n'), "", {}};
  const auto refused = refusal(daemon->ReloadConfig(context().get(), {}, &reloaded));
  EXPECT_EQ(refused.code, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(refused.reason, "CONFIG_INVALID");
}

TEST_F(ApiTest, MutatingCallsAreAuditedWithTheirCaller) {
  v1::AnnounceRouteRequest announce;
  announce.set_owner("cni");
  *announce.mutable_route() = route("10.244.1.0/24");
  v1::AnnounceRouteResponse announced;
  ASSERT_TRUE(routes->AnnounceRoute(context().get(), announce, &announced).ok());
  announce.mutable_route()->set_prefix("10.244.1.1/24");
  ASSERT_FALSE(routes->AnnounceRoute(context().get(), announce, &announced).ok());
  v1::ResetPeerRequest reset;
  reset.set_peer("nobody");
  v1::ResetPeerResponse reset_response;
  ASSERT_FALSE(peers->ResetPeer(context().get(), reset, &reset_response).ok());
  v1::ListPeersResponse list;
  ASSERT_TRUE(peers->ListPeers(context().get(), {}, &list).ok());  // reads are not audited

  const auto lines = audit();
  ASSERT_EQ(lines.size(), 3u);
  const auto me =
      "uid=" + std::to_string(getuid()) + " gid=" + std::to_string(getgid()) + " pid=" + std::to_string(getpid());
  for (const auto& line : lines) EXPECT_EQ(line.caller, me);
  EXPECT_EQ(lines[0].method, "RouteService/AnnounceRoute");
  EXPECT_EQ(lines[0].summary, "owner=cni 10.244.1.0/24: added");
  EXPECT_TRUE(lines[0].ok);
  EXPECT_EQ(lines[1].summary,
            "owner=cni 10.244.1.1/24: BAD_REQUEST: route.prefix: '10.244.1.1/24' has host bits set; the prefix is "
            "10.244.1.0/24");
  EXPECT_FALSE(lines[1].ok);
  EXPECT_EQ(lines[2].summary, "peer=nobody: PEER_NOT_FOUND: there is no peer 'nobody'");
  EXPECT_FALSE(lines[2].ok);
}

}  // namespace
}  // namespace podbgp::api::testing

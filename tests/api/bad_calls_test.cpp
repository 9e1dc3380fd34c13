// Bad calls, each with the exact field and sentence that its caller reads. All faults of a call are named at once.
#include "fixture.hpp"

namespace podbgp::api::testing {
namespace {

using ::testing::ElementsAre;

struct BadRoute {
  const char* what;
  std::function<void(v1::Route&)> spoil;
  std::vector<std::string> fields;
};

std::vector<BadRoute> bad_routes() {
  return {
      {"no prefix",
       [](auto& r) { r.clear_prefix(); },
       {"route.prefix: is required, e.g. 10.244.1.0/24 or fd00:10:244:1::/64"}},
      {"not a prefix",
       [](auto& r) { r.set_prefix("pods"); },
       {"route.prefix: 'pods' is not an IP prefix (expected e.g. 10.244.1.0/24 or fd00:1::/64)"}},
      {"host bits",
       [](auto& r) { r.set_prefix("10.244.1.7/24"); },
       {"route.prefix: '10.244.1.7/24' has host bits set; the prefix is 10.244.1.0/24"}},
      {"length",
       [](auto& r) { r.set_prefix("10.244.1.0/33"); },
       {"route.prefix: '10.244.1.0/33': the length after '/' must be a number from 0 to 32"}},
      {"a novel",
       [](auto& r) { r.set_prefix(std::string(5000, 'a')); },
       {"route.prefix: '" + std::string(77, 'a') +
        "...' is not an IP prefix (expected e.g. 10.244.1.0/24 or fd00:1::/64)"}},
      {"multicast",
       [](auto& r) { r.set_prefix("224.1.0.0/16"); },
       {"route.prefix: 224.1.0.0/16 is multicast address space and cannot be announced"}},
      {"link-local",
       [](auto& r) { r.set_prefix("fe80:1::/64"); },
       {"route.prefix: fe80:1::/64 is link-local address space and cannot be announced"}},
      {"loopback",
       [](auto& r) { r.set_prefix("127.0.0.1/32"); },
       {"route.prefix: 127.0.0.1/32 is loopback address space and cannot be announced"}},
      {"default blackhole",
       [](auto& r) { r.set_prefix("0.0.0.0/0"); },
       {"route.install: 0.0.0.0/0 as a blackhole would cut the node off; announce it with INSTALL_NONE (--no-blackhole)"}},
      {"next hop",
       [](auto& r) { r.set_next_hop("tor-a"); },
       {"route.next_hop: 'tor-a' is not an IP address; leave it empty for the node itself"}},
      {"family of next hop",
       [](auto& r) { r.set_next_hop("fd00::1"); },
       {"route.next_hop: fd00::1 is not of the family of 10.244.1.0/24"}},
      {"unusable next hop",
       [](auto& r) { r.set_next_hop("0.0.0.0"); },
       {"route.next_hop: 0.0.0.0 cannot be a next hop: it must be a unicast address that peers can reach; leave it "
        "empty for "
        "the node itself"}},
      {"community",
       [](auto& r) { r.add_communities("65101:70000"); },
       {"route.communities[0]: '65101:70000' is not a community (ASN:VALUE, each up to 65535, or e.g. no-export)"}},
      {"large community",
       [](auto& r) { r.add_large_communities("65101:1"); },
       {"route.large_communities[0]: '65101:1' is not a large community (ASN:VALUE:VALUE)"}},
      {"extended community",
       [](auto& r) { r.add_extended_communities("color:1"); },
       {"route.extended_communities[0]: 'color:1' is not an extended community (rt:ASN:VALUE, ro:ASN:VALUE or 0x and "
        "16 hex "
        "digits)"}},
      {"too many communities",
       [](auto& r) {
         for (int i = 0; i < 101; ++i) r.add_communities("1:1");
       },
       {"route.communities: 101 items; at most 100 fit"}},
      {"install",
       [](auto& r) { r.set_install(static_cast<v1::Route::Install>(9)); },
       {"route.install: unknown value 9; known are INSTALL_BLACKHOLE and INSTALL_NONE"}},
      {"all at once",
       [](auto& r) {
         r.set_prefix("10.0.0.1/8");
         r.set_next_hop("::1");
         r.add_communities("x");
         r.add_communities("1:1");
         r.add_communities("y");
       },
       {"route.prefix: '10.0.0.1/8' has host bits set; the prefix is 10.0.0.0/8",
        "route.next_hop: ::1 cannot be a next hop: it must be a unicast address that peers can reach; leave it empty "
        "for the "
        "node itself",
        "route.communities[0]: 'x' is not a community (ASN:VALUE, each up to 65535, or e.g. no-export)",
        "route.communities[2]: 'y' is not a community (ASN:VALUE, each up to 65535, or e.g. no-export)"}},
  };
}

TEST_F(ApiTest, EveryFaultOfARouteIsNamed) {
  for (const auto& bad : bad_routes()) {
    SCOPED_TRACE(bad.what);
    v1::AnnounceRouteRequest request;
    request.set_owner("cni");
    *request.mutable_route() = route("10.244.1.0/24");
    bad.spoil(*request.mutable_route());
    v1::AnnounceRouteResponse response;
    const auto refused = refusal(routes->AnnounceRoute(context().get(), request, &response));
    EXPECT_EQ(refused.code, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(refused.reason, "BAD_REQUEST");
    EXPECT_EQ(refused.fields, bad.fields);
    const auto more = bad.fields.size() > 1 ? " (and " + std::to_string(bad.fields.size() - 1) + " more)" : "";
    EXPECT_EQ(refused.message, bad.fields[0] + more);
  }
  EXPECT_TRUE(backend.log().empty()) << backend.log().front();
}

TEST_F(ApiTest, EveryFaultOfAnOwnerIsNamed) {
  const std::string rule = " must be 1 to 63 of a-z, 0-9, '.' and '-', starting with a letter or digit";
  const std::pair<std::string, std::string> owners[] = {
      {"", "owner: is required: the name of the announcer, e.g. cni"},
      {"CNI", "owner: 'CNI'" + rule},
      {"-cni", "owner: '-cni'" + rule},
      {"a b", "owner: 'a b'" + rule},
      {std::string(64, 'a'), "owner: '" + std::string(64, 'a') + "'" + rule},
  };
  for (const auto& [owner, field] : owners) {
    v1::AnnounceRouteRequest announce;
    announce.set_owner(owner);
    *announce.mutable_route() = route("10.244.1.0/24");
    v1::AnnounceRouteResponse announced;
    EXPECT_THAT(refusal(routes->AnnounceRoute(context().get(), announce, &announced)).fields, ElementsAre(field));
    v1::WithdrawRouteRequest withdraw;
    withdraw.set_owner(owner);
    withdraw.set_prefix("10.244.1.0/24");
    v1::WithdrawRouteResponse withdrawn;
    EXPECT_THAT(refusal(routes->WithdrawRoute(context().get(), withdraw, &withdrawn)).fields, ElementsAre(field));
    v1::ReplaceRoutesRequest replace;
    replace.set_owner(owner);
    v1::ReplaceRoutesResponse replaced;
    EXPECT_THAT(refusal(routes->ReplaceRoutes(context().get(), replace, &replaced)).fields, ElementsAre(field));
    if (owner.empty()) continue;  // of all owners
    v1::ListRoutesRequest list;
    list.set_owner(owner);
    v1::ListRoutesResponse listed;
    EXPECT_THAT(refusal(routes->ListRoutes(context().get(), list, &listed)).fields, ElementsAre(field));
  }
  v1::AnnounceRouteRequest nothing;
  v1::AnnounceRouteResponse response;
  EXPECT_THAT(refusal(routes->AnnounceRoute(context().get(), nothing, &response)).fields,
              ElementsAre("owner: is required: the name of the announcer, e.g. cni", "route: is required"));
  EXPECT_TRUE(backend.log().empty()) << backend.log().front();
}

TEST_F(ApiTest, BatchesAreCheckedItemByItemAndAsAWhole) {
  v1::BatchAnnounceRoutesRequest announce;
  announce.set_owner("cni");
  v1::BatchAnnounceRoutesResponse announced;
  EXPECT_THAT(refusal(routes->BatchAnnounceRoutes(context().get(), announce, &announced)).fields,
              ElementsAre("routes: is empty; name at least one"));
  *announce.add_routes() = route("10.244.1.0/24");
  *announce.add_routes() = route("10.244.2.0/24");
  *announce.add_routes() = route("10.244.1.0/24");
  *announce.add_routes() = route("10.244.3.9/24");
  EXPECT_THAT(refusal(routes->BatchAnnounceRoutes(context().get(), announce, &announced)).fields,
              ElementsAre("routes[2].prefix: 10.244.1.0/24 is already in routes[0]",
                          "routes[3].prefix: '10.244.3.9/24' has host bits set; the prefix is 10.244.3.0/24"));
  announce.clear_routes();
  for (int i = 0; i < 10'001; ++i) *announce.add_routes() = route("10.244.1.0/24");
  EXPECT_THAT(refusal(routes->BatchAnnounceRoutes(context().get(), announce, &announced)).fields,
              ElementsAre("routes: 10001 items; at most 10000 in one call"));

  v1::BatchWithdrawRoutesRequest withdraw;
  withdraw.set_owner("cni");
  v1::BatchWithdrawRoutesResponse withdrawn;
  EXPECT_THAT(refusal(routes->BatchWithdrawRoutes(context().get(), withdraw, &withdrawn)).fields,
              ElementsAre("prefixes: is empty; name at least one"));
  for (const char* prefix : {"10.0.0.0/8", "", "10.0.0.0/8"}) withdraw.add_prefixes(prefix);
  EXPECT_THAT(refusal(routes->BatchWithdrawRoutes(context().get(), withdraw, &withdrawn)).fields,
              ElementsAre("prefixes[1]: is required, e.g. 10.244.1.0/24 or fd00:10:244:1::/64",
                          "prefixes[2]: 10.0.0.0/8 is already in prefixes[0]"));
  EXPECT_TRUE(backend.log().empty()) << backend.log().front();
}

TEST_F(ApiTest, TenThousandBadItemsStillGiveAReadableAnswer) {
  v1::BatchAnnounceRoutesRequest request;
  request.set_owner("cni");
  for (int i = 0; i < 10'000; ++i) *request.add_routes() = route("10.244.1.7/24");
  v1::BatchAnnounceRoutesResponse response;
  const auto refused = refusal(routes->BatchAnnounceRoutes(context().get(), request, &response));
  EXPECT_EQ(refused.code, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused.message,
            "routes[0].prefix: '10.244.1.7/24' has host bits set; the prefix is 10.244.1.0/24 (and 9999 more)");
  EXPECT_GT(refused.fields.size(), 10u);
}

TEST_F(ApiTest, BadQuestionsAboutPathsAreRefused) {
  struct Bad {
    std::function<void(v1::ListPathsRequest&)> spoil;
    std::vector<std::string> fields;
  };
  const Bad bads[] = {
      {[](auto& r) { r.set_view(static_cast<v1::View>(77)); },
       {"view: unknown value 77; known are VIEW_BEST, VIEW_ALL, VIEW_RECEIVED, VIEW_ADVERTISED and VIEW_KERNEL"}},
      {[](auto& r) { r.set_family(static_cast<v1::Family>(3)); },
       {"family: unknown value 3; known are FAMILY_IPV4 and FAMILY_IPV6"}},
      {[](auto& r) {
         r.set_prefix("10.0.0.0/8");
         r.set_match(static_cast<v1::PrefixMatch>(12));
       },
       {"match: unknown value 12; known are PREFIX_MATCH_EXACT, PREFIX_MATCH_LONGER, PREFIX_MATCH_SHORTER and "
        "PREFIX_MATCH_LONGEST"}},
      {[](auto& r) { r.set_match(v1::PREFIX_MATCH_LONGER); }, {"match: needs a prefix to compare with"}},
      {[](auto& r) { r.set_prefix("10.0.0.1/8"); },
       {"prefix: '10.0.0.1/8' has host bits set; the prefix is 10.0.0.0/8"}},
      {[](auto& r) {
         r.set_family(v1::FAMILY_IPV6);
         r.set_prefix("10.0.0.0/8");
       },
       {"family: ipv6 asked for, but 10.0.0.0/8 is ipv4"}},
      {[](auto& r) { r.set_view(v1::VIEW_RECEIVED); }, {"peer: is required: the name or the address of a peer"}},
      {[](auto& r) { r.set_view(v1::VIEW_ADVERTISED); }, {"peer: is required: the name or the address of a peer"}},
      {[](auto& r) { r.set_peer("tor-a"); }, {"peer: goes with VIEW_RECEIVED and VIEW_ADVERTISED only"}},
      {[](auto& r) { r.set_page_size(10'001); }, {"page_size: 10001 is too large; at most 10000"}},
      {[](auto& r) { r.set_page_token(std::string(300, '1')); },
       {"page_token: is not one that this daemon gave; start again without it"}},
  };
  for (const auto& bad : bads) {
    v1::ListPathsRequest request;
    bad.spoil(request);
    v1::ListPathsResponse response;
    const auto refused = refusal(rib->ListPaths(context().get(), request, &response));
    EXPECT_EQ(refused.code, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(refused.fields, bad.fields);
  }
  EXPECT_TRUE(backend.log().empty()) << backend.log().front();
}

TEST_F(ApiTest, ABadWatchEndsAtOnce) {
  v1::WatchRoutesRequest request;
  request.set_family(v1::FAMILY_IPV6);
  request.set_prefix("10.0.0.0/8");
  const auto ctx = context();
  const auto reader = rib->WatchRoutes(ctx.get(), request);
  v1::WatchRoutesResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(refusal(reader->Finish()).fields, ElementsAre("family: ipv6 asked for, but 10.0.0.0/8 is ipv4"));
  EXPECT_EQ(backend.watches(), 0u);
}

TEST_F(ApiTest, BadCallsAboutPeersAreRefused) {
  v1::GetPeerRequest get;
  v1::Peer peer;
  EXPECT_THAT(refusal(peers->GetPeer(context().get(), get, &peer)).fields,
              ElementsAre("peer: is required: the name or the address of a peer"));
  get.set_peer(std::string(256, 'x'));
  EXPECT_THAT(refusal(peers->GetPeer(context().get(), get, &peer)).fields,
              ElementsAre("peer: 256 octets are too long for a name or an address"));
  get.set_peer("nobody");
  const auto missing = refusal(peers->GetPeer(context().get(), get, &peer));
  EXPECT_EQ(missing.code, grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.reason, "PEER_NOT_FOUND");
  EXPECT_THAT(missing.fields, ElementsAre("peer: there is no peer 'nobody'"));
  v1::DisablePeerRequest disable;
  disable.set_text(std::string(256, 't'));
  v1::DisablePeerResponse disabled;
  EXPECT_THAT(refusal(peers->DisablePeer(context().get(), disable, &disabled)).fields,
              ElementsAre("peer: is required: the name or the address of a peer",
                          "text: 256 octets; at most 255 go into a NOTIFICATION"));
}

TEST_F(ApiTest, AConfigurationThatIsNoneIsRefused) {
  v1::CheckConfigRequest request;
  request.set_content(std::string((1u << 20) + 1, '#'));
  v1::CheckConfigResponse response;
  EXPECT_THAT(refusal(daemon->CheckConfig(context().get(), request, &response)).fields,
              ElementsAre("content: 1048577 octets; a configuration has at most 1048576"));
}

TEST_F(ApiTest, MessagesBeyondTheLimitAreRefused) {
  v1::CheckConfigRequest request;
  request.set_content(std::string(kMaxMessageBytes + 1, '#'));
  v1::CheckConfigResponse response;
  EXPECT_EQ(refusal(daemon->CheckConfig(context().get(), request, &response)).code,
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace podbgp::api::testing

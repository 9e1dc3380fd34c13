// The table of keys: the one place where a key, its type, its default and its meaning are written down. A new key goes
// here, into the builder of its section (build_*.cpp), and into print.cpp and diff.cpp.
#include <algorithm>

#include "config/scalars.hpp"
#include "config/shape.hpp"

namespace podbgp::config {

namespace {

using Kind = Shape::Kind;

constexpr std::int64_t kMax32 = 4'294'967'295;

// --- scalars ---

Shape integer(std::string_view noun, std::int64_t min, std::int64_t max) {
  return {.kind = Kind::Integer, .noun = noun, .min = min, .max = max};
}
Shape duration(std::string_view noun, std::int64_t min, std::int64_t max) {
  return {.kind = Kind::Duration, .noun = noun, .min = min, .max = max};
}
Shape word(std::string_view noun, std::vector<std::string_view> words) {
  return {.kind = Kind::Word, .noun = noun, .words = std::move(words)};
}
Shape text(std::string_view noun, TextParser parse, std::string_view pattern) {
  return {.kind = Kind::Text, .noun = noun, .parse = parse, .pattern = pattern};
}
Shape list(std::string_view noun, const Shape& element, std::size_t min_items = 0) {
  return {.kind = Kind::List, .noun = noun, .min_items = min_items, .element = &element};
}
Shape some(std::string_view noun, const Shape& element) {
  return {.kind = Kind::Some, .noun = noun, .min_items = 1, .element = &element};
}
Shape record(std::string_view noun, std::vector<Key> keys, std::vector<RefusedKey> refused = {}) {
  return {.kind = Kind::Record, .noun = noun, .keys = std::move(keys), .refused = std::move(refused)};
}
Shape table(std::string_view noun, std::string_view name_noun, const Shape& element) {
  return {.kind = Kind::Table, .noun = noun, .element = &element, .name_noun = name_noun};
}
Shape either(std::string_view noun, std::vector<const Shape*> shapes) {
  return {.kind = Kind::Either, .noun = noun, .either = std::move(shapes)};
}
Shape named(std::string_view definition, Shape shape) {
  shape.definition = definition;
  return shape;
}

constexpr std::string_view kAddressPattern = "^[0-9a-fA-F:.]+$";
constexpr std::string_view kPrefixPattern = "^[0-9a-fA-F:.]+/[0-9]{1,3}$";
constexpr std::string_view kRangePattern = "^ *[0-9a-fA-F:.]+/[0-9]{1,3}( +(ge|le) +[0-9]{1,3}){0,2} *$";
constexpr std::string_view kListenPattern = "^([0-9.]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$";
constexpr std::string_view kCommunityPattern = "^(.+:.+|[a-z][a-z-]*)$";

const Shape kSwitch = {.kind = Kind::Switch, .noun = "on or off"};
const Shape kAsn = {.kind = Kind::Integer,
                    .noun = "an AS number (1..4294967294)",
                    .min = 1,
                    .max = kMax32 - 1,
                    .words = {"external", "internal", "auto"}};
const Shape kUint32 = integer("a number from 0 to 4294967295", 0, kMax32);
const Shape kPort = integer("a port (1..65535)", 1, 65535);
const Shape kAddress = text("an IP address", parse_address, kAddressPattern);
const Shape kRouterId = text("a router id (four numbers with dots)", parse_router_id, "^[0-9]{1,3}(\\.[0-9]{1,3}){3}$");
const Shape kPrefix = text("an IP prefix", parse_prefix, kPrefixPattern);
const Shape kNetworkOrHost = text("an IP prefix or address", parse_address_or_prefix, "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$");
const Shape kRange = text("a prefix range", parse_range, kRangePattern);
const Shape kRangeOrName =
    text("a prefix range or the name of a set", parse_range_or_name,
         "^( *[0-9a-fA-F:.]+/[0-9]{1,3}( +(ge|le) +[0-9]{1,3}){0,2} *|[A-Za-z][A-Za-z0-9_.-]{0,62})$");
const Shape kCommunity = text("a community", parse_community, kCommunityPattern);
const Shape kCommunityOrName =
    text("a community or the name of a set", parse_community_or_name, "^(.+:.+|[A-Za-z][A-Za-z0-9_.-]{0,62})$");
const Shape kListen = text("an address with a port", parse_listen, kListenPattern);
const Shape kName = text("a name", parse_name, kNamePattern);
const Shape kPeerName = text("the name of a peer", parse_peer_name, "^[A-Za-z0-9_.:-]{1,63}$");
const Shape kInterface = text("the name of an interface", parse_interface, "^[^ /:]{1,15}$");
const Shape kPath = text("an absolute path", parse_path, "^/(.*[^/])?$");
const Shape kSecretPath = text("an absolute path", parse_secret_path, "^/(.*[^/])?$");
const Shape kVariable = text("the name of an environment variable", parse_variable, "^[A-Za-z_][A-Za-z0-9_]*$");
const Shape kMode = text("a file mode like \"0660\"", parse_mode, "^0[0-7]{3}$");
const Shape kLine = text("a line of text", parse_line, "^[^\\n]{0,255}$");
const Shape kShutdownText = text("a line of text", parse_shutdown_text, "^[^\\n]{0,255}$");
const Shape kFamily = word("ipv4 or ipv6", {"ipv4", "ipv6"});
const Shape kOff = word("off", {"off"});
const Shape kSelf = word("self", {"self"});
const Shape kNextHop = either("self or an IP address", {&kSelf, &kAddress});

// --- router, networks ---

const Shape kListenList = list("a list of addresses with ports", kListen);
const Shape kRouter = record(
    "the keys of the router",
    {{"asn", &kAsn, "", "Our AS number.", true},
     {"id", &kRouterId, "derived from an address once, then kept in the state folder", "BGP Identifier (RFC 6286)."},
     {"cluster_id", &kRouterId, "the router id", "Cluster id of a route reflector (RFC 4456)."},
     {"listen", &kListenList, R"(["0.0.0.0:179", "[::]:179"])",
      "Where connections of peers are accepted. The empty list only dials."}},
    {{"confederation", "split the AS with private AS numbers"},
     {"graceful_restart", "leave it out"},
     {"vrf", "run one podbgpd in each VRF"},
     {"router_id", "write 'id'", false},
     {"as", "write 'asn'", false},
     {"local_as", "write 'asn'", false},
     {"bgp_id", "write 'id'", false},
     {"port", "write 'listen: [\"0.0.0.0:PORT\"]'", false},
     {"multipath", "it belongs to 'fib'", false}});

const Shape kCommunityList = list("a list of communities", kCommunity);
const Shape kNetwork =
    record("the keys of a network",
           {{"prefix", &kPrefix, "", "The prefix that is announced.", true},
            {"blackhole", &kSwitch, "off",
             "Put a blackhole for it behind the connected routes, so that packets to unknown pods do not loop."},
            {"next_hop", &kAddress, "ourselves", "Next hop of the route."},
            {"med", &kUint32, "none", "MULTI_EXIT_DISC of the route."},
            {"local_pref", &kUint32, "100", "LOCAL_PREF of the route, towards peers of our own AS."},
            {"communities", &kCommunityList, "[]", "Communities of the route."}},
           {{"aggregate", "announce the prefix as it is"},
            {"interface", "announce the prefix over the API"},
            {"metric", "write 'med'", false}});

// --- peers and groups ---

const Shape kHold = duration("0, or a duration from 3s to 65535s", 0, 65535);
const Shape kKeepalive = duration("a duration from 0s to 21845s", 0, 21845);
const Shape kRetry = duration("a duration from 1s to 1h", 1, 3600);
const Shape kOpenHold = duration("a duration from 3s to 1h", 3, 3600);
const Shape kSendHold = duration("0, or a duration up to 24h", 0, 86400);
const Shape kTimers = named(
    "timers", record("the timers",
                     {{"hold", &kHold, "90s",
                       "Hold time that is offered; the smaller one of both sides counts. 0: no keepalives."},
                      {"keepalive", &kKeepalive, "a third of hold", "Time between keepalives."},
                      {"connect_retry", &kRetry, "5s", "First pause between attempts to connect; it grows from there."},
                      {"connect_retry_max", &kRetry, "1m", "Longest pause between attempts to connect."},
                      {"open_hold", &kOpenHold, "4m", "How long the OPEN of the peer may take."},
                      {"send_hold", &kSendHold, "8m, or twice hold if that is more",
                       "A peer that reads nothing for so long is reset (RFC 9687). 0: never."}},
                     {{"hold_time", "write 'hold'", false},
                      {"holdtime", "write 'hold'", false},
                      {"keepalive_interval", "write 'keepalive'", false},
                      {"idle_hold", "write 'connect_retry'", false},
                      {"mrai", "changes are sent at once and coalesce under load"},
                      {"graceful_restart", "leave it out"}}));

Shape make_password() {
  auto shape = record("'file' or 'env'",
                      {{"file", &kSecretPath, "", "File that holds the TCP MD5 password (RFC 2385)."},
                       {"env", &kVariable, "", "Environment variable that holds the password."}},
                      {{"value", "keep the password in a file: 'file: /etc/podbgp/NAME.key'", false},
                       {"secret", "keep the password in a file: 'file: /etc/podbgp/NAME.key'", false}});
  shape.exactly_one = shape.hidden = true;
  return named("password", std::move(shape));
}
const Shape kPassword = make_password();

const Shape kReceived = integer("a number of prefixes (1..4294967295)", 1, kMax32);
const Shape kMaxAction = word("restart, disable or warn", {"restart", "disable", "warn"});
const Shape kRestartAfter = duration("a duration from 1s to 24h", 1, 86400);
const Shape kMaxPrefixes = named(
    "max_prefixes",
    record("the limits of prefixes",
           {{"received", &kReceived, "", "Most prefixes taken from the peer, for each family, before policy."},
            {"action", &kMaxAction, "restart", "What happens beyond it."},
            {"restart_after", &kRestartAfter, "1m", "With 'action: restart': the pause before the peer comes back."}},
           {{"advertised", "limit it with an export policy"},
            {"warn_at", "watch the metric of received prefixes"},
            {"accepted", "limit 'received'"}}));

const Shape kFamilies = list("a list of ipv4 and ipv6", kFamily, 1);
const Shape kTtlSecurity = integer("a number of hops (1..254)", 1, 254);
const Shape kMultihop = integer("a TTL (2..255)", 2, 255);
const Shape kAllowOwnAs = integer("a number of times (0..10)", 0, 10);
const Shape kPolicyNames = list("a list of policy names", kName);

const std::vector<Key> kSharedPeerKeys = {
    {"asn", &kAsn, "", "AS number of the peer. Equal to ours: iBGP. Needed, here or in the group."},
    {"enabled", &kSwitch, "on", "Off: configured, but shut down."},
    {"shutdown_text", &kShutdownText, "\"\"", "What a disabled peer is told (RFC 9003)."},
    {"port", &kPort, "179", "TCP port that is dialled."},
    {"passive", &kSwitch, "off", "Never dial; wait for the peer."},
    {"local_address", &kAddress, "the kernel's choice", "Our address of the session."},
    {"password", &kPassword, "none", "TCP MD5 password; never written here itself."},
    {"ttl_security", &kTtlSecurity, "off", "GTSM (RFC 5082): the most hops the peer may be away."},
    {"multihop", &kMultihop, "eBGP 1, iBGP 255", "TTL of our packets towards an eBGP peer that is not on the link."},
    {"fast_fallover", &kSwitch, "on",
     "End the session of an eBGP peer on the link at once when the link or our address goes."},
    {"families", &kFamilies, "the family of the address", "Address families, all in one session."},
    {"timers", &kTimers, "", "Timers of the session."},
    {"import", &kPolicyNames, "eBGP: nothing, iBGP: everything",
     "Policies for received routes, in order. accept-all and reject-all are built in."},
    {"export", &kPolicyNames, "eBGP: nothing, iBGP: everything", "Policies for routes sent, in order."},
    {"next_hop", &kNextHop, "eBGP and own routes: self, else unchanged", "Next hop that the peer is told."},
    {"reflector_client", &kSwitch, "off", "The peer is a client of our route reflector (RFC 4456); iBGP only."},
    {"allow_own_as", &kAllowOwnAs, "0", "How often our own AS may appear in a received AS path."},
    {"max_prefixes", &kMaxPrefixes, "none", "Protection against too many routes."}};

const std::vector<RefusedKey> kSharedPeerRefused = {
    {"bfd", "short timers detect a loss as well: 'timers: { hold: 3s, keepalive: 1s }'"},
    {"role", "use policies (RFC 9234 roles come later)"},
    {"roles", "use policies (RFC 9234 roles come later)"},
    {"graceful_restart", "leave it out"},
    {"long_lived_graceful_restart", "leave it out"},
    {"add_path", "leave it out"},
    {"extended_messages", "leave it out"},
    {"extended_next_hop", "carry IPv6 routes over an IPv4 session instead"},
    {"local_asn", "use 'router.asn'"},
    {"tcp_ao", "use 'password' (TCP MD5)"},
    {"remove_private_as", "leave it out"},
    {"as_override", "use 'allow_own_as' at the other side"},
    {"default_originate", "put 0.0.0.0/0 into 'networks' and an export policy"},
    {"damping", "leave it out"},
    {"roa_check", "leave it out"},
    {"<<", "write 'group: NAME'; a group holds asn and the rest", false},
    {"remote_as", "write 'asn'", false},
    {"peer_as", "write 'asn'", false},
    {"as", "write 'asn'", false},
    {"neighbor", "write 'address'", false},
    {"neighbour", "write 'address'", false},
    {"ip", "write 'address'", false},
    {"update_source", "write 'local_address'", false},
    {"source_address", "write 'local_address'", false},
    {"route_reflector_client", "write 'reflector_client: on'", false},
    {"rr_client", "write 'reflector_client: on'", false},
    {"next_hop_self", "write 'next_hop: self'", false},
    {"hold_time", "write 'timers: { hold: 9s }'", false},
    {"keepalive_time", "write 'timers: { keepalive: 3s }'", false},
    {"shutdown", "write 'enabled: off'", false},
    {"disabled", "write 'enabled: off'", false},
    {"ebgp_multihop", "write 'multihop: TTL'", false},
    {"allowas_in", "write 'allow_own_as: TIMES'", false},
    {"maximum_prefix", "write 'max_prefixes: { received: NUMBER }'", false},
    {"afi_safis", "write 'families: [ipv4, ipv6]'", false},
    {"in", "write 'import: [POLICY]'", false},
    {"out", "write 'export: [POLICY]'", false}};

Shape make_peer() {
  auto shape =
      record("the keys of a peer",
             {{"name", &kPeerName, "the address", "How the peer is called in logs, metrics and commands."},
              {"address", &kAddress, "", "Address of the peer.", true, "interface"},
              {"interface", &kInterface, "", "Interface of the peer; for link-local addresses, and only for these."},
              {"group", &kName, "none", "Group whose keys hold where the peer does not set its own."},
              {"description", &kLine, "\"\"", "For people."}},
             {{"range", "list each peer with its address (dynamic peers come later)"},
              {"limit", "it goes with 'range', list each peer with its address"}});
  shape.keys.insert(shape.keys.end(), kSharedPeerKeys.begin(), kSharedPeerKeys.end());
  shape.refused.insert(shape.refused.end(), kSharedPeerRefused.begin(), kSharedPeerRefused.end());
  return shape;
}
const Shape kPeer = make_peer();

Shape make_group() {
  auto shape = record("the keys of a group", kSharedPeerKeys, kSharedPeerRefused);
  for (const std::string_view own : {"name", "address", "interface", "description"})
    shape.refused.push_back({own, "it belongs to each peer of the group", false});
  shape.refused.push_back({"group", "groups do not nest; write the keys here", false});
  return shape;
}
const Shape kGroup = make_group();

// --- sets and policies ---

const Shape kRangeList = list("a list of prefix ranges", kRange, 1);
const Shape kSomeCommunities = list("a list of communities", kCommunity, 1);
const Shape kPrefixSets = table("prefix sets by name", "name of a set", kRangeList);
const Shape kCommunitySets = table("community sets by name", "name of a set", kSomeCommunities);
const Shape kSets = record("the keys of 'sets'",
                           {{"prefixes", &kPrefixSets, "", "Prefix ranges by name: `pods: [10.244.0.0/16 le 28]`."},
                            {"communities", &kCommunitySets, "", "Communities by name: `drained: [\"65101:666\"]`."}},
                           {{"asns", "write the AS numbers into the policy"},
                            {"as_paths", "write the match into the policy"},
                            {"peers", "write the peers into the policy"},
                            {"prefix", "write 'prefixes'", false},
                            {"community", "write 'communities'", false}});

const Shape kSource = word("bgp, api or network", {"bgp", "api", "network"});
const Shape kPathLength = integer("a number of AS numbers (0..1000)", 0, 1000);
const Shape kSomePrefixes = some("a prefix range, the name of a set, or a list of these", kRangeOrName);
const Shape kSomeSources = some("bgp, api, network, or a list of these", kSource);
const Shape kSomeCommunity = some("a community, the name of a set, or a list of these", kCommunityOrName);
const Shape kSomeNextHops = some("an IP prefix or address, or a list of these", kNetworkOrHost);
const Shape kSomePeers = some("the name of a peer, or a list of these", kPeerName);
const Shape kSomeAsns = some("an AS number, or a list of these", kAsn);
const Shape kAsPath = record("the keys of 'as_path'",
                             {{"neighbour", &kAsn, "", "The leftmost AS."},
                              {"origin", &kAsn, "", "The rightmost AS."},
                              {"contains", &kSomeAsns, "", "All of these are in the path."},
                              {"min_length", &kPathLength, "", "The shortest path that matches."},
                              {"max_length", &kPathLength, "", "The longest path that matches."}},
                             {{"regex", "use neighbour, origin and contains"},
                              {"neighbor", "write 'neighbour'", false},
                              {"length", "write 'min_length' and 'max_length'", false}});
const Shape kMatch = record("the keys of 'match'",
                            {{"prefix", &kSomePrefixes, "", "Prefix ranges or sets; any of them."},
                             {"source", &kSomeSources, "", "Where the route is from: a peer, the API, or 'networks'."},
                             {"family", &kFamily, "", "The family of the prefix."},
                             {"peer", &kSomePeers, "", "Learned from any of these peers, by name."},
                             {"community", &kSomeCommunity, "", "Communities or sets; the route carries any of them."},
                             {"as_path", &kAsPath, "", "What the AS path is like; all that is written must hold."},
                             {"next_hop", &kSomeNextHops, "", "The next hop is in any of these."},
                             {"local_pref", &kUint32, "", "LOCAL_PREF is exactly this."},
                             {"med", &kUint32, "", "MULTI_EXIT_DISC is exactly this."}},
                            {{"rpki", "leave it out"},
                             {"origin", "leave it out"},
                             {"group", "list the peers"},
                             {"owner", "match 'source: api' or a community"},
                             {"prefixes", "write 'prefix'", false},
                             {"communities", "write 'community'", false},
                             {"neighbor", "write 'peer'", false},
                             {"protocol", "write 'source'", false}});

const Shape kNone = word("none", {"none"});
const Shape kMed = either("a number from 0 to 4294967295, or none", {&kUint32, &kNone});
const Shape kTimes = integer("a number of times (1..32)", 1, 32);
const Shape kPrependRecord =
    record("the keys of 'prepend'", {{"asn", &kAsn, "our own", "Which AS."}, {"times", &kTimes, "1", "How often."}});
const Shape kPrepend = either("a number of times (1..32), or { asn: ASN, times: NUMBER }", {&kTimes, &kPrependRecord});
const Shape kCommunityNames = list("a list of communities and names of sets", kCommunityOrName);
const Shape kSetCommunities =
    record("add, remove or replace",
           {{"add", &kCommunityNames, "", "Add these communities or sets."},
            {"remove", &kCommunityNames, "", "Remove these."},
            {"replace", &kCommunityNames, "", "Replace all communities, of every kind, by these."}},
           {{"set", "write 'replace'", false}});
const Shape kSet = record("the keys of 'set'",
                          {{"local_pref", &kUint32, "", "Set LOCAL_PREF."},
                           {"med", &kMed, "", "Set MULTI_EXIT_DISC, or remove it with `none`."},
                           {"communities", &kSetCommunities, "", "Change the communities."},
                           {"prepend", &kPrepend, "", "Prepend our AS so often, or `{ asn: ASN, times: NUMBER }`."},
                           {"next_hop", &kNextHop, "", "Set the next hop."}},
                          {{"origin", "leave it out"},
                           {"weight", "set 'local_pref'"},
                           {"community", "write 'communities: { add: [...] }'", false},
                           {"metric", "write 'med'", false},
                           {"as_path_prepend", "write 'prepend'", false}});
const Shape kThen = word("accept or reject", {"accept", "reject"});
const Shape kStatement = record(
    "the keys of a statement (match, set, then)",
    {{"match", &kMatch, "every route", "Which routes the statement is for; all that is written must hold."},
     {"set", &kSet, "nothing", "What changes on them."},
     {"then", &kThen, "go on", "accept or reject ends the evaluation; without it the next statement is asked."}},
    {{"call", "name several policies at the peer"}, {"action", "write 'then'", false}, {"if", "write 'match'", false}});
const Shape kPolicy = list("a list of statements", kStatement, 1);

// --- fib, api, metrics, log ---

const Shape kMain = word("main", {"main"});
const Shape kTableNumber = integer("a number from 1 to 4294967295", 1, kMax32);
const Shape kKernelTable = either("main, or a number from 1 to 4294967295", {&kMain, &kTableNumber});
const Shape kProtocol = integer("a protocol number (5..255)", 5, 255);
const Shape kMetric = integer("a metric (1..4294967295)", 1, kMax32);
const Shape kMetrics =
    record("ipv4 and ipv6", {{"ipv4", &kMetric, "200", "Metric of IPv4 routes."},
                             {"ipv6", &kMetric, "2000", "Metric of IPv6 routes; connected ones have 256."}});
const Shape kMultipath = integer("a number of paths (1..64)", 1, 64);
const Shape kOnStop = word("keep or remove", {"keep", "remove"});
const Shape kSweepAfter = duration("a duration from 1s to 1h", 1, 3600);
const Shape kFib =
    record("the keys of 'fib'",
           {{"install", &kSwitch, "on", "Off: write no kernel routes; every next hop counts as reachable."},
            {"table", &kKernelTable, "main", "Routing table."},
            {"protocol", &kProtocol, "179", "Mark of our routes (`ip route show proto 179`)."},
            {"metric", &kMetrics, "", "Metrics of our routes; smaller numbers win."},
            {"multipath", &kMultipath, "8", "Most equal paths that share the traffic; 1: only the best."},
            {"nexthop_objects", &kSwitch, "on", "Use kernel nexthop objects where the kernel has them."},
            {"on_stop", &kOnStop, "keep", "What happens to the kernel routes when podbgpd stops."},
            {"sweep_after", &kSweepAfter, "1m",
             "Longest wait for convergence before stale routes of a former run are removed."}},
           {{"vrf", "name the table of the VRF: 'table: NUMBER'"},
            {"enabled", "write 'install: off'", false},
            {"ecmp", "write 'multipath: NUMBER'", false}});

const Shape kApi = record("the keys of 'api'",
                          {{"unix", &kPath, "/run/podbgp/api.sock", "Unix socket of the gRPC API."},
                           {"mode", &kMode, "\"0660\"", "Mode of the socket."},
                           {"group", &kLine, "the daemon's", "Unix group that owns the socket."}},
                          {{"tcp", "use the Unix socket"},
                           {"tls", "use the Unix socket"},
                           {"listen", "use the Unix socket: 'unix: /run/podbgp/api.sock'"},
                           {"socket", "write 'unix'", false}});
const Shape kListenOrOff = either("an address with a port, or off", {&kOff, &kListen});
const Shape kMetricsSection =
    record("the keys of 'metrics'",
           {{"listen", &kListenOrOff, "127.0.0.1:9179", "Where /metrics, /livez and /readyz are served."}},
           {{"tls", "put a proxy in front"}, {"port", "write 'listen: 127.0.0.1:PORT'", false}});
const Shape kLevel = word("debug, info, warning or error", {"debug", "info", "warning", "error"});
const Shape kFormat = word("text or json", {"text", "json"});
const Shape kLog =
    record("the keys of 'log'",
           {{"level", &kLevel, "info", "What is logged."}, {"format", &kFormat, "text", "How it is written."}},
           {{"file", "podbgpd logs to standard error; let systemd or the container keep it", false},
            {"syslog", "podbgpd logs to standard error; let systemd keep it", false}});

const Shape kVersion = integer("1, the version of this format", 1, 1);
const Shape kGroups = table("groups by name", "name of a group", kGroup);
const Shape kPeers = list("a list of peers", kPeer);
const Shape kNetworks = list("a list of networks", kNetwork);
const Shape kPolicies = table("policies by name", "name of a policy", kPolicy);

const Shape kFile = record(
    "the keys of the file",
    {{"version", &kVersion, "", "Version of this format.", true},
     {"router", &kRouter, "", "Who we are.", true},
     {"groups", &kGroups, "", "What several peers have in common, by name."},
     {"peers", &kPeers, "[]", "Whom we talk to."},
     {"networks", &kNetworks, "[]", "What we announce ourselves; pod routes usually come over the API."},
     {"sets", &kSets, "", "Prefixes and communities by name, for policies."},
     {"policies", &kPolicies, "", "Policies by name: statements that run in order; what none decides is rejected."},
     {"fib", &kFib, "", "The kernel's routing table."},
     {"api", &kApi, "", "The gRPC API."},
     {"metrics", &kMetricsSection, "", "Prometheus metrics and health over HTTP."},
     {"log", &kLog, "", "Logs, on standard error."},
     {"state_dir", &kPath, "/var/lib/podbgp", "Folder for what must outlive a restart."}},
    {{"bmp", "leave it out"},
     {"mrt", "leave it out"},
     {"rpki", "leave it out"},
     {"bfd", "leave it out"},
     {"vrfs", "run one podbgpd in each VRF"},
     {"kubernetes", "let a node agent announce over the API"},
     {"aggregates", "put the prefix into 'networks'"},
     {"include", "write one file"},
     {"defaults", "use 'groups'"},
     {"dynamic_peers", "list each peer in 'peers'"},
     {"<<", "use 'groups'", false},
     {"neighbors", "write 'peers'", false},
     {"neighbours", "write 'peers'", false},
     {"peer_groups", "write 'groups'", false},
     {"bgp", "write 'router' and 'peers'", false},
     {"global", "write 'router'", false},
     {"asn", "it belongs to 'router'", false},
     {"apiVersion", "write 'version: 1'", false},
     {"kernel", "write 'fib'", false},
     {"logging", "write 'log'", false}});

}  // namespace

const Key* Shape::find(std::string_view wanted) const {
  const auto found = std::ranges::find(keys, wanted, &Key::name);
  return found == keys.end() ? nullptr : &*found;
}

const Shape& file_shape() { return kFile; }

}  // namespace podbgp::config

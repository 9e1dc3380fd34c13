"""The tests that every foreign speaker passes: one topology (labs/suite-*), one list of facts, each in three places:
the peer's table, our API, the kernel.

The node (podbgpd, AS 65101) has four peers: tor1 and tor2 (eBGP, AS 65001, both families over IPv4; tor2 waits to be
dialled and signs with MD5), inner (iBGP, it dials and we wait), six (eBGP over IPv6). Tests run in the order of the file.
"""

import subprocess

import pytest

from lib.waiting import expect

TORS = {"tor1": "10.1.1.1", "tor2": "10.1.2.1"}
ADDRESS = TORS | {"inner": "10.1.3.1", "six": "fd00:1:4::1"}
OURS = {"tor1": ("10.1.1.2", "fd00:1:1::2"), "tor2": ("10.1.2.2", "fd00:1:2::2"), "inner": ("10.1.3.2", "fd00:1:3::2"), "six": (None, "fd00:1:4::2")}
THEIRS = {"tor1": ("10.1.1.1", "fd00:1:1::1"), "tor2": ("10.1.2.1", "fd00:1:2::1"), "inner": ("10.1.3.1", "fd00:1:3::1"), "six": (None, "fd00:1:4::1")}
ASN = {"tor1": (65001,), "tor2": (65001,), "inner": (), "six": (65004,)}

PODS = ("10.244.1.0/24", "fd00:10:244:1::/64")
STATIC = ("10.244.100.0/24", "fd00:10:244:100::/64")  # `networks` of the configuration
FROM = {"tor1": ("10.20.1.0/24", "fd00:20:1::/64"), "tor2": ("10.20.2.0/24", "fd00:20:2::/64"),
        "inner": ("10.20.3.0/24", "fd00:20:3::/64"), "six": (None, "fd00:20:4::/64")}
SHARED = ("10.20.9.0/24", "fd00:20:9::/64")  # announced by both ToRs

PROTOCOL = "179"
BY = {"bird": "bird", "frr": "bgp"}  # how the peer's kernel names the protocol of its routes
SESSION = 25  # seconds for a session to come, back-off included


def pairs(prefixes, hops):
    """(prefix, hop) of the families that both have."""
    return [(prefix, hop) for prefix, hop in zip(prefixes, hops) if prefix and hop]


def established(lab, name, within=SESSION):
    ours = OURS[name][1] if name == "six" else OURS[name][0]

    def ours_is():
        if lab["node"].established(ADDRESS[name]):
            return True
        lab[name].hurry(ours)
        return expect(False, lab["node"].sessions().get(ADDRESS[name]))

    lab.fact(f"API: session with {name} is established", ours_is, within)
    lab.fact(f"{name}: session with the node is established", lambda: expect(lab[name].established(ours), lab[name].sessions().get(ours)))


def has_path(speaker, prefix, as_path, hop=None, best=True):
    routes = speaker.routes(prefix)
    for route in routes:
        if route.as_path == tuple(as_path) and (hop is None or hop in route.next_hops) and (route.best or not best):
            return route
    return expect(None, "; ".join(map(str, routes)) or "no route")


def kernel_is(lab, node, prefix, gateways, protocol):
    seen = lab.kernel(node).gateways(prefix, protocol)
    if protocol != PROTOCOL and seen and all(gateway.startswith("fe80:") for gateway in seen):
        return len(seen) == len(gateways)  # BIRD (iBGP) and zebra prefer the link-local next hop when they were sent one
    return expect(seen == sorted(gateways), f"gateways {seen}")


def learned(lab, name, prefixes):
    """A prefix that the peer announced: at its place, in our API, in the kernel."""
    for prefix, hop in pairs(prefixes, THEIRS[name]):
        lab.fact(f"{name}: announces {prefix}", lambda: lab[name].routes(prefix))
        lab.fact(f"API: {prefix} by path {ASN[name]} via {hop}", lambda: has_path(lab["node"], prefix, ASN[name], hop))
        lab.fact(f"API: the kernel has {prefix}", lambda: expect(lab["node"].in_kernel(prefix) == [hop], lab["node"].entry(prefix).get("kernel")))
        lab.fact(f"kernel: {prefix} via {hop}", lambda: kernel_is(lab, "node", prefix, [hop], PROTOCOL))


def lost(lab, prefixes):
    """A prefix that is gone: from our API and from the kernel."""
    for prefix in filter(None, prefixes):
        lab.fact(f"API: {prefix} is gone", lambda: expect(not lab["node"].routes(prefix), lab["node"].routes(prefix)), within=15)
        lab.fact(f"kernel: {prefix} is gone", lambda: expect(lab.kernel("node").route(prefix, PROTOCOL) is None, lab.kernel("node").routes(prefix)))


def told(lab, name, prefixes, community=None):
    """Our prefix: in our API as sent, in the peer's table, in the peer's kernel."""
    speaker = lab[name]
    path = () if name == "inner" else (65101,)
    for prefix, hop in pairs(prefixes, OURS[name]):
        lab.fact(f"API: {prefix} was sent to {name}", lambda: lab["node"].advertised(name, prefix))
        route = lab.fact(f"{name}: {prefix} by path {path} via {hop}", lambda: has_path(speaker, prefix, path, hop))
        if community:
            assert community in route.communities, route
        if speaker.writes_kernel:
            lab.fact(f"{name}'s kernel: {prefix} via {hop}", lambda: kernel_is(lab, name, prefix, [hop], BY[speaker.kind]))


def untold(lab, name, prefixes):
    speaker = lab[name]
    for prefix, _ in pairs(prefixes, OURS[name]):
        lab.fact(f"API: {prefix} is no longer sent to {name}", lambda: not lab["node"].advertised(name, prefix))
        lab.fact(f"{name}: {prefix} is gone", lambda: expect(not speaker.routes(prefix), speaker.routes(prefix)))
        if speaker.writes_kernel:
            lab.fact(f"{name}'s kernel: {prefix} is gone", lambda: lab.kernel(name).route(prefix, BY[speaker.kind]) is None)


def own_block(lab, prefixes):
    for prefix in prefixes:
        lab.fact(f"kernel: {prefix} is a blackhole of the node", lambda: expect(
            (lab.kernel("node").route(prefix, PROTOCOL) or {}).get("type") == "blackhole", lab.kernel("node").routes(prefix)))


def sockets(lab, node):
    """[(local port, remote address, remote port)] of the node's BGP connections."""
    text = lab.node(node).net("ss", "-Htn", "state", "established").stdout
    found = []
    for line in text.splitlines():
        local, remote = line.split()[-2:]
        address, _, port = remote.rpartition(":")
        found.append((local.rpartition(":")[2], address.strip("[]"), port))
    return found


# --- sessions ---

@pytest.mark.cell("ebgp")
def test_ebgp_session(lab):
    established(lab, "tor1")
    assert lab["node"].peer("tor1").get("external")


@pytest.mark.cell("both-families")
def test_both_families_in_one_session(lab):
    established(lab, "tor1")
    lab.fact("API: both families are negotiated with tor1", lambda: expect(set(lab["node"].families("tor1")) == {4, 6}, lab["node"].peer("tor1")))


@pytest.mark.cell("dial-out")
def test_peer_waits_and_we_dial(lab):
    established(lab, "tor2")
    lab.holds("the connection with tor2 goes to its port 179", lambda: any(a == TORS["tor2"] and port == "179" for _, a, port in sockets(lab, "node")))


@pytest.mark.cell("dial-in")
def test_we_wait_and_peer_dials(lab):
    established(lab, "inner")
    lab.holds("the connection with inner came to our port 179", lambda: any(a == ADDRESS["inner"] and local == "179" for local, a, _ in sockets(lab, "node")))


@pytest.mark.cell("md5")
def test_md5(lab):
    established(lab, "tor2")

    def signed():
        capture = subprocess.run(["tcpdump", "-nvr", str(lab.capture("node")), f"host {TORS['tor2']}"], capture_output=True, text=True, check=False).stdout
        return expect("md5" in capture, capture[-300:])

    lab.fact("the segments to and from tor2 are signed", signed)
    lab.node("node").sh("printf wrong-secret >/run/podbgp/tor2.key")
    lab["node"].stop()
    lab["node"].start()
    established(lab, "tor1")
    lab.holds("with a wrong key there is no session with tor2", lambda: not lab["node"].established(TORS["tor2"]))
    lab.node("node").sh("printf lab-secret >/run/podbgp/tor2.key")
    lab["node"].stop()
    lab["node"].start()
    established(lab, "tor2")


@pytest.mark.cell("ibgp")
def test_ibgp(lab):
    established(lab, "inner")
    lab["inner"].announce(*filter(None, FROM["inner"]))
    learned(lab, "inner", FROM["inner"])
    for prefix in FROM["inner"]:
        assert has_path(lab["node"], prefix, ()).local_pref == 100
    told(lab, "inner", STATIC)


@pytest.mark.cell("session-over-ipv6")
def test_session_over_ipv6(lab):
    established(lab, "six")
    lab["six"].announce(*filter(None, FROM["six"]))
    learned(lab, "six", FROM["six"])
    told(lab, "six", STATIC)


# --- routes ---

@pytest.mark.cell("receive")
def test_routes_of_the_peer(lab):
    for name in TORS:
        established(lab, name)
        lab[name].announce(*FROM[name])
        learned(lab, name, FROM[name])
    for prefix in FROM["tor1"]:
        assert "65001:77" in has_path(lab["node"], prefix, (65001,)).communities


@pytest.mark.cell("ipv6-over-ipv4")
def test_ipv6_over_the_ipv4_session(lab):
    lab.fact("API: the next hop of tor1's IPv6 route is global", lambda: has_path(lab["node"], FROM["tor1"][1], (65001,), THEIRS["tor1"][1]))
    lab.fact("tor1: the next hop of our IPv6 route is global", lambda: has_path(lab["tor1"], STATIC[1], (65101,), OURS["tor1"][1]))
    lab.fact("kernel: the IPv6 route leads to tor1", lambda: kernel_is(lab, "node", FROM["tor1"][1], [THEIRS["tor1"][1]], PROTOCOL))


@pytest.mark.cell("announce")
def test_announce(lab):
    lab["node"].announce(*PODS)
    own_block(lab, PODS)
    for name in ADDRESS:
        told(lab, name, PODS, community="65101:100" if name != "inner" else None)


@pytest.mark.cell("peer-kernel")
def test_our_routes_in_the_peers_kernel(lab):
    speaker = lab["tor1"]
    if not speaker.writes_kernel:
        pytest.skip(f"{speaker.kind} writes no kernel routes")
    for prefix, hop in pairs(PODS, OURS["tor1"]):
        lab.fact(f"tor1's kernel: {prefix} via {hop}", lambda: kernel_is(lab, "tor1", prefix, [hop], BY[speaker.kind]))


@pytest.mark.cell("propagate")
def test_routes_go_on_to_the_next_peer(lab):
    for prefix, hop in pairs(FROM["tor1"], OURS["inner"]):
        lab.fact(f"inner: {prefix} by path (65001,) via {hop}", lambda: has_path(lab["inner"], prefix, (65001,), hop))
    lab.holds("tor2 is not sent what tor1 announced (its own AS is in the path)", lambda: not [r for r in lab["tor2"].routes(FROM["tor1"][0]) if 65101 in r.as_path])


@pytest.mark.cell("withdraw-by-us")
def test_withdraw_by_us(lab):
    lab["node"].withdraw(*PODS)
    for name in ADDRESS:
        untold(lab, name, PODS)
    for prefix in PODS:
        lab.fact(f"kernel: the blackhole {prefix} is gone", lambda: lab.kernel("node").route(prefix, PROTOCOL) is None)


@pytest.mark.cell("withdraw-by-peer")
def test_withdraw_by_the_peer(lab):
    lab["tor1"].withdraw(*FROM["tor1"])
    lost(lab, FROM["tor1"])
    lab["tor1"].announce(*FROM["tor1"])
    learned(lab, "tor1", FROM["tor1"])


@pytest.mark.cell("ecmp")
def test_ecmp_over_two_tors(lab):
    for name in TORS:
        lab[name].announce(*SHARED)
    for version, prefix in enumerate(SHARED):
        both = sorted(THEIRS[name][version] for name in TORS)
        lab.fact(f"API: {prefix} has two paths", lambda: expect(len(lab["node"].routes(prefix)) == 2, lab["node"].routes(prefix)))
        lab.fact(f"API: the kernel has {prefix} via both", lambda: expect(lab["node"].in_kernel(prefix) == both, lab["node"].entry(prefix).get("kernel")))
        lab.fact(f"kernel: {prefix} via both", lambda: kernel_is(lab, "node", prefix, both, PROTOCOL))


@pytest.mark.cell("route-refresh")
def test_peer_asks_again(lab):
    if lab["tor1"].kind == "gobgp":
        pytest.skip("GoBGP resets inbound from its own copy and sends no ROUTE-REFRESH")
    before = lab["node"].peer("tor1").get("received", {}).get("route_refresh", 0)
    lab["tor1"].refresh(OURS["tor1"][0])
    lab.fact("API: a ROUTE-REFRESH of tor1 arrived", lambda: expect(
        int(lab["node"].peer("tor1").get("received", {}).get("route_refresh", 0)) > int(before), lab["node"].peer("tor1").get("received")))
    told(lab, "tor1", STATIC)


# --- what goes and comes back ---

@pytest.mark.cell("link-down")
def test_link_down(lab):
    lab.link("tor1:eth1", up=False)
    for version, prefix in enumerate(SHARED):
        lab.fact(f"kernel: {prefix} via tor2 alone", lambda: kernel_is(lab, "node", prefix, [THEIRS["tor2"][version]], PROTOCOL), within=2)
    # Fast external fallover: the hold time is 9 s, the link says it at once.
    lab.fact("API: the session with tor1 is gone at once", lambda: not lab["node"].established(TORS["tor1"]), within=2)
    lab.fact("API: the reason is the link", lambda: expect("carrier" in str(lab["node"].peer("tor1").get("last_error")), lab["node"].peer("tor1")), within=2)
    lab.holds("API: the iBGP session stays", lambda: lab["node"].established(ADDRESS["inner"]))
    lost(lab, FROM["tor1"])


@pytest.mark.cell("link-up")
def test_link_up(lab):
    lab.link("tor1:eth1", up=True)
    established(lab, "tor1")
    learned(lab, "tor1", FROM["tor1"])
    told(lab, "tor1", STATIC)
    for version, prefix in enumerate(SHARED):
        both = [THEIRS[name][version] for name in TORS]
        lab.fact(f"kernel: {prefix} via both again", lambda: kernel_is(lab, "node", prefix, both, PROTOCOL))


@pytest.mark.cell("session-loss")
def test_session_loss(lab):
    lab["tor1"].kill()
    lab.fact("API: the session with tor1 is gone", lambda: not lab["node"].established(TORS["tor1"]), within=15)
    lost(lab, FROM["tor1"])
    for version, prefix in enumerate(SHARED):
        lab.fact(f"kernel: {prefix} via tor2 alone", lambda: kernel_is(lab, "node", prefix, [THEIRS["tor2"][version]], PROTOCOL))


@pytest.mark.cell("session-return")
def test_session_return(lab):
    lab["tor1"].start()
    established(lab, "tor1")
    lab["tor1"].reannounce(*FROM["tor1"], *SHARED)
    learned(lab, "tor1", FROM["tor1"])
    told(lab, "tor1", STATIC)
    for version, prefix in enumerate(SHARED):
        both = [THEIRS[name][version] for name in TORS]
        lab.fact(f"kernel: {prefix} via both again", lambda: kernel_is(lab, "node", prefix, both, PROTOCOL))


@pytest.mark.cell("reset")
def test_reset_and_disable(lab):
    lab["node"].cli("peer", "disable", "tor1", "--text", "maintenance")
    lab.fact("tor1: the session is gone", lambda: not lab["tor1"].established(OURS["tor1"][0]))
    lost(lab, FROM["tor1"])
    lab["node"].cli("peer", "enable", "tor1")
    established(lab, "tor1")
    learned(lab, "tor1", FROM["tor1"])


@pytest.mark.cell("restart")
def test_restart_of_the_daemon(lab):
    lab["node"].stop()
    for name in TORS:
        lab.fact(f"{name}: the session is gone", lambda: not lab[name].established(OURS[name][0]))
    for version, prefix in enumerate(SHARED):
        both = [THEIRS[name][version] for name in TORS]
        lab.holds(f"kernel: {prefix} stays (on_stop: keep)", lambda: kernel_is(lab, "node", prefix, both, PROTOCOL))
    lab["node"].start()
    for name in ADDRESS:
        established(lab, name)
    for name in TORS:
        learned(lab, name, FROM[name])
        told(lab, name, STATIC)


@pytest.mark.cell("kill")
def test_kill_of_the_daemon(lab):
    if not lab["node"].running():
        lab["node"].start()
    for name in TORS:
        established(lab, name)
        learned(lab, name, FROM[name])
    lab["node"].kill()
    for name in TORS:
        for prefix, hop in pairs(FROM[name], THEIRS[name]):
            lab.holds(f"kernel: {prefix} stays", lambda: kernel_is(lab, "node", prefix, [hop], PROTOCOL))
    lab["node"].start()
    for name in ADDRESS:
        established(lab, name)
    for name in TORS:
        learned(lab, name, FROM[name])
        told(lab, name, STATIC)

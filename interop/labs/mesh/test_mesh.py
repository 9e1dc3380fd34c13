"""Five nodes in a full mesh of iBGP as Calico makes it, under a ToR running FRR; a node leaves, a node joins."""

import signal
import time

import pytest

from lib import mesh
from lib.disorder import Disorder
from lib.hops import Silence
from lib.speakers.podbgp import token
from lib.suite import has_path
from lib.tables import Table, Tables
from lib.waiting import expect

ADDRESS = {"node1": ("10.0.0.9", "fd00:10::9"), "node2": ("10.0.0.10", "fd00:10::10"), "node3": ("10.0.0.11", "fd00:10::11"),
           "node4": ("10.0.0.12", "fd00:10::12"), "node5": ("10.0.0.100", "fd00:10::100")}
BLOCK = {name: (f"10.244.{name[-1]}.0/26", f"fd00:10:244:{name[-1]}::/122") for name in ADDRESS}
POD = {name: (f"10.244.{name[-1]}.10", f"fd00:10:244:{name[-1]}::10") for name in ADDRESS}
TOR, BEYOND = ("10.0.0.1", "fd00:10::1"), ("192.0.2.1", "2001:db8::1")
BEYOND_PREFIX = ("192.0.2.1/32", "2001:db8::1/128")
NODES = list(ADDRESS)
EVERYTHING = [prefix for prefixes in [*BLOCK.values(), BEYOND_PREFIX] for prefix in prefixes]


def gateways(lab, node, prefix, wanted, protocol="179"):
    seen = lab.kernel(node).gateways(prefix, protocol)
    return expect(seen == wanted, f"gateways {seen}")


def pings(lab, sources, targets):
    for source in sources:
        for target in targets:
            if source != target:
                for address in POD[target]:
                    lab.fact(f"pod{source[-1]} reaches pod{target[-1]} ({address})", lambda: lab.ping(f"pod{source[-1]}", address))


def test_cold_start(lab):
    lab.section("from cold to full reach: all daemons start at the same time")
    for name in NODES:
        lab.fact(f"{name} has all its sessions", lambda: expect(
            all(session.established for session in lab[name].sessions().values()), lab[name].sessions()), within=30)
    seconds = mesh.cold(lab, NODES, EVERYTHING)
    lab.holds(f"five nodes from cold to full reach, both families in all kernels: {seconds:.2f} s", lambda: seconds < 20)


def test_who_dials(lab):
    lab.section("one session a pair, opened by one end: the end whose peer has the greater address as a string waits")
    for name, (ours, _) in ADDRESS.items():
        dials = {theirs: not mesh.waits(ours, theirs) for theirs, _ in ADDRESS.values() if theirs != ours}

        def as_the_rule_says():
            seen = mesh.connections(lab, name)
            seen.pop(TOR[0], None)
            return expect(seen == dials, seen)

        lab.fact(f"{name} ({ours}) dialled {', '.join(sorted(peer for peer, yes in dials.items() if yes)) or 'nobody'} and was dialled by the others", as_the_rule_says)
    lab.holds("10.0.0.9 dials 10.0.0.10: strings are compared, not numbers", lambda: mesh.connections(lab, "node1")[ADDRESS["node2"][0]])


def test_three_places(lab):
    lab.section("each block at the ToR, in our API, in the kernel; the next hop is the node that has it")
    for name in NODES:
        for prefix, hop in zip(BLOCK[name], ADDRESS[name]):
            lab.fact(f"the ToR (FRR) has {prefix} from AS 64512 via {hop}", lambda: has_path(lab["tor"], prefix, (64512,), hop))
            lab.fact("the ToR's kernel has it", lambda: lab.kernel("tor").gateways(prefix, "bgp"))
            lab.fact(f"{name}'s kernel has {prefix} as a blackhole", lambda: (lab.kernel(name).route(prefix, "179") or {}).get("type") == "blackhole")
            for other in NODES:
                if other != name:
                    lab.fact(f"{other}'s API has {prefix} via {hop}", lambda: has_path(lab[other], prefix, (), hop))
                    lab.fact(f"{other}'s kernel has {prefix} via {hop}", lambda: gateways(lab, other, prefix, [hop]))
        for prefix, hop in zip(BEYOND_PREFIX, TOR):
            lab.fact(f"{name}'s kernel has {prefix} via the ToR", lambda: gateways(lab, name, prefix, [hop]))


def test_nothing_else_is_exported(lab):
    lab.section("the mesh carries blocks and nothing else")
    for prefix in BEYOND_PREFIX:
        lab.holds(f"{prefix} came to node1 from the ToR alone", lambda: expect(
            [route.peer for route in lab["node1"].routes(prefix)] == ["tor"], lab["node1"].routes(prefix)))
    for name in NODES:
        for prefix in (f"{POD[name][0]}/32", f"{POD[name][1]}/128"):
            lab.holds(f"the pod's own {prefix} stays on {name}", lambda: not lab["tor"].routes(prefix) and not any(lab[node].routes(prefix) for node in NODES))
    lab.holds("the ToR has each block once, from the node that has it", lambda: expect(
        all(len(lab["tor"].routes(prefix)) == 1 for prefixes in BLOCK.values() for prefix in prefixes), lab["tor"].tables()))


def test_packets(lab):
    lab.section("packets, pod to pod, and pod to what is behind the ToR")
    pings(lab, NODES, NODES)
    for address in BEYOND:
        lab.fact(f"pod1 reaches {address} behind the ToR", lambda: lab.ping("pod1", address))


def test_memory(lab):
    lab.section("memory of a node with five peers")
    for name in NODES:
        memory = lab[name].memory()
        lab.holds(f"{name}: podbgpd with 5 peers: RSS {memory['Rss']:.1f} MiB, PSS {memory['Pss']:.1f} MiB", lambda: expect(
            0 < memory["Rss"] <= 32 or lab.sanitized, memory))


def test_node_leaves(lab):
    lab.section("node5 leaves: its daemon stops, the others take it out of their files")
    rest = [name for name in NODES if name != "node5"]
    watch, tables = mesh.Watch(lab, rest), Tables([lab.node(name) for name in rest])
    since = time.monotonic()
    stopping = lab["node5"].node.kill("podbgpd", signal.SIGTERM)
    seconds = tables.wait([], 10, since, absent=BLOCK["node5"])
    lab.holds(f"node leave: its blocks are out of all kernels {seconds:.2f} s after the SIGTERM", lambda: stopping == 1 and seconds < 5)
    for name in rest:
        lab.node(name).exec("sed", "-i", "/name: node5/d", "/etc/podbgp/podbgp.yaml")
    mesh.at_once(lambda name: lab[name].cli("config", "reload"), rest)
    for name in rest:
        lab.fact(f"{name} knows nothing of node5", lambda: "node5" not in lab[name].peers())
    watch.only("PEER_DOWN", "node5")
    pings(lab, ["node1"], [name for name in rest if name != "node1"])


def test_node_joins(lab):
    lab.section("node5 joins: its daemon starts, the others take it into their files")
    rest = [name for name in NODES if name != "node5"]
    watch, tables = mesh.Watch(lab, rest), Tables(lab.node(name) for name in NODES)
    lab["node5"].wait_gone()
    for name in rest:
        lab.node(name).exec("cp", "/etc/podbgp/lab/podbgp.yaml", "/etc/podbgp/podbgp.yaml")

    def join(name):
        if name == "node5":
            lab[name].start(wait=False)
        else:
            lab[name].cli("config", "reload")

    since = time.monotonic()
    mesh.at_once(join, NODES)
    seconds = tables.wait(EVERYTHING, 30, since)
    lab.holds(f"node join: every block is in every kernel {seconds:.2f} s after the start of its daemon", lambda: seconds < 15)
    watch.only("PEER_UP", "node5")
    pings(lab, ["node5"], rest)
    pings(lab, rest, ["node5"])


def test_half_of_the_mesh_is_off(lab):
    """Where a restarted node waits for the End-of-RIB of peers that are down, nothing is announced for minutes. Not here."""
    lab.section("half of the mesh is off (one daemon stopped, two nodes silent): two nodes that restart reach each other and the ToR at once")
    on, wanted = ["node1", "node2"], [*BLOCK["node1"], *BLOCK["node2"], *BEYOND_PREFIX]
    lab["node3"].stop()
    with Silence(lab.node("node4")), Silence(lab.node("node5")):
        seconds = mesh.cold(lab, on, wanted, within=30)
        lab.holds(f"two nodes of five from cold to reach of what is on: {seconds:.2f} s", lambda: seconds < 15)
        for name in on:
            for prefix, hop in zip(BLOCK[name], ADDRESS[name]):
                lab.fact(f"the ToR has {prefix} via {hop}", lambda: has_path(lab["tor"], prefix, (64512,), hop))
        pings(lab, on, on)
        lab["node3"].start()
        for name in on:
            lab.fact(f"{name} has its session with node3, which is back", lambda: lab[name].established(ADDRESS["node3"][0]), within=30)
    for name in on:
        for other in ("node4", "node5"):
            lab.fact(f"{name} has its session with {other}, which is no longer silent", lambda: lab[name].established(ADDRESS[other][0]), within=90)
    pings(lab, ["node1"], NODES)


@pytest.mark.parametrize("seed", (1, 2))
def test_order_returns(lab, seed):
    lab.section(f"thirty-five things go wrong within seconds (seed {seed}); then each node has exactly its routes again")
    ends = [f"lan:eth{number}" for number in range(1, 6)] + [f"{name}:eth1" for name in NODES]
    addresses = {name: (f"{ours}/24", f"{ours6}/64") for name, (ours, ours6) in ADDRESS.items()}
    disorder = Disorder(lab, NODES, ends, addresses, seed)
    disorder.stir(35)
    disorder.restore()
    tables = {name: Table(lab.node(name)) for name in NODES}

    def settled(name):
        fib = lab[name].json("status")["fib"]
        return expect(token(fib["state"]) == "synced" and int(fib["pending"]) == int(fib["refused"]) == 0, fib)

    for name in NODES:
        lab.fact(f"{name}'s kernel has exactly the routes that it should have", lambda: expect(
            tables[name].prefixes() == set(EVERYTHING), sorted(tables[name].prefixes() ^ set(EVERYTHING))), within=100)
        for other in NODES:
            for prefix, hop in zip(BLOCK[other], ADDRESS[other]):
                if other != name:
                    lab.fact(f"{name}'s kernel has {prefix} via {hop}", lambda: gateways(lab, name, prefix, [hop]), within=15)
        lab.fact(f"{name}'s API says that all is in the kernel", lambda: settled(name), within=20)
        lab.fact(f"{name} has no nexthop object too many", lambda: expect(len(lab.kernel(name).nexthops()) <= 20, lab.kernel(name).nexthops()), within=75)
    pings(lab, NODES, NODES)

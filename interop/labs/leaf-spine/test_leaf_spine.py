"""Two BIRD ToRs under an FRR spine, three nodes under both: ECMP, and what is lost when a ToR's link or a whole ToR goes."""

import contextlib

from lib.hops import Hops, Silence
from lib.suite import has_path
from lib.waiting import expect, until

NODES = ("node1", "node2", "node3")
TORS = {"tor1": 65001, "tor2": 65002}
PREFIX = {name: (f"10.244.{name[-1]}.0/24", f"fd00:10:244:{name[-1]}::/64") for name in NODES}
POD = {f"pod{n}": (f"10.244.{n}.10", f"fd00:10:244:{n}::10") for n in "123"} | {"server": ("192.168.50.10", "fd00:50::10")}
BEYOND = ("192.168.50.0/24", "fd00:50::/64")
ROUTERS = (*NODES, *TORS, "spine")
HOLD, RATE = 9, 1000
# name of a stream: (from, to, family, who chooses the ToR)
STREAMS = {
    "node1 to node3, IPv4": ("pod1", "pod3", 0, "node1"),
    "node1 to node3, IPv6": ("pod1", "pod3", 1, "node1"),
    "node3 to node1, IPv4": ("pod3", "pod1", 0, "node3"),
    "node1 to the server, IPv4": ("pod1", "server", 0, "node1"),
    "the server to node1, IPv4": ("server", "pod1", 0, "spine"),
}
OURS, FRRS = "our side (podbgpd chooses the ToR)", "FRR's side (the spine chooses the ToR)"

# Packets that may be lost: FRR gathers changes for 50 ms before it looks at them, which is not ours to judge.
LINK = {OURS: 20, FRRS: 500}
SILENT = {OURS: (HOLD + 1.5) * RATE, FRRS: (HOLD + 1.5) * RATE}


def side(name):
    return FRRS if STREAMS[name][3] == "spine" else OURS


def tor_address(tor, node):
    return (f"10.{tor[-1]}.{node[-1]}.1", f"fd00:{tor[-1]}:{node[-1]}::1")


def node_address(tor, node):
    return (f"10.{tor[-1]}.{node[-1]}.11", f"fd00:{tor[-1]}:{node[-1]}::11")


def gateways(lab, node, prefix, wanted, protocol="179"):
    seen = lab.kernel(node).gateways(prefix, protocol)
    if protocol != "179" and seen and all(gateway.startswith("fe80:") for gateway in seen):
        return expect(len(seen) == len(wanted), f"gateways {seen}")  # zebra prefers link-local next hops
    return expect(seen == sorted(wanted), f"gateways {seen}")


def whole(lab):
    """Every session is up, and every kernel uses both ToRs."""
    for name in NODES:
        for tor in TORS:
            lab.fact(f"{name} has a session with {tor}", lambda: expect(lab[name].established(tor_address(tor, name)[0]), lab[name].sessions()), within=30)
    for tor in TORS:
        lab.fact(f"the spine (FRR) has a session with {tor}", lambda: lab["spine"].established(f"10.9.{tor[-1]}.2"), within=30)
    for name in NODES:
        for prefixes in [PREFIX[other] for other in NODES if other != name] + [BEYOND]:
            for version, prefix in enumerate(prefixes):
                both = [tor_address(tor, name)[version] for tor in TORS]
                lab.fact(f"{name}'s kernel has {prefix} via both ToRs", lambda: gateways(lab, name, prefix, both), within=20)
    for name in NODES:
        for version, prefix in enumerate(PREFIX[name]):
            both = [f"10.9.{tor[-1]}.2" if version == 0 else f"fd00:9:{tor[-1]}::2" for tor in TORS]
            lab.fact(f"the spine's kernel has {prefix} via both ToRs", lambda: gateways(lab, "spine", prefix, both, "bgp"), within=20)


def through_tor1(lab, hops, name, port, stack):
    """A stream of the kind, started, whose packets take tor1: which way a flow goes is the kernel's hash of its ports, so ports are tried."""
    source, target, version, _ = STREAMS[name]
    for flow in range(port - 7000, port - 7000 + 640, 10):  # two streams may leave one pod: each has ports of its own
        before = hops.count(port)
        stream = lab.stream(source, target, POD[target][version], rate=RATE, port=port, source_port=flow)
        with contextlib.ExitStack() as trial:
            trial.enter_context(stream)
            came = until(f"{name}: packets reach a ToR", lambda: {tor for tor in TORS if hops.count(port)[tor][0] > before[tor][0]})
            if came == {"tor1"}:
                stack.push(trial.pop_all())
                return stream, before
    raise AssertionError(f"{name}: no flow takes tor1")


def since(now, before):
    return {node: (came - before[node][0], went - before[node][1]) for node, (came, went) in now.items()}


def vanished(counts, router, sent, received):
    """Where packets were lost: at routers (came, but did not go on), and behind the router that chose, on the way to a ToR."""
    places = {node: came - went for node, (came, went) in counts.items() if came - went > 0}
    before = sent - counts[router][0]
    after_choice = counts[router][1] - sum(counts[tor][0] for tor in TORS)
    text = ", ".join(f"{lost} in {node}" for node, lost in sorted(places.items()))
    if before > 0:
        text += f", {before} before {router}"
    if after_choice > 0:
        text += f", {after_choice} on the link from {router}"
    return text.strip(", ") or ("nowhere" if sent == received else "on a link")


def under_traffic(lab, names, break_it, settled, limits, what):
    """Breaks something under streams; prints and judges the losses of each."""
    with contextlib.ExitStack() as stack:
        hops = stack.enter_context(Hops(lab, ROUTERS, range(47001, 47001 + len(names))))
        running = {name: (port, *through_tor1(lab, hops, name, port, stack)) for port, name in enumerate(names, 47001)}
        for name, (port, _, _) in running.items():
            lab.fact(f"{name}: packets go through tor1", lambda: hops.count(port)["tor1"][1] > 100)
        undo = break_it()
        settled()
        at = {name: hops.count(port)["tor2"][1] for name, (port, _, _) in running.items()}
        for name, (port, _, _) in running.items():
            lab.fact(f"{name}: packets go through tor2", lambda: hops.count(port)["tor2"][1] > at[name] + 100)
        results = {name: (stream.finish(), since(hops.count(port), before)) for name, (port, stream, before) in running.items()}
        undo()
    for name, (result, counts) in results.items():
        lost = result["lost"]
        where = vanished(counts, STREAMS[name][3], result["sent"], result["received"])
        limit = limits[side(name)]
        lab.holds(f"{what}: {name}: {lost} of {result['sent']} packets lost on {side(name)}, longest gap {result['longest_gap_ms']} ms; lost {where};"
                  f" at most {limit:.0f}", lambda: expect(lost <= limit, f"{result}, hops {counts}"))
    return results


def only_tor2(lab, pairs):
    """[(router, prefixes, gateways)]: those kernels left tor1."""
    for router, prefixes, hops in pairs:
        for prefix, hop in zip(prefixes, hops):
            protocol = "bgp" if router == "spine" else "179"
            lab.fact(f"{router}'s kernel has {prefix} via tor2 alone", lambda: gateways(lab, router, prefix, [hop], protocol), within=HOLD + 6)


def test_sessions_and_ecmp(lab):
    lab.section("sessions, and ECMP over both ToRs in every kernel")
    whole(lab)
    for name in NODES:
        for version, prefix in enumerate(PREFIX[name]):
            for tor, asn in TORS.items():
                lab.fact(f"{tor} (BIRD) has {prefix} from {name}", lambda: has_path(lab[tor], prefix, (65100 + int(name[-1]),), node_address(tor, name)[version]))
                lab.fact(f"the spine has {prefix} by path {asn} {65100 + int(name[-1])}", lambda: has_path(lab["spine"], prefix, (asn, 65100 + int(name[-1])), best=False))
            other = NODES[(NODES.index(name) + 1) % 3]
            both = sorted(tor_address(tor, other)[version] for tor in TORS)
            lab.fact(f"{other}'s API has {prefix} by both ToRs, and the kernel has it", lambda: expect(
                lab[other].in_kernel(prefix) == both and len(lab[other].routes(prefix)) == 2, lab[other].entry(prefix)))


def test_packets(lab):
    lab.section("packets, pod to pod and to the server behind the spine")
    for source in POD:
        for target, addresses in POD.items():
            if source != target:
                for address in addresses:
                    lab.fact(f"{source} reaches {target} ({address})", lambda: lab.ping(source, address))


def test_link_to_a_node_goes(lab):
    lab.section("the link between tor1 and node1 goes (tor1's end is set down)")
    whole(lab)

    def down():
        lab.link("tor1:eth1", up=False)
        return lambda: lab.link("tor1:eth1", up=True)

    def settled():
        only_tor2(lab, [("node1", PREFIX["node3"], tor_address("tor2", "node1")), ("node1", BEYOND, tor_address("tor2", "node1")),
                        ("node3", PREFIX["node1"], tor_address("tor2", "node3")), ("spine", PREFIX["node1"], ("10.9.2.2", "fd00:9:2::2"))])

    under_traffic(lab, ["node1 to node3, IPv4", "node1 to node3, IPv6", "node3 to node1, IPv4", "the server to node1, IPv4"], down, settled, LINK, "link to node1 down")


def test_link_to_the_spine_goes(lab):
    lab.section("the link between tor1 and the spine goes (tor1's end is set down)")
    whole(lab)

    def down():
        lab.link("tor1:eth4", up=False)
        return lambda: lab.link("tor1:eth4", up=True)

    def settled():
        only_tor2(lab, [("node1", BEYOND, tor_address("tor2", "node1")), ("spine", PREFIX["node1"], ("10.9.2.2", "fd00:9:2::2"))])

    under_traffic(lab, ["node1 to the server, IPv4", "the server to node1, IPv4"], down, settled, LINK, "link to the spine down")


def test_tor_goes_silent(lab):
    lab.section(f"tor1 goes silent: its links stay up, it drops everything; the hold time is {HOLD} s")
    whole(lab)

    def silent():
        silence = Silence(lab.node("tor1"))
        silence.__enter__()
        return lambda: silence.__exit__()

    def settled():
        only_tor2(lab, [("node1", PREFIX["node3"], tor_address("tor2", "node1")), ("node1", BEYOND, tor_address("tor2", "node1")),
                        ("spine", PREFIX["node1"], ("10.9.2.2", "fd00:9:2::2"))])

    names = ["node1 to node3, IPv4", "node1 to node3, IPv6", "the server to node1, IPv4"]
    results = under_traffic(lab, names, silent, settled, SILENT, "tor1 silent")
    for name, (result, counts) in results.items():
        came, went = counts["tor1"]
        lab.holds(f"{name}: what was lost was lost in tor1, until its hold time ({came - went} of {result['lost']})", lambda: expect(
            result["lost"] > 100 and came - went >= result["lost"] - 50, f"{result}, hops {counts}"))
    whole(lab)


def test_tor_returns(lab):
    lab.section("tor1 returns under traffic: all its links were down, they come up, flows move back to it")
    whole(lab)
    ends = [f"tor1:eth{number}" for number in range(1, 5)]
    for end in ends:
        lab.link(end, up=False)
    only_tor2(lab, [("node1", PREFIX["node3"], tor_address("tor2", "node1")), ("spine", PREFIX["node1"], ("10.9.2.2", "fd00:9:2::2"))])
    flows = [(name, flow) for name in STREAMS for flow in range(3)]  # the hash sends some of three back to tor1
    with contextlib.ExitStack() as stack:
        hops = stack.enter_context(Hops(lab, ROUTERS, range(47001, 47001 + len(flows))))
        running = {}
        for port, (name, flow) in enumerate(flows, 47001):
            source, target, version, _ = STREAMS[name]
            running[name, flow] = port, stack.enter_context(lab.stream(source, target, POD[target][version], rate=RATE // 5, port=port, source_port=port - 7000))
        for end in ends:
            lab.link(end, up=True)
        whole(lab)
        lab.fact("flows go through tor1 again", lambda: sum(hops.count(port)["tor1"][1] > 20 for port, _ in running.values()) > len(flows) // 4)
        results = {key: (stream.finish(), hops.count(port)) for key, (port, stream) in running.items()}
    for name in STREAMS:
        flows_of = [results[name, flow] for flow in range(3)]
        sent, lost = (sum(result[key] for result, _ in flows_of) for key in ("sent", "lost"))
        # BIRD tells of a route when it has it, before its kernel knows the neighbour: what tor1 loses for that is shown, and its time is bounded
        in_tor1 = sum(max(counts["tor1"][0] - counts["tor1"][1], 0) for _, counts in flows_of)
        lab.holds(f"tor1 returns: {name}: {lost} of {sent} packets lost on {side(name)}, {in_tor1} of them in tor1", lambda: expect(
            lost - in_tor1 <= LINK[side(name)] and in_tor1 <= 2 * 3 * RATE // 5, results))

"""The mesh of five with Calico's BIRD on two of the nodes: the properties of the generated configuration, each seen from the other side."""

import re
import signal

from lib import mesh
from lib.suite import has_path
from lib.waiting import expect

OURS, BIRDS = ("node1", "node2", "node3"), ("node4", "node5")
ADDRESS = {"node1": ("10.0.0.9", "fd00:10::9"), "node2": ("10.0.0.10", "fd00:10::10"), "node3": ("10.0.0.11", "fd00:10::11"),
           "node4": ("10.0.0.12", "fd00:10::12"), "node5": ("10.0.0.100", "fd00:10::100")}
BLOCK = {name: (f"10.244.{name[-1]}.0/26", f"fd00:10:244:{name[-1]}::/122") for name in ADDRESS}
POD = {name: (f"10.244.{name[-1]}.10", f"fd00:10:244:{name[-1]}::10") for name in ADDRESS}
TOR, BEYOND = ("10.0.0.1", "fd00:10::1"), ("192.0.2.1/32", "2001:db8::1/128")
TOP, NORMAL, BETTER = 2**31 - 1, 1024, 512
SESSION = 45  # BIRD waits 5 s between attempts and up to 30 s after an error


def protocol(name):
    return "bird" if name in BIRDS else "179"


def link_local(lab, address):
    """The link-local address of whoever has the address on the segment."""
    name = next((name for name, addresses in [*ADDRESS.items(), ("tor", TOR)] if address in addresses), None)
    found = lab.kernel(name).addresses("eth1") if name else []
    return next((entry for entry in found if entry.startswith("fe80:")), None)


def gateways(lab, node, prefix, wanted):
    """BIRD uses the link-local next hop that an IPv6 session may carry beside the global one."""
    seen = lab.kernel(node).gateways(prefix, protocol(node))
    local = [link_local(lab, hop) for hop in wanted] if node in BIRDS else wanted
    return expect(seen in (wanted, local), f"gateways {seen}, not {wanted} or {local}")


def pairs():
    return [(a, b) for a in ADDRESS for b in ADDRESS if a != b]


def received(lab, node, peer):
    """The prefixes in our Adj-RIB-In of a peer."""
    return sorted(entry["prefix"] for entry in lab[node].json("routes", "--peer", peer, "--view", "received").get("entries", []))


def meshed(lab):
    for name, other in pairs():
        for address in ADDRESS[other]:
            lab.fact(f"{name} has a session with {other} over {address}", lambda: expect(
                lab[name].established(address), lab[name].sessions().get(address)), within=SESSION)


def test_sessions(lab):
    lab.section("sessions: one for each pair and family, and each node with the ToR")
    meshed(lab)
    for name in ADDRESS:
        for address in TOR:
            lab.fact(f"{name} has a session with the ToR over {address}", lambda: lab[name].established(address), within=SESSION)


def test_who_dials(lab):
    lab.section("the end whose peer has the greater address as a string is passive, in both families")
    for name, addresses in ADDRESS.items():
        dials = {theirs: not mesh.waits(ours, theirs) for other in ADDRESS if other != name for ours, theirs in zip(addresses, ADDRESS[other])}

        def as_the_rule_says():
            seen = {peer: dialled for peer, dialled in mesh.connections(lab, name).items() if peer not in TOR}
            return expect(seen == dials, seen)

        lab.fact(f"{name} dialled {sum(dials.values())} sessions and was dialled for {len(dials) - sum(dials.values())}, as the rule says", as_the_rule_says)


def test_three_places(lab):
    lab.section("each block at each node: API or BIRD's table, and kernel; the originating node is the next hop")
    for name, other in pairs():
        for prefix, hop in zip(BLOCK[other], ADDRESS[other]):
            lab.fact(f"{name} ({lab[name].kind}) has {prefix} via {hop}", lambda: has_path(lab[name], prefix, (), hop))
            lab.fact(f"{name}'s kernel has {prefix} via {hop}", lambda: gateways(lab, name, prefix, [hop]))
    for name in ADDRESS:
        for prefix in BLOCK[name]:
            lab.fact(f"{name}'s kernel has its block {prefix} as a blackhole", lambda: (lab.kernel(name).route(prefix, protocol(name)) or {}).get("type") == "blackhole")
        for prefix, hop in zip(BEYOND, TOR):
            lab.fact(f"{name}'s kernel has {prefix} via the ToR", lambda: gateways(lab, name, prefix, [hop]))
        for prefix, hop in zip(BLOCK[name], ADDRESS[name]):
            lab.fact(f"the ToR (FRR) has {prefix} from {name}", lambda: has_path(lab["tor"], prefix, (64512,), hop, best=False))
            lab.fact("the ToR's kernel has it", lambda: lab.kernel("tor").gateways(prefix, "bgp"))


def test_packets(lab):
    lab.section("packets, pod to pod")
    for name, other in pairs():
        for address in POD[other]:
            lab.fact(f"pod{name[-1]} reaches pod{other[-1]} ({address})", lambda: lab.ping(f"pod{name[-1]}", address))


def test_only_the_block(lab):
    lab.section("a BIRD node tells the mesh its block and nothing else")
    node = lab.node("node4")
    node.net("ip", "route", "add", "198.51.100.0/24", "via", TOR[0])
    node.net("ip", "route", "add", "default", "via", TOR[0])
    node.net("ip", "route", "add", "10.244.4.11/32", "dev", "cali1", "metric", str(NORMAL))
    for prefix in ("198.51.100.0/24", "0.0.0.0/0", "10.244.4.11/32"):
        lab.fact(f"BIRD on node4 learned {prefix} from its kernel", lambda: lab["node4"].routes(prefix))
    for name in OURS:
        for other in BIRDS:
            lab.fact(f"{name} received from {other} {BLOCK[other][0]} alone", lambda: expect(
                received(lab, name, other) == [BLOCK[other][0]], received(lab, name, other)))
            lab.fact(f"{name} received from {other}-6 {BLOCK[other][1]} alone", lambda: expect(
                received(lab, name, f"{other}-6") == [BLOCK[other][1]], received(lab, name, f"{other}-6")))
    for words in (["198.51.100.0/24"], ["default"], ["10.244.4.11/32"]):
        node.net("ip", "route", "del", *words)


def test_metric_and_local_pref(lab):
    lab.section("LOCAL_PREF = 2^31 - 1 - kernel metric, both ways; the normal metric is 1024")
    for name, other in pairs():
        for prefix in BLOCK[other]:
            lab.holds(f"{name} has {prefix} with LOCAL_PREF {TOP - NORMAL}", lambda: expect(
                lab[name].best(prefix).local_pref == TOP - NORMAL, lab[name].routes(prefix)))
    for name in BIRDS:
        for prefix in BLOCK["node1"]:
            lab.holds(f"{name}'s kernel has {prefix} with metric {NORMAL}", lambda: expect(
                lab.kernel(name).route(prefix, "bird")["metric"] == NORMAL, lab.kernel(name).routes(prefix)))
        lab.holds(f"{name}'s kernel has the ToR's {BEYOND[0]}, of LOCAL_PREF 100, with metric {TOP - 100}", lambda: expect(
            lab.kernel(name).route(BEYOND[0], "bird")["metric"] == TOP - 100, lab.kernel(name).routes(BEYOND[0])))


def test_better_and_borrowed(lab):
    lab.section("an address inside a block is told when it is better than normal (it moved here) or when the block is another node's")
    node = lab.node("node4")
    moved, borrowed = "10.244.4.20/32", "10.244.1.50/32"
    node.net("ip", "route", "add", moved, "dev", "cali1", "metric", str(BETTER))
    node.net("ip", "route", "add", borrowed, "dev", "cali1", "metric", str(NORMAL))
    for prefix, metric, why in ((moved, BETTER, "moved here"), (borrowed, NORMAL, "borrowed")):
        for name in OURS:
            hop = ADDRESS["node4"][0]
            lab.fact(f"{name} has {prefix} ({why}) via node4 with LOCAL_PREF {TOP - metric}", lambda: expect(
                has_path(lab[name], prefix, (), hop).local_pref == TOP - metric, lab[name].routes(prefix)))
            lab.fact(f"{name}'s kernel has {prefix} via {hop}", lambda: gateways(lab, name, prefix, [hop]))
    for prefix in (moved, borrowed):
        node.net("ip", "route", "del", prefix)
        for name in OURS:
            lab.fact(f"{name} lost {prefix}, and so did its kernel", lambda: not lab[name].routes(prefix) and lab.kernel(name).route(prefix, "179") is None)


def test_relayed_to_the_tor(lab):
    lab.section("BIRD nodes tell the ToR the whole pool, ours tell their own blocks")
    for name, relays in (("node1", BIRDS), ("node4", ("node5",))):
        for version, prefix in enumerate(BLOCK[name]):
            wanted = {ADDRESS[node][version] for node in (name, *relays)}

            def told():
                seen = {route.peer for route in lab["tor"].routes(prefix)}
                return expect(seen == wanted, seen)

            lab.fact(f"the ToR has {prefix} from {name} and {' and '.join(relays)}", told)


def test_capabilities(lab):
    lab.section("graceful restart and ADD-PATH are on, as Calico has them")
    for name in BIRDS:
        text = lab[name].birdc("show", "protocols", "all")
        blocks = {found[1]: block for block in re.split(r"\n(?=\S)", text) if (found := re.search(r"Neighbor address:\s+(\S+)", block))}
        for other, addresses in ADDRESS.items():
            if other == name:
                continue
            for address in addresses:
                both = ["Graceful restart", "ADD-PATH" if other in BIRDS else "Route refresh"]
                theirs = blocks[address].partition("Neighbor capabilities")[2].partition("Session:")[0]
                ours = blocks[address].partition("Local capabilities")[2].partition("Neighbor capabilities")[0]
                lab.holds(f"{name} and {other} over {address}: {', '.join(both)}; offered: graceful restart, ADD-PATH", lambda: expect(
                    all(word in theirs for word in both) and "Graceful restart" in ours and "ADD-PATH" in ours, blocks[address]))


def test_bird_ends_and_returns(lab):
    lab.section("BIRD on node5 ends and returns: its kernel keeps its routes, and each other node sees one event for each of its two sessions")
    watch = mesh.Watch(lab, OURS)
    lab.node("node5").kill("bird", signal.SIGTERM)
    lab["node5"].wait_gone()
    watch.only("PEER_DOWN", "node5", "node5-6")
    for prefix, hop in zip(BLOCK["node1"], ADDRESS["node1"]):
        lab.holds(f"node5's kernel keeps {prefix} (persist)", lambda: gateways(lab, "node5", prefix, [hop]))
    for name in OURS:
        for prefix in BLOCK["node5"]:
            lab.fact(f"{name}'s kernel lost {prefix}", lambda: lab.kernel(name).route(prefix, "179") is None)
    watch = mesh.Watch(lab, OURS)
    lab["node5"].start()
    meshed(lab)
    watch.only("PEER_UP", "node5", "node5-6")
    for address in POD["node5"]:
        lab.fact(f"pod1 reaches pod5 ({address}) again", lambda: lab.ping("pod1", address))

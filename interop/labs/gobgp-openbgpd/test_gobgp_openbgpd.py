"""Two nodes under a ToR running GoBGP and a ToR running OpenBGPD: ECMP over both, and one of the daemons dies under traffic."""

from lib.suite import has_path
from lib.waiting import expect

TORS = {"tor-go": 65001, "tor-open": 65002}
NUMBER = {"tor-go": 1, "tor-open": 2}
NODES = {"node1": 65101, "node2": 65102}
OTHER = {"node1": "node2", "node2": "node1"}
BLOCK = {name: (f"10.244.{name[-1]}.0/24", f"fd00:10:244:{name[-1]}::/64") for name in NODES}
POD = {name: (f"10.244.{name[-1]}.10", f"fd00:10:244:{name[-1]}::10") for name in NODES}
FROM = {"tor-go": "10.20.1.0/24", "tor-open": "10.20.2.0/24"}
SESSION = 40  # OpenBGPD waits 30 s after a lost session


def of_tor(tor, node):
    return (f"10.{NUMBER[tor]}.{node[-1]}.1", f"fd00:{NUMBER[tor]}:{node[-1]}::1")


def of_node(tor, node):
    return (f"10.{NUMBER[tor]}.{node[-1]}.11", f"fd00:{NUMBER[tor]}:{node[-1]}::11")


def established(lab, tor):
    for name in NODES:
        for ours, theirs in zip(of_node(tor, name), of_tor(tor, name)):
            def both():
                if lab[name].established(theirs) and lab[tor].established(ours):
                    return True
                lab[tor].hurry(ours)
                return expect(False, f"{lab[name].sessions().get(theirs)}; {lab[tor].sessions().get(ours)}")

            lab.fact(f"{name} and {tor} have a session over {theirs}", both, within=SESSION)


def gateways(lab, node, prefix, wanted):
    seen = lab.kernel(node).gateways(prefix, "179")
    return expect(seen == sorted(wanted), f"gateways {seen}")


def over(lab, tors):
    """Both nodes reach each other's block over these ToRs: in the API and in the kernel."""
    for name, other in OTHER.items():
        for version, prefix in enumerate(BLOCK[other]):
            hops = sorted(of_tor(tor, name)[version] for tor in tors)
            for tor in tors:
                lab.fact(f"{name}'s API has {prefix} by path {TORS[tor]} {NODES[other]}", lambda: has_path(
                    lab[name], prefix, (TORS[tor], NODES[other]), of_tor(tor, name)[version], best=False), within=20)
            lab.fact(f"{name}'s API says that the kernel has it via {', '.join(hops)}", lambda: expect(
                lab[name].in_kernel(prefix) == hops, lab[name].entry(prefix).get("kernel")))
            lab.fact(f"{name}'s kernel has {prefix} via {', '.join(hops)}", lambda: gateways(lab, name, prefix, hops))


def test_sessions(lab):
    lab.section("sessions: one for each family with each ToR")
    for tor in TORS:
        established(lab, tor)


def test_announcements(lab):
    lab.section("agents announce the blocks: both ToRs have them and tell the other node")
    for name, asn in NODES.items():
        lab[name].announce(*BLOCK[name])
        for version, prefix in enumerate(BLOCK[name]):
            for tor in TORS:
                lab.fact(f"{tor} ({lab[tor].kind}) has {prefix} from AS {asn} via {name}", lambda: has_path(lab[tor], prefix, (asn,), of_node(tor, name)[version]))
                peer = tor if version == 0 else f"{tor}-6"
                lab.fact(f"{name}'s API says that {peer} was sent it", lambda: lab[name].advertised(peer, prefix))
            lab.fact(f"{name}'s kernel has {prefix} as a blackhole", lambda: (lab.kernel(name).route(prefix, "179") or {}).get("type") == "blackhole")
    over(lab, TORS)


def test_packets(lab):
    lab.section("packets, pod to pod")
    for name, other in OTHER.items():
        for address in POD[other]:
            lab.fact(f"pod{name[-1]} reaches pod{other[-1]} ({address})", lambda: lab.ping(f"pod{name[-1]}", address, count=5))


def test_routes_of_the_tors(lab):
    lab.section("what the ToRs announce themselves, and its withdrawal")
    for tor, prefix in FROM.items():
        lab[tor].announce(prefix)
        for name in NODES:
            hop = of_tor(tor, name)[0]
            lab.fact(f"{name} has {prefix} from {tor} via {hop}", lambda: has_path(lab[name], prefix, (TORS[tor],), hop))
            lab.fact(f"{name}'s kernel has it", lambda: gateways(lab, name, prefix, [hop]))
        lab[tor].withdraw(prefix)
        for name in NODES:
            lab.fact(f"{name} lost {prefix}, and so did its kernel", lambda: not lab[name].routes(prefix) and lab.kernel(name).route(prefix, "179") is None)


def test_withdraw(lab):
    lab.section("a block is withdrawn and announced again")
    lab["node2"].withdraw(*BLOCK["node2"])
    for prefix in BLOCK["node2"]:
        for tor in TORS:
            lab.fact(f"{tor} lost {prefix}", lambda: not lab[tor].routes(prefix))
        lab.fact(f"node1 lost {prefix}, and so did its kernel", lambda: not lab["node1"].routes(prefix) and lab.kernel("node1").route(prefix, "179") is None)
    lab["node2"].announce(*BLOCK["node2"])
    over(lab, TORS)


def dies(lab, tor):
    """The daemon of a ToR dies, its kernel goes on forwarding: nothing is lost while the nodes leave it."""
    other = next(name for name in TORS if name != tor)
    streams = [lab.stream("pod1", "pod2", address, port=47000 + number) for number, address in enumerate(POD["node2"])]
    with streams[0], streams[1]:
        lab[tor].kill()
        over(lab, [other])
        results = [stream.finish() for stream in streams]
    for version, result in zip(("IPv4", "IPv6"), results):
        lab.holds(f"{tor}'s daemon dies: {result['lost']} of {result['sent']} {version} packets lost, longest gap {result['longest_gap_ms']} ms", lambda: expect(
            result["lost"] == 0 and result["sent"] > 200, result))
    lab[tor].start()
    established(lab, tor)
    over(lab, TORS)


def test_gobgp_dies(lab):
    lab.section("kill -9 of GoBGP under 1,000 packets a second")
    dies(lab, "tor-go")


def test_openbgpd_dies(lab):
    lab.section("kill -9 of OpenBGPD under 1,000 packets a second")
    dies(lab, "tor-open")

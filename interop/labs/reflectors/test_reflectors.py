"""Two podbgp reflectors of one cluster between a node (podbgpd), a BIRD and an FRR; one reflector dies under traffic."""

from lib.suite import BY, kernel_is
from lib.waiting import expect

CLUSTER = "10.0.0.99"
REFLECTORS = {"rr1": "10.0.0.1", "rr2": "10.0.0.2"}
CLIENTS = {"node": 11, "bird": 12, "frr": 13}
ADDRESS = {name: (f"10.0.0.{number}", f"fd00:10::{number}") for name, number in CLIENTS.items()}
BLOCK = {name: (f"10.244.{number}.0/24", f"fd00:10:244:{number}::/64") for name, number in CLIENTS.items()}
POD = {name: (f"10.244.{number}.10", f"fd00:10:244:{number}::10") for name, number in CLIENTS.items()}
PROTOCOL = BY | {"podbgp": "179"}
SESSION = 30
PAIRS = [(source, target) for source in CLIENTS for target in CLIENTS if source != target]


def established(lab, reflectors):
    for name in reflectors:
        for client in CLIENTS:
            lab.fact(f"{name} has a session with its client {client}", lambda: expect(
                lab[name].established(ADDRESS[client][0]), lab[name].sessions()), within=SESSION)
            lab.fact(f"{client} has a session with {name}", lambda: lab[client].established(REFLECTORS[name]))


def copies(lab, client, origin, prefix):
    """The paths of another client's block, as many as reflectors sent it; each judged by RFC 4456 §8."""
    routes, hop = lab[client].routes(prefix), ADDRESS[origin][0 if "." in prefix else 1]
    for route in routes:
        expect(route.originator == ADDRESS[origin][0], f"originator {route.originator} of {route}")
        expect(route.cluster_list == (CLUSTER,), f"cluster list {route.cluster_list} of {route}")
        expect(hop in route.next_hops, f"next hop {route.next_hops}, not {hop}")
        expect(route.as_path == (), f"AS path of {route}")
    return routes


def in_kernel(lab, client, origin):
    for version, prefix in enumerate(BLOCK[origin]):
        lab.fact(f"{client}'s kernel has {prefix} via {origin}", lambda: kernel_is(lab, client, prefix, [ADDRESS[origin][version]], PROTOCOL[lab[client].kind]))


def test_sessions(lab):
    lab.section("sessions: the reflectors with each other and with each client; clients not with each other")
    established(lab, REFLECTORS)
    lab.fact("the reflectors have a session with each other", lambda: lab["rr1"].established(REFLECTORS["rr2"]))
    for client in CLIENTS:
        lab.holds(f"{client} has no session but these two", lambda: expect(sorted(lab[client].sessions()) == sorted(REFLECTORS.values()), lab[client].sessions()))


def test_three_places(lab):
    lab.section("each client's block at each other client, from both reflectors: originator id, cluster list, next hop unchanged")
    for origin, client in PAIRS:
        for prefix in BLOCK[origin]:
            lab.fact(f"{client} has {prefix} twice: originator id {ADDRESS[origin][0]}, cluster list {CLUSTER}, next hop {origin}", lambda: expect(
                len(copies(lab, client, origin, prefix)) == 2, lab[client].routes(prefix)))
        in_kernel(lab, client, origin)
    for prefix, hop in zip(BLOCK["frr"], ADDRESS["frr"]):
        lab.fact(f"the node's API says that the kernel has {prefix} via {hop}", lambda: expect(
            lab["node"].in_kernel(prefix) == [hop], lab["node"].entry(prefix).get("kernel")))


def test_reflectors(lab):
    lab.section("the reflectors: what they hold, what they send, and to whom not")
    for name, other in (("rr1", "rr2"), ("rr2", "rr1")):
        for origin in CLIENTS:
            for prefix in BLOCK[origin]:
                reasons = {origin: "best", other: "cluster-loop"}
                lab.fact(f"{name} has {prefix} from {origin}; the copy of {other} is refused: the cluster list holds its own id", lambda: expect(
                    {path["peer"]: path["reason"] for path in lab[name].entry(prefix)["paths"]} == reasons, lab[name].entry(prefix)))
                lab.holds(f"{name} does not send {prefix} back to {origin}", lambda: lab[name].advertised(origin, prefix) is None)
        lab.holds(f"{name}'s kernel has no route of ours (fib: {{ install: off }})", lambda: sum(
            lab.kernel(name).dump_count(version, 179) for version in (4, 6)) == 0)


def test_packets(lab):
    lab.section("packets, pod to pod")
    for source, target in PAIRS:
        for address in POD[target]:
            lab.fact(f"pod-{source} reaches pod-{target} ({address})", lambda: lab.ping(f"pod-{source}", address))


def test_a_reflector_dies(lab):
    lab.section("kill -9 of rr1 under 1,000 packets a second between all pods")
    with lab.kernel("node").monitor() as monitor:
        streams = {(source, target): lab.stream(f"pod-{source}", f"pod-{target}", POD[target][0], port=47000 + number)
                   for number, (source, target) in enumerate(PAIRS)}
        for stream in streams.values():
            stream.__enter__()
        try:
            lab["rr1"].kill()
            for client in CLIENTS:
                lab.fact(f"{client} lost its session with rr1", lambda: not lab[client].established(REFLECTORS["rr1"]), within=15)
            for origin, client in PAIRS:
                for prefix in BLOCK[origin]:
                    lab.fact(f"{client} has {prefix} from rr2 alone", lambda: expect(len(copies(lab, client, origin, prefix)) == 1, lab[client].routes(prefix)))
                in_kernel(lab, client, origin)
            results = {pair: stream.finish() for pair, stream in streams.items()}
            deleted = [event.get("prefix") for event in monitor.deletions() if event["event"] == "RTM_DELROUTE"]
        finally:
            for stream in streams.values():
                stream.__exit__()
    for (source, target), result in results.items():
        lab.holds(f"pod-{source} to pod-{target}: {result['lost']} of {result['sent']} packets lost, longest gap {result['longest_gap_ms']} ms", lambda: expect(
            result["lost"] == 0 and result["sent"] > 500, result))
    lab.holds("the node's kernel deleted no route", lambda: expect(not deleted, deleted))


def test_it_comes_back(lab):
    lab.section("rr1 comes back")
    lab["rr1"].start()
    established(lab, ["rr1"])
    for origin, client in PAIRS:
        for prefix in BLOCK[origin]:
            lab.fact(f"{client} has {prefix} from both again", lambda: expect(len(copies(lab, client, origin, prefix)) == 2, lab[client].routes(prefix)))

"""kill -9 and restart under traffic: what forwards goes on forwarding."""

import signal

import pytest

from lib.suite import has_path
from lib.waiting import expect, throughout

PODS = {"node1": ("10.244.1.0/24", "fd00:10:244:1::/64"), "node2": ("10.244.2.0/24", "fd00:10:244:2::/64")}
TOR = {"node1": ("10.1.1.1", "fd00:1:1::1"), "node2": ("10.1.2.1", "fd00:1:2::1")}
POD = {"node1": "pod-a", "node2": "pod-c"}
POD_ADDRESS = {"node1": ("10.244.1.10", "fd00:10:244:1::10"), "node2": ("10.244.2.10", "fd00:10:244:2::10")}
OTHER = {"node1": "node2", "node2": "node1"}


def gateways(lab, node, prefix, wanted, protocol=179):
    seen = lab.kernel(node).gateways(prefix, protocol)
    return expect(seen == wanted, f"gateways {seen}")


def converged(lab):
    for name, prefixes in PODS.items():
        lab.fact(f"{name} has its session", lambda: expect(lab[name].established(TOR[name][0]), lab[name].sessions()), within=25)
        for prefix in prefixes:
            if not lab[name].routes(prefix):
                lab[name].announce(prefix)
    for name in PODS:
        for prefix, gateway in zip(PODS[OTHER[name]], TOR[name]):
            lab.fact(f"{name}'s kernel has {prefix} via the ToR", lambda: gateways(lab, name, prefix, [gateway]))
        for prefix in PODS[name]:
            lab.fact(f"{name}'s kernel has its block {prefix}", lambda: (lab.kernel(name).route(prefix, "179") or {}).get("type") == "blackhole")
    for source, target in OTHER.items():
        for address in POD_ADDRESS[target]:
            lab.fact(f"{POD[source]} reaches {address}", lambda: lab.ping(POD[source], address))


def nexthops_in_use(lab, node):
    return {route.get("nhid") for prefix in PODS[OTHER[node]] for route in lab.kernel(node).routes(prefix)} - {None}


def restarted_and_settled(lab, node):
    """Up again with session and routes, and done with whatever it sweeps."""
    lab[node].start()
    lab.fact(f"{node} has its session again", lambda: expect(lab[node].established(TOR[node][0]), lab[node].sessions()), within=25)
    for prefix in PODS[OTHER[node]]:
        lab.fact(f"{node}'s API has {prefix} again", lambda: lab[node].routes(prefix))
    for prefix in PODS[node]:
        lab.fact(f"the block {prefix} stayed without its agent", lambda: (lab.kernel(node).route(prefix, "179") or {}).get("type") == "blackhole")
    lab[node].announce(*PODS[node])  # only when its agent has spoken is anything swept
    for prefix in PODS[node]:
        lab.fact(f"the ToR has {prefix} again", lambda: lab["tor"].routes(prefix))
    lab.fact(f"{node}'s FIB is synced", lambda: expect(lab[node].json("status").get("fib", {}).get("state") == "synced", lab[node].json("status").get("fib")))


def survives(lab, node, end, meanwhile=lambda: None):
    """Runs end (which ends the daemon) and a restart under streams of both families; judges losses and notifications."""
    converged(lab)
    ours, theirs = POD[node], POD[OTHER[node]]
    in_use = nexthops_in_use(lab, node)
    streams = [lab.stream(ours, theirs, address) for address in POD_ADDRESS[OTHER[node]]]
    with lab.kernel(node).monitor() as monitor, streams[0], streams[1]:
        end()
        meanwhile()
        lab.fact(f"the ToR lost its session with {node}", lambda: not lab["tor"].routes(PODS[node][0]), within=15)
        throughout("the daemon is dead", lambda: not lab[node].running(), 2)
        restarted_and_settled(lab, node)
        results = [stream.finish() for stream in streams]
        deletions = monitor.deletions()
    for result in results:
        lab.holds(f"0 of {result['sent']} packets lost (longest gap {result['longest_gap_ms']} ms)", lambda: expect(
            result["lost"] == 0 and result["sent"] > 3000, result))
    used = {*PODS[node], *PODS[OTHER[node]]}
    lab.holds("no route in use was deleted", lambda: expect(
        not [event for event in deletions if event.get("prefix") in used and event.get("protocol") == 179], deletions))
    lab.holds("no nexthop object in use was deleted", lambda: expect(
        not [event for event in deletions if event["event"] == "RTM_DELNEXTHOP" and event["id"] in in_use], deletions))
    lab.holds("the routes use the same nexthop objects as before", lambda: expect(nexthops_in_use(lab, node) == in_use, nexthops_in_use(lab, node)))


def zebra(lab, node):
    def start():
        # not integrated into any lab: somebody starts FRR on the node
        lab.node(node).exec("/usr/lib/frr/zebra", "-d", "-f", "/etc/frr/zebra.conf")
        lab.fact("zebra runs", lambda: lab.node(node).exec("vtysh", "-c", "show version", check=False).returncode == 0)
    return start


@pytest.mark.parametrize("node", PODS)
def test_kill(lab, node):
    survives(lab, node, lab[node].kill)


@pytest.mark.parametrize("node", PODS)
def test_stop_and_keep(lab, node):
    survives(lab, node, lab[node].stop)


def test_kill_while_zebra_starts(lab):
    node = "node1"
    survives(lab, node, lab[node].kill, zebra(lab, node))
    lab.node(node).kill("zebra", signal.SIGTERM)


OTHER_SETTINGS = {
    "metric": ("{ metric: { ipv4: 100, ipv6: 1500 } }", 179, (100, 1500)),
    "protocol": ("{ protocol: 180, metric: { ipv4: 100, ipv6: 1500 } }", 180, (100, 1500)),
    "as before": (None, 179, (200, 2000)),
}


def test_other_fib_settings(lab):
    """What a run with another metric or protocol left forwards until the new routes stand, and then goes."""
    node = "node1"
    converged(lab)

    def marks(prefix):
        return [(route.get("protocol"), route.get("metric")) for route in lab.kernel(node).routes(prefix) if route.get("protocol") != "kernel"]

    for name, (settings, protocol, metrics) in OTHER_SETTINGS.items():
        streams = [lab.stream(POD[node], POD[OTHER[node]], address) for address in POD_ADDRESS[OTHER[node]]]
        with streams[0], streams[1]:
            lab[node].stop()
            lab.node(node).exec("cp", "/etc/podbgp/lab/podbgp.yaml", "/etc/podbgp/podbgp.yaml")
            if settings:
                lab.node(node).exec("sed", "-i", f"$ a fib: {settings}", "/etc/podbgp/podbgp.yaml")
            lab[node].start()
            lab.fact(f"{node} has its session again", lambda: expect(lab[node].established(TOR[node][0]), lab[node].sessions()), within=25)
            lab[node].announce(*PODS[node])
            for prefixes in zip(PODS[node], PODS[OTHER[node]]):
                for prefix in prefixes:
                    wanted = [(str(protocol), metrics[0] if "." in prefix else metrics[1])]
                    lab.fact(f"{name}: the only mark of {prefix} is {wanted[0]}", lambda: expect(marks(prefix) == wanted, marks(prefix)), within=30)
            throughout(f"{name}: the routes stay", lambda: all(
                gateways(lab, node, prefix, [gateway], protocol) for prefix, gateway in zip(PODS[OTHER[node]], TOR[node])), 1)
            results = [stream.finish() for stream in streams]
        for result in results:
            lab.holds(f"{name}: 0 of {result['sent']} packets lost (longest gap {result['longest_gap_ms']} ms)", lambda: expect(
                result["lost"] == 0 and result["sent"] > 500, result))
    converged(lab)


def test_what_changed_meanwhile_is_put_right(lab):
    """A route that went while the daemon was dead is swept, one that came is installed."""
    converged(lab)
    lab["tor"].announce("10.20.1.0/24", "fd00:20:1::/64")
    for prefix, gateway in zip(("10.20.1.0/24", "fd00:20:1::/64"), TOR["node1"]):
        lab.fact(f"node1's kernel has {prefix}", lambda: gateways(lab, "node1", prefix, [gateway]))
    lab["node1"].kill()
    lab["tor"].withdraw("10.20.1.0/24", "fd00:20:1::/64")
    lab["tor"].announce("10.20.2.0/24", "fd00:20:2::/64")
    lab["node1"].start()
    for prefix, gateway in zip(("10.20.2.0/24", "fd00:20:2::/64"), TOR["node1"]):
        lab.fact(f"node1's kernel has {prefix}", lambda: gateways(lab, "node1", prefix, [gateway]), within=25)
    lab["node1"].announce(*PODS["node1"])
    for prefix in ("10.20.1.0/24", "fd00:20:1::/64"):
        lab.fact(f"node1's kernel lost {prefix}", lambda: lab.kernel("node1").route(prefix, "179") is None, within=30)
    assert has_path(lab["node1"], "10.20.2.0/24", (65001,))


def test_foreign_routes_are_left_alone(lab):
    """Routes and nexthop objects of others, of the same prefixes too, are neither changed nor removed."""
    converged(lab)
    node = lab.node("node2")
    node.net("ip", "route", "add", "10.99.0.0/24", "via", TOR["node2"][0], "proto", "static", "metric", "200")
    node.net("ip", "nexthop", "add", "id", "77", "via", TOR["node2"][0], "dev", "eth1", "proto", "static")
    node.net("ip", "route", "add", "10.98.0.0/24", "nhid", "77", "proto", "static")
    lab["tor"].announce("10.99.0.0/24")
    lab.fact("the API shows that the kernel refused 10.99.0.0/24 and why", lambda: expect(
        "static" in str(lab["node2"].entry("10.99.0.0/24").get("kernel", {}).get("reason", "")).lower(), lab["node2"].entry("10.99.0.0/24").get("kernel")))
    lab["node2"].kill()
    lab["node2"].start()
    lab.fact("node2 has its session", lambda: lab["node2"].established(TOR["node2"][0]), within=25)
    lab["tor"].withdraw("10.99.0.0/24")
    lab.fact("node2's API lost 10.99.0.0/24", lambda: not lab["node2"].routes("10.99.0.0/24"))
    for prefix in ("10.99.0.0/24", "10.98.0.0/24"):
        lab.holds(f"the static route {prefix} is there", lambda: lab.kernel("node2").route(prefix, "static"))
    for words in (["route", "del", "10.99.0.0/24"], ["route", "del", "10.98.0.0/24"], ["nexthop", "del", "id", "77"]):
        node.net("ip", *words)

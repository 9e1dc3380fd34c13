"""What the README promises, told as a story: `interop/run quickstart --narrate` or `scripts/quickstart`."""

import pytest

from lib import doc_commands
from lib.lab import ROOT
from lib.suite import has_path
from lib.waiting import expect

NODES = {
    "node1": {"asn": 65101, "peer": "10.1.1.1", "address": ("10.1.1.11", "fd00:1:1::11"), "tor": ("10.1.1.1", "fd00:1:1::1"),
              "pods": ("10.244.1.0/24", "fd00:10:244:1::/64")},
    "node2": {"asn": 65102, "peer": "10.1.2.1", "address": ("10.1.2.12", "fd00:1:2::12"), "tor": ("10.1.2.1", "fd00:1:2::1"),
              "pods": ("10.244.2.0/24", "fd00:10:244:2::/64")},
}
OTHER = {"node1": "node2", "node2": "node1"}
BEHIND_FRR = ("192.168.50.0/24", "fd00:50::/64")
ADDRESS = {"pod-a": ("10.244.1.10", "fd00:10:244:1::10"), "pod-c": ("10.244.2.10", "fd00:10:244:2::10"),
           "pod-d": ("10.244.2.11", "fd00:10:244:2::11"), "server": ("192.168.50.10", "fd00:50::10")}
VERSION = ("IPv4", "IPv6")


def kernel_via(lab, node, prefix, gateway, protocol):
    seen = lab.kernel(node).gateways(prefix, protocol)
    return expect(seen == [gateway], f"gateways {seen}")


def test_sessions(lab):
    lab.section("sessions")
    for name, node in NODES.items():
        lab.fact(f"{name} has a session with the ToR", lambda: expect(lab[name].established(node["peer"]), lab[name].sessions()), within=20)
        lab.fact(f"the ToR (BIRD) has a session with {name}", lambda: lab["tor"].established(node["address"][0]))
    lab.fact("the legacy router (FRR) has a session with the ToR", lambda: lab["legacy"].established("10.1.9.1"), within=20)
    lab.show("node1", "podbgp", "peers")
    lab.show("tor", "birdc", "show", "protocols")


def test_announcements(lab):
    lab.section("node agents announce their pod CIDRs over gRPC")
    for name, node in NODES.items():
        for prefix in node["pods"]:
            lab.show(name, "podbgp", "announce", prefix, "--owner", "cni")
        for version, prefix in zip(VERSION, node["pods"]):
            lab.fact(f"{name}'s API holds {prefix}", lambda: lab[name].routes(prefix))
            hop = node["address"][VERSION.index(version)]
            lab.fact(f"the ToR has {prefix} from AS {node['asn']} via {hop}", lambda: has_path(lab["tor"], prefix, (node["asn"],), hop))
            lab.fact("the ToR's kernel has it", lambda: kernel_via(lab, "tor", prefix, hop, "bird"))
            lab.fact(f"the legacy router has {prefix} by path 65001 {node['asn']}", lambda: has_path(lab["legacy"], prefix, (65001, node["asn"])))


def test_nodes_learn_from_each_other(lab):
    lab.section("each node's kernel knows the way to the other's pods and to what is behind FRR")
    for name, node in NODES.items():
        other = NODES[OTHER[name]]
        for prefixes, path in ((other["pods"], (65001, other["asn"])), (BEHIND_FRR, (65001, 65010))):
            for prefix, hop in zip(prefixes, node["tor"]):
                lab.fact(f"{name} has {prefix} by path {' '.join(map(str, path))} via {hop}", lambda: has_path(lab[name], prefix, path, hop))
                lab.fact(f"{name}'s API says that the kernel has it", lambda: expect(lab[name].in_kernel(prefix) == [hop], lab[name].entry(prefix).get("kernel")))
                lab.fact(f"{name}'s kernel has it", lambda: kernel_via(lab, name, prefix, hop, "179"))
    lab.show("node1", "podbgp", "routes")
    lab.show("node1", "ip", "route", "show")
    lab.show("node1", "ip", "-6", "route", "show", "proto", "179")


def test_own_blocks(lab):
    lab.section("a node's own block is a blackhole behind the bridge: unassigned pod addresses are dropped, pods are reached")
    for name, node in NODES.items():
        for prefix in node["pods"]:
            lab.fact(f"{name}'s kernel has {prefix} as a blackhole", lambda: (lab.kernel(name).route(prefix, "179") or {}).get("type") == "blackhole")
    lab.fact("node1 reaches its own pod over IPv4", lambda: lab.ping("node1", ADDRESS["pod-a"][0]))
    lab.fact("node1 reaches its own pod over IPv6", lambda: lab.ping("node1", ADDRESS["pod-a"][1]))


def test_pings(lab):
    lab.section("packets")
    for target, where in (("pod-c", "a pod of the other node"), ("pod-d", "the other pod there"), ("server", "the host behind FRR")):
        for version, address in zip(VERSION, ADDRESS[target]):
            lab.fact(f"pod-a reaches {where} ({address}) over {version}", lambda: lab.ping("pod-a", address))
    for version, address in zip(VERSION, ADDRESS["pod-a"]):
        lab.fact(f"the host behind FRR reaches pod-a ({address}) over {version}", lambda: lab.ping("server", address))
    lab.show("pod-a", "ping", "-n", "-c", "2", "-i", "0.2", ADDRESS["pod-c"][0])


def test_withdraw(lab):
    lab.section("a withdrawal reaches everybody, and its return too")
    prefix, hop = NODES["node2"]["pods"][0], NODES["node1"]["tor"][0]
    lab.show("node2", "podbgp", "withdraw", prefix, "--owner", "cni")
    lab.fact(f"the ToR lost {prefix}", lambda: not lab["tor"].routes(prefix))
    lab.fact(f"node1's kernel lost {prefix}", lambda: lab.kernel("node1").route(prefix, "179") is None)
    lab.show("node2", "podbgp", "announce", prefix, "--owner", "cni")
    lab.fact(f"node1's kernel has {prefix} again", lambda: kernel_via(lab, "node1", prefix, hop, "179"))
    lab.fact("pod-a reaches pod-c again", lambda: lab.ping("pod-a", ADDRESS["pod-c"][0]))


def test_the_readme_shows_these_facts(lab):
    """The output in README.md is the one that a newcomer sees: the same facts in the same order, whatever the seconds."""
    def texts(lines):
        return [line[4:].rpartition(" (")[0] for line in lines if line.startswith(" ok ")]

    shown = texts(doc_commands.block(ROOT, "README.md", "text").splitlines())
    told = texts(lab.facts)
    if not told:
        pytest.skip("run alone: the other tests of the lab tell the facts")
    assert [text for text in shown if "holds NET_ADMIN" not in text] == told  # what podbgpd holds is looked at when the lab goes down

"""One node under a BIRD ToR: the pages that tell of it, run as they stand, and the same facts in three places."""

import pathlib
import statistics

from lib.lab import ROOT, find_binaries
from lib.suite import has_path
from lib.transcript import Page
from lib.waiting import expect

HERE = pathlib.Path(__file__).resolve().parent
PODS = ("10.244.1.0/24", "fd00:10:244:1::/64")
FAR = ("10.244.9.0/24", "fd00:10:244:9::/64")
FAR_POD = ("10.244.9.10", "fd00:10:244:9::10")
NODE = ("10.1.1.11", "fd00:1:1::11")
TOR = ("10.1.1.1", "fd00:1:1::1")
POD = {"pod-a": ("10.244.1.10", "fd00:10:244:1::10"), "pod-b": ("10.244.1.11", "fd00:10:244:1::11")}


def page(lab, path):
    return Page(lab, path, lab.results / "page", find_binaries(lab.options["bin"]))


def gateways(lab, node, prefix, wanted, protocol):
    seen = lab.kernel(node).gateways(prefix, protocol)
    return expect(seen == wanted, f"gateways {seen}")


def test_session(lab):
    lab.section("a session with both families, within seconds of the start")
    lab.fact("node1 has a session with the ToR", lambda: expect(lab["node1"].established(TOR[0]), lab["node1"].sessions()), within=5)
    lab.fact("the ToR (BIRD) has a session with node1", lambda: lab["tor"].established(NODE[0]))
    lab.holds("both families are negotiated", lambda: expect(set(lab["node1"].families("tor")) == {4, 6}, lab["node1"].peer("tor")))


def test_readme(lab):
    """First the README, because its tables are those of a lab that was just deployed."""
    lab.section("the README, command by command")
    page(lab, HERE / "README.md").run()


def test_three_places(lab):
    lab.section("each route at the peer, in our API, in the kernel")
    for prefix, hop in zip(PODS, NODE):
        lab.fact(f"the ToR has {prefix} from AS 65101 via {hop}", lambda: has_path(lab["tor"], prefix, (65101,), hop))
        lab.fact(f"our API says that the ToR was sent {prefix}", lambda: lab["node1"].advertised("tor", prefix))
        lab.fact(f"the ToR's kernel has {prefix} via {hop}", lambda: gateways(lab, "tor", prefix, [hop], "bird"))
        lab.fact(f"node1's kernel has {prefix} as a blackhole", lambda: (lab.kernel("node1").route(prefix, "179") or {}).get("type") == "blackhole")
    for prefix, hop in zip(FAR, TOR):
        lab.fact(f"our API has {prefix} by path 65001 via {hop}", lambda: has_path(lab["node1"], prefix, (65001,), hop))
        lab.fact(f"our API says that the kernel has {prefix}", lambda: expect(lab["node1"].in_kernel(prefix) == [hop], lab["node1"].entry(prefix).get("kernel")))
        lab.fact(f"node1's kernel has {prefix} via {hop}", lambda: gateways(lab, "node1", prefix, [hop], "179"))


def test_packets(lab):
    lab.section("packets, pod to pod")
    for pod, addresses in POD.items():
        for address, far in zip(addresses, FAR_POD):
            lab.fact(f"{pod} reaches pod-z ({far})", lambda: lab.ping(pod, far))
            lab.fact(f"pod-z reaches {pod} ({address})", lambda: lab.ping("pod-z", address))


def test_from_start_to_established(lab):
    """The link is up and the peer listens: BIRD's pause after a lost session is over."""
    lab.section("from process start to Established")
    seconds = []
    for _ in range(3):
        lab["node1"].stop()
        lab.fact("the ToR waits for node1", lambda: expect(lab["tor"].sessions()[NODE[0]].state in ("Active", "Connect"), lab["tor"].sessions()), within=15)
        lab["node1"].start(wait=False)
        seconds.append(lab.fact("node1 has a session with the ToR", lambda: lab["node1"].running() and lab["node1"].seconds_to_up("tor"), within=15))
    shown = ", ".join(f"{value:.2f}" for value in seconds)
    lab.holds(f"from process start to Established: {shown} s", lambda: expect(statistics.median(seconds) < 1 or lab.sanitized, seconds))
    lab["node1"].wait_ready()


def test_getting_started(lab):
    """The newcomer's page, on a lab as it is after deployment."""
    lab.section("docs/getting-started.md, command by command")
    lab["node1"].withdraw_all("cni")
    for prefix in PODS:
        lab.fact(f"the ToR lost {prefix}", lambda: not lab["tor"].routes(prefix))
    page(lab, ROOT / "docs" / "getting-started.md").run()

"""200,000 routes through the node, with keepalives on time."""

import ipaddress

import pytest

from lib import capture
from lib.waiting import expect

COUNT = 200_000
FEEDER, SINK = "10.1.1.1", "10.1.2.1"
KEEPALIVE = 1.0  # seconds; hold time 3 s


def prefixes():
    """/24s and /25s, so that the kernel's trie is not the easiest there is."""
    start = int(ipaddress.ip_address("20.0.0.0"))
    return [f"{ipaddress.ip_address(start + index * 256)}/{24 + index % 2}" for index in range(COUNT)]


def sessions(lab):
    for name, address in (("feeder", FEEDER), ("sink", SINK)):
        lab.fact(f"the session with {name} is established", lambda: expect(lab["node"].established(address), lab["node"].sessions()), within=25)


def memory(lab, field):
    """MB of podbgpd, as the kernel counts: VmRSS now, VmHWM at most."""
    pid = lab.node("node").pidof("podbgpd")[0]
    line = next(line for line in lab.node("node").read_file(f"/proc/{pid}/status").splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def everywhere(lab, count, kernel=True):
    lab.fact(f"API: {count} routes accepted from the feeder", lambda: expect(lab["node"].accepted("feeder") == count, lab["node"].accepted("feeder")), within=60)
    if kernel:
        lab.fact(f"kernel: {count} routes", lambda: expect(lab.kernel("node").dump_count(4, 179) == count, lab.kernel("node").dump_count(4, 179)), within=60)
    lab.fact(f"API: {count} routes sent to the sink", lambda: expect(lab["node"].sent("sink") == count, lab["node"].sent("sink")), within=60)
    lab.fact(f"sink: {count} routes", lambda: expect(lab["sink"].count(4) == count, lab["sink"].count(4)), within=60)


def keepalives(lab, peer, ours):
    """The longest gap between our keepalives to the peer, from the packets; it must not exceed interval + 0.5 s."""
    gaps = capture.gaps(lab.capture("node"), ours, peer)
    lab.holds(f"longest gap between keepalives to {peer}: {gaps['keepalive']:.2f} s", lambda: expect(gaps["keepalive"] <= KEEPALIVE + 0.5, gaps))


@pytest.fixture(scope="module")
def fed(lab):
    """The feeder with its routes, its session still to come."""
    lab["feeder"].announce(*prefixes())
    return lab


def test_200k_to_rib_kernel_and_second_peer(fed):
    sessions(fed)
    everywhere(fed, COUNT)


def test_withdraw_of_all(fed):
    fed["feeder"].withdraw(*prefixes())
    everywhere(fed, 0)


def test_keepalives_meanwhile(fed):
    sessions(fed)
    keepalives(fed, FEEDER, "10.1.1.2")
    keepalives(fed, SINK, "10.1.2.2")


def test_memory_without_fib(fed):
    if fed.sanitized:
        pytest.skip("a sanitized podbgpd needs several times the memory")
    node = fed.node("node")
    fed["node"].stop()
    node.exec("install", "-m", "644", "/lab/node-no-fib.yaml", "/etc/podbgp/podbgp.yaml")
    fed["node"].start()
    fed["feeder"].announce(*prefixes())
    sessions(fed)
    everywhere(fed, COUNT, kernel=False)
    fed.holds(f"podbgpd holds {COUNT} routes in {memory(fed, 'VmRSS'):.1f} MB (at most {memory(fed, 'VmHWM'):.1f} MB)", lambda: expect(
        memory(fed, "VmHWM") < 64, memory(fed, "VmHWM")))
    assert fed.kernel("node").dump_count(4, 179) == 0

"""A self-test of the runner: the foreign speakers among themselves, seen and driven through every adapter."""

import pytest

from lib.waiting import expect

SPOKES = {"frr": ("10.1.1.2", 65002), "gobgp": ("10.1.2.2", 65003), "openbgpd": ("10.1.3.2", 65004)}
OWN = {"bird": ("10.20.1.0/24", "fd00:20:1::/64"), "frr": ("10.20.2.0/24", "fd00:20:2::/64"),
       "gobgp": ("10.20.3.0/24", "fd00:20:3::/64"), "openbgpd": ("10.20.4.0/24", "fd00:20:4::/64")}
ASN = {"bird": 65001, "frr": 65002, "gobgp": 65003, "openbgpd": 65004}
HOP = {"frr": "fd00:1:1::1", "gobgp": "fd00:1:2::1", "openbgpd": "fd00:1:3::1"}


@pytest.mark.parametrize("spoke", SPOKES)
def test_session(lab, spoke):
    address, _ = SPOKES[spoke]
    hub = address[:-1] + "1"
    lab.fact(f"BIRD has a session with {spoke}", lambda: lab["bird"].established(address), within=20)
    lab.fact(f"{spoke} has a session with BIRD", lambda: lab[spoke].established(hub))
    assert lab[spoke].version()


@pytest.mark.parametrize("origin", OWN)
def test_announce(lab, origin):
    lab[origin].announce(*OWN[origin])
    for name, speaker in lab.speakers.items():
        if name == origin:
            continue
        path = (ASN[origin],) if name == "bird" or origin == "bird" else (65001, ASN[origin])
        for prefix in OWN[origin]:
            lab.fact(f"{name} has {prefix} by path {path}", lambda: path in [route.as_path for route in speaker.routes(prefix) if route.best])


def test_next_hop_of_ipv6_over_ipv4(lab):
    for name, hop in HOP.items():
        lab.fact(f"{name}'s next hop is {hop}", lambda: hop in lab[name].best(OWN["bird"][1]).next_hops)


def test_kernel(lab):
    for prefix in OWN["frr"]:
        lab.fact(f"BIRD's kernel has {prefix}", lambda: lab.kernel("bird").gateways(prefix, "bird"))
    for prefix in OWN["bird"]:
        lab.fact(f"FRR's kernel has {prefix}", lambda: lab.kernel("frr").gateways(prefix, "bgp"))


@pytest.mark.parametrize("origin", OWN)
def test_withdraw(lab, origin):
    lab[origin].withdraw(*OWN[origin])
    for name, speaker in lab.speakers.items():
        for prefix in OWN[origin]:
            if name != origin:
                lab.fact(f"{name} lost {prefix}", lambda: not speaker.routes(prefix))


@pytest.mark.parametrize("spoke", SPOKES)
def test_kill_and_return(lab, spoke):
    address, _ = SPOKES[spoke]
    lab[spoke].kill()
    lab.fact("BIRD noticed", lambda: not lab["bird"].established(address), within=15)
    lab[spoke].start()
    lab.fact("BIRD has the session again", lambda: lab["bird"].established(address), within=20)


def test_link(lab):
    lab["frr"].announce("10.20.2.0/24")
    lab.fact("BIRD has the route", lambda: lab["bird"].best("10.20.2.0/24"))
    with lab.kernel("bird").monitor() as monitor:
        lab.link("frr:eth1", up=False)
        lab.fact("BIRD lost the route", lambda: not lab["bird"].best("10.20.2.0/24"), within=15)
        lab.fact("the monitor saw the deletion", lambda: [e for e in monitor.deletions() if e["prefix"] == "10.20.2.0/24"])
    lab.link("frr:eth1", up=True)
    lab.fact("BIRD has the route again", lambda: lab["bird"].best("10.20.2.0/24"), within=20)


def datagrams(lab, node):
    """(UDP datagrams that the node sent, and received) since it is up."""
    lines = [line.split() for line in lab.node(node).net("cat", "/proc/net/snmp").stdout.splitlines() if line.startswith("Udp:")]
    counters = dict(zip(*lines))
    return int(counters["OutDatagrams"]), int(counters["InDatagrams"])


def test_packets(lab):
    lab.fact("ping over IPv4", lambda: lab.ping("frr", "10.1.1.1"))
    lab.fact("ping over IPv6", lambda: lab.ping("frr", "fd00:1:1::1"))
    with lab.stream("frr", "bird", "10.1.1.1") as stream:
        received = datagrams(lab, "bird")[1]
        lab.fact("packets arrive", lambda: datagrams(lab, "bird")[1] > received + 100)
        lab.link("bird:eth1", up=False)
        sent = datagrams(lab, "frr")[0]
        # Some 280 wait in the queue of the lost neighbour and do arrive afterwards (neigh/default/unres_qlen_bytes).
        lab.fact("packets are sent that cannot arrive", lambda: datagrams(lab, "frr")[0] > sent + 600)
        lab.link("bird:eth1", up=True)
        lab.fact("ping over IPv4", lambda: lab.ping("frr", "10.1.1.1"))
        result = stream.finish()
    lab.holds("the stream counts them as lost, and only them", lambda: expect(result["received"] > 100 and result["lost"] > 100, result))


def test_nodes_hide_the_host(lab):
    node = lab.node("bird")
    node.write_file("/etc/podbgp-lab-was-here", "x")
    assert node.exec("hostname").stdout.strip() == "bird"
    assert not lab.node("frr").exec("test", "-e", "/etc/podbgp-lab-was-here", check=False).returncode == 0

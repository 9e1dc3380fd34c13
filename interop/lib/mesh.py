"""A Calico-style mesh: who dials whom, what a join and a leave do, cold start to full reach. For the labs `mesh` and `mesh-calico` and `interop/mesh-scale`."""

import concurrent.futures
import re
import time

from lib.tables import Tables
from lib.waiting import expect

EVENT = re.compile(r"^\S+ \w+ +(PEER_UP|PEER_DOWN|PEER_RESET) .*? peer=(\S+)")


def waits(ours, theirs):
    """Calico's rule: the end whose peer has the greater address *as a string* is passive."""
    return theirs > ours


def connections(lab, node):
    """{peer address: True where the node dialled} of a node's established BGP connections."""
    found = {}
    for line in lab.node(node).net("ss", "-Htn", "state", "established").stdout.splitlines():
        local, remote = (end.rpartition(":") for end in line.split()[-2:])
        if "179" in (local[2], remote[2]):
            found[remote[0].strip("[]").removeprefix("::ffff:")] = remote[2] == "179"
    return found


def at_once(deed, names):
    """Does the same on several nodes at the same time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(names)) as pool:
        list(pool.map(deed, names))


def events(lab, node, since):
    """[(event, peer)] in the log of a node behind so many characters: one line a change of a session."""
    return [found.groups() for line in lab[node].log()[since:].splitlines() if (found := EVENT.match(line))]


class Watch:
    """Session events of some nodes from now on, and whether sessions were touched in any other way."""

    def __init__(self, lab, nodes):
        self.lab = lab
        self.logs = {node: len(lab[node].log()) for node in nodes}
        self.peers = {node: self._sessions(node) for node in nodes}

    def _sessions(self, node):
        return {name: (peer["since"], peer["flaps"]) for name, peer in self.lab[node].peers().items() if peer["state"] == "STATE_ESTABLISHED"}

    def only(self, event, *peers):
        """A fact for each node: this one event of each of these peers, and every other session as it was."""
        for node, since in self.logs.items():
            self.lab.fact(f"{node}: one session event, {event} of {' and of '.join(peers)}", lambda: expect(
                sorted(events(self.lab, node, since)) == [(event, peer) for peer in sorted(peers)], events(self.lab, node, since)))
            before = {name: state for name, state in self.peers[node].items() if name not in peers}
            now = self._sessions(node)
            self.lab.holds(f"{node}: its {len(before)} other sessions were not touched", lambda: expect(
                before and {name: now.get(name) for name in before} == before, f"before {before}, now {now}"))


def cold(lab, nodes, wanted, within=60):
    """Stops the daemons, removes their routes, starts all at once; seconds until every kernel has every prefix."""
    at_once(lambda name: lab[name].stop(), nodes)
    for name in nodes:
        lab.node(name).net("ip", "nexthop", "flush", "proto", "179")  # and the routes that use them
        for version in ("-4", "-6"):
            lab.node(name).net("ip", version, "route", "flush", "proto", "179")
    tables = Tables([lab.node(name) for name in nodes])
    since = time.monotonic()
    at_once(lambda name: lab[name].start(wait=False), nodes)
    return tables.wait(wanted, within, since)

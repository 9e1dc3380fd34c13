"""The kernel's own view of a node: tables, nexthop objects, links, and what it notified."""

import json
import pathlib
import sys
import tempfile

from lib import backend, waiting
from lib.speakers import base

HERE = pathlib.Path(__file__).resolve().parent


class Kernel:
    def __init__(self, node):
        self.node = node

    def _json(self, *words):
        text = self.node.net("ip", "-j", *words).stdout.strip()
        return json.loads(text) if text else []

    def routes(self, prefix, table="main"):
        """The kernel's routes for exactly this prefix, nexthop groups resolved: dicts as `ip -j -d route` prints them."""
        version = base.family(prefix)
        found = self._json(f"-{version}", "-d", "route", "show", "exact", prefix, "table", table)
        return [route | {"gateways": self._gateways(route)} for route in found]

    def route(self, prefix, protocol=None, table="main"):
        """The one route of the prefix (of that protocol), or None."""
        routes = [route for route in self.routes(prefix, table) if protocol is None or route.get("protocol") == str(protocol)]
        return routes[0] if routes else None

    def gateways(self, prefix, protocol=None, table="main"):
        """Sorted gateways of the route; None: there is no such route."""
        route = self.route(prefix, protocol, table)
        return None if route is None else route["gateways"]

    def _gateways(self, route):
        """Gateways of a plain route, of its nexthop list, or of the nexthop object it uses, sorted."""
        found = []
        for hop in route.get("nexthops", [route]):
            via = hop.get("gateway") or hop.get("via", {}).get("host")
            if via and "dead" not in hop.get("flags", []):
                found.append(via)
        return sorted(found)

    def dump_count(self, version, protocol):
        """How many routes of a protocol the main table holds."""
        text = self.node.net("ip", f"-{version}", "route", "show", "table", "main", "proto", str(protocol), timeout=120).stdout
        return sum(1 for line in text.splitlines() if line and not line[0].isspace())

    def addresses(self, interface):
        """The addresses of an interface, both families, without their lengths."""
        return [entry["local"] for link in self._json("address", "show", "dev", interface) for entry in link.get("addr_info", []) if "local" in entry]

    def nexthops(self):
        return self._json("nexthop", "show")

    def lookup(self, destination):
        """Where the kernel would send a packet: the dict of `ip -j route get`."""
        found = self._json("route", "get", destination)
        return found[0] if found else None

    def tables(self):
        return "\n".join(self.node.net("ip", *words, check=False).stdout for words in (
            ["-brief", "address"], ["-4", "route", "show"], ["-6", "route", "show"], ["nexthop", "show"], ["neigh", "show"]))

    def monitor(self):
        return Monitor(self.node)


class Monitor:
    """Records the kernel's notifications about routes and nexthop objects; a context manager.

    Events are dicts: event (RTM_DELROUTE, ...), family, prefix, table, protocol, metric, id (of nexthop objects), pid (the
    port id of whoever made the change; 0: the kernel itself).
    """

    def __init__(self, node):
        self.node = node
        self.process = None
        self.file = tempfile.TemporaryFile(mode="w+", encoding="utf-8")

    def __enter__(self):
        self.process = self.node.popen_net(sys.executable, "-u", str(HERE / "nlmon.py"), stdout=self.file)
        waiting.until("the netlink monitor listens", self.events)
        return self

    def __exit__(self, *_):
        backend.stop_process(self.process)

    def events(self):
        self.file.flush()
        self.file.seek(0)
        return [json.loads(line) for line in self.file.read().splitlines() if line.endswith("}")]

    def deletions(self):
        return [event for event in self.events() if event["event"] in ("RTM_DELROUTE", "RTM_DELNEXTHOP")]

"""BIRD 2 and 3, through birdc.

For announce/withdraw the configuration includes `/run/bird/lab4*.conf` and `/run/bird/lab6*.conf` inside a static protocol of each family.
"""

import re

from lib.speakers import base

ROUTE = re.compile(r"^(?P<prefix>\S+)?\s+(?P<kind>unicast|blackhole|unreachable|prohibit)\s+\[(?P<proto>\S+) [^\]]*\](?P<best> \*)?")

NAMES_OF_BIRD_3 = {"bgp_path": "BGP.as_path", "bgp_next_hop": "BGP.next_hop", "bgp_local_pref": "BGP.local_pref", "bgp_med": "BGP.med",
                   "bgp_community": "BGP.community", "bgp_originator_id": "BGP.originator_id", "bgp_cluster_list": "BGP.cluster_list"}


class Bird(base.Speaker):
    kind = "bird"
    process = "bird"
    log_path = "/var/log/bird.log"

    def __init__(self, node):
        super().__init__(node)
        self.announced = {4: {}, 6: {}}

    def start(self):
        self.node.exec("bird", "-c", "/etc/bird/bird.conf")

    def birdc(self, *words, check=True):
        text = self.node.exec("birdc", *words, check=check).stdout
        return text.split("\n", 1)[1] if text.startswith("BIRD ") else text  # without "BIRD 2.0.12 ready."

    def version(self):
        return self.node.exec("bird", "--version").stderr.replace("BIRD version", "").strip()

    def sessions(self):
        result = {}
        for block in re.split(r"\n(?=\S)", self.birdc("show", "protocols", "all")):
            found = re.search(r"Neighbor address:\s+(\S+)", block)
            state = re.search(r"BGP state:\s+(\S+)", block)
            if found and state:
                error = re.search(r"Last error:\s+(.+)", block)
                key = base.address(found[1])
                result[key] = base.Session(key, state[1], state[1] == "Established", error[1] if error else "")
        return result

    def routes(self, prefix):
        table = f"master{base.family(prefix)}"
        text = self.birdc("show", "route", prefix, "table", table, "all", check=False)
        routes, current = [], None
        for line in text.splitlines():
            head = ROUTE.match(line)
            if head:
                current = {"best": bool(head["best"]), "peer": head["proto"], "next_hops": []}
                routes.append(current)
            elif current is not None:
                self._attribute(current, line.strip())
        return [base.Route(prefix=base.same(prefix), next_hops=tuple(r.pop("next_hops")), **r) for r in routes]

    @staticmethod
    def _attribute(route, line):
        key, _, value = line.partition(": ")
        key = NAMES_OF_BIRD_3.get(key, key)
        if line.startswith("via "):
            route["next_hops"].append(line.split()[1])
        elif key == "BGP.as_path":
            route["as_path"] = tuple(int(word) for word in re.findall(r"\d+", value))
        elif key == "BGP.next_hop":
            route["next_hops"] = [value.split()[0]]  # the attribute counts: "via" may be the link-local address beside it
        elif key == "BGP.local_pref":
            route["local_pref"] = int(value)
        elif key == "BGP.med":
            route["med"] = int(value)
        elif key == "BGP.originator_id":
            route["originator"] = value.strip()
        elif key == "BGP.cluster_list":
            route["cluster_list"] = tuple(value.split())
        elif key == "BGP.community":
            route["communities"] = frozenset(f"{a}:{b}" for a, b in re.findall(r"\((\d+),\s*(\d+)\)", value))

    def count(self, version):
        found = re.search(r"for (\d+) networks", self.birdc("show", "route", "table", f"master{version}", "count"))
        return int(found[1]) if found else 0

    def tables(self):
        return self.birdc("show", "protocols") + self.birdc("show", "route")

    def _publish(self):
        for version, prefixes in self.announced.items():
            text = "".join(f"route {prefix} blackhole;\n" for prefix in prefixes)
            self.node.write_file(f"/run/bird/lab{version}.conf", text)
        self.birdc("configure")

    def announce(self, *prefixes):
        for prefix in prefixes:
            self.announced[base.family(prefix)][prefix] = True
        self._publish()

    def withdraw(self, *prefixes):
        for prefix in prefixes:
            self.announced[base.family(prefix)].pop(prefix, None)
        self._publish()

    def reannounce(self, *prefixes):
        """What was announced is in files: a new process has it already."""

    def refresh(self, peer):
        """Asks the peer for its routes again."""
        del peer  # all of them
        words = ["reload", "in"] if self.version().startswith("2") else ["reload", "bgp", "in"]
        for name in self._bgp_protocols():
            self.birdc(*words, name)

    def _bgp_protocols(self):
        return [line.split()[0] for line in self.birdc("show", "protocols").splitlines() if len(line.split()) > 1 and line.split()[1] == "BGP"]

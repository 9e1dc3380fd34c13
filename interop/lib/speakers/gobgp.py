"""GoBGP 3, through its command line's JSON. It writes no kernel routes here.

Over an IPv4 session GoBGP names an IPv4-mapped next hop for IPv6 unless told one: the label `podbgp.lab/next-hop6`;
`podbgp.lab/community` is put on what it announces.
"""

import json

from lib import waiting
from lib.speakers import base

ESTABLISHED = 6
STATES = {0: "Unknown", 1: "Idle", 2: "Connect", 3: "Active", 4: "OpenSent", 5: "OpenConfirm", 6: "Established"}


class GoBgp(base.Speaker):
    kind = "gobgp"
    process = "gobgpd"
    log_path = "/var/log/gobgpd.log"
    writes_kernel = False

    def start(self):
        self.node.sh("setsid gobgpd -f /etc/gobgp/gobgpd.yml -t yaml >>/var/log/gobgpd.log 2>&1 </dev/null &")
        waiting.until("GoBGP answers", lambda: self.node.exec("gobgp", "global", check=False).returncode == 0)

    def gobgp(self, *words, check=True):
        return self.node.exec("gobgp", *words, check=check).stdout

    def json(self, *words):
        text = self.gobgp("-j", *words, check=False)
        return json.loads(text) if text.strip().startswith(("{", "[")) else {}

    def version(self):
        return self.gobgp("--version").replace("gobgp version", "").strip()

    def sessions(self):
        result = {}
        for peer in self.json("neighbor") or []:
            key = base.address(peer["state"].get("neighbor_address") or peer["conf"]["neighbor_address"])
            number = peer["state"].get("session_state", 0)
            result[key] = base.Session(key, STATES.get(number, str(number)), number == ESTABLISHED)
        return result

    def routes(self, prefix):
        table = self.json("global", "rib", prefix, "-a", f"ipv{base.family(prefix)}")
        paths = [path for key, list_ in table.items() if "/" in key for path in list_] if isinstance(table, dict) else []
        return [self._route(prefix, path) for path in paths if base.same(path["nlri"]["prefix"]) == base.same(prefix)]

    @staticmethod
    def _route(prefix, path):
        fields = {}
        for attribute in path.get("attrs", []):
            kind = attribute["type"]
            if kind == 2:
                fields["as_path"] = tuple(number for segment in attribute["as_paths"] for number in segment["asns"])
            elif kind in (3, 14):
                fields["next_hops"] = (base.address(attribute["nexthop"]),)
            elif kind == 4:
                fields["med"] = attribute["metric"]
            elif kind == 5:
                fields["local_pref"] = attribute["value"]
            elif kind == 8:
                fields["communities"] = frozenset(f"{value >> 16}:{value & 0xffff}" for value in attribute["communities"])
        return base.Route(prefix=base.same(prefix), best=bool(path.get("best")), peer=path.get("neighbor-ip"), **fields)

    def count(self, version):
        return len(self.json("global", "rib", "-a", f"ipv{version}"))

    def tables(self):
        return "".join(self.gobgp(*words) for words in (["neighbor"], ["global", "rib", "-a", "ipv4"], ["global", "rib", "-a", "ipv6"]))

    def _rib(self, word, prefixes):
        for prefix in prefixes:
            next_hop = self.node.spec.labels.get("next-hop6") if base.family(prefix) == 6 else None
            community = self.node.spec.labels.get("community")
            extra = (["nexthop", next_hop] if next_hop else []) + (["community", community] if community and word == "add" else [])
            self.gobgp("global", "rib", word, prefix, *extra, "-a", f"ipv{base.family(prefix)}")

    def announce(self, *prefixes):
        self._rib("add", prefixes)

    def withdraw(self, *prefixes):
        self._rib("del", prefixes)


"""Our own daemon, through its command line (`podbgp -o json`), as a node agent or a person would use it."""

import datetime
import json
import os
import re
import time

from lib import waiting
from lib.speakers import base

SANITIZER = re.compile(r"(ERROR|WARNING): (Address|Leak|Thread|Memory)Sanitizer|: runtime error: ")
CONFIG = "/etc/podbgp/podbgp.yaml"


def snake(value):
    """Keys as in the .proto files, however the JSON spells them."""
    if isinstance(value, dict):
        return {re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), key): snake(entry) for key, entry in value.items()}
    return [snake(entry) for entry in value] if isinstance(value, list) else value


def token(text):
    """`STATE_ESTABLISHED`, `Established` → `established`."""
    return re.sub(r"^(state|route_source|family)_", "", str(text).lower())


class PodBgp(base.Speaker):
    kind = "podbgp"
    process = "podbgpd"
    log_path = "/var/log/podbgpd.log"
    owner = "lab"

    def start(self, wait=True):
        self.node.sh(f"setsid podbgpd --config {CONFIG} >>{self.log_path} 2>&1 </dev/null &")
        if wait:
            self.wait_ready()

    def wait_ready(self, within=10):
        waiting.until(f"podbgpd on {self.name} answers", lambda: self.cli("status", check=False).returncode == 0, within)

    def cli(self, *words, check=True, timeout=30):
        return self.node.exec("podbgp", *words, check=check, timeout=timeout)

    def json(self, *words, timeout=30):
        return snake(json.loads(self.cli(*words, "-o", "json", timeout=timeout).stdout or "{}"))

    def findings(self):
        """What a sanitizer wrote into the log: lines that no run may have."""
        return [line for line in self.log().splitlines() if SANITIZER.search(line)]

    def version(self):
        return self.node.exec("podbgpd", "--version").stdout.strip().replace("podbgpd ", "")

    # --- sessions ---
    def peers(self):
        """{name: peer as the API gives it}"""
        found = self.json("peers")
        return {peer["name"]: peer for peer in (found.get("peers", []) if isinstance(found, dict) else found)}

    def sessions(self):
        result = {}
        for peer in self.peers().values():
            key, state = base.address(peer["address"]), token(peer.get("state", "?"))
            result[key] = base.Session(key, state, state == "established", peer.get("last_error", ""))
        return result

    def peer(self, name):
        return self.peers()[name]

    def families(self, name):
        """{4: {...}, 6: {...}}: the peer's negotiated families."""
        return {4 if "4" in entry.get("family", "") else 6: entry for entry in self.peer(name).get("families", []) if entry.get("negotiated")}

    # --- routes ---
    def entry(self, prefix, *options):
        """The API's entry for exactly this prefix ({} when it has none): paths and what the kernel made of it."""
        found = self.json("routes", prefix, *(options or ("--view", "all")))
        entries = found.get("entries", []) if isinstance(found, dict) else found
        return next((entry for entry in entries if base.same(entry["prefix"]) == base.same(prefix)), {})

    def routes(self, prefix):
        return [self._route(prefix, path) for path in self.entry(prefix).get("paths", [])]

    @staticmethod
    def _route(prefix, path):
        attributes = path.get("attributes", {})
        return base.Route(
            prefix=base.same(prefix), next_hops=(base.address(attributes["next_hop"]),) if attributes.get("next_hop") else (),
            as_path=tuple(int(word) for word in re.findall(r"\d+", attributes.get("as_path", ""))),
            communities=frozenset(attributes.get("communities", [])), local_pref=attributes.get("local_pref"), med=attributes.get("med"),
            best=bool(path.get("best")), peer=path.get("peer") or None,
            originator=attributes.get("originator_id") or None, cluster_list=tuple(attributes.get("cluster_list", [])))

    def advertised(self, peer, prefix):
        """What the peer was sent for the prefix, or None."""
        paths = self.entry(prefix, "--view", "advertised", "--peer", peer).get("paths", [])
        return self._route(prefix, paths[0]) if paths else None

    def in_kernel(self, prefix):
        """What the daemon says the kernel has: sorted next hops ([] for a blackhole), or None when it is not installed."""
        kernel = self.entry(prefix).get("kernel", {})
        return sorted(base.address(hop) for hop in kernel.get("next_hops", [])) if token(kernel.get("state")) == "installed" else None

    def accepted(self, peer):
        """Routes of all families that were taken from the peer, after policy."""
        return sum(int(family.get("accepted", 0)) for family in self.peer(peer).get("families", []))

    def sent(self, peer):
        """Routes of all families that the peer has from us."""
        return sum(int(family.get("advertised", 0)) for family in self.peer(peer).get("families", []))

    def count(self, version):
        return sum(int(family.get("accepted", 0)) for peer in self.peers().values() for family in peer.get("families", [])
                   if str(version) in family.get("family", ""))

    def tables(self):
        return "".join(self.cli(*words, check=False).stdout for words in (["status"], ["peers"], ["routes"]))

    def announce(self, *prefixes):
        self.cli("announce", *prefixes, "--owner", self.owner)

    def withdraw(self, *prefixes):
        self.cli("withdraw", *prefixes, "--owner", self.owner)

    def withdraw_all(self, owner):
        """The owner's set becomes empty."""
        self.node.exec("podbgp", "replace", "-f", "-", "--owner", owner, stdin="[]")

    # --- the process ---
    def memory(self):
        """{"Pss": MiB, "Rss": MiB} of the daemon, as the kernel counts."""
        text = self.node.read_file(f"/proc/{self.node.pidof(self.process)[0]}/smaps_rollup")
        return {key: int(value.split()[0]) / 1024 for key, value in (line.split(":", 1) for line in text.splitlines()[1:]) if key in ("Pss", "Rss")}

    def seconds_to_up(self, peer):
        """From the start of the running process to the first session with a peer (its name), by the log's clock; None: none yet."""
        ticks = int(self.node.read_file(f"/proc/{self.node.pidof(self.process)[0]}/stat").rpartition(")")[2].split()[19])
        started = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
        ups = (datetime.datetime.fromisoformat(line.split()[0]).timestamp() for line in self.log().splitlines()
               if " PEER_UP " in line and f" peer={peer} " in line)
        return next((up - started for up in ups if up >= started), None)

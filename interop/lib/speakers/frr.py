"""FRR (zebra and bgpd), through vtysh and its JSON. Routes are announced by `network` statements (`no bgp network import-check`)."""

import json
import signal

from lib import waiting
from lib.speakers import base


class Frr(base.Speaker):
    kind = "frr"
    process = "bgpd"
    log_path = "/var/log/frr/frr.log"

    def start(self):
        if not self.node.pidof("zebra"):
            self.node.exec("/usr/lib/frr/zebra", "-d")
        self.node.exec("/usr/lib/frr/bgpd", "-d")
        self.node.exec("vtysh", "-b")

    def stop(self):
        for name in ("bgpd", "zebra"):
            self.node.kill(name, signal.SIGTERM)
        waiting.until("FRR has ended", lambda: not self.node.pidof("zebra") and not self.running())

    def vtysh(self, *commands, check=True):
        words = [word for command in commands for word in ("-c", command)]
        return self.node.exec("vtysh", *words, check=check).stdout

    def json(self, command):
        return json.loads(self.vtysh(command + " json") or "{}")

    def version(self):
        return self.node.exec("/usr/lib/frr/bgpd", "--version").stdout.splitlines()[0].replace("bgpd version", "").strip()

    def sessions(self):
        result = {}
        for key, peer in self.json("show bgp neighbors").items():
            if not isinstance(peer, dict) or "bgpState" not in peer:
                continue
            state = peer["bgpState"]
            result[base.address(key)] = base.Session(base.address(key), state, state == "Established", peer.get("lastResetDueTo", ""))
        return result

    def routes(self, prefix):
        data = self.json(f"show bgp ipv{base.family(prefix)} unicast {prefix}")
        if base.same(data.get("prefix", "::/0")) != base.same(prefix) and data.get("prefix"):
            return []
        result = []
        for path in data.get("paths", []):
            aspath = path.get("aspath", {})
            numbers = tuple(number for segment in aspath.get("segments", []) for number in segment.get("list", []))
            hops = [hop["ip"] for hop in path.get("nexthops", []) if hop.get("scope", "global") == "global"]
            result.append(base.Route(
                prefix=base.same(prefix), next_hops=tuple(hops), as_path=numbers,
                communities=frozenset(path.get("community", {}).get("list", [])),
                local_pref=path.get("locPrf"), med=path.get("metric", path.get("med")),
                best=bool(path.get("bestpath", {}).get("overall")),
                originator=path.get("originatorId"), cluster_list=tuple(path.get("clusterList", {}).get("list", [])),
                peer=path.get("peer", {}).get("peerId")))
        return result

    def count(self, version):
        return len(self.json(f"show bgp ipv{version} unicast").get("routes", {}))

    def tables(self):
        return self.vtysh("show bgp summary", "show bgp ipv4 unicast", "show bgp ipv6 unicast")

    def _asn(self):
        return self.json("show bgp summary")["ipv4Unicast"]["as"]

    def _network(self, prefixes, word):
        commands = ["configure terminal", f"router bgp {self._asn()}"]
        for prefix in prefixes:
            commands += [f"address-family ipv{base.family(prefix)} unicast", f"{word}network {prefix}", "exit-address-family"]
        self.vtysh(*commands)

    def announce(self, *prefixes):
        self._network(prefixes, "")

    def withdraw(self, *prefixes):
        self._network(prefixes, "no ")

    def refresh(self, peer):
        self.vtysh(f"clear bgp ipv4 unicast {peer} soft in", f"clear bgp ipv6 unicast {peer} soft in")

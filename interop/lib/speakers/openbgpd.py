"""OpenBGPD (portable), through bgpctl's JSON. The portable version writes no kernel routes."""

import json
import re
import signal

from lib import waiting
from lib.speakers import base


class OpenBgpd(base.Speaker):
    kind = "openbgpd"
    process = "bgpd"
    log_path = "/var/log/openbgpd.log"
    writes_kernel = False

    def start(self):
        self.node.sh("setsid bgpd -d -f /etc/openbgpd/bgpd.conf >>/var/log/openbgpd.log 2>&1 </dev/null &")
        waiting.until("OpenBGPD answers", lambda: self.node.exec("bgpctl", "show", check=False).returncode == 0)

    def stop(self):
        self.node.kill(self.process, signal.SIGTERM)
        self.wait_gone()

    def bgpctl(self, *words, check=True):
        return self.node.exec("bgpctl", *words, check=check).stdout

    def json(self, *words):
        return json.loads(self.bgpctl("-j", *words) or "{}")

    def version(self):
        return re.sub(r"^OpenBGPD\s*", "", (lambda done: done.stdout + done.stderr)(self.node.exec("bgpd", "-V", check=False)).strip())

    def sessions(self):
        result = {}
        for peer in self.json("show", "neighbor").get("neighbors", []):
            key = base.address(peer["remote_addr"])
            result[key] = base.Session(key, peer["state"], peer["state"] == "Established")
        return result

    def routes(self, prefix):
        data = self.json("show", "rib", "detail", prefix)
        result = []
        for path in data.get("rib", []):
            if base.same(path["prefix"]) != base.same(prefix):
                continue
            result.append(base.Route(
                prefix=base.same(prefix), next_hops=(path["exit_nexthop"],),
                as_path=tuple(int(word) for word in re.findall(r"\d+", str(path.get("aspath", "")))),
                communities=frozenset(path.get("communities", [])), local_pref=path.get("localpref"), med=path.get("metric"),
                best=bool(path.get("best")), peer=path.get("neighbor", {}).get("remote_addr")))
        return result

    def count(self, version):
        return len({path["prefix"] for path in self.json("show", "rib", "inet" if version == 4 else "inet6").get("rib", [])})

    def tables(self):
        return self.bgpctl("show", check=False) + self.bgpctl("show", "rib", check=False)

    def announce(self, *prefixes):
        for prefix in prefixes:
            self.bgpctl("network", "add", prefix)

    def withdraw(self, *prefixes):
        for prefix in prefixes:
            self.bgpctl("network", "delete", prefix)

    def hurry(self, peer):
        """After a lost session OpenBGPD is idle for 30 s, next time 60 s, and refuses connections meanwhile."""
        session = self.sessions().get(peer)
        if session is not None and session.state == "Idle":
            self.bgpctl("neighbor", peer, "up", check=False)

    def refresh(self, peer):
        self.bgpctl("neighbor", peer, "refresh")

"""Our own daemon, through its command line (`podbgp -o json`), as a node agent or a person would use it."""

import json

from lib import waiting
from lib.speakers import base

SOCKET = "/run/podbgp/api.sock"
CONFIG = "/etc/podbgp/podbgp.yaml"


class PodBgp(base.Speaker):
    kind = "podbgp"
    process = "podbgpd"
    log_path = "/var/log/podbgpd.log"
    owner = "lab"

    def start(self):
        self.node.sh(f"setsid podbgpd --config {CONFIG} >>{self.log_path} 2>&1 </dev/null &")
        self.wait_ready()

    def wait_ready(self, within=10):
        waiting.until(f"podbgpd on {self.name} answers", lambda: self.cli("status", check=False).returncode == 0, within)

    def cli(self, *words, check=True, timeout=30):
        return self.node.exec("podbgp", "--server", f"unix:{SOCKET}", *words, check=check, timeout=timeout)

    def json(self, *words):
        return json.loads(self.cli(*words, "-o", "json").stdout or "{}")

    def version(self):
        return self.node.exec("podbgpd", "--version").stdout.strip().replace("podbgpd ", "")

    def sessions(self):
        result = {}
        for peer in self.json("peers").get("peers", []):
            state = peer.get("state", "?")
            key = base.address(peer["address"])
            result[key] = base.Session(key, state, state.lower().endswith("established"), peer.get("reason", ""))
        return result

    def routes(self, prefix):
        return []

    def count(self, version):
        return 0

    def tables(self):
        return self.cli("status", check=False).stdout + self.cli("peers", check=False).stdout + self.cli("routes", check=False).stdout

    def announce(self, *prefixes):
        self.cli("announce", *prefixes, "--owner", self.owner)

    def withdraw(self, *prefixes):
        self.cli("withdraw", *prefixes, "--owner", self.owner)

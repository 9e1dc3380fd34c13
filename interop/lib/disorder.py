"""Much at once that goes wrong on nodes running podbgpd, by a seed: links, daemons, addresses, silence, resets, configurations, foreign hands in the kernel."""

import random

from lib import waiting
from lib.hops import Silence

CONFIG, ORIGINAL = "/etc/podbgp/podbgp.yaml", "/etc/podbgp/lab/podbgp.yaml"


class Disorder:
    """Deeds on the nodes of a mesh; `restore` takes back all that lasts."""

    def __init__(self, lab, nodes, ends, addresses, seed):
        self.lab, self.nodes = lab, list(nodes)
        self.ends = ends  # of links that may go
        self.addresses = addresses  # {node: addresses with lengths, on eth1}
        self.random = random.Random(seed)
        self.down, self.dead, self.silent, self.forgetful = set(), set(), {}, set()
        self.deeds = [self.link, self.link, self.daemon, self.daemon, self.address, self.silence, self.reset, self.forget, self.announce, self.foreign_hand]

    def stir(self, count):
        for _ in range(count):
            self.random.choice(self.deeds)(self.random.choice(self.nodes))
            pause = self.random.random() * 0.15
            waiting.throughout("the next deed comes", lambda: True, pause, poll=pause)

    # --- deeds ---
    def link(self, _):
        end = self.random.choice(self.ends)
        self.lab.link(end, up=end in self.down)
        self.down ^= {end}

    def daemon(self, name):
        if name in self.dead:
            self.lab[name].start(wait=False)
        else:
            self.random.choice([self.lab[name].kill, self.lab[name].stop])()
        self.dead ^= {name}

    def address(self, name):
        address = self.random.choice(self.addresses[name])
        for word in ("del", "add"):
            self.lab.node(name).net("ip", "address", word, address, "dev", "eth1", check=False)

    def silence(self, name):
        if name in self.silent:
            self.silent.pop(name).__exit__()
        else:
            self.silent[name] = Silence(self.lab.node(name))
            self.silent[name].__enter__()

    def reset(self, name):
        if name not in self.dead:
            self.lab[name].cli("peer", "reset", self.random.choice([other for other in self.nodes if other != name]), check=False)

    def forget(self, name):
        """Another node goes from the configuration."""
        if name not in self.dead:
            other = self.random.choice([other for other in self.nodes if other != name])
            self.lab.node(name).exec("sed", "-i", f"/name: {other},/d", CONFIG)
            self.lab[name].cli("config", "reload", check=False)
            self.forgetful.add(name)

    def announce(self, name):
        if name not in self.dead:
            self.lab[name].cli(self.random.choice(["announce", "withdraw"]), f"10.244.{200 + self.random.randrange(4)}.0/26", "--owner", "disorder", check=False)

    def foreign_hand(self, name):
        """Somebody deletes a nexthop object or a route of ours."""
        objects = self.lab.kernel(name).nexthops()
        if objects and self.random.random() < 0.5:
            self.lab.node(name).net("ip", "nexthop", "del", "id", str(self.random.choice(objects)["id"]), check=False)
        else:
            self.lab.node(name).net("ip", "-4", "route", "flush", "root", "10.244.0.0/16", "proto", "179", check=False)

    # --- and back ---
    def restore(self):
        for silence in self.silent.values():
            silence.__exit__()
        for end in self.down:
            self.lab.link(end, up=True)
        for name in self.nodes:
            for address in self.addresses[name]:  # IPv6 addresses go with a link
                self.lab.node(name).net("ip", "address", "add", address, "dev", "eth1", check=False)
            if name in self.dead:
                self.lab[name].start(wait=False)
            self.lab[name].wait_ready()
            if name in self.forgetful:
                self.lab.node(name).exec("cp", ORIGINAL, CONFIG)
                self.lab[name].cli("config", "reload")
            self.lab[name].withdraw_all("disorder")
        self.down, self.dead, self.silent, self.forgetful = set(), set(), {}, set()

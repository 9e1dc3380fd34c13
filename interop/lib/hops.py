"""Where the packets of a stream vanish: nftables counters at the entrance and the exit of every hop."""

import json

BEFORE_DROP, DROP = -500, -400


class Hops:
    """Counts UDP packets by destination port at several nodes; a context manager."""

    def __init__(self, lab, nodes, ports):
        self.lab, self.nodes, self.ports = lab, list(nodes), list(ports)

    def __enter__(self):
        counters = "".join(f"counter {side}{port} {{}}\n" for side in ("in", "out") for port in self.ports)
        hooks = "".join(
            f"chain {side} {{ type filter hook {hook} priority {priority}; policy accept;\n"
            + "".join(f"udp dport {port} counter name {side}{port}\n" for port in self.ports) + "}\n"
            for side, hook, priority in (("in", "prerouting", BEFORE_DROP), ("out", "postrouting", 500)))
        for node in self.nodes:
            self.lab.node(node).net("nft", "-f", "-", stdin=f"table inet hops {{\n{counters}{hooks}}}\n")
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            self.lab.node(node).net("nft", "delete", "table", "inet", "hops", check=False)

    def count(self, port):
        """{node: (packets that came, packets that went on)}"""
        result = {}
        for node in self.nodes:
            listed = json.loads(self.lab.node(node).net("nft", "-j", "list", "counters", "table", "inet", "hops").stdout)["nftables"]
            packets = {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed if "counter" in entry}
            result[node] = (packets[f"in{port}"], packets[f"out{port}"])
        return result


class Silence:
    """A node from which nothing comes and which takes nothing, although its links are up: everything is dropped, ARP too; a context manager."""

    RULES = f"""
    table inet silence {{
      chain in {{ type filter hook prerouting priority {DROP}; policy drop; }}
      chain out {{ type filter hook output priority {DROP}; policy drop; }}
      chain on {{ type filter hook postrouting priority {DROP}; policy drop; }}
    }}
    table arp silence {{
      chain in {{ type filter hook input priority 0; policy drop; }}
      chain out {{ type filter hook output priority 0; policy drop; }}
    }}
    """

    def __init__(self, node):
        self.node = node

    def __enter__(self):
        self.node.net("nft", "-f", "-", stdin=self.RULES)

    def __exit__(self, *_):
        for kind in ("inet", "arp"):
            self.node.net("nft", "delete", "table", kind, "silence", check=False)

"""Two network namespaces joined by a veth pair: the target in one, the load generator in the other."""

import os
import subprocess

TARGET_ADDRESS = "10.99.0.1"
PREFIX_LENGTH = 16
PORT = 179
TARGET_ASN = 65000


def peer_address(sink, index):
    """The same numbering as peer_address() in load/scenario.cpp."""
    third = (2 if sink else 1) + index // 250
    return f"10.99.{third}.{1 + index % 250}"


def peer_asn(sink, index):
    return (4200000001 if sink else 65001) + index


def run(command, **kwargs):
    return subprocess.run(command, check=True, capture_output=True, text=True, **kwargs)


class Lab:
    """Made by `with Lab(...) as lab`, and gone afterwards unless `keep`."""

    _count = 0

    def __init__(self, senders, sinks, compat_mode=1, keep=False):
        Lab._count += 1
        tag = f"{os.getpid()}-{Lab._count}"
        self.target_ns = f"pbb-t{tag}"
        self.load_ns = f"pbb-l{tag}"
        self.peers = [(peer_address(False, i), peer_asn(False, i)) for i in range(senders)]
        self.peers += [(peer_address(True, i), peer_asn(True, i)) for i in range(sinks)]
        self.compat_mode = compat_mode
        self.keep = keep

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_):
        if not self.keep:
            self._remove()

    def _build(self):
        for name in (self.target_ns, self.load_ns):
            run(["ip", "netns", "add", name])
            run(["ip", "-n", name, "link", "set", "lo", "up"])
        run(["ip", "-n", self.target_ns, "link", "add", "bench0", "type", "veth", "peer", "name", "bench0", "netns", self.load_ns])
        run(["ip", "-n", self.target_ns, "addr", "add", f"{TARGET_ADDRESS}/{PREFIX_LENGTH}", "dev", "bench0"])
        batch = "".join(f"addr add {address}/{PREFIX_LENGTH} dev bench0\n" for address, _ in self.peers)
        run(["ip", "-n", self.load_ns, "-batch", "-"], input=batch)
        for name in (self.target_ns, self.load_ns):
            run(["ip", "-n", name, "link", "set", "bench0", "up"])
        settings = {"net.ipv4.ip_forward": 1, "net.ipv4.nexthop_compat_mode": self.compat_mode}
        for key, value in settings.items():
            run(self.inside(self.target_ns) + ["sysctl", "-qw", f"{key}={value}"])

    def _remove(self):
        for name in (self.target_ns, self.load_ns):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    @staticmethod
    def inside(namespace):
        """Command prefix; replaces itself by the command, so the process id is the command's own."""
        return ["nsenter", f"--net=/run/netns/{namespace}", "--"]

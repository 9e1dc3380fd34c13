"""Many nodes' kernel tables, asked so often that seconds can be told: a netlink socket opened once in each network namespace."""

import ctypes
import os
import socket
import struct
import time

from lib import nlmon, waiting

CLONE_NEWNET = 0x40000000
RTM_GETROUTE, NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 26, 1, 0x300, 2, 3
MAIN = 254


def socket_in(pid):
    """A route socket of the network namespace of a process; it belongs to that namespace for ever, whoever holds it."""
    libc = ctypes.CDLL(None, use_errno=True)
    own, other = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(other, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to the network of {pid}")
        try:
            return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        finally:
            libc.setns(own, CLONE_NEWNET)
    finally:
        os.close(own)
        os.close(other)


class Table:
    """The main table of one node."""

    def __init__(self, node):
        self.name = node.name
        self.link = socket_in(node.pid)
        self.link.settimeout(10)

    def prefixes(self, protocol=179):
        """The prefixes of that protocol, both families."""
        return {prefix for family in (socket.AF_INET, socket.AF_INET6) for prefix in self._dump(family, protocol)}

    def _dump(self, family, protocol):
        body = struct.pack("BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0)
        self.link.send(struct.pack("IHHII", 16 + len(body), RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body)
        while True:
            data = self.link.recv(1 << 18)
            while len(data) >= 16:
                length, kind, _, _, _ = struct.unpack_from("IHHII", data)
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    raise OSError(f"{self.name}: the kernel refused a dump of its routes")
                route = nlmon.route(data[16:length])
                if route["protocol"] == protocol and route["table"] == MAIN:
                    yield route["prefix"]
                data = data[(length + 3) & ~3:]


class Tables:
    """The main tables of several nodes."""

    def __init__(self, nodes):
        self.tables = [Table(node) for node in nodes]

    def wait(self, wanted, within, since, protocol=179, absent=()):
        """Waits until each node has every prefix of `wanted` (or of wanted[node name]) and none of `absent`; returns the seconds since `since`."""
        left = list(self.tables)

        def all_there():
            still = []
            for table in left:
                have = table.prefixes(protocol)
                missing = set(wanted[table.name] if isinstance(wanted, dict) else wanted) - have
                if missing or have & set(absent):
                    still.append((table, f"{table.name} lacks {len(missing)}: {sorted(missing)[:3]}, has yet {sorted(have & set(absent))[:3]}"))
            left[:] = [table for table, _ in still]
            return waiting.expect(not left, "; ".join(text for _, text in still[:5]))

        waiting.until("the kernels have the routes", all_there, within, poll=0.01)
        return time.monotonic() - since

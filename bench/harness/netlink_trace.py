"""Counts the netlink requests of a process from outside, by strace: every nlmsghdr in what it sends is decoded here."""

import collections
import pathlib
import re
import signal
import struct
import subprocess
import time

TYPES = {16: "NEWLINK", 18: "GETLINK", 20: "NEWADDR", 22: "GETADDR", 24: "NEWROUTE", 25: "DELROUTE", 26: "GETROUTE",
         28: "NEWNEIGH", 30: "GETNEIGH", 104: "NEWNEXTHOP", 105: "DELNEXTHOP", 106: "GETNEXTHOP"}
NLM_F_REQUEST = 1

# "1234 1700000000.123456 sendmsg(7<NETLINK:[ROUTE:1234]>, ..." and the dump lines that --write adds below.
CALL = re.compile(r"^(?:\d+ +)?(\d+\.\d+) (\w+)\((\d+)<([^>]*)>?")
RESUMED = re.compile(r"^(?:\d+ +)?\d+\.\d+ <\.\.\. \w+ resumed>")
BUFFER = re.compile(r"^ \* \d+ bytes in buffer \d+")  # of one message: they are read as one
VECTOR = re.compile(r"^ = \d+ buffers in vector \d+")  # of sendmmsg: a message of its own
DUMP = re.compile(r"^ \| [0-9a-f]{5,}  ((?:[0-9a-f]{2} ?| ){1,52}?)  ")

Request = collections.namedtuple("Request", "time type flags length")


def messages(data):
    """The nlmsghdr of one buffer, as (type, flags, length)."""
    at = 0
    while at + 16 <= len(data):
        length, kind, flags = struct.unpack_from("=IHH", data, at)
        if length < 16 or at + length > len(data):
            raise ValueError(f"broken nlmsghdr at {at} of {len(data)}: length {length}")
        yield kind, flags, length
        at += (length + 3) & ~3


def parse(lines):
    """Requests in the output of strace -f -ttt -yy -e write=all, in order of sending."""
    requests = []
    when, data = None, bytearray()

    def finish():
        if when is not None:
            requests.extend(Request(when, TYPES.get(kind, str(kind)), flags, length)
                            for kind, flags, length in messages(data) if flags & NLM_F_REQUEST)

    # With several threads a call may be printed in two halves; its dump then follows the second.
    unfinished = {}
    for line in lines:
        dump = DUMP.match(line)
        if dump:
            if when is not None:
                data += bytes.fromhex(dump.group(1).replace(" ", ""))
            continue
        if BUFFER.match(line):
            continue
        if VECTOR.match(line):
            finish()
            data = bytearray()
            continue
        finish()
        when, data = None, bytearray()
        thread = line.split(" ", 1)[0]
        call = CALL.match(line)
        if call:
            netlink = "NETLINK" in call.group(4)
            if "<unfinished" in line:
                unfinished[thread] = float(call.group(1)) if netlink else None
            elif netlink:
                when = float(call.group(1))
        elif RESUMED.match(line):
            when = unfinished.pop(thread, None)
    finish()
    return requests


class Tracer:
    """strace attached to a running process and all its threads."""

    def __init__(self, pid, path):
        self.path = path
        self.process = subprocess.Popen(
            ["strace", "-f", "-ttt", "-yy", "-s", "64", "-e", "trace=sendmsg,sendmmsg,sendto,write,writev,pwritev2",
             "-e", "write=all", "-e", "signal=none", "-o", path, "-p", str(pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "attached" not in line:
            self.process.kill()
            raise RuntimeError(f"strace cannot attach to {pid}: {line.strip()}")
        deadline = time.monotonic() + 10
        while not all(self._traced(task) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()):
            if time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"strace has not attached to all threads of {pid} in 10 s")
            time.sleep(0.01)

    @staticmethod
    def _traced(task):
        return "TracerPid:\t0\n" not in (task / "status").read_text(encoding="utf-8")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)
        with open(self.path, encoding="utf-8", errors="replace") as trace:
            return parse(trace)


def count_window(requests, start, end):
    """(requests in the window by type, all requests from its start by type)."""
    inside = collections.Counter(r.type for r in requests if start <= r.time <= end)
    after = collections.Counter(r.type for r in requests if r.time >= start)
    return inside, after

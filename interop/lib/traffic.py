"""Packets through a lab: pings, and one-way streams of numbered packets whose losses are counted."""

import json
import pathlib
import sys

from lib import backend, waiting

HERE = pathlib.Path(__file__).resolve().parent


def ping(node, destination, count=1, wait=1):
    """True when every packet was answered."""
    version = "-6" if ":" in destination else "-4"
    return node.net("ping", version, "-n", "-q", "-c", str(count), "-i", "0.2", "-W", str(wait), destination, check=False, timeout=60).returncode == 0


class Stream:
    """A constant-rate UDP stream from one node to another; a context manager.

    Every packet carries its number. After `finish()` the result says how many were sent, received, lost, and the longest gap.
    """

    def __init__(self, sender, receiver, destination, rate=1000, port=47000, source_port=0):
        self.sender, self.receiver = sender, receiver
        self.destination, self.rate, self.port, self.source_port = destination, rate, port, source_port
        self.sending = self.receiving = None
        self.result = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()  # a receiver without a sender must not be left behind
            raise
        return self

    def _start(self):
        agent = str(HERE / "traffic_agent.py")
        bind = "::" if ":" in self.destination else "0.0.0.0"
        self.receiving = self.receiver.popen_net(sys.executable, agent, "receive", bind, str(self.port), stdout=-1, text=True)
        assert self.receiving.stdout.readline().startswith("listening"), "the receiver of the stream did not start"
        self.sending = self.sender.popen_net(sys.executable, agent, "send", self.destination, str(self.port), str(self.rate), str(self.source_port), stdout=-1, text=True)
        assert self.sending.stdout.readline().startswith("sending"), "the sender of the stream did not start"

    def finish(self):
        """Stops the sender, waits for what is under way, and returns the count."""
        if self.result is None:
            backend.stop_process(self.sending)
            sent = json.loads(self.sending.stdout.read())
            waiting.throughout("packets under way arrive", lambda: True, 0.3)
            backend.stop_process(self.receiving)
            got = json.loads(self.receiving.stdout.read())
            self.result = {"sent": sent["sent"], "failed": sent["failed"], "received": got["received"],
                           "lost": sent["sent"] - got["received"], "longest_gap_ms": got["longest_gap_ms"], "missing": got["missing"]}
        return self.result

    def __exit__(self, *_):
        backend.stop_process(self.sending)
        backend.stop_process(self.receiving)

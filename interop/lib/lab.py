"""A deployed lab, as tests see it."""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from lib import backend, clab, kernel, netns, privileges, topology, traffic, waiting
from lib.speakers import SPEAKERS

ROOT = pathlib.Path(__file__).resolve().parents[2]
BACKENDS = {"netns": netns.NetnsBackend, "clab": clab.ClabBackend}
# Which of the peers' generations a lab runs with, where its topology says `image: podbgp/bird:${BIRD:=2}`.
PEERS = {"old": {"BIRD": "2", "FRR": "8"}, "new": {"BIRD": "3", "FRR": "10"}}


def settings():
    """What interop/run hands to pytest; defaults serve a plain `pytest interop/labs/NAME`."""
    given = json.loads(os.environ.get("PODBGP_LAB", "{}"))
    return {"backend": "netns", "peers": "old", "keep": False, "results": str(ROOT / "interop" / "results"), "bin": None, "narrate": False, "negate": 0} | given


def place(backend_name, peers):
    """The folder below the results for runs of one kind: they do not touch each other's."""
    return backend_name if peers == "old" else f"{backend_name}-{peers}"


def down(results):
    """Ends a lab that was kept, by its state file; returns the number of nodes that still ran."""
    try:
        state = json.loads((results / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    return {"netns": netns, "clab": clab}[state["backend"]].down(state, results)


def find_binaries(wish=None):
    """The folder that holds podbgpd and podbgp: the one named, else the release build, else the newest build; None: not built."""
    if wish:
        folder = pathlib.Path(wish).resolve()
        return folder if (folder / "podbgpd").exists() else None
    candidates = [folder for folder in (ROOT / "build").glob("*/bin") if (folder / "podbgpd").exists() and (folder / "podbgp").exists()]
    candidates.sort(key=lambda folder: (folder.parent.name == "release", (folder / "podbgpd").stat().st_mtime))
    return candidates[-1] if candidates else None


class Lab:
    def __init__(self, folder):
        self.options = settings()
        os.environ.update(PEERS[self.options["peers"]])  # for containerlab, too
        files = sorted(pathlib.Path(folder).glob("*.clab.yml"))
        if len(files) != 1:
            raise topology.TopologyError(f"{folder}: expected one *.clab.yml, found {len(files)}")
        self.topology = topology.load(files[0])
        self.name = self.topology.name
        self.results = pathlib.Path(self.options["results"]) / place(self.options["backend"], self.options["peers"]) / self.name
        self.results.mkdir(parents=True, exist_ok=True)
        self.facts = []
        self.captures = []
        self.failed = False
        self.speakers = {}
        self.versions = {}  # {kind: version}, known at the end
        self.backend = None
        self.lock = None

    # --- life ---
    def _lock(self):
        """One run of a lab at a time in one folder of results; a second one waits."""
        self.lock = open(self.results / "lock", "w", encoding="utf-8")  # held until the lab is down: its next file deploys it again
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._say(f"     {self.name}: waiting for another run of it in {self.results} (--results DIR runs beside it)")
            fcntl.flock(self.lock, fcntl.LOCK_EX)

    def up(self):
        self._lock()
        down(self.results)  # a lab of the same name that was kept in the same place
        for leftover in [*self.results.glob("failed-*"), *self.results.glob("*.pcap")]:
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        make = BACKENDS[self.options["backend"]]
        self.backend = make(self.topology, self.results, keep=self.options["keep"], binaries=find_binaries(self.options["bin"]))
        self.backend.deploy(self.progress, self._start_captures)
        for name, node in self.nodes.items():
            if node.spec.daemon:
                self.speakers[name] = SPEAKERS[node.spec.daemon](node)
        return self

    def down(self):
        for speaker in self.speakers.values():
            with contextlib.suppress(Exception):
                if speaker.kind not in self.versions:
                    self.versions[speaker.kind] = speaker.version()
        findings = [f"{speaker.name}: {line}" for speaker in self.speakers_of("podbgp") for line in speaker.findings() + self._excess(speaker)]
        for process in self.captures:
            backend.stop_process(process)
        (self.results / "facts.txt").write_text("".join(line + "\n" for line in self.facts), encoding="utf-8")
        if self.backend and not self.options["keep"]:
            self.backend.destroy()
        if not self.failed and not self.options["keep"]:
            for file in self.results.glob("*.pcap"):
                file.unlink()
        if self.lock:
            self.lock.close()
        assert not findings, "\n".join(findings)

    def _excess(self, speaker):
        excess = privileges.excess(speaker)
        if not excess and speaker.running():
            self._fact(" ok ", f"{speaker.name}: podbgpd holds NET_ADMIN and NET_BIND_SERVICE and nothing else", 0)
        return excess

    def _start_captures(self):
        for node in self.nodes.values():
            if node.spec.daemon and node.spec.labels.get("capture") != "no":
                command = ["tcpdump", "-Z", "root", "-i", "any", "-U", "-s", "0", "-B", "16384", "-w", str(self.capture(node.name)), "tcp port 179"]
                self.captures.append(node.popen_net(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for node in self.nodes.values():
            if node.spec.daemon and node.spec.labels.get("capture") != "no":
                waiting.until(f"the capture on {node.name} has begun", self.capture(node.name).exists)

    def capture(self, node):
        """The file with the node's BGP packets, as it grows."""
        return self.results / f"{node}.pcap"

    @property
    def sanitized(self):
        """Whether podbgpd was built with a sanitizer: then its memory says nothing."""
        folder = find_binaries(self.options["bin"])
        return folder is not None and any(name in (folder / "podbgpd").read_bytes() for name in (b"__asan_init", b"__tsan_init"))

    # --- parts ---
    @property
    def nodes(self):
        return self.backend.nodes

    def node(self, name):
        return self.nodes[name]

    def __getitem__(self, name):
        """The speaker on a node."""
        return self.speakers[name]

    def kernel(self, name):
        return kernel.Kernel(self.nodes[name])

    def speakers_of(self, kind):
        return [speaker for speaker in self.speakers.values() if speaker.kind == kind]

    # --- deeds ---
    def link(self, end, up):
        """Sets one end ("node:eth1") of a link up or down; the other end sees its carrier go or come."""
        node, interface = end.split(":")
        self.nodes[node].net("ip", "link", "set", interface, "up" if up else "down")

    def ping(self, source, destination, count=1):
        return traffic.ping(self.nodes[source], destination, count)

    def stream(self, source, target, destination, **options):
        return traffic.Stream(self.nodes[source], self.nodes[target], destination, **options)

    # --- facts ---
    def progress(self, text):
        if self.options["narrate"]:
            self._say(f"     {text}")

    def section(self, title):
        if self.options["narrate"]:
            self._say(f"\n== {title}")

    def show(self, node, *command):
        """Runs a command of the node and shows it with its output, as somebody would who looks around."""
        output = self.nodes[node].exec(*command, check=False)
        if self.options["narrate"]:
            self._say(f"\n     {node}$ {' '.join(command)}")
            for line in (output.stdout + output.stderr).rstrip().splitlines():
                self._say(f"     | {line}")
            self._say("")

    def fact(self, text, condition, within=10.0):
        """Waits for a fact and writes one line about it."""
        start = time.monotonic()
        try:
            seen = waiting.until(text, condition, within)
        except AssertionError:
            self._fact("FAIL", text, time.monotonic() - start)
            raise
        self._fact(" ok ", text, time.monotonic() - start)
        if len(self.facts) == self.options["negate"]:
            raise AssertionError(f"negative control: '{text}' was turned round, and it holds")
        return seen

    def holds(self, text, condition):
        """A fact that must hold now."""
        return self.fact(text, condition, within=0)

    def _fact(self, mark, text, seconds):
        line = f"{mark} {text} ({seconds:.1f} s)"
        self.facts.append(line)
        if self.options["narrate"]:
            self._say(line)

    @staticmethod
    def _say(line):
        os.write(int(os.environ.get("PODBGP_LAB_TELL", "1")), (line + "\n").encode())

    # --- after a failure ---
    def dump(self, test):
        """Writes everything worth reading into a folder of the results; returns it with the speakers' part."""
        self.failed = True
        folder = self.results / f"failed-{test}"
        folder.mkdir(parents=True, exist_ok=True)
        texts = []
        for name, node in self.nodes.items():
            text = self.speakers[name].dump() + "\n" if name in self.speakers else ""
            with contextlib.suppress(Exception):
                text += f"--- kernel of {name}\n{kernel.Kernel(node).tables()}"
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
            texts.append(text)
        return folder, "\n".join(texts)


if __name__ == "__main__":
    sys.exit("a module of interop/run")

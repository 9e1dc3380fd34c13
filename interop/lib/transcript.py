"""Runs the commands of a Markdown page and compares what they print with what the page says they print.

In ```console blocks a line `$ COMMAND` is a command, `> LINE` goes on with it (as shells show it), the lines up to the next
command are its output; a line `...` stands for lines left out. `docker exec clab-LAB-NODE COMMAND` runs in the lab's node
on any backend; what deploys, enters or removes a lab is the runner's business and is passed over; everything else runs in
a folder of its own, as somebody who is not root where that is possible.
"""

import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import subprocess

from lib import waiting

NOT_HERE = re.compile(r"^(sudo )?(containerlab|\$\(scripts/containerlab\)|interop/run|docker build|scripts/|interop/images/|cmake|git|cd|apt|kill) ?")
LOOKS = re.compile(r"^(podbgp (peers|routes|status|owners|peer show)|birdc show|ip |ping |vtysh|gobgp|bgpctl show)")
# What differs from run to run: times, ages, versions of the speakers, numbers of nexthop objects, host-made addresses.
VARYING = (
    (r"BIRD \S+ ready", "BIRD VERSION ready"),
    (r"\d\d\d\d-\d\d-\d\d", "DATE"),
    (r"\d\d:\d\d:\d\d(\.\d+)?(Z?)", "TIME"),
    (r"(rtt|round-trip) .*", "RTT"),
    (r"\b\d+(\.\d+)? ?ms\b", "TIME"),
    (r"time=\S+", "TIME"),
    (r"\b(\d+d)?(\d+h)?(\d+m)?\d+s\b", "AGE"),
    (r"\bnhid \d+", "nhid N"),
    (r"fe80::[0-9a-f:]+", "LINK-LOCAL"),
    (r"\b(podbgpd?) \d+\.\d+\.\d+( \([0-9a-f]+(-dirty)?\))?", r"\1 VERSION"),
    (r"\b\d+\.\d+\.\d+ \([0-9a-f]+(-dirty)?\)", "VERSION"),
    (r"\b\d+(\.\d+)? MiB", "SIZE"),
    (r"proto(col)? (podbgp|179)", "proto 179"),
    (r"^\s*bgp_path:", "BGP.as_path:"),  # BIRD 3's names for BIRD 2's
    (r"^\s*bgp_", "BGP."),
    (r"\s+", " "),
)
# What one generation of BIRD prints about a route and the other does not.
ASIDE = re.compile(r"^\s*(Type: BGP|source: BGP|preference: |igp_metric: |from: |Internal route handling)")


@dataclasses.dataclass
class Command:
    text: str
    output: list  # lines that the page shows
    line: int


def commands(path):
    """The commands of a page's console blocks, in order."""
    found, inside = [], False
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            inside = line.strip() == "```console"
        elif inside and line.startswith("$ "):
            found.append(Command(line[2:], [], number))
        elif inside and line.startswith("> ") and not found[-1].output:
            found[-1].text += "\n" + line[2:]
        elif inside and found:
            found[-1].output.append(line)
    return found


def normal(line):
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line)
    return line.strip()


def difference(shown, seen):
    """None, or what of the page's lines was not printed; lines come in the page's order, without others between unless it says `...`."""
    wanted = [normal(line) for line in shown if line.strip() and not ASIDE.match(line)]
    printed = [normal(line) for line in seen.splitlines() if line.strip() and not ASIDE.match(line)]
    at, gap = 0, False
    for line in wanted:
        if line == "...":
            gap = True
            continue
        try:
            place = printed.index(line, at)
        except ValueError:
            return f"the page has '{line}'; printed was:\n{seen}"
        if place != at and not gap:
            return f"the page does not have '{printed[at]}'; printed was:\n{seen}"
        at, gap = place + 1, False
    if at != len(printed) and not gap and wanted:
        return f"the page does not have '{printed[at]}'; printed was:\n{seen}"
    return None


class Page:
    def __init__(self, lab, path, folder, binaries):
        self.lab, self.path = lab, pathlib.Path(path)
        self.folder, self.binaries = pathlib.Path(folder), binaries
        self.prefix = f"docker exec clab-{lab.name}-"

    def run(self):
        """Runs the page from top to bottom; each command is a fact of the lab."""
        ran = 0
        for command in commands(self.path):
            if NOT_HERE.match(command.text):
                continue
            self._step(command)
            ran += 1
        assert ran, f"{self.path}: no command"

    def _step(self, command):
        """What only looks may be asked again until it shows what the page shows; what does something is done once."""
        shown = command.text.splitlines()[0].removeprefix("docker exec ")
        inner = command.text.partition(self.prefix)[2].partition(" ")[2]

        def as_printed():
            problem = difference(command.output, self._output(command))
            return waiting.expect(problem is None, problem)

        self.lab.fact(f"{self.path.name}:{command.line}: {shown}", as_printed, within=10 if LOOKS.match(inner) else 0)

    def _output(self, command):
        if command.text.startswith(self.prefix):
            node, _, rest = command.text.removeprefix(self.prefix).partition(" ")
            done = self.lab.node(node).exec(*shlex.split(rest), check=False)
            return done.stdout + done.stderr
        self.folder.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join([*([str(self.binaries)] if self.binaries else []), os.environ["PATH"]])
        done = subprocess.run(["sh", "-c", command.text], cwd=self.folder, env={"PATH": path, "HOME": "/", "LC_ALL": "C.UTF-8"}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                              **self._unprivileged())
        return done.stdout

    def _unprivileged(self):
        """As `nobody` where the folder and the programs can be reached like that."""
        shutil.chown(self.folder, 65534, 65534)
        reachable = all(os.stat(parent).st_mode & 0o005 == 0o005 for place in (self.folder, self.binaries) if place for parent in place.parents)
        return {"user": 65534, "group": 65534, "extra_groups": []} if reachable else {}

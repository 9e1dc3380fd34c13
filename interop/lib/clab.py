"""The backend on containers: hands the topology file to containerlab with Docker, and looks into the containers it made."""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

from lib import backend, images

LOCKS = pathlib.Path("/run/podbgp-docker/labs")
FAILED = re.compile(r"^.*\b(Failed to execute command|ERRO|FATA|level=error)\b.*$", re.MULTILINE)
DEPLOY_SECONDS = 300


def containerlab():
    """The containerlab of this machine; built on first use (scripts/containerlab)."""
    done = subprocess.run([images.REPOSITORY / "scripts" / "containerlab"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise backend.NodeError("there is no containerlab, and none could be built")
    return done.stdout.strip()


def docker(*words, check=True):
    done = subprocess.run(["docker", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    if check and done.returncode != 0:
        raise backend.NodeError(f"docker {shlex.join(words)}: {done.stderr.strip()}")
    return done.stdout


class ClabNode(backend.Node):
    def __init__(self, spec, container):
        super().__init__(spec)
        self.container = container
        self._pid = None

    @property
    def pid(self):
        """tini: it is there as long as the container runs."""
        if self._pid is None or not os.path.exists(f"/proc/{self._pid}"):
            self._pid = int(docker("inspect", "-f", "{{.State.Pid}}", self.container))
        return self._pid

    def exec_argv(self, argv):
        return ["docker", "exec", "-i", self.container, *argv]


class ClabBackend(backend.Backend):
    name = "clab"

    def __init__(self, topology, results, keep=False, binaries=None):
        super().__init__(topology, results, keep)
        self.binaries = binaries
        self.lock = None
        self.deployed = False

    def deploy(self, progress, wired):
        self._take_name()
        with images.current([spec.image for spec in self.topology.nodes.values()], self.binaries, progress):
            self._deploy(progress, wired)

    def _take_name(self):
        """containerlab names containers after the lab: there is one lab of a name on a machine."""
        LOCKS.mkdir(parents=True, exist_ok=True)
        self.lock = open(LOCKS / self.topology.name, "a+", encoding="utf-8")  # held until the process ends; it says who deployed the lab
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.lock.seek(0)
        up = containers(self.topology.name)
        if not up:
            return
        if not self.lock.read():
            raise backend.NodeError(f"the lab {self.topology.name} is deployed already, by hand: containerlab destroy -t {self.topology.path}")
        destroy(self.topology.name, self.topology.path, self.results)  # left behind by a run that was killed, or kept by one

    def _deploy(self, progress, wired):
        self.deployed = True
        self.lock.write(f"{self.results}\n")
        self.lock.flush()
        log = self.results / "containerlab.log"
        words = ["deploy", "--topo", str(self.topology.path), "--format", "json"]
        progress(f"containerlab {shlex.join(words)}")
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen([containerlab(), *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file, env=environment(self.results))
        try:
            self._follow(process, wired)
        finally:
            backend.stop_process(process)
        text = log.read_text(encoding="utf-8", errors="replace")
        failed = [line[0] for line in FAILED.finditer(text)]
        if process.returncode != 0 or failed:
            raise backend.NodeError(f"containerlab deploy failed ({log}):\n" + "\n".join(failed or text.splitlines()[-10:]))

    def _follow(self, process, wired):
        """Waits for the deployment; as soon as all containers run they can be entered, and captures begin before the daemons do."""
        deadline = time.monotonic() + DEPLOY_SECONDS
        while True:
            ended = process.poll() is not None
            if not self.nodes and (ended or len(containers(self.topology.name, "status=running")) == len(self.topology.nodes)):
                if process.returncode:
                    return
                self.nodes = {name: ClabNode(spec, f"clab-{self.topology.name}-{name}") for name, spec in self.topology.nodes.items()}
                self._write_state()
                wired()
            if ended:
                return
            if time.monotonic() > deadline:
                raise backend.NodeError(f"containerlab deploy: no end after {DEPLOY_SECONDS} s")
            time.sleep(0.1)

    def _write_state(self):
        (self.results / "state.json").write_text(json.dumps({
            "backend": self.name, "lab": self.topology.name, "topology": str(self.topology.path),
            "nodes": {name: {"container": node.container} for name, node in self.nodes.items()}}), encoding="utf-8")

    def destroy(self):
        if self.deployed:
            destroy(self.topology.name, self.topology.path, self.results)
            self.deployed = False
        self.nodes.clear()
        remove_state(self.results)
        if self.lock:
            self.lock.close()


def environment(results):
    return dict(os.environ, CLAB_VERSION_CHECK="disable", CLAB_LABDIR_BASE=str(results.resolve()), NO_COLOR="1")


def containers(lab, *filters):
    words = [word for condition in (f"label=containerlab={lab}", *filters) for word in ("--filter", condition)]
    return docker("ps", "-a", "-q", *words).split()


def destroy(lab, topology, results):
    with open(results / "containerlab.log", "a", encoding="utf-8") as file:
        subprocess.run([containerlab(), "destroy", "--topo", str(topology), "--cleanup"], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                       env=environment(results), timeout=DEPLOY_SECONDS, check=False)
    left = containers(lab)
    if left:
        docker("rm", "-f", *left)
    with contextlib.suppress(FileNotFoundError):
        os.truncate(LOCKS / lab, 0)


def remove_state(results):
    with contextlib.suppress(FileNotFoundError):
        (results / "state.json").unlink()


def enter(state, node, command):
    """Becomes a shell, or the command, in a node of a lab that was kept."""
    terminal = ["-t"] if sys.stdin.isatty() else []
    os.execvp("docker", ["docker", "exec", "-i", *terminal, "-e", f"PS1={node}# ", state["nodes"][node]["container"], *(command or ["sh"])])


def down(state, results):
    """Ends a lab that was kept; returns the number of nodes that still ran."""
    count = len(containers(state["lab"]))
    destroy(state["lab"], state["topology"], results)
    remove_state(results)
    return count

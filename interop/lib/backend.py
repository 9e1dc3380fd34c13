"""What a place to run labs on must be able to do. Labs, speakers and assertions see nothing else of it.

Three verbs on a node suffice: `exec` runs a program *of the node* in it (its file system, its processes: `docker exec`),
`net` runs a program *of the host* in the node's network namespace (iproute2, tcpdump, the traffic tools: they need not be
in the image), and `pid` names a process of the node as the host sees it (for `nsenter`). On namespaces and on containers
of the same host all three exist, so whatever is written over them runs on both.
"""

import abc
import os
import shlex
import signal
import subprocess
import tempfile
import time


class NodeError(Exception):
    """A command in a node failed; the text holds node, command, exit status and output."""


class Node(abc.ABC):
    def __init__(self, spec):
        self.spec = spec
        self.name = spec.name

    @property
    @abc.abstractmethod
    def pid(self):
        """A process that lives as long as the node, as the host sees it."""

    @abc.abstractmethod
    def exec_argv(self, argv):
        """The host command that runs argv in the node."""

    def net_argv(self, argv):
        """The host command that runs the host's argv in the node's network namespace."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *argv]

    def _run(self, argv, shown, check, timeout, stdin):
        """Ends when the program ends: a daemon that it left behind may hold its output open (FRR 10 does), so that goes to files."""
        with tempfile.TemporaryFile("w+", errors="replace") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
            try:
                done = subprocess.run(argv, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                                      stdout=out, stderr=err, text=True, timeout=timeout, check=False)
            except subprocess.TimeoutExpired as error:
                raise NodeError(f"{self.name}: {shlex.join(shown)}: no end after {timeout} s") from error
            for name, file in (("stdout", out), ("stderr", err)):
                file.seek(0)
                setattr(done, name, file.read())
        if check and done.returncode != 0:
            raise NodeError(f"{self.name}: {shlex.join(shown)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def exec(self, *argv, check=True, timeout=30, stdin=None):
        """Runs a program of the node and returns the CompletedProcess."""
        return self._run(self.exec_argv(list(argv)), argv, check, timeout, stdin)

    def sh(self, script, check=True, timeout=30):
        return self.exec("sh", "-c", script, check=check, timeout=timeout)

    def net(self, *argv, check=True, timeout=30, stdin=None):
        """Runs a program of the host in the node's network namespace."""
        return self._run(self.net_argv(list(argv)), argv, check, timeout, stdin)

    def popen_net(self, *argv, **options):
        """Starts a program of the host in the node's network namespace; it is a child of this process, ended by the caller."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.net_argv(list(argv)), **options)

    def write_file(self, path, text):
        self.exec("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path, stdin=text)

    def read_file(self, path, check=True):
        return self.exec("cat", path, check=check).stdout

    def pidof(self, name):
        """The PIDs in the node of the processes of that name."""
        return [int(word) for word in self.exec("pidof", name, check=False).stdout.split()]

    def kill(self, name, signal_number=signal.SIGKILL):
        """Sends a signal to every process of that name and returns how many there were."""
        pids = self.pidof(name)
        if pids:
            self.sh(f"kill -{int(signal_number)} {' '.join(map(str, pids))}", check=False)
        return len(pids)


class Backend(abc.ABC):
    """Deploys one topology. `deploy` fills `nodes`; `destroy` may be called at any time, also twice, and leaves nothing behind."""

    name = "?"

    def __init__(self, topology, results, keep=False):
        self.topology = topology
        self.results = results  # a folder of this run for logs and captures
        self.keep = keep
        self.nodes = {}

    @abc.abstractmethod
    def deploy(self, progress, wired):
        """Brings nodes and links up and runs what the topology says. `progress(text)` is told what is done; `wired()` is called
        when the nodes can be entered, before their `exec` runs where the backend can tell the two apart."""

    @abc.abstractmethod
    def destroy(self): ...


def stop_process(process, signal_number=signal.SIGTERM, seconds=5):
    """Ends a child that we started, firmly if it does not listen."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal_number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_gone(pid, seconds=5):
    deadline = time.monotonic() + seconds
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.01)

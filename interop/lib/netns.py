"""The backend on plain namespaces: needs root, iproute2 and util-linux, and nothing of containers."""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys

from lib import backend, images

HERE = pathlib.Path(__file__).resolve().parent
PASSED = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")  # what a sanitized build is told


def enter_argv(pid):
    return ["nsenter", f"--target={pid}", "--net", "--mount", "--pid", "--uts", "--ipc", "--"]


class NetnsNode(backend.Node):
    def __init__(self, spec, pid, path):
        super().__init__(spec)
        self._pid = pid
        self._path = path

    @property
    def pid(self):
        return self._pid

    @property
    def path(self):
        return self._path

    def exec_argv(self, argv):
        passed = {key: os.environ[key] for key in PASSED if key in os.environ}
        env = [f"{key}={value}" for key, value in (passed | self.spec.env).items()]
        return [*enter_argv(self._pid), "env", "-i", f"PATH={self._path}", "HOME=/root", "TERM=dumb", *env, *argv]


class NetnsBackend(backend.Backend):
    name = "netns"

    def __init__(self, topology, results, keep=False, binaries=None):
        super().__init__(topology, results, keep)
        self.binaries = binaries  # the folder with our podbgpd and podbgp
        self.holders = []

    def deploy(self, progress, wired):
        if os.geteuid() != 0:
            raise backend.NodeError("the netns backend needs root")
        mount_point = self.results / "root"
        mount_point.mkdir(parents=True, exist_ok=True)
        catalogue = images.catalogue()
        starting = [(spec, self._start(spec, catalogue, mount_point)) for spec in self.topology.nodes.values()]
        for spec, process in starting:
            line = process.stdout.readline().strip()
            if not line.isdigit():
                raise backend.NodeError(f"node {spec.name} did not start: {line or process.stderr.read().strip()}")
            self.nodes[spec.name] = NetnsNode(spec, int(line), self._search_path(catalogue, spec))
            self._write_state()
        for node in self.nodes.values():
            self._prepare(node)
        for link in self.topology.links:
            self._link(link)
        wired()
        for node in self.nodes.values():
            for command in node.spec.exec:
                progress(f"{node.name}: {command}")
                node.exec(*shlex.split(command))

    def _search_path(self, catalogue, spec):
        extra = catalogue[spec.image].get("path", [])
        return ":".join(["/opt/podbgp/bin", *extra, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])

    def _start(self, spec, catalogue, mount_point):
        if spec.image not in catalogue:
            raise backend.NodeError(f"node {spec.name}: image '{spec.image}' is not in {images.CATALOGUE}")
        image = catalogue[spec.image]
        binds = [[str(bind.source), bind.target, bind.read_only] for bind in spec.binds]
        for source, target, _ in binds:
            if not os.path.exists(source):
                raise backend.NodeError(f"node {spec.name}: bind source {source} does not exist")
        if image.get("podbgp"):
            if self.binaries is None:
                raise backend.NodeError("podbgpd is not built: build it (cmake --build --preset release --target podbgpd podbgp) or name its folder with --bin")
            binds.append([str(self.binaries), "/opt/podbgp/bin", True])
        description = {
            "hostname": spec.name, "mount_point": str(mount_point), "image_root": str(images.root_folder(image["root"])) if "root" in image else "/",
            "dirs": [[entry["path"], entry.get("owner", "root:root"), int(str(entry.get("mode", "755")), 8)] for entry in image.get("dirs", [])],
            "binds": binds, "keep": self.keep,
        }
        spec_file = self.results / f"{spec.name}.node.json"
        spec_file.write_text(json.dumps(description, indent=1), encoding="utf-8")
        process = subprocess.Popen(["/usr/bin/python3", "-S", "-E", str(HERE / "nodeinit.py"), str(spec_file)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.holders.append(process)
        return process

    def _prepare(self, node):
        node.net("ip", "link", "set", "lo", "up")
        for key, value in node.spec.sysctls.items():
            node.exec("sh", "-c", 'echo "$2" > "/proc/sys/$1"', "sh", key.replace(".", "/"), value)

    def _link(self, link):
        (a, a_if), (b, b_if) = link.ends
        subprocess.run(["ip", "link", "add", a_if, "netns", str(self.nodes[a].pid), "type", "veth", "peer", "name", b_if, "netns", str(self.nodes[b].pid)],
                       check=True, stdin=subprocess.DEVNULL)
        for node, interface in link.ends:
            self.nodes[node].net("ip", "link", "set", interface, "up")

    def destroy(self):
        for node in self.nodes.values():
            _end(node.pid)
        for process in self.holders:
            backend.stop_process(process, signal.SIGKILL)
        for node in self.nodes.values():
            backend.wait_gone(node.pid)
        self.nodes.clear()
        self.holders.clear()
        remove_state(self.results)

    def _write_state(self):
        nodes = {name: {"pid": node.pid, "started": start_time(node.pid), "path": node.path} for name, node in self.nodes.items()}
        (self.results / "state.json").write_text(json.dumps({"backend": self.name, "lab": self.topology.name, "nodes": nodes}), encoding="utf-8")


def start_time(pid):
    """The start of a process in clock ticks since boot: with the PID it names a process for ever; None when it is gone."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except OSError:
        return None


def _end(pid):
    try:
        os.kill(pid, signal.SIGKILL)  # PID 1 of the node's namespace: everything in the node goes with it
    except ProcessLookupError:
        pass


def remove_state(results):
    (results / "state.json").unlink(missing_ok=True)
    for file in results.glob("*.node.json"):
        file.unlink(missing_ok=True)
    try:
        (results / "root").rmdir()
    except OSError:
        pass


def enter(state, node, command):
    """Becomes a shell, or the command, in a node of a lab that was kept."""
    entry = state["nodes"][node]
    environment = ["env", f"PATH={entry['path']}", f"PS1={node}# ", "HOME=/root"]
    os.execvp("nsenter", [*enter_argv(entry["pid"]), *environment, *(command or ["sh"])])


def down(state, results):
    """Ends a lab that was kept; returns the number of nodes that still ran."""
    ended = 0
    for node in state["nodes"].values():
        if start_time(node["pid"]) == node["started"] and node["started"] is not None:
            _end(node["pid"])
            backend.wait_gone(node["pid"])
            ended += 1
    remove_state(results)
    return ended


if __name__ == "__main__":
    sys.exit("a module of interop/run")

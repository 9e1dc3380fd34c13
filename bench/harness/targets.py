"""The programs that can sit in the target's seat."""

import pathlib
import shutil
import signal
import subprocess
import time

from .lab import PORT, TARGET_ADDRESS, TARGET_ASN, Lab


class TargetError(RuntimeError):
    pass


class Target:
    """One run of one program: start() in the lab's target namespace, pids() of all its processes, stop()."""

    name = ""
    kernel = True  # writes kernel routes

    def __init__(self):
        self.processes = []

    def version(self):
        raise NotImplementedError

    def start(self, lab, scenario, directory):
        raise NotImplementedError

    def spawn(self, lab, command, directory, log_name):
        log = open(pathlib.Path(directory) / log_name, "w", encoding="utf-8")
        with log:
            process = subprocess.Popen(
                Lab.inside(lab.target_ns) + command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory)
        self.processes.append(process)

    def pids(self):
        return [process.pid for process in self.processes]

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []


def first_line(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return ((result.stdout + result.stderr).strip().splitlines() or ["?"])[0]


class Bird2(Target):
    name = "bird2"

    def version(self):
        return first_line(["bird", "--version"])

    def start(self, lab, scenario, directory):
        config = [
            f"router id {TARGET_ADDRESS};",
            f'log "{directory}/bird.log" all;',
            "protocol device { scan time 3600; }",
        ]
        if scenario.kernel:
            config.append("protocol kernel { ipv4 { import none; export all; }; scan time 3600; }")
        for i, (address, asn) in enumerate(lab.peers):
            config.append(
                f"protocol bgp p{i} {{ local {TARGET_ADDRESS} as {TARGET_ASN}; neighbor {address} as {asn}; passive yes; "
                f"hold time {scenario.hold}; ipv4 {{ import all; export all; }}; }}")
        path = pathlib.Path(directory) / "bird.conf"
        path.write_text("\n".join(config) + "\n", encoding="utf-8")
        self.spawn(lab, ["bird", "-f", "-c", str(path), "-s", f"{directory}/bird.ctl", "-P", f"{directory}/bird.pid"],
                   directory, "bird.out")


class Frr(Target):
    name = "frr"
    folder = pathlib.Path("/usr/lib/frr")

    def version(self):
        return first_line([str(self.folder / "bgpd"), "--version"])

    def start(self, lab, scenario, directory):
        path = pathlib.Path(directory)
        bgp = ["bgp route-map delay-timer 0", f"router bgp {TARGET_ASN}", f" bgp router-id {TARGET_ADDRESS}",
               " no bgp ebgp-requires-policy", " no bgp network import-check", " coalesce-time 0",
               f" timers bgp {max(1, scenario.hold // 3)} {scenario.hold}",
               " neighbor bench peer-group", " neighbor bench passive", " neighbor bench advertisement-interval 0"]
        for address, asn in lab.peers:
            bgp += [f" neighbor {address} remote-as {asn}", f" neighbor {address} peer-group bench"]
        bgp += [" address-family ipv4 unicast", "  maximum-paths 1", " exit-address-family"]
        (path / "bgpd.conf").write_text("\n".join(bgp) + "\n", encoding="utf-8")
        (path / "zebra.conf").write_text("zebra work-queue 0\n", encoding="utf-8")
        shutil.chown(directory, "frr", "frr")  # the daemons give up root and then make their files
        common = ["-P", "0", "-z", f"{directory}/zserv.api", "--vty_socket", directory, "--log", "stdout:errors"]

        def daemon(name, *more):
            return [str(self.folder / name), "-f", f"{directory}/{name}.conf", "-i", f"{directory}/{name}.pid", *common, *more]

        if scenario.kernel:
            self.spawn(lab, daemon("zebra", "-s", "90000000"), directory, "zebra.log")
            self.wait_for(path / "zserv.api")
        self.spawn(lab, daemon("bgpd", *([] if scenario.kernel else ["-n"])), directory, "bgpd.log")

    def wait_for(self, path):
        deadline = time.monotonic() + 10
        while not path.exists():
            if time.monotonic() > deadline or self.processes[-1].poll() is not None:
                self.stop()
                raise TargetError(f"zebra did not make {path}")
            time.sleep(0.02)


class Podbgpd(Target):
    name = "podbgpd"

    def __init__(self, program):
        super().__init__()
        self.program = program

    def version(self):
        return first_line([self.program, "--version"])

    def start(self, lab, scenario, directory):
        keepalive = max(1, scenario.hold // 3)
        config = [
            "version: 1",
            f'router: {{ asn: {TARGET_ASN}, id: {TARGET_ADDRESS}, listen: ["0.0.0.0:{PORT}"] }}',
            "groups:",
            "  bench:",
            "    families: [ipv4]",
            "    passive: true",
            f"    timers: {{ hold: {scenario.hold}s, keepalive: {keepalive}s }}",
            "    import: [all]",
            "    export: [all]",
            "policies:",
            "  all: [ { then: accept } ]",
            f"fib: {{ install: {'on' if scenario.kernel else 'off'} }}",
            f"api: {{ unix: {directory}/api.sock }}",
            "metrics: { listen: off }",
            "log: { level: warning }",
            "peers:",
        ]
        config += [f"  - {{ name: p{i}, address: {address}, asn: {asn}, group: bench }}"
                   for i, (address, asn) in enumerate(lab.peers)]
        path = pathlib.Path(directory) / "podbgp.yaml"
        path.write_text("\n".join(config) + "\n", encoding="utf-8")
        self.spawn(lab, [self.program, "--config", str(path)], directory, "podbgpd.log")


class Null(Target):
    """The ceiling: the load generator's own relay, which only passes bytes on."""

    name = "null"
    kernel = False

    def __init__(self, load_program):
        super().__init__()
        self.program = load_program

    def version(self):
        return "the load generator relaying to itself"

    def start(self, lab, scenario, directory):
        self.spawn(lab, [self.program, "relay", "--target", f"{TARGET_ADDRESS}:{PORT}", "--target-asn", str(TARGET_ASN)],
                   directory, "relay.log")


def require(program, package):
    if shutil.which(program) is None:
        raise TargetError(f"{program} is missing: install the Debian package {package} (scripts/install-packages bench has bird2)")

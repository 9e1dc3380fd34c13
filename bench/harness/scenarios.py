"""The scenarios, and how one run of one of them is done."""

import dataclasses
import json
import pathlib
import subprocess
import tempfile

from .lab import PORT, TARGET_ADDRESS, TARGET_ASN, Lab


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    measure: str  # the one that the bound is on
    prefixes: int
    senders: int = 1
    sinks: int = 1
    kind: str = "table"
    kernel: bool = False
    hold: int = 90
    cycles: int = 1


SCENARIOS = {s.name: s for s in [
    Scenario("S1", "a full table of 1M prefixes in, on to one peer, withdrawn; no kernel", "all_held_s", 1_000_000),
    Scenario("S2same", "10 senders of the same 100k prefixes, the best path spread over them; no kernel", "all_held_s",
             100_000, senders=10),
    Scenario("S3-200k", "200k prefixes into the kernel, and out of it", "all_held_s", 200_000, sinks=0, kernel=True),
    Scenario("S4-10k", "10k prefixes from two senders; the better one's session is reset: all kernel routes over the other",
             "all_switched_ms", 10_000, senders=2, sinks=0, kind="failover", kernel=True),
    Scenario("S5-200", "10k prefixes on to 200 peers; no kernel", "all_held_s", 10_000, sinks=200),
]}

PROBES = {s.name: s for s in [
    Scenario("probe-fib", "200k routes in, to a second peer and the kernel, and gone, 5 times, at hold time 3 s",
             "keepalive_gap_longest_s", 200_000, kernel=True, hold=3, cycles=5),
    Scenario("probe-nofib", "200k routes in, to a second peer, and gone, at hold time 3 s; no kernel", "peak_rss_mib",
             200_000, hold=3, cycles=2),
]}


class RunError(RuntimeError):
    pass


class Runner:
    def __init__(self, load_program, keep=False, compat_mode=1, timeout=60, seed=1):
        self.load_program = load_program
        self.keep = keep
        self.compat_mode = compat_mode
        self.timeout = timeout
        self.seed = seed

    def run(self, scenario, target, on_step=None):
        """One run; the numbers that the load generator printed. on_step(name, target, directory): between phases."""
        directory = tempfile.mkdtemp(prefix=f"podbgp-bench-{scenario.name}-{target.name}-")
        try:
            with Lab(scenario.senders, scenario.sinks, self.compat_mode, self.keep) as lab:
                target.start(lab, scenario, directory)
                try:
                    return self._load(scenario, target, lab, directory, on_step)
                except RunError as error:
                    raise RunError(f"{error}{self._logs(directory)}") from None
                finally:
                    if self.keep:
                        print(f"kept: namespaces {lab.target_ns} {lab.load_ns}, files {directory}, processes {target.pids()}")
                    else:
                        target.stop()
        finally:
            if not self.keep:
                subprocess.run(["rm", "-rf", directory], check=False)

    def _load(self, scenario, target, lab, directory, on_step):
        command = Lab.inside(lab.load_ns) + [
            self.load_program, "run", "--target", f"{TARGET_ADDRESS}:{PORT}", "--target-asn", str(TARGET_ASN),
            "--kind", scenario.kind, "--prefixes", str(scenario.prefixes), "--senders", str(scenario.senders),
            "--sinks", str(scenario.sinks), "--cycles", str(scenario.cycles), "--hold", str(scenario.hold),
            "--timeout", str(self.timeout), "--seed", str(self.seed)]
        for pid in target.pids():
            command += ["--pid", str(pid)]
        if scenario.kernel:
            command += ["--kernel-netns", f"/run/netns/{lab.target_ns}"]
        if on_step:
            command.append("--step")
        with open(pathlib.Path(directory) / "load.err", "w+", encoding="utf-8") as errors:
            result = None
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as load:
                try:
                    for line in load.stdout:
                        result = json.loads(line)
                        if "step" in result:
                            on_step(result["step"], target, directory)
                            load.stdin.write("\n")
                            load.stdin.flush()
                    load.wait(30)
                finally:
                    if load.poll() is None:
                        load.kill()
            if load.returncode != 0 or result is None:
                errors.seek(0)
                raise RunError(errors.read().strip() or f"the load generator ended with {load.returncode}")
        return result

    @staticmethod
    def _logs(directory):
        out = ""
        for path in sorted(pathlib.Path(directory).glob("*")):
            if path.suffix in (".log", ".out") and path.stat().st_size:
                text = path.read_text(encoding="utf-8", errors="replace").splitlines()
                out += f"\n  last lines of {path.name}:\n    " + "\n    ".join(text[-5:])
        return out

#!/usr/bin/python3
"""Tests of the benchmark itself: does it see what happened, and nothing else? Usage: test_bench.py PATH_OF_podbgp_bench_load"""

import dataclasses
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))
# pylint: disable=wrong-import-position
from harness import netlink_trace, report  # noqa: E402
from harness.lab import TARGET_ADDRESS, TARGET_ASN  # noqa: E402
from harness.scenarios import SCENARIOS, RunError, Runner  # noqa: E402
from harness.targets import Null, Target  # noqa: E402

LOAD = sys.argv.pop(1) if len(sys.argv) > 1 and os.path.exists(sys.argv[1]) else shutil.which("podbgp_bench_load")
ROOT = os.geteuid() == 0

SENDER = r"""
import socket, struct, sys, threading
sys.stdin.readline()
def request(seq):
    return struct.pack("=IHHII", 32, 18, 0x301, seq, 0) + struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)
def work():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.bind((0, 0))
    sock.send(request(1) + request(2))                                     # one buffer, two requests
    header = request(3)
    sock.sendmsg([header[:16], header[16:]], [], 0, (0, 0))                # one request in two buffers
    sock.sendto(request(4), (0, 0))
threads = [threading.Thread(target=work) for _ in range(5)]
[t.start() for t in threads]; [t.join() for t in threads]
with socket.create_server(("127.0.0.1", 0)) as server:                     # not netlink: must not be counted
    client = socket.create_connection(server.getsockname())
    client.send(request(9))
print("sent", flush=True)
sys.stdin.readline()
"""


class FakeSpeaker(Target):
    name = "fake"

    def __init__(self, mode):
        super().__init__()
        self.mode = mode

    def start(self, lab, scenario, directory):
        script = str(BENCH / "tests" / "fake_speaker.py")
        self.spawn(lab, ["/usr/bin/python3", script, TARGET_ADDRESS, str(TARGET_ASN), self.mode], directory, "fake.log")


class NetlinkTrace(unittest.TestCase):
    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_counts_every_request_of_every_thread_and_no_other_bytes(self):
        with (subprocess.Popen([sys.executable, "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child,
              tempfile.TemporaryDirectory() as directory):
            tracer = netlink_trace.Tracer(child.pid, f"{directory}/trace")
            child.stdin.write("\n")
            child.stdin.flush()
            self.assertEqual(child.stdout.readline(), "sent\n")
            requests = tracer.stop()
            child.stdin.write("\n")
            child.stdin.flush()
        self.assertEqual([r.type for r in requests], ["GETLINK"] * 20)

    def test_window(self):
        requests = [netlink_trace.Request(t, "NEWROUTE", 1, 60) for t in (1.0, 2.0, 3.0, 4.0)]
        inside, after = netlink_trace.count_window(requests, 2.0, 3.0)
        self.assertEqual((inside["NEWROUTE"], after["NEWROUTE"]), (2, 3))

    def test_replies_are_not_requests(self):
        error = struct.pack("=IHHII", 36, 2, 0x100, 1, 0) + bytes(20)
        self.assertEqual([m[1] & 1 for m in netlink_trace.messages(error)], [0])


class Verdicts(unittest.TestCase):
    def both(self, mine, theirs):
        results = {"podbgpd": {"runs": mine, "failed": []}, "bird2": {"runs": theirs, "failed": []}}
        return [holds for holds, _ in report.verdicts(SCENARIOS["S1"], results, "podbgpd", "bird2")]

    def test_medians_decide(self):
        mine = [{"all_held_s": t, "bytes_per_route": 60} for t in (0.1, 0.2, 9.0)]
        theirs = [{"all_held_s": t, "bytes_per_route": 100} for t in (0.1, 0.3, 0.4)]
        self.assertEqual(self.both(mine, theirs), [True, True])

    def test_too_slow_and_too_fat(self):
        self.assertEqual(self.both([{"all_held_s": 1.01, "bytes_per_route": 76}], [{"all_held_s": 1.0, "bytes_per_route": 100}]),
                         [False, False])

    def test_no_run_is_no_success(self):
        self.assertEqual(self.both([], [{"all_held_s": 1.0, "bytes_per_route": 100}]), [False])


@unittest.skipUnless(ROOT and LOAD, "needs root and podbgp_bench_load")
class LoadGenerator(unittest.TestCase):
    def run_one(self, name, target, on_step=None, **changes):
        return Runner(LOAD, timeout=20).run(dataclasses.replace(SCENARIOS[name], **changes), target, on_step)

    def test_relay_holds_and_withdraws_all(self):
        run = self.run_one("S5-200", Null(LOAD), prefixes=2000, sinks=20)
        self.assertEqual(run["updates_per_prefix"], 1)
        self.assertGreater(run["all_held_s"], 0)

    def test_relay_cannot_choose_a_best_path(self):
        # The relay passes on every sender's path: the sink must notice that what it holds last is not the best one.
        with self.assertRaisesRegex(RunError, "not all held in time"):
            Runner(LOAD, timeout=3).run(dataclasses.replace(SCENARIOS["S2same"], prefixes=1000), Null(LOAD))

    def test_failover_by_one_group_is_seen_at_the_group(self):
        self.failover("group")

    def test_failover_by_one_object_is_seen_at_the_object(self):
        self.failover("object")

    def failover(self, mode):
        trace = []

        def on_step(step, target, directory):
            if step == "reset":
                trace.append(netlink_trace.Tracer(target.pids()[0], f"{directory}/strace.txt"))
            elif step == "done":
                trace.append(trace[0].stop())

        run = self.run_one("S4-10k", FakeSpeaker(mode), on_step, prefixes=500)
        self.assertEqual(run["kernel_objects"], 3)
        self.assertGreaterEqual(run["object_notifications"], 1)
        # One request moved 500 prefixes: all in the same moment.
        self.assertEqual(run["first_switched_ms"], run["all_switched_ms"])
        inside, _ = netlink_trace.count_window(trace[1], run["reset_wall_us"] / 1e6, run["all_switched_wall_us"] / 1e6)
        self.assertEqual(inside["NEWNEXTHOP"], 1)
        self.assertEqual(inside["NEWROUTE"], 0)

    def test_deleting_the_object_takes_the_routes_along(self):
        # Kernel routes go without a notification of their own: the monitor must know all the same.
        run = self.run_one("S3-200k", FakeSpeaker("delete"), prefixes=300)
        self.assertEqual(run["monitor_overruns"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)

"""How long the machine keeps a process waiting; SIGTERM prints the longest such time in seconds, and ends. Without an argument one that
works: 100 ms of processor time every second, and what such a piece of work took beyond these 100 ms. With `wake` one that sleeps: a
millisecond at a time, and by how much it was woken too late.

A limit in seconds says something about a daemon only on a machine that lets it run: what the machine owes is added to the limit.
"""

import signal
import sys
import time

WORK = 0.1
worst = 0.0


def report(*_):
    print(f"{worst:.3f}", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, report)
print("watching", flush=True)
while len(sys.argv) > 1:
    began = time.monotonic()
    time.sleep(0.001)
    worst = max(worst, time.monotonic() - began - 0.001)
while True:
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < WORK:
        pass
    worst = max(worst, time.monotonic() - began - WORK)
    time.sleep(1 - WORK)

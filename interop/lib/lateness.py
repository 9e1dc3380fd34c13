"""How long the machine keeps a working process waiting: works for 100 ms of processor time every second; SIGTERM prints the longest
time in seconds that one such piece of work took beyond these 100 ms, and ends.

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
while True:
    began, used = time.monotonic(), time.process_time()
    while time.process_time() - used < WORK:
        pass
    worst = max(worst, time.monotonic() - began - WORK)
    time.sleep(1 - WORK)

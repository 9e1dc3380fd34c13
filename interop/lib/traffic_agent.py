"""The two ends of a numbered UDP stream: `traffic_agent.py send ADDRESS PORT RATE SOURCE_PORT | receive ADDRESS PORT`; SIGTERM ends and prints JSON."""

import json
import signal
import socket
import struct
import sys
import time

running = True


def stop(*_):
    global running
    running = False


def make_socket(address):
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)


def send(address, port, rate, source_port):
    link = make_socket(address)
    link.bind(("", source_port))  # 0: any
    sent = failed = 0
    start = time.monotonic()
    print("sending", flush=True)
    while running:
        due = int((time.monotonic() - start) * rate)
        while sent + failed < due and running:
            try:
                link.sendto(struct.pack("!Qd", sent + failed, time.monotonic()) + bytes(48), (address, port))
                sent += 1
            except OSError:
                failed += 1  # no route: a loss as good as any
        time.sleep(0.5 / rate)
    print(json.dumps({"sent": sent + failed, "failed": failed}), flush=True)


def missing_numbers(seen, limit=10):
    """The first few ranges of numbers that never came."""
    ranges, expected = [], 0
    for value in sorted(seen):
        if value != expected and len(ranges) < limit:
            ranges.append([expected, value - 1])
        expected = value + 1
    return ranges


def receive(address, port):
    link = make_socket(address)
    link.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE: a late reader must not look like a lossy path
    if link.family == socket.AF_INET6:
        link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    link.bind((address, port))
    link.settimeout(0.1)
    seen, last, longest = set(), None, 0.0
    print("listening", flush=True)
    while running:
        try:
            data = link.recv(2048)
        except TimeoutError:
            continue
        now = time.monotonic()
        if last is not None:
            longest = max(longest, now - last)
        last = now
        seen.add(struct.unpack_from("!Q", data)[0])
    print(json.dumps({"received": len(seen), "longest_gap_ms": round(longest * 1000, 1), "missing": missing_numbers(seen)}), flush=True)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, signal.SIG_IGN)
if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
else:
    receive(sys.argv[2], int(sys.argv[3]))

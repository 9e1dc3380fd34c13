#!/usr/bin/python3
"""A target for the tests of the benchmark itself: accepts two sessions, puts the prefixes of the first into the kernel by
one nexthop group, and re-points that group when the first session is lost. Does with `ip` what a good daemon does by netlink."""

import socket
import struct
import subprocess
import sys
import threading

MARKER = b"\xff" * 16
LISTEN, ASN, MODE = sys.argv[1], int(sys.argv[2]), sys.argv[3]
USE_GROUP = MODE == "group"
lock = threading.Lock()


def ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="".join(line + "\n" for line in lines), text=True, check=True)


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def open_body():
    capability = bytes([1, 4, 0, 1, 0, 1, 65, 4]) + struct.pack("!I", ASN)
    return struct.pack("!BHH4sBBB", 4, ASN, 90, socket.inet_aton(LISTEN), len(capability) + 2, 2, len(capability)) + capability


def prefixes(field):
    at = 0
    while at < len(field):
        length = field[at]
        size = (length + 7) // 8
        yield f"{socket.inet_ntoa(field[at + 1:at + 1 + size].ljust(4, bytes(1)))}/{length}"
        at += 1 + size


def on_update(first, body):
    withdrawn = struct.unpack_from("!H", body)[0]
    attributes = struct.unpack_from("!H", body, 2 + withdrawn)[0]
    gone = list(prefixes(body[2:2 + withdrawn]))
    new = list(prefixes(body[4 + withdrawn + attributes:]))
    if not first:
        return
    with lock:
        if gone and MODE == "delete":
            ip("nexthop del id 12")  # the kernel removes the routes
        else:
            ip(*(f"route replace {p} nhid 12" for p in new), *(f"route del {p}" for p in gone))


def serve(sock, first):
    sock.sendall(message(1, open_body()) + message(4))
    data = b""
    try:
        while True:
            got = sock.recv(65536)
            if not got:
                break
            data += got
            while len(data) >= 19 and len(data) >= struct.unpack_from("!H", data, 16)[0]:
                length = struct.unpack_from("!H", data, 16)[0]
                if data[18] == 2:
                    on_update(first, data[19:length])
                data = data[length:]
    except ConnectionResetError:
        pass
    if first:
        with lock:
            ip("nexthop replace id 12 group 11" if USE_GROUP else "nexthop replace id 12 via 10.99.1.2 dev bench0")


ip("nexthop add id 10 via 10.99.1.1 dev bench0", "nexthop add id 11 via 10.99.1.2 dev bench0",
   "nexthop add id 12 group 10" if USE_GROUP else "nexthop add id 12 via 10.99.1.1 dev bench0")
listener = socket.create_server((LISTEN, 179))
while True:
    connection, peer = listener.accept()
    threading.Thread(target=serve, args=(connection, peer[0] == "10.99.1.1"), daemon=True).start()

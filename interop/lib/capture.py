"""What a packet capture says about a BGP session: when which messages were sent."""

import ipaddress
import struct

MARKER = b"\xff" * 16
KINDS = {1: "open", 2: "update", 3: "notification", 4: "keepalive", 5: "route_refresh"}
LINK = {1: (14, 12), 113: (16, 14), 276: (20, 0)}  # link type: (length of its header, where the ethertype is)


def packets(path):
    """(seconds, IP packet) of a pcap file."""
    with open(path, "rb") as file:
        head = file.read(24)
        order = "<" if head[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        nano = head[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
        length, _ = LINK[struct.unpack(order + "I", head[20:24])[0]]
        while len(record := file.read(16)) == 16:
            seconds, fraction, size, _ = struct.unpack(order + "IIII", record)
            data = file.read(size)
            if len(data) < size:
                return  # the capture is still being written
            yield seconds + fraction / (1e9 if nano else 1e6), data[length:]


def segments(path, source, destination):
    """(seconds, (ports), sequence number, payload) of TCP from source to destination."""
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    for seconds, data in packets(path):
        if not data:
            continue
        if data[0] >> 4 == 4:
            if data[9] != 6 or data[12:16] != source.packed or data[16:20] != destination.packed:
                continue
            tcp = data[(data[0] & 15) * 4:struct.unpack("!H", data[2:4])[0]]
        else:
            if data[6] != 6 or data[8:24] != source.packed or data[24:40] != destination.packed:
                continue
            tcp = data[40:40 + struct.unpack("!H", data[4:6])[0]]
        sport, dport, sequence = struct.unpack("!HHI", tcp[:8])
        payload = tcp[(tcp[12] >> 4) * 4:]
        if payload:
            yield seconds, (sport, dport), sequence, payload


def messages(path, source, destination):
    """(seconds, kind, connection) of each BGP message, in order; what was sent twice counts once."""
    streams = {}
    for seconds, ports, sequence, payload in segments(path, source, destination):
        stream = streams.setdefault(ports, {"next": sequence, "data": b""})
        skip = (stream["next"] - sequence) & 0xffffffff
        if skip >= 1 << 31:  # a gap: the capture lost a segment; find the next message behind it
            stream["data"], skip = b"", 0
            payload = payload[max(payload.find(MARKER), 0):]
        fresh = payload[skip:]
        if not fresh:
            continue
        stream["next"] = (sequence + len(payload)) & 0xffffffff
        data = stream["data"] + fresh
        while len(data) >= 19:
            if data[:16] != MARKER:
                data = data[data.find(MARKER):] if MARKER in data else b""
                continue
            size = struct.unpack("!H", data[16:18])[0]
            if len(data) < size:
                break
            yield seconds, KINDS.get(data[18], "?"), ports
            data = data[size:]
        stream["data"] = data


def gaps(path, source, destination):
    """Longest pauses in seconds on any one connection: between keepalives, and between messages of any kind that keep it alive."""
    last, longest = {}, {"keepalive": 0.0, "any": 0.0, "messages": 0}
    for seconds, kind, ports in messages(path, source, destination):
        longest["messages"] += 1
        for name, counts in (("keepalive", kind == "keepalive"), ("any", kind in ("keepalive", "update"))):
            if counts:
                before = last.get((ports, name))
                if before is not None:
                    longest[name] = max(longest[name], seconds - before)
                last[(ports, name)] = seconds
    return longest

"""Prints the kernel's notifications about routes and nexthop objects of this network namespace, one JSON object a line."""

import ipaddress
import json
import socket
import struct

NETLINK_ROUTE = 0
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
GROUPS = {7: "RTNLGRP_IPV4_ROUTE", 11: "RTNLGRP_IPV6_ROUTE", 32: "RTNLGRP_NEXTHOP"}
NAMES = {24: "RTM_NEWROUTE", 25: "RTM_DELROUTE", 104: "RTM_NEWNEXTHOP", 105: "RTM_DELNEXTHOP"}
RTA_DST, RTA_PRIORITY, RTA_TABLE, RTA_NH_ID, NHA_ID = 1, 6, 15, 30, 1


def attributes(data):
    result = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        if length < 4:
            break
        result[kind & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return result


def number(data):
    return struct.unpack("I", data)[0] if data else 0


def route(data):
    family, length, _, _, table, protocol, _, kind, _ = struct.unpack_from("BBBBBBBBI", data)
    found = attributes(data[12:])
    size = 4 if family == socket.AF_INET else 16
    destination = ipaddress.ip_address(found.get(RTA_DST, bytes(size)))
    return {"family": 4 if size == 4 else 6, "prefix": f"{destination}/{length}", "table": number(found.get(RTA_TABLE)) or table,
            "protocol": protocol, "type": kind, "metric": number(found.get(RTA_PRIORITY)), "nexthop_id": number(found.get(RTA_NH_ID))}


def nexthop(data):
    return {"protocol": data[2], "id": number(attributes(data[8:]).get(NHA_ID))}


def main():
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    link.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    link.bind((0, 0))
    for group in GROUPS:
        link.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    print(json.dumps({"event": "listening"}), flush=True)
    while True:
        try:
            data = link.recv(1 << 20)
        except OSError as error:
            print(json.dumps({"event": "overrun", "error": str(error)}), flush=True)
            continue
        while len(data) >= 16:
            length, kind, _, _, pid = struct.unpack_from("IHHII", data)
            body = data[16:length]
            if kind in NAMES:
                event = {"event": NAMES[kind], "pid": pid}
                event.update(route(body) if kind < 100 else nexthop(body))
                print(json.dumps(event), flush=True)
            data = data[(length + 3) & ~3:]


if __name__ == "__main__":
    main()

"""Least privilege, looked at from outside: the capability sets of a running podbgpd, of each of its threads."""

# Bits of include/uapi/linux/capability.h: the two that the daemon keeps.
NET_BIND_SERVICE, NET_ADMIN = 10, 12
KEPT = 1 << NET_BIND_SERVICE | 1 << NET_ADMIN
WANTED = {"CapInh": 0, "CapPrm": KEPT, "CapEff": KEPT, "CapBnd": KEPT, "CapAmb": 0}


def capability_sets(speaker):
    """{(pid, thread): {set: bits}} of the daemon's processes."""
    found = {}
    for pid in speaker.node.pidof(speaker.process):
        text = speaker.node.sh(f"cd /proc/{pid}/task && for thread in *; do echo \"thread $thread\"; cat $thread/status; done", check=False).stdout
        for block in text.split("thread ")[1:]:
            thread, _, status = block.partition("\n")
            found[pid, int(thread)] = {name: int(value, 16) for name, _, value in (line.partition(":") for line in status.splitlines()) if name in WANTED}
    return found


def excess(speaker):
    """One line for each set of a running daemon that holds anything but NET_ADMIN and NET_BIND_SERVICE; [] when it does not run."""
    return [f"thread {thread} of podbgpd {pid}: {name} is {bits:016x}, not {WANTED[name]:016x}"
            for (pid, thread), sets in capability_sets(speaker).items() for name, bits in sets.items() if bits != WANTED[name]]

"""PID 1 of a node on the netns backend: `nodeinit.py SPEC.json`.

Makes network, mount, PID, UTS and IPC namespaces and, inside, a root of its own: the system's programs read-only, a private
copy of /etc, empty /run, /var and /tmp. So several daemons with the same default paths run side by side, what a lab writes
never reaches the host, and the end of this process is the end of everything in the node: nothing can be left behind.

Prints one line, the PID of the node as the host sees it, once the node is ready; anything else on stdout is an error.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def die_with_parent():
    checked(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def run(*argv):
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def bind(source, target, read_only=False):
    """Binds a file or folder, making the mount point."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            open(target, "w").close()
    run("mount", "--rbind", source, target)
    if read_only:
        run("mount", "-o", "remount,bind,ro", target)


def system(image, root):
    """The programs of the image: /usr, and whatever beside it is not a link into it."""
    bind(f"{image}/usr", f"{root}/usr", read_only=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        source = f"{image}/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), f"{root}/{name}")
        elif os.path.isdir(source):
            bind(source, f"{root}/{name}", read_only=True)
    run("cp", "-a", f"{image}/etc", f"{root}/etc")


def devices(root):
    dev = f"{root}/dev"
    run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", dev)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        if os.path.exists(f"/dev/{name}"):
            bind(f"/dev/{name}", f"{dev}/{name}")
    os.mkdir(f"{dev}/pts")
    run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666,mode=620", "devpts", f"{dev}/pts")
    os.symlink("pts/ptmx", f"{dev}/ptmx")
    os.mkdir(f"{dev}/shm", 0o1777)
    for name, fd in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{fd}", f"{dev}/{name}")


def make_root(spec):
    root = spec["mount_point"]
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "node", root)
    system(spec["image_root"].rstrip("/"), root)
    for name in ("dev", "proc", "sys", "root", "mnt", "opt", "run/lock", "var/lib", "var/log", "var/cache", "var/spool", ".host"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    for name in ("tmp", "var/tmp"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
        os.chmod(f"{root}/{name}", 0o1777)
    os.symlink("/run", f"{root}/var/run")
    os.symlink("/run/lock", f"{root}/var/lock")
    devices(root)
    run("mount", "-t", "proc", "proc", f"{root}/proc")
    run("mount", "-t", "sysfs", "sysfs", f"{root}/sys")
    for path, owner, mode in spec["dirs"]:
        target = root + path
        os.makedirs(target, exist_ok=True)
        run("chroot", root, "chown", owner, path)
        os.chmod(target, mode)
    for source, target, read_only in spec["binds"]:
        bind(source, root + target, read_only)
    os.chdir(root)
    run("pivot_root", ".", ".host")
    os.chdir("/")
    run("umount", "-l", "/.host")
    os.rmdir("/.host")


def be_init(spec, ready):
    """PID 1: sets the node up, reports, and reaps until it is ended."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    name = spec["hostname"].encode()
    checked(libc.sethostname(name, len(name)), "sethostname")
    make_root(spec)
    os.write(ready, b"ready")
    os.close(ready)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            signal.sigtimedwait([signal.SIGCHLD], 3600)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the runner, which then ends the nodes in order
    if not spec["keep"]:
        die_with_parent()
    checked(libc.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID), "unshare")
    read_end, write_end = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    child = os.fork()
    if child == 0:
        os.close(read_end)
        if not spec["keep"]:
            die_with_parent()
        be_init(spec, write_end)
    os.close(write_end)
    if os.read(read_end, 16) != b"ready":
        os.waitpid(child, 0)
        sys.exit(1)
    print(child, flush=True)
    if spec["keep"]:
        os._exit(0)
    os.waitpid(child, 0)


main()

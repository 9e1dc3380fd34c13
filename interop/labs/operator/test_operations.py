"""What goes wrong on a node, and what its operator sees: a second daemon, a configuration that cannot be read, settings that wait for
a restart, too many prefixes, a removed socket, connections that nobody closes."""

import contextlib
import re
import socket
import sys

import pytest

from lib.waiting import expect

CONFIG = "/etc/podbgp/podbgp.yaml"
SOCKET = "/run/podbgp/api.sock"
TORS = {"tor-a": "10.1.0.1", "tor-b": "10.1.0.2"}
LEARNT = ("10.244.7.0/24", "fd00:10:244:7::/64")


@pytest.fixture(scope="module")
def node(lab):
    for peer in TORS.values():
        lab.fact(f"node1 has a session with {peer}", lambda: expect(lab["node1"].established(peer), lab["node1"].sessions()), within=20)
    for prefix in LEARNT:
        lab.fact(f"node1's kernel has {prefix}", lambda: lab.kernel("node1").route(prefix, "179"))
    return lab.node("node1")


@contextlib.contextmanager
def undisturbed(lab):
    """Sessions stay up and the kernel loses nothing, whatever happens inside."""
    since = {name: lab["node1"].peer(name)["since"] for name in TORS}
    with lab.kernel("node1").monitor() as monitor:
        yield
        deletions = [event for event in monitor.deletions() if event["event"] == "RTM_DELROUTE"]
    lab.holds("no route was deleted", lambda: expect(not deletions, deletions))
    for name in TORS:
        lab.holds(f"the session with {name} is the same", lambda: expect(lab["node1"].peer(name)["since"] == since[name], lab["node1"].peer(name)))


def edit(node, old, new):
    text = node.read_file(CONFIG)
    assert old in text
    node.write_file(CONFIG, text.replace(old, new))


def restore(node):
    node.sh(f"rm -rf {CONFIG}; cp /lab/node1.yaml {CONFIG}")


def metrics(node):
    script = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9179/metrics', timeout=10).read().decode())"
    return node.net(sys.executable, "-c", script).stdout


def log_lines(lab, event):
    return [line for line in lab["node1"].log().splitlines() if f" {event} " in line]


# --- a second daemon ---

SECOND = {
    "the same file": ("", r"another podbgpd \(pid \d+\) writes routes of protocol 179 into table 254 of this network namespace; stop it, or give "
                          r"this one another fib\.table or fib\.protocol, or `fib: \{ install: off \}`"),
    "another socket, no listener": ("api: { unix: /tmp/second.sock }\nmetrics: { listen: off }\nstate_dir: /tmp/second\n",
                                    r"another podbgpd \(pid \d+\) writes routes of protocol 179 into table 254 .*"),
    "the same socket, another protocol": ("fib: { protocol: 180 }\nmetrics: { listen: off }\nstate_dir: /tmp/second\n",
                                          rf"another process answers on {SOCKET}; stop it, or set api\.unix to another path"),
    "the same port of metrics": ("fib: { protocol: 180 }\napi: { unix: /tmp/second.sock }\nstate_dir: /tmp/second\n",
                                 r"cannot listen on 127\.0\.0\.1 port 9179 for metrics: .*set metrics\.listen to another address, or to off"),
}


@pytest.mark.parametrize("case", SECOND)
def test_a_second_daemon_is_refused_before_it_touches_the_kernel(lab, node, case):
    more, wanted = SECOND[case]
    node.write_file("/tmp/second.yaml", node.read_file("/lab/node1.yaml").replace("id: 10.1.0.11 }", "id: 10.1.0.11, listen: [] }") + more)
    with undisturbed(lab):
        done = node.exec("podbgpd", "--config", "/tmp/second.yaml", check=False, timeout=20)
        lab.holds("it ends with 1", lambda: expect(done.returncode == 1, done))
        lab.holds("and says what is in the way and what to do", lambda: expect(re.search(rf"podbgpd: not started: {wanted}$", done.stderr.strip()), done.stderr))
    lab.holds("the first daemon answers", lambda: lab["node1"].cli("status").returncode == 0)


# --- a configuration that cannot be read ---

BROKEN = {
    "a folder": (f"rm {CONFIG}; mkdir {CONFIG}", "Is a directory"),
    "unreadable": (f"chmod 000 {CONFIG}", "Permission denied"),
    "vanished": (f"rm {CONFIG}", "No such file or directory"),
    "empty": (f": >{CONFIG}", ""),
    "not YAML": (f"echo 'a: [' >{CONFIG}", ""),
}


@pytest.mark.parametrize("how", ["SIGHUP", "podbgp config reload"])
@pytest.mark.parametrize("case", BROKEN)
def test_reload_of_a_file_that_is_no_use_changes_nothing(lab, node, case, how):
    command, reason = BROKEN[case]
    restore(node)
    try:
        node.sh(command)
        before = len(log_lines(lab, "CONFIG_REJECTED"))
        with undisturbed(lab):
            if how == "SIGHUP":
                assert node.kill("podbgpd", 1) == 1
            else:
                done = lab["node1"].cli("config", "reload", check=False)
                lab.holds("the command is refused", lambda: expect(done.returncode == 4 and "[CONFIG_INVALID]" in done.stderr, done))
                lab.holds("and names file and reason", lambda: expect(CONFIG in done.stderr and reason in done.stderr, done.stderr))
            lab.fact("the log says so", lambda: expect(log_lines(lab, "CONFIG_REJECTED")[before:], lab["node1"].log()[-1000:]))
            line = log_lines(lab, "CONFIG_REJECTED")[-1]
            lab.holds("with file and reason", lambda: expect(CONFIG in line and reason in line, line))
        lab.holds("and the metrics", lambda: "podbgp_config_last_reload_success 0" in metrics(node))
        status = lab["node1"].cli("status").stdout
        lab.holds("and podbgp status, with the reason", lambda: expect("the last reload" in status and "was refused" in status and reason in status, status))
    finally:
        restore(node)
    lab.holds("a good file is taken afterwards", lambda: expect("nothing changed" in lab["node1"].cli("config", "reload").stdout, "?"))
    lab.holds("and nothing is left of it in the status", lambda: expect("was refused" not in lab["node1"].cli("status").stdout, lab["node1"].cli("status").stdout))


def test_settings_that_wait_for_a_restart_are_shown_until_they_do_not(lab, node):
    with undisturbed(lab):
        node.sh(f"printf 'fib: {{ table: 100 }}\\nmetrics: {{ listen: off }}\\n' >>{CONFIG}")
        lab["node1"].cli("config", "reload")
        status = lab["node1"].cli("status").stdout
        lab.holds("status names fib.table", lambda: expect("restart needed: fib.table: main -> 100\n" in status, status))
        lab.holds("and metrics.listen", lambda: expect("restart needed: metrics.listen: \"127.0.0.1:9179\" -> off\n" in status, status))
        lab.holds("so does JSON", lambda: expect(len(lab["node1"].json("status")["pending_restart"]) == 2, lab["node1"].json("status")))
        lab.holds("and the log", lambda: expect("fib.table, metrics.listen" in log_lines(lab, "CONFIG_NEEDS_RESTART")[-1], log_lines(lab, "CONFIG_NEEDS_RESTART")))
        lab.holds("and the metrics", lambda: "podbgp_config_pending_restart 2" in metrics(node))
        restore(node)
        lab["node1"].cli("config", "reload")
        lab.holds("nothing waits any more", lambda: expect("restart needed" not in lab["node1"].cli("status").stdout, lab["node1"].cli("status").stdout))


# --- too much ---

def test_a_prefix_limit_is_shown_while_its_restart_waits(lab, node):
    edit(node, "name: tor-b, address: 10.1.0.2, group: tors", "name: tor-b, address: 10.1.0.2, group: tors, max_prefixes: { received: 2, restart_after: 4s }")
    lab["node1"].cli("config", "reload")
    lab["tor-b"].announce("10.20.1.0/24", "10.20.2.0/24")
    shown = r"Idle \(prefix limit, restart in \d s\)"
    lab.fact("podbgp peers says so", lambda: expect(re.search(shown, lab["node1"].cli("peers").stdout), lab["node1"].cli("peers").stdout))
    lab.holds("and with which limit", lambda: expect("2 allowed" in lab["node1"].cli("peers").stdout, lab["node1"].cli("peers").stdout))
    lab["tor-b"].withdraw("10.20.1.0/24", "10.20.2.0/24")
    lab.fact("it comes back", lambda: expect(lab["node1"].established(TORS["tor-b"]), lab["node1"].sessions()), within=25)
    restore(node)
    lab["node1"].cli("config", "reload")


def connection(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(path)
    return one


def test_an_agent_that_leaks_connections_hurts_only_itself(lab, node):
    path = f"/proc/{node.pid}/root{SOCKET}"
    with undisturbed(lab), contextlib.ExitStack() as held:
        for _ in range(300):
            held.enter_context(connection(path))
        lab.fact("the log says who was refused", lambda: expect(log_lines(lab, "API_CONNECTION_REFUSED"), lab["node1"].log()[-500:]))
        lab.holds("the operator is let in", lambda: lab["node1"].cli("status").returncode == 0)
        pid = node.pidof("podbgpd")[0]
        count = int(node.sh(f"ls /proc/{pid}/fd | wc -l").stdout)
        lab.holds("descriptors are bounded", lambda: expect(count < 200, count))
        lab.holds("one line, not hundreds", lambda: expect(len(log_lines(lab, "API_CONNECTION_REFUSED")) == 1, log_lines(lab, "API_CONNECTION_REFUSED")))


def test_a_removed_socket_is_made_again(lab, node):
    with undisturbed(lab):
        node.sh(f"rm {SOCKET}")
        lab.fact("podbgp reaches the daemon again", lambda: lab["node1"].cli("status", check=False).returncode == 0)
        lab.fact("the log says so", lambda: expect(log_lines(lab, "API_SOCKET_RESTORED"), lab["node1"].log()[-500:]))
        node.sh(f"rm -r {SOCKET.rpartition('/')[0]}")
        lab.fact("also without its folder", lambda: lab["node1"].cli("status", check=False).returncode == 0)

"""An agent that has the daemon's socket and nothing else: it announces, replaces, withdraws, is killed and comes back."""

import pathlib
import re

from lib.lab import find_binaries
from lib.suite import has_path
from lib.transcript import Page
from lib.waiting import expect

HERE = pathlib.Path(__file__).resolve().parent
BLOCK = ("10.244.1.0/24", "fd00:10:244:1::/64")
MORE = ("10.244.77.0/24", "fd00:10:244:77::/64")
MARK = "10.244.99.0/24"
NODE = ("10.1.1.11", "fd00:1:1::11")
POD, FAR_POD = ("10.244.1.10", "fd00:10:244:1::10"), ("10.244.9.10", "fd00:10:244:9::10")
SESSION = 25


def agent(lab):
    return lab.node("agent")


def alive(lab):
    return agent(lab).sh("kill -0 $(cat /run/agent.pid)", check=False).returncode == 0


def start(lab):
    agent(lab).sh("setsid sh /etc/agent/agent.sh /run/routes.yaml >>/var/log/agent.log 2>&1 </dev/null &")


def replaced(lab, *prefixes):
    """The agent's list becomes this, and it reads it."""
    agent(lab).write_file("/run/routes.yaml", "".join(f'- "{prefix}"\n' for prefix in prefixes) or "[]\n")
    agent(lab).sh("kill -HUP $(cat /run/agent.pid)")


def updates(lab):
    """Routes that BIRD was sent by the node since the session came: (announced, withdrawn)."""
    text = lab["tor"].birdc("show", "protocols", "all", "node1")
    return tuple(sum(int(number) for number in re.findall(rf"Import {kind}:\s+(\d+)", text)) for kind in ("updates", "withdraws"))


def received_at(lab, prefix):
    """When BIRD last took the route, to the millisecond."""
    found = re.search(r"\[node1 (\S+?)[\] ]", lab["tor"].birdc("show", "route", prefix))
    return found and found[1]


def announced(lab, prefixes, since=10):
    for prefix, hop in zip(prefixes, NODE):
        lab.fact(f"the ToR (BIRD) has {prefix} from AS 65101 via {hop}", lambda: has_path(lab["tor"], prefix, (65101,), hop), since)
        lab.fact("the ToR's kernel has it", lambda: expect(lab.kernel("tor").gateways(prefix, "bird") == [hop], lab.kernel("tor").routes(prefix)))
        lab.fact("our API says that the ToR was sent it", lambda: lab["node1"].advertised("tor", prefix))
        lab.fact("node1's kernel has it as a blackhole", lambda: (lab.kernel("node1").route(prefix, "179") or {}).get("type") == "blackhole")


def gone(lab, prefixes):
    for prefix in prefixes:
        lab.fact(f"the ToR lost {prefix}", lambda: not lab["tor"].routes(prefix))
        lab.fact("our API lost it", lambda: not lab["node1"].routes(prefix))
        lab.fact("node1's kernel lost it", lambda: lab.kernel("node1").route(prefix, "179") is None)


def nothing_was_sent(lab, before, what):
    """A route announced now reaches BIRD behind whatever was sent before it: nothing but this route was."""
    lab["node1"].cli("announce", MARK, "--owner", "marker")
    lab.fact(f"{what}: no UPDATE reached the ToR", lambda: expect(
        lab["tor"].routes(MARK) and updates(lab) == (before[0] + 1, before[1]), f"before {before}, now {updates(lab)}"))
    lab["node1"].cli("withdraw", MARK, "--owner", "marker")
    lab.fact("the marker is gone again", lambda: not lab["tor"].routes(MARK))


def replaces_seen(lab):
    return len(re.findall(r"method=RouteService/ReplaceRoutes", lab["node1"].log()))


def test_agent_announces(lab):
    lab.section("the agent announces its blocks, through the socket alone")
    lab.holds("the agent has no network but loopback", lambda: expect(
        agent(lab).net("ip", "-br", "link").stdout.split()[::3][:1] == ["lo"] and len(agent(lab).net("ip", "-br", "link").stdout.splitlines()) == 1,
        agent(lab).net("ip", "-br", "link").stdout))
    lab.fact("node1 has a session with the ToR", lambda: lab["node1"].established("10.1.1.1"), within=SESSION)
    announced(lab, BLOCK)
    owners = lab["node1"].cli("owners").stdout
    lab.holds("our API names the owner", lambda: expect(re.search(r"^cni\s+2\b", owners, re.M), owners))


def test_readme(lab):
    lab.section("the README, command by command")
    Page(lab, HERE / "README.md", lab.results / "page", find_binaries(lab.options["bin"])).run()


def test_packets(lab):
    lab.section("packets, pod to pod")
    for near, far in zip(POD, FAR_POD):
        lab.fact(f"pod-a reaches pod-z ({far})", lambda: lab.ping("pod-a", far))
        lab.fact(f"pod-z reaches pod-a ({near})", lambda: lab.ping("pod-z", near))


def test_unchanged_replace(lab):
    lab.section("the agent says the same again")
    before, said = updates(lab), replaces_seen(lab)
    when = [received_at(lab, prefix) for prefix in BLOCK]
    agent(lab).sh("kill -HUP $(cat /run/agent.pid)")
    lab.fact("the daemon was told the whole set again", lambda: expect(replaces_seen(lab) > said, f"{replaces_seen(lab)} calls"))
    nothing_was_sent(lab, before, "an unchanged replace")
    lab.holds("the ToR's routes are as old as they were", lambda: expect([received_at(lab, prefix) for prefix in BLOCK] == when, when))


def test_replace(lab):
    lab.section("the agent's set changes: two more, then these instead of one")
    before, when = updates(lab), received_at(lab, BLOCK[0])
    replaced(lab, *BLOCK, *MORE)
    announced(lab, MORE)
    lab.holds("two routes were announced, none withdrawn", lambda: expect(updates(lab) == (before[0] + 2, before[1]), updates(lab)))
    replaced(lab, *BLOCK)
    gone(lab, MORE)
    lab.holds("two routes were withdrawn, none announced", lambda: expect(updates(lab) == (before[0] + 2, before[1] + 2), updates(lab)))
    lab.holds("the block that stayed was not touched", lambda: expect(received_at(lab, BLOCK[0]) == when, when))


def test_agent_is_killed(lab):
    lab.section("kill -9 of the agent: its routes outlive it; it comes back and says the same")
    before, when, said = updates(lab), [received_at(lab, prefix) for prefix in BLOCK], replaces_seen(lab)
    with lab.stream("pod-z", "pod-a", POD[0]) as stream, lab.kernel("node1").monitor() as monitor:
        agent(lab).sh("kill -s KILL -- -$(cat /run/agent.pid)")
        lab.fact("the agent and its watch are dead", lambda: not alive(lab) and not agent(lab).pidof("podbgp"))
        nothing_was_sent(lab, before, "the agent's death")
        lab.holds("our API still has its routes, with their owner", lambda: all(lab["node1"].routes(prefix) for prefix in BLOCK))
        start(lab)
        lab.fact("the agent is back and said its set", lambda: replaces_seen(lab) > said)
        nothing_was_sent(lab, (before[0] + 1, before[1] + 1), "the agent's return")
        result, deleted = stream.finish(), [event.get("prefix") for event in monitor.deletions()]
    announced(lab, BLOCK)
    lab.holds("the ToR's routes are as old as they were", lambda: expect([received_at(lab, prefix) for prefix in BLOCK] == when, when))
    lab.holds(f"0 of {result['sent']} packets to the pod lost meanwhile", lambda: expect(result["lost"] == 0 and result["sent"] > 100, result))
    lab.holds("no kernel route of the agent was deleted", lambda: expect(not set(deleted) & set(BLOCK), deleted))


def test_daemon_is_killed(lab):
    lab.section("kill -9 of the daemon: the agent notices, and says its set when the daemon is back")
    with lab.kernel("node1").monitor() as monitor:
        lab["node1"].kill()
        lab.fact("the ToR lost the session", lambda: not lab["tor"].routes(BLOCK[0]), within=15)
        lab["node1"].start()
        lab.fact("node1 has a session with the ToR", lambda: lab["node1"].established("10.1.1.1"), within=SESSION)
        announced(lab, BLOCK, since=20)
        deleted = [event.get("prefix") for event in monitor.deletions()]
    lab.holds("no kernel route of the agent was deleted", lambda: expect(not set(deleted) & set(BLOCK), deleted))


def test_withdraw(lab):
    lab.section("the agent withdraws all it has, and announces it again")
    replaced(lab)
    gone(lab, BLOCK)
    replaced(lab, *BLOCK)
    announced(lab, BLOCK)
    lab.fact("pod-a reaches pod-z again", lambda: lab.ping("pod-a", FAR_POD[0]))

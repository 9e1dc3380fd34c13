"""Every command of the documents runs against a real daemon, or in the test that not-run.yml names: those of README.md, docs/ and the folders' READMEs, of
both --help, the Python client, and what the two shells complete."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from lib import doc_commands, shell_keys, waiting
from lib.lab import ROOT, find_binaries
from lib.waiting import expect

HERE = pathlib.Path(__file__).resolve().parent
NOT_RUN = yaml.safe_load((HERE / "not-run.yml").read_text(encoding="utf-8"))
COMMANDS = doc_commands.of_documents(ROOT)
ELSEWHERE, NOWHERE = NOT_RUN["elsewhere"], NOT_RUN["nowhere"]
BY_HAND = "tests/interop/by_hand_test.py"
VERSIONS = "docker run --rm "  # of every image, which BY_HAND asks
# Pages whose console blocks another test runs from top to bottom and compares with what they show (lib/transcript.py).
PAGES = {"docs/getting-started.md": "interop/labs/tor-bird/test_tor_bird.py", "docs/install.md": "scripts/test-packages"}
# What the READMEs of labs say: their commands in text are run by BY_HAND, which names the lab; `interop/run LAB` is what scripts/test runs.
OF_A_LAB = re.compile(r"interop/labs/([\w-]+)/README.md")
ANSWERS = {"podbgp health": (0, "ready")}  # a word that must be there, beside exit code 0
DEADLINE = 30


class Desk:
    """Where the documents' reader sits: a folder with the files they name, the programs in PATH, node1's socket."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = lab.results / "desk"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "podbgp.yaml").write_text(doc_commands.block(ROOT, "README.md", "yaml"), encoding="utf-8")
        (self.folder / "routes.yaml").write_text(doc_commands.block(ROOT, "docs/cli.md", "yaml"), encoding="utf-8")
        (self.folder / "client.py").write_text(doc_commands.block(ROOT, "docs/api.md", "python"), encoding="utf-8")
        (self.folder / "api").symlink_to(ROOT / "api")
        self.socket = f"/proc/{lab.node('node1').pid}/root/run/podbgp/api.sock"
        self.binaries = find_binaries(lab.options["bin"])
        self.environment = {"PATH": f"{self.binaries}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TERM": "dumb",
                            "PODBGP_SERVER": f"unix://{self.socket}"}

    def run(self, command, **options):
        return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE, check=False, **options)

    def start(self, command):
        return subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def desk(lab):
    for peer in ("10.1.0.1", "10.1.0.2"):
        lab.fact(f"node1 has a session with {peer}", lambda: expect(lab["node1"].established(peer), lab["node1"].sessions()), within=20)
    lab.fact("node1 has the ToRs' route", lambda: lab["node1"].routes("10.244.7.0/24"))
    return Desk(lab)


COMMAND_FORM = re.compile(r"\b(COMMAND|SUITE|PREFIX|NAME)\b|…")  # what a reader has to fill in


def by_hand(document):
    return f'"{OF_A_LAB.match(document)[1]}"' in (ROOT / BY_HAND).read_text(encoding="utf-8")


def as_written(command):
    """The command with the documents' placeholders filled."""
    return re.sub(r"\bFILE\b", "podbgp.yaml", command)


def plain(lab, desk, command):
    if command.startswith("ip "):
        done = lab.node("node1").net(*shlex.split(command), check=False)
        return done.returncode, done.stdout + done.stderr
    done = desk.run(command)
    return done.returncode, done.stdout


def watch(desk, command):
    """A watch runs until it is interrupted: it shows what there is, and says so."""
    process = desk.start(command)
    try:
        for line in process.stdout:
            if line.startswith("-- all of them"):
                return
        raise AssertionError(f"{command}: ended with {process.wait()} before it had shown all")
    finally:
        process.terminate()
        process.wait(DEADLINE)


def daemon(lab, desk, command):
    """A daemon in the foreground, on a host of its own; it stops when asked."""
    node = lab.node("spare")
    node.write_file("/tmp/desk/podbgp.yaml", (desk.folder / "podbgp.yaml").read_text(encoding="utf-8"))
    node.sh(f"cd /tmp/desk && setsid {command} >/tmp/desk/log 2>&1 </dev/null &")
    waiting.until("the daemon answers", lambda: node.exec("podbgp", "status", check=False).returncode == 0)
    assert node.kill("podbgpd", 15) == 1
    waiting.until("the daemon has ended", lambda: not node.pidof("podbgpd"))
    assert " STOPPED " in node.read_file("/tmp/desk/log")


def run_command(lab, desk, text):
    command = as_written(text)
    if command.startswith("podbgpd --config"):
        daemon(lab, desk, command)
    elif command.startswith("podbgp watch"):
        watch(desk, command)
    else:
        code, output = plain(lab, desk, command)
        wanted, word = ANSWERS.get(command, (0, ""))
        assert code == wanted and word in output, f"{command}: exit code {code}, printed:\n{output}"
    if command.startswith("podbgp peer disable"):
        assert desk.run(f"podbgp peer enable {shlex.split(command)[3]}").returncode == 0


@pytest.mark.parametrize("document", sorted({command.document for command in COMMANDS}))
def test_every_command(lab, desk, document):
    ran = 0
    for command in (c for c in COMMANDS if c.document == document):
        if command.kind == "console":
            assert document in PAGES or OF_A_LAB.match(document) and by_hand(document), f"{document}:{command.line}: no lab runs this page's console blocks"
        elif OF_A_LAB.match(document) and not command.text.startswith("podbgp"):
            assert command.text.startswith("interop/run ") or command.text in ELSEWHERE | NOWHERE or by_hand(document), f"{document}:{command.line}: nothing runs {command.text}"
        elif command.text.startswith(VERSIONS):
            assert VERSIONS in (ROOT / BY_HAND).read_text(encoding="utf-8")
        elif command.text not in ELSEWHERE | NOWHERE and "PYTHONPATH" not in command.text and not COMMAND_FORM.search(command.text):
            lab.holds(f"{document}:{command.line}: {command.text}", lambda: run_command(lab, desk, command.text) is None)
            ran += 1
    lab.holds(f"{ran} commands of {document} ran", lambda: True)


def test_reasons_are_of_commands_that_exist():
    known = {command.text for command in COMMANDS}
    assert not sorted(set(ELSEWHERE | NOWHERE) - known)
    for command, (file, *parts) in ELSEWHERE.items():
        text = (ROOT / file).read_text(encoding="utf-8")
        assert parts and all(words in text for words in parts), f"{command}: {file} does not say all of {parts}"
    for page, test in PAGES.items():
        assert pathlib.PurePath(page).name in (ROOT / test).read_text(encoding="utf-8")
    assert len(known) > 100, "the extraction has gone blind"


def test_examples_of_help(lab, desk):
    examples = re.search(r"own --help\.\n\n(.*?)\n\nExit codes", desk.run("podbgp --help").stdout, re.S).group(1)
    for line in examples.splitlines():
        command = re.sub(r"\s{3,}[a-z].*$", "", line.strip())
        lab.holds(f"podbgp --help: {command}", lambda: run_command(lab, desk, command) is None)
    for line in re.findall(r"^  (podbgpd .*)$", desk.run("podbgpd --help").stdout, re.M):
        command = re.sub(r"\s{2,}[a-z].*$", "", line).replace("/etc/podbgp/podbgp.yaml", "podbgp.yaml")
        lab.holds(f"podbgpd --help: {command}", lambda: run_command(lab, desk, command) is None)


def verbs(desk):
    """{"peer show": its options}: what podbgp has, as its own help says."""
    screen = desk.run("podbgp --help").stdout
    names = []
    for line in re.findall(r"^  podbgp ([a-z][^A-Z\[\n]*)", screen.partition("Anywhere")[0], re.M):
        name = re.sub(r"\s{2,}.*$", "", line).replace(" -f", "").strip()
        if name.startswith("peer ") or name.startswith("watch ") or name.startswith("config "):
            group, _, rest = name.partition(" ")
            names += [f"{group} {sub.strip()}" for sub in rest.split("|")]
        else:
            names.append(name)
    return {name: sorted(set(re.findall(r"(?<![\w-])(--[a-z-]+|-[46])\b", desk.run(f"podbgp {name} --help").stdout)) - {"--help"}) for name in names}


def test_documented_options(lab, desk):
    """docs/cli.md names every command and every option that there is, and no other."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    found = verbs(desk)
    lab.holds("podbgp has the commands that its help names", lambda: expect(len(found) >= 15, found))
    known = {option for options in found.values() for option in options} | {"--server", "--output", "--owner", "--timeout", "--no-headers", "--help", "--version"}
    for name, options in found.items():
        for option in options:
            lab.holds(f"docs/cli.md has {name} {option}", lambda: expect(f"{option}" in text, option))
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)):
        lab.holds(f"podbgp has {option}", lambda: expect(option in known, sorted(known)))


def test_python_client(lab, desk):
    """The example of docs/api.md, as it stands there, but for the path of the socket."""
    source = desk.folder / "client.py"
    text = source.read_text(encoding="utf-8")
    assert "unix:///run/podbgp/api.sock" in text
    source.write_text(text.replace("unix:///run/podbgp/api.sock", desk.environment["PODBGP_SERVER"]), encoding="utf-8")
    done = desk.run(f"set -e\n{doc_commands.block(ROOT, 'docs/api.md', 'sh')}\n/usr/bin/python3 client.py")
    lab.holds("the Python client ran", lambda: expect(done.returncode == 0, done.stdout))
    lab.holds("and printed what changed", lambda: expect(re.fullmatch(r"\d+ added, \d+ unchanged\n", done.stdout), done.stdout))
    for prefix in ("10.244.3.0/24", "fd00:10:244:3::/64"):
        lab.fact(f"tor-a has {prefix}", lambda: lab["tor-a"].routes(prefix))


COMPLETION = ROOT / "deploy" / "completion"
# Typed, and what it becomes with Tab.
LINES = {
    "podbgp sta": "podbgp status ",
    "podbgp peer dis": "podbgp peer disable ",
    "podbgp routes --view adv": "podbgp routes --view advertised ",
    "podbgp announce --no-b": "podbgp announce --no-blackhole ",
    "podbgp announce 10.0.0.0/8 --dry": "podbgp announce 10.0.0.0/8 --dry-run ",
    "podbgp withdraw --allow": "podbgp withdraw --allow-missing ",
    "podbgp announce --owner cn": "podbgp announce --owner cni ",
    "podbgp replace -f rou": "podbgp replace -f routes.yaml ",
    "podbgp config check podbgp.y": "podbgp config check podbgp.yaml ",
    "podbgp peer show to": "podbgp peer show tor-",
    "podbgp peer -o json show to": "podbgp peer -o json show tor-",
    "podbgp routes --peer to": "podbgp routes --peer tor-",
    "podbgp --server {server} peer show to": "podbgp --server {server} peer show tor-",
    "podbgp --server /none peer show to": "podbgp --server /none peer show to",  # no daemon: nothing, and no noise
}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(lab, desk, shell):
    desk.run("podbgp announce 10.244.1.0/24 --owner cni")
    for typed, wanted in LINES.items():
        typed, wanted = (text.format(server=desk.environment["PODBGP_SERVER"]) for text in (typed, wanted))

        def completed():
            line, drawn = shell_keys.after_tab(desk.run, shell, COMPLETION, typed)
            return expect(line == wanted and "podbgp:" not in drawn, drawn)

        lab.holds(f"{shell}: {typed}", completed)


def test_completion_knows_every_option(lab, desk):
    for name, options in verbs(desk).items():
        offered = shell_keys.offered_by_bash(desk.run, COMPLETION, "podbgp", *name.split(), "-")
        of_zsh = (COMPLETION / "_podbgp").read_text(encoding="utf-8")
        for option in options:
            lab.holds(f"bash offers {name} {option}", lambda: expect(option in offered, offered))
            lab.holds(f"zsh offers {name} {option}", lambda: option in of_zsh)

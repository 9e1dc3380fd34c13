"""The pages that say how labs and images are used by hand, followed as they stand. Needs root and a built podbgpd; Containers also needs a Docker:
scripts/with-docker tests/interop/by_hand_test.py [Runner|Containers]"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "interop"))

from lib import doc_commands, transcript, waiting  # noqa: E402

ENTERS = "scripts/with-docker bash"  # the shell in which the rest of a page is typed: this test is below one
DEPLOYS, DESTROYS = re.compile(r"(containerlab\)?) deploy -t (\S+)"), "containerlab destroy -t {} --cleanup"


def indented(path):
    """The commands of an indented block that deploys a lab, with nothing shown of what they print."""
    blocks = re.findall(r"(?:^    \S.*\n)+", path.read_text(encoding="utf-8"), re.M)
    block = next(block for block in blocks if DEPLOYS.search(block))
    return [transcript.Command(re.sub(r"\s{2,}#.*$", "", line.strip()), ["..."], 0) for line in block.splitlines()]


def inline(page, pattern):
    """The commands in a page's running text that match."""
    commands = doc_commands.of_text(page, (ROOT / page).read_text(encoding="utf-8"))
    return [transcript.Command(command.text, ["..."], command.line) for command in commands if command.kind == "inline" and re.match(pattern, command.text)]


class Followed(unittest.TestCase):
    environment = os.environ

    def run_line(self, line):
        return subprocess.run(["bash", "-c", line], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    def step(self, page, command):
        """What only looks may be asked again until it shows what the page shows."""
        print(f"  {page}: {command.text}", flush=True)

        def as_shown():
            done = self.run_line(command.text)
            problem = transcript.difference(command.output, done.stdout) if command.text.startswith("docker exec ") else None
            if done.returncode != 0:
                problem = f"exit code {done.returncode}:\n{done.stdout}"
            return waiting.expect(problem is None, problem)

        looks = transcript.LOOKS.match(re.sub(r"^docker exec \S+ ", "", command.text))
        waiting.until(f"{page}: {command.text}", as_shown, within=20 if looks else 0)


class Runner(Followed):
    """Lines of interop/README.md that no other test runs."""

    LINES = ("interop/run --list", "interop/run suite-frr:ecmp", "interop/run quickstart --narrate", "interop/run survive --keep",
             "interop/run --enter survive:node1", "interop/run --down survive")

    def test_lines(self):
        page = "interop/README.md"
        text = (ROOT / page).read_text(encoding="utf-8")
        self.addCleanup(self.run_line, "interop/run --down survive")
        for line in self.LINES:
            self.assertIn(line.removeprefix("interop/run ") if "--down" in line else line, text)
            self.step(page, transcript.Command(f"{line} -- podbgp peers" if "--enter" in line else line, [], 0))


class Containers(Followed):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="podbgp-by-hand-")
        self.addCleanup(folder.cleanup)
        built = subprocess.run([ROOT / "scripts" / "containerlab"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        os.symlink(built.stdout.strip(), f"{folder.name}/containerlab")  # where a page says that it is on PATH
        self.environment = dict(os.environ, PATH=f"{folder.name}:{os.environ['PATH']}")

    def follow(self, page, commands):
        labs = [deploys[2] for command in commands if (deploys := DEPLOYS.search(command.text))]
        self.assertTrue(labs, f"{page}: no lab is deployed")
        try:
            for command in commands:
                if command.text != ENTERS:
                    self.step(page, command)
        finally:
            for lab in labs:
                self.run_line(DESTROYS.format(lab))
        self.assertEqual(self.run_line("docker ps -aq --filter name=^clab-").stdout, "", "containers are left behind")

    def test_readme_of_the_labs(self):
        page = "interop/README.md"
        self.follow(page, indented(ROOT / page))
        versions = inline(page, "docker run --rm ")
        self.assertGreater(len(versions), 5)
        for command in versions:
            self.step(page, transcript.Command(command.text.replace("--rm", "--rm --network=none"), [], command.line))

    def test_readmes_with_a_transcript(self):
        for lab in ("tor-bird", "announce"):
            page = f"interop/labs/{lab}/README.md"
            self.follow(page, transcript.commands(ROOT / page))

    def test_readmes_that_name_commands(self):
        for lab in ("gobgp-openbgpd", "leaf-spine", "mesh", "mesh-calico", "reflectors"):
            page = f"interop/labs/{lab}/README.md"
            self.follow(page, inline(page, "(containerlab deploy -t|docker exec) "))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""What --help knows is in the manual pages, and every key of the configuration is in podbgp.yaml(5).

usage: check_help.py --bin DIR[:DIR...] --man DIR
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])(--?[a-z0-9][a-z-]*)(?![\w-])")


def output(*command: object) -> str:
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def program(name: str, folders: str) -> str:
    found = shutil.which(name, path=folders)
    return found or sys.exit(f"check_help.py: no {name} in {folders}")


def below(text: str, heading: str) -> list[str]:
    """The first words of the lines below a heading of CLI11's help."""
    match = re.search(rf"^{heading}:\s*\n((?: .*\n)+)", text, re.M | re.I)
    return re.findall(r"^ {1,3}(\S+)", match[1], re.M) if match else []


def leaves(program: str, path: tuple[str, ...]):
    """(words of a command, its options) for each command that does something."""
    text = output(program, *path, "--help")
    names = below(text, "Subcommands")
    if not names:
        options = [option for words in below(text, "Options") for option in words.split(",")]
        yield path, {option for option in options if OPTION.fullmatch(option)}
    for name in names:
        yield from leaves(program, (*path, name))


def commands(folders: str):
    verbs = re.findall(r"^  podbgp ([a-z]+)", output(program("podbgp", folders), "--help"), re.M)
    for verb in dict.fromkeys(verbs):
        yield from leaves(program("podbgp", folders), (verb,))


def rendered(page: pathlib.Path) -> str:
    """The page as man(1) shows it; what groff warns about is a fault."""
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", str(page)], check=True, capture_output=True, text=True,
                          env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""})
    if done.stderr.strip():
        raise SystemExit(f"{page.name}: {done.stderr.strip()}")
    return re.sub(r".\x08", "", done.stdout)


def keys(node: object) -> set[str]:
    """Names of all properties in a JSON Schema."""
    if isinstance(node, list):
        return set().union(*(keys(item) for item in node), set())
    if not isinstance(node, dict):
        return set()
    found = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    return found.union(*(keys(value) for value in node.values()))


def check_man(args) -> list[str]:
    faults, seen = [], 0
    daemon = rendered(args.man / "podbgpd.8")
    for path in ((), ("check",), ("schema",)):
        for option in OPTION.findall(output(program("podbgpd", args.bin), *path, "--help").split("Signals:")[0]):
            seen += 1
            if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", daemon):
                faults.append(f"podbgpd.8: {option} is missing")
    pages = rendered(args.man / "podbgp.1")
    for path, options in commands(args.bin):
        # The command's own part, or the shared options in front.
        title = re.escape(" ".join(path))
        own = re.search(rf"^   {title}\n((?:       .*\n|\n)+)", pages.split("OPTIONS OF EACH COMMAND")[1], re.M)
        if not own:
            faults.append(f"podbgp.1: no part for 'podbgp {' '.join(path)}'")
            continue
        text = pages.split("COMMANDS")[0] + own[1]
        for option in options - {"-h", "--help"}:
            seen += 1
            if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text):
                faults.append(f"podbgp.1: {option} of 'podbgp {' '.join(path)}' is missing")
    configuration = rendered(args.man / "podbgp.yaml.5")
    for key in keys(json.loads(output(program("podbgpd", args.bin), "schema"))):
        seen += 1
        if not re.search(rf"^ +{re.escape(key)} \(", configuration, re.M):
            faults.append(f"podbgp.yaml.5: the key {key} is missing")
    if seen < 80:
        faults.append(f"only {seen} options and keys were found: this check has gone blind")
    return faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, metavar="DIR[:DIR...]", help="where podbgpd and podbgp are")
    parser.add_argument("--man", type=pathlib.Path, required=True)
    found = check_man(parser.parse_args())
    print("\n".join(found) if found else "the manual pages have everything")
    sys.exit(1 if found else 0)

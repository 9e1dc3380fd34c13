#!/usr/bin/python3
"""Every file that the documents name in backquotes exists, and every local link leads somewhere.

usage: check_docs.py ROOT
"""
import pathlib
import re
import sys

FOLDERS = "net wire fsm rib session fib config api bgpd cli tests interop bench deploy docs scripts cmake".split()
NAMED = re.compile(r"`((?:%s)/[A-Za-z0-9_./*-]+)`" % "|".join(FOLDERS))
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")


def problems(root: pathlib.Path) -> list[str]:
    found, looked_at = [], 0
    documents = [root / "README.md", *sorted((root / "docs").rglob("*.md")), *sorted((root / "interop").rglob("*.md")), root / "bench/README.md"]
    for document in documents:
        for number, line in enumerate(document.read_text().splitlines(), 1):
            where = f"{document.relative_to(root)}:{number}"
            for name in NAMED.findall(line):
                looked_at += 1
                # Generated headers and folders of results are not in the tree.
                if name.startswith(("interop/results", "build/")):
                    continue
                if not list(root.glob(name.rstrip("/"))):
                    found.append(f"{where}: there is no {name}")
            for target in LINK.findall(line):
                looked_at += 1
                if not (document.parent / target).exists():
                    found.append(f"{where}: link to {target} leads nowhere")
    if looked_at < 20:
        found.append(f"only {looked_at} names were found: this check has gone blind")
    return found


if __name__ == "__main__":
    found = problems(pathlib.Path(sys.argv[1]))
    print("\n".join(found) if found else "the documents name what exists")
    sys.exit(1 if found else 0)

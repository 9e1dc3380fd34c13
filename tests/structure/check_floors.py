#!/usr/bin/python3
"""Checks the floors: who may include whom, and that pure folders stay pure.

usage: check_floors.py ROOT | --self-test
"""
import pathlib
import re
import sys
import tempfile

# A folder includes itself and these. `cli` sees the generated API and net/ only.
MAY_INCLUDE = {
    "net": [],
    "wire": ["net"],
    "fsm": ["net", "wire"],
    "rib": ["net", "wire"],
    "session": ["net", "wire", "fsm", "rib"],
    "fib": ["net"],
    "config": ["net", "wire", "fsm", "rib", "session", "fib"],
    "api": ["net", "wire", "fsm", "rib", "session", "fib", "config"],
    "bgpd": ["net", "wire", "fsm", "rib", "session", "fib", "config", "api"],
    "cli": ["net"],
}
GENERATED = re.compile(r"^(podbgp/v1|google)/")

# Purity: whole folders, and the files of fib/ that only plan and encode.
PURE_FOLDERS = ["net", "wire", "fsm", "rib", "config"]
PURE_FILES = ["fib/planner", "fib/resolver", "fib/nexthop", "fib/installed", "fib/netlink_codec", "fib/messages", "fib/settings"]
EXCEPTIONS = {"net/mailbox.hpp", "net/read_file.cpp"}  # a mutex; a file
IMPURE = [
    (re.compile(r"#\s*include\s*<(thread|mutex|shared_mutex|condition_variable|atomic|future|iostream|fstream|unistd\.h|poll\.h|sys/(?!mman)[a-z_]+\.h|netinet/[a-z_]+\.h|net/if\.h)>"), "includes <{0}>"),
    (re.compile(r"#\s*include\s*<(boost/asio[^>]*|spdlog[^>]*|prometheus[^>]*|grpc[^>]*)>"), "includes <{0}>"),
    (re.compile(r"(::now\(|\bsocket\(|\bgetenv\()"), "calls {0}"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
COMMENT = re.compile(r"//.*$")


def is_pure(relative: str) -> bool:
    if relative in EXCEPTIONS:
        return False
    folder = relative.split("/")[0]
    return folder in PURE_FOLDERS or any(relative.startswith(p) for p in PURE_FILES)


def check(root: pathlib.Path) -> list[str]:
    found = []
    for folder, allowed in MAY_INCLUDE.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".hpp", ".cpp"):
                continue
            relative = path.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                where = f"{relative}:{number}"
                match = INCLUDE.match(line)
                if match and not GENERATED.match(match.group(1)):
                    target = match.group(1).split("/")[0]
                    if "/" not in match.group(1):
                        found.append(f'{where}: include from the root: "{folder}/{match.group(1)}"')
                    elif target != folder and target not in allowed:
                        found.append(f"{where}: {folder}/ may not include {target}/ (allowed: {', '.join(allowed) or 'nothing'})")
                if is_pure(relative):
                    code = COMMENT.sub("", line)
                    for pattern, text in IMPURE:
                        if hit := pattern.search(code):
                            found.append(f"{where}: a pure file {text.format(hit.group(1))}")
    return found


def self_test() -> list[str]:
    """The check itself must be able to fail."""
    bad = {
        "wire/a.hpp": '#include "rib/rib.hpp"\n',
        "rib/b.cpp": "auto t = std::chrono::steady_clock::now();\n",
        "fsm/c.hpp": "#include <boost/asio/io_context.hpp>\n",
        "cli/d.cpp": '#include "bgpd/core.hpp"\n',
        "fib/planner.cpp": "#include <sys/socket.h>\n",
    }
    good = {"bgpd/e.cpp": '#include "rib/rib.hpp"\n#include <thread>\n', "rib/f.cpp": "// now() is an argument: clock::now()\n"}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**bad, **good}.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        found = check(root)
    named = {f.split(":")[0] for f in found}
    return [f"not found: {name}" for name in bad if name not in named] + [f"found wrongly: {n}" for n in good if n in named]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems = self_test() if sys.argv[1] == "--self-test" else check(pathlib.Path(sys.argv[1]))
    print("\n".join(problems) if problems else "the floors hold")
    sys.exit(1 if problems else 0)

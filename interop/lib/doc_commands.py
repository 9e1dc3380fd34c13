"""Takes the command lines out of the documents, so that a test can run them.

A command is: a line of a ```sh block; a `$ ` line of a ```console block; a line that begins with one of our programs in a ```text
or unmarked block or in an indented one; inline code that begins with `podbgp` or `podbgpd` and a word, or with a script of ours and
an argument. A remark behind two blanks and `#` is not part of it.
"""

import dataclasses
import re

OURS = r"podbgpd?|scripts/[\w-]+|interop/(?:run|mesh-scale|images/[\w-]+)|bench/[\w-]+|(?:docker|containerlab|\$\(scripts/containerlab\))(?= )"
PROGRAM = re.compile(rf"^({OURS})( |$)")
INLINE = re.compile(rf"`((?:{OURS}|ip|curl) [^`]+)`")
REMARK = re.compile(r"\s{2,}#.*$")


@dataclasses.dataclass(frozen=True)
class Command:
    document: str  # relative to the root
    line: int
    text: str
    kind: str  # "sh", "console", "text", "inline"


def _of_block(kind, line):
    if kind == "console":
        return line[2:] if line.startswith("$ ") else None
    text = REMARK.sub("", line.strip())
    if kind == "sh":
        return text if text and not text.startswith("#") else None
    return text if PROGRAM.match(text) and text.isascii() else None  # pictures have other characters


def of_text(document, text):
    found, kind = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            kind = None if kind is not None else (line.strip()[3:].strip() or "text")
            continue
        command = None
        if kind in ("sh", "console", "text"):
            command, how = _of_block(kind, line), kind
        elif kind is None and line.startswith("    "):
            command, how = _of_block("text", line), "text"
        if command:
            if found and found[-1].kind == "sh" and found[-1].text.endswith("\\"):
                found[-1] = dataclasses.replace(found[-1], text=found[-1].text[:-1] + command)
            else:
                found.append(Command(document, number, command, how))
        if kind is None:
            found += [Command(document, number, inline.replace("\\|", "|"), "inline") for inline in INLINE.findall(line)]
    return found


def of_documents(root):
    documents = [root / "README.md", *sorted(file for folder in ("docs", "interop", "bench", "deploy") for file in (root / folder).rglob("*.md") if "results" not in file.parts)]
    return [command for document in documents
            for command in of_text(document.relative_to(root).as_posix(), document.read_text(encoding="utf-8"))]


def block(root, document, language, number=0):
    """The text of a document's n-th fenced block of a language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", (root / document).read_text(encoding="utf-8"), re.M | re.S)
    return blocks[number]

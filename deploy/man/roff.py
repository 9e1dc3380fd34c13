"""The part of Markdown that our documents use → roff for man(1)."""
import re

_SPECIAL = {"\\": "\\e", "’": "\\(cq", "\u00a0": "\\ "}
_IN_CODE = {**_SPECIAL, "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def escape(text: str, code: bool = False) -> str:
    """Text as roff prints it; in code every character is one that can be pasted into a shell."""
    out = "".join((_IN_CODE if code else _SPECIAL).get(char, char) for char in text)
    return "\\&" + out if out.startswith((".", "'")) else out


def inline(text: str) -> str:
    out = []
    for i, part in enumerate(re.split(r"`([^`]*)`", text)):
        if i % 2:
            out.append(f"\\fB{escape(part, code=True)}\\fR")
            continue
        part = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", part)
        for j, piece in enumerate(re.split(r"\*\*(.+?)\*\*", part)):
            out.append(f"\\fB{escape(piece)}\\fR" if j % 2 else escape(piece))
    joined = "".join(out)
    return "\\&" + joined if joined.startswith((".", "'")) else joined


def _cells(row: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", row.strip().strip("|") if not row.rstrip().endswith("\\|") else row.strip()[1:])
    return [cell.strip().replace("\\|", "|") for cell in cells]


def _table(rows: list[str]) -> str:
    header = _cells(rows[0])
    out = ""
    for row in rows[2:]:
        first, *rest = _cells(row)
        if header == ["key", "value", "default", "meaning"]:
            value, fallback, meaning = rest
            note = f"{value}; required" if fallback == "required" else f"{value}; default: {fallback}" if fallback else value
            out += f".TP\n{inline(first)} ({inline(note)})\n{inline(meaning)}\n"
            continue
        told = [f"{name}: {cell}" if name and len(rest) > 1 else cell for name, cell in zip(header[1:], rest) if cell]
        first = f"{header[0]}: {first}" if len(rest) > 1 and header[0].istitle() or header[0].isupper() else first
        out += f".TP\n{inline(first)}\n{inline('; '.join(told)) or chr(92) + '&'}\n"
    return out


def _blocks(lines: list[str]):
    """(kind, lines) of each block: heading, code, table, item, text."""
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip() or line.startswith("<!--"):
            i += 1
        elif line.startswith("#"):
            yield "heading", [line]
            i += 1
        elif line.startswith("```"):
            end = next(j for j in range(i + 1, len(lines)) if lines[j].startswith("```"))
            yield "code", lines[i + 1:end]
            i = end + 1
        elif line.startswith("|"):
            end = next((j for j in range(i, len(lines)) if not lines[j].startswith("|")), len(lines))
            yield "table", lines[i:end]
            i = end
        elif line.startswith("- "):
            end = i + 1
            while end < len(lines) and (lines[end].startswith("  ") or (not lines[end] and lines[end + 1:end + 2] and
                                                                       lines[end + 1].startswith("  "))):
                end += 1
            yield "item", [line[2:], *(below[2:] for below in lines[i + 1:end])]
            i = end
        else:
            end = i
            while end < len(lines) and lines[end].strip() and not lines[end].startswith(("#", "```", "|", "- ")):
                end += 1
            yield "text", lines[i:end]
            i = end


def _render(lines: list[str], insert: dict[str, str]) -> str:
    out = ""
    for kind, block in _blocks(lines):
        if kind == "heading":
            level, title = re.match(r"(#+) (.*)", block[0]).groups()
            if len(level) == 1:
                out += ".SH DESCRIPTION\n"
                continue
            title = inline(title.upper() if len(level) == 2 else title)
            out += f".SH {title}\n" if len(level) == 2 else f".SS {title}\n"
            out += insert.get(title, "")
        elif kind == "code":
            out += ".PP\n.RS 4\n.EX\n" + "".join(escape(line, code=True) + "\n" for line in block) + ".EE\n.RE\n"
        elif kind == "table":
            out += _table(block)
        elif kind == "item":
            out += ".IP \\(bu 2\n" + re.sub(r"\A\.PP\n", "", _render(block, insert)).replace(".PP\n.RS", ".RS")
        else:
            out += ".PP\n" + inline(" ".join(line.strip() for line in block)) + "\n"
    return out


def from_markdown(text: str, insert: dict[str, str]) -> str:
    """`insert` is roff that comes below the headings it names."""
    return _render(text.splitlines(), insert)


def page(name: str, section: int, date: str, version: str, body: str) -> str:
    return f'.TH "{name.upper()}" "{section}" "{date}" "podbgp {version}" "podbgp"\n.ad l\n.nh\n{body}'

"""The command blocks of a document: what it tells a reader to type, and what it says that he will see.

A block is fenced as ```console in Markdown, or is a `.. code-block:: console` in reStructuredText. In it, a line that
begins with "$ " is a command, one that ends with a backslash goes on in the next, and the others are what the command
prints. `...` stands for the rest of a line or a part of it, and alone on a line for any number of lines. A command
below which nothing is shown may print what it likes.

A comment before a block says what the reader need not see: `not run: REASON`, or `exit code N`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SHELL = "console"
SHOWN = ("json", "text", "xml", "ini", "bicep", "terraform")
"""The languages of blocks that are only read."""

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>.*)")
_DIRECTIVE = re.compile(r"(?P<indent> *)\.\. code-block::(?P<language>.*)")
_COMMENT = re.compile(r"(?:<!--|\.\.) (?P<key>not run|exit code):? (?P<value>.+?)(?: -->)?")
_UNDERLINE = re.compile(r"[=~-]{3,}")
# What differs from run to run, and is written in a document as it looked once.
_VARIES = re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{4}\b|\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Block:
    """A block of a document.

    line: where its text begins, from 1. language: "" when the document names none. not_run: why it is not run, "" when
    it is. exit_code: how its command ends. section: the heading that it is below.
    """

    line: int
    language: str
    lines: tuple[str, ...]
    not_run: str = ""
    exit_code: int = 0
    section: str = ""


@dataclass(frozen=True)
class Command:
    """A command of a block. line: where it stands, from 1. shown: what it prints, by the document; () for no word."""

    line: int
    text: str
    shown: tuple[str, ...]
    exit_code: int


def blocks(path: Path) -> list[Block]:
    """Return the blocks of a Markdown or reStructuredText document, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    find = _fenced if path.suffix == ".md" else _indented
    return [
        Block(begin + 1, language, tuple(lines[begin:end]), *_comment(lines, mark), _section(lines, mark, path.suffix))
        for mark, begin, end, language in find(lines)
    ]


def commands(block: Block) -> list[Command]:
    """Return the commands of a block that is run.

    Raises ValueError when it begins with no command, or ends with an exit code and has several.
    """
    indent = min((len(line) - len(line.lstrip()) for line in block.lines if line.strip()), default=0)
    found: list[Command] = []
    continued = False
    for number, line in enumerate((line[indent:].rstrip() for line in block.lines), block.line):
        if continued or line.startswith("$ "):
            text = f"{found.pop().text[:-1]}{line.lstrip()}" if continued else line[2:]
            found.append(Command(number, text, (), block.exit_code))
            continued = text.endswith("\\")
        elif found:
            last = found.pop()
            found.append(Command(last.line, last.text, (*last.shown, line), last.exit_code))
        elif line:
            raise ValueError(f"line {number}: a block of commands begins with one: '$ …', not {line!r}")
    if block.exit_code and len(found) != 1:
        raise ValueError(f"line {block.line}: a block that ends with an exit code has one command")
    return [Command(one.line, one.text, _trimmed(one.shown), one.exit_code) for one in found]


def difference(shown: Sequence[str], printed: Sequence[str]) -> str:
    """Return "" when a command printed what a document shows, else both texts."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else _pattern(line) + r"\n" for line in shown)
    text = "".join(f"{line.rstrip()}\n" for line in printed)
    if not shown or re.fullmatch(pattern, text):
        return ""
    return "the document shows\n" + "\n".join(shown) + "\n--- and the command printed\n" + text


def _pattern(line: str) -> str:
    """Return the regular expression of a shown line."""
    parts = [_VARIES.split(part) for part in line.rstrip().split("...")]
    return ".*".join(r"[0-9a-f-]+".join(map(re.escape, part)) for part in parts)


def _trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines without the empty ones at the end."""
    kept = list(lines)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _fenced(lines: Sequence[str]) -> Iterator[tuple[int, int, int, str]]:
    """Yield the fenced blocks of a Markdown text: where its mark stands, begin, end and language."""
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line)
        if fence and opened is None:
            opened = number, fence["language"].strip()
        elif fence and opened is not None:
            yield opened[0], opened[0] + 1, number, opened[1]
            opened = None


def _indented(lines: Sequence[str]) -> Iterator[tuple[int, int, int, str]]:
    """Yield the code blocks and literal blocks of a reStructuredText, as `_fenced` does."""
    end = 0
    for number, line in enumerate(lines):
        directive = _DIRECTIVE.fullmatch(line)
        is_comment = line.lstrip().startswith("..")
        if number < end or not (directive or line.endswith("::") and not is_comment):
            continue
        indent = len(line) - len(line.lstrip())
        end = number + 1
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" " * (indent + 1))):
            end += 1
        yield number, number + 1, end, directive["language"].strip() if directive else ""


def _comment(lines: Sequence[str], mark: int) -> tuple[str, int]:
    """Return what the comment before a block says: why it is not run, and the exit code of its command."""
    before = next((line.strip() for line in reversed(lines[:mark]) if line.strip()), "")
    comment = _COMMENT.fullmatch(before)
    if comment is None:
        return "", 0
    return ("", int(comment["value"])) if comment["key"] == "exit code" else (comment["value"], 0)


def _section(lines: Sequence[str], mark: int, suffix: str) -> str:
    """Return the heading before a block."""
    for number in range(mark - 1, -1, -1):
        if suffix == ".md" and lines[number].startswith("#"):
            return lines[number].strip("# ")
        if suffix == ".rst" and _UNDERLINE.fullmatch(lines[number]) and lines[number - 1].strip():
            return lines[number - 1]
    return ""

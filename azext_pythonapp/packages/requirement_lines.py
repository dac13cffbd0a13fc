"""Read the text of a requirements file as pip does: its encoding, its lines, the options of a line."""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from azext_pythonapp.errors import InvalidInput

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(r"coding[:=]\s*([-\w.]+)")
_COMMENT = re.compile(r"(^|\s+)#.*$")
# Pairs of ASCII bytes that were read as UTF-16 characters: another program's `>>` added ASCII to a UTF-16 file.
_ASCII_AS_UTF16 = re.compile(
    "["
    + "".join(
        f"{chr(high << 8 | 0x0A)}{chr(high << 8 | 0x0D)}{chr(high << 8 | 0x20)}-{chr(high << 8 | 0x7E)}"
        for high in (0x0A, 0x0D, *range(0x20, 0x7F))
    )
    + "]{3}"
)
_SHORT = {"-r": "-r", "-c": "-c", "-e": "-e", "-i": "--index-url", "-f": "--find-links", "-C": "--config-settings"}
_VALUED = {
    "--requirement": "-r",
    "--constraint": "-c",
    "--editable": "-e",
    "--index-url": "--index-url",
    "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "--find-links": "--find-links",
    "--trusted-host": "--trusted-host",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--use-feature": "--use-feature",
    "--hash": "--hash",
    "--global-option": "--global-option",
    "--install-option": "--install-option",
    "--config-settings": "--config-settings",
    "--config-setting": "--config-settings",
}
_FLAGS = ("--no-index", "--pre", "--prefer-binary", "--require-hashes", "--always-unzip")
# Options of pip 9 and older, which newer ones refuse; none of them names a file.
_OLD_VALUED = ("--allow-external", "--allow-unverified", "--no-allow-external", "--allow-insecure")
_OLD_FLAGS = (
    "--use-wheel",
    "--no-use-wheel",
    "--process-dependency-links",
    "--allow-all-external",
    "--no-allow-insecure",
    "--no-allow-unverified",
    "--no-build-isolation",
    "--use-pep517",
    "--no-use-pep517",
    "--no-deps",
)


@dataclass(frozen=True)
class Line:
    """One logical line of a file: lines that end in a backslash are joined; without comments.

    first, last: the numbers, from 1, of its first and last line.
    """

    first: int
    last: int
    text: str


class UnknownOption(ValueError):
    """An option that pip is not known to accept in a requirements file.

    old: whether an old pip is known to accept it.
    """

    def __init__(self, name: str, old: bool):
        super().__init__(f"unknown option {name}")
        self.old = old


def decode(content: bytes, name: str = "requirements.txt") -> str:
    """Return the text of a requirements file, decoded like pip does: by its BOM, its coding comment, else as UTF-8.

    Windows PowerShell's `pip freeze > requirements.txt` writes UTF-16 with a BOM. Bytes that are not UTF-8 are decoded
    as cp1252, the ANSI code page of the workers (jobs/runner/run_pip.py makes pip do the same).
    name: the file's name in errors. Raises InvalidInput for bytes that no pip can read.
    """
    encoding, text, problem = _decoded(content)
    content_text = _without_comments(text)
    mixed = _ASCII_AS_UTF16.search(content_text) if encoding.lower().startswith("utf-16") else None
    place = mixed.start() if mixed else content_text.find("\0")
    if place >= 0:
        number = text.count("\n", 0, place) + 1
        raise InvalidInput(
            f"{name}:{number}: the encoding changes in this line. That happens when PowerShell's `>>` adds UTF-16 "
            "to a UTF-8 file, or the reverse.",
            f"Save {name} as UTF-8 in an editor, and check its lines from {number} on.",
        )
    if problem is not None:
        raise InvalidInput(
            f"{name} cannot be read as {encoding}, the encoding that its first bytes declare: {problem}.",
            f"Save {name} as UTF-8 in an editor, and check its lines.",
        )
    return text


def lines(text: str) -> Iterator[Line]:
    """Yield the logical lines like pip does: continuations joined, without comments and blank lines."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        comment = _COMMENT.match(line) is not None and line.lstrip().startswith("#")
        if not parts:
            start = number
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        parts.append(" " + line if comment else line)
        joined = _COMMENT.sub("", "".join(parts)).strip()
        parts = []
        if joined:
            yield Line(start, number, joined)


def split_options(line: str) -> tuple[str, str]:
    """Split a line into a requirement and its options like pip does: at the first word that starts with a dash."""
    words = line.split(" ")
    for number, word in enumerate(words):
        if word.startswith("-"):
            return " ".join(words[:number]).rstrip(), " ".join(words[number:])
    return line, ""


def options(text: str) -> list[tuple[str, str]]:
    """Return the options of a text as (name, value), "" for a flag's value; names as in `--index-url`, but -r, -c, -e.

    Like pip: split as in a POSIX shell, with unique abbreviations of long options, ignoring words that are not options.
    Raises UnknownOption, or ValueError for a text that cannot be split.
    """
    found = []
    words = shlex.split(text)
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word == "-":
            continue
        name, assigned, value = word.partition("=")
        if not name.startswith("--"):
            name, assigned, value = (word[:2], "=", word[2:]) if len(word) > 2 else (word, "", "")
            if name == "-Z":
                found.append(("--always-unzip", ""))
                continue
        name = _full_name(name)
        if name in _FLAGS:
            found.append((name, ""))
            continue
        if not assigned and words:
            value = words.pop(0)
        if not value:
            raise ValueError(f"{name} needs a value")
        found.append((name, value))
    return found


def _decoded(content: bytes) -> tuple[str, str, str | None]:
    """Return the declared encoding, the text, and what is wrong with it; None for nothing."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return _as(encoding, content[len(bom) :])
    for line in content.split(b"\n")[:2]:
        coding = _CODING.search(line.decode("latin-1")) if line.startswith(b"#") else None
        if coding:
            try:
                return _as(coding[1], content)
            except LookupError:
                break
    found = _as("utf-8", content)
    return ("cp1252", content.decode("cp1252", "replace"), None) if found[2] else found


def _as(encoding: str, content: bytes) -> tuple[str, str, str | None]:
    """Return the encoding, the text, and what is wrong with it. Raises LookupError for an unknown encoding."""
    try:
        return encoding, content.decode(encoding), None
    except UnicodeDecodeError as error:
        return encoding, content.decode(encoding, "replace"), f"{error.reason} at byte {error.start}"


def _without_comments(text: str) -> str:
    """Return the text with blanks in place of comments."""
    return re.sub(r"(^|(?<=\s))#.*$", lambda found: " " * len(found[0]), text, flags=re.MULTILINE)


def _full_name(name: str) -> str:
    """Return the option that a name stands for. Raises UnknownOption."""
    if not name.startswith("--"):
        if name in _SHORT:
            return _SHORT[name]
        raise UnknownOption(name, False)
    if name in _VALUED:
        return _VALUED[name]
    if name in _FLAGS:
        return name
    old = name in _OLD_FLAGS or name in _OLD_VALUED
    if not old and len(name) > 3:
        meant = {_VALUED.get(each, each) for each in (*_VALUED, *_FLAGS) if each.startswith(name)}
        if len(meant) == 1:
            return meant.pop()
    raise UnknownOption(name, old)

"""Which files a .gitignore leaves out, by the rules of git (gitignore(5)), without git."""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

# Whether a pattern's case is ignored: as git decides it when it creates a repository, by the usual file system.
IGNORES_CASE = os.name == "nt" or sys.platform == "darwin"

_SPECIAL = re.compile(rb"[*?\[\\]")
_ANY_BYTE = rb"[^/]"
_NOTHING = rb"(?!)"
_NUMBERS = count(1)
_WHITE = b" \t\n\r"
_PRINTED = bytes(range(0x20, 0x7F))
_LETTERS = bytes(each for each in _PRINTED if chr(each).isalpha())
_DIGITS = b"0123456789"
# git's own tables of characters, ASCII only: its white space has no vertical tab and no form feed.
_CLASSES = {
    b"alnum": _LETTERS + _DIGITS,
    b"alpha": _LETTERS,
    b"blank": b" \t",
    b"cntrl": bytes([*range(0x20), 0x7F]),
    b"digit": _DIGITS,
    b"graph": bytes(range(0x21, 0x7F)),
    b"lower": _LETTERS.lower(),
    b"print": _PRINTED,
    b"punct": bytes(each for each in range(0x21, 0x7F) if not chr(each).isalnum()),
    b"space": _WHITE,
    b"upper": _LETTERS.upper(),
    b"xdigit": _DIGITS + b"abcdefABCDEF",
}


class _Malformed(Exception):
    """A pattern that matches nothing, because a class or an escape in it does not end."""


@dataclass(frozen=True)
class Rule:
    """One line of a .gitignore.

    text: as it is written. negated: it takes back what an earlier line leaves out. folders_only: it is for folders.
    in_name: it is for the last part of a path, in any folder. expression: what has to match all of that part, or of the
    path below the file's folder; None for a pattern that matches nothing.
    """

    text: str
    negated: bool
    folders_only: bool
    in_name: bool
    expression: bytes | None


class Rules:
    """The lines of one .gitignore, or the patterns of --exclude.

    base: the folder that they are relative to, such as "web/static"; "" for the outermost. shown: names the file to a
    person. ignores_case: as git's core.ignorecase; the rules were read with the same.
    """

    def __init__(self, rules: Iterable[Rule], base: str, shown: str, ignores_case: bool = IGNORES_CASE):
        self.rules = tuple(rules)
        self.base = base
        self.shown = shown
        self._ignores_case = ignores_case

    @classmethod
    def parse(cls, content: bytes, base: str, shown: str, ignores_case: bool = IGNORES_CASE) -> Rules:
        """Read a .gitignore. content: the file's. base, shown, ignores_case: as for the class."""
        return cls([_rule(line, ignores_case) for line in _lines(content)], base, shown, ignores_case)

    @classmethod
    def of_patterns(cls, patterns: Sequence[str], base: str, shown: str, ignores_case: bool = IGNORES_CASE) -> Rules:
        """Take the patterns of a command line; `./name` means `/name`. The others: as for the class."""
        lines = [re.sub(rb"\A(!?)\./", rb"\1/", os.fsencode(each)) for each in patterns]
        return cls([_rule(line, ignores_case) for line in lines], base, shown, ignores_case)

    def match(self, path: str, is_folder: bool) -> Rule | None:
        """Return the last rule that is for a path below `base`; None when none is. path: from the outermost folder."""
        if self.base and not path.startswith(f"{self.base}/"):
            return None
        below = os.fsencode(path[len(self.base) + 1 :] if self.base else path)
        below = below.lower() if self._ignores_case else below
        name = below.rpartition(b"/")[2]
        if not (self._any_name.fullmatch(name) or self._any_path.fullmatch(below)):
            return None
        for rule, expression in self._newest_first:
            if (is_folder or not rule.folders_only) and expression.fullmatch(name if rule.in_name else below):
                return rule
        return None

    @cached_property
    def _newest_first(self) -> list[tuple[Rule, re.Pattern[bytes]]]:
        return [
            (rule, re.compile(rule.expression, re.DOTALL))
            for rule in reversed(self.rules)
            if rule.expression is not None
        ]

    @cached_property
    def _any_name(self) -> re.Pattern[bytes]:
        return self._any(True)

    @cached_property
    def _any_path(self) -> re.Pattern[bytes]:
        return self._any(False)

    def _any(self, in_name: bool) -> re.Pattern[bytes]:
        """Return one expression for all rules of a kind, with which most paths are done."""
        found = [rule.expression for rule in self.rules if rule.in_name == in_name and rule.expression is not None]
        return re.compile(b"|".join(b"(?:" + each + b")" for each in found) or _NOTHING, re.DOTALL)


def left_out_by(files: Sequence[Rules], path: str, is_folder: bool) -> tuple[Rules, Rule] | None:
    """Return the rule that leaves out a path, and the file that it is in; None when the path is not left out.

    files: the strongest last. path: from the outermost folder; no folder above it is left out.
    """
    for rules in reversed(files):
        rule = rules.match(path, is_folder)
        if rule is not None:
            return None if rule.negated else (rules, rule)
    return None


def pattern_of(path: str) -> str:
    """Return the pattern that is for one path only; a byte that is no Unicode is any byte."""
    escaped = re.sub(r"([*?\[\\])", r"\\\1", path)
    return "/" + re.sub(r"[\ud800-\udfff]", "?", re.sub(r" (?= *$)", r"\\ ", escaped))


def _lines(content: bytes) -> list[bytes]:
    """Return the patterns in a .gitignore, without comments and blank lines.

    One in UTF-16, as PowerShell's `>` writes it, is read too, though git takes no pattern from it.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode("utf-8")
    lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    lines = [line.removesuffix(b"\r").partition(b"\0")[0] for line in lines if not line.startswith(b"#")]
    return [line for line in map(_without_trailing_blanks, lines) if line]


def _without_trailing_blanks(line: bytes) -> bytes:
    r"""Return a line without blanks at its end; a blank behind a backslash stays, and a tab is no blank to git."""
    end = len(line.rstrip(b" "))
    escapes = len(line[:end]) - len(line[:end].rstrip(b"\\"))
    if end == len(line) or escapes % 2 == 0:
        return line[:end]
    return line[: end + 1]


def _rule(line: bytes, ignores_case: bool) -> Rule:
    pattern = line.removeprefix(b"!")
    folders_only = pattern.endswith(b"/")
    pattern = pattern[:-1] if folders_only else pattern
    in_name = b"/" not in pattern
    try:
        expression = _expression(pattern.removeprefix(b"/"), in_name, ignores_case) if pattern else None
    except _Malformed:
        expression = None
    return Rule(os.fsdecode(line), line.startswith(b"!"), folders_only, in_name, expression)


def _expression(pattern: bytes, in_name: bool, ignores_case: bool) -> bytes:
    """Return the regular expression of a pattern; git compares bytes, so `?` is one byte of a character.

    in_name: it is for a name, where two stars are one. ignores_case: it is for paths in lower case (ASCII only); git
    takes an escaped letter as it is, so one in upper case matches nothing then. Raises _Malformed.
    """
    special = _SPECIAL.search(pattern)
    start = position = special.start() if special else len(pattern)
    parts = [re.escape(pattern[:start].lower() if ignores_case else pattern[:start])]
    star: int | None = None  # the last part that is one star, as long as no slash follows it
    while position < len(pattern):
        sign = pattern[position : position + 1]
        if sign == b"*":
            end = position + len(pattern[position:]) - len(pattern[position:].lstrip(b"*"))
            # git compares what precedes the first special character by itself: `a**/b` is `a`, then `**/b`.
            leads = position == start or pattern[position - 1 : position] == b"/"
            follows = pattern[end:].startswith(b"/"), pattern[end:].startswith(b"\\/"), end == len(pattern)
            if in_name or end - position == 1 or not leads or not any(follows):
                if star is not None:
                    parts[star:] = [_settled(parts[star:])]
                star = len(parts)
                parts.append(_ANY_BYTE + b"*")
            else:
                part, end = (b"(?:.*/)?", end + 1) if follows[0] else (b".*", end)
                parts += [part] if part != parts[-1] else []  # a second one adds nothing but time
                star = None
            position = end
        elif sign == b"?":
            parts.append(_ANY_BYTE)
            position += 1
        elif sign == b"[":
            part, position = _class(pattern, position + 1, ignores_case)
            parts.append(part)
        else:
            position += sign == b"\\"
            if position == len(pattern):
                raise _Malformed
            literal = pattern[position : position + 1]
            parts.append(re.escape(literal.lower() if ignores_case and sign != b"\\" else literal))
            star = None if literal == b"/" else star
            position += 1
    return b"".join(parts)


def _settled(parts: Sequence[bytes]) -> bytes:
    """Return the expression of a star and what follows it up to the next star: the first place that fits, no other.

    A later place helps nothing, because the next star takes what is between; trying them all takes for ever. Before
    Python 3.11 a group in a lookahead is the way to say so.
    """
    name = b"s%d" % next(_NUMBERS)
    return b"(?=(?P<" + name + b">" + _ANY_BYTE + b"*?" + b"".join(parts[1:]) + b"))(?P=" + name + b")"


def _class(pattern: bytes, position: int, ignores_case: bool) -> tuple[bytes, int]:
    """Return the expression of a class such as `[a-z]`, and where it ends. position: behind the bracket.

    ignores_case: the names are in lower case. Then git takes `[A-Z]` and `[[:upper:]]` for small letters as well, but
    `[B]` for nothing.
    """
    negated = pattern[position : position + 1] in (b"!", b"^")
    position += negated
    members: set[int] = set()
    first, previous = True, 0
    while first or pattern[position : position + 1] != b"]":
        first = False
        sign = pattern[position : position + 1]
        named = re.compile(rb"\[:([^\]]*):\]").match(pattern, position)
        ends = pattern[position + 1 : position + 2]
        if named:
            if named[1] not in _CLASSES:
                raise _Malformed
            members.update(_CLASSES[named[1]])
            members.update(_CLASSES[b"lower"] if ignores_case and named[1] == b"upper" else b"")
            previous, position = 0, named.end()
        elif sign == b"[" and ends == b":" and b"]" not in pattern[position + 2 :]:
            raise _Malformed
        elif sign == b"-" and previous and ends not in (b"", b"]"):
            last, position = _member(pattern, position + 1)
            members.update(range(previous, last + 1))
            members.update(bytes(range(previous, last + 1)).lower() if ignores_case else b"")
            previous = 0
        else:
            previous, position = _member(pattern, position)
            members.add(previous)
    members = set(range(1, 256)) - members if negated else members
    members -= {ord("/")}
    found = b"".join(b"\\x%02x" % each for each in sorted(members))
    return (b"[" + found + b"]" if found else _NOTHING), position + 1


def _member(pattern: bytes, position: int) -> tuple[int, int]:
    """Return one character of a class, which may be escaped, and where the next one begins."""
    position += pattern[position : position + 1] == b"\\"
    if position >= len(pattern):
        raise _Malformed
    return pattern[position], position + 1

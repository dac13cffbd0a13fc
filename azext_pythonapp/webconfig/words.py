"""Split a Windows command line into arguments as a C program does, and quote one argument."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANKS = " \t\r\n"
_NEEDS_QUOTES = re.compile(r'[\s"]')


@dataclass(frozen=True)
class Word:
    """One argument: text as the program gets it; start and end: its place in the command line, quotes included."""

    text: str
    start: int
    end: int


def split_words(line: str) -> tuple[Word, ...]:
    r"""Split a command line (without the program's name) as Microsoft's C run-time does.

    Blanks separate, double quotes hold together, `\"` is a quote, `\\` before a quote is one backslash and elsewhere
    two, `""` inside quotes is a quote. Single quotes mean nothing. A quote that is not closed ends with the line.
    """
    words = []
    place, length = 0, len(line)
    while place < length:
        if line[place] in _BLANKS:
            place += 1
            continue
        text, end = _word(line, place)
        words.append(Word(text, place, end))
        place = end
    return tuple(words)


def _word(line: str, start: int) -> tuple[str, int]:
    pieces: list[str] = []
    place, inside = start, False
    while place < len(line) and (inside or line[place] not in _BLANKS):
        character = line[place]
        if character == "\\":
            run = len(line) - place - len(line[place:].lstrip("\\"))
            place += run
            if line[place : place + 1] != '"':
                pieces.append("\\" * run)
                continue
            pieces.append("\\" * (run // 2))
            if run % 2:
                pieces.append('"')
                place += 1
        elif character == '"':
            if inside and line[place + 1 : place + 2] == '"':
                pieces.append('"')
                place += 1
            else:
                inside = not inside
            place += 1
        else:
            pieces.append(character)
            place += 1
    return "".join(pieces), place


def quoted(text: str) -> str:
    """Return text as one word of a Windows command line, in double quotes where it needs them."""
    if text and not _NEEDS_QUOTES.search(text):
        return text
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', text)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f'"{escaped}{chr(92) * trailing}"'

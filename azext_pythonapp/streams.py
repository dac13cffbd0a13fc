"""The standard streams: whether they are a terminal, how wide it is, and what they can show."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from typing import Any


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def cut(text: str, room: int) -> str:
    """Return the beginning of a text that fits into so many columns."""
    if cells(text) > room:
        text = text[: max(0, room)]
        while cells(text) > max(0, room):
            text = text[:-1]
    return text


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def columns() -> int:
    """Return the width of the terminal that standard error is; standard output may be another one, or none."""
    return terminal_size()[0]


def terminal_size() -> tuple[int, int]:
    """Return the columns and lines of the terminal that standard error is, or what stands for them elsewhere."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        size = os.terminal_size((0, 0))
    found = size if size.columns else shutil.get_terminal_size()
    return found.columns, found.lines


def print_error(text: str) -> None:
    """Write to standard error; that nobody reads it any more, or it is closed, must not end what the command does."""
    try:
        sys.stderr.write(encodable(text, sys.stderr))
        sys.stderr.flush()
    except (AttributeError, ValueError):
        pass
    except OSError:
        discard(sys.stderr)


def discard(stream: Any) -> None:
    """Let what is written to a stream from now on, or still in its buffer, go nowhere: it would fail again at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass


def encodable(text: str, stream: Any) -> str:
    """Return the text with a question mark for each character that a stream cannot show."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)

"""What a person sees: the screen of a terminal of a given size, with what has scrolled off it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import pyte
from pyte.screens import Char, Margins

Row = Mapping[int, Char]


class _Emulator(pyte.Screen):
    """pyte's terminal, which also keeps the rows that scroll off, and notes which rows go on in the next one."""

    def __init__(self, columns: int, rows: int):
        self.scrolled: list[Row] = []
        self.continued: set[int] = set()
        self._drawing = False
        super().__init__(columns, rows)

    def draw(self, data: str) -> None:
        """Draw text; a line feed meanwhile is the terminal's own, at the end of a full row."""
        self._drawing = True
        super().draw(data)
        self._drawing = False

    def linefeed(self) -> None:
        """Go to the next row."""
        if self._drawing:
            self.continued.add(len(self.scrolled) + self.cursor.y)
        super().linefeed()

    def index(self) -> None:
        """Go down by one row; at the bottom, the top row scrolls off."""
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == bottom:
            self.scrolled.append(self.buffer[top])
        super().index()


class Screen:
    """A terminal's screen.

    columns, rows: its size. What is fed to it is what a program writes, carriage returns and escape sequences included.
    """

    def __init__(self, columns: int = 80, rows: int = 24):
        self.columns, self.rows = columns, rows
        self._emulator = _Emulator(columns, rows)
        self._stream = pyte.Stream(self._emulator)

    def feed(self, text: str) -> None:
        """Show what a program wrote. Line feeds go to the beginning of a line only after a carriage return."""
        self._stream.feed(text)

    @property
    def visible(self) -> list[str]:
        """The rows that are on the screen now, without blanks at their ends; empty ones below the last are left out."""
        return _without_empty_end(_texts(self._current()))

    @property
    def lines(self) -> list[str]:
        """All rows, those that have scrolled off first. A row is never wider than the screen."""
        return _without_empty_end(_texts(self._all()))

    @property
    def text(self) -> str:
        """All rows as one text; those that the terminal broke at its right edge are one line again."""
        rows = [*_texts(self._all())]
        joined = (
            row.ljust(self.columns) if number in self._emulator.continued else row + "\n"
            for number, row in enumerate(rows)
        )
        return "".join(joined).rstrip("\n") + "\n"

    @property
    def broken(self) -> list[str]:
        """The rows that were full, so that the terminal went on in the next one in the middle of a line."""
        return [row for number, row in enumerate(_texts(self._all())) if number in self._emulator.continued]

    @property
    def cursor(self) -> tuple[int, int]:
        """The cursor's row, counted over all rows from 0, and its column."""
        return len(self._emulator.scrolled) + self._emulator.cursor.y, self._emulator.cursor.x

    def style(self, text: str) -> Char:
        """How the first character of a text is shown: `.fg` and `.bg` ("default", "red", …), `.bold`, `.reverse`.

        The last row that has the text counts. Raises AssertionError when none has.
        """
        for row, shown in reversed([*zip(self._all(), _texts(self._all()))]):
            if text in shown:
                return row[shown.index(text)]
        raise AssertionError(f"{text!r} is not on the screen:\n{self}")

    @property
    def styled(self) -> bool:
        """Whether anything is shown in a colour, bold or otherwise than plain."""
        plain = self._emulator.default_char
        return any(char._replace(data=plain.data) != plain for row in self._all() for char in row.values())

    def __str__(self) -> str:
        edge = "+" + "-" * self.columns + "+"
        return "\n".join([edge, *(f"|{line.ljust(self.columns)}|" for line in self.lines), edge])

    def _current(self) -> list[Row]:
        return [self._emulator.buffer[number] for number in range(self.rows)]

    def _all(self) -> list[Row]:
        return [*self._emulator.scrolled, *self._current()]


class ScreenFile(io.TextIOBase):
    """A text file that is a terminal, to put in the place of sys.stderr or sys.stdout: what is written is on `screen`.

    Set the environment variable COLUMNS to the width of the screen: programs ask there before they ask the terminal.
    """

    def __init__(self, columns: int = 80, rows: int = 24, encoding: str = "utf-8"):
        self.screen = Screen(columns, rows)
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding that a program finds here."""
        return self._encoding

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Show a text; the terminal's driver makes a carriage return and a line feed of each line feed."""
        self.screen.feed(text.encode(self._encoding).decode(self._encoding).replace("\n", "\r\n"))
        return len(text)


def _texts(rows: Iterable[Row]) -> list[str]:
    return ["".join(row[column].data for column in range(max(row, default=-1) + 1)).rstrip() for row in rows]


def _without_empty_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines

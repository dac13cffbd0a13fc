"""Fit rows into the terminal: as wide as it is, each column in its place, and rows that differ stay different."""

import re
import shutil
import sys
import unicodedata
from collections import OrderedDict
from functools import wraps

NOTHING, UNKNOWN = "-", "?"
_LEAST = 9
# What az puts around columns: a heading's margin, and the gap between two columns.
_MARGIN, _GAP = 2, 2
# The columns that give way when a table is too wide, one row of this after the other.
_ELASTIC = (
    ("Evidence",),
    ("Error", "Publisher", "User", "Summary", "Purl"),
    ("Python", "Target", "Before", "After", "Command", "ExtensionId", "Name", "Requirement"),
    ("EntryPoint", "Licence"),
    ("App",),
)
# Characters that a terminal obeys and does not show: of control, and of the direction of writing.
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
# Those of them that numbers tell apart, versions and ids.
_NUMBERED = ("Python", "Target", "Before", "After", "Command", "ExtensionId")
# Those of them that are told by their beginning: a name, and not the company behind it.
_BEGINNING = ("User", "Error", "Evidence", "Summary", "Purl", "Licence")


def fitted(table):
    """Make a function that returns rows return them as they are printed: texts that fit the terminal.

    None and "" become "-". The terminal's width is az's standard output's, or COLUMNS; 80 when it is no terminal.
    """

    @wraps(table)
    def fitting(answer):
        rows = [OrderedDict((name, _text(value)) for name, value in row.items()) for row in table(answer)]
        columns = allowed = shutil.get_terminal_size().columns
        while True:
            made = [OrderedDict(row) for row in rows]
            for names in _ELASTIC:
                _shrink(made, [name for name in (made[0] if made else ()) if name in names], allowed)
            # Characters of double width, which the table's columns do not count, need some of it too.
            double = max((sum(map(_double, row.values())) for row in made), default=0)
            over = _width(made) + double - columns
            if not double or over <= 0 or allowed <= columns // 2:
                return made
            allowed -= max(1, over // 2)

    return fitting


def yes_no(value):
    """Return "yes" or "no"; "?" for None, which says that it is not known."""
    return UNKNOWN if value is None else "yes" if value else "no"


def _text(value):
    """Return a cell's text on one line, without characters that standard output cannot show: az would drop them."""
    if value is None or value == "":
        return NOTHING
    encoding = sys.stdout.encoding or "utf-8"
    return (_NOT_SHOWN.sub(" ", str(value)).strip() or NOTHING).encode(encoding, "replace").decode(encoding)


def _double(text):
    """Return how many characters of a text are two columns wide."""
    return sum(unicodedata.east_asian_width(each) in "WF" for each in text)


def _shrink(rows, names, columns):
    """Cut the texts of some columns so that the rows are no wider than the terminal, if that is possible."""
    texts = {name: [row[name] for row in rows] for name in names}
    longest = {name: max(map(len, column)) for name, column in texts.items()}
    others = _width([OrderedDict((name, "" if name in texts else row[name]) for name in row) for row in rows])

    def width(limit):
        extra = (max(0, min(longest[name], limit) - len(name) - _MARGIN) for name in names)
        return others + sum(extra)

    if not names or width(max(longest.values())) <= columns:
        return
    limit = next((limit for limit in range(max(longest.values()), _LEAST, -1) if width(limit) <= columns), _LEAST)
    spare = columns - width(limit)
    for name, column in texts.items():
        room = max(limit, len(name) + _MARGIN)
        more = max(0, min(spare, longest[name] - room))
        spare -= more
        best = _by_numbers if name in _NUMBERED else _at_the_end if name in _BEGINNING else _in_the_middle
        short = _shortened(column, room + more, best)
        for row in rows:
            row[name] = short[row[name]]


def _width(rows):
    widths = {name: len(name) + _MARGIN for name in rows[0]} if rows else {}
    for row in rows:
        for name, value in row.items():
            widths[name] = max(widths[name], len(value))
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _shortened(column, limit, best):
    """Return what to print for each text of a column: at most `limit` characters, and for two texts never the same.

    best: chooses one of the ways to cut a text.
    """
    texts = list(dict.fromkeys(column))
    mark = _mark()
    result = {text: text if len(text) <= limit else best(list(_cuts(text, limit, mark)), mark) for text in texts}
    for text in texts:
        same = [other for other in texts if result[other] == result[text]]
        if len(same) > 1:
            result.update(_told_apart(same, limit, mark, set(result.values())))
    return result


def _mark():
    """Return what stands for characters that were cut: an ellipsis, or three dots where that cannot be shown."""
    try:
        "…".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return "..."
    return "…"


def _cuts(text, limit, mark):
    """Yield the ways to cut a text: without a part of it; then, as the last resort, without both its ends."""
    room = limit - len(mark)
    for head in range(room + 1):
        yield text[:head] + mark + text[len(text) - room + head :]
    for start in range(1, len(text) - room + len(mark)):
        yield mark + text[start : start + room - len(mark)] + mark


def _by_numbers(cuts, mark):
    """Return the cut that keeps most digits, and of those most of the beginning; without digits, one in the middle."""
    best = max(cuts, key=lambda cut: (sum(map(str.isdigit, cut)), not cut.startswith(mark), cut.index(mark)))
    return best if any(map(str.isdigit, best)) else _in_the_middle(cuts, mark)


def _in_the_middle(cuts, mark):
    """Return the cut that leaves as much of the beginning as of the end."""
    return cuts[(len(cuts[0]) - len(mark)) // 2]


def _at_the_end(cuts, mark):
    """Return the cut that leaves as much of the beginning as there is room for."""
    return cuts[len(cuts[0]) - len(mark)]


def _told_apart(texts, limit, mark, taken):
    """Return cuts of texts that differ from each other and from those that are taken; the whole texts without such."""
    for cuts in zip(*(_cuts(text, limit, mark) for text in texts)):
        if len(set(cuts)) == len(cuts) and not taken.intersection(cuts):
            return dict(zip(texts, cuts))
    return {text: text for text in texts}

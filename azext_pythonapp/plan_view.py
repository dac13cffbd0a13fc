"""How a plan looks: a line for each change with its sign, the diff of each file, and a count at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from azext_pythonapp.plain_text import plain, plain_line
from azext_pythonapp.plan import Change

_SIGNS = {"install": "+", "create": "+", "uninstall": "-", "delete": "-", "restart": "!"}
_COUNTED = {"+": "to add", "~": "to change", "-": "to remove"}
_DIFF_SIGNS = (("--- ", "bold"), ("+++ ", "bold"), ("@@", "cyan"), ("-", "red"), ("+", "green"))
_CODES = {"bold": 1, "red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}
_SIGN_COLOURS = {"+": "green", "~": "yellow", "-": "red", "!": "magenta"}
_WIDEST_NAME = 44
_PACKAGES = "packages/"


class Colours:
    """Colours for a terminal. enabled: False leaves every text as it is."""

    def __init__(self, enabled: bool):
        self._enabled = enabled

    def paint(self, text: str, colour: str | None) -> str:
        """Return the text in a colour of _CODES; None for none."""
        if not self._enabled or not text or colour is None:
            return text
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def plan_lines(
    label: str,
    now: str | None,
    changes: Sequence[Change],
    colours: Colours,
    width: int | None = None,
    *,
    dry_run: bool = False,
    warnings: Sequence[str] = (),
) -> list[str]:
    """Return the lines that show a plan.

    label: "app 'shop'" or a file; now: what it is before the plan, in a few words, or None; changes: the plan's
    Changes; colours: Colours; width: of the terminal, in columns, None for one line each; warnings: sentences.
    """
    changes = [change for change in changes if change.action != "none"]
    if not changes:
        heading = f"Plan for {label}: nothing to change."
        return [plain_line(heading), *_warning_lines(warnings, colours, width)]
    lines = _folded(plain_line(f"Plan for {label}{f' (now {now})' if now else ''}:"), width)
    lines += change_lines(changes, colours, width)
    lines += _warning_lines(warnings, colours, width)
    return [*lines, f"{_count(changes)}.{' Nothing was changed (dry run).' if dry_run else ''}"]


def change_lines(changes: Sequence[Change], colours: Colours, width: int | None = None) -> list[str]:
    """Return a line for each change with its sign, and the diff of each file below it. Arguments as in `plan_lines`."""
    rows = _rows(changes)
    column = min(max((len(name) for _, name, _, _ in rows), default=0), _WIDEST_NAME)
    lines = []
    for sign, name, text, diff in rows:
        lines += _row_lines(sign, name, text, column, colours, width)
        lines += [f"      {line}" for line in diff_lines(diff, colours)] if diff else []
    return lines


def diff_lines(text: str, colours: Colours) -> list[str]:
    """Return the lines of a unified diff in colours."""
    return [
        colours.paint(line, next((colour for sign, colour in _DIFF_SIGNS if line.startswith(sign)), None))
        for line in plain(text).rstrip("\n").split("\n")
    ]


def _rows(changes: Sequence[Change]) -> list[tuple[str, str, str, str | None]]:
    """Return (sign, name, text, diff) for each row: one for the packages of one sign, one for every other change."""
    packages: dict[str, list[str]] = {}
    for change in changes:
        if change.target.startswith(_PACKAGES):
            packages.setdefault(_sign(change), []).append(_package(change))
    rows = []
    for change in changes:
        sign = _sign(change)
        if not change.target.startswith(_PACKAGES):
            rows.append((sign, _name(change), _text(change), change.diff))
        elif sign in packages:
            rows.append((sign, "packages", "; ".join(packages.pop(sign)), None))
    return rows


def _sign(change: Change) -> str:
    return _SIGNS.get(change.action, "~")


def _name(change: Change) -> str:
    if change.action == "restart":
        return "restart"
    return plain_line(change.target.removeprefix("siteextensions/"))


def _package(change: Change) -> str:
    name = change.target.removeprefix(_PACKAGES)
    note = f" ({change.note})" if change.note else ""
    if change.action == "reinstall":
        return plain_line(f"{name} {change.after} again{note}")
    return plain_line(f"{name} {_versions(change)}".rstrip() + note)


def _text(change: Change) -> str:
    if change.action == "restart":
        return plain_line(change.note or f"of the app{f' ({change.target})' if change.target != 'app' else ''}")
    versions = "" if change.diff and change.before == change.after else _versions(change)
    return plain_line("; ".join(filter(None, (versions, change.note))))


def _versions(change: Change) -> str:
    if change.before and change.after and change.before != change.after:
        return f"{change.before} -> {change.after}"
    return change.after or change.before or ""


def _row_lines(sign: str, name: str, text: str, column: int, colours: Colours, width: int | None) -> list[str]:
    head = f"  {sign} {name.ljust(column)}  "
    wrapped = _wrapped(text, head, width)
    first = f"  {colours.paint(sign, _SIGN_COLOURS[sign])} {name.ljust(column)}  {wrapped[0]}".rstrip()
    return [first, *wrapped[1:]]


def _wrapped(text: str, head: str, width: int | None) -> list[str]:
    """Return the text in lines that fit behind a head; the first without it, the others indented."""
    if width is None or len(head) + len(text) < width or width - len(head) < 20:
        return [text]
    indent = " " * len(head)
    lines = textwrap.wrap(text, width - 1 - len(head), break_long_words=False, break_on_hyphens=False) or [""]
    return [lines[0], *(indent + line for line in lines[1:])]


def _folded(line: str, width: int | None) -> list[str]:
    if width is None:
        return [line]
    return textwrap.wrap(line, max(20, width - 1), subsequent_indent="  ", break_on_hyphens=False)


def _warning_lines(warnings: Sequence[str], colours: Colours, width: int | None) -> list[str]:
    lines: list[str] = []
    for warning in warnings:
        head = "  ! "
        wrapped = _wrapped(plain_line(warning), head, width)
        lines += [f"  {colours.paint('!', 'magenta')} {wrapped[0]}", *wrapped[1:]]
    return lines


def _count(changes: Sequence[Change]) -> str:
    signs = [_sign(change) for change in changes]
    counts = [f"{signs.count(sign)} {words}" for sign, words in _COUNTED.items() if sign in signs]
    restarts = signs.count("!")
    if restarts:
        counts.append(f"{restarts} restart{'s' if restarts > 1 else ''}")
    return ", ".join(counts)

"""The difference between two versions of a web.config, for display; values that may be secrets are masked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator

from azext_pythonapp.errors import InvalidWebConfig
from azext_pythonapp.webconfig.encoding import decode
from azext_pythonapp.webconfig.masking import masked_text

_CONTEXT = 3
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def unified_diff(before: bytes | None, after: bytes, path: str, shown: Collection[str] = ()) -> str:
    """Return the unified diff of before (None: there is no file) and after, "" when they are equal.

    path is named in its head. Lines end in LF; a line that differs only in how it ends says so behind its text.
    Files that are not text in a known encoding are shown as UTF-8 with replacement characters.
    shown: names of settings whose values are shown (`masking.masked_text`); others are masked, also those that differ.
    """
    if before == after:
        return ""
    old_text, new_text = _text(before), _text(after)
    old, new = _LINE.findall(old_text), _LINE.findall(new_text)
    old_shown, new_shown = _LINE.findall(masked_text(old_text, shown)), _LINE.findall(masked_text(new_text, shown))
    head = _common(old, new)
    tail = _common(old[: head - len(old) - 1 : -1], new[: head - len(new) - 1 : -1])
    start = max(head - _CONTEXT, 0)
    old_part = old[start : len(old) - max(tail - _CONTEXT, 0)]
    new_part = new[start : len(new) - max(tail - _CONTEXT, 0)]
    matcher = difflib.SequenceMatcher(None, old_part, new_part, autojunk=False)
    result = [f"--- {'/dev/null' if before is None else 'a/' + path}", f"+++ b/{path}"]
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        old_range = _range(start + group[0][1], start + group[-1][2])
        new_range = _range(start + group[0][3], start + group[-1][4])
        result.append(f"@@ -{old_range} +{new_range} @@")
        for tag, *places in group:
            removed, added = (slice(start + first, start + last) for first, last in (places[:2], places[2:]))
            result += _part(tag, old_shown[removed], new_shown[added])
    return "\n".join(result) + "\n"


def _part(tag: str, removed: list[str], added: list[str]) -> list[str]:
    """Return the lines of one step of difflib's, each with its sign."""
    if tag == "equal":
        return list(_shown(" ", removed, ()))
    return [*_shown("-", removed, added), *_shown("+", added, removed)]


def _text(content: bytes | None) -> str:
    if content is None:
        return ""
    try:
        return decode(content)[0]
    except InvalidWebConfig:
        return content.decode("utf-8", "replace")


def _common(old: list[str], new: list[str]) -> int:
    """Return how many lines old and new have in common at their start."""
    return next((index for index, (left, right) in enumerate(zip(old, new)) if left != right), min(len(old), len(new)))


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _shown(sign: str, lines: list[str], others: list[str] | tuple[str, ...]) -> Iterator[str]:
    texts = {other.rstrip("\r\n") for other in others}
    for line in lines:
        text = line.rstrip("\r\n")
        ending = repr(line[len(text) :])[1:-1]
        yield f"{sign}{text}" + (f"  [line ends in {ending or 'nothing'}]" if text in texts else "")
        if text == line and text not in texts:
            yield "\\ No newline at end of file"

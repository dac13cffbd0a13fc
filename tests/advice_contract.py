"""What messages advise: every az command in them can be pasted into a shell as it stands."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.json_contract import GROUP, TEXT_COMMANDS, prints_text

Complaint = Callable[[Sequence[str]], str | None]
"""What az's parser says against a command (the words after `az`), None when it takes it."""

# Not commands, but what a group is called.
_NAMES = ("az webapp python",)
_QUOTED = re.compile(r"`(az [^`\n]*)`")
# The last thing on a line: alone, or behind what it is for ("Undo: az …").
_OWN_LINE = re.compile(r"^(?:[^`\n]*?: |\s*)(az [a-z].*)$", re.M)
# Not `"az webapp python"`, as web.config's comment says it.
_MENTIONED = re.compile(r"(?<!\")\baz (?:webapp|functionapp|account|login|rest)\b[^\n]*")
_OF_PIP = re.compile(r"^  \| .*$", re.M)
_TO_FILL_IN = re.compile(r"<[^>]*>|…|\.\.\.|(?:^|(?<=[ =\"]))(?!WEBSITE_)[A-Z][A-Z_-]{2,}(?=$|[ \"])")
# "az webapp python show: 'x' is not a valid value for …", as az's parser begins.
_OF_AZ = re.compile(r"\baz(?: [a-z-]+)+: .*$", re.M)
_HELP = re.compile(r"^Examples from command's help:.*?(?=^https://|\Z)", re.M | re.S)


def advised(text: str) -> list[str]:
    """Return the az commands that a text advises, from `az` on: those in backquotes, and those with a line of their own.

    text: lines that a person reads; pip's own lines, and the examples that az takes from a command's help, do not count.
    """
    text = _OF_AZ.sub("", _HELP.sub("", _OF_PIP.sub("", text)))
    return [*_QUOTED.findall(text), *(each.strip() for each in _OWN_LINE.findall(_QUOTED.sub("", text)))]


def texts(stdout: str) -> Iterator[str]:
    """Yield the texts in what a command printed as data: the strings of JSON."""
    try:
        parts: list[Any] = [json.loads(stdout)]
    except ValueError:
        return
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, (dict, list)):
            parts.extend(part.values() if isinstance(part, dict) else part)


def unquoted(text: str) -> list[str]:
    """Return the commands in a text that stand neither in backquotes nor on a line of their own."""
    text = _OWN_LINE.sub("", _QUOTED.sub("", _OF_AZ.sub("", _HELP.sub("", _OF_PIP.sub("", text)))))
    return _MENTIONED.findall(text)


def fault(command: str, of: Sequence[str], complaint: Complaint) -> str | None:
    """Return what is wrong with one advised command, None when it can be pasted.

    command: from `az` on. of: the words after `az` of the command that advised it.
    """
    if command in _NAMES:
        return None
    if _TO_FILL_IN.search(command):
        return "has something to fill in"
    if command[-1] in ".,;:":
        return "ends like a sentence"
    try:
        words = shlex.split(command)[1:]
    except ValueError as error:
        return f"is not quoted for a shell: {error}"
    given = _value(of, "--subscription")
    if given is not None and words[:1] == ["webapp"] and _value(words, "--subscription") != given:
        return f"lacks --subscription {given}"
    slot, name = _value(of, "--slot", "-s"), _value(of, "--name", "-n")
    of_same_app = _value(words, "--name", "-n") == name and "slot list" not in command
    if slot not in (None, "production") and of_same_app and _value(words, "--slot", "-s") != slot:
        return f"lacks --slot {slot}"
    said = complaint(words)
    return None if said is None else f"is not accepted: {said}"


def check_advice(of: Sequence[str], stdout: str, stderr: str, complaint: Complaint) -> None:
    """Check what a command of this extension advised. of: the words after `az`.

    Raises AssertionError that names each command that cannot be pasted.
    """
    if tuple(of[:2]) != GROUP or " ".join(of[2:4]) in TEXT_COMMANDS or {"--help", "-h", "--debug"} & set(of):
        return
    # The commands in a template are for whatever app it is deployed to, so they have no app's names.
    said = [stderr, *([] if prints_text(of[2], of[3:]) else texts(stdout))]
    faults = [f"`{each}` {wrong}" for text in said for each in advised(text) if (wrong := fault(each, of, complaint))]
    faults += [f"`{each}` stands in no backquotes" for text in said for each in unquoted(text)]
    assert not faults, "advised commands that cannot be pasted:\n" + "\n".join(dict.fromkeys(faults))


def _value(words: Sequence[str], *names: str) -> str | None:
    """Return what follows an option, or what `--option=value` gives it; None without it."""
    for number, word in enumerate(words):
        name, _, value = word.partition("=")
        if name in names:
            return value or (words[number + 1] if number + 1 < len(words) else None)
    return None

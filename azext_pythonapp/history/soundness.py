"""What a record may say. The app's own code can write these files, so nothing in one is taken on trust.

A path leads nowhere but below %HOME%, an id is no path, and a text is one line: whatever is done with a record later
cannot leave the app, and a part of the wrong type is found here and not in the middle of an undo.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from azext_pythonapp.ids import ID
from azext_pythonapp.plan import Action
from azext_pythonapp.windows import name_problem

_LONGEST = 32_768
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_COMMAND = re.compile(r"[a-z][a-z-]{0,30}(?: [a-z][a-z-]{0,30})?")
_EXTENSION = re.compile(r"\w[\w.-]{0,200}")
_VERSION = re.compile(r"[\w.+!*-]{0,200}")
_PACKAGE = re.compile(r"[\w.-]{1,200}")
_PROGRAM = re.compile(r'[^"<>|?*\x00-\x1f]{1,1000}')
# Folders of Kudu's that are not in %HOME% (docs/platform/kudu.md 3.1).
_OUTSIDE = ("systemdrive", "localsiteroot")
_TEXTS = ("commandLine", "objectId", "startedAt", "finishedAt", "finish", "fingerprint")
_Check = Callable[[Any], bool]


def problem_of(row: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a record's parts, as the end of a sentence; None for nothing."""
    for name, check in _PARTS.items():
        try:
            sound = name not in row or check(row[name])
        except (TypeError, AttributeError, KeyError, ValueError):
            sound = False
        if not sound:
            return f"its part '{name}' is not valid"
    return None


def is_command(text: Any) -> bool:
    """Return whether a text can be the command of a record, such as "set-version"."""
    return isinstance(text, str) and _COMMAND.fullmatch(text) is not None


def is_id(text: Any) -> bool:
    """Return whether a text is the id of a change or a job."""
    return isinstance(text, str) and ID.fullmatch(text) is not None


def spoken(text: str) -> str:
    """Return a name from a file as messages may have it: on one line, short, and without an advised command in it."""
    return _CONTROL.sub("", text).replace("`", "")[:120]


def is_home_path(text: Any) -> bool:
    """Return whether a text is a path below %HOME%, '/'-separated, that does not lead out of it."""
    if not _text(text):
        return False
    names = text.split("/")
    return not any(name_problem(name) or not name for name in names) and names[0].lower() not in _OUTSIDE


def is_requirement(text: Any) -> bool:
    """Return whether a text can be a line that names a package, and nothing else that pip does."""
    return _text(text) and bool(text.strip()) and not text.strip().startswith("-")


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and _CONTROL.search(value) is None


def _like(pattern: re.Pattern[str]) -> _Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _optional(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _each(check: _Check) -> _Check:
    return lambda value: value is None or (isinstance(value, list) and all(map(check, value)))


def _mapping(key: _Check, check: _Check) -> _Check:
    return lambda value: isinstance(value, dict) and all(key(name) and check(each) for name, each in value.items())


def _fields(**checks: _Check) -> _Check:
    """Return the check of an object: of those of its values that have one, None for one that is not there."""
    return lambda value: isinstance(value, dict) and all(check(value.get(name)) for name, check in checks.items())


def _number(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


_PYTHON = {
    "version": _optional(_like(_VERSION)),
    "architecture": _optional(_like(_VERSION)),
    "extensionId": _optional(_like(_EXTENSION)),
    "packageVersion": _optional(_like(_VERSION)),
    "source": _optional(_text),
    "package": _optional(_like(_PACKAGE)),
    "pythonPath": _like(_PROGRAM),
}
_VERSIONS = _optional(_mapping(_like(_PACKAGE), _like(_VERSION)))
_FACTS = _optional(
    _mapping(
        is_home_path, _optional(_fields(sha256=_optional(_text), size=_optional(_number), modified=_optional(_text)))
    )
)
_SOURCES = {
    "addresses": _optional(_mapping(_like(_PACKAGE), _text)),
    "arguments": _each(_text),
    "wheels": _optional(is_home_path),
}
_ENVIRONMENT = _optional(
    _fields(
        letter=lambda value: value in ("a", "b"),
        job=_optional(is_id),
        pythonPath=_like(_PROGRAM),
        version=_like(_VERSION),
        architecture=_like(_VERSION),
        packages=_VERSIONS,
        requirements=_optional(_text),
        digest=_optional(_text),
        added=_each(is_requirement),
        removed=_each(_like(_PACKAGE)),
        installer=_optional(_text),
        builtAt=_optional(_text),
    )
)
_PARTS: dict[str, _Check] = {
    **dict.fromkeys(_TEXTS, _optional(_text)),
    "user": lambda value: value is None or isinstance(value, str),  # made plain by `spoken`
    "command": is_command,
    "undoes": _optional(is_id),
    "jobs": _each(is_id),
    "pageBefore": lambda value: value is None or (isinstance(value, int) and 100 <= value <= 599),
    "app": _optional(_mapping(_text, _optional(_text))),
    "changes": _each(
        _fields(
            target=_text,
            action=lambda value: value in get_args(Action),
            before=_optional(_text),
            after=_optional(_text),
        )
    ),
    "files": _each(_fields(path=is_home_path, name=_text)),
    "runtimeBefore": _optional(_fields(**_PYTHON)),
    "runtimeAfter": _optional(_fields(**_PYTHON)),
    "runtimes": _each(_fields(action=lambda value: value in ("install", "uninstall"), **_PYTHON)),
    "packages": _each(
        _fields(
            pythonPath=_like(_PROGRAM),
            version=_like(_VERSION),
            architecture=_like(_VERSION),
            folder=is_home_path,
            before=_VERSIONS,
            after=_VERSIONS,
            **_SOURCES,
            lastRun=_optional(lambda value: isinstance(value, dict)),
        )
    ),
    "published": _optional(
        _fields(
            root=is_home_path,
            archive=_optional(is_home_path),
            created=_each(is_home_path),
            replaced=_each(is_home_path),
            deleted=_each(is_home_path),
            folders=_each(is_home_path),
            before=_FACTS,
            after=_FACTS,
        )
    ),
    "environment": _optional(_fields(before=_ENVIRONMENT, after=_ENVIRONMENT, **_SOURCES)),
}

"""Write a lock: the same text for the same packages, whoever asks (docs/platform/pylock.md 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

CREATED_BY = "az webapp python"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")


def lock_of(packages: Sequence[Mapping[str, Any]], version: str) -> dict[str, Any]:
    """Return the fields of a lock in the order in which they are written.

    packages: the tables, by the keys of the standard. version: of the Python that they are for, such as "3.11.9".
    """
    minor = ".".join(version.split(".")[:2])
    return {
        "lock-version": "1.0",
        "environments": ["sys_platform == 'win32' and implementation_name == 'cpython'"],
        "requires-python": f"=={minor}.*",
        "created-by": CREATED_BY,
        "packages": sorted(packages, key=lambda each: str(each["name"])),
    }


def to_toml(lock: Mapping[str, Any]) -> str:
    """Return a lock as text. lock: as lock_of returns it."""
    return "\n".join(_lines(lock)) + "\n"


def is_time(text: object) -> bool:
    """Return whether a text is a time as TOML and the standard have it, in UTC."""
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return True


def _lines(lock: Mapping[str, Any]) -> Iterator[str]:
    for key, value in lock.items():
        if key != "packages":
            yield f"{key} = {_value(key, value)}"
    if not lock["packages"]:
        yield "packages = []"
    for package in lock["packages"]:
        yield ""
        yield "[[packages]]"
        tables = []
        for key, value in package.items():
            if key == "wheels":
                tables += [("[[packages.wheels]]", wheel) for wheel in value]
            elif isinstance(value, Mapping):
                tables.append((f"[packages.{key}]", value))
            else:
                yield f"{key} = {_value(key, value)}"
        for header, table in tables:
            yield ""
            yield header
            yield from (f"{key} = {_value(key, value)}" for key, value in table.items())


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if key == "upload-time" and is_time(value):
        return str(value)
    if isinstance(value, Mapping):
        inner = (f"{_key(name)} = {_value(name, each)}" for name, each in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value("", each) for each in value) + "]"
    return _text(str(value))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(each) or (_code(each) if _is_control(each) else each) for each in text) + '"'


def _is_control(character: str) -> bool:
    return ord(character) < 0x20 or ord(character) == 0x7F or 0xD800 <= ord(character) < 0xE000


def _code(character: str) -> str:
    return f"\\u{ord(character):04X}" if not 0xD800 <= ord(character) < 0xE000 else "\\uFFFD"

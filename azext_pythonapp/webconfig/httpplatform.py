"""The <httpPlatform> element: its attributes, their ranges, and its environment variables.

Schema: docs/platform/site-extensions.md 2.3 (HttpPlatformHandler configuration reference and schema 1.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.layout import NewElement
from azext_pythonapp.webconfig.markup import Element
from azext_pythonapp.webconfig.masking import MASK, looks_secret

_NUMBERS = {
    "startupTimeLimit": (0, 3600),
    "startupRetryCount": (0, 100),
    "rapidFailsPerMinute": (0, 100),
    "processesPerApplication": (1, 100),
}
_BOOLEANS = ("stdoutLogEnabled", "forwardWindowsAuthToken")
_STRINGS = ("processPath", "arguments", "stdoutLogFile")
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")
_LONGEST_REQUEST = 2_592_000


def check_settings(settings: Mapping[str, str]) -> None:
    """Raise InvalidInput unless settings (attribute name to text) fit the schema of <httpPlatform>."""
    for name, value in settings.items():
        if name in _NUMBERS:
            low, high = _NUMBERS[name]
            good = value.isdecimal() and low <= int(value) <= high
            expected = f"a whole number from {low} to {high}"
        elif name in _BOOLEANS:
            good, expected = value in ("true", "false"), "true or false"
        elif name == "requestTimeout":
            good, expected = _is_request_timeout(value), "hh:mm:00 in whole minutes, at most 30 days (30.00:00:00)"
        elif name in _STRINGS:
            good, expected = bool(value) or name == "arguments", "some text"
        else:
            known = ", ".join([*_STRINGS, *_NUMBERS, *_BOOLEANS, "requestTimeout"])
            raise InvalidInput(f"<httpPlatform> has no attribute {name!r}.", f"Use one of: {known}.")
        if not good:
            raise InvalidInput(f"{name} of <httpPlatform> cannot be '{value}'.", f"Use {expected}.")


def _is_request_timeout(value: str) -> bool:
    match = _TIME_SPAN.fullmatch(value)
    if match is None:
        return False
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return hours < 24 and minutes < 60 and seconds == 0 and total <= _LONGEST_REQUEST


def variables(platform: Element) -> dict[str, str]:
    """Return the environment variables that platform gives to its process."""
    return {
        found.get("name"): found.get("value") for found in platform.find("environmentVariables", "environmentVariable")
    }


def described(platform: Element) -> list[str]:
    """Return every attribute of platform beside processPath as `name='value'`, what may be secret masked."""
    shown = [
        (name, MASK if looks_secret("", found.value) else found.value)
        for name, found in platform.attributes.items()
        if name != "processPath"
    ]
    files = [child.get("path") for child in platform.find("recycleOnFileChange", "file")]
    return [f"{name}='{value}'" for name, value in shown] + [f"recycleOnFileChange '{path}'" for path in files]


def new_platform(settings: Mapping[str, str], environment: Mapping[str, str]) -> NewElement:
    """Return <httpPlatform> with settings as attributes and environment as its environmentVariables."""
    group = (NewElement("environmentVariables", (), _new_variables(environment)),) if environment else ()
    return NewElement("httpPlatform", tuple(settings.items()), group)


def update_platform(
    document: Document, platform: Element, settings: Mapping[str, str], environment: Mapping[str, str]
) -> None:
    """Set settings and environment on platform, an element of document; everything else in it stays."""
    for name, value in settings.items():
        document.set_attribute(platform, name, value)
    missing = dict(environment)
    wanted = {name.upper(): (name, value) for name, value in environment.items()}
    for found in platform.find("environmentVariables", "environmentVariable"):
        name, value = wanted.get(found.get("name").upper(), ("", ""))
        if name in missing:
            del missing[name]
            document.set_attribute(found, "value", value)
        elif name:
            document.remove(found)
    if not missing:
        return
    groups = platform.find("environmentVariables")
    if groups:
        for variable in _new_variables(missing):
            document.append(groups[0], variable)
    else:
        document.append(platform, NewElement("environmentVariables", (), _new_variables(missing)))


def _new_variables(environment: Mapping[str, str]) -> tuple[NewElement, ...]:
    return tuple(
        NewElement("environmentVariable", (("name", name), ("value", value))) for name, value in environment.items()
    )

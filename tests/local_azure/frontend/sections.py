"""The two sections of web.config that decide who serves a site, checked as IIS's schema does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .handlers import Handler


class ConfigurationError(Exception):
    """A web.config that IIS refuses with 500.19.

    `message` is IIS's text, `error_code` its HRESULT; `file` is the Windows path, filled in by the reader of the file.
    """

    def __init__(self, message: str, error_code: str = "0x8007000d") -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code
        self.file = ""


@dataclass(frozen=True)
class HttpPlatform:
    """`system.webServer/httpPlatform`: not yet expanded; times are seconds (docs/platform/site-extensions.md 2.3)."""

    process_path: str
    arguments: str
    startup_time_limit: int
    request_timeout: int
    stdout_log_enabled: bool
    stdout_log_file: str
    environment: tuple[tuple[str, str], ...]


_HANDLER_ATTRIBUTES = (
    "name",
    "path",
    "verb",
    "modules",
    "scriptProcessor",
    "resourceType",
    "requireAccess",
    "allowPathInfo",
    "preCondition",
    "responseBufferLimit",
    "type",
)
_RESOURCE_TYPES = ("file", "directory", "either", "unspecified")
_PLATFORM_ATTRIBUTES = (
    "processPath",
    "arguments",
    "startupTimeLimit",
    "startupRetryCount",
    "rapidFailsPerMinute",
    "requestTimeout",
    "stdoutLogEnabled",
    "stdoutLogFile",
    "processesPerApplication",
    "forwardWindowsAuthToken",
)


def change_handlers(section: Element, inherited: Sequence[Handler]) -> list[Handler]:
    """Applies one `<handlers>` to the mappings of the level above; its own come first, in their order.

    Raises ConfigurationError for what the schema forbids, above all for a name that is there already
    (docs/platform/site-extensions.md 2.6).
    """
    own: list[Handler] = []
    above = list(inherited)
    for element in section:
        if element.tag == "clear":
            own, above = [], []
        elif element.tag == "remove":
            name = _attributes(element, ("name",), ("name",))["name"].lower()
            own = [handler for handler in own if handler.name.lower() != name]
            above = [handler for handler in above if handler.name.lower() != name]
        elif element.tag == "add":
            handler = _handler(element)
            if any(other.name.lower() == handler.name.lower() for other in own + above):
                raise _duplicate("add", handler.name)
            own.append(handler)
        else:
            raise ConfigurationError(f"Unrecognized element '{element.tag}'")
    return own + above


def _handler(element: Element) -> Handler:
    given = _attributes(element, _HANDLER_ATTRIBUTES, ("name", "path"))
    names = {
        "name": "name",
        "path": "path",
        "verb": "verb",
        "modules": "modules",
        "scriptProcessor": "script_processor",
        "resourceType": "resource_type",
    }
    handler = Handler(**{names[name]: value for name, value in given.items() if name in names})
    if handler.resource_type.lower() not in _RESOURCE_TYPES:
        raise ConfigurationError(
            "The 'resourceType' attribute is invalid. Enum must be one of File, Directory, Either, Unspecified"
        )
    return handler


def read_http_platform(section: Element) -> HttpPlatform:
    """Reads `<httpPlatform>`; raises ConfigurationError for what the schema forbids."""
    given = _attributes(section, _PLATFORM_ATTRIBUTES, ("processPath",))
    _whole_number(given, "startupRetryCount", 10, 0, 100)
    _whole_number(given, "rapidFailsPerMinute", 10, 0, 100)
    _whole_number(given, "processesPerApplication", 1, 1, 100)
    environment: dict[str, str] = {}
    for element in section:
        if element.tag == "environmentVariables":
            environment.update(_environment(element))
        elif element.tag != "recycleOnFileChange":
            raise ConfigurationError(f"Unrecognized element '{element.tag}'")
    return HttpPlatform(
        process_path=given["processPath"],
        arguments=given.get("arguments", ""),
        startup_time_limit=_whole_number(given, "startupTimeLimit", 120, 0, 3600),
        request_timeout=_time_span(given.get("requestTimeout", "00:02:00")),
        stdout_log_enabled=_boolean(given, "stdoutLogEnabled"),
        stdout_log_file=given.get("stdoutLogFile", ".\\httpplatform-stdout"),
        environment=tuple(environment.items()),
    )


def _environment(section: Element) -> Iterable[tuple[str, str]]:
    names: set[str] = set()
    for element in section:
        if element.tag not in ("environmentVariable", "add"):
            raise ConfigurationError(f"Unrecognized element '{element.tag}'")
        given = _attributes(element, ("name", "value"), ("name", "value"))
        if given["name"].lower() in names:
            raise _duplicate("environmentVariable", given["name"])
        names.add(given["name"].lower())
        yield given["name"], given["value"]


def _duplicate(element: str, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"Cannot add duplicate collection entry of type '{element}' with unique key attribute 'name' set to '{name}'",
        "0x800700b7",
    )


def _attributes(element: Element, known: Sequence[str], required: Sequence[str]) -> Mapping[str, str]:
    for name in element.attrib:
        if name not in known and not name.startswith("{"):
            raise ConfigurationError(f"Unrecognized attribute '{name}'")
    for name in required:
        if name not in element.attrib:
            raise ConfigurationError(f"Required attribute '{name}' not found")
    return dict(element.attrib)


def _whole_number(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = given.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise ConfigurationError(
            f"The '{name}' attribute is invalid. Integer value must be between {low} and {high} inclusive", "0x80070585"
        )
    return int(text)


def _boolean(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false").lower()
    if text not in ("true", "false"):
        raise ConfigurationError(f"The '{name}' attribute is invalid. Not a valid boolean")
    return text == "true"


def _time_span(text: str) -> int:
    match = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})", text)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 1)
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if total % 60 or total > 2592000:
        raise ConfigurationError(
            "The 'requestTimeout' attribute is invalid. Timespan value must be between 00:00:00 "
            "and 30.00:00:00 seconds inclusive, with a granularity of 60 seconds"
        )
    return total

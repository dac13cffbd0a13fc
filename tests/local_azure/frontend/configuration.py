"""What the web.config files on the way to a URL say, put together as IIS does."""

from __future__ import annotations

import ntpath
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

from .handlers import STATIC_FILE, Handler
from .sections import ConfigurationError, HttpPlatform, change_handlers, read_http_platform
from .web_root import WebRoot

SETTLING_SECONDS = 0.05
"""A file that is still the same after this is not being written."""

Level = tuple[str, ...]  # the lower-case names of a folder below the root; () is the root


@dataclass(frozen=True)
class Configuration:
    """What holds for one URL."""

    handlers: tuple[Handler, ...]
    http_platform: HttpPlatform | None


def read(root: WebRoot, segments: Level) -> Configuration:
    """The configuration of the URL whose decoded names are `segments`, from the root's web.config down.

    Raises ConfigurationError (IIS's 500.19) when one of the files is not acceptable.
    """
    handlers: list[Handler] = [STATIC_FILE]
    platform: HttpPlatform | None = None
    target = tuple(name.lower() for name in segments)
    documents: list[tuple[str, Level, Element]] = []
    for depth in range(len(target) + 1):
        level = target[:depth]
        name = ntpath.join(root.windows_path(segments[:depth]), "web.config")
        try:
            file = _web_config(root, segments[:depth])
            if file is not None:
                documents.append((name, level, _parse(file)))
            for name, owner, document in documents:
                for web_server in _web_servers(document, level[len(owner) :]):
                    for section in web_server.findall("handlers"):
                        handlers = change_handlers(section, handlers)
                    for section in web_server.findall("httpPlatform"):
                        platform = read_http_platform(section)
        except ConfigurationError as error:
            error.file = name
            raise
    return Configuration(tuple(handlers), platform)


def rules(root: WebRoot) -> list[Element]:
    """The rewrite rules of the root's web.config. Raises ConfigurationError when that is not acceptable."""
    file = _web_config(root, ())
    if file is None:
        return []
    try:
        return [
            rule for web_server in _web_servers(_parse(file), ()) for rule in web_server.findall("rewrite/rules/rule")
        ]
    except ConfigurationError as error:
        error.file = ntpath.join(root.windows_path(()), "web.config")
        raise


def root_content(root: WebRoot) -> bytes | None:
    """The bytes of the root's web.config; None when there is none. IIS restarts the app when they change."""
    file = _web_config(root, ())
    return None if file is None else _whole(file)


def _web_config(root: WebRoot, segments: Level) -> Path | None:
    file = root.path((*segments, "web.config"))
    return file if file.is_file() else None


def _whole(file: Path) -> bytes:
    """The bytes of a file that nobody is writing: Kudu empties a file before it writes it, and lets nobody read it in
    between (docs/platform/kudu.md 3.3)."""
    content = file.read_bytes()
    while not content.rstrip().endswith(b">"):
        time.sleep(SETTLING_SECONDS)
        last, content = content, file.read_bytes()
        if content == last:
            break
    return content


def _parse(file: Path) -> Element:
    try:
        document = fromstring(_whole(file))
    except ParseError as error:
        raise ConfigurationError(f"Configuration file is not well-formed XML ({error})") from error
    if document.tag != "configuration":
        raise ConfigurationError("Configuration file does not have a <configuration> root element")
    return document


def _web_servers(document: Element, below: Level) -> Iterator[Element]:
    """The `system.webServer` elements of a file that hold for the folder `below` its own: the direct ones (only for
    the file's own folder) and those in a `<location>` of that path, where "." and "" are the file's own folder."""
    found = [] if below else list(document.findall("system.webServer"))
    for location in document.findall("location"):
        names = location.get("path", "").strip("/").lower().split("/")
        if tuple(name for name in names if name not in ("", ".")) == below:
            found.extend(location.findall("system.webServer"))
    for name in ("handlers", "httpPlatform"):
        if sum(len(web_server.findall(name)) for web_server in found) > 1:
            raise ConfigurationError(
                f"Config section 'system.webServer/{name}' already defined. Sections must only appear once per config "
                "file. See the help topic <location> for exceptions",
                "0x800700b7",
            )
    if any(web_server.find("fastCgi") is not None for web_server in found):
        raise ConfigurationError(
            "This configuration section cannot be used at this path. This happens when the section is "
            'locked at a parent level (overrideModeDefault="Deny")',
            "0x80070021",
        )
    return iter(found)

"""The FastCGI applications that a runtime registers with IIS, read from its applicationHost.xdt."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree


@dataclass(frozen=True)
class Registration:
    r"""One FastCGI application: IIS starts `full_path arguments` for a handler whose scriptProcessor is this pair.

    full_path: such as `D:\home\python364x64\python.exe`; arguments: such as `D:\home\python364x64\wfastcgi.py`
    (docs/platform/site-extensions.md 1.5 and 2.1).
    """

    full_path: str
    arguments: str


def transform_path(extension_id: str) -> str:
    """Return the path of a site extension's transform, relative to %HOME% (docs/platform/kudu.md 4.3)."""
    return f"SiteExtensions/{extension_id}/applicationHost.xdt"


def read_registrations(transform: bytes) -> list[Registration]:
    """Return the FastCGI applications that an applicationHost.xdt adds; [] for invalid XML."""
    try:
        root = ElementTree.fromstring(transform)
    except (ElementTree.ParseError, ValueError, LookupError):
        return []
    return [
        Registration(application.get("fullPath", ""), application.get("arguments", ""))
        for section in root.iter("fastCgi")
        for application in section.iter("application")
        if application.get("fullPath")
    ]

r"""D:\home\site\wwwroot: from the names in a URL to a file of the worker, and the expansion of %NAME%."""
from __future__ import annotations

import ntpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """The part of a Machine that finds files."""

    home: Path

    def linux_path(self, windows_path: str) -> Path:
        """The file behind a Windows path, whatever the case of its letters."""

    def windows_path(self, path: Path) -> str:
        """The Windows path of a file."""


class WebRoot:
    """The folder that a site serves."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.home = files.windows_path(files.home)
        self.windows = ntpath.join(self.home, "site", "wwwroot")

    def windows_path(self, segments: Iterable[str]) -> str:
        """The Windows path of a URL whose decoded names are `segments`."""
        return ntpath.join(self.windows, *segments)

    def path(self, segments: Iterable[str]) -> Path:
        """The file (which need not exist) of a URL whose decoded names are `segments`."""
        return self._files.linux_path(self.windows_path(segments))

    def absolute(self, path: str) -> str:
        """A path out of an httpPlatform section: relative to this folder when it begins with a dot
        (HttpPlatformHandler 1.2, facts/python-site-extensions.md 2.3)."""
        return ntpath.normpath(ntpath.join(self.windows, path)) if path.startswith(".") else path

    def variables(self) -> dict[str, str]:
        """The variables of the worker that a web.config may use, beside the app settings."""
        return {"HOME": self.home, "SystemDrive": "C:", "SystemRoot": "C:\\windows"}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replaces each %NAME% by its value as ExpandEnvironmentStrings does: any case, an unknown name stays as it is."""
    values = {name.lower(): value for name, value in variables.items()}
    return re.sub("%([^%]+)%", lambda match: values.get(match[1].lower(), match[0]), text)


def is_acceptable(segments: Iterable[str]) -> bool:
    """Whether no name of a URL could leave the folder (`..`, a drive, a backslash, a NUL)."""
    return not any(name in (".", "..") or re.search(r'[\\:<>"|?*\x00-\x1f]', name) for name in segments)

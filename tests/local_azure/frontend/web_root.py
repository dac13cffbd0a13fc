r"""D:\home\site\wwwroot, or what path mappings say: from names in a URL to a file of the worker; expansion of %NAME%."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

DEFAULT_APPLICATIONS = (("/", r"site\wwwroot"),)


class Files(Protocol):
    """The part of a Machine that finds files."""

    home: Path

    def linux_path(self, windows_path: str) -> Path:
        """The file behind a Windows path, whatever the case of its letters."""

    def windows_path(self, path: Path) -> str:
        """The Windows path of a file."""


class WebRoot:
    """The folders that a site serves; `windows` is that of one application of it, at first the one at "/".

    applications: the site's virtual applications: (virtual path, physical path, relative to %HOME% or absolute).
    """

    def __init__(self, files: Files, applications: Iterable[tuple[str, str]] = DEFAULT_APPLICATIONS) -> None:
        self._files = files
        self.home = files.windows_path(files.home)
        self._applications = tuple(applications)
        folders = [
            (_names(virtual), ntpath.normpath(ntpath.join(self.home, physical.replace("/", "\\"))))
            for virtual, physical in self._applications
        ]
        self._folders = sorted(folders, key=lambda folder: -len(folder[0]))
        self.windows = self._application(())[1]

    def of(self, segments: Iterable[str]) -> WebRoot:
        """The same with the folder of the application that a URL belongs to."""
        found = WebRoot(self._files, self._applications)
        found.windows = self._application(tuple(segments))[1]
        return found

    def windows_path(self, segments: Iterable[str]) -> str:
        """The Windows path of a URL whose decoded names are `segments`."""
        names = tuple(segments)
        depth, folder = self._application(names)
        return ntpath.join(folder, *names[depth:])

    def _application(self, segments: tuple[str, ...]) -> tuple[int, str]:
        """How many names of a URL lead to its application, and that application's folder."""
        lowered = tuple(name.lower() for name in segments)
        for names, folder in self._folders:
            if lowered[: len(names)] == names:
                return len(names), folder
        return 0, ntpath.join(self.home, "site", "wwwroot")

    def path(self, segments: Iterable[str]) -> Path:
        """The file (which need not exist) of a URL whose decoded names are `segments`."""
        return self._files.linux_path(self.windows_path(segments))

    def absolute(self, path: str) -> str:
        """A path out of an httpPlatform section: relative to this folder when it begins with a dot
        (HttpPlatformHandler 1.2, docs/platform/site-extensions.md 2.3)."""
        return ntpath.normpath(ntpath.join(self.windows, path)) if path.startswith(".") else path

    def variables(self) -> dict[str, str]:
        """The variables of the worker that a web.config may use, beside the app settings."""
        return {"HOME": self.home, "SystemDrive": "C:", "SystemRoot": "C:\\windows"}


def _names(virtual_path: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in virtual_path.split("/") if name)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replaces each %NAME% by its value as ExpandEnvironmentStrings does: any case, an unknown name stays as it is."""
    values = {name.lower(): value for name, value in variables.items()}
    return re.sub("%([^%]+)%", lambda match: values.get(match[1].lower(), match[0]), text)


def is_acceptable(segments: Iterable[str]) -> bool:
    """Whether no name of a URL could leave the folder (`..`, a drive, a backslash, a NUL)."""
    return not any(name in (".", "..") or re.search(r'[\\:<>"|?*\x00-\x1f]', name) for name in segments)

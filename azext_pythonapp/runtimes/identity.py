r"""Extension id <-> Python version <-> architecture <-> folder.

A Python package names its runtime three times: in its id (`python364x64`), in its title ("Python 3.6.4 x64") and in its
description ("Installs Python 3.6.4 x64 into Azure App Service at D:\home\python364x64\python.exe."). The digits of an
id are ambiguous (`python3111`: 3.11.1 or 3.1.11), so title and description come first.
(docs/platform/site-extensions.md 1.1-1.4)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from azext_pythonapp.runtimes import official
from azext_pythonapp.runtimes.versions import VersionSpec, numbers
from azext_pythonapp.windows import join

__all__ = ["Identity", "VersionSpec", "canonical_id", "identify", "identify_folder", "same_extension"]

# The xdt of every package registers this drive, also for workers whose %HOME% is C:\home, where D:\home is an alias
# (docs/platform/site-extensions.md 1.8).
REGISTERED_HOME = r"D:\home"

_PRE = r"(?:a|b|rc)[0-9]+"
_VERSION = rf"(?P<version>[0-9]+\.[0-9]+(?:\.[0-9]+(?:{_PRE})?)?)"
_ARCHITECTURE = r"(?P<architecture>x64|x86)"
_ID = re.compile(rf"(?:.*-)?(?P<stem>python(?P<digits>[0-9]{{2,}})(?P<pre>{_PRE})?{_ARCHITECTURE})", re.IGNORECASE)
_FOLDER = re.compile(rf"python(?P<digits>[0-9]{{2,}})(?P<pre>{_PRE})?{_ARCHITECTURE}?", re.IGNORECASE)
_TITLE = re.compile(rf"\bPython {_VERSION}(?:\s+{_ARCHITECTURE}\b)?", re.IGNORECASE)
_PATH = re.compile(r"\bat [A-Z]:\\home\\(?P<folder>[^\\\s]+)\\python\.exe", re.IGNORECASE)
_SENTENCE = re.compile(rf"\bInstalls Python {_VERSION}(?: {_ARCHITECTURE})? into [^.]*?{_PATH.pattern}", re.IGNORECASE)
# A description is untrusted text, and installing or uninstalling deletes the folder that it names.
_PYTHON_FOLDER = re.compile(r"python[0-9a-z_-]*", re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    r"""One Python runtime, according to its names.

    version: "3.6.4"; only "3.6" where the names do not include the patch.
    architecture: "x64" or "x86"; None only for a folder whose name does not include it (`Python27` is used for both).
    extension_id: the id of the site extension; None for a folder.
    folder: its folder in %HOME%: "python364x64".
    """

    version: str
    architecture: str | None
    extension_id: str | None
    folder: str

    def python_path(self, home: str) -> str:
        r"""Return python.exe as the worker sees it. home: the worker's %HOME%, `D:\home` or `C:\home`."""
        return join(home, self.folder, "python.exe")

    @property
    def registered_path(self) -> str:
        r"""Return python.exe as the package registers it with IIS: always under `D:\home`.

        FastCGI needs exactly this text: IIS looks up the pair of path and arguments (docs/platform/site-extensions.md
        1.5, 1.8, 2.1).
        """
        return self.python_path(REGISTERED_HOME)

    @property
    def registered_arguments(self) -> str:
        """Return the arguments that the package registers with IIS: wfastcgi.py beside python.exe."""
        return join(REGISTERED_HOME, self.folder, "wfastcgi.py")


def identify(extension_id: str, title: str | None = None, description: str | None = None) -> Identity | None:
    """Return the Python that a site extension installs.

    title, description: of its package; they make the result more reliable than the id alone.
    Returns None for an extension that is not a Python runtime, also when it mentions one: a runtime has either an id
    that ends in `python<digits><x64|x86>`, or a description like those of the official build scripts.
    """
    by_id = _ID.fullmatch(extension_id)
    if not by_id:
        return _identify_by_description(extension_id, title, description)
    named = _TITLE.search(title or "") or _SENTENCE.search(description or "")
    version = _agreed_version(named["version"] if named else None, by_id["digits"], (by_id["pre"] or "").lower())
    folder = _described_folder(description) or _default_folder(version, by_id["stem"].lower())
    return Identity(version, by_id["architecture"].lower(), extension_id, folder)


def identify_folder(name: str) -> Identity | None:
    """Return the Python that a folder of %HOME% contains, by its name: `python364x64`, `Python27`, `Python312`.

    Returns None for any other name. The name is only a hint; python.exe itself is authoritative.
    """
    found = _FOLDER.fullmatch(name)
    if not found:
        return None
    architecture = found["architecture"]
    version = _version_of(found["digits"]) + (found["pre"] or "").lower()
    return Identity(version, architecture.lower() if architecture else None, None, name)


def canonical_id(extension_id: str) -> str:
    """Return the id under which Kudu installs an extension: old official ids become the new ones.

    Kudu redirects ten old ids, case-insensitively, and only on installation; the new ids are case-sensitive, so they
    are returned in their own spelling. Any other id is returned unchanged: `python361x64` is not in Kudu's table.
    (docs/platform/site-extensions.md 1.2, 1.6)
    """
    lowered = extension_id.lower()
    if lowered in official.PACKAGES:
        return lowered
    return official.REDIRECTS.get(lowered, extension_id)


def same_extension(one: str, other: str) -> bool:
    """Return whether two ids mean the same extension: case does not matter, and old official ids mean the new ones."""
    return canonical_id(one).lower() == canonical_id(other).lower()


def _identify_by_description(extension_id: str, title: str | None, description: str | None) -> Identity | None:
    if extension_id.lower() == "python" and title == "Python Installer":
        # David Ebbo's package of 2016, which extracts python-3.5.1-embed-amd64.zip. Its texts name no version, and its
        # id is now python.org's own package, which is not a site extension (docs/platform/site-extensions.md 1.1).
        return Identity("3.5.1", "x64", extension_id, "Python35")
    sentence = _SENTENCE.search(description or "")
    if not sentence or not _PYTHON_FOLDER.fullmatch(sentence["folder"]):
        return None
    by_folder = identify_folder(sentence["folder"])
    architecture = sentence["architecture"] or (by_folder.architecture if by_folder else None)
    if architecture is None:
        return None
    return Identity(sentence["version"], architecture.lower(), extension_id, sentence["folder"])


def _described_folder(description: str | None) -> str | None:
    found = _PATH.search(description or "")
    if found and _PYTHON_FOLDER.fullmatch(found["folder"]):
        return found["folder"]
    return None


def _default_folder(version: str, stem: str) -> str:
    """Return the folder by Microsoft's own rule: shared by several packages for 2.x, 3.5.1 and 3.5.2, else the stem.

    Source: azure-pipelines-tasks KuduServiceUtils.ts; docs/platform/site-extensions.md 1.3.
    """
    if numbers(version)[0] == 2:
        return "Python27"
    if numbers(version) in ((3, 5, 1), (3, 5, 2)):
        return "Python35"
    return stem


def _version_of(digits: str) -> str:
    """Read concatenated digits: "364" is 3.6.4, "2714" 2.7.14, "3100" 3.10.0, "31011" 3.10.11, "3810" 3.8.10.

    3.1 was never published as an extension, so 31... has a minor of two digits (docs/platform/site-extensions.md 1.4).
    """
    return _split(digits, 2 if digits.startswith("31") and len(digits) > 2 else 1)


def _agreed_version(named: str | None, digits: str, pre: str) -> str:
    """Return the version in the texts, with the patch from the digits where the texts leave it out."""
    if named is None:
        return _version_of(digits) + pre
    if len(numbers(named)) == 2:
        for length in (1, 2):
            reading = _split(digits, length)
            if reading.startswith(f"{named}."):
                return reading
    return named


def _split(digits: str, minor_length: int) -> str:
    parts = [digits[0], digits[1 : 1 + minor_length], digits[1 + minor_length :]]
    return ".".join(part for part in parts if part)

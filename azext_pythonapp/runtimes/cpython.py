"""python.org's own builds of CPython for Windows, and the runtimes that are made of them.

They are not site extensions; `cpython_package` turns them into one. There are two places that have them: `nuget` and
`python_org`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from azext_pythonapp.runtimes.identity import Identity
from azext_pythonapp.runtimes.official import CPYTHON_PACKAGES, MADE_HERE
from azext_pythonapp.runtimes.versions import python_version

BuildSource = Literal["nuget", "pythonOrg"]

EXTENSION_PREFIX = MADE_HERE
# A build with its id, as `CPythonBuild.title` writes it into the description of its site extension.
_BUILT_FROM = re.compile(r"\bBuilt by az webapp python from the (?:NuGet|python\.org) package (?P<id>[\w.-]+) ")


@dataclass(frozen=True)
class CPythonBuild:
    r"""A package of CPython, and the runtime that is built from it.

    package_id: of NuGet, "python", or in the feed of python.org, "pythoncore-3.13-64".
    package_version: such as "3.13.2", or "3.14.0-rc1", as NuGet writes versions, because a site extension is a package
        of NuGet; NuGet allows a fourth number for a rebuilt package.
    architecture: "x64" or "x86".
    address: of its file; None for a local package file.
    catalog: the address of NuGet's document that has the file's hash. sha256: the hash that python.org's feed has, in
        lower case. None where the other source has the file.
    """

    package_id: str
    package_version: str
    architecture: str
    address: str | None = None
    catalog: str | None = None
    sha256: str | None = None

    @property
    def source(self) -> BuildSource:
        """Return which of the two sources has it."""
        return source_of(self.package_id)

    @property
    def version(self) -> str:
        """Return the Python version in Python's own spelling: "3.13.2", "3.14.0rc1"."""
        return python_version(self.package_version) or self.package_version

    @property
    def folder(self) -> str:
        """Return its folder in %HOME%, named as Microsoft's packages do (docs/platform/site-extensions.md 1.4)."""
        return f"python{self.version.replace('.', '')}{self.architecture}"

    @property
    def extension_id(self) -> str:
        """Return the id of the site extension that it becomes, which does not depend on its source."""
        return EXTENSION_PREFIX + self.folder

    @property
    def identity(self) -> Identity:
        """Return the runtime's folder and FastCGI registration."""
        return Identity(self.version, self.architecture, self.extension_id, self.folder)

    @property
    def target(self) -> str:
        """Return what a change of its files is about: "nuget/python", "pythonOrg/pythoncore-3.13-64"."""
        return f"{self.source}/{self.package_id}"

    @property
    def title(self) -> str:
        """Return its name for messages: "NuGet package python 3.13.2"."""
        publisher = "NuGet" if self.source == "nuget" else "python.org"
        return f"{publisher} package {self.package_id} {self.package_version}"


@dataclass(frozen=True)
class Release:
    """One version of CPython in a source.

    listed: False for a version that its owner has withdrawn. deprecated: whether its owner has deprecated it.
    """

    runtime: CPythonBuild
    listed: bool = True
    deprecated: bool = False


def source_of(package_id: str) -> BuildSource:
    """Return which source has a package of this id."""
    return "nuget" if package_id in CPYTHON_PACKAGES.values() else "pythonOrg"


def built_from(description: str) -> str | None:
    """Return the id of the package that a site extension was built from, by its description; None for any other."""
    found = _BUILT_FROM.search(description)
    return found["id"] if found else None

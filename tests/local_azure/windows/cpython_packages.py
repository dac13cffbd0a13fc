"""The packages of CPython as python.org publishes them on NuGet, made of the Windows builds at hand.

Laid out as PC/layout of python/cpython lays out its preset "nuget": everything below tools/, pip in site-packages, names
percent-encoded. Without venv and ensurepip, which the builds do not carry (docs/platform/worker.md 0.3).
"""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from tests.local_azure.windows import runtimes

_LOCK = threading.Lock()


@dataclass(frozen=True)
class CPythonPackage:
    """A version of a package. listed: whether its owner shows it; one that he withdrew can still be downloaded."""

    id: str
    version: str
    listed: bool = True

    @property
    def architecture(self) -> str:
        """x64 or x86."""
        return "x86" if self.id == "pythonx86" else "x64"

    @property
    def file_name(self) -> str:
        """Its name in the flat container."""
        return f"{self.id}.{self.version}.nupkg"


PACKAGES = (
    CPythonPackage("python", "3.8.10"),
    CPythonPackage("python", "3.9.13"),
    CPythonPackage("python", "3.10.11"),
    CPythonPackage("python", "3.11.9"),
    CPythonPackage("python", "3.12.9"),
    CPythonPackage("python", "3.13.1"),
    CPythonPackage("python", "3.13.2"),
    CPythonPackage("python", "3.13.3", listed=False),
    CPythonPackage("python", "3.14.0-rc1"),
    CPythonPackage("pythonx86", "3.13.2"),
)
"""What the gallery has, in ascending order; 3.13.1, 3.13.3 and x86 are other builds that are made to say so. Without the
releases of 3.5 to 3.7, of which there are no builds at all, and many patches."""


def path_of(cache: Path, package: CPythonPackage) -> Path:
    """The file of a package in the cache; made when it is asked for first (5 s)."""
    path = cache / "nuget" / package.file_name
    with _LOCK:
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            with TemporaryDirectory(prefix="build-", dir=cache) as name:
                tree = Path(name) / "tools"
                runtimes.unpack_release(cache, package.version, package.architecture, tree)
                _pack(package, tree, Path(name) / package.file_name)
                (Path(name) / package.file_name).rename(path)
    return path


def sha512(path: Path) -> str:
    """The hash of a file as NuGet's catalog gives it: base64."""
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode("ascii")


def _pack(package: CPythonPackage, tree: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", '<?xml version="1.0" encoding="utf-8"?><Relationships />')
        archive.writestr(f"{package.id}.nuspec", _nuspec(package))
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.write(path, quote(f"tools/{path.relative_to(tree).as_posix()}"))
        archive.writestr("[Content_Types].xml", '<?xml version="1.0" encoding="utf-8"?><Types />')


def _nuspec(package: CPythonPackage) -> str:
    """As PC/layout/support/nuspec.py writes it, with the namespace that packing adds."""
    bits, title = ("32-bit", "Python (32-bit)") if package.architecture == "x86" else ("64-bit", "Python")
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>{package.id}</id>
    <version>{package.version}</version>
    <title>{title}</title>
    <authors>Python Software Foundation</authors>
    <projectUrl>https://www.python.org/</projectUrl>
    <description>Installs {bits} Python for use in build scenarios.</description>
    <tags>python</tags>
  </metadata>
</package>
"""

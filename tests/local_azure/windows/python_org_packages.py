"""The zip files of CPython that python.org publishes for its install manager, made of the Windows builds at hand.

Laid out as PC/layout of python/cpython lays out its preset "pymanager" (docs/platform/python-org.md 2): the
installation at the root, with `__install__.json` and the documentation, pip in site-packages. Without venv, ensurepip and Tcl/Tk,
which the builds do not carry (docs/platform/worker.md 0.3).
"""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.local_azure.windows import runtimes

FOLDER = "https://www.python.org/ftp/python/"
_LOCK = threading.Lock()
_NAMES = {"64": "amd64", "32": "win32", "arm64": "arm64"}


@dataclass(frozen=True)
class PythonOrgPackage:
    """One build of a version.

    bits: "64", "32" or "arm64", as tags end. kind: "", "t" (free-threaded), "embed" or "test".
    """

    version: str
    bits: str = "64"
    kind: str = ""

    @property
    def final(self) -> str:
        """The version without the stage of a pre-release, as its folder is called."""
        return self.version.partition("rc")[0]

    @property
    def minor(self) -> str:
        """The feature release."""
        return ".".join(self.version.split(".")[:2])

    @property
    def file_name(self) -> str:
        """Its name on python.org."""
        kind = {"": "-", "t": "t-"}.get(self.kind, f"-{self.kind}-")
        return f"python-{self.version}{kind}{_NAMES[self.bits]}.zip"

    @property
    def url(self) -> str:
        """Its address."""
        return f"{FOLDER}{self.final}/{self.file_name}"

    def manifest(self) -> dict[str, Any]:
        """As PC/layout/support/pymanager.py writes it, and the feed has it but for `run-for` and `shortcuts`."""
        company = {"embed": "PythonEmbed", "test": "PythonTest"}.get(self.kind, "PythonCore")
        suffix = "t" if self.kind == "t" else ""
        program = f"python{self.minor}t.exe" if suffix else "python.exe"
        tag = f"{self.minor}{suffix}{'-dev' if self.version != self.final else ''}-{self.bits}"
        label = {"64": "", "32": " (32-bit)", "arm64": " (ARM64)"}[self.bits]
        return {
            "schema": 1,
            "id": f"{company.lower()}-{self.minor}{suffix}-{self.bits}",
            "sort-version": self.version,
            "company": company,
            "tag": tag,
            "install-for": [
                f"{self.version}{suffix}-{self.bits}",
                f"{self.minor}{suffix}-{self.bits}",
                f"3{suffix}-{self.bits}",
            ],
            "alias": [{"target": program, "name": f"python{self.minor}{suffix}-{self.bits}.exe"}],
            "display-name": f"Python {self.version}{label}",
            "executable": f".\\{program}",
            "url": self.url,
        }


def path_of(cache: Path, package: PythonOrgPackage) -> Path:
    """The file of a plain package in the cache; made when it is asked for first (5 s)."""
    path = cache / "pythonorg" / package.file_name
    with _LOCK:
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            with TemporaryDirectory(prefix="build-", dir=cache) as name:
                tree = Path(name) / "layout"
                architecture = {"64": "x64", "32": "x86"}[package.bits]
                runtimes.unpack_release(cache, package.version, architecture, tree)
                (tree / "Doc/html").mkdir(parents=True)
                (tree / "Doc/html/index.html").write_bytes(b"<title>Python documentation</title>")
                shown = {**package.manifest(), "run-for": [], "shortcuts": []}
                (tree / "__install__.json").write_text(json.dumps(shown, indent=2), encoding="utf-8")
                _pack(tree, Path(name) / package.file_name)
                (Path(name) / package.file_name).rename(path)
    return path


def sha256(path: Path) -> str:
    """The hash of a file as the feed gives it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _pack(tree: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(tree).as_posix())

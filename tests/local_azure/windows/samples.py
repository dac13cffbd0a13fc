"""Source packages of our own for the index: one whose build fails, one whose build is long and silent."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

_BROKEN_BUILD = """\
from setuptools import setup

raise RuntimeError("brokenbuild cannot be built: its compiler is missing")
"""

_QUIET_BUILD = """\
import os
import sys
import time

from setuptools import setup

if {"bdist_wheel", "install"} & set(sys.argv):
    for _ in range(int(os.environ.get("QUIETBUILD_TIMES", "1"))):
        print("quietbuild falls silent at %.3f" % time.time())
        sys.stdout.flush()
        time.sleep(float(os.environ.get("QUIETBUILD_SECONDS", "20")))
setup(name="quietbuild", version="1.0", py_modules=["quietbuild"])
"""

FILES = {
    "brokenbuild": {"setup.py": _BROKEN_BUILD},
    "quietbuild": {"setup.py": _QUIET_BUILD, "quietbuild.py": "VERSION = '1.0'\n"},
}
"""The files of each package, version 1.0: `brokenbuild` raises in its setup.py; `quietbuild` waits $QUIETBUILD_SECONDS
(20) without a word and without using the processor, which is what Kudu takes for a command that hangs; that
$QUIETBUILD_TIMES (1), with the time (Unix) in a line ahead of each, which pip shows with --verbose only."""


def write(index: Path) -> bool:
    """Put the sdists into the folder of the index; False when they are there as they should be."""
    changed = False
    for name, files in FILES.items():
        path, content = index / f"{name}-1.0.tar.gz", _sdist(name, files)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            changed = True
    return changed


def _sdist(name: str, files: dict[str, str]) -> bytes:
    """A .tar.gz that is the same each time it is made, so that its hash is, too."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        for file_name, text in {"PKG-INFO": metadata, **files}.items():
            member = tarfile.TarInfo(f"{name}-1.0/{file_name}")
            member.size = len(text.encode("utf-8"))
            packed.addfile(member, io.BytesIO(text.encode("utf-8")))
    return gzip.compress(plain.getvalue(), mtime=0)

r"""Paths in requirements files: which of them can exist on an App Service worker.

A worker has its own folders on its system drive, the app's below %HOME%, and nothing of the machine that wrote the file
(docs/platform/kudu.md 7, docs/platform/worker.md 4). /home/x means \home\x of the current drive there, so Linux paths
are accepted.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from azext_pythonapp.packages.requirements import Requirement

# The folders in the root of a worker's drives, without %HOME%.
_ROOTS = ("local", "mounts", "program files", "program files (x86)", "programdata", "windows", "devtools", "packages")
_BUILT_IN = re.compile(r"python\d+(?:x\d\d)?")
_CONDA_LINE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*=[A-Za-z0-9._+!]+(?:=[A-Za-z0-9._]+)?")
_JOB_DEPTH = 3


@dataclass(frozen=True)
class Place:
    """Where a path or URL of a requirements file points to.

    kind: "url"; "home" for a path below %HOME%; "worker" for another folder of a worker; "elsewhere" for a folder of
    another machine; "relative" for a path below the folder that pip runs in; "unknown". path: for "home" below %HOME%,
    for "relative" as it is; with '/'.
    """

    kind: Literal["url", "home", "worker", "elsewhere", "relative", "unknown"]
    path: str = ""


def place(text: str) -> Place:
    """Return where a source, or the value of -r, -c or --find-links, points to."""
    if "${" in text:
        return Place("unknown")
    repository = re.match(r"(?:git|hg|svn|bzr)\+", text, re.IGNORECASE)
    text = text[repository.end() :] if repository else text
    if re.match(r"file:", text, re.IGNORECASE):
        # An @ precedes the revision of a repository; the name of a folder may contain one.
        text = unquote(re.split(r"[#?]|@(?=[^/]*$)" if repository else r"[#?]", text[5:])[0])
        text = re.sub(r"^//(?:localhost)?(?=/)", "", text, flags=re.IGNORECASE)
        text = re.sub(r"^/(?=[A-Za-z][:|])", "", text).replace("|", ":", 1)
    elif repository or re.match(r"[a-z][a-z0-9+.-]+:", text, re.IGNORECASE):
        return Place("url")
    path = text.replace("\\", "/")
    if path.startswith("//"):
        return Place("unknown")
    drive = re.match(r"([A-Za-z]):/*", path)
    if drive is None and not path.startswith("/"):
        return Place("relative", path)
    parts = posixpath.normpath("/" + path[drive.end() if drive else 0 :].lstrip("/")).split("/")[1:]
    first = parts[0].lower()
    if first == "home" and len(parts) > 1:
        return Place("home", "/".join(parts[1:]))
    if first in _ROOTS or _BUILT_IN.fullmatch(first) or first == "home":
        return Place("worker")
    return Place("elsewhere")


def impossible(requirement: Requirement, uploaded: bool) -> tuple[str, str] | None:
    """Return why no pip on a worker can install a requirement, and what to do; None when it may work.

    uploaded: whether its file comes from this machine, so that a relative path does not exist on the worker.
    """
    if not requirement.known and _CONDA_LINE.fullmatch(requirement.text):
        return (
            "it is in conda's format, which pip does not support",
            "Create the file with `pip list --format=freeze > requirements.txt`.",
        )
    if requirement.source is None or requirement.variables:
        return None
    where = place(requirement.source)
    if where.kind == "elsewhere":
        name = requirement.name or "the package"
        return (
            "it names a folder or file of another machine, which does not exist on the worker",
            f"Use a version of {name} instead, such as `{requirement.name or 'name'}==1.0`. In a conda environment, "
            "`pip list --format=freeze > requirements.txt` writes a file with versions only.",
        )
    if uploaded and where.kind == "relative" and not posixpath.normpath(where.path).startswith("../" * _JOB_DEPTH):
        return (
            "it names a folder or file of this machine, which is not uploaded with the requirements",
            "Build a wheel of it (`pip wheel --no-deps -w FOLDER PATH`), use its name and version in the requirements, "
            "and pass the folder with --wheel-dir; or deploy it with the app, and omit -r to use the app's own "
            "requirements.txt.",
        )
    return None

r"""Environments: the two folders beside the runtimes that hold a Python of their own, one in use and one not.

An app whose packages are in an environment starts `environments\a\Scripts\python.exe` or that of b. Each is built from
nothing while the other one runs, so nothing that runs is ever changed (docs/architecture.md).
"""

from __future__ import annotations

import json
import ntpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from azext_pythonapp.windows import join, started_path

Letter = Literal["a", "b"]
LETTERS: tuple[Letter, ...] = get_args(Letter)
# Below %HOME%, '/'-separated.
FOLDER = "data/pythonapp/environments"
# Written last: a folder without it is half built, and is not used.
DESCRIPTION = "pythonapp.json"
# The name of the lock, and of the record, of both: one is built at a time.
LOCK = "environments"
CONFIGURATION = "pyvenv.cfg"
_FORMAT = 1
_LARGEST = 1_000_000
_MOST_BYTES = 10**15
_PLACE = re.compile(r"\\data\\pythonapp\\environments\\(?P<letter>[ab])\\Scripts\\pythonw?\.exe", re.IGNORECASE)
_HOME_LINE = re.compile(r"^\s*home\s*=\s*(?P<home>\S.*?)\s*$", re.MULTILINE | re.IGNORECASE)


class Torn(ValueError):
    """A description that cannot be read. Its text says why, in words."""


@dataclass(frozen=True)
class Base:
    """The runtime that an environment stands on.

    python_path: of its python.exe, as the worker has it. version, architecture: as that python.exe says.
    """

    python_path: str
    version: str
    architecture: str


@dataclass(frozen=True)
class Description:
    """What an environment was built of.

    base: its runtime. requirements: the name of the requirements file, None for none; digest: of all that pip read of
    it, hexadecimal. added: requirements that a person has added one by one, in order. removed: canonical names of
    packages that a person has taken out. installer: "pip 24.0" or "uv 0.13.9". job: the id of the job that built it.
    built_at: ISO 8601 in UTC, by the worker's clock. packages: version by canonical name.
    size: of the files of the packages, in bytes; direct: the packages that came from an address, not from an index;
    both None where the description does not say. requires: what packages need, as lines of Requires-Dist, by canonical
    name; one that is not in it has to be asked.
    """

    base: Base
    requirements: str | None
    digest: str | None
    added: Sequence[str]
    removed: Sequence[str]
    installer: str
    job: str
    built_at: str
    packages: Mapping[str, str]
    size: int | None = None
    direct: Collection[str] | None = None
    requires: Mapping[str, Sequence[str]] = field(default_factory=dict)


def folder_of(letter: Letter) -> str:
    """Return an environment's folder, below %HOME%, '/'-separated."""
    return f"{FOLDER}/{letter}"


def python_of(letter: Letter, home: str) -> str:
    r"""Return python.exe of an environment as the worker sees it. home: the worker's %HOME%.

    It is one folder below pyvenv.cfg: Python takes the folder above for the environment, also where both are in one.
    """
    return join(home, *folder_of(letter).split("/"), "Scripts", "python.exe")


def letter_of(python_path: str, home: str) -> Letter | None:
    """Return the environment that a python.exe belongs to; None for any other program.

    python_path: in any spelling of %HOME%. home: the worker's %HOME%.
    """
    path = started_path(python_path, home)
    if not path.lower().startswith(home.rstrip("\\").lower()):
        return None
    found = _PLACE.fullmatch(path[len(home.rstrip("\\")) :])
    return next((letter for letter in LETTERS if found is not None and found["letter"].lower() == letter), None)


def may_be_one(python_path: str) -> bool:
    """Return whether a program may belong to an environment, whatever %HOME% is, which may cost a request to know."""
    folder = "\\" + FOLDER.replace("/", "\\") + "\\"
    return folder in python_path.replace("/", "\\").lower()


def other(letter: Letter | None) -> Letter:
    """Return the environment that is not in use. letter: the one that is; None for neither."""
    return "b" if letter == "a" else "a"


def configuration(base_python: str) -> bytes:
    """Return pyvenv.cfg of an environment. base_python: python.exe of its runtime, as the worker sees it.

    Raises ValueError for a path that the file cannot name.
    """
    folder = ntpath.dirname(base_python)
    if "\n" in folder or "\r" in folder or not folder:
        raise ValueError(f"{base_python!r} is not the path of a runtime.")
    return f"home = {folder}\r\ninclude-system-site-packages = false\r\n".encode()


def base_folder(content: bytes) -> str | None:
    """Return the folder of the runtime that a pyvenv.cfg names; None for one that names none."""
    found = _HOME_LINE.search(content.decode("utf-8", "replace"))
    return ntpath.normpath(found["home"]) if found is not None else None


def to_json(description: Description) -> bytes:
    """Return a description as its file has it."""
    base = description.base
    fields = {
        "format": _FORMAT,
        "base": {"pythonPath": base.python_path, "version": base.version, "architecture": base.architecture},
        "requirements": description.requirements,
        "digest": description.digest,
        "added": list(description.added),
        "removed": list(description.removed),
        "installer": description.installer,
        "job": description.job,
        "builtAt": description.built_at,
        "packages": dict(sorted(description.packages.items())),
        "requires": {name: list(lines) for name, lines in sorted(description.requires.items())},
        **({} if description.size is None else {"size": description.size}),
        **({} if description.direct is None else {"direct": list(description.direct)}),
    }
    return json.dumps(fields, indent=1).encode("ascii")


def parse(content: bytes) -> Description:
    """Read a description. The app's own code can write the file, so nothing in it is taken on trust.

    Raises Torn for what cannot be read.
    """
    if len(content) > _LARGEST:
        raise Torn(f"it has more than {_LARGEST} bytes")
    try:
        fields = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Torn("it is not JSON") from error
    if not isinstance(fields, dict) or fields.get("format") != _FORMAT:
        raise Torn("another version of this extension wrote it, or none did")
    try:
        return _read(fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise Torn("a part of it is missing or of the wrong kind") from error


def _read(fields: Mapping[str, Any]) -> Description:
    base = fields["base"]
    return Description(
        Base(_line(base["pythonPath"]), _line(base["version"]), _line(base["architecture"])),
        None if fields["requirements"] is None else _line(fields["requirements"]),
        None if fields["digest"] is None else _line(fields["digest"]),
        tuple(map(_line, _list(fields["added"]))),
        tuple(map(_line, _list(fields["removed"]))),
        _line(fields["installer"]),
        _line(fields["job"]),
        _line(fields["builtAt"]),
        {_line(name): _line(version) for name, version in fields["packages"].items()},
        None if fields.get("size") is None else _count(fields["size"]),
        None if fields.get("direct") is None else tuple(map(_line, _list(fields["direct"]))),
        {_line(name): tuple(map(_line, _list(lines))) for name, lines in fields.get("requires", {}).items()},
    )


def _line(value: Any) -> str:
    """Return a text of one line. Raises TypeError for anything else."""
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError(value)
    return value


def _count(value: Any) -> int | None:
    """Return a number of bytes; None for more than a home directory can have. Raises TypeError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value if value <= _MOST_BYTES else None


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value

"""Wheel files of this machine: which fit a Python on Windows, and the page by which pip finds them on the worker."""

from __future__ import annotations

import hashlib
import html
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment

STORE = "data/pythonapp/wheels"
# The page is a file in a job's folder, data/pythonapp/jobs/<id>.
_FROM_JOB = "../../wheels"
_PLATFORMS = {"x64": "win_amd64", "x86": "win32"}
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Wheel:
    """A wheel file of this machine, read once.

    project: its name, canonical. tags: what it fits. size: bytes. sha256: in hex. crc32: as zip archives have it.
    """

    path: Path
    project: str
    tags: frozenset[Tag]
    size: int
    sha256: str
    crc32: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def key(self) -> str:
        """The name of its folder in the store."""
        return self.sha256[:16]

    @property
    def marker(self) -> str:
        """The file in the store that tells that the wheel is there, whole: it is extracted after the wheel.

        Its time is that of the wheel's last use: the runner sets it, and deletes wheels that were unused for long.
        """
        return f"{self.key}-{self.name}.whole"


def read_folder(folder: str) -> tuple[Wheel, ...]:
    """The wheels of a local folder, by name; each is read through once, piece by piece.

    Raises InvalidInput when there are none, one cannot be read, or one has a name that pip would not understand.
    """
    paths = sorted(Path(folder).glob("*.whl"))
    if not paths:
        raise InvalidInput(
            f"There are no wheels (*.whl) in the folder '{folder}'.",
            "Build them first: `pip wheel -r requirements.txt -w FOLDER`.",
        )
    return tuple(_read(path) for path in paths)


def supported_tags(version: str, architecture: str) -> frozenset[Tag]:
    """What CPython on Windows takes. version: such as "3.6.4". architecture: "x64" or "x86".

    Until Python 3.7 the name of its binary interface ends in m (PEP 3149 and its end in bpo-36707).
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    interpreter, platforms = f"cp{major}{minor}", [_PLATFORMS[architecture]]
    abi = interpreter + ("m" if (major, minor) < (3, 8) else "")
    return frozenset(
        [*cpython_tags((major, minor), [abi], platforms), *compatible_tags((major, minor), interpreter, platforms)]
    )


def fits(tags: Iterable[Tag], version: str, architecture: str) -> bool:
    """Whether a wheel with these tags can be installed into a CPython on Windows."""
    return not supported_tags(version, architecture).isdisjoint(tags)


def choose(
    wheels: Sequence[Wheel], requirements: Iterable[Requirement], target: TargetEnvironment
) -> tuple[tuple[Wheel, ...], tuple[Wheel, ...]]:
    """Split wheels into those that fit the target's Python and the others.

    Raises InvalidInput when one of the requirements is among the wheels, but only in ones that do not fit.
    """
    supported = supported_tags(target.version, target.architecture)
    fitting = tuple(wheel for wheel in wheels if not supported.isdisjoint(wheel.tags))
    others = tuple(wheel for wheel in wheels if wheel not in fitting)
    for requirement in requirements:
        if not requirement.applies(target) or any(wheel.project == requirement.name for wheel in fitting):
            continue
        unfit = [wheel.name for wheel in others if wheel.project == requirement.name]
        if unfit:
            python = ".".join(target.version.split(".")[:2])
            platform = _PLATFORMS[target.architecture]
            raise InvalidInput(
                f"None of the wheels of {requirement.name} fits Python {target.version} {target.architecture}, which "
                f"takes cp{python.replace('.', '')} {platform}: {', '.join(unfit)}. Nothing was uploaded.",
                f"Get one that does: `pip download {requirement.name} --no-deps --only-binary :all: --platform "
                f"{platform} --python-version {python} -d FOLDER`, or delete those, for the index to be asked.",
            )
    return fitting, others


def find_links_page(wheels: Iterable[Wheel]) -> bytes:
    """The page for pip's --find-links, to be put into a job's folder; it is the same for the same wheels.

    pip compares each file with the hash in its link, and has read such pages since long before version 9. The runner
    reads it as well, to know which wheels of the store its job uses: the text of a link is the file's name.
    """
    lines = []
    for wheel in wheels:
        link = f"{_FROM_JOB}/{wheel.key}/{quote(wheel.name)}#sha256={wheel.sha256}"
        lines.append(f'<a href="{html.escape(link)}">{html.escape(wheel.name)}</a><br>')
    return "\n".join(["<!DOCTYPE html><html><body>", *lines, "</body></html>"]).encode("utf-8")


def _read(path: Path) -> Wheel:
    try:
        project, _, _, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise InvalidInput(
            f"'{path}' has no name that pip would take for a wheel: {error}.",
            "Rename it as it was, or take it out of the folder.",
        ) from error
    digest, crc32, size = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK_BYTES):
                digest.update(piece)
                crc32 = zlib.crc32(piece, crc32)
                size += len(piece)
    except OSError as error:
        raise InvalidInput(f"The wheel '{path}' cannot be read: {error.strerror}.") from error
    return Wheel(path, str(canonicalize_name(project)), tags, size, digest.hexdigest(), crc32)

"""Local wheel files: which are compatible with a Python on Windows, and the --find-links page for the worker's pip."""

from __future__ import annotations

import hashlib
import html
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, canonicalize_version, parse_wheel_filename

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment

STORE = "data/pythonapp/wheels"
# The page is in a job's folder, data/pythonapp/jobs/<id>.
_FROM_JOB = "../../wheels"
_PLATFORMS = {"x64": "win_amd64", "x86": "win32"}
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Wheel:
    """A local wheel file.

    project: its canonical name. tags: its compatibility tags. size: bytes. sha256: in hex. crc32: as in zip archives.
    """

    path: Path
    project: str
    tags: frozenset[Tag]
    size: int
    sha256: str
    crc32: int

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self.path.name

    @property
    def key(self) -> str:
        """Return the name of its folder in the store."""
        return self.sha256[:16]

    @property
    def marker(self) -> str:
        """Return the file in the store that shows that the wheel is complete: it is extracted after the wheel.

        Its time is that of the wheel's last use: the runner sets it, and deletes wheels that were not used for long.
        """
        return f"{self.key}-{self.name}.whole"


def read_folder(folder: str) -> tuple[Wheel, ...]:
    """Return the wheels of a local folder, by name.

    Raises InvalidInput when there are none, one cannot be read, or one has an invalid name.
    """
    paths = sorted(Path(folder).glob("*.whl"))
    if not paths:
        raise InvalidInput(
            f"There are no wheels (*.whl) in the folder '{folder}'.",
            "Build them first: `pip wheel -r requirements.txt -w FOLDER`.",
        )
    return tuple(read_wheel(path) for path in paths)


def supported_tags(version: str, architecture: str) -> frozenset[Tag]:
    """Return the tags that CPython on Windows supports. version: such as "3.6.4". architecture: "x64" or "x86"."""
    return frozenset(ranked_tags(version, architecture))


def ranked_tags(version: str, architecture: str) -> list[Tag]:
    """Return the tags that CPython on Windows supports, the one that it prefers first; parameters as supported_tags.

    Up to Python 3.7 the ABI tag ends in m (PEP 3149, removed by bpo-36707).
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    interpreter, platforms = f"cp{major}{minor}", [_PLATFORMS[architecture]]
    abi = interpreter + ("m" if (major, minor) < (3, 8) else "")
    return [*cpython_tags((major, minor), [abi], platforms), *compatible_tags((major, minor), interpreter, platforms)]


def fits(tags: Iterable[Tag], version: str, architecture: str) -> bool:
    """Return whether a wheel with these tags can be installed into a CPython on Windows."""
    return not supported_tags(version, architecture).isdisjoint(tags)


def choose(
    wheels: Sequence[Wheel], requirements: Iterable[Requirement], target: TargetEnvironment
) -> tuple[tuple[Wheel, ...], tuple[Wheel, ...]]:
    """Split wheels into those that are compatible with the target's Python and the others.

    Raises InvalidInput when a requirement has wheels, but no compatible one.
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
                f"None of the wheels of {requirement.name} is for Python {target.version} {target.architecture} "
                f"(cp{python.replace('.', '')} {platform}): {', '.join(unfit)}. Nothing was uploaded.",
                f"Download one: `pip download {requirement.name} --no-deps --only-binary :all: --platform "
                f"{platform} --python-version {python} -d FOLDER`; or delete these, so that pip uses the index.",
            )
    return fitting, others


def find_links_page(wheels: Iterable[Wheel]) -> bytes:
    """Return the page for pip's --find-links, for a job's folder; it is the same for the same wheels.

    pip verifies each file with the hash in its link; all versions that matter read such pages. The runner reads the
    page too, to know which wheels of the store its job uses: the text of a link is the file's name.
    """
    lines = []
    for wheel in wheels:
        link = f"{_FROM_JOB}/{wheel.key}/{quote(wheel.name)}#sha256={wheel.sha256}"
        lines.append(f'<a href="{html.escape(link)}">{html.escape(wheel.name)}</a><br>')
    return _page(lines)


def stored_page(names: Iterable[str], packages: Mapping[str, str]) -> bytes | None:
    """Return the page for --find-links with those wheels of the store that hold packages; None for none of them.

    names: the entries of STORE. packages: version by canonical name. The links have no hash: that of a wheel's content
    begins with the name of its folder, by which the runner checks it.
    """
    lines = []
    for key, name in filter(None, map(_stored, names)):
        try:
            project, version, _, _ = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        wanted = packages.get(str(canonicalize_name(project)))
        if wanted is not None and canonicalize_version(wanted) == canonicalize_version(version):
            link = f"{_FROM_JOB}/{key}/{quote(name)}"
            lines.append(f'<a href="{html.escape(link)}">{html.escape(name)}</a><br>')
    return _page(lines) if lines else None


def _stored(entry: str) -> tuple[str, str] | None:
    """Return the folder and the name of the wheel whose marker an entry of the store is; None for anything else."""
    key, _, name = entry.removesuffix(".whole").partition("-")
    return (key, name) if entry.endswith(".whl.whole") else None


def _page(lines: Iterable[str]) -> bytes:
    return "\n".join(["<!DOCTYPE html><html><body>", *lines, "</body></html>"]).encode("utf-8")


def read_wheel(path: Path) -> Wheel:
    """Return a local wheel. Raises InvalidInput when it cannot be read, or has an invalid name."""
    try:
        project, _, _, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise InvalidInput(
            f"'{path}' does not have a valid name for a wheel: {error}.",
            "Give it its original name, or remove it from the folder.",
        ) from error
    digest, crc32, size = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                crc32 = zlib.crc32(chunk, crc32)
                size += len(chunk)
    except OSError as error:
        raise InvalidInput(f"The wheel '{path}' cannot be read: {error.strerror}.") from error
    return Wheel(path, str(canonicalize_name(project)), tags, size, digest.hexdigest(), crc32)

"""What pip is handed of a lock: requirements files in which each file is pinned by its hash, for old pips as well.

A wheel is asked for by name and version, and found by a page of links to the very addresses of the lock: so a package
that is installed in that version stays, and another version is replaced, with any pip (docs/platform/pylock.md 3).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.packages.lock import Lock, LockedFile
from azext_pythonapp.packages.lock_select import Selected
from azext_pythonapp.url_secrets import masked

WHEELS, SDISTS, ARCHIVES, REPOSITORIES = "wheels", "sdists", "archives", "repositories"
_OF_KIND = {"wheel": WHEELS, "sdist": SDISTS, "archive": ARCHIVES, "repository": REPOSITORIES}
# The algorithms that pip takes, the one that is written first.
ALGORITHMS = ("sha256", "sha384", "sha512")
_REPOSITORIES = ("git", "hg", "svn", "bzr")
# What does not move: no name of a branch or a tag, which the standard does not allow either.
_HASH_OF_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)
_COMMITS = {"git": _HASH_OF_COMMIT, "hg": _HASH_OF_COMMIT, "svn": re.compile(r"r?[0-9]{1,18}")}
_COMMIT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@-]*")
_UNSAFE = re.compile(r"[\s\\\"'<>`]|[\x00-\x20\x7f]|\$\{")


@dataclass(frozen=True)
class LockPart:
    """What one call of pip installs.

    kind: WHEELS, SDISTS, ARCHIVES or REPOSITORIES. options: lines that say where packages come from. lines: one
    requirement each. page: the page of links that an option names; None for none. numbers: of the lines of the lock.
    """

    kind: str
    options: tuple[str, ...]
    lines: tuple[str, ...]
    page: bytes | None
    numbers: tuple[int, ...] = ()

    @property
    def hashed(self) -> bool:
        """Return whether each line has a hash; a repository has none, and its commit in place of it."""
        return self.kind != REPOSITORIES

    @property
    def anew(self) -> bool:
        """Return whether what is there is replaced, because no version tells whether it is that of the lock."""
        return self.kind in (ARCHIVES, REPOSITORIES)

    def text(self, name: str) -> str:
        """Return the requirements file. name: of the page, in the same folder."""
        options = [*self.options, *([f"--find-links {name}"] if self.page is not None else [])]
        return "".join(f"{line}\n" for line in (*options, *self.lines))


def parts_of(
    lock: Lock,
    selected: Sequence[Selected],
    *,
    indexed: bool = False,
    local: Callable[[LockedFile], str | None] = lambda file: None,
    local_page: str | None = None,
) -> tuple[LockPart, ...]:
    """Return what pip is called with: wheels first, of which there always is a part, then what has to be built.

    indexed: whether an index that the person named has the files, in place of the addresses in the lock. local: the
    link to a file that is on the app, relative to the page; "" for one that is on local_page. local_page: a page of
    wheels that are uploaded, relative to the file.
    Raises InvalidInput for what no pip can fetch.
    """
    kinds = (WHEELS, SDISTS, ARCHIVES, REPOSITORIES)
    rows = {kind: [each for each in selected if _OF_KIND[each.kind] == kind] for kind in kinds}
    return tuple(
        _part(lock, kind, rows[kind], indexed, local, local_page) for kind in kinds if rows[kind] or kind == WHEELS
    )


def _part(
    lock: Lock,
    kind: str,
    rows: Sequence[Selected],
    indexed: bool,
    local: Callable[[LockedFile], str | None],
    local_page: str | None,
) -> LockPart:
    numbers = tuple(each.package.line for each in rows)
    if kind in (ARCHIVES, REPOSITORIES):
        made = _archive if kind == ARCHIVES else _repository
        return LockPart(kind, (), tuple(made(lock, each) for each in rows), None, numbers)
    # Without an index nothing else can get in. A source distribution needs one for what it is built with.
    options = [] if indexed or kind == SDISTS else ["--no-index"]
    options += [f"--no-binary {each.package.name}" for each in rows if kind == SDISTS]
    options += [f"--find-links {local_page}"] if local_page is not None and kind == WHEELS else []
    links = [] if indexed else list(_links(lock, [each.file for each in rows], local))
    lines = tuple(f"{each.package.name}=={each.version}{_hash(lock, each.file)}" for each in rows)
    return LockPart(kind, tuple(options), lines, _page(links) if links else None, numbers)


def _links(lock: Lock, files: Iterable[LockedFile], local: Callable[[LockedFile], str | None]) -> Iterable[str]:
    for file in files:
        link = local(file)
        if link == "":
            continue
        address = link if link is not None else _address(lock, file)
        if address.partition("?")[0].rpartition("/")[2] != quote(file.name, safe="!+~") and link is None:
            last = re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), address.partition("?")[0])
            if last.rpartition("/")[2] != file.name:
                raise InvalidInput(
                    f"{lock.name}: {file.key} is the file {file.name}, and its address does not end in that name, so "
                    "pip does not know what it is.",
                    "Lock an address that ends in the name of the file.",
                )
        yield f'<a href="{html.escape(address + _fragment(file))}">{html.escape(file.name)}</a><br>'


def _page(links: Iterable[str]) -> bytes:
    page = "\n".join(["<!DOCTYPE html><html><body>", *links, "</body></html>"])
    return page.encode("ascii", "xmlcharrefreplace")


def _archive(lock: Lock, each: Selected) -> str:
    return f"{_address(lock, each.file)}{_egg(lock, each, each.file.subdirectory)}{_hash(lock, each.file)}"


def _repository(lock: Lock, each: Selected) -> str:
    source = each.source
    assert not isinstance(source, LockedFile)
    if source.kind not in _REPOSITORIES:
        raise InvalidInput(
            f"{lock.name}: {source.key}.type is {source.kind[:40]!r}, and pip knows {', '.join(_REPOSITORIES)}.",
            "Lock a wheel of it instead.",
        )
    if source.url is None or not re.match(r"(?:https|http|ssh)://", source.url, re.IGNORECASE):
        raise _nowhere(lock, source.key, source.url or source.path or "")
    if not _COMMITS.get(source.kind, _COMMIT).fullmatch(source.commit):
        raise InvalidInput(
            f"{lock.name} is no valid lock: {source.key}.commit-id is {source.commit[:80]!r}, which is no commit of "
            f"{source.kind}.",
            "Lock anew, so that it is the commit's own id in full: a branch or a tag may move.",
        )
    address = _safe(lock, source.key, source.url)
    return f"{source.kind}+{address}@{source.commit}{_egg(lock, each, source.subdirectory)}"


def _egg(lock: Lock, each: Selected, subdirectory: str | None) -> str:
    if subdirectory and (re.match(r"[/\\]|[A-Za-z]:", subdirectory) or ".." in re.split(r"[/\\]", subdirectory)):
        raise InvalidInput(
            f"{lock.name} is no valid lock: {each.source.key}.subdirectory is {subdirectory[:80]!r}, which leads out "
            "of what is fetched.",
            "Lock anew.",
        )
    return f"#egg={each.package.name}" + (f"&subdirectory={quote(subdirectory)}" if subdirectory else "")


def _address(lock: Lock, file: LockedFile) -> str:
    """Return the address of a file, without a fragment. Raises InvalidInput where pip could not fetch it."""
    if file.url is None or not re.match(r"https?://", file.url, re.IGNORECASE):
        raise _nowhere(lock, file.key, file.url or file.path or "")
    return _safe(lock, file.key, file.url)


def _safe(lock: Lock, key: str, url: str) -> str:
    address = url.partition("#")[0]
    if not _has_host(address):
        raise InvalidInput(f"{lock.name} is no valid lock: {key}.url is no address.", "Lock anew.")
    if _UNSAFE.search(address):
        raise InvalidInput(
            f"{lock.name} is no valid lock: {key}.url has a character that no address may have.",
            "Write it percent-encoded, such as %20 for a blank.",
        )
    return quote(address, safe="%/:=&?~#+!$,;'@()*[]|")


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _nowhere(lock: Lock, key: str, place: str) -> InvalidInput:
    return InvalidInput(
        f"{lock.name}: {key} is at {masked(place)[:200]!r}, where the worker cannot get it.",
        "Only wheels are uploaded, from a lock on this machine. Lock what has an https address, or build a wheel.",
    )


def strongest(lock: Lock, file: LockedFile) -> tuple[str, str]:
    """Return the algorithm and value of the hash that pip is given. Raises InvalidInput for a file without one."""
    for algorithm in ALGORITHMS:
        if algorithm in file.hashes:
            return algorithm, file.hashes[algorithm]
    raise InvalidInput(
        f"{lock.name}: {file.key}.hashes has {', '.join(sorted(file.hashes))} only, and pip takes "
        f"{', '.join(ALGORITHMS)}.",
        "Lock anew with SHA-256 hashes.",
    )


def _hash(lock: Lock, file: LockedFile) -> str:
    algorithm, value = strongest(lock, file)
    return f" --hash={algorithm}:{value}"


def _fragment(file: LockedFile) -> str:
    return next((f"#{each}={file.hashes[each]}" for each in ALGORITHMS if each in file.hashes), "")

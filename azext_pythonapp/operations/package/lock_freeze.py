"""`package freeze --format pylock`: the packages of the Python in use as a lock, with the files they come from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from packaging.tags import parse_tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import InvalidInput, PlatformFailed, RemoteFailed
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.python_in_use import Target, target_in_use
from azext_pythonapp.operations.app.site_packages import present_packages
from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.operations.package.query import TOOLS
from azext_pythonapp.operations.package.uv_index import indexes
from azext_pythonapp.packages.installed import packages
from azext_pythonapp.packages.lock_requirements import ALGORITHMS
from azext_pythonapp.packages.lock_write import is_time, lock_of, to_toml
from azext_pythonapp.packages.pip import PipOptions, masked
from azext_pythonapp.packages.simple_index import ACCEPT, IndexFile, files_of
from azext_pythonapp.packages.wheels import ranked_tags
from azext_pythonapp.url_secrets import without_secrets
from azext_pythonapp.windows import python_command

# What a lock leaves out: the tools of `pip freeze`, and what each runtime has, whose source nobody could build offline.
NOT_LOCKED = (*TOOLS, "wfastcgi")
SECONDS = 60
_AT_ONCE = 8
_MOST_NAMED = 10
_MARK = "pythonapp-origins "
# For Python 2.7 and 3.4+.
_ORIGINS = """
import glob, io, os
found = {}
place = os.path.dirname(sys.executable)
if os.path.basename(place).lower() == "scripts":
    place = os.path.dirname(place)
for folder in glob.glob(os.path.join(place, "Lib", "site-packages", "*.dist-info")):
    row = {}
    for name in ("direct_url.json", "WHEEL"):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with io.open(path, encoding="utf-8", errors="replace") as stream:
                row[name] = stream.read()
    found[os.path.basename(folder)] = row
try:
    from pip._internal.models.index import PyPI
except ImportError:
    try:
        from pip.models import PyPI
    except ImportError:
        PyPI = None
found["index"] = getattr(PyPI, "simple_url", None)
print("pythonapp-origins " + json.dumps(found))
"""


class _Unknown(Exception):
    """A package whose file is not known. Its text says why, as the end of a sentence."""


def lock_options(
    form: str, index_url: str | None, extra_index_urls: Sequence[str] | None, output_file: str | None, many: bool
) -> PipOptions | None:
    """Return which indexes a lock is written from; None where no lock is asked for.

    many: whether the command is about several apps. Raises InvalidInput for options that do not go together.
    """
    if form.lower() != "pylock":
        given = [("--index-url", index_url), ("--extra-index-url", extra_index_urls), ("--output-file", output_file)]
        wrong = next((option for option, value in given if value), None)
        if wrong is not None:
            raise InvalidInput(f"{wrong} is for locks only.", "Give `--format pylock` as well, or omit it.")
        return None
    if many and output_file is not None:
        raise InvalidInput(
            "--output-file is for the lock of one app, and --ids names several.",
            "Omit it: the answer has the lock of each app.",
        )
    return parse_options(index_url=index_url, extra_index_url=extra_index_urls)


def freeze_lock(app: App, options: PipOptions, output_file: str | None = None) -> dict[str, Any]:
    """Return the fields of a lock of all packages, without those of NOT_LOCKED.

    options: which indexes are asked, from this machine; without any, those of its own settings of pip, else
    the one that the app's pip asks.
    output_file: is written, too, as TOML.
    Raises RemoteFailed when an index cannot be reached, and PlatformFailed when the files of packages are not known.
    """
    target = target_in_use(observe(app))
    present = {name: each for name, each in present_packages(app, target.place).items() if name not in NOT_LOCKED}
    origins, default = _origins(app, target)
    addresses = indexes(options, os.environ) or ([default] if default else [])
    if not addresses:
        raise InvalidInput(
            f"Which index the pip of {app.site.label} asks is not known.", "Name the index with --index-url."
        )
    asked = _Asked(app, addresses, target)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        rows = list(pool.map(lambda name: asked.row(name, present[name], origins.get(name, {})), sorted(present)))
    unknown = [text for text in rows if isinstance(text, str)]
    if unknown:
        shown = unknown[:_MOST_NAMED] + ([f"{len(unknown) - _MOST_NAMED} more"] if len(unknown) > _MOST_NAMED else [])
        raise PlatformFailed(
            f"A lock needs the hash of every file, and these of {app.site.label} are not known: {'; '.join(shown)}.",
            "Name the index that has them with --index-url or --extra-index-url, or write requirements without hashes: "
            f"`az webapp python package freeze {app.site.arguments} --output tsv`.",
        )
    lock = lock_of([row for row in rows if not isinstance(row, str)], target.version)
    if output_file is not None:
        write(output_file, to_toml(lock))
    return lock


def write(path: str, text: str) -> None:
    """Write a lock to a file. Raises InvalidInput where that is not possible."""
    try:
        Path(path).write_bytes(text.encode("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(f"'{path}' cannot be written: {reason}.", "Give --output-file another path.") from error


def _origins(app: App, target: Target) -> tuple[dict[str, Mapping[str, str]], str | None]:
    """Return the files of a Python's packages that tell where those came from, by name; and the index that pip asks."""
    printed = app.kudu.run(python_command(target.python_path, _ORIGINS, {})).output
    try:
        found = json.loads(printed.partition(_MARK)[2])
        default = found.pop("index", None)
        return {name: row for entry, row in found.items() for name in packages([entry])}, default
    except (ValueError, AttributeError) as error:
        raise PlatformFailed(
            f"Python {target.version} of {app.site.label} did not say where its packages came from.",
            "Run the command again.",
        ) from error


class _Asked:
    """Finds the files of packages. Several threads can use it at the same time."""

    def __init__(self, app: App, addresses: Sequence[str], target: Target):
        self._app = app
        self._addresses = addresses
        tags = ranked_tags(target.version, target.architecture)
        self._ranks = {tag: rank for rank, tag in enumerate(tags)}

    def row(self, name: str, version: str, origin: Mapping[str, str]) -> dict[str, Any] | str:
        """Return the table of a package; a text where its file is not known. Raises RemoteFailed."""
        try:
            direct = origin.get("direct_url.json")
            if direct is not None:
                return {"name": name, **_direct(direct, version)}
            return {"name": name, "version": version, **self._indexed(name, version, origin.get("WHEEL", ""))}
        except _Unknown as reason:
            return f"{name} {version} ({reason})"

    def _indexed(self, name: str, version: str, about: str) -> dict[str, Any]:
        try:
            wanted = Version(version)
        except InvalidVersion:
            raise _Unknown("its version is none that a lock can hold") from None
        places = [
            (address, files)
            for address in self._addresses
            if (files := [file for file in self._files(address, name) if _is_of(file, name, wanted)])
        ]
        if not places:
            asked = " and ".join(map(_shown, self._addresses))
            raise _Unknown(f"{asked} {'has' if len(self._addresses) == 1 else 'have'} no such version")
        address, chosen = self._choose(places, about)
        hashes = {each: chosen.hashes[each] for each in ALGORITHMS if each in chosen.hashes}
        if not hashes:
            raise _Unknown(f"{_shown(address)} names no SHA-256 of {chosen.name}")
        for other, files in places:
            for file in files:
                if file.name == chosen.name and any(
                    file.hashes.get(each, hashes[each]) != hashes[each] for each in hashes
                ):
                    raise _Unknown(f"{_shown(address)} and {_shown(other)} have different files {chosen.name}")
        table: dict[str, Any] = {"name": chosen.name}
        if is_time(chosen.uploaded):
            table["upload-time"] = chosen.uploaded
        table["url"] = _public(chosen.url)
        if chosen.size is not None:
            table["size"] = chosen.size
        table["hashes"] = hashes
        kind = "wheels" if chosen.name.endswith(".whl") else "sdist"
        return {"index": _public(address), kind: [table] if kind == "wheels" else table}

    def _choose(self, places: Sequence[tuple[str, Sequence[IndexFile]]], about: str) -> tuple[str, IndexFile]:
        """Return the file that a package was installed from, as far as the tags in its own metadata tell.

        places: what the indexes have of it, by address. Raises _Unknown where none has a file for this Python.
        """
        finders: tuple[Callable[[Sequence[IndexFile]], IndexFile | None], ...] = (
            lambda files: _tagged(files, about),
            self._fitting,
        )
        for find in finders:
            for address, files in places:
                found = find(files)
                if found is not None:
                    return address, found
        raise _Unknown("the index has no file of it for this Python")

    def _fitting(self, files: Sequence[IndexFile]) -> IndexFile | None:
        ranked = [
            ([self._ranks[tag] for tag in parse_wheel_filename(file.name)[3] if tag in self._ranks], file.name, file)
            for file in files
            if file.name.endswith(".whl")
        ]
        fitting = [(min(ranks), name, file) for ranks, name, file in ranked if ranks]
        if fitting:
            return min(fitting, key=lambda row: row[:2])[2]
        sources = [file for file in files if not file.name.endswith(".whl")]
        return min(sources, key=lambda file: file.name, default=None)

    def _files(self, address: str, name: str) -> list[IndexFile]:
        page = f"{address.rstrip('/')}/{name}/"
        try:
            with self._app.web.get(page, headers={"Accept": ACCEPT}, timeout=SECONDS) as answer:
                if answer.status_code == 404:
                    return []
                answer.raise_for_status()
                return files_of(answer.content, answer.headers.get("Content-Type", ""), answer.url)
        except requests.HTTPError as error:
            raise _no_lock(self._app, f"{_shown(address)} answers HTTP {error.response.status_code}") from None
        except (requests.RequestException, OSError, ValueError) as error:
            reason = "is not the page of an index" if isinstance(error, ValueError) else "cannot be reached"
            if isinstance(error, requests.RequestException):
                reason = "cannot be reached"
            raise _no_lock(self._app, f"{_shown(address)} {reason} from this machine") from None


def _no_lock(app: App, why: str) -> RemoteFailed:
    return RemoteFailed(
        f"No lock of the packages of {app.site.label} can be written: {why}, and a lock needs the hash of every file.",
        "Check the address, its sign-in and this machine's proxy, or name another index with --index-url.",
    )


def _tagged(files: Sequence[IndexFile], about: str) -> IndexFile | None:
    """Return the wheel whose tags and build are those of a package's own metadata; None for none."""
    own = set[Any]().union(*map(parse_tag, re.findall(r"(?mi)^Tag:\s*(\S+-\S+-\S+)\s*$", about)))
    build = re.search(r"(?mi)^Build:\s*(\S+)\s*$", about)
    wheels = [(file, parse_wheel_filename(file.name)) for file in files if file.name.endswith(".whl")]
    same = [(file, parts) for file, parts in wheels if own and set(parts[3]) == own]
    named = [file for file, parts in same if build and "".join(map(str, parts[2])) == build[1]] if build else []
    return named[0] if named else max(same, key=lambda row: row[1][2])[0] if same else None


def _is_of(file: IndexFile, name: str, version: Version) -> bool:
    """Return whether a file is a wheel or a source distribution of a version."""
    try:
        if file.name.endswith(".whl"):
            project, found = parse_wheel_filename(file.name)[:2]
        else:
            project, found = parse_sdist_filename(file.name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False
    return canonicalize_name(project) == name and found == version


def _direct(text: str, version: str) -> dict[str, Any]:
    """Return what a lock says of a package that no index provided (PEP 610). Raises _Unknown."""
    try:
        fields = json.loads(text)
        url, vcs, archive = str(fields["url"]), fields.get("vcs_info"), fields.get("archive_info")
        part = {"subdirectory": str(fields["subdirectory"])} if fields.get("subdirectory") else {}
        if vcs:
            row = {"type": str(vcs["vcs"]), "url": without_secrets(url)}
            if vcs.get("requested_revision"):
                row["requested-revision"] = str(vcs["requested_revision"])
            return {"vcs": {**row, "commit-id": str(vcs["commit_id"]), **part}}
        hashes = dict((archive or {}).get("hashes") or {})
        old, _, value = str((archive or {}).get("hash") or "").partition("=")
        hashes = {**({old: value} if value else {}), **hashes}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _Unknown("its direct_url.json cannot be read") from None
    if not re.match(r"https?://", url, re.IGNORECASE):
        raise _Unknown(f"it was installed from {masked(url)}, which only that app has")
    if "?" in url:
        raise _Unknown(f"it was installed from {masked(url)}, an address with a secret")
    known = {name: str(hashes[name]).lower() for name in ALGORITHMS if name in hashes}
    if not known:
        raise _Unknown(f"it was installed from {masked(url)}, and its hash was not noted")
    return {"version": version, "archive": {"url": _public(url), "hashes": known, **part}}


def _public(url: str) -> str:
    """Return an address without what is secret in it, and without its fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _shown(address: str) -> str:
    return masked(address)

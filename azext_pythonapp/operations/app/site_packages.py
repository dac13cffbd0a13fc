"""What the packages in a runtime's site-packages say that they need, read without starting a Python."""

from __future__ import annotations

import json
import ntpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.parser import HeaderParser
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.packages import installed
from azext_pythonapp.packages.installed import metadata_names, packages
from azext_pythonapp.url_secrets import without_secrets
from azext_pythonapp.windows import python_command, worker_path

_AT_ONCE = 8
_MARK = "pythonapp-addresses "
# The size of a file in RECORD, which the app can write: a longer number is none.
_SIZE = "[0-9]{1,15}"
# For Python 2.7 and 3.4+.
_ADDRESSES = """
import glob, io, os
found = {}
place = os.path.dirname(sys.executable)
if os.path.basename(place).lower() == "scripts":
    place = os.path.dirname(place)
for path in glob.glob(os.path.join(place, "Lib", "site-packages", "*", "direct_url.json")):
    with io.open(path, encoding="utf-8", errors="replace") as stream:
        try:
            found[os.path.basename(os.path.dirname(path))] = json.load(stream)
        except ValueError:
            pass
print("pythonapp-addresses " + json.dumps(found))
"""


class InstalledMetadata:
    """names: the entries of site-packages. folder: the runtime's, its name in %HOME%."""

    def __init__(self, app: App, folder: str, names: Collection[str]):
        self._kudu = app.kudu
        self._folder = f"{folder}/Lib/site-packages"
        self._entries: dict[str, list[str]] = {}
        for entry in metadata_names(names):
            for name in packages([entry]):
                self._entries.setdefault(name, []).append(entry)

    def requires(self, names: Collection[str]) -> dict[str, Sequence[str] | None]:
        """The requirements of installed packages, by their canonical names; None where nothing tells them."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(names, pool.map(self._requires, names)))

    def sizes(self, names: Collection[str]) -> int:
        """Return the bytes that installed packages take, as far as they tell; one request for each, several at once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(pool.map(self._size, names))

    def _size(self, name: str) -> int:
        """Return the sum of the sizes in the list of a package's files (PEP 376: path, hash, size)."""
        entries = self._entries.get(name, ())
        lists = [self._read(f"{entry}/RECORD") for entry in entries if entry.lower().endswith(".dist-info")]
        rows = [line.rpartition(",")[2] for text in lists for line in (text or "").splitlines()]
        return sum(int(size) for size in rows if re.fullmatch(_SIZE, size))

    def _requires(self, name: str) -> list[str] | None:
        """Of the entries of one name, an old pip may have left empty ones behind."""
        found = (self._requires_of(entry) for entry in self._entries.get(name, ()))
        return next((lines for lines in found if lines is not None), None)

    def _requires_of(self, entry: str) -> list[str] | None:
        if entry.lower().endswith(".dist-info"):
            text = self._read(f"{entry}/METADATA")
            return None if text is None else HeaderParser().parsestr(text).get_all("Requires-Dist") or []
        text = self._read(f"{entry}/requires.txt")
        if text is not None:
            return requires_txt(text)
        # Without that file there are no requirements, provided that the entry is whole, or a file.
        return [] if self._read(f"{entry}/PKG-INFO") is not None or self._read(entry) is not None else None

    def _read(self, path: str) -> str | None:
        try:
            return self._kudu.read(f"{self._folder}/{path}").content.decode("utf-8", "replace")
        except NotFound:
            return None


def direct_addresses(app: App, python_path: str) -> dict[str, str]:
    """Return where a runtime's packages came from that no index provided, by canonical name (PEP 610).

    python_path: of its python.exe, as the worker knows it, which is asked; {} where it does not answer now. What this
    says is what jobs/runner/site_packages.py says, without credentials.
    """
    try:
        printed = app.kudu.run(python_command(python_path, _ADDRESSES, {})).output
        rows = json.loads(printed.partition(_MARK)[2])
    except (PythonAppError, ValueError):
        return {}
    found = {}
    for entry, fields in rows.items():
        try:
            address = _direct_address(fields)
        except (KeyError, TypeError, AttributeError):
            continue
        found.update(dict.fromkeys(packages([entry]), without_secrets(address)))
    return found


def _direct_address(fields: Mapping[str, Any]) -> str:
    """Return the address in the fields of a direct_url.json; "-e " before that of a package in its own folder."""
    address, vcs = str(fields["url"]), fields.get("vcs_info")
    if (fields.get("dir_info") or {}).get("editable"):
        return f"-e {address}"
    if vcs:
        address = f"{vcs['vcs']}+{address}@{vcs['commit_id']}"
    return address + (f"#subdirectory={fields['subdirectory']}" if fields.get("subdirectory") else "")


def requires_txt(text: str) -> list[str]:
    """What setuptools writes into an .egg-info, as lines of Requires-Dist: sections are `[extra:marker]`."""
    lines, condition = [], ""
    for line in filter(None, map(str.strip, text.splitlines())):
        section = re.fullmatch(r"\[([^:\]]*):?(.*)\]", line)
        if section:
            parts = [f"extra == '{section[1]}'"] if section[1] else []
            condition = " and ".join([*parts, *([f"({section[2]})"] if section[2] else [])])
        else:
            lines.append(f"{line} ; {condition}" if condition else line)
    return lines


def installed_packages(app: App, python_path: str) -> Iterator[str]:
    """What a Python of the app has, as "name==version"; nothing for one outside the home directory, or not there yet.

    It is looked up when the first is taken.
    """
    home = app.kudu.home()
    folder = ntpath.dirname(worker_path(python_path, home))
    if ntpath.basename(folder).lower() == "scripts":
        folder = ntpath.dirname(folder)
    if folder.lower().startswith(home.lower() + "\\"):
        for name, version in present_packages(app, folder[len(home) + 1 :].replace("\\", "/")).items():
            yield f"{name}=={version}" if version else name


def present_packages(app: App, folder: str, entries: Sequence[str] | None = None) -> dict[str, str]:
    """Version by canonical name of a runtime's packages: one request, one more for each entry that is in doubt.

    entries: what is in its site-packages, where that is known already.
    """
    names = site_packages(app, folder) if entries is None else entries
    doubtful = installed.doubles(names)
    return installed.packages(name for name in names if name not in doubtful or _is_whole(app, folder, name))


def every_package(app: App, folder: str) -> list[tuple[str, str]]:
    """Name and version of all that a runtime's site-packages has, sorted; a package in two versions is there twice.

    Costs what `present_packages` costs. Which of the versions is imported no name tells.
    """
    names = site_packages(app, folder)
    doubtful = set(installed.doubles(names))
    left = [name for name in names if name not in doubtful or _is_whole(app, folder, name)]
    return installed.every_version(left)


def _is_whole(app: App, folder: str, entry: str) -> bool:
    """Whether an entry of site-packages holds a package's metadata; a file does, as far as a name can tell."""
    try:
        files = app.kudu.list_directory(f"{folder}/Lib/site-packages/{entry}")
    except NotFound:
        return False
    return any(file.name in ("METADATA", "PKG-INFO", entry) for file in files)


def site_packages(app: App, folder: str) -> list[str]:
    """The entries of a runtime's site-packages; none when there is no such folder. folder: its name in %HOME%."""
    try:
        return [entry.name for entry in app.kudu.list_directory(f"{folder}/Lib/site-packages")]
    except NotFound:
        return []

"""What the installed distributions say of themselves: one program on the worker reads their metadata.

Kudu answers a command only once it has ended, holds the answer in memory until then, and ends one that is silent
(docs/platform/kudu.md 1.3, 1.4). So the program sends of each distribution only the fields that are needed, compressed,
a line for each handful of them.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PlatformFailed, UnknownOutcome
from azext_pythonapp.operations.app.python_in_use import Target
from azext_pythonapp.operations.app.site_packages import requires_txt
from azext_pythonapp.packages.installed import packages
from azext_pythonapp.windows import python_command

FIELDS = ("Name", "Version", "License", "License-Expression", "Classifier", "Requires-Dist", "Summary", "Home-page")
_MARK, _DONE = "pythonapp-dists", "pythonapp-dists-done"
_LINE = re.compile(rf"^{_MARK} (?P<part>[A-Za-z0-9+/=]+)[ \r]*$", re.MULTILINE)
_END = re.compile(rf"^{_DONE} (?P<count>\d+)[ \r]*$", re.MULTILINE)
# For Python 2.7 and 3.4 and newer. Headers are read up to the first empty line: a description follows, which may be
# long. Text comes from METADATA, or from PKG-INFO beside requires.txt of what setuptools installed by itself.
_PROGRAM = r"""
import hashlib, io, os
place = os.path.dirname(sys.executable)
if os.path.basename(place).lower() == "scripts":
    place = os.path.dirname(place)
place = os.path.join(place, "Lib", "site-packages")
if isinstance(place, bytes):
    place = place.decode(sys.getfilesystemencoding())
def text_of(*names):
    try:
        with io.open(os.path.join(place, *names), encoding="utf-8", errors="replace") as file:
            return file.read(parameters["largest"])
    except EnvironmentError:
        return None
def headers(text):
    found, last = [], None
    for line in text.split("\n"):
        if not line.strip():
            break
        if line[:1] in " \t":
            if last:
                last[1] = (last[1] + "\n" + line.strip())[:parameters["value"]]
            continue
        name, _, value = line.partition(":")
        last = None
        if name in parameters["fields"] and (name != "Classifier" or value.strip().startswith("License")):
            last = [name, value.strip()[:parameters["value"]]]
            found.append(last)
    return found
def record(entry):
    try:
        with open(os.path.join(place, entry, "RECORD"), "rb") as file:
            content = file.read(parameters["largest_record"] + 1)
    except EnvironmentError:
        return None
    if len(content) > parameters["largest_record"]:
        return None
    row = {"sha256": hashlib.sha256(content).hexdigest()}
    if parameters["files"]:
        row["rows"] = content.decode("utf-8", "replace")
    return row
def described(entry):
    path = os.path.join(place, entry)
    if entry.lower().endswith(".dist-info"):
        text = text_of(entry, "METADATA")
    else:
        text = text_of(entry, "PKG-INFO") if os.path.isdir(path) else text_of(entry)
    row = {"entry": entry, "headers": headers(text) if text is not None else None, "record": record(entry)}
    row["requires"] = text_of(entry, "requires.txt")
    row["origin"] = text_of(entry, "direct_url.json")
    return dict((key, value) for key, value in row.items() if value is not None)
names = sorted(os.listdir(place)) if os.path.isdir(place) else []
names = [n for n in names if n.lower().endswith((".dist-info", ".egg-info")) and not n.startswith("~")]
for start in range(0, len(names), parameters["handful"]):
    rows = [described(name) for name in names[start:start + parameters["handful"]]]
    part = base64.b64encode(zlib.compress(json.dumps(rows).encode("ascii"))).decode("ascii")
    sys.stdout.write("%s %s\n" % (parameters["mark"], part))
    sys.stdout.flush()
sys.stdout.write("%s %d\n" % (parameters["done"], len(names)))
"""


@dataclass(frozen=True)
class Distribution:
    """One distribution.

    name: as its metadata has it. version: "" where it is not known. requires: as Requires-Dist. record: the path of its
    RECORD below site-packages and the SHA-256 of that; None without one. files: rows of RECORD (path, hash as
    "sha256=…", size), where they were asked for. archive: hashes of the archive that it was installed from, by
    algorithm, and url where that was, if it did not come from an index (PEP 610).
    """

    name: str
    version: str
    license: str = ""
    expression: str = ""
    classifiers: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    summary: str = ""
    homepage: str = ""
    record: tuple[str, str] | None = None
    files: tuple[tuple[str, str, str], ...] = ()
    archive: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    @property
    def key(self) -> str:
        """The canonical name."""
        return str(canonicalize_name(self.name))


def survey_metadata(app: App, target: Target, files: bool) -> list[Distribution]:
    """Return the distributions in a Python's site-packages, by name. files: whether each file's hash is wanted.

    Raises UnknownOutcome when no whole answer came, twice, and what the SCM site raises.
    """
    parameters: dict[str, Any] = {
        "fields": FIELDS,
        "files": files,
        "handful": 20,
        "largest": 1 << 20,
        "largest_record": 32 << 20,
        "value": 20_000,
        "mark": _MARK,
        "done": _DONE,
    }
    command = python_command(target.python_path, _PROGRAM, parameters)
    for last in (False, True):
        try:
            rows = parse(app.kudu.run(command).output)
        except UnknownOutcome:
            if last:
                raise
            continue
        if rows is not None:
            return distributions(rows)
    raise UnknownOutcome(
        f"{target.python_path} of {app.site.label} did not tell what is installed: its answer was cut off.",
        "Run the command again when the worker is less busy.",
    )


def parse(output: str) -> list[Any] | None:
    """Return the rows that the program printed; None when they did not arrive whole."""
    end, rows = _END.search(output), []
    try:
        for match in _LINE.finditer(output):
            rows += json.loads(zlib.decompress(base64.b64decode(match["part"])))
    except (ValueError, TypeError, zlib.error):
        return None
    return rows if end is not None and len(rows) == int(end["count"]) else None


def distributions(rows: list[Any]) -> list[Distribution]:
    """Return what the rows say; of two entries for one name the one with metadata counts: an old pip leaves some."""
    found: dict[str, tuple[bool, Distribution]] = {}
    for row in rows:
        try:
            whole, each = "headers" in row, _distribution(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PlatformFailed(f"What the worker says of its packages cannot be read: {error!r}.") from error
        if each.key not in found or whole >= found[each.key][0]:
            found[each.key] = whole, each
    return [each for _, (_, each) in sorted(found.items())]


def _distribution(row: Mapping[str, Any]) -> Distribution:
    values: dict[str, list[str]] = {}
    for name, value in row.get("headers", ()):
        values.setdefault(name, []).append("" if value == "UNKNOWN" else value)
    entry = row["entry"]
    name, version = next(iter(packages([entry]).items()))
    record, requires = row.get("record"), values.get("Requires-Dist", [])
    if not requires and "requires" in row and not entry.lower().endswith(".dist-info"):
        requires = requires_txt(row["requires"])
    archive, url = _origin(row.get("origin"))

    def first(field_name: str) -> str:
        return next(iter(values.get(field_name, ())), "")

    return Distribution(
        first("Name") or name,
        first("Version") or version,
        first("License"),
        first("License-Expression"),
        tuple(values.get("Classifier", ())),
        tuple(requires),
        first("Summary"),
        first("Home-page"),
        (f"{entry}/RECORD", record["sha256"]) if record is not None else None,
        tuple(_record_rows(record.get("rows", ""))) if record is not None else (),
        archive,
        url,
    )


def _record_rows(text: str) -> list[tuple[str, str, str]]:
    """Return the rows of a RECORD: CSV of path, hash and size, whose paths may hold commas in quotes.

    They are read line by line, so that a quote which does not end takes no other row with it.
    """
    rows = []
    for line in text.split("\n"):
        path, *others = line.rstrip("\r").rsplit(",", 2)
        if len(others) == 2 and path:
            if path[0] == path[-1] == '"' and len(path) > 1:
                path = path[1:-1].replace('""', '"')
            rows.append((path, others[0], others[1]))
    return rows


def _origin(text: str | None) -> tuple[dict[str, str], str]:
    """Return what a direct_url.json says of the archive: its hashes and its address."""
    try:
        fields = json.loads(text or "{}")
        info = fields.get("archive_info") or {}
        hashes = dict(info.get("hashes") or {})
        algorithm, _, value = str(info.get("hash") or "").partition("=")
        if value:
            hashes.setdefault(algorithm, value)
        return {str(key): str(each) for key, each in hashes.items()}, str(fields.get("url") or "")
    except (ValueError, TypeError, AttributeError):
        return {}, ""

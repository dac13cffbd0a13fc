r"""The list of the files that `publish` brought to an app, in %HOME%\data\pythonapp\publish\manifest.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from azext_pythonapp.errors import NotFound
from azext_pythonapp.packages.windows_names import folded
from azext_pythonapp.worker import ScmSite

PATH = "data/pythonapp/publish/manifest.json"
_FORMAT = 1


@dataclass(frozen=True)
class Row:
    """One file as the last upload left it. name: below the root, with '/'. modified: as Kudu lists it."""

    name: str
    sha256: str
    size: int
    modified: str


@dataclass(frozen=True)
class Manifest:
    """What was published to one folder.

    root: the folder below %HOME%. rows: by `folded` name. web_config: the SHA-256 of the root's web.config in the
    published folder, which the app's own differs from; None when that had none. folders: those that were made for
    files, by `folded` name. readable: False when there is a file that is no manifest, so that nothing is known.
    """

    root: str
    rows: Mapping[str, Row] = field(default_factory=dict)
    web_config: str | None = None
    folders: Mapping[str, str] = field(default_factory=dict)
    readable: bool = True

    def get(self, name: str) -> Row | None:
        """Return the row of a file, in any spelling of its name."""
        return self.rows.get(folded(name))

    def having(self, rows: Iterable[Row]) -> Manifest:
        """Return the same with these rows in place of those of the same names."""
        return replace(self, rows={**self.rows, **{folded(row.name): row for row in rows}})

    def without(self, names: Iterable[str]) -> Manifest:
        """Return the same without the rows of these files."""
        gone = {folded(name) for name in names}
        return replace(self, rows={key: row for key, row in self.rows.items() if key not in gone})

    def with_folders(self, made: Iterable[str], gone: Iterable[str]) -> Manifest:
        """Return the same with folders that were made, and without those that are gone."""
        left = {**self.folders, **{folded(name): name for name in made}}
        for name in gone:
            left.pop(folded(name), None)
        return replace(self, folders=left)

    def to_json(self) -> bytes:
        """Return the file's content."""
        files = {row.name: [row.sha256, row.size, row.modified] for row in self.rows.values()}
        shown = {"format": _FORMAT, "root": self.root, "webConfig": self.web_config, "files": files}
        shown["folders"] = sorted(self.folders.values())
        return json.dumps(shown, indent=0, sort_keys=True).encode("utf-8")


def parse(content: bytes, root: str) -> Manifest:
    """Return the manifest of a folder from a file's content; an empty one when it is about another folder."""
    try:
        found: Any = json.loads(content)
        if found["format"] != _FORMAT:
            return Manifest(root, readable=False)
        rows = [Row(name, str(row[0]), int(row[1]), str(row[2])) for name, row in found["files"].items()]
        if str(found["root"]).lower() != root.lower():
            return Manifest(root)
        web_config = found.get("webConfig")
        folders = {folded(str(name)): str(name) for name in found.get("folders") or ()}
        return Manifest(root, web_config=str(web_config) if web_config else None, folders=folders).having(rows)
    # Programs of the app can write here: what is nested too deeply is a RecursionError, a size 1e999 an OverflowError.
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
        return Manifest(root, readable=False)


def read_manifest(site: ScmSite, root: str) -> Manifest:
    """Return what was published to a folder; nothing where nothing was. Raises what the SCM site raises."""
    try:
        return parse(site.read(PATH).content, root)
    except NotFound:
        return Manifest(root)


def write_manifest(site: ScmSite, manifest: Manifest) -> None:
    """Write the manifest. Raises what the SCM site raises."""
    site.write(PATH, manifest.to_json())

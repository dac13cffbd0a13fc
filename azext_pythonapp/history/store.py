r"""The records of an app, in %HOME%\data\pythonapp\history: to write, read, list and prune."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from azext_pythonapp.errors import NotFound, PythonAppError
from azext_pythonapp.history.record import SUCCEEDED, Record, Torn, undone
from azext_pythonapp.history.soundness import is_id, spoken
from azext_pythonapp.worker import DirectoryEntry, ScmSite

HISTORY = "data/pythonapp/history"
# Old versions of published files; one zip file for each change.
KEPT = "data/pythonapp/kept"
# A copy of the newest record that succeeded, without bytes of files: `show` reads it without looking at the others.
NEWEST = "newest.json"
MOST_RECORDS = 50
# So many are deleted after a change, the oldest first: the command has done what it was given for.
MOST_DELETED = 40
_AT_A_TIME = 8


@dataclass(frozen=True)
class Unread:
    """A record that cannot be read, and why."""

    id: str
    problem: str


class History:
    """The records of one app."""

    def __init__(self, site: ScmSite):
        self._site = site

    def entries(self) -> list[DirectoryEntry]:
        """Return the files of the records, newest first; one request."""
        try:
            found = self._site.list_directory(HISTORY)
        except NotFound:
            return []
        named = [entry for entry in found if entry.name.endswith(".json") and is_id(entry.name[:-5])]
        return sorted(named, key=lambda entry: entry.name, reverse=True)

    def ids(self) -> list[str]:
        """Return the ids of the records, newest first; one request."""
        return [entry.name[:-5] for entry in self.entries()]

    def read(self, change_id: str) -> Record:
        """Return one record. Raises NotFound, and Torn when it cannot be read."""
        if not is_id(change_id):  # from a file that others can write
            raise NotFound(f"There is no change {spoken(change_id)}.")
        record = Record.parse(self._site.read(f"{HISTORY}/{change_id}.json").content)
        if record.id != change_id:
            raise Torn(f"it says that it is {record.id}")
        return record

    def read_all(self, ids: Sequence[str]) -> list[Record | Unread]:
        """Return records in the order of their ids, read a few at a time; one that is gone meanwhile is left out."""

        def one(change_id: str) -> Record | Unread | None:
            try:
                return self.read(change_id)
            except Torn as error:
                return Unread(change_id, str(error))
            except NotFound:
                return None

        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            return [found for found in pool.map(one, ids) if found is not None]

    def write(self, record: Record) -> None:
        """Write a record over its earlier state.

        As a zip file, which Kudu extracts only when all of it has arrived: a client that dies while it sends leaves the
        earlier state (docs/platform/kudu.md 3.5).
        """
        files = {f"{record.id}.json": record.to_json()}
        if record.state == SUCCEEDED:
            files[NEWEST] = head(record).to_json()
        self._site.upload(HISTORY, files)

    def delete(self, change_id: str) -> None:
        """Delete a record, and the files that were kept for it."""
        self._site.delete(f"{HISTORY}/{change_id}.json")
        self._site.delete(f"{KEPT}/{change_id}.zip")

    def prune(self, entries: Sequence[DirectoryEntry]) -> None:
        """Delete all but the last records, but never the newest one that succeeded and was not undone.

        entries: as `entries` returned them. What cannot be deleted now is deleted after a later change.
        """
        ids = [entry.name[:-5] for entry in entries]
        old = ids[MOST_RECORDS:]
        if not old:
            return
        with suppress(PythonAppError):
            good = self._newest_good(ids)
            old = [each for each in old if each != good]
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                list(pool.map(self.delete, old[-MOST_DELETED:]))

    def _newest_good(self, ids: Sequence[str]) -> str | None:
        """Return the newest record that succeeded and was not undone; None for none. ids: newest first."""
        found: list[Record] = []
        for start in range(0, len(ids), MOST_RECORDS):
            read = self.read_all(ids[start : start + MOST_RECORDS])
            found += [each for each in read if isinstance(each, Record)]
            good = _in_force(found)
            if good:
                return good[0].id
        return None


def _in_force(records: Sequence[Record]) -> list[Record]:
    """Return those that succeeded and were not undone. records: newest first."""
    gone = undone(records)
    return [each for each in records if each.state == SUCCEEDED and each.id not in gone]


def head(record: Record) -> Record:
    """Return a record without bytes of files and sets of packages."""
    return replace(record, files=(), packages=(), published=None)

r"""One record of a change: who changed what on an app, when, and what it takes to undo it.

It is a JSON file on the app, %HOME%\data\pythonapp\history\<id>.json. It never holds a credential or an app setting;
the previous bytes of web.config are in it, as they were in the file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any, Literal

from azext_pythonapp.history.environment import EnvironmentChange
from azext_pythonapp.history.row import Row, camel
from azext_pythonapp.history.soundness import is_id, problem_of, spoken

State = Literal["unfinished", "succeeded", "failed"]
UNFINISHED: State = "unfinished"
SUCCEEDED: State = "succeeded"
FAILED: State = "failed"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_FORMAT_NUMBER = 1
# Bytes of a record that is read; one of a publish of 50,000 files has 20 MB.
_LARGEST = 64_000_000


class Torn(ValueError):
    """A record that cannot be read. Its text says why, in words."""


@dataclass(frozen=True)
class KeptFile:
    """A file that was written.

    path: below %HOME%, '/'-separated. name: below the folder of the app's files, as messages have it.
    before: its bytes before; None for one that is new. after: its bytes after; None for one that was deleted.
    written: whether `after` is known, so that somebody else's change can be told.
    """

    path: str
    name: str
    before: bytes | None
    after: bytes | None = None
    written: bool = False

    @property
    def as_before(self) -> bool:
        """Return whether the command has put it back itself."""
        return self.written and self.after == self.before

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON has it."""
        return {
            "path": self.path,
            "name": self.name,
            "before": _packed(self.before),
            "after": _packed(self.after),
            "written": self.written,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> KeptFile:
        """Read what `to_dict` wrote."""
        before, after = _unpacked(row["before"]), _unpacked(row.get("after"))
        return cls(str(row["path"]), str(row["name"]), before, after, bool(row.get("written")))


@dataclass(frozen=True)
class RecordedRuntime(Row):
    """A Python as records name it.

    python_path: of its python.exe; source: as in `list`; package: the id of the package of CPython that this product
    built it from, None for any other.
    """

    version: str | None
    architecture: str | None
    extension_id: str | None
    package_version: str | None
    source: str | None
    python_path: str
    package: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class RuntimeChange(RecordedRuntime):
    """A runtime that was installed or uninstalled. action: "install" or "uninstall"."""

    action: str

    def to_dict(self) -> dict[str, Any]:
        """Return the part as JSON has it: the action first."""
        return {"action": self.action, **super().to_dict()}

    @classmethod
    def of(cls, action: str, runtime: RecordedRuntime) -> RuntimeChange:
        """Return the change of a Python that is known by its name."""
        return cls(**{each.name: getattr(runtime, each.name) for each in fields(RecordedRuntime)}, action=action)


@dataclass(frozen=True)
class PackageChange(Row):
    """The packages of one Python, before and after.

    folder: of the runtime, below %HOME%. before, after: version by canonical name; None while it is not known.
    addresses: where a package came from that is not from an index (PEP 610), by canonical name, without credentials.
    arguments: of pip that say where packages come from, such as --index-url, without credentials.
    wheels: the folder on the app with wheels that no index has, below %HOME%; None for none.
    last_run: what the last `install-requirements` before had noted (packages/record.py), {} for nothing; None where
    that was not replaced.
    """

    python_path: str
    version: str
    architecture: str
    folder: str
    before: Mapping[str, str] | None
    after: Mapping[str, str] | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    wheels: str | None = None
    last_run: Mapping[str, Any] | None = None

    @property
    def as_before(self) -> bool:
        """Return whether the set is known to be what it was before."""
        return self.before is not None and self.before == self.after


@dataclass(frozen=True)
class Published(Row):
    """What was done to the files of the app.

    root: the folder, below %HOME%. archive: the zip file with the previous bytes of `replaced` and `deleted`, below
    %HOME%; None when there are none. Paths are below root, '/'-separated.
    before, after: the manifests of what was published: facts of a file by path, None where there was none. folders:
    that were made for the files.
    """

    root: str
    archive: str | None
    created: Sequence[str]
    replaced: Sequence[str]
    deleted: Sequence[str]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    folders: Sequence[str] = ()


@dataclass(frozen=True)
class Record:
    """One change.

    command: such as "set-version". command_line: the whole command, to paste again; "" when it may hold a secret.
    fingerprint: tells whether the same command is run again; "" when that is not known.
    app: {"name", "resourceGroup", "slot"}. user, object_id: of the signed-in principal, "" for what is not known.
    started_at, finished_at: ISO 8601 in UTC, by the worker's clock. undoes: the change that this one undid.
    finish: the command that completes one that is unfinished, where that is not command_line.
    changes: rows of docs/json-output.md, without diffs. jobs: ids of the jobs that were started, the newest last.
    environment: what an app in environment mode ran before and after; None for an app that was not, and is not.
    page_before: the HTTP status of the app's page before the change; None where it was not fetched or not reached.
    """

    id: str
    command: str
    command_line: str
    app: Mapping[str, Any]
    user: str
    object_id: str
    started_at: str
    finished_at: str | None = None
    state: State = UNFINISHED
    undoes: str | None = None
    finish: str | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    files: tuple[KeptFile, ...] = ()
    runtime_before: RecordedRuntime | None = None
    runtime_after: RecordedRuntime | None = None
    runtimes: tuple[RuntimeChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    published: Published | None = None
    environment: EnvironmentChange | None = None
    jobs: tuple[str, ...] = ()
    fingerprint: str = ""
    page_before: int | None = None

    def file(self, path: str) -> KeptFile | None:
        """Return what is kept of a file. path: below %HOME%."""
        return next((each for each in self.files if each.path.lower() == path.lower()), None)

    @property
    def as_before(self) -> bool:
        """Return whether all that the change touched is known to be as it was: its command has put it back."""
        files, packages = (each.as_before for each in self.files), (each.as_before for each in self.packages)
        return all(files) and all(packages) and not self.runtimes and self.published is None

    def with_file(self, kept: KeptFile) -> Record:
        """Return the record with a file's part in place of the one that it had."""
        others = tuple(each for each in self.files if each.path.lower() != kept.path.lower())
        return replace(self, files=(*others, kept))

    def to_json(self) -> bytes:
        """Return the file's bytes."""
        row: dict[str, Any] = {"format": _FORMAT_NUMBER}
        for each in fields(self):
            row[camel(each.name)] = _json(getattr(self, each.name))
        return json.dumps(row, indent=1, ensure_ascii=True).encode("ascii")

    @classmethod
    def parse(cls, content: bytes) -> Record:
        """Read a file. Raises Torn when it is not a whole record."""
        if len(content) > _LARGEST:
            raise Torn(f"it has {len(content) // 1_000_000} MB")
        try:
            row = json.loads(content.decode("utf-8-sig"))
            if not isinstance(row, dict):
                raise Torn("it is not a JSON object")
            if row.get("format", _FORMAT_NUMBER) != _FORMAT_NUMBER:  # what it has beside is needed to undo it
                raise Torn("another version of this extension has written it, in a format that this one does not know")
            return _record(row)
        except Torn:
            raise
        except RecursionError as error:
            raise Torn("it is nested too deeply") from error
        except KeyError as error:
            raise Torn(f"it has no {error}") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise Torn("it is not complete JSON, or not of this format") from error


def _record(row: Mapping[str, Any]) -> Record:
    if not is_id(row["id"]):
        raise Torn("its id is not one of a change")
    if row["state"] not in (UNFINISHED, SUCCEEDED, FAILED):
        raise Torn(f"its state is {str(row['state'])[:20]!r}")
    problem = problem_of(row)
    if problem is not None:
        raise Torn(problem)
    published, environment = row.get("published"), row.get("environment")
    return Record(
        id=_text(row, "id"),
        command=_text(row, "command"),
        command_line=_text(row, "commandLine"),
        user=spoken(_text(row, "user")),
        object_id=_text(row, "objectId"),
        started_at=_moment(row, "startedAt"),
        finished_at=_moment(row, "finishedAt") or None,
        undoes=_text(row, "undoes") or None,
        finish=_text(row, "finish") or None,
        app={key: each and spoken(each) for key, each in (row.get("app") or {}).items()},
        state=row["state"],
        changes=tuple(dict(each) for each in row.get("changes") or ()),
        files=tuple(KeptFile.from_dict(each) for each in row.get("files") or ()),
        runtime_before=_in_use(row.get("runtimeBefore")),
        runtime_after=_in_use(row.get("runtimeAfter")),
        runtimes=tuple(RuntimeChange.from_dict(each) for each in row.get("runtimes") or ()),
        packages=tuple(PackageChange.from_dict(each) for each in row.get("packages") or ()),
        published=Published.from_dict(published) if published else None,
        environment=EnvironmentChange.from_dict(environment) if environment else None,
        jobs=tuple(str(each) for each in row.get("jobs") or ()),
        fingerprint=_text(row, "fingerprint"),
        page_before=row.get("pageBefore"),
    )


def _in_use(row: Mapping[str, Any] | None) -> RecordedRuntime | None:
    return RecordedRuntime.from_dict(row) if row else None


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise Torn(f"its {name} is not a text")
    return value or ""


def _moment(row: Mapping[str, Any], name: str) -> str:
    """Return a time; "" for one that is not known, or none."""
    text = _text(row, name)
    return text if readable_time(text) else ""


def _json(value: Any) -> Any:
    if isinstance(value, (KeptFile, EnvironmentChange, Row)):
        return {key: _json(each) for key, each in value.to_dict().items()}
    if isinstance(value, Mapping):
        return {key: _json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(each) for each in value]
    return value


def _packed(content: bytes | None) -> dict[str, str] | None:
    """Return bytes as JSON has them: as text, which a person can read, where that gives the very bytes back."""
    if content is None:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}
    return {"text": text}


def _unpacked(row: Mapping[str, str] | None) -> bytes | None:
    if row is None:
        return None
    return row["text"].encode("utf-8") if "text" in row else base64.b64decode(row["base64"], validate=True)


def undone_by(records: Sequence[Record]) -> dict[str, str]:
    """Return which changes a later one undid and that stayed undone: by their ids, the id of the later one.

    records: newest first. A change whose undo was undone itself is in force again.
    """
    found: dict[str, str] = {}
    for record in records:
        if record.undoes and record.state == SUCCEEDED and record.id not in found:
            found.setdefault(record.undoes, record.id)
    return found


def undone(records: Sequence[Record]) -> set[str]:
    """Return the ids of the changes that are undone. records: newest first."""
    return set(undone_by(records))


def moment_text(moment: datetime | None) -> str:
    """Return a time as records have it. moment: UTC; None for this machine's clock."""
    return (moment or datetime.now(timezone.utc)).strftime(_FORMAT)


def readable_time(text: str) -> str:
    """Return a record's time as messages have it, "2026-11-22 11:59 UTC"; "" when it is none."""
    try:
        return datetime.strptime(text, _FORMAT).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return ""

"""What is known of a job: its state, times, and at the end its result."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azext_pythonapp.ids import ID

RUNNING, SUCCEEDED, FAILED, LOST, CANCELED = "running", "succeeded", "failed", "lost", "canceled"
STATES = (RUNNING, SUCCEEDED, FAILED, LOST, CANCELED)
# A job that has not updated its heartbeat for so long, though it should every 2 s, is lost.
LOST_SECONDS = 60
# A job that looks lost is looked at again after so long: one whose heartbeat has moved meanwhile is alive, whatever the
# clocks of worker and server say, and also after the file share was unavailable for a while.
DOUBT_SECONDS = 5
# Silence that leaves no doubt.
FORGOTTEN_SECONDS = 3600
# A job without a state after so long never began. A cold SCM site takes up to 240 s (docs/platform/kudu.md 6), and the
# runner gives up by itself when it begins later than 300 s (TOO_LATE_SECONDS in runner/job.py).
START_SECONDS = 360
# The phase of a job whose files are there but that has not begun.
QUEUED = "queued"
# The phase of a job that has succeeded, while the modules of its packages are compiled (runner/late_compile.py), and
# the last phase of every job.
COMPILING, DONE = "compiling", "done"
# The phase of a job whose state.json cannot be read at this moment.
UNREADABLE = "unknown"


@dataclass(frozen=True)
class PackageVersion:
    """A package that came or went."""

    name: str
    version: str


@dataclass(frozen=True)
class VersionChange:
    """A package that is there in another version than before."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class JobResult:
    """The difference between the package sets before and after, and what `pip check` said.

    reinstalled: what pip installed anew in the version that was there, such as a folder's package from new sources.
    check_ok: None when the job ended before the check. problems: pip check's lines.
    addresses: where packages that were there before came from, when that was no index, by canonical name (PEP 610).
    record_before: the record of the last run (packages/record.py) in whose place this one's is; {} for none, None for
    the same as before.
    """

    installed: tuple[PackageVersion, ...] = ()
    upgraded: tuple[VersionChange, ...] = ()
    reinstalled: tuple[PackageVersion, ...] = ()
    removed: tuple[PackageVersion, ...] = ()
    check_ok: bool | None = None
    problems: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    record_before: Mapping[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """Whether any package is another than before, or was installed anew."""
        return bool(self.installed or self.upgraded or self.reinstalled or self.removed)

    def following(self, earlier: JobResult) -> JobResult:
        """What this job and one right before it changed together; the check is this one's."""
        versions = earlier.versions
        for name, (before, after) in self.versions.items():
            versions[name] = (versions[name][0] if name in versions else before, after)
        rows = sorted(versions.items(), key=lambda row: row[0].lower())
        again = {
            each.name: each.version
            for each in (*earlier.reinstalled, *self.reinstalled)
            if versions.get(each.name, (each.version, each.version)) == (each.version, each.version)
        }
        return dataclasses.replace(
            self,
            installed=tuple(PackageVersion(name, after) for name, (before, after) in rows if before is None and after),
            upgraded=tuple(
                VersionChange(name, before, after)
                for name, (before, after) in rows
                if before and after and before != after
            ),
            reinstalled=tuple(PackageVersion(*row) for row in sorted(again.items(), key=lambda row: row[0].lower())),
            removed=tuple(PackageVersion(name, before) for name, (before, after) in rows if before and after is None),
            addresses=earlier.addresses,
            record_before=self.record_before if earlier.record_before is None else earlier.record_before,
        )

    @property
    def versions(self) -> dict[str, tuple[str | None, str | None]]:
        """Each changed package's version before and after, None where it was not there."""
        changed: dict[str, tuple[str | None, str | None]] = {each.name: (None, each.version) for each in self.installed}
        changed.update({each.name: (each.before, each.after) for each in self.upgraded})
        changed.update({each.name: (each.version, None) for each in self.removed})
        return changed

    def to_dict(self) -> dict[str, Any]:
        """{"installed", "upgraded", "reinstalled", "removed", "check": {"ok", "problems"}}."""
        return {
            "installed": [dataclasses.asdict(package) for package in self.installed],
            "upgraded": [dataclasses.asdict(change) for change in self.upgraded],
            "reinstalled": [dataclasses.asdict(package) for package in self.reinstalled],
            "removed": [dataclasses.asdict(package) for package in self.removed],
            "check": {"ok": self.check_ok, "problems": list(self.problems)},
        }


@dataclass(frozen=True)
class Job:  # pylint: disable=too-many-instance-attributes
    """One job as state.json tells it.

    state: running, succeeded, failed, lost or canceled. command: what it was started for, such as
    "install-requirements". exit_code: pip's own; None when pip did not end. Times: UTC, ISO 8601.
    phase: what it was at last. progress: how far that is, such as "12 of 40". error: why it failed or is lost, one
    sentence. advice: what to do about it, where its log tells. warnings: what else went wrong.
    result: None when it ended before its packages were looked at. blocked_by: the job that held the runtime, when that
    is why it failed. held_file: the file that another program held, when that is why; "" for one that pip did not name;
    held_in_runtime: whether it lies below the runtime's own folder. compiled: whether the modules of its packages
    were compiled, False until then; None where there is nothing to compile. title: what it is,
    "pip (set-version 3.11)"; jobs of older versions have none. pip_said: the part of error that is pip's own words.
    explained_error: the error as a sentence that needs no introduction, in place of error; None before it is explained.
    installer: "uv 0.13.9" where uv was used; None where pip was.
    """

    id: str
    command: str | None
    state: str
    exit_code: int | None = None
    started_at: str | None = None
    finished_at: str | None = None
    heartbeat_at: str | None = None
    phase: str | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    result: JobResult | None = None
    progress: str | None = None
    advice: str | None = None
    blocked_by: str | None = None
    held_file: str | None = None
    held_in_runtime: bool = False
    title: str | None = None
    pip_said: str | None = None
    explained_error: str | None = None
    compiled: bool | None = None
    installer: str | None = None

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self.state != RUNNING

    @property
    def progress_counted(self) -> bool:
        """Whether the progress is a count of packages, which pip's lines do not tell."""
        return self.phase == "installing" and self.progress is not None

    @property
    def shown_title(self) -> str:
        """What it is: "pip (set-version 3.11)". A job is pip's part of a command, which may fail when pip succeeds."""
        return self.title or default_title(self.command)

    def to_dict(self, log_url: str) -> dict[str, Any]:
        """The job as commands print it. log_url: where its log can be read."""
        return {
            "id": self.id,
            "command": self.command,
            "title": self.shown_title,
            "state": self.state,
            "phase": self.phase,
            "exitCode": self.exit_code,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
            "logUrl": log_url,
        }

    def lost(self, reason: str) -> Job:
        """Return the same job as lost."""
        return dataclasses.replace(self, state=LOST, error=reason)

    def explained(self, reason: str, advice: str | None) -> Job:
        """Return the same failed job with the reason that its log shows, in place of what pip itself said.

        What the runner added stays: what it put back, and damaged wheels that it deleted.
        """
        error, said = self.error or "", (self.pip_said or "").rstrip(".")
        added = error.partition(said)[2] if said and said in error else ""
        return dataclasses.replace(self, explained_error=f"{reason.rstrip('.')}{added.rstrip('.')}.", advice=advice)

    def silence(self, server_time: datetime | None) -> float | None:
        """Seconds since its last heartbeat, or since it was asked for; None for one that is over, or without times."""
        return None if self.over else self._seconds_since_heartbeat(server_time)

    def _seconds_since_heartbeat(self, server_time: datetime | None) -> float | None:
        heartbeat = moment(self.heartbeat_at)
        return None if server_time is None or heartbeat is None else (server_time - heartbeat).total_seconds()

    def judged(self, server_time: datetime | None) -> Job:
        """The same job; lost when it says that it runs but its last heartbeat is too old.

        Too old: LOST_SECONDS, or START_SECONDS after the request of one that has not begun.
        One that has succeeded is not lost when its compilation was killed; it is done.
        server_time: the SCM site's clock when it gave the state, UTC; without it nothing is judged.
        """
        if self.over and self.phase == COMPILING:
            silent = (self._seconds_since_heartbeat(server_time) or 0.0) > LOST_SECONDS
            return dataclasses.replace(self, phase=DONE, progress=None) if silent else self
        silence = self.silence(server_time)
        if silence is None:
            return self
        if self.phase == QUEUED and silence > START_SECONDS:
            return self.lost(f"It was requested {silence:.0f} s ago and never began.")
        if self.phase == QUEUED or silence <= LOST_SECONDS:
            return self
        if self.phase == UNREADABLE:
            return self.lost("Its state.json cannot be read.")
        return self.lost(
            f"Its last heartbeat was {silence:.0f} s ago, at {self.heartbeat_at}; "
            "the SCM site was probably restarted meanwhile."
        )


def default_title(command: str | None) -> str:
    """Return how a job is named whose request has no title. command: the user's; None when it is not known."""
    return f"pip ({command})" if command else "pip"


def parse(content: bytes, job_id: str) -> Job | None:
    """The job in a state.json; None when the file is not whole, or is not a job's.

    job_id: the name of its folder, which is what it is called, whatever the file says.
    """
    try:
        fields = json.loads(content)
        if fields["state"] not in STATES:
            return None
        exit_code, warnings = fields.get("exitCode"), fields.get("warnings")
        return Job(
            job_id,
            text(fields, "command"),
            fields["state"],
            exit_code if isinstance(exit_code, int) else None,
            text(fields, "startedAt"),
            text(fields, "finishedAt"),
            text(fields, "heartbeatAt"),
            text(fields, "phase"),
            text(fields, "error"),
            tuple(map(str, warnings)) if isinstance(warnings, list) else (),
            _result(fields.get("result")),
            text(fields, "progress"),
            blocked_by=_job_id(fields, "blockedBy"),
            held_file=text(fields, "heldFile"),
            held_in_runtime=fields.get("heldInRuntime") is True,
            compiled=fields["compiled"] if isinstance(fields.get("compiled"), bool) else None,
            title=text(fields, "title"),
            pip_said=text(fields, "pipSaid"),
            installer=text(fields, "installer"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def text(fields: dict[str, Any], name: str) -> str | None:
    """Return a field that is a text; None when it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _job_id(fields: dict[str, Any], name: str) -> str | None:
    """A job's id among the fields of a file: it goes into commands that are advised. None for anything else."""
    value = text(fields, name)
    return value if value is not None and ID.fullmatch(value) else None


def _result(fields: dict[str, Any] | None) -> JobResult | None:
    if fields is None:
        return None
    check, problems = fields.get("check") or {}, (fields.get("check") or {}).get("problems")
    addresses, before = fields.get("addresses"), fields.get("recordBefore")
    return JobResult(
        _versions(fields["installed"]),
        tuple(VersionChange(str(row["name"]), str(row["before"]), str(row["after"])) for row in fields["upgraded"]),
        _versions(fields.get("reinstalled") or ()),
        _versions(fields["removed"]),
        check.get("ok") if isinstance(check.get("ok"), bool) else None,
        tuple(map(str, problems)) if isinstance(problems, list) else (),
        {str(name): str(each) for name, each in addresses.items()} if isinstance(addresses, dict) else {},
        before if isinstance(before, dict) else None,
    )


def _versions(rows: Iterable[Mapping[str, Any]]) -> tuple[PackageVersion, ...]:
    """Packages; what else a newer runner says of one does not matter."""
    return tuple(PackageVersion(str(row["name"]), str(row["version"])) for row in rows)


def moment(written: str | None) -> datetime | None:
    """A time that a runner or Kudu wrote, in UTC; None for what is none.

    Kudu's have up to seven digits of a second (docs/platform/recordings/kudu/vfs_listing_2015.json), and an offset in
    place of the Z.
    """
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", written or "")
    try:
        return datetime.fromisoformat(parts[1] + parts[2].replace("Z", "+00:00")) if parts else None
    except ValueError:
        return None

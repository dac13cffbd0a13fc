"""What is known of a job: its state, times, and at the end its result."""
from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

RUNNING, SUCCEEDED, FAILED, LOST, CANCELED = "running", "succeeded", "failed", "lost", "canceled"
# A job that wrote no heartbeat for so long, while it should every 2 s, is lost.
LOST_SECONDS = 60
# A job without a state after so long never began. A cold python.exe on a network share takes its time.
START_SECONDS = 120
# The phase of a job whose files are there but that has not begun.
QUEUED = "queued"


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

    check_ok: None when the job ended before the check. problems: pip check's lines.
    """

    installed: tuple[PackageVersion, ...] = ()
    upgraded: tuple[VersionChange, ...] = ()
    removed: tuple[PackageVersion, ...] = ()
    check_ok: bool | None = None
    problems: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any package is another than before."""
        return bool(self.installed or self.upgraded or self.removed)

    def following(self, earlier: JobResult) -> JobResult:
        """What this job and one right before it changed together; the check is this one's."""
        versions = earlier.versions
        for name, (before, after) in self.versions.items():
            versions[name] = (versions[name][0] if name in versions else before, after)
        rows = sorted(versions.items(), key=lambda row: row[0].lower())
        return dataclasses.replace(
            self,
            installed=tuple(PackageVersion(name, after) for name, (before, after) in rows if before is None and after),
            upgraded=tuple(VersionChange(name, before, after) for name, (before, after) in rows
                           if before and after and before != after),
            removed=tuple(PackageVersion(name, before) for name, (before, after) in rows if before and after is None))

    @property
    def versions(self) -> dict[str, tuple[str | None, str | None]]:
        """Each changed package's version before and after, None where it was not there."""
        changed: dict[str, tuple[str | None, str | None]] = {each.name: (None, each.version) for each in self.installed}
        changed.update({each.name: (each.before, each.after) for each in self.upgraded})
        changed.update({each.name: (each.version, None) for each in self.removed})
        return changed

    def to_dict(self) -> dict[str, Any]:
        """{"installed", "upgraded", "removed", "check": {"ok", "problems"}}."""
        return {"installed": [dataclasses.asdict(package) for package in self.installed],
                "upgraded": [dataclasses.asdict(change) for change in self.upgraded],
                "removed": [dataclasses.asdict(package) for package in self.removed],
                "check": {"ok": self.check_ok, "problems": list(self.problems)}}


@dataclass(frozen=True)
class Job:  # pylint: disable=too-many-instance-attributes
    """One job as state.json tells it.

    state: running, succeeded, failed, lost or canceled. command: what it was started for, such as
    "install-requirements". exit_code: pip's own; None when pip did not end. Times: UTC, ISO 8601.
    phase: what it was at last. progress: how far that is, such as "12 of 40". error: why it failed or is lost, one
    sentence. advice: what to do about it, where its log tells. warnings: what else went wrong.
    result: None when it ended before its packages were looked at. blocked_by: the job that held the runtime, when that
    is why it failed.
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

    @property
    def over(self) -> bool:
        """Whether nothing will happen any more."""
        return self.state != RUNNING

    def to_dict(self, log_url: str) -> dict[str, Any]:
        """The job as commands print it. log_url: where its log can be read."""
        return {"id": self.id, "command": self.command, "state": self.state, "exitCode": self.exit_code,
                "startedAt": self.started_at, "finishedAt": self.finished_at, "logUrl": log_url}

    def lost(self, reason: str) -> Job:
        """The same job, known to be lost."""
        return dataclasses.replace(self, state=LOST, error=reason)

    def explained(self, reason: str, advice: str) -> Job:
        """The same failed job, with what its log tells about the reason."""
        error = f"{(self.error or '').rstrip('.')}. {reason.rstrip('.')}"
        return dataclasses.replace(self, error=error, advice=advice)

    def judged(self, server_time: datetime | None) -> Job:
        """The same job; lost when it says that it runs but its last heartbeat is too old.

        Too old: LOST_SECONDS, or START_SECONDS after the request of one that has not begun.
        server_time: the SCM site's clock when it gave the state, UTC; without it nothing is judged.
        """
        heartbeat = _moment(self.heartbeat_at)
        if self.over or server_time is None or heartbeat is None:
            return self
        silence = (server_time - heartbeat).total_seconds()
        if self.phase == QUEUED and silence > START_SECONDS:
            return self.lost(f"It was asked for {silence:.0f} s ago and never began.")
        if self.phase == QUEUED or silence <= LOST_SECONDS:
            return self
        return self.lost(f"It was last heard of {silence:.0f} s ago, at {self.heartbeat_at}; "
                         "the SCM site was probably restarted meanwhile.")


def parse(content: bytes) -> Job | None:
    """The job in a state.json; None when the file is not whole."""
    try:
        fields = json.loads(content)
        return Job(fields["id"], fields.get("command"), fields["state"], fields.get("exitCode"),
                   fields.get("startedAt"), fields.get("finishedAt"), fields.get("heartbeatAt"), fields.get("phase"),
                   fields.get("error"), tuple(fields.get("warnings") or ()), _result(fields.get("result")),
                   fields.get("progress"), blocked_by=fields.get("blockedBy"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _result(fields: dict[str, Any] | None) -> JobResult | None:
    if fields is None:
        return None
    check = fields.get("check") or {}
    return JobResult(tuple(PackageVersion(**package) for package in fields["installed"]),
                     tuple(VersionChange(**change) for change in fields["upgraded"]),
                     tuple(PackageVersion(**package) for package in fields["removed"]),
                     check.get("ok"), tuple(check.get("problems") or ()))


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None

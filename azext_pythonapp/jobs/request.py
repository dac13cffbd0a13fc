"""What a job is asked to do, and the files that its folder starts with."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.resources
import json
import ntpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.ids import ID
from azext_pythonapp.jobs.state import default_title
from azext_pythonapp.packages.pip import Argument, HomeFile, JobFile, PipCommand, has_credentials
from azext_pythonapp.packages.uv import CACHE, REQUIREMENT, VERSION, UvInstall
from azext_pythonapp.runtimes.environment import LOCK, Letter

FOLDER = "data/pythonapp/jobs"
# The folder of the program, and what Python is given to start it.
RUNNER = "runner"
RUNNER_START = f"{RUNNER}/__main__.py"
LOG, STATE, REQUEST, SECRETS = "log.txt", "state.json", "request.json", "secrets.json"
# How the command of a Switch begins: the first one, or on an app that runs an environment any of them.
SWITCH_COMMAND = "az webapp python set-version"
SWITCH_COMMANDS = (
    SWITCH_COMMAND,
    "az webapp python publish",
    "az webapp python install-requirements",
    "az webapp python package install",
    "az webapp python package uninstall",
)
# A client puts it into the job's folder; the runner looks for it every 2 s.
CANCEL = "cancel"
# Some hundredths of a second, so that a password in a request cannot be guessed from its digest.
_DIGEST_ROUNDS = 50_000
_RUNTIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Restore:
    """How packages are put back: by pip, with these arguments, from the very sources of the run.

    sources: the options of the requirements files that say where packages come from, as (name, value), "" for a flag's
    value; they may hold credentials, so they travel in the file of secrets.
    since: an earlier job, which tried the same; packages are put back as they were before that one.
    """

    arguments: tuple[Argument, ...] = ()
    sources: tuple[tuple[str, str | HomeFile], ...] = field(default=(), repr=False)
    since: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As request.json holds it."""
        return {"arguments": [_json(argument) for argument in self.arguments], "since": self.since}


@dataclass(frozen=True)
class Switch:
    """The switch that is made after a job. version: as the user gave it. command: to paste, without secrets."""

    version: str
    command: str


@dataclass(frozen=True)
class EnvironmentBuild:
    """An environment that is built from nothing, of the packages that the job's calls of pip install.

    requirements, digest, added, removed: what its description says (runtimes/environment.py).
    web_configs: of the app, relative to %HOME%: when one of them names the environment, the job refuses to build it.
    compared: site-packages of the Python in use, relative to %HOME%: the result says what differs; None for nothing.
    kept: canonical names of the packages of it that the first call installs as they are; they are copied from there
    when that fails, because an index no longer has one.
    """

    requirements: str | None = None
    digest: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    web_configs: tuple[str, ...] = ("site/wwwroot/web.config",)
    compared: str | None = None
    kept: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As request.json holds it."""
        return {
            "requirements": self.requirements,
            "digest": self.digest,
            "added": list(self.added),
            "removed": list(self.removed),
            "webConfigs": list(self.web_configs),
            "compared": self.compared,
            "kept": list(self.kept),
        }


@dataclass(frozen=True)
class JobSpec:  # pylint: disable=too-many-instance-attributes
    """Work of pip on the worker.

    command: the command that the user gave, such as "install-requirements".
    python: full Windows path of the runtime's python.exe.
    runtime: the runtime's folder name, such as "python364x64"; lock and record are named after it. LOCK of
    runtimes/environment.py for an environment.
    letter: the environment whose packages pip changes or lists, None for those of the runtime itself; python is the
    runtime that it stands on. build: how it is built; None to look at the one that is there.
    pip: the call; None when only `pip check` is asked for. preparation: a call that must succeed before it.
    then: calls after it, in order; none is made after one that fails.
    directory: where pip runs, so that relative paths in requirements mean what they say.
    record: what a successful run records for the next one (packages.record.to_json); None for no record.
    watched: contents, as the caller read them, of files on the app (by path relative to %HOME%) that pip will read;
    when one differs after the run, no record is written.
    exclusive: whether it may change packages, so that no other such job runs at the same time.
    checked: whether `pip check` is run at its end.
    restore: how to put packages back when pip has changed some and failed; None to leave them.
    on_success: the marker that the runner writes before it calls pip (RESTART or RESTART_LATER of pending_restart), and
    deletes when pip has changed nothing; None when the app need not be restarted after the job.
    app_stopped: whether the app is stopped for the job; a file that its processes hold is then waited for.
    title: how tables and sentences name the job, "pip (set-version 3.11)"; None for "pip (<command>)".
    switch: what its command does after it, when that is a switch to another Python; None for any other command.
    uv: how uv is called in place of all calls of pip, which are made where uv cannot be used; None for pip alone.
    """

    command: str
    python: str
    runtime: str
    pip: PipCommand | None
    directory: JobFile | HomeFile = JobFile("")
    record: Mapping[str, Any] | None = None
    watched: Mapping[str, bytes] = field(default_factory=dict)
    preparation: PipCommand | None = None
    exclusive: bool = True
    checked: bool = True
    restore: Restore | None = None
    on_success: str | None = None
    app_stopped: bool = False
    title: str | None = None
    switch: Switch | None = None
    then: tuple[PipCommand, ...] = ()
    uv: UvInstall | None = None
    letter: Letter | None = None
    build: EnvironmentBuild | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a job that could change packages of an environment without the lock, or in place."""
        if (self.letter is None) != (self.runtime != LOCK) or (self.build is not None and self.letter is None):
            raise ValueError("An environment and its lock go together.")
        if self.letter is not None and self.exclusive != (self.build is not None):
            raise ValueError("The packages of an environment are never changed; another one is built.")

    @property
    def calls(self) -> list[PipCommand]:
        """The calls of pip, in order."""
        return [call for call in (self.preparation, self.pip, *self.then) if call is not None]

    @property
    def environment(self) -> dict[str, str]:
        """Variables for pip; they may hold credentials."""
        own = {} if self.uv is None else self.uv.environment
        return own | {name: value for call in self.calls for name, value in call.environment.items()}


def folder(job_id: str) -> str:
    """The job's folder, relative to %HOME%. Raises InvalidInput for what is no job id."""
    if not ID.fullmatch(job_id):
        raise InvalidInput(
            f"{job_id!r} is not the id of a job; one looks like 20261122-115930-4f2a.",
            "List the app's jobs with `az webapp python job list`.",
        )
    return f"{FOLDER}/{job_id}"


def log_path(job_id: str) -> str:
    """The job's log, relative to %HOME%."""
    return f"{folder(job_id)}/{LOG}"


def request_files(
    spec: JobSpec,
    job_id: str,
    files: Mapping[str, bytes],
    now: datetime | None = None,
    asked: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """Everything that the job's folder starts with, by path in the folder.

    files: what pip is to find there, such as requirements.txt. Those with credentials in them are named in the
    request, so that the runner deletes them when the job ends. pip's environment goes into a file of its own, which
    the runner deletes as soon as it has read it.
    now: the SCM site's time, by which it is told later whether the job may still begin; None when it is not known. The
    clock of this machine may be wrong, and says nothing here.
    asked: what stands for `files` when two jobs are compared, where those depend on what the app has; None for `files`.
    Raises InvalidInput for a file that would take the place of one of the job's own, or lie among its modules.
    """
    own_names = {RUNNER, LOG, STATE, REQUEST, SECRETS, CANCEL, "restore.txt", "before.json", "compiled.pyc", "uv"}
    taken = own_names & {_first_part(name) for name in files}
    if taken:
        raise InvalidInput(f"A file for a job cannot be called {sorted(taken)[0]}.", "Rename it.")
    if not _RUNTIME.fullmatch(spec.runtime):
        raise InvalidInput(f"{spec.runtime!r} is not the name of a runtime's folder.")
    sources = [[option, _json(value)] for option, value in spec.restore.sources] if spec.restore else []
    request = {
        "id": job_id,
        "command": spec.command,
        "title": spec.title or default_title(spec.command),
        "python": spec.python,
        "runtime": spec.runtime,
        "asked": asked_digest(spec, job_id, files if asked is None else asked),
        "switch": None if spec.switch is None else dataclasses.asdict(spec.switch),
        "createdAt": None if now is None else f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "calls": [[_json(argument) for argument in call.arguments] for call in spec.calls],
        "uv": None if spec.uv is None else _uv_json(spec.uv),
        "exclusive": spec.exclusive,
        "checked": spec.checked,
        "restore": spec.restore.to_json() if spec.restore else None,
        "leaves": spec.on_success,
        "directory": spec.directory.to_json(),
        "record": None if spec.record is None else dict(spec.record),
        "watched": {path: hashlib.sha256(content).hexdigest() for path, content in spec.watched.items()},
        "appStopped": spec.app_stopped,
        "environment": spec.letter,
        "build": None if spec.build is None else spec.build.to_json(),
        "secrets": bool(spec.environment or sources),
        "secretFiles": sorted(name for name, content in files.items() if has_credentials(content)),
    }
    own = {**runner_files(), REQUEST: json.dumps(request, indent=1).encode("ascii")}
    if spec.environment or sources:
        own[SECRETS] = json.dumps({"environment": spec.environment, "sources": sources}).encode("ascii")
    return {**files, **own}


def asked_digest(spec: JobSpec, job_id: str, files: Mapping[str, bytes]) -> str:
    """Return a digest by which a later client tells that a job does the very work that it wants done.

    It covers the command, the Python, pip's call with its variables, and every file; not what depends on the state of
    the app, such as an upgrade of pip before it, nor whether the app is stopped or restarted. Variables and files may
    hold credentials, so it is salted with the job's id and slow to guess.
    """
    call = spec.pip or PipCommand(())
    restore = spec.restore
    content = [
        spec.command,
        spec.python.lower(),
        [_json(argument) for argument in call.arguments],
        sorted(call.environment.items()),
        spec.directory.to_json(),
        None if restore is None else [_json(argument) for argument in restore.arguments],
        None if restore is None else [[option, _json(value)] for option, value in restore.sources],
        sorted((name, hashlib.sha256(text).hexdigest()) for name, text in files.items()),
        sorted((name, hashlib.sha256(text).hexdigest()) for name, text in spec.watched.items()),
        *([_json(argument) for argument in each.arguments] for each in spec.then),
        *([] if spec.build is None else [[spec.letter, spec.build.to_json()]]),
        *([] if spec.uv is None else [[_json(argument) for argument in call] for call in _uv_calls(spec.uv)]),
    ]
    words = json.dumps(content).encode("ascii")
    return hashlib.pbkdf2_hmac("sha256", words, job_id.encode("ascii"), _DIGEST_ROUNDS).hex()


def _json(argument: Argument) -> str | dict[str, str]:
    return argument if isinstance(argument, str) else argument.to_json()


def _uv_calls(uv: UvInstall) -> list[tuple[Argument, ...]]:
    return [*uv.calls, *([] if uv.together is None else [uv.together])]


def _uv_json(uv: UvInstall) -> dict[str, Any]:
    """What runner/uv.py reads of the request."""
    build = uv.build
    wheel = {"requirement": REQUIREMENT, "name": build.wheel, "sha256": build.wheel_sha256, "member": build.member}
    return {
        "version": VERSION,
        "program": build.program.to_json(),
        "marker": build.marker,
        "sha256": build.sha256,
        "size": build.size,
        "cache": CACHE.to_json(),
        "calls": [[_json(argument) for argument in call] for call in uv.calls],
        "together": None if uv.together is None else [_json(argument) for argument in uv.together],
        "ownIndex": uv.own_index,
        "fetched": wheel if uv.fetched else None,
        "orPip": uv.or_pip,
    }


def _first_part(name: str) -> str:
    """What Windows takes a path's first part for: in lower case, without the dots and spaces at its end."""
    return ntpath.normpath(name).split("\\")[0].rstrip(". ").lower()


def runner_files() -> dict[str, bytes]:
    """The program that runs on the worker, by path in the job's folder."""
    modules = importlib.resources.files("azext_pythonapp.jobs.runner").iterdir()
    return {f"{RUNNER}/{module.name}": module.read_bytes() for module in modules if module.name.endswith(".py")}

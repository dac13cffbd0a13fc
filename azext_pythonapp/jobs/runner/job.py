# -*- coding: utf-8 -*-
"""Runs pip on the worker for one job, and keeps the job's state where a client can read it at any time.

Kudu starts __main__.py in the job's folder, %HOME%/data/pythonapp/jobs/<id>. In that folder:

    runner/                 the program: this package
    request.json   read     what to do (azext_pythonapp/jobs/request.py writes it)
    secrets.json   read     environment variables for pip; deleted as soon as they were read
    log.txt        written  pip's output, each line as it comes, credentials masked
    cancel         watched  when a client puts it there, pip is killed with its children and the job ends as canceled
    restore.txt    written  what --restore gives to pip; deleted at the end
    before.json    written  with --restore: the packages before; read by a second attempt, which puts back the same
    wheels.html    read     links to the wheels in ../../wheels that pip may take (packages/wheels.py writes it)
    state.json     written  {id, command, state, phase, startedAt, heartbeatAt, ...} every 2 s, replaced atomically;
                            the final state is the last thing that is written

Only one job per runtime changes packages at a time: ../../locks/<runtime>.lock holds its id. A good run leaves
../../records/<runtime>.json, by which the next one can tell that there is nothing to do. Of the jobs that are over
the newest 20 are kept, and what jobs that never began or were lost left of secrets is deleted; wheels in ../../wheels
go when they are damaged, or were not used for long.

Standard library only, for Python 2.7 and 3.4 or newer: 2.7 has neither f-strings nor `raise ... from`, nor a Popen
that is a context manager, and neither 2.7 nor 3.4 takes a comma behind *arguments or **options.
"""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import os
import sys
import time
import traceback

from .file_access import make_folder, remove, sha256_of, write_json
from .held_file import HeldFile
from .kudu_output import say
from .left_note import LeftNote
from .log import Log, secret_words
from .old_jobs import forget_secrets, prune
from .outcome import JobCanceled, JobFailed, words
from .package_restore import PackageRestore
from .pip_process import Pip
from .pip_progress import Progress
from .pip_reason import PipReason
from .pip_settings import reading_settings
from .request import JobRequest
from .runtime_lock import RuntimeLock
from .site_packages import changes, digest, installed_packages, metadata_names, platform_tag, site_packages, sweep
from .state import State, age, now
from .wheel_store import forget_damaged_wheels, note_use, prune_wheels

# Clients take a job for lost that has not begun START_SECONDS after it was asked for (azext_pythonapp/jobs/state.py).
# One that is about to begin not much sooner does not, so that what they say is true.
TOO_LATE_SECONDS = 300
# A file outside of the runtime that another program holds, such as an antivirus, is soon given back.
PAUSES = (2, 5, 10)
# The processes of an app that was stopped for the job may live on for a while, on any of its instances.
STOPPING_SECONDS = 90


def run_job(folder):
    """Run the job of a folder; returns the exit code."""
    # Kudu was asked twice, or a client has given the job up meanwhile and said that it failed: which stays true.
    if os.path.exists(os.path.join(folder, "state.json")):
        say("This job has begun already, or was given up.")
        return 1
    return Job(folder).run()


class Job:  # pylint: disable=too-many-instance-attributes
    """One job, from its request to its final state."""

    def __init__(self, folder):
        self.folder = folder
        self.request = JobRequest(folder)
        self.data = self.request.data
        self.state = State(folder)
        self.log = None
        self.lock = None
        self.progress = None
        self.reason = PipReason()
        self.held = HeldFile(sys.prefix)

    def run(self):
        """Do the job; whatever goes wrong ends in a final state. Returns the exit code of this process."""
        outcome = {"state": "failed", "exitCode": 1}
        try:
            self.work(outcome)
        except JobFailed as failure:
            outcome.update(failure.fields, state="failed", error=failure.args[0])
        except JobCanceled:
            outcome.update(state="canceled", exitCode=None, error="somebody canceled it")
        # MemoryError, SystemExit and KeyboardInterrupt as well: a job never ends in silence.
        except BaseException as error:  # pylint: disable=broad-exception-caught
            outcome.update(state="failed", error="%s: %s" % (type(error).__name__, words(error)))
            traceback.print_exc()
        try:
            self.clean(outcome)
        finally:
            self.state.finish(**outcome)
            forget_secrets(self.data, self.folder)
            prune(self.data, self.folder)
            prune_wheels(self.data, self.folder)
        return outcome["exitCode"] or int(outcome["state"] != "succeeded")

    def work(self, outcome):
        self.log = Log(os.path.join(self.folder, "log.txt"))
        self.request.read_fields()
        self.begin_in_time()
        environment = self.request.take_secrets()
        self.log.secrets = secret_words(list(environment.values()) + self.request.source_texts())
        note_use(self.data, self.folder)
        self.state.set(command=self.request.fields["command"])
        self.state.write()
        self.log.line(
            "Python %s %s at %s, job %s"
            % (sys.version.split()[0], platform_tag(), sys.executable, self.state.fields["id"])
        )
        if self.request.fields["exclusive"]:
            self.lock = RuntimeLock(self.data, self.request.fields["runtime"], self.state.fields["id"])
            self.lock.acquire(self.log, self.state)
            self.state.obstacle = self.lock.lost
        pip = Pip(environment)
        self.state.on_stop = pip.stop
        self.pip(pip, outcome)

    def begin_in_time(self):
        """Raises JobFailed when clients have given this job up, and deleted what it needs, or are about to."""
        waited = age(self.request.fields.get("createdAt"))
        if waited is not None and waited > TOO_LATE_SECONDS:
            raise JobFailed("it began %d s after it was asked for, which is too late; run the command again." % waited)
        self.request.require_secrets()

    def pip(self, pip, outcome):
        self.state.set(phase="reading packages")
        folder = site_packages()
        before = installed_packages(folder)
        self.progress = Progress(folder, metadata_names(folder))
        self.state.on_beat = self.progress.beat
        asked = self.request.fields
        restore = PackageRestore(self.request, self.state, self.log, before) if asked["restore"] else None
        note = LeftNote(self.data, self.state.fields["id"], asked["leaves"])
        try:
            self.calls(pip, outcome)
        except JobFailed as failure:
            if restore is None:
                raise
            raise JobFailed(failure.args[0] + restore.put_back(pip), **failure.fields)
        finally:
            if asked["exclusive"]:
                sweep(folder)
            self.state.on_beat = dict
            self.state.set(phase="reading packages", progress=None)
            outcome["result"] = changes(before, installed_packages(folder))
            if not any(outcome["result"].values()):
                note.forget()
        self.check(pip, outcome)
        self.leave_record(outcome)
        outcome["state"] = "succeeded"

    def calls(self, pip, outcome):
        """Call pip as the request says, until it is done or fails."""
        for call in self.request.fields["calls"]:
            arguments = [self.request.argument(argument) for argument in call]
            self.log.line("pip " + " ".join(arguments))
            self.call(pip, arguments, outcome)
        outcome["exitCode"] = 0

    def call(self, pip, arguments, outcome):
        """One call, repeated while it meets a file that is held and will soon be given back. Raises JobFailed."""
        pauses, stopping_until = list(PAUSES), None
        while True:
            self.state.stop_if_canceled()
            self.state.set(phase="pip", progress=None)
            self.held, self.reason = HeldFile(sys.prefix), PipReason()
            outcome["exitCode"] = pip.run(arguments, self.request.directory(), self.on_line)
            self.state.stop_if_canceled()
            if not outcome["exitCode"]:
                return
            if self.held.ours and self.request.fields.get("appStopped"):
                stopping_until = stopping_until or time.time() + STOPPING_SECONDS
                pause = PAUSES[1] if time.time() < stopping_until else None
            else:
                pause = pauses.pop(0) if self.held.path is not None and not self.held.ours and pauses else None
            if pause is None:
                raise JobFailed(self.failure(outcome["exitCode"]), **self.held.fields())
            self.log.line("Another program holds %s; trying again in %d s." % (self.held.path or "a file", pause))
            self.state.set(phase="waiting for a file")
            self.state.pause(pause)

    def failure(self, code):
        """Why pip failed. Wheels in the store that are damaged go, so that the next run uploads them again."""
        text = "pip ended with exit code %d: %s" % (code, self.reason.text())
        damaged = forget_damaged_wheels(self.data, self.folder)
        if damaged:
            text = (
                "%s. The app's copy of %s was damaged and is deleted: run the command again, which uploads it again"
                % (text.rstrip("."), ", ".join(damaged))
            )
        return text

    def check(self, pip, outcome):
        """Let pip check the packages, when that was asked for."""
        result = outcome["result"]
        result["check"] = {"ok": None, "problems": []}
        if self.request.fields["checked"]:
            self.state.set(phase="checking")
            found = pip.check(self.folder)
            self.state.stop_if_canceled()
            result["check"] = found
            for problem in found["problems"]:
                self.log.line("pip check: " + problem)

    def on_line(self, line):
        self.log.line(line)
        self.held.take(line)
        self.reason.line(self.log.masked(line))
        self.state.set(**self.progress.line(line))

    def leave_record(self, outcome):
        """Write the record; without one, as on a full disk, the next run asks pip again, and this one has succeeded."""
        try:
            self.write_record(outcome["result"]["check"])
        except (IOError, OSError) as error:
            self.log.line("The record of this run could not be written: %s" % words(error))

    def write_record(self, check):
        """Leave the record of a good run, unless its files are no longer those asked for, or pip reads more."""
        asked = self.request.fields
        record = asked.get("record")
        if record is None:
            return
        for path, expected in sorted(asked.get("watched", {}).items()):
            if sha256_of(self.request.resolve({"home": path})) != expected:
                self.log.line("%s was changed while pip ran; the next run installs again." % path)
                return
        path = os.path.join(self.data, "records", asked["runtime"] + ".json")
        reading = reading_settings()
        if reading:
            self.log.line("%s changes what pip reads, so the next run asks pip again." % reading[0])
            remove(path)
            return
        make_folder(os.path.dirname(path))
        write_json(
            path,
            dict(
                record,
                packagesDigest=digest(metadata_names(site_packages())),
                check=check,
                finishedAt=now(),
                jobId=self.state.fields["id"],
            ),
        )

    def clean(self, outcome):
        """Delete what may hold secrets, give the lock back, close the log; what fails here is said, not fatal."""
        self.state.obstacle = lambda: None
        problems = [self.log.problem] if self.log and self.log.problem else []
        steps = [
            lambda path=name: remove(os.path.join(self.folder, path))
            for name in ["secrets.json", "restore.txt"] + self.request.fields.get("secretFiles", [])
        ]
        for step in steps + ([self.lock.release] if self.lock else []):
            try:
                step()
            except (IOError, OSError) as error:
                problems.append("cleaning up failed: %s" % words(error))
        if outcome["state"] != "succeeded" and self.log:
            self.log.line("%s: %s" % (outcome["state"].capitalize(), outcome["error"]))
            outcome["error"] = self.log.masked(outcome["error"])
        if problems:
            outcome["warnings"] = problems

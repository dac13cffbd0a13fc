# -*- coding: utf-8 -*-
"""Run pip on the worker for one job, and keep the job's state where a client can read it at any time.

Kudu starts __main__.py with the job's folder, %HOME%/data/pythonapp/jobs/<id>, as the working directory:

    runner/        the program: this package
    request.json   read     what to do (azext_pythonapp/jobs/request.py writes it)
    secrets.json   read     environment variables for pip; deleted as soon as they were read
    wheels.html    read     links to the wheels in ../../wheels that pip may use (packages/wheels.py writes it)
    cancel         watched  when a client creates it, pip and its child processes are killed
    log.txt        written  pip's output, line by line as it comes, without secrets
    before.json    written  with --restore: the packages before; a second attempt reads it, to restore the same ones
    restore.txt    written  requirements with which pip restores packages; deleted at the end
    state.json     written  {id, command, state, phase, startedAt, heartbeatAt, ...}, replaced atomically every 2 s;
                            the final state is the last thing that is written, except the phase of late_compile.py

Beside it, in %HOME%/data/pythonapp:

    locks/<runtime>.lock     the id of the one job that may change the packages of a runtime, or build an environment
    records/<runtime>.json   what the last successful run found and did (record.py)
    left/<id>.<kind>         a restart of the app that is still pending
    compiling/<runtime>      the id of the job whose packages are being compiled behind its end (late_compile.py)
    wheels/                  wheels that clients uploaded (wheel_store.py)
    environments/a, b        environments, of which the one that is not in use is built (environment.py)

Each job also cleans up after others: it keeps the newest 20 finished jobs, and deletes secrets of jobs that were lost
or never started, and wheels that are damaged or were not used for a long time.

Standard library only, for Python 2.7 and for 3.4 or newer. 2.7 has neither f-strings nor `raise ... from`, and its
Popen is not a context manager. Neither 2.7 nor 3.4 accepts a comma after *arguments or **options.
"""

# pylint: disable=consider-using-f-string,consider-using-with,raise-missing-from
from __future__ import absolute_import, unicode_literals

import os
import sys
import time
import traceback

from .bytecode import is_unwanted, list_compiled, without_compiling
from .compile_mark import CompileMark
from .environment import Environment, discard
from .errors import JobCanceled, JobFailed, error_text, report
from .file_access import delete, make_folder, remove
from .late_compile import compile_late, lower_priority, names_of
from .log import Log, masked_urls, secret_words
from .old_jobs import delete_old_jobs, delete_secrets
from .package_restore import PackageRestore
from .pip_output import LockedFile, Progress
from .pip_process import Pip
from .pip_reason import PipReason
from .record import leave_record
from .request import JobRequest
from .requires_python import unfit_packages
from .runtime_lock import RuntimeLock
from .site_packages import (
    changes,
    direct_addresses,
    installed_packages,
    metadata_names,
    platform_tag,
    remove_empty_dist_info,
)
from .state import State, age
from .target import own_target, target_of
from .uv import Unusable, Uv
from .wheel_store import delete_damaged_wheels, delete_unused_wheels, mark_used

# A client reports a job that has not started START_SECONDS after its request as lost (azext_pythonapp/jobs/state.py).
# A job that is about to start a little earlier gives up, so that the client is right.
TOO_LATE_SECONDS = 300
# The marker of a restart that a client is about to do (RESTART in azext_pythonapp/jobs/pending_restart.py). It ends all
# that the SCM site runs, so that client has the packages compiled after it.
AWAITED_RESTART = "restart"
# A file outside of the runtime that another program has open, such as an antivirus, is soon free.
PAUSES = (2, 5, 10)
# The client that waits for an environment proves the import in it and fetches the app's page; what nobody waits for and
# keeps the worker busy begins after that.
SETTLING_SECONDS = 4
# The processes of an app that was stopped for the job may run on for a while, on any of its instances.
STOPPING_SECONDS = 90


def run_job(folder):
    """Run the job of a folder. Returns the exit code of this process."""
    # Kudu was asked twice; or a client has given the job up and reported it as failed, which must stay true.
    if os.path.exists(os.path.join(folder, "state.json")):
        report("This job has started already, or was given up.")
        return 1
    return Job(folder).run()


class PendingRestart:
    """../../left/<job id>.<kind>: the app still has to be restarted. Any client does it when the job's own has died.

    Created before pip is called, because a job that is killed may have changed packages too. kind: None for no file.
    """

    def __init__(self, data, job_id, kind):
        self.path = os.path.join(data, "left", "%s.%s" % (job_id, kind)) if kind else None
        if self.path:
            try:
                make_folder(os.path.dirname(self.path))
                open(self.path, "wb").close()
            except (IOError, OSError) as error:
                report("%s could not be created: %s" % (self.path, error_text(error)))

    def clear(self):
        """Delete the file."""
        if self.path:
            delete(self.path)


class Job:  # pylint: disable=too-many-instance-attributes
    """One job, from its request to its final state. folder: the job's folder."""

    def __init__(self, folder):
        self.folder = folder
        self.request = JobRequest(folder)
        self.data = self.request.data
        self.state = State(folder)
        self.log = None
        self.lock = None
        self.progress = None
        self.target = own_target()
        self.environment = None
        self.uv = None
        self.reason = PipReason()
        self.locked_file = LockedFile(self.target.prefix)

    def run(self):
        """Run the job; whatever happens, a final state is written. Returns the exit code of this process."""
        outcome = {"state": "failed", "exitCode": 1}
        try:
            self.work(outcome)
        except JobFailed as failure:
            outcome.update(failure.fields, state="failed", error=failure.args[0])
        except JobCanceled:
            outcome.update(state="canceled", exitCode=None, error="a user canceled it")
        # MemoryError, SystemExit and KeyboardInterrupt as well: a job never ends without a final state.
        except BaseException as error:  # pylint: disable=broad-exception-caught
            outcome.update(state="failed", error="%s: %s" % (type(error).__name__, error_text(error)))
            traceback.print_exc()
        try:
            self.clean_up(outcome)
        finally:
            self.state.finish(**outcome)
            delete_secrets(self.data, self.folder)
            delete_old_jobs(self.data, self.folder)
            delete_unused_wheels(self.data, self.folder)
        if self.environment:
            lower_priority()
            if outcome["state"] == "succeeded":
                time.sleep(SETTLING_SECONDS)
            self.environment.delete_old()
        if outcome.get("compiled") is False and self.request.fields["leaves"] != AWAITED_RESTART:
            compile_late(self.folder)
        return outcome["exitCode"] or int(outcome["state"] != "succeeded")

    def work(self, outcome):
        """Read the request, take the lock of the runtime, and change the packages."""
        self.log = Log(os.path.join(self.folder, "log.txt"))
        self.request.read_fields()
        self.require_start_in_time()
        environment = self.request.take_secrets()
        self.log.secrets = secret_words(list(environment.values()) + self.request.source_texts())
        mark_used(self.data, self.folder)
        self.state.set(command=self.request.fields["command"], title=self.request.fields.get("title"))
        self.state.write()
        self.log.line(
            "Python %s %s at %s, job %s"
            % (sys.version.split()[0], platform_tag(), sys.executable, self.state.fields["id"])
        )
        if self.request.fields["exclusive"]:
            self.lock = RuntimeLock(self.data, self.request.fields["runtime"], self.state.fields["id"])
            self.lock.acquire(self.log, self.state)
            self.state.obstacle = self.lock.lost
            CompileMark(self.data, self.request.fields["runtime"]).await_end(self.log, self.state.pause)
        self.target = target_of(self.data, self.request.fields)
        pip = Pip(self.target, environment)
        self.state.on_stop = pip.stop
        if self.request.fields.get("build"):
            self.environment = Environment(self.request, self.state, self.log)
            self.environment.run(lambda: self.change_packages(pip, outcome))
        else:
            self.change_packages(pip, outcome)

    def require_start_in_time(self):
        """Raise JobFailed when clients have given this job up, or are about to, and delete its secrets then."""
        waited = age(self.request.fields.get("createdAt"))
        if waited is not None and waited > TOO_LATE_SECONDS:
            raise JobFailed("it started %d s after its request, which is too late; run the command again." % waited)
        self.request.require_secrets()

    def change_packages(self, pip, outcome):
        """Call pip, and find out what it has changed. Raises JobFailed when pip fails."""
        self.state.set(phase="reading packages")
        folder = self.target.packages
        compared = self.environment.compared_folder() if self.environment else folder
        before = installed_packages(compared) if compared else {}
        addresses = direct_addresses(compared) if compared else {}
        self.progress = Progress(folder, metadata_names(folder))
        self.state.on_heartbeat = self.progress.count_installed
        asked = self.request.fields
        restore = PackageRestore(self.request, self.state, self.log, self.target, before) if asked["restore"] else None
        pending_restart = PendingRestart(self.data, self.state.fields["id"], asked["leaves"])
        try:
            self.call_pip(pip, outcome)
        except JobFailed as failure:
            if restore is None:
                raise
            raise JobFailed(failure.args[0] + restore.put_back(pip), **failure.fields)
        finally:
            if asked["exclusive"] and remove_empty_dist_info(folder):
                pip.well = False
            self.state.on_heartbeat = dict
            self.state.set(phase="reading packages", progress=None)
            after = installed_packages(folder)
            outcome["result"] = changes(before, after)
            if self.environment:  # every package is new there
                outcome["result"]["reinstalled"] = []
            else:
                list_compiled(folder, names_of(outcome["result"]))
            if not any(outcome["result"].values()):
                pending_restart.clear()
            outcome["result"]["addresses"] = {key: masked_urls(addresses[key]) for key in sorted(addresses)}
        self.check(pip, outcome)
        if self.environment:
            self.environment.describe(after)
        record = leave_record(self.request, self.target, outcome["result"]["check"], self.state.fields["id"], self.log)
        if record is not None:
            outcome["result"]["recordBefore"] = record
        outcome["state"] = "succeeded"
        new = after if self.environment else names_of(outcome["result"])
        if asked["exclusive"] and new and not is_unwanted(asked["calls"], self.target.prefix):
            outcome["compiled"] = False

    def call_pip(self, pip, outcome):
        """Call pip as the request says, or uv in its place. Raises JobFailed when a call fails."""
        asked = self.request.fields
        if asked["calls"] and asked.get("uv") and self.call_uv(pip, outcome):
            return
        for number, call in enumerate(asked["calls"]):
            arguments = without_compiling([self.request.argument(argument) for argument in call], self.target.pip)
            self.log.line("pip " + " ".join(arguments))
            last = number == len(asked["calls"]) - 1
            options = {"on_check": self.begin_check} if last and asked["checked"] else {}
            try:
                self.call_with_retries(pip, arguments, outcome, options)
            except JobFailed:
                if number or not self.environment or not self.environment.copy_kept():
                    raise
                outcome.pop("pipSaid", None)
        outcome["exitCode"] = 0

    def call_uv(self, pip, outcome):
        """Call uv as the request says. Returns whether it could be used; the log says why not. Raises JobFailed."""
        uv = Uv(self.request, pip, self.log)
        before = installed_packages(self.target.packages)
        try:
            self.state.set(installer="uv " + uv.prepare())
            uv.on_check = self.begin_check
            for calls in uv.rounds():
                self.call_with_retries(uv, calls, outcome)
            self.require_fit(before)
        except Unusable as error:
            self.state.raise_if_stopped()
            self.log.line("pip is used instead of uv: %s." % error_text(error).rstrip("."))
            self.state.set(installer=None)
            self.take_out(pip, before)
            return False
        self.uv = uv
        outcome["exitCode"] = 0
        return True

    def require_fit(self, before):
        """Raise Unusable when uv has installed a package that is not for this Python. before: what was there."""
        for name, version, wanted in self.unfit(before):
            raise Unusable(
                "it has installed %s %s, which needs Python %s, and not %s"
                % (name, version, wanted, sys.version.split()[0])
            )

    def unfit(self, before):
        """Return the packages that uv has installed and that are not for this Python."""
        return unfit_packages(self.target.packages, [fields[:2] for fields in before.values()])

    def take_out(self, pip, before):
        """Take out what pip would not install, before it takes over: all in an environment, which is built anew."""
        if not self.environment:
            names = [name for name, _, _ in self.unfit(before)]
            if names:
                pip.run(["uninstall", "-y"] + names, self.request.folder, self.log.line)
        elif installed_packages(self.target.packages) != before:
            self.log.line("Building environment %s anew." % self.environment.letter)
            discard(self.environment.folder)
            self.environment.make()

    def call_with_retries(self, pip, arguments, outcome, options=None):
        """Call pip or uv, again while it fails at a locked file that will soon be free. Raises JobFailed.

        options: of Pip.run.
        """
        pauses, stopping_until = list(PAUSES), None
        while True:
            self.state.raise_if_stopped()
            self.state.set(phase="pip", progress=None)
            self.locked_file, self.reason = LockedFile(self.target.prefix), pip.reason()
            outcome["exitCode"] = pip.run(arguments, self.request.directory(), self.on_line, **(options or {}))
            self.state.raise_if_stopped()
            if not outcome["exitCode"]:
                return
            if self.locked_file.in_runtime and self.request.fields.get("appStopped"):
                stopping_until = stopping_until or time.time() + STOPPING_SECONDS
                pause = PAUSES[1] if time.time() < stopping_until else None
            else:
                elsewhere = self.locked_file.path is not None and not self.locked_file.in_runtime
                pause = pauses.pop(0) if elsewhere and pauses else None
            if pause is None:
                raise JobFailed(self.failure(outcome), **self.locked_file.fields())
            path = self.locked_file.path or "A file"
            self.log.line("%s is in use by another program; trying again in %d s." % (path, pause))
            self.state.set(phase="waiting for a file")
            self.state.pause(pause)

    def failure(self, outcome):
        """Return why pip failed. Damaged wheels are deleted from the store, so that the next run uploads them again."""
        text = "%s ended with exit code %d: %s" % (self.reason.program, outcome["exitCode"], self.reason.text())
        outcome["pipSaid"] = text
        damaged = delete_damaged_wheels(self.data, self.folder)
        if damaged:
            text = (
                "%s. The app's copy of %s was damaged and is deleted: run the command again, which uploads it again"
                % (text.rstrip("."), ", ".join(damaged))
            )
        return text

    def check(self, pip, outcome):
        """Run `pip check` when the request says so; uv tells more quickly that all is well with what it installed."""
        result = outcome["result"]
        result["check"] = {"ok": None, "problems": []}
        if self.request.fields["checked"]:
            self.begin_check()
            well = self.uv is not None and self.environment and self.uv.finds_no_problem()
            found = {"ok": True, "problems": []} if well else pip.check(self.folder)
            self.state.raise_if_stopped()
            result["check"] = found
            for problem in found["problems"]:
                self.log.line("pip check: " + problem)

    def begin_check(self):
        """Say that packages are not changed any more."""
        self.state.on_heartbeat = dict
        self.state.set(phase="checking", progress=None)

    def on_line(self, line):
        """Handle a line of pip's output."""
        self.log.line(line)
        self.locked_file.read_line(line)
        self.reason.read_line(self.log.masked(line))
        self.state.set(**self.progress.read_line(line))

    def clean_up(self, outcome):
        """Delete files that may hold secrets, release the lock, and log the outcome. Problems become warnings."""
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
                problems.append("The cleanup failed: %s" % error_text(error))
        if outcome["state"] != "succeeded" and self.log:
            said = outcome.get("pipSaid")
            shown = outcome["error"].replace(said, said.split(": ")[0]) if said else outcome["error"]
            self.log.line("%s: %s" % (outcome["state"].capitalize(), shown))
            for name in [each for each in ("error", "pipSaid") if each in outcome]:
                outcome[name] = self.log.masked(outcome[name])
        if problems:
            outcome["warnings"] = problems

# -*- coding: utf-8 -*-
"""Compile the packages that a job has installed, behind its end: the job's last phase, at low priority.

The job has succeeded and its lock is released; state.json says so, and `phase` is "compiling" meanwhile. Nobody waits
for this phase: it may be killed at any moment, and Python compiles what it imports by itself. It ends early when a
client creates the job's file `cancel`, when another job takes the lock of the runtime, and after LIMIT_SECONDS.

Started by the runner itself, or by a client with `__main__.py compile` after it has restarted the app, which ends all
that the SCM site runs (docs/platform/kudu.md 5.3).
"""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import errno
import os
import time

from .bytecode import compile_module, is_compiled, sources
from .compile_mark import CompileMark
from .errors import error_text, report
from .file_access import delete, read_json_with_retries, write_json
from .request import JobRequest
from .site_packages import installed_packages
from .state import HEARTBEAT_SECONDS, STATE_BYTES, now
from .target import target_of

# Thousands of files take minutes on a share; what is not done then, Python does when it imports it.
LIMIT_SECONDS = 1200
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
# Windows: IDLE_PRIORITY_CLASS of winbase.h. Elsewhere: what is added to the niceness.
IDLE_PRIORITY = 0x40
NICENESS = 19


def compile_late(folder):
    """Compile the packages of a job, if that is still to be done. folder: the job's. Raises nothing."""
    try:
        LateCompile(folder).run()
    except Exception as error:  # pylint: disable=broad-exception-caught
        report("The packages were not compiled: %s" % error_text(error))


def names_of(result):
    """Return the packages that a job has installed, by the result in its state."""
    rows = [(result or {}).get(kind) or [] for kind in ("installed", "upgraded", "reinstalled")]
    return [row["name"] for kind in rows for row in kind]


class LateCompile:
    """The compilation of one job's packages. folder: the job's. Raises JobFailed when its request cannot be read."""

    def __init__(self, folder):
        self.folder = folder
        self.job_id = os.path.basename(folder)
        request = JobRequest(folder)
        request.read_fields()
        self.state_path = os.path.join(folder, "state.json")
        self.aside = os.path.join(folder, "compiled.pyc")
        self.cancel_path = os.path.join(folder, "cancel")
        self.lock_path = os.path.join(request.data, "locks", request.fields["runtime"] + ".lock")
        self.packages = target_of(request.data, request.fields).packages
        self.is_environment = bool(request.fields.get("build"))
        self.mark = CompileMark(request.data, request.fields["runtime"])
        self.until = time.time() + LIMIT_SECONDS
        self.beaten = 0

    def run(self):
        """Compile what is left to compile, unless another process of this job is at it."""
        if not self.is_due():
            return
        lower_priority()
        while not self.mark.take(self.job_id):
            if self.mark.owner() == self.job_id or not self.may_go_on():
                return
            self.report_beat("waiting for the compilation of job %s" % self.mark.owner())
            time.sleep(0.2)
        try:
            if self.is_due():
                self.compile_all()
        finally:
            self.mark.release()
            delete(self.aside)

    def is_due(self):
        """Return whether the job has succeeded, and its packages are still to be compiled."""
        state = read_json_with_retries(self.state_path)
        return state.get("state") == "succeeded" and state.get("compiled") is False

    def compile_all(self):
        """Compile the modules one by one; state.json says how far that is."""
        complete = False
        self.tell("compiling", None, False)
        try:
            found = sources(self.packages, self.names())
            every = (self.compiled(each, number, len(found)) for number, each in enumerate(found))
            complete = all(every) and self.may_go_on()
        finally:
            self.tell("done", None, complete)

    def names(self):
        """Return the packages to compile: all of a new environment, else those that the job has installed."""
        if self.is_environment:
            return list(installed_packages(self.packages))
        return names_of(read_json_with_retries(self.state_path).get("result"))

    def compiled(self, source, number, count):
        """Compile one module, unless the phase is to end. Returns whether it is not."""
        if not self.may_go_on():
            return False
        if self.report_beat("compiling %d of %d" % (number, count)):
            self.tell("compiling", "%d of %d" % (number, count), False)
        try:
            if not is_compiled(source):
                compile_module(source, self.aside, self.may_go_on)
        except (IOError, OSError) as error:
            if error.errno in FULL:
                self.until = 0
                report("There is no room for compiled modules.")
        return True

    def may_go_on(self):
        """Return whether nobody needs the runtime for something else, and there is time left."""
        return (
            time.time() < self.until
            and not os.path.exists(self.lock_path)
            and not os.path.exists(self.cancel_path)
            and os.path.isdir(self.packages)
            and os.path.isfile(self.state_path)
        )

    def report_beat(self, text):
        """Print a line every HEARTBEAT_SECONDS, because Kudu kills a silent command. Returns whether it was time."""
        if time.time() - self.beaten < HEARTBEAT_SECONDS:
            return False
        self.beaten = time.time()
        report("%s %s" % (now(), text))
        return True

    def tell(self, phase, progress, complete):
        """Write the phase with a new heartbeat into state.json; the outcome in it stays. A full disk is no matter."""
        try:
            state = read_json_with_retries(self.state_path)
            state.update(phase=phase, progress=progress, compiled=complete, heartbeatAt=now())
            write_json(self.state_path, state, STATE_BYTES)
        except (IOError, OSError, ValueError) as error:
            report("state.json could not be written: %s" % error_text(error))


def lower_priority():
    """Let all other processes of the worker go before this one, as far as the system allows that."""
    try:
        if os.name == "nt":
            import ctypes

            kernel = ctypes.windll.kernel32
            kernel.GetCurrentProcess.restype = ctypes.c_void_p
            kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), IDLE_PRIORITY)
        else:
            os.nice(NICENESS)
    except Exception as error:  # pylint: disable=broad-exception-caught
        report("The priority could not be lowered: %s" % error_text(error))

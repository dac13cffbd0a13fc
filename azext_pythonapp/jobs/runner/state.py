# -*- coding: utf-8 -*-
"""A job's state.json: what the job is doing, its heartbeat, and its outcome."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import calendar
import os
import threading
import time

from .errors import JobCanceled, error_text, report
from .file_access import overwrite_json, write_json

HEARTBEAT_SECONDS = 2
# state.json has at least this size from the beginning, so that a heartbeat never needs more disk space.
STATE_BYTES = 4096


def now():
    """Return the UTC time as state.json has it, such as 2026-11-22T11:59:30Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def age(moment):
    """Return the seconds since a time in the format of now(); None for anything else."""
    try:
        return max(0, time.time() - calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")))
    except (TypeError, ValueError):
        return None


class State:  # pylint: disable=too-many-instance-attributes
    """state.json. A thread writes it with a new heartbeat while the job runs, and checks whether the job must stop.

    stop_reason: the exception that ends the job early; None while there is none.
    on_heartbeat: called at each heartbeat; returns further fields of the state.
    obstacle: called at each heartbeat; returns an exception that ends the job, or None.
    on_stop: called at each heartbeat once the job must stop, so that a pip that starts a moment later ends too.
    """

    def __init__(self, folder):
        self.path = os.path.join(folder, "state.json")
        self.cancel_path = os.path.join(folder, "cancel")
        self.stop_reason = None
        self.on_heartbeat = dict
        self.obstacle = lambda: None
        self.on_stop = lambda: None
        self.fields = {
            "id": os.path.basename(folder),
            "command": None,
            "state": "running",
            "phase": "starting",
            "startedAt": now(),
            "pid": os.getpid(),
        }
        self.guard = threading.Lock()
        self.ended = threading.Event()
        self.write()
        self.thread = threading.Thread(target=self.keep_writing, name="heartbeat")
        self.thread.daemon = True
        self.thread.start()

    def set(self, **fields):
        """Set fields, which the next heartbeat writes."""
        with self.guard:
            self.fields.update(fields)

    def write(self):
        """Write the fields with a new heartbeat: atomically, or in place when the disk is full."""
        with self.guard:
            self.fields["heartbeatAt"] = now()
            try:
                write_json(self.path, self.fields, STATE_BYTES)
            except (IOError, OSError) as error:
                if not os.path.exists(self.path):
                    raise
                overwrite_json(self.path, self.shorter("state.json could not be replaced: %s" % error_text(error)))

    def shorter(self, problem):
        """Return the fields with this problem as a warning, then shorter and shorter versions of them."""
        every = dict(self.fields, warnings=(self.fields.get("warnings") or []) + [problem])
        result = self.fields.get("result") or {}
        check = {"ok": (result.get("check") or {}).get("ok"), "problems": []}
        fewer = dict(every, warnings=[problem], result=dict(result, check=check) if result else None)
        least = dict(fewer, result=None, error=(fewer.get("error") or "")[:500] or None)
        return [every, fewer, least, dict(least, warnings=[], progress=None)]

    def keep_writing(self):
        """Write the state every HEARTBEAT_SECONDS until the job ends."""
        while not self.ended.wait(HEARTBEAT_SECONDS):
            self.check_whether_to_stop()
            try:
                self.set(**self.on_heartbeat())
                self.write()
            except Exception as error:  # pylint: disable=broad-exception-caught
                report("state.json could not be written: %s" % error_text(error))
            report("%s %s" % (now(), self.fields["phase"]))

    def check_whether_to_stop(self):
        """Look for a cancel file and an obstacle; stop pip when there is one."""
        try:
            if self.stop_reason is None and os.path.exists(self.cancel_path):
                self.stop_reason = JobCanceled()
            if self.stop_reason is None:
                self.stop_reason = self.obstacle()
            if self.stop_reason is not None:
                self.on_stop()
        except Exception as error:  # pylint: disable=broad-exception-caught
            report("The check whether to stop failed: %s" % error_text(error))

    def raise_if_stopped(self):
        """Raise what ends the job early: JobCanceled when a client canceled it, JobFailed for an obstacle."""
        if self.stop_reason is not None:
            raise self.stop_reason

    def pause(self, seconds):
        """Wait. Raises as raise_if_stopped does."""
        until = time.time() + seconds
        while time.time() < until:
            self.raise_if_stopped()
            time.sleep(min(0.2, seconds))
        self.raise_if_stopped()

    def finish(self, **fields):
        """Write the final state."""
        self.ended.set()
        self.thread.join()
        self.set(finishedAt=now(), phase="done", **fields)
        outcome = (now(), self.fields["state"], fields.get("exitCode"), fields.get("error") or "")
        report("%s %s exit code %s %s" % outcome)
        self.write()

# -*- coding: utf-8 -*-
"""A job's state.json: what it does now, that it lives, and how it ended."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import calendar
import os
import threading
import time

from .file_access import overwrite_json, write_json
from .kudu_output import say
from .outcome import JobCanceled, words

HEARTBEAT_SECONDS = 2
# state.json has at least this size from the beginning, so that a heartbeat never needs more room on the disk.
STATE_BYTES = 4096


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def age(moment):
    """Seconds since a moment that now() wrote; None when the text is none."""
    try:
        return max(0, time.time() - calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")))
    except (TypeError, ValueError):
        return None


class State:  # pylint: disable=too-many-instance-attributes
    """state.json, refreshed by a thread for as long as the job runs, which also looks whether the job is to stop.

    reason: why it is to stop, an exception; None as long as it is not. on_beat: called at each beat; what it returns
    goes into the state. obstacle: called at each beat; an exception that it returns ends the job.
    on_stop: called at each beat once the job is to stop, so that a pip that starts a moment later is ended too.
    """

    def __init__(self, folder):
        self.path = os.path.join(folder, "state.json")
        self.cancel_path = os.path.join(folder, "cancel")
        self.reason = None
        self.on_beat = dict
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
        self.thread = threading.Thread(target=self.beat, name="heartbeat")
        self.thread.daemon = True
        self.thread.start()

    def set(self, **fields):
        with self.guard:
            self.fields.update(fields)

    def write(self):
        """Write the state with a new heartbeat: in one step, or over the old one on a full disk."""
        with self.guard:
            self.fields["heartbeatAt"] = now()
            try:
                write_json(self.path, self.fields, STATE_BYTES)
            except (IOError, OSError) as error:
                if not os.path.exists(self.path):
                    raise
                overwrite_json(self.path, self.shorter("state.json could not be replaced: %s" % words(error)))

    def shorter(self, problem):
        """The fields with that warning, then less and less of them."""
        every = dict(self.fields, warnings=(self.fields.get("warnings") or []) + [problem])
        result = self.fields.get("result") or {}
        check = {"ok": (result.get("check") or {}).get("ok"), "problems": []}
        fewer = dict(every, warnings=[problem], result=dict(result, check=check) if result else None)
        least = dict(fewer, result=None, error=(fewer.get("error") or "")[:500] or None)
        return [every, fewer, least, dict(least, warnings=[], progress=None)]

    def beat(self):
        while not self.ended.wait(HEARTBEAT_SECONDS):
            self.look_whether_to_stop()
            try:
                self.set(**self.on_beat())
                self.write()
            except Exception as error:  # pylint: disable=broad-exception-caught
                say("state.json could not be written: %s" % words(error))
            say("%s %s" % (now(), self.fields["phase"]))

    def look_whether_to_stop(self):
        try:
            if self.reason is None and os.path.exists(self.cancel_path):
                self.reason = JobCanceled()
            if self.reason is None:
                self.reason = self.obstacle()
            if self.reason is not None:
                self.on_stop()
        except Exception as error:  # pylint: disable=broad-exception-caught
            say("whether to stop could not be told: %s" % words(error))

    def stop_if_canceled(self):
        """Raise what ends the job early: JobCanceled when a client asked for that, JobFailed for an obstacle."""
        if self.reason is not None:
            raise self.reason

    def pause(self, seconds):
        """Wait for so long. Raises as stop_if_canceled does."""
        until = time.time() + seconds
        while time.time() < until:
            self.stop_if_canceled()
            time.sleep(min(0.2, seconds))
        self.stop_if_canceled()

    def finish(self, **fields):
        """Write the final state."""
        self.ended.set()
        self.thread.join()
        self.set(finishedAt=now(), phase="done", **fields)
        say("%s %s exit code %s %s" % (now(), self.fields["state"], fields.get("exitCode"), fields.get("error") or ""))
        self.write()

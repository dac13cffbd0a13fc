# -*- coding: utf-8 -*-
"""The lock by which only one job at a time changes a runtime's packages."""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import errno
import os
import time

from .file_access import make_folder, persist, read_json_surely, remove, replace
from .outcome import JobFailed, words
from .state import HEARTBEAT_SECONDS, age

# A job that was not heard of for this long is dead; one that was heard of just now is alive.
DEAD_SECONDS = 60
ALIVE_SECONDS = 10
# A heartbeat that looks that old is looked at again before its job is taken for dead: the clocks of two instances may
# differ, and the file share may have stood still for both.
DOUBT_SECONDS = 4 * HEARTBEAT_SECONDS
# Beyond doubt.
FORGOTTEN_SECONDS = 3600


class RuntimeLock:
    """locks/<runtime>.lock: the id of the one job that may change this runtime's packages."""

    def __init__(self, data, runtime, job_id):
        self.path = os.path.join(data, "locks", runtime + ".lock")
        self.jobs = os.path.join(data, "jobs")
        self.runtime = runtime
        self.job_id = job_id
        make_folder(os.path.dirname(self.path))

    def acquire(self, log, state):
        """Take the lock; from a dead job with a word in the log. Raises JobFailed when a living job holds it.

        state: of this job; what its stop_if_canceled raises ends the waiting.
        """
        waiting, seen, since = False, None, None
        while not self.create():
            state.stop_if_canceled()
            owner = self.owner()
            if owner is None:
                continue
            silence, beat = self.silence(owner)
            if not owner and silence is not None and silence < DEAD_SECONDS:
                time.sleep(0.2)  # its owner is about to write its id
                continue
            if (owner, beat) != seen:
                seen, since = (owner, beat), time.time()
            if silence is not None and silence < ALIVE_SECONDS:
                raise JobFailed(
                    "job %s is changing the packages of %s at this moment." % (owner, self.runtime), blockedBy=owner
                )
            if (
                silence is None
                or silence > FORGOTTEN_SECONDS
                or (silence > DEAD_SECONDS and time.time() - since >= DOUBT_SECONDS)
            ):
                log.line("Job %s held %s and is over or dead; this job takes over." % (owner, self.runtime))
                self.take_from(owner)
                continue
            if not waiting:
                log.line(
                    "Waiting for job %s, which holds %s; nothing was heard of it for %d s."
                    % (owner, self.runtime, silence)
                )
            waiting = True
            state.pause(HEARTBEAT_SECONDS)

    def create(self):
        try:
            handle = persist(lambda: os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except OSError as error:
            # Windows: EACCES while a deleted file is still open somewhere.
            if error.errno not in (errno.EEXIST, errno.EACCES) or not os.path.exists(self.path):
                raise
            return False
        try:
            os.write(handle, self.job_id.encode("ascii"))
        except OSError as error:  # a full disk; an empty lock would keep others waiting
            os.close(handle)
            remove(self.path)
            raise JobFailed("%s cannot be written: %s" % (self.path, words(error)))
        os.close(handle)
        return True

    def owner(self):
        """The id in the lock; None when the lock is gone by now. A lock without one counts as held by ''."""
        try:
            with open(self.path, "rb") as stream:
                return stream.read().decode("ascii", "replace")
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def silence(self, owner):
        """(seconds since the owner's last heartbeat, what tells one heartbeat from the next).

        Seconds are None when it has ended. A state.json that cannot be read is judged by the time at which it was
        written, and a job that has none by the lock's.
        """
        path = os.path.join(self.jobs, os.path.basename(owner) or "-", "state.json")
        try:
            state = read_json_surely(path)
            seconds = age(state["heartbeatAt"])
            if state.get("state") != "running":
                return None, None
            if seconds is not None:
                return seconds, state["heartbeatAt"]
        except (IOError, OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        for each in (path, self.path):
            try:
                written = os.path.getmtime(each)
                return max(0, time.time() - written), written
            except OSError:
                continue
        return None, None

    def take_from(self, owner):
        """Move a dead job's lock aside; one that changed hands meanwhile is put back."""
        aside = "%s.%s" % (self.path, self.job_id)
        try:
            persist(lambda: os.rename(self.path, aside))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return
        with open(aside, "rb") as stream:
            found = stream.read().decode("ascii", "replace")
        if found == owner:
            remove(aside)
        else:
            replace(aside, self.path)

    def lost(self):
        """JobFailed when another job has the lock by now, which took this one for dead; else None.

        It did so because this process stood still for long, as a worker does that is suspended.
        """
        try:
            owner = self.owner()
        except (IOError, OSError):
            return None
        if not owner or owner == self.job_id:
            return None
        return JobFailed(
            "job %s took over, because nothing was heard of this one for too long." % owner, blockedBy=owner
        )

    def release(self):
        if self.owner() == self.job_id:
            remove(self.path)

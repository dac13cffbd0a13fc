# -*- coding: utf-8 -*-
"""The lock that lets only one job at a time change the packages of a runtime."""

# pylint: disable=consider-using-f-string,raise-missing-from
from __future__ import absolute_import, unicode_literals

import errno
import os
import time

from .errors import JobFailed, error_text
from .file_access import make_folder, read_json_with_retries, remove, replace, retry_while_locked
from .state import HEARTBEAT_SECONDS, age

# The lock of both environments, as azext_pythonapp/runtimes/environment.py names it.
ENVIRONMENTS = "environments"
# A job whose heartbeat is older than this is dead; one whose heartbeat is newer than that is alive.
DEAD_SECONDS = 60
ALIVE_SECONDS = 10
# An old heartbeat is watched for this time before its job counts as dead: the clocks of two instances may differ, and
# the file share may have been away for both.
DOUBT_SECONDS = 4 * HEARTBEAT_SECONDS
# Older than this it needs no watching.
FORGOTTEN_SECONDS = 3600


class RuntimeLock:
    """locks/<runtime>.lock: the id of the one job that may change the packages of the runtime."""

    def __init__(self, data, runtime, job_id):
        self.path = os.path.join(data, "locks", runtime + ".lock")
        self.jobs = os.path.join(data, "jobs")
        self.runtime = runtime
        self.job_id = job_id
        make_folder(os.path.dirname(self.path))

    def acquire(self, log, state):
        """Acquire the lock; taking it from a dead job is logged. Raises JobFailed when a running job holds it.

        state: the State of this job, whose raise_if_stopped can end the waiting.
        """
        waiting, seen, since = False, None, None
        while not self.create():
            state.raise_if_stopped()
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
                raise JobFailed("job %s is %s at this moment." % (owner, self.work()), blockedBy=owner)
            if (
                silence is None
                or silence > FORGOTTEN_SECONDS
                or (silence > DEAD_SECONDS and time.time() - since >= DOUBT_SECONDS)
            ):
                log.line("Job %s held the lock of %s and is over or dead; this job takes over." % (owner, self.runtime))
                self.take_from(owner)
                continue
            if not waiting:
                log.line(
                    "Waiting for job %s, which holds the lock of %s; its last heartbeat is %d s old."
                    % (owner, self.runtime, silence)
                )
            waiting = True
            state.pause(HEARTBEAT_SECONDS)

    def create(self):
        """Create the lock file. Returns False when there is one. Raises JobFailed on a full disk."""
        try:
            handle = retry_while_locked(lambda: os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except OSError as error:
            # Windows answers EACCES while a deleted file is still open in another process.
            if error.errno not in (errno.EEXIST, errno.EACCES) or not os.path.exists(self.path):
                raise
            return False
        try:
            os.write(handle, self.job_id.encode("ascii"))
        except OSError as error:  # a full disk; an empty lock file would make other jobs wait
            os.close(handle)
            remove(self.path)
            raise JobFailed("%s cannot be written: %s" % (self.path, error_text(error)))
        os.close(handle)
        return True

    def owner(self):
        """Return the id in the lock file; None when the file is gone, "" when it is empty."""
        try:
            with open(self.path, "rb") as stream:
                return stream.read().decode("ascii", "replace")
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def work(self):
        """Return what a job that holds the lock does, in words."""
        if self.runtime == ENVIRONMENTS:
            return "building an environment"
        return "changing the packages of %s" % self.runtime

    def silence(self, owner):
        """Return (seconds since the owner's last heartbeat, a value that differs from heartbeat to heartbeat).

        The seconds are None when the owner has ended. For a state.json that cannot be read the time of the file counts,
        and for a job that has none the time of the lock file.
        """
        path = os.path.join(self.jobs, os.path.basename(owner) or "-", "state.json")
        try:
            state = read_json_with_retries(path)
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
        """Delete the lock file of a dead job; when it is another job's by now, it is moved back."""
        aside = "%s.%s" % (self.path, self.job_id)
        try:
            retry_while_locked(lambda: os.rename(self.path, aside))
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
        """Return a JobFailed when another job has taken the lock because this one seemed dead; else None.

        That happens when this process did not run for a long time, because the worker was suspended.
        """
        try:
            owner = self.owner()
        except (IOError, OSError):
            return None
        if not owner or owner == self.job_id:
            return None
        return JobFailed("job %s took over, because the heartbeat of this one was too old." % owner, blockedBy=owner)

    def release(self):
        """Delete the lock file, if it is still this job's."""
        if self.owner() == self.job_id:
            remove(self.path)

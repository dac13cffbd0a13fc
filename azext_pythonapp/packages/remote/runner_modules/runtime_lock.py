# -*- coding: utf-8 -*-
"""The lock by which only one job at a time changes a runtime's packages."""
# pylint: disable=consider-using-f-string
from __future__ import unicode_literals

import errno
import os
import time

from file_access import make_folder, persist, read_json, remove, replace
from job_state import HEARTBEAT_SECONDS, age
from outcome import JobFailed

# A job that was not heard of for this long is dead; one that was heard of just now is alive.
DEAD_SECONDS = 60
ALIVE_SECONDS = 10


class RuntimeLock:
    """locks/<runtime>.lock: the id of the one job that may change this runtime's packages."""

    def __init__(self, data, runtime, job_id):
        self.path = os.path.join(data, 'locks', runtime + '.lock')
        self.jobs = os.path.join(data, 'jobs')
        self.runtime = runtime
        self.job_id = job_id
        make_folder(os.path.dirname(self.path))

    def acquire(self, log, on_wait):
        """Take the lock; from a dead job with a word in the log. Raises JobFailed when a living job holds it.

        on_wait: called while it is waited for; what it raises ends the waiting.
        """
        waiting = False
        while not self.create():
            on_wait()
            owner = self.owner()
            if owner is None:
                continue
            silence = self.silence(owner)
            if not owner and silence is not None and silence < DEAD_SECONDS:
                time.sleep(0.2)  # its owner is about to write its id
                continue
            if silence is None or silence > DEAD_SECONDS:
                log.line('Job %s held %s and is over or dead; this job takes over.' % (owner, self.runtime))
                self.take_from(owner)
            elif silence < ALIVE_SECONDS:
                raise JobFailed('job %s is changing the packages of %s at this moment.' % (owner, self.runtime),
                                blockedBy=owner)
            else:
                if not waiting:
                    log.line('Waiting for job %s, which holds %s; nothing was heard of it for %d s.'
                             % (owner, self.runtime, silence))
                waiting = True
                time.sleep(HEARTBEAT_SECONDS)

    def create(self):
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except OSError as error:
            # Windows: EACCES while a deleted file is still open somewhere.
            if error.errno not in (errno.EEXIST, errno.EACCES) or not os.path.exists(self.path):
                raise
            return False
        try:
            os.write(handle, self.job_id.encode('ascii'))
        finally:
            os.close(handle)
        return True

    def owner(self):
        """The id in the lock; None when the lock is gone by now. A lock without one counts as held by ''."""
        try:
            with open(self.path, 'rb') as stream:
                return stream.read().decode('ascii', 'replace')
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def silence(self, owner):
        """Seconds since the owner's last heartbeat; None when it has ended."""
        try:
            state = read_json(os.path.join(self.jobs, os.path.basename(owner) or '-', 'state.json'))
        except (IOError, OSError, ValueError):
            try:
                return max(0, time.time() - os.path.getmtime(self.path))
            except OSError:
                return None
        return age(state.get('heartbeatAt')) if state.get('state') == 'running' else None

    def take_from(self, owner):
        """Move a dead job's lock aside; one that changed hands meanwhile is put back."""
        aside = '%s.%s' % (self.path, self.job_id)
        try:
            persist(lambda: os.rename(self.path, aside))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return
        with open(aside, 'rb') as stream:
            found = stream.read().decode('ascii', 'replace')
        if found == owner:
            remove(aside)
        else:
            replace(aside, self.path)

    def release(self):
        if self.owner() == self.job_id:
            remove(self.path)

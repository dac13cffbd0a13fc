# -*- coding: utf-8 -*-
"""The file by which the next job, and a client that removes a runtime, see that its packages are being compiled."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import os
import time

from .errors import error_text, report
from .file_access import make_folder

# The content always has the length of a job's id, so that the file need not be shortened.
NOBODY = b" " * 20
# Where the byte is that is locked. Windows lets nobody read a locked byte, so it lies behind the content.
LOCKED_BYTE = 1 << 30
# The process looks before each module whether it must end.
END_SECONDS = 15
POLL_SECONDS = 0.1


class CompileMark:
    """compiling/<runtime>: the id of the job whose packages are being compiled, or blanks.

    The process at work holds a lock on the file, which the system releases when it ends, however it ends. So a process
    that was killed hinders nobody.
    """

    def __init__(self, data, runtime):
        self.path = os.path.join(data, "compiling", runtime)
        self.handle = None

    def take(self, job_id):
        """Lock the file and write the id into it. Returns False when another process has it."""
        make_folder(os.path.dirname(self.path))
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0))
        try:
            locked = lock(handle)
            if locked:
                write(handle, job_id.encode("ascii").ljust(len(NOBODY)))
                self.handle = handle
        finally:
            if self.handle is None:
                os.close(handle)
        return locked

    def release(self):
        """Write that nobody is at work, and unlock the file."""
        handle, self.handle = self.handle, None
        try:
            write(handle, NOBODY)
        except (IOError, OSError) as error:
            report("%s could not be written: %s" % (self.path, error_text(error)))
        unlock(handle)
        os.close(handle)

    def owner(self):
        """Return the id in the file; "" for none."""
        try:
            with open(self.path, "rb") as stream:
                return stream.read(len(NOBODY)).decode("ascii", "replace").strip()
        except (IOError, OSError):
            return ""

    def await_end(self, log, pause):
        """Wait until no process has the file: it ends because this job has the lock of the runtime.

        pause: waits for so many seconds; what it raises ends the waiting.
        """
        until = time.time() + END_SECONDS
        waiting = False
        while self.is_held():
            if time.time() >= until:
                log.line("Job %s is still compiling packages of this Python." % self.owner())
                return
            if not waiting:
                log.line("Waiting until job %s has stopped compiling packages." % self.owner())
            waiting = True
            pause(POLL_SECONDS)

    def is_held(self):
        """Return whether a process has the file."""
        try:
            handle = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except OSError:
            return False
        try:
            if not lock(handle):
                return True
            unlock(handle)
            return False
        finally:
            os.close(handle)


def write(handle, content):
    """Write the content from the start of the file on."""
    os.lseek(handle, 0, 0)
    os.write(handle, content)


def lock(handle):
    """Lock an open file for this process, without waiting. Returns whether nobody else has locked it."""
    try:
        if os.name == "nt":
            import msvcrt  # pylint: disable=import-error

            os.lseek(handle, LOCKED_BYTE, 0)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError):
        return False
    return True


def unlock(handle):
    """Unlock an open file; its end does that as well."""
    if os.name == "nt":
        import msvcrt  # pylint: disable=import-error

        os.lseek(handle, LOCKED_BYTE, 0)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

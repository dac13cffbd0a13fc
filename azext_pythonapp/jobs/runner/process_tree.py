# -*- coding: utf-8 -*-
"""A process and all that it starts, to be ended together."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import os
import subprocess

from .kudu_output import say
from .outcome import words

# winnt.h: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, and JobObjectExtendedLimitInformation.
KILL_ON_JOB_CLOSE = 0x2000
EXTENDED_LIMITS = 9


class ProcessTree:
    """Windows: a job object, to which child processes belong as well, and which ends them when its handle is closed.

    Its handle closes with this process, however that ends: a killed runner takes pip with it. Where there can be no
    job object (no ctypes, or a Windows that does not nest them) the process is ended with its children by taskkill, and
    run_pip.py sees the end of the runner. Elsewhere than on Windows it is the process alone.
    """

    def __init__(self, process):
        self.process = process
        self.kernel = None
        self.group = None
        if os.name == "nt":
            try:
                self.group = self.job_object()
            except Exception as error:  # pylint: disable=broad-exception-caught
                say("pip is in no job object: %s" % words(error))

    def job_object(self):
        """A job object with the process in it; None when Windows refuses."""
        import ctypes

        self.kernel = ctypes.windll.kernel32
        self.kernel.CreateJobObjectW.restype = ctypes.c_void_p
        group = ctypes.c_void_p(self.kernel.CreateJobObjectW(None, None))
        if not group:
            return None
        limits = extended_limits(ctypes)
        self.kernel.SetInformationJobObject(group, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        handle = ctypes.c_void_p(int(self.process._handle))  # pylint: disable=protected-access
        if not self.kernel.AssignProcessToJobObject(group, handle):
            self.kernel.CloseHandle(group)
            return None
        return group

    def kill(self):
        group = self.group
        if group is not None:
            self.kernel.TerminateJobObject(group, 1)
        elif self.process.poll() is None:
            try:
                if os.name != "nt" or not self.killed_by_taskkill():
                    self.process.kill()
            except OSError as error:
                say("pip could not be ended: %s" % words(error))

    def killed_by_taskkill(self):
        with open(os.devnull, "r+b") as nothing:
            try:
                return (
                    subprocess.call(
                        ["taskkill", "/F", "/T", "/PID", str(self.process.pid)],
                        stdin=nothing,
                        stdout=nothing,
                        stderr=nothing,
                    )
                    == 0
                )
            except OSError:
                return False

    def close(self):
        """End what the process has left running."""
        group, self.group = self.group, None
        if group is not None:
            self.kernel.CloseHandle(group)


def extended_limits(ctypes):
    """A JOBOBJECT_EXTENDED_LIMIT_INFORMATION that says: end all when the last handle is closed."""

    class Basic(ctypes.Structure):
        _fields_ = [
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", ctypes.c_uint32),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", ctypes.c_uint32),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", ctypes.c_uint32),
            ("SchedulingClass", ctypes.c_uint32),
        ]

    class Extended(ctypes.Structure):
        _fields_ = [
            ("BasicLimitInformation", Basic),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        ]

    limits = Extended()
    limits.BasicLimitInformation.LimitFlags = KILL_ON_JOB_CLOSE
    return limits

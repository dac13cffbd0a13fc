# -*- coding: utf-8 -*-
"""A process and its child processes, which are killed together."""

# pylint: disable=consider-using-f-string
from __future__ import absolute_import, unicode_literals

import os
import subprocess
import time

from .errors import error_text, report

# winnt.h: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, and JobObjectExtendedLimitInformation.
KILL_ON_JOB_CLOSE = 0x2000
EXTENDED_LIMITS = 9


class ProcessTree:
    """A process in a job object of Windows, which contains its child processes too.

    Windows kills all of them when the handle of the job object is closed, as it is when this process ends, even when
    it is killed. Without a job object (no ctypes, or a Windows that does not nest them) taskkill kills the process with
    its children, and run_pip.py notices the end of the runner. On other systems only the process itself is killed.
    """

    def __init__(self, process):
        self.process = process
        self.kernel = None
        self.group = None
        if os.name == "nt":
            try:
                self.group = self.job_object()
            except Exception as error:  # pylint: disable=broad-exception-caught
                report("pip could not be put into a job object: %s" % error_text(error))

    def job_object(self):
        """Return a job object with the process in it; None when Windows refuses."""
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

    def kill(self, ends_by_itself=False):
        """Kill the process and its children.

        ends_by_itself: whether it ends its child processes and itself when its standard input is closed (run_uv.py).
        """
        group = self.group
        if group is None and ends_by_itself:
            self.process.stdin.close()
            for _ in range(20):
                if self.process.poll() is not None:
                    return
                time.sleep(0.1)
        if group is not None:
            self.kernel.TerminateJobObject(group, 1)
        elif self.process.poll() is None:
            try:
                if os.name != "nt" or not self.killed_by_taskkill():
                    self.process.kill()
            except OSError as error:
                report("pip could not be killed: %s" % error_text(error))

    def killed_by_taskkill(self):
        """Kill the process and its children with taskkill. Returns whether that succeeded."""
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
        """Kill what the process has left running."""
        group, self.group = self.group, None
        if group is not None:
            self.kernel.CloseHandle(group)


def extended_limits(ctypes):
    """Return a JOBOBJECT_EXTENDED_LIMIT_INFORMATION: kill all processes when the last handle is closed."""

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

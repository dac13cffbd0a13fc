# -*- coding: utf-8 -*-
"""The process that calls uv: uv ends when the runner ends, as pip does (run_pip.py)."""

# pylint: disable=consider-using-with
from __future__ import absolute_import, print_function

import os
import subprocess
import sys
import threading


def run_uv():
    """Run the program that the arguments of this process begin with. Returns its exit code.

    The original standard input is a pipe whose other end only the runner has open; when it closes, uv is killed. uv
    itself gets an empty one. Its output is that of this process.
    """
    pipe = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        process = subprocess.Popen(sys.argv[1:], stdin=nothing)
    watcher = threading.Thread(target=kill_with, args=(pipe, process), name="parent-watch")
    watcher.daemon = True
    watcher.start()
    return own_code(process.wait())


def own_code(code):
    """Return an exit code as this process can end with it, so that the runner sees the same.

    sys.exit() takes a C int, and Windows' codes of crashes are larger. Elsewhere, a signal that ended the process is a
    negative code: this process ends by the same one.
    """
    if code < 0:
        os.kill(os.getpid(), -code)
    return code - (1 << 32) if code >= 1 << 31 else code


def kill_with(pipe, process):
    """Kill a process, and end this one, when a pipe is closed."""
    try:
        while os.read(pipe, 1):
            pass
    except (IOError, OSError):
        return
    try:
        process.kill()
    except OSError:
        pass  # it has ended
    os._exit(1)  # pylint: disable=protected-access

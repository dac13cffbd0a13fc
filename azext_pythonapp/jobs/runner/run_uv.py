# -*- coding: utf-8 -*-
"""The process that calls uv, once or several times: uv ends when the runner ends, as pip does (run_pip.py).

All calls of a job share this process, because on a busy worker each start of a Python takes longer than uv itself.
"""

# pylint: disable=consider-using-f-string,consider-using-with
from __future__ import absolute_import, print_function

import os
import subprocess
import sys
import threading

from .run_pip import same_folder
from .site_packages import remove_empty_dist_info
from .target import environment_target

# What a call is, and what this process says of it, behind the mark: one that is tried, and makes the others needless
# when it succeeds; uv's check, whose output is nobody's; and that this Python is another one than was meant.
TRY, CALL, CHECK, REFUSED = "try", "call", "check", "refused"
# In place of a folder, where it does not matter.
ANY = "-"


def run_uv():
    """Run the programs that the arguments of this process name, until one fails. Returns the exit code of the last.

    The arguments: a mark, which begins the lines that this process prints itself; the folder that this Python has to
    be in, as sys.prefix says it, else uv would change another one; then for each program the mark, TRY, CALL or CHECK,
    and its command line.

    The original standard input is a pipe whose other end only the runner has open; when it closes, uv is killed. uv
    itself gets an empty one. Its output is that of this process.
    """
    mark, prefix = sys.argv[1:3]
    if prefix != ANY and not same_folder(sys.prefix, prefix):
        print(mark, REFUSED, "%s is a Python of %s, not of %s" % (sys.executable, sys.prefix, prefix))
        return 1
    running = []
    watcher = threading.Thread(target=kill_with, args=(os.dup(0), running), name="parent-watch")
    watcher.daemon = True
    watcher.start()
    code = 0
    with open(os.devnull, "r+b") as nothing:
        for kind, command in split(sys.argv[3:], mark):
            print(mark, kind)
            sys.stdout.flush()
            if kind == CHECK:  # uv takes a folder that it has emptied itself for a second installation of the package
                remove_empty_dist_info(environment_target(prefix).packages)
            output = nothing if kind == CHECK else None
            process = subprocess.Popen(command, stdin=nothing, stdout=output, stderr=output)
            running[:] = [process]
            code = process.wait()
            if bool(code) != (kind == TRY):
                break
    return own_code(code)


def split(words, mark):
    """Return [(kind, command line)] of words in which the mark begins each."""
    found = []
    for word in words:
        if word == mark:
            found.append([])
        else:
            found[-1].append(word)
    return [(each[0], each[1:]) for each in found]


def own_code(code):
    """Return an exit code as this process can end with it, so that the runner sees the same.

    sys.exit() takes a C int, and Windows' codes of crashes are larger. Elsewhere, a signal that ended the process is a
    negative code: this process ends by the same one.
    """
    if code < 0:
        os.kill(os.getpid(), -code)
    return code - (1 << 32) if code >= 1 << 31 else code


def kill_with(pipe, running):
    """Kill the process that runs, and end this one, when a pipe is closed."""
    try:
        while os.read(pipe, 1):
            pass
    except (IOError, OSError):
        return
    for process in running:
        try:
            process.kill()
        except OSError:
            pass  # it has ended
    os._exit(1)  # pylint: disable=protected-access

# -*- coding: utf-8 -*-
"""Runs run_pip.py in a process that ends when the runner has gone, however that ended.

Standard input is a pipe whose other end only the runner holds. Two jobs may change the packages of one runtime
otherwise: the pip of a runner that was killed alone would go on, without its lock.
"""

import os
import runpy
import sys
import threading


def watch_parent():
    """Keep the pipe, give everything else an empty standard input, and end this process when the pipe is closed."""
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    watcher = threading.Thread(target=end_with, args=(pipe,), name="parent-watch")
    watcher.daemon = True
    watcher.start()


def end_with(pipe):
    try:
        while os.read(pipe, 1):
            pass
    except (IOError, OSError):
        return
    os._exit(1)  # pylint: disable=protected-access


if __name__ == "__main__":
    watch_parent()
    sys.argv[0] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run_pip.py")
    runpy.run_path(sys.argv[0], run_name="__main__")

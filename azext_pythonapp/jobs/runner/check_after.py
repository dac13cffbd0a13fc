# -*- coding: utf-8 -*-
"""`pip check` in the process of a pip that has just changed packages: it need not be started and imported again.

It tells only that all is well: it ends as in a process of its own as long as that would import the same pip, and look
for packages in the same folders. Where that is not certain, or it finds a problem, the runner asks a new process
(pip_process.py).

Part of pip's process (run_pip.py): it imports no other module of the package.
"""

from __future__ import absolute_import

import importlib
import os
import runpy
import sys

# Where pip has noted the packages in the folders of sys.path since it was imported. With Python 3.11 and pip 22.2 or
# newer it asks importlib.metadata instead.
NOTED = "pip._vendor.pkg_resources"


class CheckAfter:
    """The check behind the call of pip in this process. mark: the line that is printed before it; None for no check."""

    def __init__(self, mark):
        self.mark = mark
        self.before = start_of_python() if mark else None

    def run(self):
        """Print the mark, and run `pip check`, which ends this process; return where that needs a new process."""
        if self.before is None or start_of_python() != self.before:
            return
        sys.stdout.write(self.mark + "\n")
        sys.stdout.flush()
        look_again()
        sys.argv[1:] = ["check"]
        runpy.run_module("pip", run_name="__main__", alter_sys=True)


def start_of_python():
    """Return what decides which pip a new process imports, and in which folders it looks; None where that is unknown.

    That is pip itself, and the .pth files, which name further folders for sys.path.
    """
    found = []
    try:
        for folder in sys.path:
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
                path = os.path.join(folder, name)
                if name.lower().endswith(".pth"):
                    with open(path, "rb") as stream:
                        found.append((path, stream.read()))
                elif name.lower() == "pip" or name.lower().startswith("pip-"):
                    found.append((path, [times(path, each) for each in ("__init__.py", "RECORD", "PKG-INFO")]))
    except Exception:  # pylint: disable=broad-exception-caught  # pip has succeeded, whatever happens here
        return None
    return found


def times(*parts):
    """Return when a file was written and made, and its size; None for no file."""
    path = os.path.join(*parts)
    if not os.path.exists(path):
        return None
    status = os.stat(path)
    return (status.st_mtime, status.st_ctime, status.st_size)


def look_again():
    """Have pip look anew at what is installed, as in a new process.

    importlib.metadata keeps the listing of a folder for as long as the folder's time is the same, which may be too
    coarse to tell; pkg_resources looks once.
    """
    getattr(importlib, "invalidate_caches", int)()  # Python 2 has no such caches
    listed = sys.modules.get("importlib.metadata")
    if listed is not None:  # only a newer Python than 3.12 has done so by now
        listed.MetadataPathFinder().invalidate_caches()
    noted = sys.modules.get(NOTED)
    if noted is not None:
        noted.working_set.__init__()  # pylint: disable=unnecessary-dunder-call  # others hold it

# -*- coding: utf-8 -*-
"""Start a process of the job, with the Python of the runtime.

    "<python.exe>" -u -B -E -s runner/__main__.py         by Kudu, in the job's folder: the job itself (job.py)
    "<python.exe>" -u -B -E -s runner/__main__.py compile by Kudu, after the job (late_compile.py)
    "<python.exe>" -s -u <path of this file> pip <arguments>          by the job: pip (run_pip.py)
    "<python.exe>" -s -u <path of this file> pip-of <site-packages> <folder> <arguments>
                                                  by the job: the pip of a runtime, in an environment (run_pip.py)
        both also with "then-check <mark>" before pip's arguments: `pip check` runs behind pip (check_after.py)
    "<python.exe>" -s -u <path of this file> uv <mark> <folder> <calls> by the job: uv (run_uv.py)

All name this file, not the package: a Python with a ._pth file does not search the working directory for modules.
"""

import os
import sys


def main():
    """Import the package of this folder, and run the job, its last phase or pip. Returns the exit code."""
    folder = os.path.dirname(os.path.abspath(__file__))
    # Python has put this folder on sys.path, unless there is a ._pth file. The modules in it must not shadow others.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != folder]
    # The folder above holds files of the user, so it is not put on sys.path to import the package.
    sys.modules["runner"] = runner = type(sys)("runner")
    runner.__path__ = [folder]
    import importlib

    if sys.argv[1:2] == ["pip"]:
        del sys.argv[1]
        return importlib.import_module("runner.run_pip").run_pip(taken_mark())
    if sys.argv[1:2] == ["pip-of"]:
        packages, prefix = sys.argv[2:4]
        del sys.argv[1:4]
        return importlib.import_module("runner.run_pip").run_pip_of(packages, prefix, taken_mark())
    if sys.argv[1:2] == ["uv"]:
        del sys.argv[1]
        return importlib.import_module("runner.run_uv").run_uv()
    if sys.argv[1:2] == ["compile"]:
        return importlib.import_module("runner.late_compile").compile_late(os.path.dirname(folder))
    return importlib.import_module("runner.job").run_job(os.path.dirname(folder))


def taken_mark():
    """Take "then-check <mark>" from the arguments; return the mark, None without it."""
    if sys.argv[1:2] != ["then-check"]:
        return None
    mark = sys.argv[2]
    del sys.argv[1:3]
    return mark


if __name__ == "__main__":
    sys.exit(main())

# -*- coding: utf-8 -*-
"""Start the job, or its pip, with the Python of the runtime.

    "<python.exe>" -u -B -E -s runner/__main__.py                Kudu, in the job's folder: the job (job.py)
    "<python.exe>" -s -u <job>\\runner\\__main__.py pip <arguments>   the job: pip's own process (run_pip.py)

Kudu is given a path because a Python with a ._pth file does not look for modules in the working directory.
"""

import os
import sys


def main():
    """Run what the arguments name, in the package of this folder. Returns the exit code."""
    package = os.path.dirname(os.path.abspath(__file__))
    # Python has put this folder first, except with a ._pth file: no module in it may hide one of a library.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != package]
    # Nor may a file of the user's in the job's folder: the package is found without that being on the path.
    sys.modules["runner"] = runner = type(sys)("runner")
    runner.__path__ = [package]
    import importlib

    if sys.argv[1:2] == ["pip"]:
        del sys.argv[1]
        return importlib.import_module("runner.run_pip").run_pip()
    return importlib.import_module("runner.job").run_job(os.path.dirname(package))


if __name__ == "__main__":
    sys.exit(main())

# -*- coding: utf-8 -*-
"""What Kudu starts for a job, as `"<python.exe>" -u -B -E -s runner.py` in the job's folder.

All else is in runner_modules: job_run.py says what a job is.
"""

import os
import sys


def main():
    """Run the job of this folder; returns the exit code."""
    here = os.path.dirname(os.path.abspath(__file__))
    # In the place of the job's folder, whose other files are the user's: none of them may be taken for a module.
    sys.path[0] = os.path.join(here, "runner_modules")
    # Kudu was asked twice, or a client has given the job up meanwhile and said that it failed: which stays true.
    if os.path.exists(os.path.join(here, "state.json")):
        from kudu_output import say  # pylint: disable=import-outside-toplevel

        say("This job has begun already, or was given up.")
        return 1
    from job_run import Job  # pylint: disable=import-outside-toplevel

    return Job(here).run()


if __name__ == "__main__":
    sys.exit(main())

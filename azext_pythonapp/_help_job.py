"""Help texts of `az webapp python job`."""

from knack.help_files import helps

helps["webapp python job"] = """
type: group
short-summary: Follow and cancel jobs on the worker.
"""

helps["webapp python job show"] = """
type: command
short-summary: Show a job.
examples:
  - name: Show the newest job.
    text: az webapp python job show -g MyGroup -n MyApp
"""

helps["webapp python job wait"] = """
type: command
short-summary: Follow a job until it ends.
long-summary: >-
    Prints the log from its beginning. Then any pending start or restart of the app is performed: an app that was
    stopped for the job is started, and one whose packages changed is restarted, unless it runs another Python. A
    switch of set-version is not made: the last lines say so, with the command. Fails when the job failed, was
    canceled or lost.
examples:
  - name: Wait for the newest job.
    text: az webapp python job wait -g MyGroup -n MyApp
  - name: Wait at most ten minutes for a job.
    text: az webapp python job wait -g MyGroup -n MyApp --job-id 20261122-115930-4f2a --timeout 600
"""

helps["webapp python job list"] = """
type: command
short-summary: List the jobs of an app, newest first.
long-summary: >-
    The newest 20 that have ended are kept, and the last successful one of each runtime. Times are UTC.
examples:
  - name: List the jobs.
    text: az webapp python job list -g MyGroup -n MyApp -o table
"""

helps["webapp python job log"] = """
type: command
short-summary: Print the log of a job.
long-summary: >-
    The lines go to standard output unchanged. Exits with 0 whatever the outcome of the job; use `job wait` to check
    it.
examples:
  - name: Print the log of the newest job.
    text: az webapp python job log -g MyGroup -n MyApp
  - name: Print the log as it grows, until the job ends.
    text: az webapp python job log -g MyGroup -n MyApp --follow
"""

helps["webapp python job cancel"] = """
type: command
short-summary: Cancel a running job.
long-summary: >-
    Ends pip and every process that it started, on whichever instance of the app it runs; packages that it has already
    changed stay changed. A job that has ended otherwise, or is lost, cannot be canceled.
examples:
  - name: Cancel the newest job.
    text: az webapp python job cancel -g MyGroup -n MyApp
"""

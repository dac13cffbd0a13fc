"""Help of the history commands."""

from knack.help_files import helps

helps["webapp python history"] = """
type: group
short-summary: Show what was done to an app, by whom, and how to undo it.
"""

helps["webapp python history list"] = """
type: command
short-summary: List the changes of an app, newest first.
long-summary: >-
    Each command that changes an app leaves a record on it, in `%HOME%\\data\\pythonapp\\history`; the last 50 are kept.
    Times are UTC, by the worker's clock. A change that is `unfinished` was interrupted, or is being made just now:
    then `inProgress` is true. One that is `undone` was undone by a later one. A swap of slots takes the records along
    with the files.
examples:
  - name: List what was done to an app.
    text: az webapp python history list -g MyGroup -n MyApp -o table
  - name: Print the id of the newest change.
    text: az webapp python history list -g MyGroup -n MyApp --top 1 --query "[].changeId" -o tsv
"""

helps["webapp python history show"] = """
type: command
short-summary: Show a change, what undoing it brings back, and the command that does it.
long-summary: >-
    `restores` lists what was there before: files with their differences, the runtime, the packages. Values in
    web.config that look like secrets are masked. Nothing on the app is compared with it.
examples:
  - name: Show the newest change.
    text: az webapp python history show -g MyGroup -n MyApp
  - name: Show a change with the difference of web.config.
    text: az webapp python history show -g MyGroup -n MyApp --change-id 20261122-115930-4f2a -o table
  - name: Print the command that undoes a change.
    text: az webapp python history show -g MyGroup -n MyApp --change-id 20261122-115930-4f2a --query undoCommand -o tsv
"""

helps["webapp python rollback"] = """
type: command
short-summary: Undo a recorded change of an app.
long-summary: >-
    What the change touched becomes what it was before: web.config byte for byte, other files, the packages of a Python
    in the versions and from the indexes of then, and a Python that was uninstalled. A Python that the command `install`
    put on the app is uninstalled; one that set-version installed stays. The rollback is recorded itself, so it can be
    undone too: undoing a rollback makes the change again.

    An app that runs an environment goes back to the one that it ran before, by one write of web.config and without a
    restart. Where that is not there any more as it was, it is built again, of the exact versions of then.

    It is checked as by set-version: the entry point must import, and the page must answer as well as it does now, on
    every instance. When it does not, everything is put back as it was. An environment that is as it was is not imported
    once more; the page decides.

    When somebody changed the same files or packages since, nothing is undone: the three states are shown. --force
    undoes the change all the same.

    The default is the newest change that did not fail and was not undone. A change that was interrupted is undone as
    well; a job of it that is still running is waited for.
examples:
  - name: Undo the newest change.
    text: az webapp python rollback -g MyGroup -n MyApp --yes
  - name: See what would change.
    text: az webapp python rollback -g MyGroup -n MyApp --dry-run
  - name: Undo a certain change of a deployment slot.
    text: az webapp python rollback -g MyGroup -n MyApp -s staging --change-id 20261126-155443-57bd --yes
"""

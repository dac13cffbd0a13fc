"""Help text of `az webapp python doctor`."""

from knack.help_files import helps

helps["webapp python doctor"] = """
type: command
short-summary: Check an app, and show for each fault the evidence and the command that fixes it.
long-summary: >-
    Looks at the SCM site, the app's settings, its Pythons, web.config, packages and records. Each check is `pass`,
    `warn`, `fail` or `skipped`, which means that nobody could look. `fix` is the command to paste. What each check means,
    and where that is written, is in docs/doctor.md of the extension's repository.


    The exit code is 1 when a check fails; the answer is printed all the same. Nothing is changed without --fix.
examples:
  - name: See what is wrong with an app.
    text: az webapp python doctor -g my-group -n my-app --output table
  - name: Run two checks only.
    text: az webapp python doctor -g my-group -n my-app --check scm-access worker-bitness
  - name: See what --fix would change.
    text: az webapp python doctor -g my-group -n my-app --fix --dry-run
  - name: Fix what needs no decision, without being asked.
    text: az webapp python doctor -g my-group -n my-app --fix --yes
"""

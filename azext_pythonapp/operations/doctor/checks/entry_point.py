"""The app's own code: the one check that runs it."""

from __future__ import annotations

from dataclasses import replace

from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.operations.app import findings
from azext_pythonapp.operations.app.import_check import check_import, import_target
from azext_pythonapp.operations.doctor.check import Fix, Result, check, failed, passed, skipped
from azext_pythonapp.operations.doctor.checks.server_log import shown_error
from azext_pythonapp.operations.doctor.checks.web_config import wsgi_handler
from azext_pythonapp.operations.doctor.sight import Sight, first_command


@check("entry-point", "The Python can import the app's entry point")
def entry_point(sight: Sight) -> Result:
    """As `set-version` does before it switches: on the worker, in a process of its own, as the handler would."""
    current, content = sight.current, sight.web_config
    if sight.handler is None or content is None:
        return passed("web.config starts no Python.")
    if current is None or not current.answered:
        return skipped("The Python that web.config starts did not answer.")
    target = import_target(content, lambda: sight.settings)
    if target is None:
        return passed("web.config starts a program or script that cannot be imported without running it.")
    # What the check writes ends no memory of the observation.
    app = replace(sight.app, kudu=sight.app.kudu.apart())
    found = check_import(app, current.python_path, target, content, True)
    if found.error is None:
        return passed(f"Python {found.python_version} imports {target.spec}.")
    said = f"Python {found.python_version} cannot import {target.spec}: {shown_error(found.error)}."
    named = _named(sight)
    if named.status == "fail" and named.fix is not None:
        return failed(said, named.fix)
    command = first_command(findings.what_to_correct(sight.site, found.error, target.spec)) or ""
    fix = Fix(command) if command and "MODULE:OBJECT" not in command else None
    return failed(said, fix)


def _named(sight: Sight) -> Result:
    try:
        return wsgi_handler(sight)
    except PythonAppError as error:  # what the import said is known all the same
        return skipped(error.message)

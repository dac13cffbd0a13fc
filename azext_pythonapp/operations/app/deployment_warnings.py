"""What in an app's files works against packages that were installed into its runtime."""

from __future__ import annotations

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.kudu import Entry
from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.wwwroot import WWWROOT, web_root

ENVIRONMENTS = ("env", "venv", ".venv")
# A virtual environment has one of these; a folder that merely has such a name has none.
_MARKS = ("pyvenv.cfg", "scripts")
OPT_OUT = ".skippythondeployment"


def warn_of_deployment(app: App, python_path: str) -> None:
    """Say to the person what will not work as they may expect: two requests, one more per folder with such a name.

    python_path: the Python that packages are installed into.
    """
    for warning in deployment_warnings(app, python_path):
        app.progress.say(f"Warning: {warning}")


def deployment_warnings(app: App, python_path: str) -> list[str]:
    """One sentence or two for each thing: why, and what to do."""
    names = {entry.name.lower(): entry for entry in _entries(app, WWWROOT)}
    root = web_root(app)
    served = names if root.lower() == WWWROOT else {entry.name.lower(): entry for entry in _entries(app, root)}
    warnings = [
        f"{root.replace('/', chr(92))} of {app.site.label} holds a virtual environment, "
        f"'{served[name].name}'. IIS starts {python_path}, which does not look there. Delete that folder, and "
        "leave it out when you deploy."
        for name in ENVIRONMENTS
        if name in served and served[name].is_directory and _is_environment(app, f"{root}/{served[name].name}")
    ]
    if "requirements.txt" in names and OPT_OUT not in names and _is_built_from_source(app):
        warnings.append(
            f"The next deployment of {app.site.label} from its repository runs App Service's old script "
            "for Python, because there is a requirements.txt and no .skipPythonDeployment: it makes an env "
            "with a built-in Python and replaces web.config. Commit an empty file .skipPythonDeployment "
            "beside requirements.txt."
        )
    return warnings


def _is_environment(app: App, folder: str) -> bool:
    return any(entry.name.lower() in _MARKS for entry in _entries(app, folder))


def _is_built_from_source(app: App) -> bool:
    """Whether the app has been deployed from a repository, as only such a deployment runs the script."""
    return any(entry.name.lower() == "repository" and entry.is_directory for entry in _entries(app, "site"))


def _entries(app: App, folder: str) -> list[Entry]:
    try:
        return app.kudu.list_directory(folder)
    except NotFound:
        return []

"""The packages among which a web server is looked for: what requirements.txt asks for, and what the Python has."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Iterator

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.pip_run import present_packages
from azext_pythonapp.packages.requirements import Requirement, TargetEnvironment
from azext_pythonapp.runtimes.location import worker_path


def asked_packages(requirements: Iterable[Requirement], environment: TargetEnvironment | None) -> list[str]:
    """What requirements ask for, as choose_server takes it: "uvicorn[standard]>=0.20".

    environment: the Python for which markers are judged; None where it is not known, and all are taken.
    """
    return [
        f"{each.name}{'[' + ','.join(each.extras) + ']' if each.extras else ''}{each.specifier}"
        for each in requirements
        if each.name and (environment is None or each.applies(environment))
    ]


def installed_packages(app: App, python_path: str) -> Iterator[str]:
    """What a Python of the app has, as "name==version"; nothing for one outside the home directory, or not there yet.

    It is looked up when the first is taken.
    """
    home = app.kudu.home()
    folder = ntpath.dirname(worker_path(python_path, home))
    if ntpath.basename(folder).lower() == "scripts":
        folder = ntpath.dirname(folder)
    if folder.lower().startswith(home.lower() + "\\"):
        for name, version in present_packages(app, folder[len(home) + 1 :].replace("\\", "/")).items():
            yield f"{name}=={version}" if version else name

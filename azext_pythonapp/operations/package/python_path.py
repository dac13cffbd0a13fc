"""The packages in the folders that PYTHONPATH names, such as those of `package vendor`: an app imports them too."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import dataclass

from azext_pythonapp.errors import NotFound
from azext_pythonapp.operations.app.observe import Observation
from azext_pythonapp.operations.app.settings import known_settings
from azext_pythonapp.packages.installed import every_version
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.windows import worker_path

VARIABLE = "PYTHONPATH"
_DEPLOYED = "%HOME%\\site\\wwwroot"


@dataclass(frozen=True)
class Place:
    """A folder of PYTHONPATH. packages: name and version of what is there; None where it cannot be looked at."""

    path: str
    packages: list[tuple[str, str]] | None


def places(seen: Observation) -> list[Place]:
    """Return the folders of PYTHONPATH that have packages, or cannot be looked at, in the order of the variable.

    One request for the app settings, and one for each folder. Where the caller's role may not read the settings, a
    message says so. What web.config sets is an environment variable under HttpPlatform, and replaces the app setting;
    wfastcgi appends it (docs/platform/site-extensions.md 3.3).
    """
    handler, home = seen.handler, REGISTERED_HOME
    own = _value(handler.environment) if handler is not None else None
    replaced = own is not None and handler is not None and handler.kind == "httpPlatform"
    setting = None if replaced else _value(known_settings(seen.app) or {})
    found: dict[str, Place] = {}
    for part in ";".join(filter(None, (own, setting))).split(";"):
        plain = part.strip().strip('"').strip()
        if not plain or plain.lower().endswith((".zip", ".whl", ".egg")):
            continue
        relative = not ntpath.isabs(plain) and not plain.startswith("%")
        path = worker_path(ntpath.join(_DEPLOYED, plain) if relative else plain, home)
        if not _is_below(path, home):
            home = seen.app.kudu.home()
            path = worker_path(path, home)
        if path.lower() not in found:
            found[path.lower()] = Place(path, _packages(seen, path, home))
    return [each for each in found.values() if each.packages != []]


def _packages(seen: Observation, path: str, home: str) -> list[tuple[str, str]] | None:
    if not _is_below(path, home):
        return None
    try:
        entries = seen.app.kudu.list_directory(path[len(home.rstrip("\\")) + 1 :].replace("\\", "/"))
    except NotFound:
        return []
    return every_version(entry.name for entry in entries)


def _is_below(path: str, home: str) -> bool:
    return path.lower().startswith(home.rstrip("\\").lower() + "\\")


def _value(variables: Mapping[str, str]) -> str | None:
    """Return the value of PYTHONPATH; Windows ignores the case of names."""
    return next((value for name, value in variables.items() if name.upper() == VARIABLE), None)

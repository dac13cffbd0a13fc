"""Choose the web server that HttpPlatformHandler starts, and build its arguments.

HttpPlatformHandler passes the port in %HTTP_PLATFORM_PORT% and connects by IPv4 on the local host
(docs/platform/site-extensions.md 2.3, 2.4). Gunicorn, uWSGI and similar servers need Unix. App Service's front end
terminates TLS and passes the caller's scheme and address in X-Forwarded-Proto and X-Forwarded-For; a server that does
not trust them from the local proxy reports every request as http.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from azext_pythonapp.entrypoints.application import TITLES, EntryPoint
from azext_pythonapp.entrypoints.served import served
from azext_pythonapp.errors import InvalidInput, Refused
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.words import quoted

PORT = "%HTTP_PLATFORM_PORT%"

_FOR_WSGI = ("waitress", "hypercorn")
_FOR_ASGI = ("uvicorn", "hypercorn", "daphne")
_UNIX_ONLY = ("gunicorn", "uwsgi", "mod-wsgi", "meinheld", "bjoern")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*\(?([^;#@)]*)")
# Packages that depend on a server, by name or by name and extra, according to their metadata.
_BRINGS = {
    "quart": "hypercorn",
    "nicegui": "uvicorn",
    "chainlit": "uvicorn",
    "gradio": "uvicorn",
    "mlflow": "waitress",
    "uvicorn-worker": "uvicorn",
    "fastapi[standard]": "uvicorn",
    "fastapi[all]": "uvicorn",
    "fastapi[standard-no-fastapi-cloud-cli]": "uvicorn",
    "fastapi-cli[standard]": "uvicorn",
    "fastapi-cli[standard-no-fastapi-cloud-cli]": "uvicorn",
    "litestar[standard]": "uvicorn",
    "connexion[uvicorn]": "uvicorn",
    "channels[daphne]": "daphne",
}
# waitress has --trusted-proxy-headers since 1.2.0; before, --trusted-proxy alone made it trust X-Forwarded-Proto (its
# adjustments.py). All later versions, and one that is higher than any.
_WAITRESS_HEADERS = Version("1.2")
_NEWER_WAITRESS = (
    "1.2.0",
    "1.2.1",
    "1.3.0",
    "1.3.1",
    "1.4.0",
    "1.4.1",
    "1.4.2",
    "1.4.3",
    "1.4.4",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "2.1.2",
    "3.0.0",
    "3.0.1",
    "3.0.2",
    "99",
)
_TRUSTED = '--trusted-proxy=127.0.0.1 --trusted-proxy-headers="x-forwarded-proto x-forwarded-for"'
_OLD_TRUSTED = "--trusted-proxy=127.0.0.1"


def choose_server(entry: EntryPoint, packages: Iterable[str]) -> str:
    """Return the best server among packages that can run entry.

    packages: requirements as in requirements.txt ("fastapi[standard]>=0.110" includes uvicorn), and installed ones as
    "name==version".
    Raises Refused, with the line to add to requirements.txt, when there is none.
    """
    present = _present(packages)
    fitting = _fitting(entry)
    for server in fitting:
        if server in present:
            return server
    unusable = sorted(present & set(_UNIX_ONLY))
    hint = f" ({', '.join(unusable)} needs Unix)" if unusable else ""
    if "waitress" in present and not entry.is_asgi and entry.object is not None:
        hint = f" (waitress cannot load '{entry.module}', which is not a Python identifier)"
    kind = (
        "Streamlit itself"
        if entry.framework == "streamlit"
        else f"a server for {'ASGI' if entry.is_asgi else 'WSGI'} applications"
    )
    raise Refused(
        f"{entry.spec} ({TITLES[entry.framework]}) needs {kind}, and neither requirements.txt nor this "
        f"Python has one{hint}.",
        f"Add the line {fitting[0]!r} to requirements.txt and run the command again.",
    )


def startup_arguments(entry: EntryPoint, server: str, packages: Iterable[str] = ()) -> str:
    """Return the arguments of python.exe for <httpPlatform arguments="…"> that serve entry with server.

    packages: as for choose_server; an old waitress needs other options.
    Raises InvalidInput for a server that is unknown or cannot run entry.
    """
    if server not in _fitting(entry):
        raise InvalidInput(
            f"{server} cannot serve {entry.spec} ({TITLES[entry.framework]}).",
            f"Use one of: {', '.join(_fitting(entry))}.",
        )
    if server == "streamlit":
        return (
            f"-m streamlit run {quoted(entry.file)} --server.port {PORT} --server.address 127.0.0.1 "
            "--server.headless true"
        )
    target = quoted(f"{entry.module}:{(entry.object or '').removesuffix('()')}")
    if server == "waitress":
        trusted = _OLD_TRUSTED if _waitress_is_old(packages) else _TRUSTED
        return f"-m waitress --listen=127.0.0.1:{PORT} {trusted} {'--call ' if entry.is_factory else ''}{target}"
    if server == "uvicorn":
        # It trusts the headers of 127.0.0.1 by default (its documentation, "Settings", --proxy-headers).
        return f"-m uvicorn {target} {'--factory ' if entry.is_factory else ''}--host 127.0.0.1 --port {PORT}"
    if server == "daphne":
        return f"-m daphne -b 127.0.0.1 -p {PORT} --proxy-headers {target}"
    # Hypercorn has no such option; the app must wrap itself in hypercorn.middleware.ProxyFixMiddleware.
    return f"-m hypercorn --bind 127.0.0.1:{PORT} " + quoted(f"{'asgi' if entry.is_asgi else 'wsgi'}:{entry.spec}")


def served_entry_point(arguments: str | None, process_path: str = "python.exe") -> str | None:
    """Return the entry point that arguments serve ("main:app", "app.py" for Streamlit); None when they do not say.

    process_path: the program that gets the arguments.
    """
    found = served(understand(process_path, arguments))
    return found.spec if found else None


def _fitting(entry: EntryPoint) -> tuple[str, ...]:
    if entry.framework == "streamlit":
        return ("streamlit",)
    if entry.is_asgi:
        return tuple(server for server in _FOR_ASGI if not (entry.is_factory and server == "daphne"))
    # Waitress accepts only Python identifiers (its runner.py); hypercorn imports any name.
    plain = all(part.isidentifier() for part in entry.module.split("."))
    return _FOR_WSGI if plain else ("hypercorn",)


def _present(packages: Iterable[str]) -> set[str]:
    present = set()
    for match in map(_REQUIREMENT.match, packages):
        if match is None:
            continue
        name = _canonical(match.group(1))
        present.add(name)
        keys = [name, *(f"{name}[{_canonical(extra.strip())}]" for extra in (match.group(2) or "").split(","))]
        present.update(_BRINGS[key] for key in keys if key in _BRINGS)
    return present


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _waitress_is_old(packages: Iterable[str]) -> bool:
    """Return whether the waitress among packages, or the one that they allow, is older than its proxy options.

    An installed version takes precedence over requirements: pip keeps it where it satisfies them.
    """
    for match in map(_REQUIREMENT.match, packages):
        if match is None or _canonical(match.group(1)) != "waitress" or not match.group(3).strip():
            continue
        try:
            allowed = SpecifierSet(match.group(3).strip())
        except InvalidSpecifier:
            continue
        pinned = [clause.version for clause in allowed if clause.operator == "=="]
        if not any(allowed.contains(version) for version in _NEWER_WAITRESS) and not any(map(_new_enough, pinned)):
            return True
    return False


def _new_enough(version: str) -> bool:
    try:
        return Version(version.removesuffix(".*")) >= _WAITRESS_HEADERS
    except InvalidVersion:
        return True

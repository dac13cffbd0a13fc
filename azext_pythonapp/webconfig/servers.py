"""The web server that HttpPlatformHandler starts: which one fits, and its arguments.

HttpPlatformHandler gives the port in %HTTP_PLATFORM_PORT% and connects by IPv4 on the local host
(facts/python-site-extensions.md 2.3, 2.4). Gunicorn, uWSGI and the like need a Unix.
"""
from __future__ import annotations

import re
from typing import Iterable

from azext_pythonapp.appservice.errors import InvalidInput, Refused

from .application import TITLES, EntryPoint
from .command_line import understand
from .served import served

PORT = "%HTTP_PLATFORM_PORT%"

_FOR_WSGI = ("waitress", "hypercorn")
_FOR_ASGI = ("uvicorn", "hypercorn", "daphne")
_UNIX_ONLY = ("gunicorn", "uwsgi", "mod-wsgi", "gevent", "meinheld")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")


def choose_server(entry: EntryPoint, requirement_names: Iterable[str]) -> str:
    """Return the name of the server among requirement_names that can run entry, the best first.

    requirement_names: package names as in requirements.txt, extras allowed ("fastapi[standard]" brings uvicorn).
    Raises Refused that says which line to add to requirements.txt when none of them fits.
    """
    present = _present(requirement_names)
    fitting = _fitting(entry)
    for server in fitting:
        if server in present:
            return server
    unusable = sorted(present & set(_UNIX_ONLY) - {"gevent"})
    hint = f" ({', '.join(unusable)} does not run on Windows)" if unusable else ""
    kind = "Streamlit itself" if entry.framework == "streamlit" else \
        f"a server for {'ASGI' if entry.is_asgi else 'WSGI'} applications"
    raise Refused(f"{entry.spec} ({TITLES[entry.framework]}) needs {kind}, and requirements.txt names none{hint}.",
                  f"Add the line {fitting[0]!r} to requirements.txt and run the command again.")


def startup_arguments(entry: EntryPoint, server: str) -> str:
    """Return the arguments of python.exe, as <httpPlatform arguments="…"> wants them, that serve entry with server.

    Raises InvalidInput for a server that is unknown or cannot run entry.
    """
    if server not in _fitting(entry):
        raise InvalidInput(f"{server} cannot serve {entry.spec} ({TITLES[entry.framework]}).",
                           f"Use one of: {', '.join(_fitting(entry))}.")
    if server == "streamlit":
        script = f'"{entry.file}"' if " " in entry.file else entry.file
        return (f"-m streamlit run {script} --server.port {PORT} --server.address 127.0.0.1 "
                "--server.headless true")
    target = f"{entry.module}:{(entry.object or '').removesuffix('()')}"
    if server == "waitress":
        return f"-m waitress --listen=127.0.0.1:{PORT} {'--call ' if entry.is_factory else ''}{target}"
    if server == "uvicorn":
        return f"-m uvicorn {target} {'--factory ' if entry.is_factory else ''}--host 127.0.0.1 --port {PORT}"
    if server == "daphne":
        return f"-m daphne -b 127.0.0.1 -p {PORT} {target}"
    return f"-m hypercorn --bind 127.0.0.1:{PORT} {'asgi' if entry.is_asgi else 'wsgi'}:{entry.spec}"


def served_entry_point(arguments: str | None, process_path: str = "python.exe") -> str | None:
    """Return what such arguments serve ("main:app", "app.py" for Streamlit), None when they do not tell.

    process_path: the program that gets them.
    """
    found = served(understand(process_path, arguments))
    return found.spec if found else None


def _fitting(entry: EntryPoint) -> tuple[str, ...]:
    if entry.framework == "streamlit":
        return ("streamlit",)
    if entry.is_asgi:
        return tuple(server for server in _FOR_ASGI if not (entry.is_factory and server == "daphne"))
    return _FOR_WSGI


def _present(requirement_names: Iterable[str]) -> set[str]:
    present = set()
    for requirement in requirement_names:
        match = _REQUIREMENT.match(requirement)
        if match is None:
            continue
        name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
        present.add(name)
        if name == "fastapi" and {extra.strip().lower() for extra in (match.group(2) or "").split(",")} & {
                "standard", "all"}:
            present.add("uvicorn")
    return present

"""The application that a command line serves: its web server, module, object and import folders.

Only the command line is read, and FLASK_APP. Options are those of the servers' own documentation; one that is not known
here is taken to have a value, as nearly all have.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azext_pythonapp.webconfig.command_line import Program, PythonCall

# Options without a value; all others are followed by one, or have it after "=".
_FLAGS: dict[str, frozenset[str]] = {
    "waitress": frozenset(
        {
            "--call",
            "--help",
            "--clear-untrusted-proxy-headers",
            "--log-untrusted-proxy-headers",
            "--log-socket-errors",
            "--expose-tracebacks",
            "--asyncore-use-poll",
            "--ipv4",
            "--ipv6",
        }
    ),
    "uvicorn": frozenset(
        {
            "--reload",
            "--factory",
            "--proxy-headers",
            "--no-proxy-headers",
            "--server-header",
            "--no-server-header",
            "--date-header",
            "--no-date-header",
            "--access-log",
            "--no-access-log",
            "--use-colors",
            "--no-use-colors",
            "--reset-contextvars",
            "--version",
            "--help",
            "--debug",
        }
    ),
    "hypercorn": frozenset({"--debug", "--reload", "-h", "--help", "--version"}),
    "daphne": frozenset({"--proxy-headers", "--no-server-name", "-h", "--help"}),
    "gunicorn": frozenset(
        {
            "--reload",
            "--preload",
            "--daemon",
            "-D",
            "--no-sendfile",
            "--capture-output",
            "--check-config",
            "--proxy-protocol",
            "--reuse-port",
            "-R",
            "--enable-stdio-inheritance",
            "--print-config",
            "--initgroups",
            "--spew",
            "--no-control-socket",
        }
    ),
    "granian": frozenset(
        {
            "--factory",
            "--no-factory",
            "--reload",
            "--no-reload",
            "--access-log",
            "--no-access-log",
            "--ws",
            "--no-ws",
            "--log",
            "--no-log",
        }
    ),
    "flask": frozenset(
        {
            "--debug",
            "--no-debug",
            "--reload",
            "--no-reload",
            "--debugger",
            "--no-debugger",
            "--with-threads",
            "--without-threads",
            "--version",
            "--help",
        }
    ),
}
_TARGET_OPTIONS = {"waitress": ("--app",), "gunicorn": ("--wsgi-app",)}
_ASGI_SERVERS = ("uvicorn", "hypercorn", "daphne", "granian", "fastapi", "quart", "sanic", "litestar")
_WSGI_SERVERS = ("waitress", "flask", "gunicorn", "cheroot", "bottle")
_UNIX_ONLY = ("gunicorn", "uwsgi", "meinheld", "mod_wsgi", "bjoern")
_OF_TARGETS = ("waitress", "uvicorn", "hypercorn", "daphne", "gunicorn", "granian", "quart", "sanic")
_OF_SCRIPTS = ("streamlit", "fastapi", "panel", "bokeh", "chainlit", "solara", "voila")
_TARGET = re.compile(r"(?:(wsgi|asgi):)?([^\s:\"'=()][^\s:\"'=()]*):([^\W\d][\w.]*(?:\(.*\))?)")
_MODULE = re.compile(r"[^\W\d][\w.-]*")


@dataclass(frozen=True)
class Served:
    """The application that a command line serves.

    server: the server's module ("uvicorn", "waitress", "streamlit", "django" for manage.py); None when the app's own
    script or module starts it. module: dotted, None when the command line names none. object: as written ("app",
    "create_app", "create_app('live')"); None for a module or script that is run. script: the file that is run, as
    written; None for none. factory: the object must be called.
    asgi: True for ASGI (which wfastcgi cannot run), False for WSGI, None when the command line does not say.
    folders: the first folders of the import path, as written; "." is the working directory.
    """

    server: str | None
    module: str | None = None
    object: str | None = None
    script: str | None = None
    factory: bool = False
    asgi: bool | None = None
    folders: tuple[str, ...] = (".",)

    @property
    def spec(self) -> str | None:
        """Return its form for --app: "module:object", "module:factory()", or a Streamlit script's file; else None."""
        if self.module and self.object:
            return f"{self.module}:{self.object}{'()' if self.factory and not self.object.endswith(')') else ''}"
        return self.script if self.server == "streamlit" else None

    @property
    def unix_only(self) -> bool:
        """Return whether its server needs a Unix, so that the app cannot start on Windows."""
        return self.server in _UNIX_ONLY


def served(program: Program, environment: Mapping[str, str] | None = None) -> Served | None:
    """Return the application that a program serves; None when it is not Python, or the application is not known.

    environment: its variables in web.config; FLASK_APP is read.
    """
    call = program.call
    if call is None or call.mode not in ("module", "script"):
        return None
    server = call.module
    if server is None or (
        server not in _OF_TARGETS
        and server not in _OF_SCRIPTS
        and server not in ("flask", "django")
        and server not in _UNIX_ONLY
    ):
        return _own(call)
    if server == "flask":
        return _flask(call, environment or {})
    if server == "django":
        return Served("django", asgi=False)
    if server in _OF_SCRIPTS:
        return _script(server, call)
    return _target(server, call)


def _own(call: PythonCall) -> Served:
    if call.mode == "module":
        return Served(None, module=call.name)
    folder, name = ntpath.split(call.name.replace("/", "\\"))
    first = call.words[0].text if call.words else ""
    server = "django" if name.lower() == "manage.py" and first in ("runserver", "runserver_plus") else None
    return Served(server, script=call.name, asgi=False if server else None, folders=(folder or ".",))


def _target(server: str, call: PythonCall) -> Served:
    options, positional = _parts(server, [word.text for word in call.words])
    words = [value for name, value in options if name in _TARGET_OPTIONS.get(server, ()) and value] + positional
    found = next(filter(None, map(_TARGET.fullmatch, words)), None)
    prefix, module, name = found.groups() if found else (None, None, None)
    if found is None and words and _MODULE.fullmatch(words[0]):
        module = words[0]
        name = {"gunicorn": "application", "hypercorn": "app"}.get(server)
    flags = {name for name, _ in options}
    factory = bool(flags & {"--factory", "--call"}) or bool(name and name.endswith(")"))
    folders = _folders(server, options)
    if module and ("/" in module or "\\" in module or module.lower().endswith(".py")):
        folder, file = ntpath.split(module.replace("/", "\\"))
        module = file[:-3] if file.lower().endswith(".py") else file
        folders = (folder or ".", *folders) if folder else folders
    return Served(server, module, name, None, factory, _asgi(server, prefix, options), folders)


def _folders(server: str, options: list[tuple[str, str | None]]) -> tuple[str, ...]:
    given = {name: value for name, value in options if value}
    if server == "uvicorn":
        return (given["--app-dir"],) if "--app-dir" in given else (".",)
    if server == "gunicorn":
        path = given.get("--pythonpath", "")
        return (*filter(None, path.split(",")), given.get("--chdir", "."))
    if server == "granian" and "--working-dir" in given:
        return (given["--working-dir"],)
    return (".",)


def _asgi(server: str, prefix: str | None, options: list[tuple[str, str | None]]) -> bool | None:
    given = {name: (value or "").lower() for name, value in options}
    if prefix:
        return prefix == "asgi"
    if given.get("--interface") in ("wsgi", "asgi", "asgi2", "asgi3", "asginl"):
        return given["--interface"] != "wsgi"
    if server == "gunicorn":
        worker = given.get("-k") or given.get("--worker-class") or ""
        return any(part in worker for part in ("uvicorn", "asgi", "hypercorn"))
    return True if server in _ASGI_SERVERS else False if server in _WSGI_SERVERS else None


def _flask(call: PythonCall, environment: Mapping[str, str]) -> Served:
    options, _ = _parts("flask", [word.text for word in call.words])
    values = [value for name, value in options if name in ("--app", "-A") and value]
    values += [value for name, value in environment.items() if name.upper() == "FLASK_APP" and value]
    if not values:
        return Served("flask", asgi=False)
    path, colon, name = values[0].rpartition(":") if re.search(r":(?![\\/])", values[0]) else (values[0], "", "")
    folder, file = ntpath.split(path.replace("/", "\\"))
    module = file[:-3] if file.lower().endswith(".py") else file
    # flask.cli: without a name it looks for app, application, create_app and make_app.
    return Served(
        "flask",
        module or None,
        name if colon else "app",
        None,
        name.endswith(")"),
        False,
        (folder, ".") if folder else (".",),
    )


def _script(server: str, call: PythonCall) -> Served:
    words = [word.text for word in call.words]
    script = next((word for word in words if word.lower().endswith((".py", ".ipynb"))), None)
    if server == "streamlit" and script is None:
        return Served(server)
    folder = ntpath.dirname((script or "").replace("/", "\\")) or "."
    return Served(server, script=script, asgi=True if server == "fastapi" else None, folders=(folder, "."))


def _parts(server: str, words: list[str]) -> tuple[list[tuple[str, str | None]], list[str]]:
    """Split words into options with their values, and what is left."""
    options: list[tuple[str, str | None]] = []
    positional: list[str] = []
    rest: Iterator[str] = iter(words)
    flags = _FLAGS.get(server, frozenset())
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            positional.append(word)
        elif equals:
            options.append((name, value))
        elif word in flags or (server == "waitress" and word.startswith("--no-")):
            options.append((word, None))
        elif not word.startswith("--") and len(word) > 2:
            options.append((word[:2], word[2:]))
        else:
            options.append((word, next(rest, None)))
    return options, positional

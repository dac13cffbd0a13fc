"""Which handler IIS uses for a Python and an entry point, and what web.config has to say for it."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from azext_pythonapp.entrypoints.choose import EntryPoint, choose_server, served_entry_point, startup_arguments
from azext_pythonapp.errors import InvalidInput, Refused
from azext_pythonapp.operations.app.server_log import WSGI_LOG
from azext_pythonapp.operations.web_config.entry_point import StartTarget
from azext_pythonapp.runtimes.identity import REGISTERED_HOME
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import HandlerIntent, Kind, PythonHandler, carried_environment
from azext_pythonapp.webconfig.relocation import moved_settings
from azext_pythonapp.windows import same_path, started_path

APP_FOLDER = r"D:\home\site\wwwroot"
NEW_LOG = r"%HOME%\LogFiles\python"
OPTION_KINDS: dict[str, Kind] = {"fastcgi": "fastCgi", "httpplatform": "httpPlatform"}


@dataclass(frozen=True)
class HandlerOptions:
    """The options about the handler.

    handler: auto, fastcgi or httpplatform. startup_command: arguments of python.exe, for httpplatform.
    """

    handler: str
    startup_command: str | None

    @classmethod
    def from_options(cls, *, handler: str, startup_command: str | None) -> HandlerOptions:
        """Read the command's options. Raises InvalidInput when they contradict each other."""
        options = cls(handler.lower(), startup_command)
        if options.handler == "fastcgi" and startup_command is not None:
            raise InvalidInput(
                "--startup-command is for the HttpPlatform handler; FastCGI starts wfastcgi.py.",
                "Use --handler httpplatform, or name the entry point with --app.",
            )
        return options


def starts_python(current: PythonHandler | None, python_path: str) -> bool:
    """Return whether web.config starts the python.exe at that path already, however it spells the path."""
    if current is None or not current.python_path:
        return False
    return any(same_path(path, python_path, REGISTERED_HOME) for path in (current.python_path, *current.python_paths))


def decide_kind(
    label: str, options: HandlerOptions, current: PythonHandler | None, start: StartTarget, registered: bool
) -> Kind:
    """Return whether FastCGI or HttpPlatform starts the app.

    label: names the app in errors. current: the handler that web.config has. registered: whether the runtime is
    registered with IIS. Raises Refused when FastCGI was requested and cannot work.
    """
    wsgi = start.entry is None or (start.entry.object is not None and not start.entry.is_asgi)
    possible = registered and wsgi and options.startup_command is None
    if options.handler != "auto":
        kind = OPTION_KINDS[options.handler]
        if kind == "fastCgi" and not possible:
            reason = (
                "the entry point is not a WSGI app, and wfastcgi runs only those"
                if not wsgi
                else "this Python is not registered with IIS"
            )
            raise Refused(f"FastCGI cannot start Python for {label}: {reason}.", "Use `--handler httpplatform`.")
        return kind
    if current is not None:
        return current.kind if possible else "httpPlatform"
    return "fastCgi" if possible else "httpPlatform"


def build_intent(
    label: str,
    kind: Kind,
    options: HandlerOptions,
    current: PythonHandler | None,
    start: StartTarget,
    python_path: str,
    registration: Registration | None,
    packages: Iterable[str],
    app_folder: str = APP_FOLDER,
) -> HandlerIntent:
    """Return what web.config has to say.

    label: names the app in errors. packages: the requirements, and the installed packages as "name==version", where a
    web server is looked for; read only when one is needed. app_folder: the app's folder as the worker knows it.
    Raises Refused when no entry point is known or no web server is among the packages.
    """
    same_kind = current is not None and current.kind == kind
    environment = carried_environment(current, kind, python_path)

    def named() -> set[str]:
        """The names of the settings that are there already; the app's own may cost a request."""
        return {name.upper() for name in (*(current.environment if current else ()), *environment, *start.settings)}

    # An app that runs already may have it from app settings that are not known.
    unseen = start.unseen and current is not None and bool(current.python_path)
    if (
        start.entry is not None
        and start.entry.settings_module
        and start.text is None
        and not unseen
        and "DJANGO_SETTINGS_MODULE" not in named()
    ):
        environment["DJANGO_SETTINGS_MODULE"] = start.entry.settings_module
    kept = start.text if same_kind else None
    if start.entry is not None and start.entry.folder and not kept:
        path = {name: value for name, value in start.settings.items() if name == "PYTHONPATH"}
        present = {**path, **(current.environment if current else {}), **environment}
        value = import_path(start.entry.folder, app_folder, present)
        if value is not None:
            name = next((name for name in present if name.upper() == "PYTHONPATH"), "PYTHONPATH")
            environment.update(moved_settings({name: value}, current.python_path if current else "", python_path))
    if kind == "fastCgi":
        if (current is None or not current.python_path) and "WSGI_LOG" not in named():
            environment["WSGI_LOG"] = WSGI_LOG
        if registration is None:
            raise Refused(
                f"FastCGI cannot start Python for {label}: {python_path} is not registered with IIS.",
                "Use `--handler httpplatform`.",
            )
        handler = None if start.in_setting else kept or _entry(label, start).wsgi_handler
        return HandlerIntent(kind, registration.full_path, registration.arguments, handler, environment=environment)
    process, arguments = _command(label, options, current, start, python_path, packages)
    new = not same_kind and not (current is not None and current.unused.process_path)
    return HandlerIntent(
        kind, process, arguments=arguments, environment=environment, stdout_log=NEW_LOG if new else None
    )


def _command(
    label: str,
    options: HandlerOptions,
    current: PythonHandler | None,
    start: StartTarget,
    python_path: str,
    packages: Iterable[str],
) -> tuple[str, str]:
    """Return processPath and arguments for HttpPlatform: the present ones as far as they fit, else new ones.

    Raises Refused where another program's arguments would be given to python.exe.
    """
    kept = starts_python(current, python_path)
    # HttpPlatform expands %HOME%, which is right on workers with either drive (docs/platform/site-extensions.md 1.8).
    process = started_path(python_path, "%HOME%")
    if current is not None and current.kind == "httpPlatform":
        program = current.program
        if options.startup_command is None and start.text:
            if kept:
                return current.python_path, start.text
            moved = program.moved_to(process)
            return moved.process_path, moved.arguments
        if kept and program.kind == "python":
            process = current.python_path
        elif kept and not program.python_paths:
            raise Refused(
                f"web.config of {label} starts '{current.python_path}'. It is not known which Python that runs, so "
                "its arguments cannot be changed.",
                "Name the Python with --version or --python-path.",
            )
    if options.startup_command is not None:
        return process, options.startup_command
    again = _command_from_before(current, start, python_path, process)
    if again is not None:
        return again
    entry, candidates = _entry(label, start), list(packages)
    return process, startup_arguments(entry, choose_server(entry, candidates), candidates)


def _command_from_before(
    current: PythonHandler | None, start: StartTarget, python_path: str, process: str
) -> tuple[str, str] | None:
    """Return what an unused <httpPlatform> starts, if it serves what is to be started; else None.

    process: python_path as a processPath.
    """
    if current is None or current.kind != "fastCgi" or not current.unused.process_path:
        return None
    program, entry = current.unused.program, start.entry
    serves = served_entry_point(program.arguments, program.process_path)
    if serves is None:
        fits = start.text is not None and bool(program.arguments) and not current.unused.shared
    else:
        fits = entry is not None and entry.spec.removesuffix("()") == serves.removesuffix("()")
    if not fits:
        return None
    if any(same_path(path, python_path, REGISTERED_HOME) for path in program.python_paths):
        return program.process_path, program.arguments
    if program.complaint:
        return None
    moved = program.moved_to(process)
    return moved.process_path, moved.arguments


def import_path(folder: str, app_folder: str, environment: Mapping[str, str]) -> str | None:
    r"""Return a PYTHONPATH that includes a folder; None when the one in environment includes it already.

    folder: relative to app_folder with '/', or absolute. It is written literally, because HttpPlatform does not expand
    %HOME% in a variable (docs/platform/site-extensions.md 2.3), and D:\home is known on every worker (1.8).
    """
    path = ntpath.normpath(ntpath.join(app_folder, folder.replace("/", "\\")))
    present = next((value for name, value in environment.items() if name.upper() == "PYTHONPATH"), "")
    entries = [entry.strip() for entry in present.split(";") if entry.strip()]
    if any(same_path(ntpath.join(app_folder, entry), path, r"D:\home") for entry in entries):
        return None
    return ";".join([path, *entries])


def _entry(label: str, start: StartTarget) -> EntryPoint:
    entry = start.entry or start.found
    if entry is None:
        raise Refused(
            f"The entry point of {label} is not known, so another handler cannot start it.",
            "Name it with `--app MODULE:OBJECT`.",
        )
    return entry

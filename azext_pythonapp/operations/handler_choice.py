"""Which handler IIS is to use for a Python and an entry point, and what web.config then has to say."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput, NotFound, Refused
from azext_pythonapp.operations.entry_point import Start
from azext_pythonapp.runtimes.location import same_path, worker_path
from azext_pythonapp.runtimes.registration import Registration, read_registrations, transform_path
from azext_pythonapp.webconfig.entrypoint import EntryPoint, choose_server, startup_arguments
from azext_pythonapp.webconfig.handlers import HandlerIntent, Kind, PythonHandler, carried_environment

# wfastcgi takes this literally, so it names the drive that every worker knows (facts 1.8 and 3).
WSGI_LOG = r"D:\home\LogFiles\wfastcgi.log"
OPTION_KINDS: dict[str, Kind] = {"fastcgi": "fastCgi", "httpplatform": "httpPlatform"}


@dataclass(frozen=True)
class HandlerWish:
    """The options about the handler.

    handler: auto, fastcgi or httpplatform. startup_command: python.exe's arguments, for httpplatform.
    """

    handler: str
    startup_command: str | None

    def check(self) -> None:
        """Raise InvalidInput for options that contradict each other."""
        if self.handler == "fastcgi" and self.startup_command is not None:
            raise InvalidInput("--startup-command is for the HttpPlatform handler; FastCGI starts wfastcgi.py.",
                               "Use --handler httpplatform, or name the entry point with --app.")


def find_registration(app: App, extension_id: str | None, python_path: str) -> Registration | None:
    """The FastCGI pair that a runtime's site extension registered for its python.exe; None when there is none."""
    if extension_id is None:
        return None
    try:
        transform = app.kudu.read(transform_path(extension_id)).content
    except NotFound:
        return None
    return next((registration for registration in read_registrations(transform)
                 if same_path(registration.full_path, python_path, app.kudu.home())), None)


def decide_kind(label: str, wish: HandlerWish, current: PythonHandler | None, start: Start,
                registered: bool) -> Kind:
    """FastCGI or HttpPlatform.

    label: how errors name the app. current: the handler that web.config has; registered: whether the runtime registered
    itself with IIS.
    Raises Refused when FastCGI was asked for and cannot work.
    """
    wsgi = start.entry is None or (start.entry.object is not None and not start.entry.is_asgi)
    possible = registered and wsgi and wish.startup_command is None
    if wish.handler != "auto":
        kind = OPTION_KINDS[wish.handler]
        if kind == "fastCgi" and not possible:
            reason = ("the entry point is no WSGI app, and wfastcgi runs nothing else" if not wsgi
                      else "this Python did not register itself with IIS")
            raise Refused(f"FastCGI cannot start Python for {label}: {reason}.",
                          "Use `--handler httpplatform`.")
        return kind
    if current is not None:
        return current.kind if possible else "httpPlatform"
    return "fastCgi" if possible else "httpPlatform"


def build_intent(label: str, kind: Kind, wish: HandlerWish, current: PythonHandler | None, start: Start,
                 python_path: str, registration: Registration | None, packages: Iterable[str]) -> HandlerIntent:
    """What web.config has to say.

    label: how errors name the app. packages: names of what requirements.txt asks for and of what the runtime has, to
    find a web server in.
    Raises Refused when no entry point is known or no web server is among the packages.
    """
    same_kind = current is not None and current.kind == kind
    environment = carried_environment(current, kind)
    if start.entry is not None and start.entry.settings_module and start.text is None:
        environment["DJANGO_SETTINGS_MODULE"] = start.entry.settings_module
    if kind == "fastCgi":
        if current is None:
            environment["WSGI_LOG"] = WSGI_LOG
        if registration is None:
            raise Refused(f"FastCGI cannot start Python for {label}: {python_path} is not registered with "
                          "IIS.", "Use `--handler httpplatform`.")
        handler = start.text if same_kind and start.text else _entry(label, start).wsgi_handler
        return HandlerIntent(kind, registration.full_path, registration.arguments, handler, environment=environment)
    arguments = wish.startup_command or (start.text if same_kind else None)
    if arguments is None:
        entry = _entry(label, start)
        arguments = startup_arguments(entry, choose_server(entry, packages))
    # HttpPlatform expands %HOME%, which is right on workers with either drive (facts 1.8).
    return HandlerIntent(kind, worker_path(python_path, "%HOME%"), arguments=arguments, environment=environment,
                         stdout_log=None if same_kind else r"%HOME%\LogFiles\python")


def _entry(label: str, start: Start) -> EntryPoint:
    entry = start.entry or start.found
    if entry is None:
        raise Refused(f"No entry point of {label} is known that another handler could start.",
                      "Name it with `--app MODULE:OBJECT`.")
    return entry

"""Which entry point an app has: named by the user, written in web.config, or found in its files."""
from __future__ import annotations

from dataclasses import dataclass

from azext_pythonapp.appservice.app import App
from azext_pythonapp.appservice.errors import InvalidInput, NotFound
from azext_pythonapp.operations.requirement_files import WWWROOT
from azext_pythonapp.webconfig.entrypoint import (EntryPoint, candidate_files, choose, detect, parse_app_option,
                                                  recognized, served_entry_point)
from azext_pythonapp.webconfig.handlers import PythonHandler

# Folders whose Python files are no part of the app's own code.
FOREIGN_FOLDERS = ("env", "venv", "static", "node_modules", "__pycache__")


@dataclass(frozen=True)
class Start:
    """What the web server is to start.

    entry: module and object; None when only the text is known, such as arguments of python.exe that a person wrote.
    text: the WSGI_HANDLER or the arguments that web.config already has, to be kept as they are; None for a new one.
    """

    entry: EntryPoint | None
    text: str | None


def find_start(app: App, option: str | None, handler: PythonHandler | None) -> Start:
    """Decide what to start.

    option: the value of --app; handler: what web.config has now.
    Raises InvalidInput for an option that is no entry point, NotFound when the app's files have none, and Refused
    when several are equally good.
    """
    if option is not None:
        return Start(recognized(parse_app_option(option), _detected(app)), None)
    text = (handler.entry_point if handler.kind == "fastCgi" else handler.arguments) if handler else None
    if handler is not None and text:
        named = _named(handler)
        return Start(recognized(named, _detected(app)) if named else None, text)
    entry = choose(_detected(app))
    app.progress.say(f"Entry point of {app.site.label}: {entry.spec}. {entry.reason}")
    return Start(entry, None)


def shown_entry_point(kind: str, text: str | None) -> str | None:
    """The entry point as answers show it.

    kind: "fastCgi" or "httpPlatform". text: wfastcgi's WSGI_HANDLER, shown as it is, or python.exe's arguments, of
    which only what the server serves is shown where that can be told.
    """
    return text if kind == "fastCgi" else served_entry_point(text) or text


def _detected(app: App) -> list[EntryPoint]:
    """Entry points in the app's Python files, best first; the files are parsed, never run."""
    names = []
    for entry in app.kudu.list_directory(WWWROOT):
        if not entry.is_directory:
            names.append(entry.name)
        elif not entry.name.startswith(".") and entry.name.lower() not in FOREIGN_FOLDERS:
            names.extend(f"{entry.name}/{child.name}" for child in app.kudu.list_directory(f"{WWWROOT}/{entry.name}")
                         if not child.is_directory)
    files = {}
    for name in candidate_files(names):
        try:
            files[name] = app.kudu.read(f"{WWWROOT}/{name}").content
        except NotFound:
            continue
    return detect(files)


def _named(handler: PythonHandler) -> EntryPoint | None:
    """The entry point that web.config names: a WSGI_HANDLER (`app.app`, `app.create()`) or server arguments."""
    if handler.kind == "fastCgi":
        module, _, attribute = (handler.entry_point or "").strip().rpartition(".")
        spec: str | None = f"{module}:{attribute}"
    else:
        spec = served_entry_point(handler.arguments)
    if spec is None:
        return None
    try:
        return parse_app_option(spec)
    except InvalidInput:
        return None

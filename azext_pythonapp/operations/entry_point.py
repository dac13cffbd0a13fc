"""Which entry point an app has: named by the user, written in web.config, or found in its files."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azext_pythonapp.operations.wwwroot import Wwwroot
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.entrypoint import (Candidates, EntryPoint, application_files, choose, entry_of_command,
                                                  entry_of_handler, parse_app_option, recognized, refuse_foreign,
                                                  repaired_handler, served_entry_point)
from azext_pythonapp.webconfig.handlers import PythonHandler
from azext_pythonapp.webconfig.served import served


@dataclass(frozen=True)
class Start:
    """What the web server is to start.

    entry: module and object; None when only the text is known, such as arguments of python.exe that a person wrote.
    text: the WSGI_HANDLER or the arguments that web.config already has, to be kept as they are; None for a new one.
    found: where only the text is known, what the app's files have, for another handler than that of the text.
    """

    entry: EntryPoint | None
    text: str | None
    found: EntryPoint | None = None


def find_start(files: Wwwroot, option: str | None, handler: PythonHandler | None, say: Callable[[str], None]) -> Start:
    """Decide what to start.

    files: the app's. option: the value of --app; handler: what web.config has now, replaced when wfastcgi could never
    call it; say: gets one line about what was found.
    Raises InvalidInput for an option that is no entry point, NotFound when the app's files have none, and Refused
    when several are equally good.
    """
    if option is not None:
        return Start(_option_entry(option, _detected(files), say), None)
    text = (handler.entry_point if handler.kind == "fastCgi" else handler.arguments) if handler else None
    if handler is not None and text:
        named, detected = _named(handler), _detected(files)
        if handler.kind == "fastCgi":
            repaired = repaired_handler(text, detected)
            if repaired is not None:
                say(f"WSGI_HANDLER '{text}' cannot work and becomes '{repaired.wsgi_handler}'. {repaired.reason}")
                return Start(repaired, None)
        elif _needs_unix(handler):
            entry = recognized(named, detected) if named is not None else choose(detected)
            say(f"'{text}' cannot work: its server needs a Unix. Another one that serves {entry.spec} is taken.")
            return Start(entry, None)
        if named is None:
            return Start(None, text, _best(detected))
        return Start(recognized(named, detected), text)
    entry = choose(_detected(files))
    say(f"Entry point of {files.label}: {entry.spec}. {entry.reason}")
    return Start(entry, None)


def _option_entry(option: str, detected: Candidates, say: Callable[[str], None]) -> EntryPoint:
    """What --app names. Raises InvalidInput for no entry point, Refused for what has a web server of its own."""
    entry = parse_app_option(option)
    refuse_foreign(entry, detected)
    entry = recognized(entry, detected)
    if entry.spec != option.strip():
        say(f"--app {option.strip()} is taken as {entry.spec}" + (
            f", with '{entry.folder}' on the import path." if entry.folder else "."))
    return entry


def _needs_unix(handler: PythonHandler) -> bool:
    found = served(understand(handler.python_path, handler.arguments), handler.environment)
    return found is not None and found.unix_only


def shown_entry_point(kind: str, text: str | None, process_path: str = "python.exe") -> str | None:
    """The entry point as answers show it.

    kind: "fastCgi" or "httpPlatform". text: wfastcgi's WSGI_HANDLER, shown as it is, or python.exe's arguments, of
    which only what the server serves is shown where that can be told. process_path: what gets the arguments.
    """
    return text if kind == "fastCgi" else served_entry_point(text, process_path) or text


def _best(detected: Sequence[EntryPoint]) -> EntryPoint | None:
    """The best entry point; None when there is none, or when two are equally good."""
    return detected[0] if detected and all(other.rank > detected[0].rank for other in detected[1:]) else None


def _detected(files: Wwwroot) -> Candidates:
    """Entry points in the app's Python files, best first; the files are parsed, never run."""
    return application_files(files.list_folder, lambda name: files.state(name).content)


def _named(handler: PythonHandler) -> EntryPoint | None:
    """The entry point that web.config names: a WSGI_HANDLER (`app.app`, `app.create()`) or server arguments."""
    if handler.kind == "fastCgi":
        return entry_of_handler(handler.entry_point or "")
    return entry_of_command(handler.python_path, handler.arguments, handler.environment)

"""Which entry point an app has: named by the user, written in web.config, or found in its files."""
from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from azext_pythonapp.appservice.errors import InvalidInput
from azext_pythonapp.operations.wwwroot import Wwwroot
from azext_pythonapp.webconfig.entrypoint import (EntryPoint, candidate_files, choose, detect, parse_app_option,
                                                  recognized, served_entry_point)
from azext_pythonapp.webconfig.handlers import PythonHandler

# Folders whose Python files are no part of the app's own code.
FOREIGN_FOLDERS = ("env", "venv", "static", "node_modules", "__pycache__")
# wfastcgi imports what is before the last dot; `()` may follow any name (facts/python-site-extensions.md 3).
_IMPORTABLE = re.compile(r"[^\W\d]\w*(?:\(\))?(?:\.[^\W\d]\w*(?:\(\))?)+")


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
        return Start(recognized(parse_app_option(option), _detected(files)), None)
    text = (handler.entry_point if handler.kind == "fastCgi" else handler.arguments) if handler else None
    if handler is not None and text:
        named, detected = _named(handler), _detected(files)
        if handler.kind == "fastCgi":
            repaired = _repaired(text, named, detected)
            if repaired is not None:
                say(f"WSGI_HANDLER '{text}' cannot work and becomes '{repaired.wsgi_handler}'. {repaired.reason}")
                return Start(repaired, None)
        if named is None:
            return Start(None, text, _best(detected))
        return Start(recognized(named, detected), text)
    entry = choose(_detected(files))
    say(f"Entry point of {files.label}: {entry.spec}. {entry.reason}")
    return Start(entry, None)


def _repaired(text: str, named: EntryPoint | None, detected: Sequence[EntryPoint]) -> EntryPoint | None:
    r"""What a WSGI_HANDLER that cannot work was meant to be, by the app's files; None for one that may work.

    It cannot work when it is no dotted name (`\shop.wsgi.application`, PTVS #6216), or when it calls what is an
    application, or does not call what makes one (PTVS #3033).
    Raises NotFound or Refused when it is no dotted name and the files do not tell.
    """
    if not _IMPORTABLE.fullmatch(text.strip()):
        return choose(detected)
    if named is None or named.object is None:
        return None
    same = [entry for entry in detected if entry.module == named.module and entry.object is not None
            and entry.object.removesuffix("()") == named.object.removesuffix("()")]
    return same[0] if same and all(entry.object != named.object for entry in same) and not same[0].is_asgi else None


def shown_entry_point(kind: str, text: str | None) -> str | None:
    """The entry point as answers show it.

    kind: "fastCgi" or "httpPlatform". text: wfastcgi's WSGI_HANDLER, shown as it is, or python.exe's arguments, of
    which only what the server serves is shown where that can be told.
    """
    return text if kind == "fastCgi" else served_entry_point(text) or text


def _best(detected: Sequence[EntryPoint]) -> EntryPoint | None:
    """The best entry point; None when there is none, or when two are equally good."""
    return detected[0] if detected and all(other.rank > detected[0].rank for other in detected[1:]) else None


def _detected(files: Wwwroot) -> list[EntryPoint]:
    """Entry points in the app's Python files, best first; the files are parsed, never run."""
    names = []
    for name, is_folder in files.list_folder(""):
        if not is_folder:
            names.append(name)
        elif not name.startswith(".") and name.lower() not in FOREIGN_FOLDERS:
            names.extend(f"{name}/{child}" for child, is_folder_too in files.list_folder(name) if not is_folder_too)
    sources = {name: files.state(name).content for name in candidate_files(names)}
    return detect({name: content for name, content in sources.items() if content is not None})


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

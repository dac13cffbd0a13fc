"""An app's entry point: named by the user, found in its files, or chosen among several."""
from __future__ import annotations

import re
from typing import Sequence

from azext_pythonapp.appservice.errors import InvalidInput, NotFound, Refused

from .application import EntryPoint, Framework
from .detection import candidate_files, detect
from .servers import choose_server, served_entry_point, startup_arguments

__all__ = [
    "EntryPoint", "Framework", "candidate_files", "choose", "choose_server", "detect", "parse_app_option",
    "recognized", "served_entry_point", "startup_arguments",
]

_NAME = r"[^\W\d]\w*"
_OPTION = re.compile(rf"({_NAME}(?:\.{_NAME})*):({_NAME}(?:\.{_NAME})*(?:\(\))?)")
_SCRIPT = re.compile(r"[^:\"<>|?*%]+\.py")


def parse_app_option(value: str) -> EntryPoint:
    """Return the entry point that --app names: module:object, module:factory(), or a Streamlit script's file (app.py).

    The framework is "wsgi" until `recognized` has looked at the app's files. Raises InvalidInput for anything else.
    """
    text = value.strip()
    match = _OPTION.fullmatch(text)
    if match:
        return EntryPoint(match.group(1), match.group(2), "wsgi", f"--app names {text}.")
    if _SCRIPT.fullmatch(text) and not text.startswith(("/", "\\")):
        module = text[:-len(".py")].replace("\\", "/").replace("/", ".")
        return EntryPoint(module, None, "streamlit", f"--app names the script {text}.")
    raise InvalidInput(
        f"'{value}' is not an entry point: it is written MODULE:OBJECT, or MODULE:FACTORY() for a function that makes "
        "the application.", _suggestion(text))


def _suggestion(text: str) -> str:
    module, _, name = text.partition("(")[0].rpartition(".")
    if module and re.fullmatch(rf"{_NAME}(\.{_NAME})*", f"{module}.{name}"):
        calls = "()" if text.endswith("()") else ""
        return f'For example --app "{module}:{name}{calls}" or --app {module}.{name}:application'
    return "For example --app app:app or --app \"app:create_app()\""


def recognized(entry: EntryPoint, candidates: Sequence[EntryPoint]) -> EntryPoint:
    """Return entry with the framework and settings of what `detect` found under the same name, else of its module."""
    same = [found for found in candidates if found.module == entry.module]
    exact = [found for found in same if found.object == entry.object]
    for found in exact or same:
        if entry.object is not None and found.object is not None:
            return EntryPoint(entry.module, entry.object, found.framework, entry.reason, found.settings_module)
    return entry


def choose(candidates: Sequence[EntryPoint]) -> EntryPoint:
    """Return the best of candidates (as `detect` sorts them).

    Raises NotFound when there are none and Refused, with the candidates, when the two best are equally good.
    """
    if not candidates:
        raise NotFound(
            "No entry point was found: no file of the app defines a Django, Flask, Bottle, FastAPI, Starlette, "
            "Streamlit or WSGI application.", "Name it, for example --app app:app or --app \"app:create_app()\"")
    equal = [candidate for candidate in candidates if candidate.rank == candidates[0].rank]
    if len(equal) == 1:
        return candidates[0]
    listed = " ".join(candidate.reason for candidate in equal)
    examples = " or ".join(f'--app "{candidate.spec}"' for candidate in equal)
    raise Refused(f"The app has {len(equal)} possible entry points: {listed}", f"Say which one with {examples}")

"""Choose an app's entry point: named by the user or by web.config, or found in its files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from azext_pythonapp.entrypoints.app_files import application_files
from azext_pythonapp.entrypoints.application import EntryPoint, Framework
from azext_pythonapp.entrypoints.detection import Candidates, candidate_files, detect
from azext_pythonapp.entrypoints.served import Served, served
from azext_pythonapp.entrypoints.servers import choose_server, served_entry_point, startup_arguments
from azext_pythonapp.errors import InvalidInput, NotFound, PythonAppError, Refused
from azext_pythonapp.webconfig.command_line import understand

__all__ = [
    "Candidates",
    "EntryPoint",
    "Framework",
    "application_files",
    "candidate_files",
    "choose",
    "choose_server",
    "detect",
    "entry_of_command",
    "entry_of_handler",
    "parse_app_option",
    "recognized",
    "refuse_foreign",
    "repaired_handler",
    "served_entry_point",
    "startup_arguments",
]

# Modules by any name that __import__ takes ("shop-site", "2048"); objects by Python's own names.
_MODULE = r"[^\s\x00-\x1f\x7f.:/\\()\"'<>|*?,;&%=`$!{}\[\]]+"
_NAME = r"[^\W\d]\w*"
_OPTION = re.compile(rf"({_MODULE}(?:\.{_MODULE})*):({_NAME}(?:\.{_NAME})*(?:\(\))?)")
_FILE = r"(?:[^:\"<>|?*%\\/]+[\\/])*[^:\"<>|?*%\\/]+\.pyw?"
_FILE_OPTION = re.compile(rf"(?:\.[\\/])?({_FILE}):({_NAME}(?:\.{_NAME})*(?:\(\))?)", re.IGNORECASE)
_SCRIPT = re.compile(r"[^:\"<>|?*%]+\.py", re.IGNORECASE)
# What wfastcgi can import and call: names with dots between them, `()` after any of them. It imports with __import__,
# so any file name without a dot works (docs/platform/site-extensions.md 3.3).
_PART = r"[^.:/\\()\"<>|*?%\r\n\t]+(?:\(\))?"
_HANDLER = re.compile(rf"{_PART}(?:\.{_PART})+")


def parse_app_option(value: str, candidates: Sequence[EntryPoint] = ()) -> EntryPoint:
    """Return the entry point that --app names: module:object, module:factory(), or a Streamlit script's file (app.py).

    `app.py:app` means `app:app`, and so does `app.app`, which is how WSGI_HANDLER and several commands write it.
    candidates: the app's, which tell where the module of a name with several dots ends (`entry_of_handler`).
    The framework is "wsgi" until `recognized` finds it in the app's files. Raises InvalidInput for anything else.
    """
    text = value.strip()
    entry = _strict(text) or entry_of_handler(text, candidates)
    if entry is not None and candidates and entry.object is not None and not _importable(candidates, entry.module):
        entry = entry_of_handler(f"{entry.module}.{entry.object}", candidates) or entry
    if entry is not None:
        named = f"--app names the script {text}." if entry.object is None else f"--app names {text}."
        return replace(entry, reason=named)
    raise InvalidInput(
        f"'{value}' is not an entry point: use MODULE:OBJECT, or MODULE:FACTORY() for a function that creates "
        "the application.",
        _suggestion(text),
    )


def _strict(text: str) -> EntryPoint | None:
    """Return the entry point that a web server's command line could name by this text; None when it is none."""
    file = _FILE_OPTION.fullmatch(text)
    if file and ".." not in re.split(r"[\\/]", file.group(1)):
        return EntryPoint(_dotted(file.group(1)), file.group(2), "wsgi", "")
    match = _OPTION.fullmatch(text)
    if match:
        return EntryPoint(match.group(1), match.group(2), "wsgi", "")
    if _SCRIPT.fullmatch(text) and not text.startswith(("/", "\\")):
        return EntryPoint(_dotted(text), None, "streamlit", "")
    return None


def _dotted(path: str) -> str:
    plain = re.sub(r"^(?:\.[\\/])+", "", path)
    return re.sub(r"[\\/]", ".", re.sub(r"\.pyw?$", "", plain, flags=re.IGNORECASE))


def _suggestion(text: str) -> str:
    if re.fullmatch(rf"{_NAME}(?:\.{_NAME})*:{_NAME}(?:\.{_NAME})*\(.+\)", text):
        return (
            'A factory is called without arguments, for example --app "app:create_app()". If it needs arguments, write '
            "a module that calls it, and name that."
        )
    return 'For example --app app:app or --app "app:create_app()"'


def entry_of_command(process_path: str, arguments: str | None, environment: Mapping[str, str]) -> EntryPoint | None:
    """Return the entry point that a processPath with arguments serves; None when they do not name one.

    environment: its variables in web.config. With an ASGI server it is ASGI, whatever the files say.
    """
    found = served(understand(process_path, arguments), environment)
    if found is None or found.spec is None:
        return None
    entry = _strict(found.spec.strip())
    if entry is None:
        return None
    folder = _folder_of(found)
    if entry.object is None:
        return replace(entry, reason=f"web.config serves {found.spec}.")
    return replace(
        entry, framework="asgi" if found.asgi else "wsgi", reason=f"web.config serves {found.spec}.", folder=folder
    )


def _folder_of(found: Served) -> str:
    """Return the first folder of a command line's import path, relative to the app's with '/'; "" for the app's own."""
    folder = re.sub(r"^\./", "", found.folders[0].replace("\\", "/")).rstrip("/")
    return "" if folder in ("", ".") else folder


def entry_of_handler(text: str, candidates: Sequence[EntryPoint] = ()) -> EntryPoint | None:
    """Return the entry point that a WSGI_HANDLER names (`app.app`, `app.create()`); None when it names none.

    candidates: the app's. wfastcgi uses the longest prefix that it can import as the module, so `app.app.server` may be
    `app:app.server` (docs/platform/site-extensions.md 3.3); where no file says so, the module is everything before the
    last dot.
    """
    known = next((each for each in candidates if each.object and f"{each.module}.{each.object}" == text.strip()), None)
    if known is not None:
        return replace(known, reason=f"web.config names {text.strip()}.")
    names = text.strip().split(".")
    lengths = [length for length in range(len(names) - 1, 0, -1) if _importable(candidates, ".".join(names[:length]))]
    length = lengths[0] if lengths else len(names) - 1
    module, attribute = ".".join(names[:length]), ".".join(names[length:])
    entry = _strict(f"{module}:{attribute}")
    return None if entry is None else replace(entry, reason=f"web.config names {text.strip()}.")


def repaired_handler(text: str, candidates: Sequence[EntryPoint]) -> EntryPoint | None:
    r"""Return the entry point that an invalid WSGI_HANDLER means, according to the app's files; None for a valid one.

    It is invalid when it is not a dotted name (`\shop.wsgi.application`, PTVS #6216; `app:app`), when it names a file
    (`run.py`), when it has blanks around it, or when it calls an application, or does not call a factory (PTVS #3033).
    Raises NotFound or Refused when it is invalid and the files do not show what it means.
    """
    blanks, text = text != text.strip(), text.strip()
    file = text.lower().endswith(".py")
    if not _HANDLER.fullmatch(text) or (file and _importable(candidates, text[: -len(".py")])):
        return _probable(text, candidates)
    named = entry_of_handler(text, candidates)
    if named is None or named.object is None:
        return None
    same = [
        entry
        for entry in candidates
        if entry.module == named.module
        and entry.object is not None
        and entry.object.removesuffix("()") == named.object.removesuffix("()")
    ]
    exact = any(entry.object == named.object for entry in same)
    if blanks and (exact or not same):
        return replace(named, reason="wfastcgi treats the blanks around it as parts of the names.")
    return same[0] if same and not exact and not same[0].is_asgi else None


def _importable(candidates: Sequence[EntryPoint], module: str) -> bool:
    """Return whether there is a file for module; if so, a name that ends in ".py" is not the name of a file."""
    files = candidates.files if isinstance(candidates, Candidates) else [entry.file for entry in candidates]
    path = module.replace(".", "/").lower()
    ends = tuple(f"/{path}{end}" for end in (".py", "/__init__.py"))
    return any(f"/{name.lower()}".endswith(ends) for name in files)


def _probable(text: str, candidates: Sequence[EntryPoint]) -> EntryPoint:
    """Return the entry point among candidates that text probably means: in the module that it names, else in any."""
    plain = text.strip("\\/ ").replace("\\", "/")
    module, _, name = plain.partition(":")
    module = _dotted(module)
    if not name and not plain.lower().endswith(".py"):
        module, _, name = module.rpartition(".")
    usable = [entry for entry in candidates if entry.object is not None and not entry.is_asgi]
    near = [entry for entry in usable if module and module in (entry.module, f"{entry.folder}.{entry.module}")]
    exact = [entry for entry in near if name and entry.object in (name, f"{name}()")]
    try:
        return choose(exact or near or candidates)
    except PythonAppError as error:
        error.precede(f"WSGI_HANDLER '{text}' is invalid. ")
        raise


def recognized(entry: EntryPoint, candidates: Sequence[EntryPoint]) -> EntryPoint:
    """Return entry with the framework, settings and folder that `detect` found for its name, or for its module.

    A script that is not a Streamlit script but defines one application means that application.
    """
    same = [found for found in candidates if _names(entry, found)]
    exact = [found for found in same if found.object == entry.object]
    if entry.object is None and same and not exact:
        best = [found for found in same if found.rank == same[0].rank]
        return replace(best[0], reason=entry.reason) if len(best) == 1 else entry
    for found in exact or same:
        if entry.object is not None and found.object is not None:
            framework = found.framework if exact or entry.framework != "asgi" else entry.framework
            return EntryPoint(
                entry.module,
                entry.object,
                framework,
                entry.reason,
                found.settings_module,
                0,
                entry.folder or found.folder,
            )
    return entry


def _names(entry: EntryPoint, found: EntryPoint) -> bool:
    """Return whether entry names the module of found: from the same folder, or from the app's with a dotted prefix."""
    if entry.module == found.module:
        return entry.folder in ("", found.folder) or _ends_with(entry.folder, found.folder)
    return bool(found.folder) and entry.module == f"{found.folder.replace('/', '.')}.{found.module}"


def _ends_with(folder: str, tail: str) -> bool:
    return bool(tail) and f"/{folder.lower()}".endswith(f"/{tail.lower()}")


def refuse_foreign(entry: EntryPoint, candidates: Candidates) -> None:
    """Raise Refused when entry has its own web server, such as aiohttp's, according to the app's files."""
    named = f"{entry.module}:{(entry.object or '').removesuffix('()')}"
    for key, sentence in candidates.foreign.items():
        if key == named or (entry.object is None and key.rpartition(":")[0] == entry.module):
            raise Refused(f"{entry.spec} cannot be served: {sentence}")


def _is_python(path: str) -> bool:
    return path.lower().endswith((".py", ".pyw", ".pyc", ".pyd", ".zip", ".whl"))


def choose(candidates: Sequence[EntryPoint]) -> EntryPoint:
    """Return the best of candidates (as `detect` sorts them).

    Raises NotFound when there are none and Refused, with the candidates, when the two best are equally good.
    """
    if not candidates:
        notes = candidates.notes if isinstance(candidates, Candidates) else ()
        if isinstance(candidates, Candidates) and not any(map(_is_python, candidates.files)):
            raise NotFound(
                "No entry point was found: there is no Python file in the app's folder.",
                "Deploy the app, then run the command again. If it is loaded from elsewhere, name its entry point, for "
                "example --app app:app.",
            )
        raise NotFound(
            " ".join(
                (
                    "No entry point was found: no file of the app defines a Django, Flask, Bottle, FastAPI, "
                    "Starlette, Streamlit or WSGI application.",
                    *notes,
                )
            ),
            'Name it, for example --app app:app or --app "app:create_app()"'
            + (
                '; for an app with its own server: --handler httpplatform --startup-command "FILE.py"'
                if any("--startup-command" in note for note in notes)
                else ""
            )
            + ".",
        )
    equal = [candidate for candidate in candidates if candidate.rank == candidates[0].rank]
    if len(equal) == 1:
        return candidates[0]
    listed = " ".join(candidate.reason for candidate in equal)
    examples = " or ".join(f'--app "{candidate.spec}"' for candidate in equal)
    raise Refused(f"The app has {len(equal)} possible entry points: {listed}", f"Choose one with {examples}")

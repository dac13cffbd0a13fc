"""The entry point of an app: named by the user, in force already, or found in the app's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from azext_pythonapp.entrypoints.choose import (
    Candidates,
    EntryPoint,
    application_files,
    choose,
    entry_of_command,
    entry_of_handler,
    parse_app_option,
    recognized,
    refuse_foreign,
    repaired_handler,
    served_entry_point,
)
from azext_pythonapp.entrypoints.served import served
from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.app.settings import starting_settings
from azext_pythonapp.operations.app.wwwroot import Wwwroot
from azext_pythonapp.webconfig import appsettings
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.handlers import PythonHandler

_UNSEEN = (
    "web.config has no WSGI_HANDLER, so wfastcgi takes the entry point from the app settings, which were not "
    "read; it has nothing to start unless an app setting names it. `--app MODULE:OBJECT` writes it to web.config."
)


@dataclass(frozen=True)
class StartTarget:
    """What the web server is to start.

    entry: module and object; None when only the text is known, such as hand-written arguments of python.exe.
    text: the WSGI_HANDLER or the arguments in force, which are kept as they are; None for a new entry point.
    found: what the app's files have, for another handler, where the command in force names no application.
    in_setting: the text is the app setting WSGI_HANDLER, which stays in force, so web.config gets none. Without a text
    that setting is not known.
    settings: the app settings that decide what starts (`starting_settings`). unseen: they are not known.
    """

    entry: EntryPoint | None
    text: str | None
    found: EntryPoint | None = None
    in_setting: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    unseen: bool = False


def find_start(
    files: Wwwroot,
    option: str | None,
    handler: PythonHandler | None,
    say: Callable[[str], None],
    settings: Mapping[str, str] | None,
) -> StartTarget:
    """Return what to start: the option's entry point, else the one in force, else one in the app's files.

    option: the value of --app. handler: what web.config has now; its entry point is replaced if wfastcgi cannot call
    it. say: gets one line about what was found. settings: the app settings, None when they are not known; they are kept
    in force then: with a handler for FastCGI and no entry point in web.config the result has neither entry nor text.
    Raises InvalidInput when the option is not an entry point, NotFound when the app's files have none, and Refused when
    several are equally good, or when a setting names one that cannot work.
    """
    known = starting_settings(settings or {})
    named = handler_in_settings(handler, known)
    blank = _is_blank(handler)
    if named is None and blank:
        named = appsettings.entry_point(known)
    if option is not None:
        start = _named_start(_option_entry(option, _detected(files), say), None if blank else named, known, say)
        _say_left_to_settings(start, handler, settings, say)
    elif named is not None:
        start = replace(_setting_start(files, named, known, say), in_setting=not blank)
    elif (
        settings is None
        and handler is not None
        and handler.python_path
        and handler.kind == "fastCgi"
        and handler.entry_point is None
    ):
        say(_UNSEEN)
        start = StartTarget(None, None, None, True)
    else:
        start = replace(_own_start(files, handler, say, known, settings is None), settings=known)
    return replace(start, unseen=settings is None)


class _Later(Mapping[str, str]):
    """The app settings that decide what starts, requested when one of them is looked at; none when not known."""

    def __init__(self, settings: Callable[[], Mapping[str, str] | None]):
        self._settings = settings

    def __getitem__(self, name: str) -> str:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    @cached_property
    def _known(self) -> Mapping[str, str]:
        return starting_settings(self._settings() or {})


def needs_no_setting(handler: PythonHandler | None) -> bool:
    """Return whether web.config alone says what a handler starts, so that no app setting can name anything else."""
    if handler is None or not handler.python_path or not (handler.command_text or "").strip():
        return False
    return handler.kind == "fastCgi" or not _is_flask(handler)


def find_start_in_force(
    files: Wwwroot, handler: PythonHandler, say: Callable[[str], None], settings: Callable[[], Mapping[str, str] | None]
) -> StartTarget:
    """Return what `find_start` does without an option, for a handler that needs no setting (`needs_no_setting`).

    settings: called only when a new web.config may have to repeat one.
    """
    start = _own_start(files, handler, say, {}, False)
    if start.text is not None:
        return replace(start, settings=_Later(settings))
    known = settings()
    return replace(start, settings=starting_settings(known or {}), unseen=known is None)


def handler_in_settings(handler: PythonHandler | None, settings: Mapping[str, str]) -> str | None:
    """Return the entry point of the app settings where wfastcgi takes it, because web.config has none; else None.

    handler: what web.config has. settings: `starting_settings`. For wfastcgi web.config takes precedence over the app
    settings (docs/platform/site-extensions.md 3.2).
    """
    if handler is not None and (handler.kind != "fastCgi" or handler.entry_point is not None):
        return None
    own = {name.upper(): value for name, value in handler.environment.items()} if handler else {}
    return appsettings.entry_point({**settings, **own})


def entry_point_in_force(
    handler: PythonHandler, settings: Callable[[], Mapping[str, str] | None]
) -> tuple[str | None, str | None]:
    """Return the entry point that a handler starts, as output shows it, and a sentence about its source or None.

    settings: returns the app settings, None when they are not known; called only if web.config has no entry point.
    """
    text = handler.command_text
    if handler.kind != "fastCgi" or text:
        return shown_entry_point(handler.kind, text, handler.python_path), None
    if handler.entry_point is not None:
        return None, (
            "WSGI_HANDLER of web.config is empty and takes precedence over app settings, so wfastcgi has nothing to "
            "start."
        )
    known = settings()
    named = handler_in_settings(handler, starting_settings(known or {}))
    if named is not None:
        return named, f"The entry point {named} comes from the app setting WSGI_HANDLER; web.config names none."
    return (
        None,
        _UNSEEN
        if known is None
        else "web.config has no WSGI_HANDLER, so wfastcgi has nothing to start and no app setting names it.",
    )


def _named_start(
    entry: EntryPoint, setting: str | None, known: Mapping[str, str], say: Callable[[str], None]
) -> StartTarget:
    """Return the target that --app names. setting: the entry point in the app settings."""
    if setting is not None and entry.object is not None:
        if not entry.is_asgi and entry.wsgi_handler == setting.strip():
            return StartTarget(entry, setting, None, True, known)
        say(f"--app takes precedence over the app setting WSGI_HANDLER, which is '{setting}' and is not changed.")
    return StartTarget(entry, None, None, False, known)


def _say_left_to_settings(
    start: StartTarget, handler: PythonHandler | None, settings: Mapping[str, str] | None, say: Callable[[str], None]
) -> None:
    """Say that DJANGO_SETTINGS_MODULE is not written, because app settings that are not known may have it already."""
    module = start.entry.settings_module if start.entry else None
    if settings is not None or module is None or handler is None or not handler.python_path:
        return
    if "DJANGO_SETTINGS_MODULE" not in {name.upper() for name in handler.environment}:
        say(
            "DJANGO_SETTINGS_MODULE is left to wsgi.py and to the app settings, which were not read; `--env "
            f"DJANGO_SETTINGS_MODULE={module}` writes it."
        )


def _setting_start(files: Wwwroot, text: str, known: Mapping[str, str], say: Callable[[str], None]) -> StartTarget:
    detected = _detected(files)
    repaired = repaired_handler(text, detected)
    if repaired is not None:
        raise Refused(
            f"The app setting WSGI_HANDLER of {files.label} is '{text}', which cannot work. {repaired.reason}",
            f"Set the app setting to {repaired.wsgi_handler} (`az webapp config appsettings set "
            f'--settings "WSGI_HANDLER={repaired.wsgi_handler}"`), or name the entry point with --app.',
        )
    say(f"Entry point of {files.label}: {text}, from the app setting WSGI_HANDLER.")
    entry = entry_of_handler(text, detected)
    return StartTarget(recognized(entry, detected) if entry is not None else None, text, None, True, known)


def replacement_notice(start: StartTarget, kind: str, current: PythonHandler | None) -> str | None:
    """Return a sentence when the entry point comes from the files, because the command in force names none; else None.

    That is so only when the kind of handler changes. kind: of the new handler. current: the handler of web.config.
    """
    if start.entry is not None or start.found is None or current is None or current.kind == kind:
        return None
    return f"The command in web.config does not name the application; using {start.found.spec}. {start.found.reason}"


def _is_blank(handler: PythonHandler | None) -> bool:
    """Return whether web.config has an empty WSGI_HANDLER, which takes precedence over the app setting."""
    return (
        handler is not None
        and handler.kind == "fastCgi"
        and handler.entry_point is not None
        and not handler.entry_point.strip()
    )


def _own_start(
    files: Wwwroot, handler: PythonHandler | None, say: Callable[[str], None], known: Mapping[str, str], unseen: bool
) -> StartTarget:
    """Return what web.config has, else what the files have.

    known: `starting_settings`. unseen: whether there may be others.
    """
    text = handler.command_text if handler else None
    if handler is not None and text and text.strip():
        detected = _detected(files)
        named = _named(handler, detected, known)
        if handler.kind == "fastCgi":
            repaired = repaired_handler(text, detected)
            if repaired is not None:
                say(f"WSGI_HANDLER '{text}' cannot work and is changed to '{repaired.wsgi_handler}'. {repaired.reason}")
                return StartTarget(repaired, None)
        elif _needs_unix(handler):
            entry = recognized(named, detected) if named is not None else choose(detected)
            say(f"'{text}' cannot work: its server needs Unix. Using another server for {entry.spec}.")
            return StartTarget(entry, None)
        if named is None:
            told = handler.kind == "fastCgi" or unseen and _is_flask(handler)
            return StartTarget(None, text, None if told else _best(detected))
        return StartTarget(recognized(named, detected), text)
    entry = choose(_detected(files))
    say(f"Entry point of {files.label}: {entry.spec}. {entry.reason}")
    return StartTarget(entry, None)


def _option_entry(option: str, detected: Candidates, say: Callable[[str], None]) -> EntryPoint:
    """Read --app. Raises InvalidInput for a malformed one, Refused for a program that runs its own server."""
    entry = parse_app_option(option, detected)
    refuse_foreign(entry, detected)
    entry = recognized(entry, detected)
    if entry.spec != option.strip():
        say(
            f"--app {option.strip()} means {entry.spec}"
            + (f", with '{entry.folder}' on the import path." if entry.folder else ".")
        )
    return entry


def _needs_unix(handler: PythonHandler) -> bool:
    found = served(understand(handler.python_path, handler.arguments), handler.environment)
    return found is not None and found.unix_only


def _is_flask(handler: PythonHandler) -> bool:
    """Return whether the command is `flask run`, which starts what FLASK_APP says."""
    found = served(understand(handler.python_path, handler.arguments), handler.environment)
    return found is not None and found.server == "flask"


def shown_entry_point(kind: str, text: str | None, process_path: str = "python.exe") -> str | None:
    """Return the entry point as output shows it.

    kind: "fastCgi" or "httpPlatform". text: wfastcgi's WSGI_HANDLER, shown as it is, or python.exe's arguments, of
    which only the application is shown if it is recognized. process_path: the program that gets the arguments.
    """
    return text if kind == "fastCgi" else served_entry_point(text, process_path) or text


def _best(detected: Sequence[EntryPoint]) -> EntryPoint | None:
    """Return the best entry point; None when there is none, or when two are equally good."""
    return detected[0] if detected and all(other.rank > detected[0].rank for other in detected[1:]) else None


def _detected(files: Wwwroot) -> Candidates:
    """Return the entry points in the app's Python files, best first; the files are parsed, never run."""
    return application_files(files.list_folder, lambda name: files.state(name).content)


def _named(handler: PythonHandler, detected: Candidates, known: Mapping[str, str]) -> EntryPoint | None:
    """Return the entry point that web.config names: a WSGI_HANDLER (`app.app`, `app.create()`) or server arguments.

    known: `starting_settings`; FLASK_APP counts.
    """
    if handler.kind == "fastCgi":
        return entry_of_handler(handler.entry_point or "", detected)
    own = {name.upper(): value for name, value in handler.environment.items()}
    return entry_of_command(handler.python_path, handler.arguments, {**known, **own})

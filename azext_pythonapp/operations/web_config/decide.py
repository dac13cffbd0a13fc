"""Decide which handler is to start which Python with which entry point; set-version and web-config share it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from azext_pythonapp.operations.app.wwwroot import Wwwroot
from azext_pythonapp.operations.web_config.entry_point import (
    StartTarget,
    find_start,
    find_start_in_force,
    needs_no_setting,
    replacement_notice,
)
from azext_pythonapp.operations.web_config.handler import HandlerOptions, build_intent, decide_kind
from azext_pythonapp.runtimes.registration import Registration
from azext_pythonapp.webconfig.handlers import HandlerIntent, PythonHandler


@dataclass(frozen=True)
class PythonChoice:
    """A Python by its path on the worker, with the pair by which IIS knows it.

    registration: None when IIS does not know it, and when that cannot be told. unregistered: IIS certainly does not
    know it.
    """

    path: str
    registration: Registration | None
    unregistered: bool = False


def decide_start(
    files: Wwwroot,
    options: HandlerOptions,
    app_option: str | None,
    current: PythonHandler | None,
    settings: Callable[[], Mapping[str, str] | None],
    say: Callable[[str], None],
) -> StartTarget:
    """Return what the web server is to start; nothing is looked for when the person gives the whole command.

    app_option: the value of --app. current: the handler that web.config has. settings: returns the app's settings, None
    when they are not known. say: gets what was found. Raises what `find_start` raises.
    """
    if options.startup_command:
        return StartTarget(None, None)
    if app_option is None and current is not None and needs_no_setting(current):
        return find_start_in_force(files, current, say, settings)
    return find_start(files, app_option, current, say, settings())


def decide_handler(
    files: Wwwroot,
    options: HandlerOptions,
    current: PythonHandler | None,
    start: StartTarget,
    python: PythonChoice,
    *,
    packages: Iterable[str],
    other_names: Callable[[], frozenset[str]],
    say: Callable[[str], None],
) -> HandlerIntent:
    """Return what web.config has to say for a Python and an entry point.

    packages: where a web server is looked for; gone through only when one is needed. other_names: returns the names
    of handlers in the site's other web.config files, which a new handler must not take. say: gets what is worth
    knowing about the decision. Raises Refused when no handler can start it.
    """
    kind = decide_kind(files.label, options, current, start, python.registration is not None)
    notice = replacement_notice(start, kind, current)
    if notice is not None:
        say(notice)
    intent = build_intent(
        files.label, kind, options, current, start, python.path, python.registration, packages, files.worker_folder
    )
    if current is None or not current.python_path:
        return replace(intent, taken_names=other_names())
    return intent

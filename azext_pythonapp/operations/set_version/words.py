"""How `set-version` names what an app runs, and what a switch changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.run import Run
from azext_pythonapp.operations.web_config.conflict import HANDLER_NAMES, python_version
from azext_pythonapp.operations.web_config.entry_point import shown_entry_point
from azext_pythonapp.runtimes.end_of_life import support
from azext_pythonapp.runtimes.environment import Letter
from azext_pythonapp.runtimes.versions import minor
from azext_pythonapp.webconfig.handlers import HandlerIntent, PythonHandler
from azext_pythonapp.windows import same_path


def capital(text: str) -> str:
    """Return a text with a capital letter at its beginning."""
    return f"{text[:1].upper()}{text[1:]}"


def stopped_sentence(app: App) -> str:
    """Return what is said of a stopped app, whose page cannot be fetched; it ends with the command that starts it."""
    said = f"{capital(app.site.label)} is stopped, so nothing was fetched: not verified."
    return f"{said} Start it: az webapp start {app.site.arguments}"


def as_run(decision: Decision, run: Run) -> Decision:
    """Return a decision as it was carried out: an app stays in its environment when the built one is no other."""
    place = decision.place
    if place is None or run.letter is None or run.letter == place.letter:
        return decision
    return replace(decision, python=run.python, intent=run.intent, place=replace(place, letter=run.letter))


def version_before(decision: Decision) -> str | None:
    """Return the version of the Python that web.config started before, or its path where the version is not known."""
    if decision.before is not None and decision.before.version:
        return decision.before.version
    return python_version(decision.found.current)


def versions(decision: Decision) -> tuple[str | None, str]:
    """Return the versions before and after a switch, with the architecture where only that tells them apart."""
    before, after, was = version_before(decision), str(decision.python.version), decision.before
    if decision.place is not None or decision.found.started is not None:
        return in_place(before, decision.found.started), str(in_place(after, letter_after(decision)))
    if before == after and was is not None and not same_python(decision):
        return f"{before} {was.architecture}", f"{after} {decision.python.architecture}"
    return before, after


def in_place(version: str | None, letter: Letter | None) -> str | None:
    """Return a version with where its packages are, for an app that has been in an environment or gets there."""
    if version is None:
        return None
    return f"{version} in environment {letter}" if letter is not None else f"{version} with its own packages"


def letter_after(decision: Decision) -> Letter | None:
    """Return the environment that the app is to run; None for a runtime's own packages."""
    return decision.place.letter if decision.place is not None else None


def same_python(decision: Decision) -> bool:
    """Return whether the app is to run the Python that it runs already."""
    current = decision.found.current
    home = decision.app.kudu.home()
    return current is not None and any(
        same_path(path, decision.python.python_path, home) for path in (current.python_path, *current.python_paths)
    )


def now_in_words(decision: Decision) -> str | None:
    """Return what the app runs before the plan, for its heading: "Python 3.11.9, FastCGI"; None for no Python."""
    version, current = version_before(decision), decision.found.current
    if version is None or current is None:
        return None
    letter = decision.found.started
    place = f", environment {letter}" if letter is not None else ""
    return f"Python {version}{place}, {HANDLER_NAMES[current.kind]}"


def entry_point_words(decision: Decision) -> str | None:
    """Return what the entry point was and becomes, as a sentence; None where it stays, or there was none."""
    current, intent = decision.found.current, decision.intent
    if current is None or current.kind != intent.kind:
        return None
    was, now = started_text(current), started_text(intent)
    return f"Entry point {was} -> {now}." if was and now and was != now else None


def end_of_life_warning(version: str, today: date) -> str | None:
    """Return a sentence about a Python that gets no more security fixes; None for one that does.

    Source of the dates: runtimes/end_of_life.py.
    """
    known = support(version, today)
    if known.state != "endOfLife":
        return None
    since = f" on {known.end_of_life}" if known.end_of_life else ""
    return f"Python {minor(version)} reached its end of life{since} and gets no more security fixes."


def runs_in_words(decision: Decision) -> str | None:
    """Return what the app ran before: "Python 3.11.9", with its handler where only that changes; None for nothing."""
    version, current = version_before(decision), decision.found.current
    if version is None or current is None:
        return None
    if decision.found.started is not None:
        version = f"{version} in environment {decision.found.started}"
    with_handler = f" with {HANDLER_NAMES[current.kind]}" if current.kind != decision.intent.kind else ""
    return f"Python {version}{with_handler}"


def switch_title(decision: Decision) -> str:
    """Return the title of the step that writes web.config: what of it changes."""
    label, intent, current = decision.app.site.label, decision.intent, decision.found.current
    before, version = versions(decision)
    if current is None or not current.python_path:
        return f"Switching web.config of {label} to Python {version}."
    if not same_python(decision):
        was = f" from Python {before}" if before else ""
        return f"Switching web.config of {label}{was} to Python {version}."
    if current.kind != intent.kind:
        names = HANDLER_NAMES[current.kind], HANDLER_NAMES[intent.kind]
        return f"Switching web.config of {label} from {names[0]} to {names[1]}, with Python {version} as before."
    if started_text(current) != started_text(intent):
        return f"Changing the entry point in web.config of {label}; Python {version} as before."
    return f"Correcting web.config of {label}; Python {version} as before."


def started_text(handler: PythonHandler | HandlerIntent) -> str | None:
    """Return what a handler starts, as output shows it: the entry point, or arguments that name none."""
    text = handler.entry_point if handler.kind == "fastCgi" else handler.arguments
    return shown_entry_point(handler.kind, text, handler.python_path)

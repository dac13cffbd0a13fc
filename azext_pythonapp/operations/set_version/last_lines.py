"""The last lines of `set-version`: what the app runs now, what it ran, what its page answers, and how to undo it."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.advice import quoted
from azext_pythonapp.entrypoints.choose import entry_of_handler
from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.operations.app.findings import DEPLOYMENT_DELETES
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.operations.runtime.choose import newest_present
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.steps import Run
from azext_pythonapp.operations.set_version.words import (
    capital,
    runs_in_words,
    same_python,
    started_text,
    stopped_sentence,
    versions,
)
from azext_pythonapp.operations.web_config.conflict import HANDLER_NAMES
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.webconfig.handlers import PythonHandler

_OPTIONS = {"fastCgi": "fastcgi", "httpPlatform": "httpplatform"}


def last_lines(decision: Decision, run: Run, changes: Sequence[Change], static: str | None = None) -> list[str]:
    """Return the last lines of a run that succeeded. changes: what it changed. static: about the static files."""
    done = [change for change in changes if change.action != "none"]
    app, stopped = decision.app, not decision.running and not run.restarted
    if not done:
        lines = [" ".join(filter(None, (_unchanged(decision, run), run.health.sentence)))]
    else:
        lines = [
            DEPLOYMENT_DELETES if any(change.action == "create" for change in done) else "",
            " ".join(
                filter(
                    None,
                    (
                        _now(decision, run),
                        run.health.sentence,
                        _not_checked(decision, stopped, done),
                        f"{capital(_numbers(done))}, {app.progress.seconds:.0f} s.",
                    ),
                )
            ),
            static or "",
            f"Undo: {undo}" if (undo := undo_command(decision, done)) else "",
        ]
    if stopped:
        lines.append(stopped_sentence(app))
    return [line for line in lines if line]


def undo_command(decision: Decision, changes: Sequence[Change]) -> str | None:
    """Return the command that makes the app run again what it ran before; None where `set-version` cannot do that.

    changes: what was changed. It cannot where there was no Python on the app before, and where packages were changed
    in the very Python that the app ran.
    """
    app, current, before = decision.app, decision.found.current, decision.before
    if current is None or before is None or not before.answered or before.version is None:
        return None
    if all(change.target != decision.found.files.shown(WEB_CONFIG) for change in changes):
        return None
    same = same_python(decision)
    if same and any(change.target.startswith("packages/") for change in changes):
        return None
    options = [f"--version {before.version}"]
    try:
        meant = newest_present(app, decision.found.pythons, VersionSpec.parse(before.version), None)
        if meant is not None and meant.python_path != before.python_path:
            options.append(f"--arch {before.architecture}")
            meant = newest_present(app, decision.found.pythons, VersionSpec.parse(before.version), before.architecture)
    except UnknownOutcome:
        return None
    if meant is None or meant.python_path != before.python_path:
        return None
    if current.kind != decision.intent.kind:
        options.append(f"--handler {_OPTIONS[current.kind]}")
    elif started_text(current) != started_text(decision.intent):
        entry = _entry_option(current)
        if entry is None:
            return None
        options.append(f"--app {quoted(entry)}")
    elif same:
        return None  # a repair of the handler: the same command again changes nothing
    if not decision.request.requirements:
        options.append("--no-requirements")
    return f"az webapp python set-version {app.site.arguments} {' '.join(options)}"


def _entry_option(handler: PythonHandler) -> str | None:
    """Return the entry point of a handler as --app takes it; None for one that it cannot name."""
    text = started_text(handler)
    if not text:
        return None
    if handler.kind == "fastCgi":
        entry = entry_of_handler(text)
        return entry.spec if entry is not None else None
    return text if text != handler.arguments else None


def _unchanged(decision: Decision, run: Run) -> str:
    runs = "runs" if run.health.good else "is set to run"
    return f"{capital(decision.app.site.label)} {runs} Python {run.python.version} already; nothing changed."


def _now(decision: Decision, run: Run) -> str:
    """Return what the app runs, or is to run where its page did not prove it, and what it was before."""
    label, before = capital(decision.app.site.label), runs_in_words(decision)
    runs = "runs" if run.health.good else "is set to run"
    old, new = versions(decision)
    now = f"Python {new}"
    current = decision.found.current
    if current is not None and current.kind != run.intent.kind:
        now = f"{now} with {HANDLER_NAMES[run.intent.kind]}"
    if before is None:
        return f"{label} {runs} {now}."
    if same_python(decision) and current is not None and current.kind == run.intent.kind:
        was, entry = started_text(current), started_text(run.intent)
        if was and entry and was != entry:
            return f"{label} {runs} {entry} (was {was}) on {now}."
        return f"{label} {runs} {now} as before."
    was = old if not same_python(decision) else ""
    if current is not None and current.kind != run.intent.kind:
        was = " with ".join(filter(None, (was, HANDLER_NAMES[current.kind])))
    return f"{label} {runs} {now} (was {was})."


def _not_checked(decision: Decision, stopped: bool, changes: Sequence[Change]) -> str | None:
    """Return why no page was fetched, where it is not because the app is stopped; None when one was, or need not be."""
    if stopped or decision.health is not None:
        return None
    restart = f"To restart it: `az webapp restart {decision.app.site.arguments}`."
    if not decision.request.restart and any(change.target.startswith("packages/") for change in changes):
        return f"It was not restarted (--no-restart), so its processes may still have other packages. {restart}"
    if not decision.request.restart:
        return f"It was not restarted (--no-restart), and its page was not checked. {restart}"
    return "Its page was not checked (--no-health-check)."


def _numbers(changes: Sequence[Change]) -> str:
    """Return what was changed in numbers: "1 Python and 10 packages installed, 1 file changed"."""
    pythons = {change.target for change in changes if change.target.startswith("siteextensions/")}
    packages = [change for change in changes if change.target.startswith("packages/")]
    new = [change for change in packages if change.action == "install"]
    files = [change for change in changes if change.target.endswith("web.config")]
    installed = " and ".join(filter(None, (_count(len(pythons), "Python"), _count(len(new), "package"))))
    parts = [
        f"{installed} installed" if installed else "",
        f"{_count(len(packages) - len(new), 'package')} changed" if len(packages) > len(new) else "",
        f"{_count(len(files), 'file')} changed" if files and not packages and not pythons else "",
    ]
    return ", ".join(filter(None, parts)) or "the app was restarted"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""

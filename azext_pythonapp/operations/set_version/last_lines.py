"""The last lines of `set-version`: what the app runs now, what it ran, what its page answers, and how to undo it."""

from __future__ import annotations

from collections.abc import Sequence

from azext_pythonapp.operations.app.findings import DEPLOYMENT_DELETES
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.run import Run
from azext_pythonapp.operations.set_version.words import (
    as_run,
    capital,
    runs_in_words,
    same_python,
    started_text,
    stopped_sentence,
    versions,
)
from azext_pythonapp.operations.web_config.conflict import HANDLER_NAMES
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.environment import FOLDER


def last_lines(decision: Decision, run: Run, changes: Sequence[Change], static: str | None = None) -> list[str]:
    """Return the last lines of a run that succeeded. changes: what it changed. static: about the static files."""
    decision = as_run(decision, run)
    done = [change for change in changes if change.action != "none"]
    app, stopped = decision.app, not decision.running and not run.restarted
    if not done:
        lines = [" ".join(filter(None, (_unchanged(decision, run), run.health.sentence)))]
    else:
        lines = [
            DEPLOYMENT_DELETES if run.brought.command == "set-version" and _has_new_web_config(done) else "",
            " ".join(
                filter(
                    None,
                    (
                        _now(decision, run),
                        run.health.sentence,
                        _not_checked(decision, stopped, done),
                        f"{capital(_numbers(done, run.brought.sent))}, {app.progress.seconds:.0f} s.",
                    ),
                )
            ),
            static or "",
            f"Undo: {undo}" if run.change is not None and (undo := run.change.undo) else "",
        ]
    if stopped:
        lines.append(stopped_sentence(app))
    return [line for line in lines if line]


def _unchanged(decision: Decision, run: Run) -> str:
    runs = "runs" if run.health.good else "is set to run"
    place = f" in environment {run.letter}" if run.letter is not None else ""
    return f"{capital(decision.app.site.label)} {runs} Python {run.python.version}{place} already; nothing changed."


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


def _has_new_web_config(changes: Sequence[Change]) -> bool:
    return any(change.action == "create" and change.target.endswith("web.config") for change in changes)


def _numbers(changes: Sequence[Change], sent: str) -> str:
    """Return what was changed in numbers: "1 Python and 10 packages installed, 1 file changed".

    sent: the numbers of what was brought to the app with the switch; "" for nothing.
    """
    pythons = {change.target for change in changes if change.target.startswith("siteextensions/")}
    packages = [change for change in changes if change.target.startswith("packages/")]
    new = [change for change in packages if change.action == "install"]
    files = [change for change in changes if change.target.endswith("web.config")]
    installed = " and ".join(filter(None, (_count(len(pythons), "Python"), _count(len(new), "package"))))
    built = [change.target.rpartition("/")[2] for change in changes if change.target.startswith(f"{FOLDER}/")]
    parts = [
        f"environment {built[0]} built" if built else "",
        f"{installed} installed" if installed else "",
        f"{_count(len(packages) - len(new), 'package')} changed" if len(packages) > len(new) else "",
        sent,
        f"{_count(len(files), 'file')} changed" if files and not (packages or pythons or sent or built) else "",
    ]
    return ", ".join(filter(None, parts)) or "the app was restarted"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""

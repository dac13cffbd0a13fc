"""The steps of a switch to an environment: its build, and the pairs by which IIS knows both of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from azext_pythonapp.jobs.request import Switch
from azext_pythonapp.operations.app.record_parts import environment_part, source_arguments
from azext_pythonapp.operations.environment.build import (
    build,
    build_title,
    built_changes,
    extra_sentences,
    planned_changes,
)
from azext_pythonapp.operations.environment.registration import plan_registration, plan_unregister
from azext_pythonapp.operations.environment.standing import read_description
from azext_pythonapp.operations.job.pending_restart import compile_packages
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.run import Run
from azext_pythonapp.packages.wheels import STORE
from azext_pythonapp.plain_text import size_in_words
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.runtimes.environment import Letter, python_of
from azext_pythonapp.webconfig.handlers import HandlerIntent


def switch_of(decision: Decision) -> Switch:
    """Return what pip's job is told of the switch that is to follow it, for whoever sees only the job."""
    app, version = decision.app, str(decision.request.version or decision.python.version)
    command = f"az webapp python set-version {app.site.arguments} --version {version}"
    return Switch(version, app.command or command)


def environment_steps(decision: Decision, run: Run) -> list[Step]:
    """Return the step that builds the environment; none where the one in use has all that is wanted."""
    app, place = decision.app, decision.place
    if place is None or place.contents is None:
        return []

    def make() -> Sequence[Change]:
        change = run.change
        assert change is not None and place is not None and place.contents is not None
        job = build(app, place, run.brought.command, change, switch_of(decision), run.brought.timeout)
        run.built = job
        run.jobs.append(job.id)
        run.python = replace(run.python, answered=True)
        assert job.result is not None
        made = built_changes(place, job.result)
        if len(made) == 1 and place.repeats:
            stay(decision, run)
            return []
        change.note(**_after(decision, place.letter))
        return made

    # What was built stays where it is; the app does not use it.
    return [Step(build_title(app, place), planned_changes(place), make, lambda: "")]


def environments_before(decision: Decision) -> dict[str, Any]:
    """Return the parts of the record about the environment in use before, by the names of `OpenChange.note`."""
    standing, place = decision.found.standing, decision.place
    known = standing.description if standing is not None else None
    parts: dict[str, Any] = {}
    if standing is not None or place is not None:
        parts["environment_before"] = environment_part(standing.letter, known) if standing and known else None
    if place is not None and place.contents is not None:
        run = place.contents.run
        sources = [word for call in (run.call, *run.then) for word in source_arguments(call, run.sources)]
        parts.update(environment_arguments=sources, environment_wheels=STORE)
    return parts


def environments_after(decision: Decision, run: Run) -> dict[str, Any]:
    """Return the parts of the record about the environment that the app runs now."""
    if run.letter is None:
        return {"environment_after": None} if decision.found.standing is not None else {}
    return _after(decision, run.letter)


def _after(decision: Decision, letter: Letter) -> dict[str, Any]:
    known = read_description(decision.app, letter)
    return {"environment_after": environment_part(letter, known)} if known is not None else {}


def stay(decision: Decision, run: Run) -> None:
    """Go on with the environment in use, because the one that was built has the same packages."""
    place = decision.place
    assert place is not None and place.standing is not None
    label, letter = decision.app.site.label, place.standing.letter
    decision.app.progress.say(
        f"Environment {place.letter} has the same packages as {letter}, so {label} goes on with {letter}."
    )
    run.letter = letter
    run.python = replace(run.python, python_path=python_of(letter, decision.app.kudu.home()))
    run.intent = _of(run.intent, place.letter, letter)
    run.web_config.recompute()


def _of(intent: HandlerIntent, letter: Letter, other: Letter) -> HandlerIntent:
    """Return what web.config has to say for the other environment."""
    own = re.compile(r"(\\pythonapp\\environments\\)" + letter + r"(?=\\)", re.IGNORECASE)

    def moved(text: str | None) -> str | None:
        return None if text is None else own.sub(lambda found: found[1] + other, text)

    return replace(
        intent,
        python_path=str(moved(intent.python_path)),
        wfastcgi_path=moved(intent.wfastcgi_path),
        arguments=moved(intent.arguments),
        environment={name: str(moved(value)) for name, value in intent.environment.items()},
    )


def environment_sentences(decision: Decision, run: Run) -> list[str]:
    """Return what is said of an environment that is going to be built: what goes along, and what room it takes."""
    place, label = decision.place, decision.app.site.label
    if place is None or place.contents is None:
        return []
    size = place.contents.size
    room = f"Environment {place.letter} takes about {size_in_words(size)} in the home directory of {label}"
    if run.free is None:
        room = f"{room}; how much is free there is not known."
    elif run.free < size:
        room = (
            f"Warning: {room}, where only {size_in_words(run.free)} are free. If it does not fit, nothing is changed."
        )
    else:
        room = f"{room}, where {size_in_words(run.free)} are free."
    return [*extra_sentences(place.contents.extra, label), room]


def pair_steps(decision: Decision, run: Run) -> list[Step]:
    """Return the steps by which IIS gets to know the pairs of both environments, before web.config names one.

    Raises Refused where that takes a restart, and the person wants none.
    """
    app, place, started = decision.app, decision.place, decision.found.started
    current = decision.found.current
    if place is None or decision.intent.kind != "fastCgi":
        return []
    by_pair = started if current is not None and current.kind == "fastCgi" else None
    if by_pair == place.letter:
        return []
    registering = plan_registration(
        app, run.record, running=decision.running, restart=decision.request.restart, in_use=by_pair
    )
    if not registering.restarts:
        return list(registering.steps)

    def compile_again() -> Sequence[Change]:
        """Have the new packages compiled after all: the restart has ended that."""
        if run.built is not None:
            compile_packages(app, [run.built.id])
        return []

    return [*registering.steps, Step("", [], compile_again)]


def unpair_steps(decision: Decision, run: Run) -> list[Step]:
    """Return the steps that take the registration back, once web.config names no environment any more."""
    if decision.place is not None or decision.found.standing is None:
        return []
    return plan_unregister(decision.app, run.record)

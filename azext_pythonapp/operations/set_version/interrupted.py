"""What `set-version` says when it is interrupted: what the app runs now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azext_pythonapp.errors import Interrupted, UnknownOutcome
from azext_pythonapp.operations.job.watch import again_advice
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.run import Run
from azext_pythonapp.operations.set_version.words import runs_in_words


@contextmanager
def saying_what_runs(decision: Decision, run: Run) -> Iterator[None]:
    """Add to the error of a command that stops before the switch what the app still runs.

    Such an error is Ctrl-C's, or one after which pip or an installation goes on in Azure. After the switch, and where
    published files were put back, the sentence about the undo says it.
    """
    try:
        yield
    except (Interrupted, UnknownOutcome) as error:
        if not (run.web_config.attempted or run.undone):
            error.extend([_still(decision)])
        error.recommendation = error.recommendation or again_advice(decision.app)
        raise


def _still(decision: Decision) -> str:
    label = decision.app.site.label
    name = f"{label[0].upper()}{label[1:]}"
    runs = runs_in_words(decision)
    if not decision.running:
        return f"{name} is stopped; its web.config was not touched."
    if runs is None:
        return f"web.config of {label} was not touched."
    return f"{name} still runs {runs}; web.config was not touched."

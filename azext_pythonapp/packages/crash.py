"""Explain an exception that ended pip itself."""

from __future__ import annotations

import re

from azext_pythonapp.advice import quoted
from azext_pythonapp.packages.explanation import Explanation
from azext_pythonapp.packages.index_answers import reading_failure
from azext_pythonapp.packages.pip_output import PipOutput


def explain_crash(output: PipOutput) -> Explanation | None:
    """Explain an exception that ended pip itself."""
    broken = reading_failure(output.raised)
    if broken is not None:
        return Explanation(broken.sentence, f"Run the command again. {broken.advice}")
    if output.no_pip:
        return Explanation("This Python has no pip.", "Install the runtime again: `az webapp python install`.")
    if output.no_memory:
        return Explanation(
            "The worker ran out of memory while pip worked.",
            "Stop the app meanwhile (--stop-app always), or use a larger plan.",
        )
    if output.raised is None:
        return None
    known = _known_crash(output.raised, output.raised_in, output.python)
    if known is not None:
        return known
    if output.raised.startswith("MemoryError"):
        return Explanation(
            "pip ran out of memory on the worker.", "Stop the app meanwhile (--stop-app always), or use a larger plan."
        )
    return Explanation(
        f"pip itself ended with an exception: {output.raised.rstrip('.')}.",
        "Run the command again. If that does not help, use another version of pip: `az webapp python package install "
        "--upgrade --packages pip`.",
    )


def _known_crash(raised: str, where: str, python: str) -> Explanation | None:
    """Explain an exception of pip whose cause is known. where: the file that raised it."""
    kind, _, said = raised.partition(": ")
    if kind.endswith(("BadZipFile", "BadZipfile")):
        return Explanation(
            "A file that pip downloaded or was given is not a whole archive.",
            "Run the command again. If it stays, the index or a proxy sends something else in its place, or a wheel of "
            "--wheel-dir was cut.",
        )
    if kind == "EOFError":
        return Explanation(
            "An index asks for a user name and a password, and pip has none.",
            "Put them into the index's address: --index-url, or the app setting PIP_INDEX_URL.",
        )
    installed = re.match(
        r"\((?P<have>\S+ \S+) \(.*\), Requirement\.parse\('(?P<need>[^'`]*)'\)(?:, [^']*'(?P<who>[^']*)')?", said
    )
    if kind.endswith("VersionConflict") and installed:
        return Explanation(
            f"{installed['have']} is installed, but {installed['who'] or 'another package'} needs {installed['need']}.",
            f"Install that first: `az webapp python package install --packages {quoted(installed['need'])}`.",
        )
    if kind == "ImportError" and ("DLL load failed" in said or "'pip." in said):
        return Explanation(
            f"A part of this Python, or of its pip, is missing or does not fit: {said.rstrip('.')}.",
            "Install the runtime again: `az webapp python install`.",
        )
    if kind == "SyntaxError" and re.search(r"(?:^|[\\/])pip[\\/]", where):
        return Explanation(
            f"The pip of this Python is made for a newer Python than {python}.",
            "Install the runtime again, with its own pip: `az webapp python install`.",
        )
    return None

"""The checks of `doctor`, in the order of its answer: one module for each thing that is looked at."""

from __future__ import annotations

import importlib

from azext_pythonapp.operations.doctor.check import Check, registered

# A module's functions become checks by the decorator `check`; each needs a section in docs/doctor.md.
MODULES = ("scm", "site", "runtime", "server_log", "packages", "unfinished", "secrets")


def all_checks() -> dict[str, Check]:
    """Return every check by its id, in the order of the answer."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
    return registered()

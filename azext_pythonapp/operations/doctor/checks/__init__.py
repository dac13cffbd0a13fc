"""The checks of `doctor`, in the order of its answer: one module for each thing that is looked at."""

from __future__ import annotations

import importlib

from azext_pythonapp.operations.doctor.check import Check, registered

# A module's functions become checks by the decorator `check`; each needs a section in docs/doctor.md.
MODULES = (
    "scm",
    "site",
    "runtime",
    "web_config",
    "files",
    "server_log",
    "packages",
    "unfinished",
    "secrets",
    "entry_point",
)


def all_checks() -> dict[str, Check]:
    """Return every check by its id, in the order of the answer."""
    names = [importlib.import_module(f"{__name__}.{name}").__name__ for name in MODULES]
    known = registered()
    return {each.id: each for name in names for each in known.values() if each.look.__module__ == name}

"""The modules of the runner, for tests of single ones."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import azext_pythonapp.packages.remote.runner_modules

FOLDER = Path(azext_pythonapp.packages.remote.runner_modules.__file__).parent


def runner_module(name: str) -> ModuleType:
    """A module by its name, imported as on the worker, where the runner's folder comes first on sys.path."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))

"""What is never sent to an app, whatever .gitignore says: version control, secrets, what each machine makes itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

Kind = Literal["named", "environment"]

# `az webapp up` keeps its defaults in .azure, and azd the settings of its environments, secrets among them.
_FOLDERS = frozenset({".git", ".hg", ".svn", ".azure", "__pycache__", "node_modules", ".env"})
# In a submodule and in a further worktree of git, .git is a file.
_FILES = frozenset({".git", ".env", ".env.local"})
_BESIDE_ACTIVATE = ("python", "python.exe", "activate_this.py", "activate.bat")
_LOCAL_SETTINGS = (".env.", ".local")


def is_never_sent(name: str, is_folder: bool) -> bool:
    """Return whether a file or folder is never sent because of its name.

    By convention `.env` and what ends in `.local` hold the secrets of one machine; `.env.example`, and settings of one
    stage such as `.env.production`, which an app may need, are files like any other.
    """
    lower = name.lower()
    if is_folder:
        return lower in _FOLDERS
    begin, end = _LOCAL_SETTINGS
    return lower in _FILES or (lower.startswith(begin) and lower.endswith(end))


def is_environment(folder: str, names: Mapping[str, str]) -> bool:
    """Return whether a folder is a virtual environment of Python or of conda, whatever its name.

    folder: its path. names: what is in it, by lower case. venv and virtualenv since 20 write pyvenv.cfg; before that
    virtualenv had a python beside its `activate`, which a .gitignore with `*.exe` takes away, and `activate_this.py`.
    """
    if "pyvenv.cfg" in names:
        return True
    if "conda-meta" in names and os.path.isfile(os.path.join(folder, names["conda-meta"], "history")):
        return True
    return any(
        programs in names
        and os.path.isfile(os.path.join(folder, names[programs], "activate"))
        and any(os.path.lexists(os.path.join(folder, names[programs], each)) for each in _BESIDE_ACTIVATE)
        for programs in ("bin", "scripts")
    )


def is_part_of_environment(folder: str, name: str) -> bool:
    """Return whether an entry of a folder that is an app and a virtual environment at once belongs to the environment.

    `python -m venv .` makes such a folder. folder: its path. name: of an entry in it.
    """
    path, lower = os.path.join(folder, name), name.lower()
    if lower == "pyvenv.cfg":
        return True
    if lower in ("bin", "scripts"):
        return os.path.isfile(os.path.join(path, "activate"))
    if lower in ("lib", "lib64"):
        return any("site-packages" in _names(each) for each in (path, *(os.path.join(path, x) for x in _pythons(path))))
    return lower == "include" and set(_names(path)) <= {"site", *_pythons(path)}


def _pythons(folder: str) -> list[str]:
    return [name for name in _names(folder) if name.startswith("python")]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []

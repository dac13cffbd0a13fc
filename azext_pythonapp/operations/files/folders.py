"""Folders of an app that come and go with files: those in the place of a file, and those in which nothing is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, Refused
from azext_pythonapp.operations.files.present import Present, at_once, list_present
from azext_pythonapp.packages.windows_names import folded

_NEVER = "APP_DATA"
_COMPILED_FOLDER, _COMPILED = "__PYCACHE__", (".PYC", ".PYO")
_MOST_NAMED = 3


def folders_above(name: str) -> list[str]:
    """Return the folders that a file is in, outermost first, without the root."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def made_for(names: Iterable[str], present: Present) -> list[str]:
    """Return the folders that have to be made for files, as their names spell them. present: what is there."""
    needed = {folded(folder): folder for name in names for folder in folders_above(name)}
    return [folder for key, folder in needed.items() if key not in present.folders]


def is_compiled(name: str) -> bool:
    """Return whether a file is a module that Python compiled and can compile again."""
    folder, _, own = folded(name).rpartition("/")
    return folder.rpartition("/")[2] == _COMPILED_FOLDER and own.endswith(_COMPILED)


def below(folder: str, present: Present) -> list[str]:
    """Return the files below a folder, but those that Python compiled. present: with all that is in it."""
    start = folded(folder) + "/"
    return [file.name for key, file in present.files.items() if key.startswith(start) and not is_compiled(file.name)]


def in_the_way(names: Iterable[str], present: Present) -> list[str]:
    """Return the files that have to go before others can be written: in the place of a folder, or in a folder that is
    in the place of a file.

    names: of those others. present: with all that is in folders in the place of a file.
    """
    found: dict[str, str] = {}
    for name in names:
        if folded(name) in present.folders:
            found.update({folded(each): each for each in below(name, present)})
        for folder in folders_above(name):
            there = present.file(folder)
            if there is not None:
                found[folded(folder)] = there.name
    return list(found.values())


def require_own(label: str, names: Iterable[str], present: Present, own: Collection[str]) -> None:
    """Raise Refused where a folder with files of others, or App_Data, is in the place of a file.

    label: names the app in errors. names, present: as for `in_the_way`. own: files that may be deleted.
    """
    mine = {folded(each) for each in own}
    for name in names:
        there = present.folders.get(folded(name))
        if there is None:
            continue
        others = [each for each in below(there, present) if folded(each) not in mine]
        if others or folded(there).partition("/")[0] == _NEVER:
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            holds = f", with files that were not published: {', '.join(others[:_MOST_NAMED])}{more}" if others else ""
            raise Refused(
                f"'{name}' is a file here, and a folder on {label}{holds}. Nothing was changed.",
                "Delete that folder on the app if nothing in it is needed, or rename the file.",
            )


def clear(app: App, root: str, folder: str) -> list[str]:
    """Remove a folder in the place of a file, once its files are deleted; return the folders that are gone.

    Raises Conflict where somebody has put other files there meanwhile.
    """
    present = list_present(app, root, [folder], [folder])
    going = _inner(folder, present) if not below(folder, present) else []
    if folded(folder) in present.folders and len(_remove(app, root, going)) < max(len(going), 1):
        raise Conflict(
            f"The folder {root}/{folder} of {app.site.label} is not empty, so no file can take its place.",
            "Delete that folder on the app if nothing in it is needed, and run the command again.",
        )
    return going


def leave_folders(app: App, root: str, deleted: Iterable[str], own: Collection[str]) -> list[str]:
    """Remove the folders in which nothing is left of deleted files; return those that are gone.

    own: the folders that `publish` made; no others are removed, nor App_Data. What Python compiled goes along.
    """
    mine = {folded(each) for each in own}
    above = {folded(each): each for name in deleted for each in folders_above(name)}
    left = [each for key, each in above.items() if key in mine and key.partition("/")[0] != _NEVER]
    if not left:
        return []
    present, going = list_present(app, root, left, left), dict[str, None]()
    for each in left:
        inner = _inner(each, present)
        own_only = all(folded(one) in mine or _holds_compiled(one) for one in inner)
        if own_only and not below(each, present):
            going.update(dict.fromkeys(inner))
    return _remove(app, root, list(going))


def _inner(folder: str, present: Present) -> list[str]:
    """Return a folder, where it is there, and all folders in it."""
    start = folded(folder)
    return [name for key, name in present.folders.items() if f"{key}/".startswith(f"{start}/")]


def _holds_compiled(folder: str) -> bool:
    return folded(folder).rpartition("/")[2] == _COMPILED_FOLDER


def _remove(app: App, root: str, folders: Sequence[str]) -> list[str]:
    """Remove empty folders, inner ones first; return those that are gone."""

    def remove(folder: str) -> bool:
        with suppress(Conflict):  # somebody has just written into it, or it is in use
            app.kudu.delete_directory(f"{root}/{folder}", recursive=_holds_compiled(folder))
            return True
        return False

    gone: list[str] = []
    for depth in sorted({each.count("/") for each in folders}, reverse=True):
        level = [each for each in folders if each.count("/") == depth]
        gone += [each for each, done in zip(level, at_once([partial(remove, each) for each in level])) if done]
    return gone

"""An app's files as modules: the import folder of each file, and the file of a dotted name.

Python finds a top-level module in the app's folder (the working directory) or in another folder on the import path. The
imports of a file below such a folder ("backend/config/wsgi.py") show which folder it is written for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from azext_pythonapp.entrypoints.source import Source


class Modules:
    """The files of an app as modules.

    sources: those that were read. names: the paths of all of its files, also of those that were not.
    """

    def __init__(self, sources: Iterable[Source], names: Iterable[str]):
        self.sources = {source.path: source for source in sources}
        self._files = {*names, *self.sources}
        self._folders = {folder for name in self._files for folder in _parents(name)}
        self._managed = {name.rpartition("/")[0] for name in self._files if name.rpartition("/")[2] == "manage.py"}
        self._roots: dict[str, str] = {}
        self._base_lists: dict[str, list[str]] = {}
        self._imported: dict[str, set[str]] = {}

    def folder(self, source: Source) -> str:
        """Return the folder that must be on the import path for source, "" for the app's own."""
        if source.path not in self._roots:
            self._roots[source.path] = self._find_folder(source)
        return self._roots[source.path]

    def module(self, source: Source) -> str:
        """Return source's dotted name, seen from its folder."""
        folder = self.folder(source)
        return module_name(source.path[len(folder) + 1 :] if folder else source.path)

    def locate(self, source: Source, dotted: str) -> tuple[str, str]:
        """Return the file of a dotted name in source, and the rest of the name behind the module.

        ("shop/web.py", "app") for "shop.web.app"; ("", dotted) when no file of the app is meant.
        """
        parts = dotted.lstrip("/").split(".")
        bases = [""] if dotted.startswith("/") else self._bases(source)
        for count in range(len(parts), 0, -1):
            for base in bases:
                path = "/".join([*filter(None, [base]), *filter(None, parts[:count])])
                for file in (f"{path}.py", f"{path}/__init__.py" if path else "__init__.py"):
                    if file in self._files:
                        return file, ".".join(parts[count:])
        return "", dotted

    def imported_files(self, source: Source) -> set[str]:
        """Return the files of the app that source imports, at the top or in functions, with their packages."""
        if source.path not in self._imported:
            found = set()
            for dotted in set(source.imported):
                parts = dotted.split(".")
                for count in range(1, len(parts) + 1):
                    file, rest = self.locate(source, ".".join(parts[:count]))
                    if file and not rest:
                        found.add(file)
            self._imported[source.path] = found - {source.path}
        return self._imported[source.path]

    def closure(self, source: Source) -> set[str]:
        """Return the paths of source and of all files that it imports, directly or not."""
        found, rest = {source.path}, [source]
        while rest:
            for file in self.imported_files(rest.pop()) - found:
                found.add(file)
                if file in self.sources:
                    rest.append(self.sources[file])
        return found

    def _bases(self, source: Source) -> list[str]:
        if source.path not in self._base_lists:
            self._base_lists[source.path] = list(dict.fromkeys([self.folder(source), "", *self._added(source)]))
        return self._base_lists[source.path]

    def _added(self, source: Source) -> Iterator[str]:
        """Yield the folders of the app that source itself adds to sys.path, by the texts in sys.path.insert(…)."""
        for node in ast.walk(source.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("insert", "append")
                and _is_sys_path(node.func.value)
            ):
                texts = [
                    inner.value
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
                ]
                folder = "/".join(text.strip("./\\").replace("\\", "/") for text in texts)
                if folder in self._folders:
                    yield folder

    def _find_folder(self, source: Source) -> str:
        """Return the folder above source that matches its imports best; the app's own where they do not show one."""
        above = ["/".join(source.folders[:count]) for count in range(len(source.folders) + 1)]
        possible = above[: len(above) - source.relative_levels] or [""]
        names = {dotted.split(".")[0] for dotted in source.imported if dotted and not dotted.startswith("/")}
        settings = source.settings_module()
        if settings:
            names.add(settings[0].split(".")[0])
            managed = [folder for folder in possible if folder in self._managed]
            if managed:
                return managed[-1]
        return max(possible, key=lambda folder: (self._resolved(folder, names, source), -len(folder)))

    def _resolved(self, folder: str, names: set[str], source: Source) -> int:
        prefix = f"{folder}/" if folder else ""
        return sum(
            1
            for name in names
            if f"{prefix}{name}.py" in self._files - {source.path} or f"{prefix}{name}" in self._folders
        )


def module_name(path: str) -> str:
    """Return the dotted module name of a path ("proj/wsgi.py" -> "proj.wsgi")."""
    stem = path[: -len(".py")] if path.lower().endswith(".py") else path
    return stem.removesuffix("/__init__").replace("/", ".")


def _is_sys_path(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
    )


def _parents(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])

"""Whether a folder of this machine is an app, judged by the files that are sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from azext_pythonapp.advice import quoted
from azext_pythonapp.entrypoints.choose import Candidates, EntryPoint, application_files
from azext_pythonapp.errors import InvalidInput, InvalidWebConfig, NotFound
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG
from azext_pythonapp.source.folder import Source, SourceFile
from azext_pythonapp.source.ignore import pattern_of
from azext_pythonapp.source.left_out import first_few
from azext_pythonapp.webconfig.handlers import read_handler, read_in_force

REQUIREMENTS = "requirements.txt"
_SIGNS = (REQUIREMENTS, "manage.py")
_CODE = (".py", ".pyw", ".pyc", ".pyd", ".whl", ".zip")


@dataclass(frozen=True)
class SourceApp:
    """What of an app a folder has.

        app = SourceApp(source)
        app.require(named=bool(--app or --startup-command), in_force=True)    # before anything is asked of Azure
        app.require(named=…, in_force=the app's web.config starts something)  # once that is known

    source: the folder, of which only what is sent counts.
    """

    source: Source
    _unreadable: list[InvalidInput] = field(default_factory=list, repr=False)

    @cached_property
    def entry_points(self) -> Candidates:
        """Return the entry points in the files, which are parsed and never run, best first."""
        return application_files(self._list, self._content)

    @property
    def requirements(self) -> SourceFile | None:
        """Return the file of the requirements that publish installs; None without one."""
        return self.source.find(REQUIREMENTS)

    @property
    def starts_python(self) -> bool:
        """Return whether the folder's own web.config starts a Python. Raises InvalidWebConfig."""
        return read_handler(self._content(WEB_CONFIG)) is not None

    def require(self, *, named: bool, in_force: bool) -> None:
        """Raise InvalidInput for a folder that is no app, with what was looked for.

        named: the command line names what is to start. in_force: the app has a web.config that starts something; then
        any file of Python is enough, because nobody can see in it what a script of one's own serves. Raises it for a
        folder of which nothing is sent, too, and for a file or a web.config that cannot be read.
        """
        if not self.source.files:
            sentences = [f"Nothing of '{self.source.folder}' is sent.", self.source.left_out_sentence or ""]
            raise InvalidInput(" ".join(filter(None, sentences)), self._advice())
        self._require_web_config()
        if named or self.requirements is not None or self.starts_python:
            return
        if self.entry_points or self.entry_points.foreign:
            return
        if in_force and any(each.path.lower().endswith(_CODE) for each in self.source.files):
            return
        if self._unreadable:
            raise self._unreadable[0]
        raise InvalidInput(self._looked_for(), self._advice())

    def missing(self, module: str, package: str | None, installs: bool) -> str | None:
        """Return what to do about a module that a published version does not find, without the full stop.

        package: the one that may have it; None for none. installs: whether publish installs the requirements. Returns
        None where nothing is known of the module but that it is not there.
        """
        own = [*(f"{module}{ending}" for ending in _CODE), f"{module}/__init__.py", module]
        for each in self.source.left_out:
            for path in (*each.files, *each.folders):
                if each.reason in ("ignored", "excluded") and any(f"/{path}".endswith(f"/{name}") for name in own):
                    send = f"--exclude {quoted('!' + pattern_of(path))}"
                    by = each.by if each.reason == "ignored" else f"--exclude {each.by}"
                    return f"'{path}' of the folder is left out by {by}: send it with `{send}`"
        if package is None:
            return None
        without = "" if installs else ", without --no-requirements"
        place = self.source.folder / REQUIREMENTS
        return (
            f"If '{module}' is not a module of the app itself, add its package, {package}, to '{place}' and publish "
            f"again{without}"
        )

    def elsewhere(self, entry: EntryPoint, there: Callable[[str], bool], label: str) -> str | None:
        """Return a sentence about an entry point whose file is on the app and not in the folder; None for any other.

        The app would go on with its old code then, or with none after --clean, whatever the folder has. A module that
        is in neither is one of a package. there: returns whether a file, named below the root, is on the app.
        """
        stem = entry.file.removesuffix(".py")
        if any(self.source.find(f"{stem}{ending}") is not None for ending in (*_CODE, "/__init__.py")):
            return None
        places = () if re.search("[:%*?]", stem) else (entry.file, f"{stem}/__init__.py")
        place = next(filter(there, places), None)
        if place is None:
            return None
        own = next((each.spec for each in self.entry_points), "MODULE:OBJECT")
        return (
            f"{label[0].upper()}{label[1:]} starts {entry.spec} from its own file {place}, which is not in "
            f"'{self.source.folder}'. To start what that folder has, add `--app {quoted(own)}`."
        )

    def _require_web_config(self) -> None:
        """Raise InvalidInput for a web.config of the folder that cannot be edited, which is not the app's own."""
        main = self.source.find(WEB_CONFIG)
        try:
            read_in_force(main.content() if main is not None else None)
        except InvalidWebConfig as error:
            path = main.path if main is not None else WEB_CONFIG
            raise InvalidInput(
                f"'{self.source.folder / path}' cannot be published: {error.message}",
                f"Correct it, or leave it out with `--exclude {quoted(pattern_of(path))}`; then the app's own stays.",
            ) from error

    def _looked_for(self) -> str:
        python = [each for each in self.entry_points.files if each.lower().endswith((".py", ".pyw"))]
        if python:
            count = f"none of its {len(python)} Python files ({first_few(python)})" if len(python) > 1 else python[0]
            first = f"{count} defines" if len(python) > 1 else f"{count} does not define"
            seen = f"{first} a Django, Flask, Bottle, FastAPI, Starlette, Streamlit or WSGI application"
        else:
            others = [each.path for each in self.source.files if each.path.lower().endswith((".py", ".pyw"))]
            where = f" where an entry point is looked for, only {first_few(others)}" if others else ""
            seen = f"it has no Python file such as app.py, wsgi.py or manage.py{where}"
        sentences = [f"'{self.source.folder}' is not a Python app: {seen}, and there is no {REQUIREMENTS} in it."]
        return " ".join([*sentences, *self.entry_points.notes, *filter(None, [self.source.left_out_sentence])])

    def _advice(self) -> str:
        unsent = self._unsent()
        if unsent is not None:
            return f"If '{unsent}' belongs to the app, send it with `--exclude {quoted('!' + pattern_of(unsent))}`."
        inner = self._inner()
        if inner is not None:
            return f"If the app is in '{inner}', name that folder: --src {quoted(str(self.source.folder / inner))}"
        return 'Name the folder that holds the app, or its entry point, for example --app "app:create_app()"'

    def _inner(self) -> str | None:
        """Return the only folder of the folder that looks like an app; None when there is none, or several."""
        found = {
            each.path.rpartition("/")[0]
            for each in self.source.files
            if each.path.rpartition("/")[2].lower() in _SIGNS and each.path.count("/") in (1, 2)
        }
        return next(iter(found)) if len(found) == 1 else None

    def _unsent(self) -> str | None:
        """Return a file that would make the folder an app, and that .gitignore or --exclude leaves out."""
        ignored = [each for each in self.source.left_out if each.reason in ("ignored", "excluded")]
        names = (*_SIGNS, "app.py", "wsgi.py", "asgi.py", "main.py", "application.py")
        return next((path for each in ignored for path in each.files if path.lower() in names), None)

    def _list(self, name: str) -> list[tuple[str, bool]]:
        entries = self.source.tree.list_folder(name)
        if entries is None:
            raise NotFound(f"There is no folder '{name}'.")
        return entries

    def _content(self, name: str) -> bytes | None:
        file = self.source.find(name)
        try:
            return file.content() if file is not None else None
        except InvalidInput as error:
            self._unreadable.append(error)  # which is a file without an application to whoever looks for one
            raise

"""The files of a folder, as what a switch brings to the app: compared, planned, sent, and put back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.entrypoints.choose import EntryPoint
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles
from azext_pythonapp.operations.files.compare import Comparison, compare, is_data, left_the_folder
from azext_pythonapp.operations.files.exchange import Exchange, NewFile
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.files.manifest import PATH, read_manifest
from azext_pythonapp.operations.files.present import folders_in_other_case, folders_of, hashes_of, list_present
from azext_pythonapp.operations.files.since import lost
from azext_pythonapp.operations.files.upload import file_opener
from azext_pythonapp.operations.publish.laid_over import LaidOver
from azext_pythonapp.operations.publish.options import PublishRequest
from azext_pythonapp.operations.publish.words import count, names_in_words, shown_rows
from azext_pythonapp.operations.set_version.brought import Brought
from azext_pythonapp.plain_text import size_in_words
from azext_pythonapp.plan import Change, Step
from azext_pythonapp.source.folder import SourceFile
from azext_pythonapp.source.ignore import pattern_of
from azext_pythonapp.webconfig.handlers import PythonHandler


class FolderFiles(Brought):
    """What of a folder differs from the app, and the steps that bring it there.

    root: the folder of the app's files, below %HOME%. interrupted: what an interrupted publish of this app did; None
    when there is none. stack: closes what is open while the change is made.
    Comparing costs a request for each folder on the app, and one for each file that sizes and times do not tell apart.
    Raises Refused where a folder with files of others is in the place of a file, and what the SCM site raises.
    """

    command = "publish"

    def __init__(self, app: App, root: str, request: PublishRequest, interrupted: Published | None, stack: ExitStack):
        source = request.source
        self._app = app
        self._root = root
        self._stack = stack
        self._request = request
        self._interrupted = interrupted is not None
        self._main = source.find(WEB_CONFIG)
        files = [file for file in source.files if file is not self._main]
        manifest = read_manifest(app.kudu, root)
        self._listed = manifest.readable
        gone = left_the_folder(manifest, files, source.folder) if request.clean else []
        names = [file.path for file in files]
        present = list_present(app, root, folders_of([*names, *gone]), names)
        self.found: Comparison[SourceFile] = compare(
            app.site.label, files, present, manifest, partial(hashes_of, app, root), gone
        )
        main = self._main.content() if self._main is not None else None
        published = hashlib.sha256(main).hexdigest() if main is not None else manifest.web_config
        self.web_config = main if published != manifest.web_config else None
        write = [NewFile(file.path, file.size, file.sha256, file_opener(file.file)) for file in self.found.send]
        self._exchange = Exchange(
            app, root, present, manifest, write, self.found.delete, adopted=self.found.adopted, web_config=published
        )
        self._other_case = folders_in_other_case(names, present)
        self._laid_over = LaidOver(app, root, files, self.found.delete)
        self._tried = False
        self._change: OpenChange | None = None
        self.restart_due = self._interrupted
        self.writes = not self._exchange.empty

    def files(self, app: App) -> LaidOver:
        """Return the app's files, as they will be when the Python is started."""
        return self._laid_over

    def require(self, current: PythonHandler | None) -> None:
        """Raise InvalidInput when the folder is no app. current: what the app's web.config starts."""
        self._request.require_app(current is not None and bool(current.python_path))

    def read(self, app: App) -> Callable[[str], bytes]:
        """Return what reads a file as it will be. It takes a path below %HOME%, and raises NotFound."""
        return self._laid_over.read

    @property
    def paths(self) -> Collection[str]:
        """Return the paths below %HOME%, in lower case, of files that will be there and may not be there now."""
        return self._laid_over.paths

    def warn(self) -> None:
        """Tell the person of files that others changed on the app since they were published, and what is not known."""
        label, changed, kept = self._app.site.label, self.found.changed_there, self.found.kept
        if not self._listed:
            self._app.progress.say(
                f"Warning: the list of what was published to {label} before ({PATH}) cannot be read, so its files are "
                "compared by their content, and what is no longer in the folder stays there."
            )
        if changed:
            self._app.progress.say(
                f"Warning: {names_in_words(changed)} {'were' if len(changed) > 1 else 'was'} changed on {label} since "
                "the last publish. The folder's own replaces that; a rollback brings it back."
            )
        if kept:
            self._app.progress.say(
                f"Warning: {names_in_words(kept)} {'are' if len(kept) > 1 else 'is'} no longer in the folder, but "
                f"changed on {label} since the last publish, so {'they stay' if len(kept) > 1 else 'it stays'} there."
            )
        data = [file.path for file in self.found.different if is_data(file.path)]
        if data:
            it, its = ("it", "that") if len(data) == 1 else ("them", "those")
            self._app.progress.say(
                f"Warning: the folder's own {names_in_words(data)} {'replaces' if it == 'it' else 'replace'} {its} of "
                f"{label}, with all that the app has written there; a rollback brings {it} back. To keep the app's, "
                f"leave {it} out, for example with --exclude {quoted(pattern_of(data[0]))}"
            )
        if self.found.data:
            one = len(self.found.data) == 1
            self._app.progress.say(
                f"{names_in_words(self.found.data)} {'was' if one else 'were'} changed on {label} since the last "
                f"publish, and not in the folder, so {'it stays' if one else 'they stay'} as the app has "
                f"{'it' if one else 'them'}."
            )
        for there, here in self._other_case:
            self._app.progress.say(
                f"Warning: the folder '{there}' of {label} is '{here}' here. Windows keeps its name, and Python "
                f"imports a package only by the very case of its name. Where it is imported as '{here}', rename "
                "the one of the app in the debug console of its SCM site."
            )

    def warnings(self, entry: EntryPoint | None) -> list[str]:
        """Return a sentence about an entry point whose file is on the app and not in the folder."""
        there = AppFiles(self._app)
        told = entry and self._request.elsewhere(
            entry, lambda name: there.state(name).content is not None, self._app.site.label
        )
        return [told] if told else []

    def rows(self) -> list[Change]:
        """Return the changes of files, one for each."""
        found = self.found
        return [
            *(Change(f"{self._root}/{file.path}", "create") for file in found.new),
            *(Change(f"{self._root}/{file.path}", "update") for file in found.different),
            *(Change(f"{self._root}/{name}", "delete") for name in found.delete),
        ]

    def steps(
        self, packages: Sequence[Step], read_by_pip: Collection[str] | None, undo: Callable[[], str]
    ) -> list[Step]:
        """Return the steps: the old files are kept, what pip reads is sent, then packages, then all the rest.

        Until all of it is there, the app runs its old code on its old files: only what pip reads is replaced before the
        packages are installed, unless it may read any file.
        """
        if self._exchange.empty and not self._interrupted:
            return list(packages)
        label, found = self._app.site.label, self.found
        replaced = len(found.different) + len(found.delete)
        now = "it is now" if replaced == 1 else "they are now"
        title = f"Keeping {count(replaced, 'file')} of {label} as {now}." if replaced else ""
        first = [Step(title, [], self._keep, undo)]
        what = f"{count(len(found.send), 'file')}, {size_in_words(sum(file.size for file in found.send))}"
        doing = f"Uploading {what}, to {label}." if found.send else f"Deleting files of {label}."
        last = Step("" if self._exchange.empty else doing, self.rows(), self._send_all, undo)
        if not packages:
            return [*first, last]
        if read_by_pip is None:
            return [*first, last, *packages]
        early = [file.path for file in found.send if f"{self._root}/{file.path}".lower() in _lower(read_by_pip)]
        if early:
            first.append(Step(f"Uploading {names_in_words(early)} for pip.", [], partial(self._send, early), undo))
        return [*first, *packages, last]

    def missing(self, module: str, package: str | None) -> str | None:
        """Return how the folder gets a module that the entry point cannot import."""
        return self._request.missing(module, package)

    def last_steps(self) -> list[Step]:
        """Return the step that writes what was published."""
        return [Step("", [], self._remember)]

    def _keep(self) -> Sequence[Change]:
        self._exchange.keep()
        if self._change is not None:
            self._change.note(published=self._exchange.published)
        return []

    def _send(self, names: Collection[str]) -> Sequence[Change]:
        self._exchange.send(names)
        return []

    def _send_all(self) -> Sequence[Change]:
        self._exchange.send()
        self._exchange.complete()
        self._laid_over.landed = True
        return self.rows()

    def _remember(self) -> Sequence[Change]:
        self._exchange.remember()
        return []

    @property
    def changed(self) -> bool:
        """Return whether files of the app were changed, so that they can be put back."""
        return self._exchange.changed and not self._tried

    @property
    def sent(self) -> str:
        """Return in numbers what was brought: "2 files uploaded, 1 file deleted"; "" for nothing."""
        numbers = ((len(self.found.send), "uploaded"), (len(self.found.delete), "deleted"))
        return ", ".join(f"{count(number, 'file')} {done}" for number, done in numbers if number)

    def put_back(self) -> str:
        """Put the files back; return a sentence about it, "" when none was changed. Raises what the SCM site raises."""
        self._tried = True
        try:
            sentence = self._exchange.put_back()
        except PythonAppError as error:
            if self._change is not None and self._change.undo:
                kept = f"The previous files are kept with change {self._change.record.id}: `{self._change.undo}` brings"
                error.extend([f"{kept} them back."])
            raise
        self._laid_over.landed = False
        if self._change is not None:
            self._change.note(published=None)  # nothing of it is left to undo
        return sentence

    def record(self, change: OpenChange) -> None:
        """Note what is going to be done, and write the record where files are changed or deleted."""
        earlier = change.earlier.published if change.earlier is not None else None
        kept = self._stack.enter_context(kept_files(self._app, earlier.archive if earlier is not None else None))
        if earlier is not None and (names := lost(self._app, earlier, kept)):
            self._app.progress.say(
                f"Warning: The previous versions of {names_in_words(names)} of {self._app.site.label}, which the "
                f"interrupted publish replaced or deleted, are not in {earlier.archive} any more. Undoing this publish "
                "brings back what is there now."
            )
        if self._exchange.empty and self.web_config is None and not self._interrupted:
            return
        change.note(published=self._exchange.note(change.record.id, kept, earlier))
        self._change = change
        change.begin()

    def recorded(self) -> dict[str, Any]:
        """Return the parts of the record that are known at its end."""
        noted = self._exchange.noted
        return {"published": self._exchange.published} if noted else {}

    def shown(self, changes: Sequence[Change]) -> list[Change]:
        """Return planned changes as a person sees them: one row for new files, one for changed and one for deleted."""
        return shown_rows(self._root, self.found, self.rows(), changes)

    def answer(self, changes: Sequence[Change]) -> dict[str, Any]:
        """Return the keys `url` and `upload` of docs/json-output.md. changes: those that were made, or are planned."""
        main = f"{self._root}/{WEB_CONFIG}".lower()
        brought = self.web_config is not None and any(change.target.lower() == main for change in changes)
        files = self.found.send
        same = len(self.found.unchanged) + (1 if self._main is not None and not brought else 0)
        return {
            "url": f"{self._app.page_address}/",
            "upload": {
                "files": len(files) + brought,
                "bytes": sum(file.size for file in files) + (len(self.web_config or b"") if brought else 0),
                "unchanged": same,
                "deleted": len(self.found.delete),
            },
        }

    def last_lines(self, lines: Sequence[str]) -> list[str]:
        """Return the last lines of a run that succeeded; the very last one is the app's address."""
        return [*lines, f"{self._app.page_address}/"]


def _lower(paths: Collection[str]) -> frozenset[str]:
    return frozenset(path.lower() for path in paths)

"""Write and delete files of an app so that all of it can be undone: keep the old ones, upload one zip, delete.

`publish` brings files of this machine, and `rollback` those that were kept; a change that fails puts them back in the
same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PlatformFailed
from azext_pythonapp.history.record import Published
from azext_pythonapp.operations.files.compare import WEB_CONFIG
from azext_pythonapp.operations.files.folders import clear, in_the_way, leave_folders, made_for, require_own
from azext_pythonapp.operations.files.kept import Kept, archive_path, is_complete
from azext_pythonapp.operations.files.manifest import Manifest, Row, read_manifest, write_manifest
from azext_pythonapp.operations.files.present import Present, PresentFile, folders_of, list_present
from azext_pythonapp.operations.files.since import Facts, as_before, by_name
from azext_pythonapp.operations.files.upload import delete_files, upload
from azext_pythonapp.packages.windows_names import folded


@dataclass(frozen=True)
class NewFile:
    """A file to write. name: below the root. open: returns its bytes as a file, each time from the start.

    listed: whether it counts as published, so that `--clean` may delete it later.
    """

    name: str
    size: int
    sha256: str
    open: Callable[[], BinaryIO]
    listed: bool = True


class Exchange:
    """Files of an app that are written and deleted.

    root: their folder, below %HOME%. present: the app's files, with every folder that is touched. manifest: what was
    published so far. write: what to write; where the app spells a name in another case, that file is deleted first.
    delete: files that are there; those in the place of a folder, or in a folder in the place of a file, go before
    others are written. own_folders: more folders that may go when they are empty. adopted: more rows for the manifest;
    forgotten: files whose rows go. web_config: its new hash for the root's web.config. published: what is done, for the
    record of the change. changed: whether there is anything to put back. noted: whether `note` was called.
    """

    def __init__(
        self,
        app: App,
        root: str,
        present: Present,
        manifest: Manifest,
        write: Sequence[NewFile],
        delete: Sequence[str],
        *,
        adopted: Sequence[Row] = (),
        forgotten: Sequence[str] = (),
        own_folders: Sequence[str] = (),
        web_config: str | None = None,
    ):
        self._app = app
        self._root = root
        self._present = present
        self._manifest = manifest
        self._write = write
        self._delete = [there.name for name in delete if (there := present.file(name)) is not None]
        self._adopted = adopted
        self._forgotten = forgotten
        self._own_folders = [*manifest.folders.values(), *own_folders]
        self._cleared: set[str] = set()
        self._gone: list[str] = []
        self._web_config = web_config
        self._kept: Kept | None = None
        self._sent: set[str] = set()
        self._rows: dict[str, Row] = {}
        self.changed = False
        self.noted = False
        self.published = self._planned()

    def _planned(self) -> Published:
        created: list[str] = []
        replaced: list[str] = []
        before: dict[str, Facts | None] = {name: self._facts_before(name) for name in self._delete}
        after: dict[str, Facts | None] = dict.fromkeys(self._delete)
        for file in self._write:
            there = self._present.file(file.name)
            (created if there is None else replaced).append(file.name if there is None else there.name)
            before[file.name if there is None else there.name] = self._facts_before(file.name)
            after[file.name] = {"sha256": file.sha256, "size": file.size, "modified": None}
        made = made_for([file.name for file in self._write], self._present)
        before[WEB_CONFIG] = {"sha256": self._manifest.web_config}
        after[WEB_CONFIG] = {"sha256": self._web_config}
        return Published(self._root, None, created, replaced, self._delete, before, after, made)

    def _facts_before(self, name: str) -> Facts | None:
        there, row = self._present.file(name), self._manifest.get(name)
        if there is None:
            return None
        known = row is not None and (row.size, row.modified) == (there.size, there.modified)
        return {
            "sha256": row.sha256 if row is not None and known else None,
            "size": there.size,
            "modified": there.modified,
            "listed": row is not None,
        }

    @property
    def empty(self) -> bool:
        """Return whether no file is written or deleted."""
        return not (self._write or self._delete)

    @property
    def settled(self) -> bool:
        """Return whether nothing is to be done, and the manifest says so."""
        return self.empty and self._final_manifest() == self._manifest

    def note(self, change_id: str, kept: Kept, earlier: Published | None) -> Published:
        """Return what is going to be done, for the record, before anything is changed.

        change_id: names the archive. kept: where the previous bytes go; with those that an interrupted change has kept
        already. earlier: what that change did; what was there before it comes back, and not what it left.
        """
        self._kept = kept
        if earlier is not None and is_complete(kept, earlier) and earlier.root.lower() == self._root.lower():
            self.published, self.changed = following(self.published, earlier), True
        keeps = self.published.replaced or self.published.deleted
        self.published = replace(self.published, archive=archive_path(change_id) if keeps else None)
        self.noted = True
        return self.published

    def keep(self) -> None:
        """Keep the bytes of all files that are going to be replaced or deleted, on the app; nothing else changes.

        Raises what the SCM site raises; then no file was changed.
        """
        published, kept = self.published, self._kept
        assert kept is not None
        names = [*published.replaced, *published.deleted]
        gone = kept.add(self._app, self._root, names) if names else []
        if gone:
            self.published = published = _without_old(published, gone)
        before = dict(self.published.before or {})
        known = by_name(before)
        before.update({name: {**(known.get(folded(name)) or {}), "sha256": kept.sha256(name)} for name in kept.names})
        self.published = replace(self.published, before=before)
        if published.archive is not None:
            kept.store(self._app, published.archive)

    def send(self, names: Collection[str] | None = None) -> None:
        """Upload files that were not uploaded yet. names: only these; None for all.

        Raises Conflict when the worker cannot write one of them; part of them may be there then. Raises UnknownOutcome
        when it is not known how many are there.
        """
        wanted = {folded(name) for name in names} if names is not None else None
        files = [
            file
            for file in self._write
            if file.name not in self._sent and (wanted is None or folded(file.name) in wanted)
        ]
        if not files:
            return
        self.changed = True
        self._sent |= {file.name for file in files}
        self._make_way([file.name for file in files])
        there = [self._present.file(file.name) for file in files]
        respelled = [each.name for file, each in zip(files, there) if each is not None and _respelled(file, each)]
        upload(self._app, self._root, files, [each for each in there if each is not None], respelled)

    def _make_way(self, names: Sequence[str]) -> None:
        """Delete what is in the way of files that are about to be written, and remove the folders in their place."""
        own = {folded(name) for name in self._delete}
        files = [name for name in in_the_way(names, self._present) if folded(name) in own]
        delete_files(self._app, self._root, files)
        self._cleared |= {folded(name) for name in files}
        for name in names:
            there = self._present.folders.get(folded(name))
            if there is not None:
                self._gone += clear(self._app, self._root, there)

    def complete(self) -> None:
        """Delete what is to be deleted, with the folders of its own that are empty then, and look at what is there now.

        Raises PlatformFailed when a file is not as it was sent, Conflict when one cannot be deleted.
        """
        app, root = self._app, self._root
        if self._delete:
            self.changed = True
            left = [name for name in self._delete if folded(name) not in self._cleared]
            delete_files(app, root, left)
        # With those of an interrupted exchange that this one goes on with.
        self._gone += leave_folders(app, root, self.published.deleted, self._own_folders)
        if not self._write:
            return
        now = list_present(app, root, folders_of(file.name for file in self._write))
        self._rows = {file.name: self._row(file, now) for file in self._write}
        found = {
            row.name: {"sha256": row.sha256, "size": row.size, "modified": row.modified} for row in self._rows.values()
        }
        self.published = replace(self.published, after={**(self.published.after or {}), **found})

    def remember(self) -> None:
        """Write the manifest, once web.config is written too; nothing where it says so already."""
        manifest = self._final_manifest()
        if manifest != self._manifest:
            self.changed = True
            write_manifest(self._app.kudu, manifest)

    def _final_manifest(self) -> Manifest:
        manifest = self._manifest.without([*self._delete, *self._forgotten, *self._rows]).having(
            [*self._adopted, *(self._rows[file.name] for file in self._write if file.listed)]
        )
        manifest = replace(manifest, web_config=self._web_config, readable=True)
        return manifest.with_folders(self.published.folders, self._gone)

    def _row(self, file: NewFile, now: Present) -> Row:
        """Return what is to be remembered of a file; one whose time is that of the old file is written once more.

        A Python that has compiled the old file takes that for the new one's when size and time are the same (PEP 3147).
        """
        there, before = now.file(file.name), self._present.file(file.name)
        if (
            there is not None
            and before is not None
            and (there.size, there.modified[:19]) == (before.size, before.modified[:19])
        ):
            with file.open() as content:
                self._app.kudu.write(f"{self._root}/{file.name}", content.read())
            there = list_present(self._app, self._root, folders_of([file.name])).file(file.name)
        if there is None or there.size != file.size:
            raise PlatformFailed(
                f"'{file.name}' was uploaded to {self._app.site.label}, but is not complete there.",
                "Run the command again.",
            )
        return Row(file.name, file.sha256, file.size, there.modified)

    def put_back(self) -> str:
        """Make the files again what they were; return a sentence about it. Raises what the SCM site raises."""
        if not self.changed or self._kept is None:
            return ""
        self.changed = False
        label = self._app.site.label
        undoing = exchange_back(self._app, self.published, self._kept)
        try:
            undoing.send()
            undoing.complete()
            undoing.remember()
        except BaseException:
            self.changed = True
            raise
        return f"The files of {label} were put back as they were."


def exchange_back(app: App, published: Published, kept: Kept) -> Exchange:
    """Return the exchange that undoes another one; only files that are not as they were before it are touched.

    published: what it did, as its record has it. kept: the previous bytes (`kept_files(app, published.archive)`); where
    they are not complete, no file was changed, so there is nothing to undo.

        with kept_files(app, published.archive) as kept, kept_files(app, None) as mine:
            back = exchange_back(app, published, kept)
            change.note(published=back.note(change.record.id, mine, None)); change.begin()
            back.keep(); back.send(); back.complete(); back.remember()
            change.finish(changes, published=back.published)

    Raises what the SCM site raises. The root's web.config is not among the files.
    """
    root, before = published.root, published.before or {}
    names = [*published.created, *published.replaced, *published.deleted]
    present, manifest = list_present(app, root, folders_of(names), names), read_manifest(app.kudu, root)
    if not is_complete(kept, published):
        return Exchange(app, root, present, manifest, [], [], web_config=manifest.web_config)
    old = (*published.replaced, *published.deleted)
    listed = {name for name in old if (before.get(name) or {}).get("listed")}
    back = as_before(app, published, kept, present, manifest)
    write = [
        NewFile(name, kept.size(name), kept.sha256(name), _opener(kept, name), name in listed)
        for name in old
        if name not in back
    ]
    delete = [name for name in published.created if present.file(name) is not None]
    require_own(app.site.label, [file.name for file in write], present, delete)
    return Exchange(
        app,
        root,
        present,
        manifest,
        write,
        delete,
        adopted=[
            Row(each.name, kept.sha256(name), each.size, each.modified) for name, each in back.items() if name in listed
        ],
        forgotten=[*published.created, *(name for name in back if name not in listed)],
        own_folders=published.folders,
        web_config=(before.get(WEB_CONFIG) or {}).get("sha256"),
    )


def following(now: Published, earlier: Published) -> Published:
    """Return two exchanges as one: an interrupted one, and what the command that goes on with it does.

    What was there before is that which was there before the first.
    """
    made = {folded(name) for name in earlier.created}
    had = {folded(name): name for name in (*earlier.replaced, *earlier.deleted)}
    created = _merged(earlier.created, [name for name in now.created if folded(name) not in had])
    written = {folded(name) for name in (*now.created, *now.replaced)} | {folded(name) for name in earlier.replaced}
    old = _merged(had.values(), [name for name in (*now.replaced, *now.deleted) if folded(name) not in made])
    leaving = {folded(name) for name in now.deleted}
    replaced = [name for name in old if folded(name) in written and folded(name) not in leaving]
    return replace(
        now,
        created=created,
        replaced=replaced,
        deleted=[name for name in old if name not in replaced],
        before={**(now.before or {}), **(earlier.before or {})},
        after={**(earlier.after or {}), **(now.after or {})},
        folders=_merged(earlier.folders, now.folders),
    )


def _merged(first: Iterable[str], more: Iterable[str]) -> list[str]:
    names = {folded(name): name for name in more}
    return list({**names, **{folded(name): name for name in first}}.values())


def _without_old(published: Published, gone: Collection[str]) -> Published:
    """Return the same for files that somebody else has deleted meanwhile: they are new now."""
    return replace(
        published,
        created=[*published.created, *(name for name in published.replaced if name in gone)],
        replaced=[name for name in published.replaced if name not in gone],
        deleted=[name for name in published.deleted if name not in gone],
    )


def _respelled(file: NewFile, there: PresentFile) -> bool:
    """Return whether a file's own name is spelled in another case on the app, where Windows would keep that."""
    return there.name.rpartition("/")[2] != file.name.rpartition("/")[2]


def _opener(kept: Kept, name: str) -> Callable[[], BinaryIO]:
    from io import BytesIO

    return lambda: BytesIO(kept.content(name))

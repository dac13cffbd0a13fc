"""A folder is compared with an app, and the app made like it, as `publish` does."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial

from azext_pythonapp.operations.files.compare import compare, left_the_folder
from azext_pythonapp.operations.files.exchange import Exchange, NewFile
from azext_pythonapp.operations.files.kept import kept_files
from azext_pythonapp.operations.files.manifest import read_manifest
from azext_pythonapp.operations.files.present import folders_of, hashes_of, list_present
from azext_pythonapp.operations.files.upload import file_opener
from tests.unit.operations.files.conftest import ROOT

CHANGE = "20261126-120000-0001"


def planned(app, folder, clean=False):
    """The comparison of a folder with the app, and the exchange that makes the app like it."""
    manifest = read_manifest(app.kudu, ROOT)
    gone = left_the_folder(manifest, folder.files, folder.path) if clean else []
    names = [file.path for file in folder.files]
    present = list_present(app, ROOT, folders_of([*names, *gone]), names)
    found = compare(app.site.label, folder.files, present, manifest, partial(hashes_of, app, ROOT), gone)
    write = [NewFile(file.path, file.size, file.sha256, file_opener(file.file)) for file in found.send]
    return found, Exchange(app, ROOT, present, manifest, write, found.delete, adopted=found.adopted)


@contextmanager
def begun(app, exchange, earlier=None, change_id=CHANGE):
    """An exchange that is noted, so that it can be made."""
    with kept_files(app, earlier.archive if earlier else None) as kept:
        exchange.note(change_id, kept, earlier)
        yield exchange


def publish(app, folder, clean=False, change_id=CHANGE):
    """Make the app like a folder; return what was done."""
    found, exchange = planned(app, folder, clean)
    with begun(app, exchange, change_id=change_id):
        exchange.keep()
        exchange.send()
        exchange.complete()
        exchange.remember()
    return found, exchange.published


def writes(azure, number):
    """The requests that changed something, from the number-th on."""
    return [f"{one.method} {one.path.partition('/api/')[2]}" for one in azure.mutating_requests()[number:]]
